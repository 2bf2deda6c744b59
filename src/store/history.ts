import type { D1Database } from '@cloudflare/workers-types';
import type { AlertFacts } from '../domain/alert.ts';
import type { Digest } from '../domain/digest.ts';
import type { PushKind, PushOrigin } from '../domain/evidence.ts';
import type { Finding, Verdict } from '../domain/finding.ts';
import { formatImageName } from '../domain/reference.ts';
import type { KeptEvidence } from '../usecases/stores.ts';
import {
  type Blob,
  type DeliveryOutcome,
  dayOf,
  digestOf,
  hexOf,
  kindCode,
  kindOf,
  originOf,
  outcomeOf,
  safeHowOf,
  verdictCode,
  verdictOf,
} from './codec.ts';

/** A push as the API shows it. */
export interface PushRecord {
  readonly repository: number;
  readonly seq: number;
  readonly image: string;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly kind: PushKind;
  readonly origin: PushOrigin;
  readonly receivedAt: number;
  readonly pushedAt: number | null;
  readonly confirmedAt: number | null;
  readonly pusher: { readonly name: string; readonly id: string | null } | null;
  readonly previousDigest: Digest | null;
  readonly foldedInto: Digest | null;
  readonly verdict: Verdict | null;
  readonly findings: readonly Finding[];
  readonly evidence: KeptEvidence | null;
  readonly alertId: number | null;
  readonly nextCheckAt: number | null;
}

interface PushRow {
  repository_id: number;
  seq: number;
  registry: string;
  path: string;
  tag: string;
  digest: Blob | null;
  kind: number;
  origin: number;
  received_at: number;
  pushed_at: number | null;
  confirmed_at: number | null;
  actor_name: string | null;
  actor_external: string | null;
  previous_digest: Blob | null;
  subject: Blob | null;
  verdict: number | null;
  findings: string | null;
  evidence: string | null;
  alert_id: number | null;
  next_at: number | null;
}

const PUSH = `p.repository_id, p.seq, r.registry, r.path, p.tag, p.digest, p.kind, p.origin, p.received_at, p.pushed_at, p.confirmed_at,
  a.name AS actor_name, a.external_id AS actor_external, b.digest AS previous_digest, p.subject, p.verdict, p.findings, p.evidence, p.alert_id, p.next_at`;
const JOINS = `JOIN repositories r ON r.id = p.repository_id LEFT JOIN actors a ON a.id = p.actor_id
  LEFT JOIN pushes b ON b.repository_id = p.repository_id AND b.seq = p.previous`;
/** Parts of an index and signatures belong to another push. */
const FOLDED = `(${kindCode('artifact')}, ${kindCode('child')})`;

// JSON columns are read back as the types that were written; `as` says which.
function pushOf(row: PushRow): PushRecord {
  return {
    repository: row.repository_id,
    seq: row.seq,
    image: formatImageName({ registry: row.registry, path: row.path }),
    tag: row.tag,
    digest: digestOf(row.digest),
    kind: kindOf(row.kind),
    origin: originOf(row.origin),
    receivedAt: row.received_at,
    pushedAt: row.pushed_at,
    confirmedAt: row.confirmed_at,
    pusher:
      row.actor_name === null
        ? null
        : { name: row.actor_name, id: row.actor_external === row.actor_name ? null : row.actor_external },
    previousDigest: digestOf(row.previous_digest),
    foldedInto: digestOf(row.subject),
    verdict: row.verdict === null ? null : verdictOf(row.verdict),
    findings: row.findings === null ? [] : (JSON.parse(row.findings) as Finding[]),
    evidence: row.evidence === null ? null : (JSON.parse(row.evidence) as KeptEvidence),
    alertId: row.alert_id,
    nextCheckAt: row.next_at,
  };
}

export interface TagRecord {
  readonly name: string;
  readonly digest: Digest | null;
  readonly changedAt: number;
  readonly safe: { readonly digest: Digest; readonly at: number; readonly how: 'trusted' | 'baseline' } | null;
  readonly deletedAt: number | null;
}

export interface AlertRecord {
  readonly id: number;
  readonly repository: number;
  readonly state: 'open' | 'acknowledged' | 'closed';
  readonly facts: AlertFacts;
  readonly openedAt: number;
  readonly updatedAt: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
  readonly closedAt: number | null;
  readonly closedBy: string | null;
  readonly resolution: string | null;
  readonly reason: string | null;
}

const ALERT = `id, repository_id AS repository, state, facts, opened_at AS openedAt, updated_at AS updatedAt, acknowledged_by AS acknowledgedBy,
  acknowledged_at AS acknowledgedAt, closed_at AS closedAt, closed_by AS closedBy, resolution, reason`;

const alertOf = (row: Omit<AlertRecord, 'facts'> & { facts: string }): AlertRecord => ({
  ...row,
  facts: JSON.parse(row.facts) as AlertFacts,
});

export interface DeliveryRecord {
  readonly key: string;
  readonly hook: number;
  readonly receivedAt: number;
  readonly repository: number | null;
  readonly outcome: DeliveryOutcome;
  readonly event: string;
  readonly userAgent: string;
  readonly bodySha256: string;
  readonly repeats: number;
  readonly problem: string | null;
}

interface DeliveryRow {
  key: Blob;
  hook_id: number;
  received_at: number;
  repository_id: number | null;
  outcome: number;
  event: string;
  user_agent: string;
  body_sha256: Blob;
  repeats: number;
  problem: string | null;
}

const DELIVERY =
  'd.key, d.hook_id, d.received_at, d.repository_id, d.outcome, d.event, d.user_agent, d.body_sha256, d.repeats, d.problem';

const deliveryOf = (row: DeliveryRow): DeliveryRecord => ({
  key: hexOf(row.key),
  hook: row.hook_id,
  receivedAt: row.received_at,
  repository: row.repository_id,
  outcome: outcomeOf(row.outcome),
  event: row.event,
  userAgent: row.user_agent,
  bodySha256: hexOf(row.body_sha256),
  repeats: row.repeats,
  problem: row.problem,
});

/** Reads for people: every query starts from a team and ends after a page. */
export function createHistoryStore(db: D1Database) {
  return {
    /** Newest first, before `cursor` (a `seq`). Reads as many rows as it shows, and those it passes over. */
    async pushes(
      teamId: number,
      repository: number,
      options: { cursor: number; limit: number; verdict: Verdict | null; folded: boolean },
    ): Promise<PushRecord[]> {
      const verdict = options.verdict === null ? '' : `AND p.verdict = ${verdictCode(options.verdict)}`;
      const folded = options.folded ? '' : `AND p.kind NOT IN ${FOLDED}`;
      const rows = await db
        .prepare(
          `SELECT ${PUSH} FROM pushes p ${JOINS} WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq < ?3 ${verdict} ${folded}
           ORDER BY p.seq DESC LIMIT ?4`,
        )
        .bind(teamId, repository, options.cursor, options.limit)
        .all<PushRow>();
      return rows.results.map(pushOf);
    },

    /** A push with the deliveries that told of it. */
    async push(
      teamId: number,
      repository: number,
      seq: number,
    ): Promise<{ push: PushRecord; deliveries: DeliveryRecord[] } | null> {
      const row = await db
        .prepare(
          `SELECT ${PUSH}, p.delivery, r.hook_id FROM pushes p ${JOINS} WHERE r.team_id = ?1 AND p.repository_id = ?2 AND p.seq = ?3`,
        )
        .bind(teamId, repository, seq)
        .first<PushRow & { delivery: Blob | null; hook_id: number }>();
      if (row === null) return null;
      const deliveries = await db
        .prepare(
          `SELECT ${DELIVERY} FROM deliveries d WHERE d.hook_id = ?1 AND d.day = ?2 AND d.key = unhex(?3)
           UNION ALL SELECT ${DELIVERY} FROM push_deliveries l JOIN deliveries d ON d.hook_id = ?1 AND d.day = l.day AND d.key = l.key
           WHERE l.repository_id = ?4 AND l.seq = ?5 LIMIT 50`,
        )
        .bind(row.hook_id, dayOf(row.received_at), row.delivery === null ? '' : hexOf(row.delivery), repository, seq)
        .all<DeliveryRow>();
      return { push: pushOf(row), deliveries: deliveries.results.map(deliveryOf) };
    },

    async tags(teamId: number, repository: number, after: string, limit: number): Promise<TagRecord[]> {
      const rows = await db
        .prepare(
          `SELECT t.name, t.digest, t.changed_at, t.safe_digest, t.safe_at, t.safe_how, t.deleted_at FROM tags t
           JOIN repositories r ON r.id = t.repository_id WHERE r.team_id = ?1 AND t.repository_id = ?2 AND t.name > ?3 ORDER BY t.name LIMIT ?4`,
        )
        .bind(teamId, repository, after, limit)
        .all<{
          name: string;
          digest: Blob | null;
          changed_at: number;
          safe_digest: Blob | null;
          safe_at: number | null;
          safe_how: number | null;
          deleted_at: number | null;
        }>();
      return rows.results.map((row) => {
        const safe = digestOf(row.safe_digest);
        return {
          name: row.name,
          digest: digestOf(row.digest),
          changedAt: row.changed_at,
          safe: safe === null ? null : { digest: safe, at: row.safe_at ?? 0, how: safeHowOf(row.safe_how ?? 0) },
          deletedAt: row.deleted_at,
        };
      });
    },

    /** The tag's pushes, newest first, along the chain of `previous`: rows read are the rows shown. */
    async tagHistory(
      teamId: number,
      repository: number,
      tag: string,
      cursor: number | null,
      limit: number,
    ): Promise<PushRecord[]> {
      const rows = await db
        .prepare(
          `WITH RECURSIVE chain (seq, n) AS (
             SELECT coalesce(?4, t.push_seq), 1 FROM tags t JOIN repositories r ON r.id = t.repository_id
               WHERE r.team_id = ?1 AND t.repository_id = ?2 AND t.name = ?3
             UNION ALL SELECT p.previous, chain.n + 1 FROM chain JOIN pushes p ON p.repository_id = ?2 AND p.seq = chain.seq
               WHERE p.previous IS NOT NULL AND chain.n < ?5)
           SELECT ${PUSH} FROM chain JOIN pushes p ON p.repository_id = ?2 AND p.seq = chain.seq AND p.tag = ?3 ${JOINS} ORDER BY chain.n`,
        )
        .bind(teamId, repository, tag, cursor, limit)
        .all<PushRow>();
      return rows.results.map(pushOf);
    },

    async alerts(
      teamId: number,
      state: AlertRecord['state'] | null,
      before: number,
      limit: number,
    ): Promise<AlertRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${ALERT} FROM alerts WHERE team_id = ?1 ${state === null ? 'AND ?2 IS NULL' : 'AND state = ?2'} AND id < ?3 ORDER BY id DESC LIMIT ?4`,
        )
        .bind(teamId, state, before, limit)
        .all<Omit<AlertRecord, 'facts'> & { facts: string }>();
      return rows.results.map(alertOf);
    },

    async alert(teamId: number, id: number): Promise<AlertRecord | null> {
      const row = await db
        .prepare(`SELECT ${ALERT} FROM alerts WHERE team_id = ?1 AND id = ?2`)
        .bind(teamId, id)
        .first<Omit<AlertRecord, 'facts'> & { facts: string }>();
      return row === null ? null : alertOf(row);
    },

    /** Messages of an alert, in order. */
    async messages(
      alertId: number,
    ): Promise<{ event: string; createdAt: number; sentAt: number | null; failed: string | null; attempts: number }[]> {
      const rows = await db
        .prepare(
          'SELECT event, created_at AS createdAt, sent_at AS sentAt, failed, attempts FROM notifications WHERE alert_id = ?1 ORDER BY id LIMIT 100',
        )
        .bind(alertId)
        .all<{ event: string; createdAt: number; sentAt: number | null; failed: string | null; attempts: number }>();
      return rows.results;
    },

    /** A hook's deliveries, newest first, of the day of `before` and the ones before it. */
    async deliveries(teamId: number, hook: number, before: number, limit: number): Promise<DeliveryRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${DELIVERY} FROM deliveries d JOIN hooks h ON h.id = d.hook_id WHERE h.team_id = ?1 AND d.hook_id = ?2 AND d.day <= ?3 AND d.received_at < ?4
           ORDER BY d.day DESC, d.received_at DESC LIMIT ?5`,
        )
        .bind(teamId, hook, dayOf(before), before, limit)
        .all<DeliveryRow>();
      return rows.results.map(deliveryOf);
    },

    async unwatched(teamId: number): Promise<
      {
        image: string;
        hook: number;
        firstSeenAt: number;
        lastSeenAt: number;
        deliveries: number;
        lastTag: string;
        lastPusher: string | null;
      }[]
    > {
      const rows = await db
        .prepare(
          `SELECT image, hook_id AS hook, first_seen_at AS firstSeenAt, last_seen_at AS lastSeenAt, deliveries, last_tag AS lastTag, last_pusher AS lastPusher
           FROM unwatched_images WHERE team_id = ?1 ORDER BY image LIMIT 200`,
        )
        .bind(teamId)
        .all<{
          image: string;
          hook: number;
          firstSeenAt: number;
          lastSeenAt: number;
          deliveries: number;
          lastTag: string;
          lastPusher: string | null;
        }>();
      return rows.results;
    },

    async health(teamId: number): Promise<
      {
        id: number;
        kind: string;
        subject: string;
        fact: unknown;
        openedAt: number;
        lastSeenAt: number;
        closedAt: number | null;
      }[]
    > {
      const rows = await db
        .prepare(
          `SELECT id, kind, subject, fact, opened_at AS openedAt, last_seen_at AS lastSeenAt, closed_at AS closedAt FROM health_alerts
           WHERE team_id = ?1 ORDER BY closed_at IS NOT NULL, id DESC LIMIT 100`,
        )
        .bind(teamId)
        .all<{
          id: number;
          kind: string;
          subject: string;
          fact: string;
          openedAt: number;
          lastSeenAt: number;
          closedAt: number | null;
        }>();
      return rows.results.map((row) => ({ ...row, fact: JSON.parse(row.fact) }));
    },
  };
}

export type HistoryStore = ReturnType<typeof createHistoryStore>;
