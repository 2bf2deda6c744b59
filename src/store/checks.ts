import type { D1Database, D1Result } from '@cloudflare/workers-types';
import type { AlertFacts } from '../domain/alert.ts';
import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import { RUN_END_SKEW_MS, RUN_START_SKEW_MS } from '../domain/workflow-run.ts';
import type { CheckStore, DigestPast, PushKey, PushToCheck } from '../usecases/stores.ts';
import { type CiRunRow, ciRunOf, runsDuring } from './ci-runs.ts';
import {
  type Blob,
  digestOf,
  hexParam,
  kindCode,
  LAST_WEBHOOK_ORIGIN,
  originCode,
  originOf,
  verdictCode,
} from './codec.ts';
import { type AnnouncementRow, announcementOf, type LoadedRow, pushToCheckOf } from './rows.ts';
import { saveChecked } from './save-checked.ts';
import { BY_DIGEST, BY_DUE, recordSeen } from './seen-pushes.ts';

/** Windows and expectations last at most a day; what CI says later than two days after a push changes nothing by itself. */
const ANNOUNCED_BEFORE_MS = 24 * 3_600_000;
const ANNOUNCED_AFTER_MS = 48 * 3_600_000;
const MAX_ANNOUNCEMENTS = 2000;

/** `keys`: JSON of `[[repository, seq], …]`, as SQL. */
export const keyedPushes = (keys: string): string =>
  `json_each(${keys}) j JOIN pushes p ON p.repository_id = j.value ->> 0 AND p.seq = j.value ->> 1`;

/** What maintainers said of a credential; what it pushed before it was retired is judged as it was then. */
const markAtPush = (credential: string): string =>
  `iif(${credential}.mark = 'retired' AND p.received_at < ${credential}.retired_at, ${credential}.mark_before, ${credential}.mark)`;

/** A credential as rules look at it, JSON. */
const CREDENTIAL_FACTS = `json_object('id', k.id, 'kind', k.kind, 'name', k.name, 'account', k.account, 'mark', ${markAtPush('k')},
    'expectedOn', json(k.expected_on), 'createdAt', k.created_at, 'createdBy', k.created_by, 'creatorIp', k.creator_ip)`;
/** Reads a row per credential, of pushes that were attributed. */
const ATTRIBUTED = `CASE WHEN p.attribution IS NOT NULL THEN (SELECT json_group_array(${CREDENTIAL_FACTS})
      FROM json_each(p.attribution, '$.uses') u JOIN credentials k ON k.id = u.value ->> 'credential' AND k.team_id = r.team_id) END`;

// Reads 5 rows per push, all by key: push, repository, account, tag, the tag's latest push.
const load = (
  keys: string,
): string => `SELECT p.repository_id, p.seq, p.tag, p.digest, p.kind, p.origin, p.received_at, p.not_before, p.actor_id, p.confirmed_at,
    p.verdict, p.findings, p.evidence, p.attempts, p.next_at, p.rev, a.name AS actor_name, a.external_id AS actor_external,
    a.kind AS actor_kind, ${markAtPush('a')} AS actor_mark, a.expected_on AS actor_expected, p.attribution, ${ATTRIBUTED} AS attributed,
    r.team_id, r.registry, r.path, r.policy, r.missed_webhooks, t.digest AS t_digest, t.push_seq AS t_seq, t.changed_at AS t_changed_at,
    t.previous_digest AS t_previous, t.previous_at AS t_previous_at, t.left_at AS t_left_at, t.safe_digest AS t_safe,
    t.safe_at AS t_safe_at, t.safe_how AS t_safe_how, h.verdict AS h_verdict, h.origin AS h_origin
  FROM ${keyedPushes(keys)} JOIN repositories r ON r.id = p.repository_id LEFT JOIN credentials a ON a.id = p.actor_id
    LEFT JOIN tags t ON t.repository_id = p.repository_id AND t.name = p.tag
    LEFT JOIN pushes h ON h.repository_id = t.repository_id AND h.seq = t.push_seq
  ORDER BY p.repository_id, p.seq`;

// Reads what was announced for these repositories around the pushes, newest first.
const announced = (keys: string): string => `SELECT * FROM announcements WHERE id IN (
    SELECT n.id FROM (SELECT p.repository_id AS repository, min(coalesce(p.not_before, p.received_at)) AS since, max(p.received_at) AS until
      FROM ${keyedPushes(keys)} GROUP BY p.repository_id) s
    JOIN announcements n ON n.repository_id = s.repository
      AND n.at BETWEEN s.since - ${ANNOUNCED_BEFORE_MS} AND s.until + ${ANNOUNCED_AFTER_MS})
  ORDER BY at DESC LIMIT ${MAX_ANNOUNCEMENTS}`;

// Reads, for repositories whose policy accepts them, the runs around the pushes of each source repository it names.
const ran = (keys: string): string =>
  runsDuring(`SELECT DISTINCT a.repository_id, a.team_id, i.value ->> 'repositoryId' AS source_id, a.since, a.until FROM (
    SELECT p.repository_id, r.team_id, r.policy, min(coalesce(p.not_before, p.received_at)) - ${RUN_END_SKEW_MS} AS since,
      max(p.received_at) + ${RUN_START_SKEW_MS} AS until
    FROM ${keyedPushes(keys)} JOIN repositories r ON r.id = p.repository_id
    WHERE r.policy ->> '$.ci.concurrentRuns' = 'accept' GROUP BY p.repository_id) a, json_each(a.policy, '$.ci.identities') i`);

/** Statements that load pushes for judging; their answers, in this order, are what `loaded` takes. */
export const loadsOf = (keys: string): readonly string[] => [load(keys), announced(keys), ran(keys)];
const LOADS = loadsOf('?1');

/** Pushes with what was announced and what ran around them. */
export function loaded([pushes, announcements, runs]: readonly D1Result[]): PushToCheck[] {
  // The batch's answers are untyped; these are the columns that the statements name.
  const rows = (pushes?.results ?? []) as LoadedRow[];
  const said = Map.groupBy((announcements?.results ?? []) as AnnouncementRow[], (row) => row.repository_id);
  const seen = Map.groupBy(
    (runs?.results ?? []) as (CiRunRow & { repository_id: number })[],
    (row) => row.repository_id,
  );
  return rows.map((row) =>
    pushToCheckOf(
      row,
      (said.get(row.repository_id) ?? []).map(announcementOf),
      (seen.get(row.repository_id) ?? []).map(ciRunOf),
    ),
  );
}

const SAME_DIGEST = `p.repository_id = q.repository AND substr(p.digest, 1, 8) = substr(q.digest, 1, 8) AND p.digest = q.digest`;

const LIVE_ALERT = `SELECT json_object('id', l.id, 'facts', json(l.facts), 'openedAt', l.opened_at) FROM alerts l
      WHERE l.repository_id = q.repository AND l.state <> 'closed'`;

/** How far back a digest to go back to is looked for. */
const BEFORE_PUSHES = 50;

// What a tag pointed at before a push, along its chain: at most ${BEFORE_PUSHES} rows, of pushes that were trusted.
const BEFORE = `WITH RECURSIVE chain (seq, n) AS (
      SELECT p.previous, 1 FROM pushes p WHERE p.repository_id = q.repository AND p.seq = q.seq
      UNION ALL SELECT p.previous, chain.n + 1 FROM chain CROSS JOIN pushes p ON p.repository_id = q.repository AND p.seq = chain.seq
        WHERE chain.n < ${BEFORE_PUSHES})
    SELECT json_group_array(json_array(lower(hex(p.digest)), p.received_at, p.verdict, p.origin) ORDER BY chain.n)
    FROM chain CROSS JOIN pushes p ON p.repository_id = q.repository AND p.seq = chain.seq WHERE p.digest IS NOT NULL AND p.digest <> q.digest`;

// Reads a few index rows per push: the digest index holds tag and digest prefix, and each look stops at its first hit.
const PASTS = `WITH q AS MATERIALIZED (SELECT key AS i, value ->> 0 AS repository, value ->> 1 AS seq, value ->> 2 AS tag,
    unhex(value ->> 3) AS digest, value ->> 4 AS since, value ->> 3 AS hex, value ->> 5 AS reopened FROM json_each(?1))
  SELECT q.i,
    EXISTS (SELECT 1 FROM ${BY_DIGEST} WHERE ${SAME_DIGEST} AND p.tag = q.tag AND p.seq < q.seq AND p.kind <> ${kindCode('deleted')}) AS had_before,
    EXISTS (SELECT 1 FROM ${BY_DIGEST} WHERE ${SAME_DIGEST} AND p.received_at >= q.since AND (p.origin = ${originCode('github')}
      OR p.tag = q.tag AND (p.origin <= ${LAST_WEBHOOK_ORIGIN} OR p.origin = ${originCode('read-back')} AND p.actor_id IS NOT NULL))) AS reported,
    (SELECT json_group_array(json_array(o.seq, o.tag, o.origin)) FROM (SELECT p.seq, p.tag, p.origin FROM ${BY_DIGEST}
      WHERE ${SAME_DIGEST} AND p.verdict IN (${verdictCode('pending')}, ${verdictCode('rogue')}, ${verdictCode('undetermined')})
      AND p.seq <> q.seq LIMIT 50) o) AS open,
    (${LIVE_ALERT} AND l.subject IN (q.hex, 'push ' || q.repository || '-' || q.seq) LIMIT 1) AS alert,
    (${LIVE_ALERT} AND q.hex IS NULL AND l.subject = 'forged') AS forged,
    CASE WHEN q.reopened THEN (${BEFORE}) END AS before
  FROM q ORDER BY q.i`;

interface PastRow {
  had_before: number;
  reported: number;
  open: string;
  alert: string | null;
  forged: string | null;
  before: string | null;
}

const keysParam = (keys: readonly PushKey[]): string =>
  JSON.stringify(keys.map(({ repository, seq }) => [repository, seq]));

/** What checking pushes reads and writes. Everything is by key or by an index of its own: no figure grows with history. */
export function createCheckStore(db: D1Database, eventsWritten?: () => Promise<void>): CheckStore {
  return {
    async load(keys) {
      const statements = LOADS.map((sql) => db.prepare(sql).bind(keysParam(keys)));
      return loaded(await db.batch(statements));
    },

    async pasts(asked) {
      if (asked.length === 0) return [];
      const param = asked.map(({ push, digest }) => [
        push.key.repository,
        push.key.seq,
        push.tag,
        hexParam(digest),
        reportedSince(push),
        push.verdict === 'trusted' ? 1 : 0,
      ]);
      const answer = await db.prepare(PASTS).bind(JSON.stringify(param)).all<PastRow>();
      return answer.results.map(pastOf);
    },

    async recentIndexes(repository) {
      const answer = await db
        .prepare('SELECT digest, kind FROM pushes WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 20')
        .bind(repository)
        .all<{ digest: Blob | null; kind: number }>();
      const indexes = answer.results.filter((row) => row.kind === kindCode('index')).map((row) => digestOf(row.digest));
      return [...new Set(indexes)].filter((digest): digest is Digest => digest !== null);
    },

    save: (checked, changes, children, now) => saveChecked(db, checked, changes, children, now, eventsWritten),

    recordSeen: (seen, now) => recordSeen(db, seen, now),

    async due(now, limit) {
      const answer = await db
        .prepare('SELECT repository_id AS repository, seq FROM pushes WHERE next_at <= ?1 ORDER BY next_at LIMIT ?2')
        .bind(now, limit)
        .all<PushKey>();
      return answer.results;
    },

    async openPushes(repository, digest, since) {
      const open = `verdict IN (${verdictCode('pending')}, ${verdictCode('rogue')}, ${verdictCode('undetermined')})`;
      // By digest: an index look-up. Without one: pushes that are waiting, through the index of what is due.
      const statement =
        digest === null
          ? db
              .prepare(
                `SELECT repository_id AS repository, seq FROM ${BY_DUE} WHERE next_at IS NOT NULL AND repository_id = ?1 AND ${open} AND received_at >= ?2 LIMIT 100`,
              )
              .bind(repository, since)
          : db
              .prepare(`SELECT repository_id AS repository, seq FROM ${BY_DIGEST} WHERE repository_id = ?1
                AND (substr(digest, 1, 8) = substr(unhex(?3), 1, 8) AND digest = unhex(?3)) AND ${open} AND received_at >= ?2 LIMIT 100`)
              .bind(repository, since, hexParam(digest));
      const answer = await statement.all<PushKey>();
      return answer.results;
    },

    async alarming(repository) {
      const answer = await db
        .prepare(
          `SELECT p.repository_id AS repository, p.seq FROM alerts l INDEXED BY alerts_live CROSS JOIN ${BY_DIGEST} ON p.repository_id = l.repository_id
             AND substr(p.digest, 1, 8) = substr(unhex(l.subject), 1, 8) AND p.digest = unhex(l.subject) AND p.alert_id = l.id
           WHERE l.repository_id = ?1 AND l.state <> 'closed' LIMIT 500`,
        )
        .bind(repository)
        .all<PushKey>();
      return answer.results;
    },

    async imageOf(repository) {
      return db.prepare('SELECT registry, path FROM repositories WHERE id = ?1').bind(repository).first<ImageName>();
    },

    async countMissed(repository) {
      const [counted, last] = await db.batch([
        db
          .prepare(
            'UPDATE repositories SET missed_webhooks = missed_webhooks + 1 WHERE id = ?1 RETURNING missed_webhooks AS missed',
          )
          .bind(repository),
        db
          .prepare(
            `SELECT max(received_at) AS at FROM (SELECT received_at, origin FROM pushes WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 500)
             WHERE origin <= ${LAST_WEBHOOK_ORIGIN}`,
          )
          .bind(repository),
      ]);
      // The batch's answers are untyped; these are the columns named above.
      const missed = (counted?.results[0] as { missed: number } | undefined)?.missed ?? 0;
      return { missed, lastDeliveryAt: (last?.results[0] as { at: number | null } | undefined)?.at ?? null };
    },

    async nextDue() {
      const row = await db
        .prepare('SELECT min(next_at) AS at FROM pushes WHERE next_at IS NOT NULL')
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
  };
}

/** A webhook about what a sweep saw may have come before it, since the sweep before. */
function reportedSince(push: PushToCheck): number {
  return push.notBefore - 60_000;
}

function pastOf(row: PastRow): DigestPast {
  const open = JSON.parse(row.open) as [seq: number, tag: string, origin: number][]; // as PASTS builds it
  return {
    hadBefore: row.had_before === 1,
    reported: row.reported === 1,
    open: open.map(([seq, tag, origin]) => ({ seq, tag, origin: originOf(origin) })),
    alert: liveAlertOf(row.alert),
    forgedAlert: liveAlertOf(row.forged),
    before: row.before === null ? null : beforeOf(row.before),
  };
}

type Before = readonly [digest: string, at: number, verdict: number | null, origin: number];

/** The digest before it, and the last one that was trusted or there from the beginning. */
function beforeOf(json: string): NonNullable<DigestPast['before']> {
  const chain = JSON.parse(json) as Before[]; // as BEFORE builds it
  const [previous] = chain;
  const safe = chain.find(([, , verdict, origin]) => isTrusted(verdict) || originOf(origin) === 'baseline');
  return {
    previous: previous === undefined ? null : { digest: `sha256:${previous[0]}`, at: previous[1] },
    safe:
      safe === undefined
        ? null
        : { digest: `sha256:${safe[0]}`, at: safe[1], how: isTrusted(safe[2]) ? 'trusted' : 'baseline' },
  };
}

const isTrusted = (verdict: number | null): boolean => verdict === verdictCode('trusted');

function liveAlertOf(json: string | null): DigestPast['alert'] {
  return json === null ? null : (JSON.parse(json) as { id: number; facts: AlertFacts; openedAt: number }); // as PASTS builds it
}
