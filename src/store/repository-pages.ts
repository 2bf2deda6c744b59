import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Verdict } from '../domain/finding.ts';
import type { PushWeek } from '../domain/push-week.ts';
import type { ImageName } from '../domain/reference.ts';
import { DAY_MS, kindCode, LAST_WEBHOOK_ORIGIN, originCode, outcomeCode, verdictCode } from './codec.ts';
import { DELIVERY, type DeliveryRecord, type DeliveryRow, deliveryOf } from './delivery-rows.ts';
import { ALERT_COLUMNS, type AlertRecord, type AlertRow, alertOf } from './inbox.ts';
import { firstWeekShown, WEEKS_OF_REPOSITORY } from './push-weeks.ts';
import { RELEASE_COLUMNS, RELEASE_JOINS, type ReleasePush, type ReleaseRow, releaseOf } from './release-pushes.ts';
import { REPOSITORY_SELECT, type RepositoryRecord, type RepositoryRow, repositoryOf } from './repositories.ts';
import { type MoveRow, movesOf, STRIPS, type TagMoves } from './tag-moves.ts';

/** What a page of pushes is narrowed down to. Times are ms since the epoch. */
export interface PushFilter {
  readonly verdict: Verdict | null;
  readonly tag: string | null;
  readonly since: number | null;
  readonly until: number | null;
  /** A `seq`: only pushes before it. */
  readonly before: number | null;
}

/** Where pushes of a page were looked for. */
interface Walk {
  /** All from this `seq` on were looked at. */
  readonly from: number;
  /** There may be more before it. */
  readonly isMore: boolean;
}

export interface RepositoryPage extends WatchedImage {
  readonly alerts: readonly AlertRecord[];
  readonly weeks: readonly PushWeek[];
  /** At most 12 tags: those with an open alert first, then those that were pushed last. */
  readonly strips: readonly TagMoves[];
  /** Newest first, at most 31. */
  readonly pushes: readonly ReleasePush[];
  readonly walk: Walk;
}

/** A watched image, and how it is heard of. */
export interface WatchedImage {
  readonly repository: RepositoryRecord;
  readonly webhook: Webhook;
}

export interface Webhook {
  /** Of the address that works; `null`: none does. */
  readonly since: number | null;
  /** Until when the address before it works too. */
  readonly oldUntil: number | null;
  /** The last push that a webhook told of, among the last 300. */
  readonly lastAt: number | null;
}

export interface ImageDeliveries extends WatchedImage {
  /** Newest first, at most 50. */
  readonly deliveries: readonly DeliveryRecord[];
}

/** One row more than a page shows: it tells whether there is another page. */
export const PUSHES_READ = 31;
/** So many pushes are looked through for a page, however rare what it asks for. */
const WALKED = 1000;
const ALERTS = 20;
const DELIVERIES = 50;
const LOOKED_BACK = 300;

/** Every statement finds the image by its team and name: whose it is not, has nothing. */
const ID = '(SELECT id FROM repositories WHERE team_id = ?1 AND registry = ?2 AND path = ?3)';
const LAST = `coalesce((SELECT seq FROM pushes WHERE repository_id = ${ID} ORDER BY seq DESC LIMIT 1), 0)`;

const REPOSITORY = `${REPOSITORY_SELECT} WHERE r.team_id = ?1 AND r.registry = ?2 AND r.path = ?3`;
const WEBHOOK = `SELECT max(iif(s.expires_at IS NULL, s.created_at, NULL)) AS since, max(iif(s.expires_at > ?4, s.expires_at, NULL)) AS oldUntil,
    (SELECT p.received_at FROM pushes p WHERE p.repository_id = ${ID} AND p.seq > ${LAST} - ${LOOKED_BACK} AND p.origin <= ${LAST_WEBHOOK_ORIGIN}
      ORDER BY p.seq DESC LIMIT 1) AS lastAt
  FROM repositories r JOIN hook_secrets s ON s.hook_id = r.hook_id WHERE r.team_id = ?1 AND r.registry = ?2 AND r.path = ?3`;
const ALERT_LIST = `SELECT ${ALERT_COLUMNS} FROM alerts INDEXED BY alerts_live WHERE repository_id = ${ID} AND state <> 'closed' LIMIT ${ALERTS}`;

const at = (seq: string): string =>
  `coalesce((SELECT received_at FROM pushes WHERE repository_id = ${ID} AND seq >= ${seq} ORDER BY seq LIMIT 1), 9e15)`;

/**
 * Pushes stand in the order of their times, so the first one at a time (?5) is found by halving: a row or two per step,
 * twenty steps for a million. ?4 is the page's cursor.
 */
const START = `WITH RECURSIVE halves(lo, hi) AS (SELECT 0, ${LAST} + 1 UNION ALL
    SELECT iif(${at('(lo + hi) / 2')} < ?5, (lo + hi) / 2, lo), iif(${at('(lo + hi) / 2')} < ?5, hi, (lo + hi) / 2) FROM halves WHERE ?5 IS NOT NULL AND hi - lo > 1),
  start(seq) AS MATERIALIZED (SELECT min(coalesce(?4, hi), hi) FROM (SELECT min(hi) AS hi FROM halves))`;
const WALK = `${START} SELECT seq AS start, seq - ${WALKED} AS "from", ${at(`start.seq - ${WALKED}`)} AS at FROM start`;

// Reads at most 1000 pushes, and of those it shows three rows more.
const PUSHES = `${START} SELECT ${RELEASE_COLUMNS} FROM (SELECT * FROM pushes WHERE repository_id = ${ID} AND seq < (SELECT seq FROM start)
      AND seq >= (SELECT seq FROM start) - ${WALKED} AND kind NOT IN (${kindCode('artifact')}, ${kindCode('child')}) AND origin <> ${originCode('baseline')}
      AND (?5 IS NULL OR received_at < ?5) AND (?6 IS NULL OR received_at >= ?6) AND (?7 IS NULL OR verdict = ?7) AND (?8 IS NULL OR tag = ?8)
    ORDER BY seq DESC LIMIT ${PUSHES_READ}) p
  ${RELEASE_JOINS} ORDER BY p.seq DESC`;

// Reads the last pushes with their deliveries, by key.
const OF_PUSHES = `SELECT ${DELIVERY} FROM (SELECT p.received_at, p.delivery FROM pushes p WHERE p.repository_id = ${ID} AND p.seq > ${LAST} - ${LOOKED_BACK}
      AND p.delivery IS NOT NULL ORDER BY p.seq DESC LIMIT ${DELIVERIES}) l
  JOIN repositories r ON r.id = ${ID} JOIN deliveries d ON d.hook_id = r.hook_id AND d.day = l.received_at / ${DAY_MS} AND d.key = l.delivery`;
/** Second deliveries of a push: GHCR sends two. */
const OF_FOLDED = `SELECT ${DELIVERY} FROM (SELECT p.repository_id, p.seq FROM pushes p WHERE p.repository_id = ${ID} AND p.seq > ${LAST} - ${LOOKED_BACK}
      AND p.delivery IS NOT NULL ORDER BY p.seq DESC LIMIT ${DELIVERIES}) p JOIN push_deliveries l ON l.repository_id = p.repository_id AND l.seq = p.seq
  JOIN repositories r ON r.id = p.repository_id JOIN deliveries d ON d.hook_id = r.hook_id AND d.day = l.day AND d.key = l.key LIMIT ${DELIVERIES}`;
/** What names no image: it is the webhook's, whoever else it tells of. */
const OF_NO_IMAGE = `SELECT ${DELIVERY} FROM repositories r CROSS JOIN deliveries d INDEXED BY deliveries_of_no_image ON d.hook_id = r.hook_id
    AND d.outcome IN (${outcomeCode('noted')}, ${outcomeCode('not-understood')})
  WHERE r.id = ${ID} ORDER BY d.received_at DESC LIMIT ${DELIVERIES}`;

/** What the pages of one image show. Each is one round trip, and reads as much with a million pushes as with a thousand. */
export function createRepositoryPageStore(db: D1Database) {
  const of = (teamId: number, { registry, path }: ImageName) => {
    const statement =
      (...more: readonly unknown[]) =>
      (sql: string): D1PreparedStatement =>
        db.prepare(sql).bind(teamId, registry, path, ...more);
    return statement;
  };

  return {
    /** `null`: the team does not watch it. */
    async page(teamId: number, image: ImageName, filter: PushFilter, now: number): Promise<RepositoryPage | null> {
      const own = of(teamId, image);
      const { verdict, tag, since, until, before } = filter;
      const results = await db.batch([
        own()(REPOSITORY),
        own(now)(WEBHOOK),
        own()(ALERT_LIST),
        own(firstWeekShown(now))(WEEKS_OF_REPOSITORY(ID)),
        own(now - STRIP_DAYS * DAY_MS)(STRIPS(ID, LAST)),
        own(before, until)(WALK),
        own(before, until, since, verdictCode(verdict), tag)(PUSHES),
      ]);
      // Each answer has the columns that its statement names.
      const rows = <T>(n: number): T[] => (results[n]?.results ?? []) as T[];
      const watched = watchedOf(rows<RepositoryRow>(0)[0], rows<Webhook>(1)[0]);
      if (watched === null) return null;
      const walk = rows<{ start: number; from: number; at: number }>(5)[0] ?? { start: 1, from: 0, at: 0 };
      return {
        ...watched,
        alerts: rows<AlertRow>(2).map(alertOf),
        weeks: rows<PushWeek>(3),
        strips: movesOf(rows<MoveRow>(4)),
        walk: { from: walk.from, isMore: walk.from > 1 && (since === null || walk.at >= since) },
        pushes: rows<ReleaseRow>(6).map(releaseOf),
      };
    },

    async deliveries(teamId: number, image: ImageName, now: number): Promise<ImageDeliveries | null> {
      const own = of(teamId, image);
      const results = await db.batch([
        own()(REPOSITORY),
        own(now)(WEBHOOK),
        ...[OF_PUSHES, OF_FOLDED, OF_NO_IMAGE].map(own()),
      ]);
      const watched = watchedOf(results[0]?.results[0] as RepositoryRow | undefined, results[1]?.results[0] as Webhook); // as above
      if (watched === null) return null;
      const found = results
        .slice(2)
        .flatMap((result) => result.results as DeliveryRow[])
        .map(deliveryOf); // as above
      const once = [...new Map(found.map((each) => [`${each.receivedAt} ${each.key}`, each])).values()];
      return { ...watched, deliveries: once.sort((a, b) => b.receivedAt - a.receivedAt).slice(0, DELIVERIES) };
    },

    /** The image alone, with its policy. */
    async image(teamId: number, image: ImageName, now: number): Promise<WatchedImage | null> {
      const own = of(teamId, image);
      const [repository, webhook] = await db.batch([own()(REPOSITORY), own(now)(WEBHOOK)]);
      return watchedOf(repository?.results[0] as RepositoryRow | undefined, webhook?.results[0] as Webhook); // as above
    },
  };
}

/** How far back strips go. */
export const STRIP_DAYS = 90;

const watchedOf = (row: RepositoryRow | undefined, webhook: Webhook | undefined): WatchedImage | null =>
  row === undefined
    ? null
    : { repository: repositoryOf(row, null), webhook: webhook ?? { since: null, oldUntil: null, lastAt: null } };

export type RepositoryPageStore = ReturnType<typeof createRepositoryPageStore>;
