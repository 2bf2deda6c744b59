import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { CredentialKind, CredentialMark } from '../domain/credential.ts';
import { severityOfFindings } from '../domain/severity.ts';
import type { ChangeRow, NewWatchAlert, Review, ReviewStore, UnreviewedUse } from '../usecases/credential-stores.ts';
import { alertEvent } from './alert-events.ts';
import { type Blob, hexOf, runStateCode, sightingActionCode, sightingActionOf } from './codec.ts';

/** Windows that CI opens last at most a day. */
const WINDOW_MS = 24 * 3_600_000;

// Reads the credentials that are due, and of each its uses that nobody has looked at.
const DUE = `SELECT c.id AS credential, c.team_id AS teamId, c.kind, c.name, c.account, c.mark, c.ci_only AS ciOnly, c.expected_on AS expectedOn,
    (SELECT json_group_array(json_array(s.at, s.key, s.since, s.seen_at, s.action, json(s.detail))) FROM
      (SELECT * FROM sightings INDEXED BY sightings_to_review WHERE credential_id = c.id AND reviewed = 0 ORDER BY at DESC LIMIT 200) s) AS uses
  FROM credentials c WHERE c.review_at <= ?1 ORDER BY c.review_at LIMIT ?2`;

interface DueRow {
  credential: number;
  teamId: number;
  kind: CredentialKind;
  name: string;
  account: string | null;
  mark: CredentialMark;
  ciOnly: number;
  expectedOn: string | null;
  uses: string;
}

type UseRow = [
  at: number,
  key: string,
  since: number | null,
  seenAt: number,
  action: number,
  detail: UnreviewedUse['detail'],
];

// JSON columns are read back as the types that were written; `as` says which.
function reviewOf(row: DueRow): Review {
  const uses = JSON.parse(row.uses) as UseRow[];
  return {
    ...row,
    ciOnly: row.ciOnly === 1,
    expectedOn: row.expectedOn === null ? null : (JSON.parse(row.expectedOn) as number[]),
    uses: uses.map(([at, key, since, seenAt, action, detail]) => ({
      at,
      key,
      since,
      seenAt,
      action: sightingActionOf(action),
      detail,
    })),
  };
}

/** Repositories whose releases explain a use: where the credential is expected, or all of its team. */
const THEIRS = `SELECT r.id FROM repositories r WHERE r.team_id = ?2 AND (?3 IS NULL OR r.id IN (SELECT value FROM json_each(?3)))`;

// Reads the credential's own pushes in those times, and what CI announced around them.
const EXPLAINED = `SELECT EXISTS (SELECT 1 FROM sightings s WHERE s.credential_id = ?4 AND s.at BETWEEN j.value ->> 0 AND j.value ->> 1
      AND s.action = ${sightingActionCode('push')})
    OR EXISTS (SELECT 1 FROM repositories r, json_each(r.policy, '$.ci.identities') i JOIN ci_runs x ON x.team_id = ?2
        AND x.source_id = CAST(i.value ->> 'repositoryId' AS INTEGER) AND x.head_source_id = x.source_id
        AND (x.completed_at BETWEEN j.value ->> 0 AND (j.value ->> 1) + ${WINDOW_MS} OR x.completed_at IS NULL AND x.updated_at >= (j.value ->> 0) - ${WINDOW_MS})
        AND x.started_at <= j.value ->> 1 AND x.state >= ${runStateCode('in-progress')}
        AND coalesce(i.value ->> 'workflow', x.workflow) IS x.workflow
      WHERE r.id IN (${THEIRS}))
    OR EXISTS (SELECT 1 FROM announcements n WHERE n.repository_id IN (${THEIRS}) AND n.at BETWEEN (j.value ->> 0) - ${WINDOW_MS} AND j.value ->> 1
      AND n.source = 'ci' AND n.allowed = 1 AND coalesce(n.closed_at, n.expires_at) >= j.value ->> 0) AS is_explained
  FROM json_each(?1) j ORDER BY j.key`;

const firstIn = (facts: string): string =>
  `coalesce(${['first', 'since', 'at'].map((time) => `${facts} ->> '$.findings[0].${time}'`).join(', ')})`;
/** An alert that stays open over several uses of a token keeps when the first was. */
const FINDINGS = `iif(excluded.facts ->> '$.findings[0].token' IS NULL, excluded.facts -> '$.findings',
      json_set(excluded.facts -> '$.findings', '$[0].first', min(${firstIn('alerts.facts')}, ${firstIn('excluded.facts')})))`;

/** One live alert per subject: what is told of it again refreshes what it says. */
const RAISE = `INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, severity) VALUES (?1, 0, ?2, 'open', ?3, ?4, ?4, ?5)
  ON CONFLICT (repository_id, subject) WHERE state <> 'closed' DO UPDATE SET updated_at = excluded.updated_at, severity = excluded.severity,
    facts = json_set(facts, '$.findings', json(${FINDINGS}), '$.at', excluded.facts ->> 'at')`;
const TELL = `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
  SELECT team_id, 'alert-' || id || '-opened', id, NULL, 'alerts', json_object('kind', 'watch-opened', 'alert', json(facts)), ?3, ?3
  FROM alerts WHERE repository_id = 0 AND subject = ?2 AND team_id = ?1 AND state <> 'closed' ON CONFLICT (event) DO NOTHING`;

/** Statements that raise an alert about no push, with its message; while it is open, they refresh what it says. */
export function raiseAlert(
  db: D1Database,
  { teamId, subject, facts }: NewWatchAlert,
  now: number,
): D1PreparedStatement[] {
  return [
    db.prepare(RAISE).bind(teamId, subject, JSON.stringify(facts), now, severityOfFindings(facts.findings)),
    db.prepare(TELL).bind(teamId, subject, now),
    alertEvent(db, 'opened', { repository: 0, subject }, now),
  ];
}

/** Uses of watched credentials and changes of settings, until somebody was told. */
export function createReviewStore(db: D1Database): ReviewStore {
  return {
    async due(now, limit) {
      return (await db.prepare(DUE).bind(now, limit).all<DueRow>()).results.map(reviewOf);
    },
    async nextDue() {
      const row = await db
        .prepare('SELECT min(review_at) AS at FROM credentials WHERE review_at IS NOT NULL')
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
    async explained({ teamId, credential, expectedOn }, times) {
      const rows = await db
        .prepare(EXPLAINED)
        .bind(
          JSON.stringify(times.map(({ from, to }) => [from, to])),
          teamId,
          expectedOn === null ? null : JSON.stringify(expectedOn),
          credential,
        )
        .all<{ is_explained: number }>();
      return rows.results.map((row) => row.is_explained === 1);
    },
    async save({ credential }, reviewed, alerts, again, now) {
      const keys = JSON.stringify(reviewed.map(({ at, key }) => [at, key]));
      await db.batch([
        ...alerts.flatMap((alert) => raiseAlert(db, alert, now)),
        db
          .prepare(
            `UPDATE sightings SET reviewed = 1 WHERE credential_id = ?1 AND (at, key) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?2))`,
          )
          .bind(credential, keys),
        // A use that came meanwhile keeps its time.
        db
          .prepare(
            `UPDATE credentials SET review_at = iif(EXISTS (SELECT 1 FROM sightings INDEXED BY sightings_to_review WHERE credential_id = ?1 AND reviewed = 0),
               coalesce(?2, ?3), NULL) WHERE id = ?1`,
          )
          .bind(credential, again, now),
      ]);
    },
    async changes(source, limit) {
      const rows = await db
        .prepare(
          `SELECT source_id AS source, at, key, action, name, actor FROM audit_rows INDEXED BY audit_rows_told WHERE source_id = ?1 AND open = 2
           ORDER BY at LIMIT ?2`,
        )
        .bind(source.id, limit)
        .all<Omit<ChangeRow, 'key'> & { key: Blob }>();
      return rows.results.map((row) => ({ ...row, key: hexOf(row.key) }));
    },
    async saveChanges(rows, alerts, now) {
      const keys = JSON.stringify(rows.map(({ source, at, key }) => [source, at, key]));
      await db.batch([
        ...alerts.flatMap((alert) => raiseAlert(db, alert, now)),
        db
          .prepare(
            `UPDATE audit_rows SET open = NULL FROM json_each(?1) j
             WHERE source_id = j.value ->> 0 AND at = j.value ->> 1 AND audit_rows.key = unhex(j.value ->> 2)`,
          )
          .bind(keys),
      ]);
    },
    async raise(alert, now) {
      await db.batch(raiseAlert(db, alert, now));
    },
  };
}
