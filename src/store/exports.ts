import type { D1Database } from '@cloudflare/workers-types';
import type { Sighting } from '../domain/sighting.ts';
import type { PushKey } from '../usecases/stores.ts';
import { DAY_MS, sightingActionOf, sightingSourceOf, strengthOf, verdictCode } from './codec.ts';
import { PUSH_COLUMNS, PUSH_JOINS, type PushRecord, type PushRow, pushOf } from './history.ts';

/** What is being written at this moment may be older than what was written before it: by less than this, in ms. */
const SETTLING_MS = 60_000;
/** An audit log tells of uses so late, in ms. */
const LATE_ROWS_MS = 2 * 3_600_000;
/** Rows of the index of what is due that are looked through for pending pushes. */
const MAX_DUE = 5000;
/** No push is pending longer: the longest deadline is a day. */
const LONGEST_PENDING_MS = DAY_MS + 3_600_000;

/** From when (inclusive) to when (exclusive), ms since the epoch. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/** A push in the slice: its key, and about how many characters reading it whole gives. */
export interface FoundPush extends PushKey {
  readonly receivedAt: number;
  readonly hasFindings: boolean;
  readonly size: number;
}

export interface SightingKey {
  readonly credential: number;
  readonly at: number;
  readonly key: string;
}

export interface ExportedSighting extends SightingKey {
  readonly kind: string;
  readonly name: string;
  readonly account: string | null;
  readonly since: number | null;
  readonly seenAt: number;
  readonly source: Sighting['source'];
  readonly action: Sighting['action'];
  readonly strength: Sighting['strength'];
  readonly push: PushKey | null;
  readonly image: string | null;
  readonly detail: unknown;
}

/** The oldest undecided push, through the index of what is due; and whether late rows are still to come. */
const BOUNDS = `WITH due AS MATERIALIZED (SELECT repository_id, seq FROM pushes INDEXED BY pushes_due WHERE next_at IS NOT NULL LIMIT ${MAX_DUE})
  SELECT (SELECT count(*) FROM due) AS due,
    (SELECT min(p.received_at) FROM due d CROSS JOIN repositories r ON r.id = d.repository_id AND r.team_id = ?1
      CROSS JOIN pushes p ON p.repository_id = d.repository_id AND p.seq = d.seq AND p.verdict = ${verdictCode('pending')}) AS pending,
    EXISTS (SELECT 1 FROM sources WHERE team_id = ?1) AS late`;

/**
 * The slice's pushes, repository by repository, newest first. `seq` grows with `received_at` but for what is written at
 * the same moment, so a repository's walk ends at the first push that is well before the slice: reads a few rows per push
 * of the slice and per repository, whatever is older. What is newer than the slice is skipped by halving.
 */
const WALK = `WITH RECURSIVE
  -- Of each repository the newest push, or the one after which an earlier page ended.
  newest (r, seq, at) AS MATERIALIZED (
    SELECT p.repository_id, p.seq, p.received_at FROM repositories w CROSS JOIN pushes p ON p.repository_id = w.id
      AND p.seq = (SELECT q.seq FROM pushes q WHERE q.repository_id = w.id AND q.seq < iif(w.id = ?4, ?5, 9007199254740991) ORDER BY q.seq DESC LIMIT 1)
    WHERE w.team_id = ?1 AND w.id >= ?4 AND p.received_at >= ?2 - ${SETTLING_MS}),
  halving (r, low, high) AS (
    SELECT r, 0, seq FROM newest WHERE at >= ?3 + ${SETTLING_MS}
    UNION ALL
    SELECT h.r, iif(p.received_at < ?3 + ${SETTLING_MS}, p.seq, h.low), iif(p.received_at < ?3 + ${SETTLING_MS}, h.high, (h.low + h.high + 1) / 2 - 1)
      FROM halving h JOIN pushes p ON p.repository_id = h.r
        AND p.seq = (SELECT q.seq FROM pushes q WHERE q.repository_id = h.r AND q.seq >= (h.low + h.high + 1) / 2 ORDER BY q.seq LIMIT 1)
      WHERE h.low < h.high),
  walk (r, seq, at) AS (
    SELECT r, seq, at FROM newest WHERE at < ?3 + ${SETTLING_MS}
    UNION ALL
    SELECT p.repository_id, p.seq, p.received_at FROM halving h CROSS JOIN pushes p ON p.repository_id = h.r AND p.seq = h.low
      WHERE h.low >= h.high AND p.received_at >= ?2 - ${SETTLING_MS}
    UNION ALL
    SELECT p.repository_id, p.seq, p.received_at FROM walk w CROSS JOIN pushes p ON p.repository_id = w.r
      AND p.seq = (SELECT q.seq FROM pushes q WHERE q.repository_id = w.r AND q.seq < w.seq ORDER BY q.seq DESC LIMIT 1)
      AND p.received_at >= ?2 - ${SETTLING_MS}
    ORDER BY 1, 2 DESC LIMIT ?6)
  SELECT w.r AS repository, w.seq, w.at AS receivedAt, p.findings IS NOT NULL AS hasFindings,
    coalesce(length(p.findings), 0) + coalesce(length(p.evidence), 0) + coalesce(length(p.attribution), 0) AS size
  FROM walk w CROSS JOIN pushes p ON p.repository_id = w.r AND p.seq = w.seq ORDER BY 1, 2 DESC`;

const READ = `SELECT ${PUSH_COLUMNS} FROM json_each(?2) j CROSS JOIN pushes p ON p.repository_id = j.value ->> 0 AND p.seq = j.value ->> 1
  ${PUSH_JOINS} WHERE r.team_id = ?1 ORDER BY j.key`;

const AFTER = (
  at: string,
  key: string,
): string => `FROM sightings q WHERE q.credential_id = w.id AND q.at < ?3 AND (q.at, q.key) > (${at}, ${key})
      ORDER BY q.at, q.key LIMIT 1`;

/** By credential and time; like `WALK`, it reads what it shows and a row per credential. */
const SIGHTINGS = `WITH RECURSIVE walk (id, at, key) AS (
    SELECT w.id, s.at, s.key FROM credentials w CROSS JOIN sightings s ON s.credential_id = w.id
      AND (s.at, s.key) = (SELECT q.at, q.key ${AFTER('iif(w.id = ?4, ?5, ?2)', "iif(w.id = ?4, ?6, '')")})
      WHERE w.team_id = ?1 AND w.id >= ?4
    UNION ALL
    SELECT s.credential_id, s.at, s.key FROM walk w JOIN sightings s ON s.credential_id = w.id
      AND (s.at, s.key) = (SELECT q.at, q.key ${AFTER('w.at', 'w.key')})
    ORDER BY 1, 2, 3 LIMIT ?7)
  SELECT c.id AS credential, c.kind, c.name, c.account, s.at, s.key, s.since, s.seen_at AS seenAt, s.source, s.action, s.strength,
    s.repository_id AS repository, s.seq, r.registry || '/' || r.path AS image, s.detail
  FROM walk w CROSS JOIN sightings s ON s.credential_id = w.id AND s.at = w.at AND s.key = w.key CROSS JOIN credentials c ON c.id = w.id
    LEFT JOIN repositories r ON r.id = s.repository_id AND r.team_id = ?1
  ORDER BY w.id, w.at, w.key`;

interface SightingRow extends Omit<ExportedSighting, 'source' | 'action' | 'strength' | 'push' | 'detail'> {
  source: number;
  action: number;
  strength: number;
  repository: number | null;
  seq: number | null;
  detail: string | null;
}

/** Slices of what happened, for other systems. Every query starts from a team. */
export function createExportStore(db: D1Database) {
  return {
    /** Until when everything is decided and written (ms): no slice ends later. */
    async settledUntil(teamId: number, now: number): Promise<number> {
      const row = await db.prepare(BOUNDS).bind(teamId).first<{ due: number; pending: number | null; late: number }>();
      const { due = 0, pending = null, late = 0 } = row ?? {};
      return Math.min(
        now - SETTLING_MS,
        pending ?? now,
        due === MAX_DUE ? now - LONGEST_PENDING_MS : now,
        late === 1 ? now - LATE_ROWS_MS : now,
      );
    },

    /** At most `limit` pushes of the slice and about it, after a push. */
    async findPushes(teamId: number, { from, to }: Slice, after: PushKey | null, limit: number): Promise<FoundPush[]> {
      const rows = await db
        .prepare(WALK)
        .bind(teamId, from, to, after?.repository ?? 0, after?.seq ?? 0, limit)
        .all<Omit<FoundPush, 'hasFindings'> & { hasFindings: number }>();
      return rows.results.map((row) => ({ ...row, hasFindings: row.hasFindings === 1 }));
    },

    async readPushes(teamId: number, keys: readonly PushKey[]): Promise<PushRecord[]> {
      if (keys.length === 0) return [];
      const rows = await db
        .prepare(READ)
        .bind(teamId, JSON.stringify(keys.map(({ repository, seq }) => [repository, seq])))
        .all<PushRow>();
      return rows.results.map(pushOf);
    },

    async sightings(
      teamId: number,
      { from, to }: Slice,
      after: SightingKey | null,
      limit: number,
    ): Promise<ExportedSighting[]> {
      const rows = await db
        .prepare(SIGHTINGS)
        .bind(teamId, from, to, after?.credential ?? 0, after?.at ?? 0, after?.key ?? '', limit)
        .all<SightingRow>();
      return rows.results.map(({ repository, seq, ...row }) => ({
        ...row,
        source: sightingSourceOf(row.source),
        action: sightingActionOf(row.action),
        strength: strengthOf(row.strength),
        push: repository === null || seq === null ? null : { repository, seq },
        detail: parsed(row.detail),
      }));
    },
  };
}

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

export type ExportStore = ReturnType<typeof createExportStore>;
