import type { D1Database } from '@cloudflare/workers-types';
import type { HealthFact } from '../domain/health.ts';
import type { PushWeek } from '../domain/push-week.ts';
import { kindCode, originCode } from './codec.ts';
import { PUSH_COLUMNS, PUSH_JOINS, type PushRecord, type PushRow, pushOf } from './history.ts';
import { ALERT_COLUMNS, type AlertRecord, type AlertRow, alertOf } from './inbox.ts';
import { firstWeekShown, SIGNED_BY_IMAGE, WEEKS_OF_TEAM } from './push-weeks.ts';

/** A watched image as the overview lists it. */
export interface WatchedImage {
  readonly id: number;
  readonly registry: string;
  readonly path: string;
  readonly pushers: readonly string[] | null;
  readonly baselineAt: number | null;
  readonly sweptAt: number | null;
  readonly sweepFailures: number;
  readonly createdAt: number;
}

export interface Overview {
  /** Newest first, at most 20. */
  readonly open: readonly AlertRecord[];
  /** At most 5. */
  readonly handled: readonly AlertRecord[];
  readonly lastClosed: AlertRecord | null;
  readonly health: readonly { readonly fact: HealthFact; readonly openedAt: number }[];
  /** The latest few pushes of each image, those found at registration left out. */
  readonly pushes: readonly PushRecord[];
  readonly images: readonly WatchedImage[];
  /** Of the last 13 weeks those with pushes, over all images. */
  readonly weeks: readonly PushWeek[];
  /** Of each image, in those weeks: pushes whose signatures were looked for. */
  readonly signed: ReadonlyMap<number, Pick<PushWeek, 'signed' | 'unsigned'>>;
  /** Of the last alerts about pushes, from the push to the alert, in ms. */
  readonly detected: readonly number[];
  /** The channel that alerts go to; `null`: there is none. */
  readonly channel: { readonly name: string; readonly refused: string | null } | null;
}

/** More images than that are for the list of images. */
const IMAGES = 100;
const PUSHES_EACH = 4;

// Reads by keys and indexes, as many rows as it answers with: at most 100 images and the last 4 pushes of each.
const PUSHES = `SELECT ${PUSH_COLUMNS} FROM (SELECT id, (SELECT max(q.seq) FROM pushes q WHERE q.repository_id = w.id) AS newest
    FROM repositories w WHERE w.team_id = ?1 ORDER BY w.id DESC LIMIT ${IMAGES}) latest
  JOIN pushes p ON p.repository_id = latest.id AND p.seq > latest.newest - ${PUSHES_EACH} ${PUSH_JOINS}
  WHERE p.kind NOT IN (${kindCode('artifact')}, ${kindCode('child')}, ${kindCode('deleted')}) AND p.origin <> ${originCode('baseline')}`;

const DETECTED = 50;
// Reads the last 50 alerts, by an index. From the earliest moment of the push: one that only a sweep found was there before.
const DETECTION = `SELECT a.opened_at - coalesce(p.not_before, a.facts ->> '$.pushedAt') AS ms
  FROM (SELECT * FROM alerts INDEXED BY alerts_by_opening WHERE team_id = ?1 ORDER BY opened_at DESC LIMIT ${DETECTED}) a
  LEFT JOIN pushes p ON p.repository_id = a.repository_id AND p.seq = substr(a.facts ->> '$.push', instr(a.facts ->> '$.push', '-') + 1) + 0
  WHERE a.facts ->> '$.pushedAt' IS NOT NULL`;

/** What the first page shows, in one round trip. */
export function createOverviewStore(db: D1Database) {
  const alerts = (state: AlertRecord['state'], limit: number) =>
    `SELECT ${ALERT_COLUMNS} FROM alerts WHERE team_id = ?1 AND state = '${state}' ORDER BY id DESC LIMIT ${limit}`;

  return {
    async read(teamId: number, now: number): Promise<Overview> {
      const statements = [
        alerts('open', 20),
        alerts('acknowledged', 5),
        alerts('closed', 1),
        'SELECT fact, opened_at AS openedAt FROM health_alerts WHERE team_id = ?1 AND closed_at IS NULL LIMIT 20',
        PUSHES,
        `SELECT id, registry, path, json_extract(policy, '$.pushers') AS pushers, baseline_at AS baselineAt, swept_at AS sweptAt,
           sweep_failures AS sweepFailures, created_at AS createdAt FROM repositories WHERE team_id = ?1 ORDER BY id DESC LIMIT ${IMAGES}`,
        'SELECT name, refused FROM channels WHERE team_id = ?1 AND for_alerts = 1 LIMIT 1',
        DETECTION,
      ];
      const results = await db.batch([
        ...statements.map((sql) => db.prepare(sql).bind(teamId)),
        ...[WEEKS_OF_TEAM, SIGNED_BY_IMAGE].map((sql) => db.prepare(sql).bind(teamId, firstWeekShown(now))),
      ]);
      // Each answer has the columns that its statement names.
      const rows = <T>(n: number): T[] => (results[n]?.results ?? []) as T[];
      return {
        open: rows<AlertRow>(0).map(alertOf),
        handled: rows<AlertRow>(1).map(alertOf),
        lastClosed: rows<AlertRow>(2).map(alertOf)[0] ?? null,
        health: rows<{ fact: string; openedAt: number }>(3).map(({ fact, openedAt }) => ({
          fact: JSON.parse(fact) as HealthFact, // as `raise` wrote it
          openedAt,
        })),
        pushes: rows<PushRow>(4).map(pushOf),
        images: rows<Omit<WatchedImage, 'pushers'> & { pushers: string | null }>(5).map((row) => ({
          ...row,
          pushers: row.pushers === null ? null : (JSON.parse(row.pushers) as string[]), // checked before it was stored
        })),
        weeks: rows<PushWeek>(8),
        signed: new Map(rows<SignedRow>(9).map((row) => [row.repository, row])),
        detected: rows<{ ms: number }>(7).map(({ ms }) => Math.max(0, ms)),
        channel: rows<{ name: string; refused: string | null }>(6)[0] ?? null,
      };
    },
  };
}

interface SignedRow {
  repository: number;
  signed: number;
  unsigned: number;
}

export type OverviewStore = ReturnType<typeof createOverviewStore>;
