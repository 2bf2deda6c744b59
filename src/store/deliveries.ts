import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { accountKind } from '../domain/account-kind.ts';
import type { Delivery, PushClaim } from '../domain/delivery.ts';
import { disarmedAlert } from '../domain/disarmed.ts';
import { formatImageName } from '../domain/reference.ts';
import type { DeliveryStore, Recorded } from '../usecases/stores.ts';
import { recordRun } from './ci-runs.ts';
import {
  type DeliveryOutcome,
  dayOf,
  deliveryKey,
  eventCode,
  hexParam,
  kindCode,
  LAST_WEBHOOK_ORIGIN,
  originCode,
  outcomeCode,
} from './codec.ts';
import { raiseAlert } from './reviews.ts';

/** `package` and `registry_package` tell of the same push within seconds. */
const FOLD_MS = 5 * 60_000;
/** ... and within so many pushes: the same image pushed again every night must not make this slower every night. */
const FOLD_PUSHES = 500;
/** The queue takes a new push at once; cron takes what the queue has lost. */
const QUEUE_GRACE_MS = 30_000;
/** Images nobody watches are listed up to this many per team: whoever knows a webhook's URL can invent names. */
const MAX_UNWATCHED = 200;

/** The claims of one request as rows: one bound as it is, since most requests claim one thing, or many from JSON. */
const ONE_CLAIM = `WITH c AS MATERIALIZED (SELECT 0 AS i, unhex(?8) AS key, ?9 AS registry, ?10 AS path, ?11 AS tag, unhex(?12) AS digest,
  ?13 AS pusher, ?14 AS actor, ?15 AS pushed_at, ?16 AS event)`;
const MANY_CLAIMS = `WITH c AS MATERIALIZED (
  SELECT key AS i, unhex(value ->> 'key') AS key, value ->> 'registry' AS registry, value ->> 'path' AS path,
    value ->> 'tag' AS tag, unhex(value ->> 'digest') AS digest, value ->> 'pusher' AS pusher, value ->> 'actor' AS actor,
    value ->> 'pushedAt' AS pushed_at, value ->> 'event' AS event
  FROM json_each(?1))`;

/**
 * The delivery's row. GitHub redelivers for 3 days, Enterprise Server for 7: it is looked for on today and the 8 days
 * before, since 7 days may begin late on one of them. Each day is one key look-up.
 * @see https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
 */
const SEEN_ON = `SELECT d.day FROM deliveries d
  WHERE d.hook_id = ?2 AND d.day IN (?3, ?3 - 1, ?3 - 2, ?3 - 3, ?3 - 4, ?3 - 5, ?3 - 6, ?3 - 7, ?3 - 8) AND d.key = c.key`;

const WATCHED = 'JOIN repositories r ON r.team_id = ?5 AND r.registry = c.registry AND r.path = c.path';
const ACTOR = 'LEFT JOIN credentials a ON a.team_id = ?5 AND a.kind = ?6 AND a.external_id = c.actor';

/** The same push told by another delivery moments ago (same tag, digest and account). */
const FOLDED = `SELECT p.seq FROM pushes p INDEXED BY pushes_by_digest
  WHERE p.repository_id = r.id AND substr(p.digest, 1, 8) = substr(c.digest, 1, 8) AND p.tag = c.tag AND p.digest = c.digest
    AND p.seq > coalesce((SELECT seq FROM pushes WHERE repository_id = r.id ORDER BY seq DESC LIMIT 1), 0) - ${FOLD_PUSHES}
    AND p.origin <= ${LAST_WEBHOOK_ORIGIN} AND p.received_at > ?4 - ${FOLD_MS} AND p.actor_id IS a.id
  ORDER BY p.seq DESC LIMIT 1`;

const ADD_ACTORS = `INSERT INTO credentials (team_id, kind, external_id, name, first_seen_at)
  SELECT DISTINCT ?5, ?6, c.actor, c.pusher, ?4 FROM c ${WATCHED} WHERE c.actor IS NOT NULL AND ?2 AND ?3 AND ?7 IS NULL
  ON CONFLICT (team_id, kind, external_id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name`;

// Writes 2 rows per push whose digest is still to be asked for, 3 with its digest: the row, the due index, the digest index.
const ADD_PUSHES = `INSERT INTO pushes
    (repository_id, seq, tag, digest, kind, origin, received_at, pushed_at, actor_id, delivery, verdict, next_at)
  SELECT r.id, coalesce((SELECT seq FROM pushes WHERE repository_id = r.id ORDER BY seq DESC LIMIT 1), 0) + row_number() OVER (PARTITION BY r.id ORDER BY c.i),
    c.tag, c.digest, ${kindCode('unresolved')}, ?7, ?4, c.pushed_at, a.id, c.key, 0, ?4 + ${QUEUE_GRACE_MS}
  FROM c ${WATCHED} ${ACTOR}
  WHERE NOT EXISTS (${SEEN_ON}) AND (c.digest IS NULL OR (${FOLDED}) IS NULL)
  RETURNING repository_id AS repository, seq, tag`;

// Writes 1 row, new or repeated, and answers what became of each claim: its repository and whether it was seen before.
const ADD_DELIVERIES = `INSERT INTO deliveries (hook_id, day, key, received_at, repository_id, outcome, event, user_agent, body_sha256)
  SELECT ?2, coalesce((${SEEN_ON}), ?3), c.key, ?4, r.id,
    CASE WHEN r.id IS NULL THEN ${outcomeCode('unwatched')} ELSE ${outcomeCode('recorded')} END, c.event, ?6, ?7
  FROM c LEFT ${WATCHED} WHERE true
  ON CONFLICT (hook_id, day, key) DO UPDATE SET repeats = repeats + 1, repository_id = excluded.repository_id
  RETURNING lower(hex(key)) AS key, repository_id AS repository, repeats > 0 AS seen`;

// Who a repeated delivery names: its look is theirs.
const FIND_ACTORS = `SELECT external_id AS actor, id FROM credentials
  WHERE team_id = ?1 AND kind = ?2 AND external_id IN (SELECT value FROM json_each(?3))`;

const ADD_OTHER = `INSERT INTO deliveries (hook_id, day, key, received_at, outcome, event, user_agent, body_sha256, problem, body)
  VALUES (?1, ?2, unhex(?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (hook_id, day, key) DO UPDATE SET repeats = repeats + 1 RETURNING repeats`;

interface Found {
  key: string;
  repository: number | null;
  seen: number;
}

interface Written {
  repository: number;
  seq: number;
  tag: string;
}

/** A claim as `CLAIMS` reads it; JSON cannot carry BLOBs, so they are hex. */
interface ClaimRow {
  readonly key: string;
  readonly registry: string;
  readonly path: string;
  readonly tag: string;
  readonly digest: string | null;
  readonly pusher: string | null;
  readonly actor: string | null;
  readonly pushedAt: number | null;
  readonly event: string;
}

async function claimRow({ deliveryId, image, tag, digest, pusher, pushedAt, event }: PushClaim): Promise<ClaimRow> {
  return {
    key: await deliveryKey(deliveryId),
    registry: image.registry,
    path: image.path,
    tag,
    digest: hexParam(digest),
    pusher: pusher?.name ?? null,
    actor: pusher === null ? null : (pusher.id ?? pusher.name),
    pushedAt,
    event: eventCode(event),
  };
}

/** Accounts that this isolate has written: most pushes are by the same few. */
const MAX_KNOWN_ACTORS = 1000;

/** Deliveries and what they claim. Everything a webhook request writes is one batch: one round trip, all or nothing. */
export function createDeliveryStore(db: D1Database): DeliveryStore {
  const knownActors = new Set<string>();

  async function recordClaims(delivery: Delivery, claims: readonly PushClaim[], teamId: number): Promise<Recorded> {
    const rows = await Promise.all(claims.map(claimRow));
    const { hookId, receivedAt: at, origin } = delivery;
    const [one] = rows;
    const claimed = one === undefined || rows.length > 1 ? null : one;
    const statement = (sql: string, sixth: unknown, seventh: unknown): D1PreparedStatement => {
      const base = [claimed === null ? JSON.stringify(rows) : null, hookId, dayOf(at), at, teamId, sixth, seventh];
      if (claimed === null) return db.prepare(`${MANY_CLAIMS} ${sql}`).bind(...base);
      const { key, registry, path, tag, digest, pusher, actor, pushedAt, event } = claimed;
      return db
        .prepare(`${ONE_CLAIM} ${sql}`)
        .bind(...base, key, registry, path, tag, digest, pusher, actor, pushedAt, event);
    };
    const actors = rows
      .filter(({ actor }) => actor !== null)
      .map(({ actor, pusher }) => `${teamId} ${origin} ${actor} ${pusher}`);
    const isNewActor = actors.some((actor) => !knownActors.has(actor));
    const before = isNewActor ? [statement(ADD_ACTORS, accountKind(origin), null)] : [];
    const results = await db.batch([
      ...before,
      statement(ADD_PUSHES, accountKind(origin), originCode(origin)),
      statement(ADD_DELIVERIES, delivery.userAgent, delivery.bodySha256),
    ]);
    // The batch's answers are untyped; these are the columns that ADD_PUSHES and ADD_DELIVERIES name.
    const written = results[before.length]?.results as Written[];
    const found = results[before.length + 1]?.results as Found[];
    if (knownActors.size >= MAX_KNOWN_ACTORS) knownActors.clear();
    // An account is written with a push to a watched image only.
    if (found.every(({ repository }) => repository !== null)) for (const actor of actors) knownActors.add(actor);
    const summary = summarise(rows, found, written, dayOf(at));
    return summary.looks.length === 0
      ? summary
      : { ...summary, looks: await namedLooks(summary.looks, rows, teamId, origin) };
  }

  async function namedLooks(
    looks: Recorded['looks'],
    rows: readonly ClaimRow[],
    teamId: number,
    origin: Delivery['origin'],
  ): Promise<Recorded['looks']> {
    const names = JSON.stringify(rows.map(({ actor }) => actor));
    const actors = await db
      .prepare(FIND_ACTORS)
      .bind(teamId, accountKind(origin), names)
      .all<{ actor: string; id: number }>();
    const ids = new Map(actors.results.map(({ actor, id }) => [actor, id]));
    return looks.map((look) => ({
      ...look,
      actor: ids.get(rows.find(({ tag }) => tag === look.tag)?.actor ?? '') ?? null,
    }));
  }

  async function recordOther(delivery: Delivery, outcome: DeliveryOutcome, teamId: number): Promise<Recorded> {
    const { content } = delivery;
    if (content.kind === 'pushes') throw new TypeError('claims are recorded as pushes');
    const statement = db
      .prepare(ADD_OTHER)
      .bind(
        delivery.hookId,
        dayOf(delivery.receivedAt),
        await deliveryKey(content.deliveryId),
        delivery.receivedAt,
        outcomeCode(outcome),
        eventCode(content.event).slice(0, 64),
        delivery.userAgent,
        delivery.bodySha256,
        content.kind === 'not-understood' ? content.problem.slice(0, 500) : null,
        delivery.body,
      );
    const [answer] = await db.batch<{ repeats: number }>([statement, ...consequences(delivery, teamId)]);
    return { pushes: [], looks: [], unwatched: [], repeated: (answer?.results[0]?.repeats ?? 0) > 0 };
  }

  /** What a delivery tells besides pushes, for the batch that writes it. */
  function consequences({ content, hookId, receivedAt: at }: Delivery, teamId: number): D1PreparedStatement[] {
    if (content.kind === 'ci-run') return [recordRun(db, teamId, content.run, hookId, at)];
    if (content.kind !== 'hook-deleted') return [];
    const { target, actor } = content;
    return raiseAlert(
      db,
      disarmedAlert(teamId, `hook ${hookId}`, { change: 'webhook-deleted', target, actor, at }),
      at,
    );
  }

  return {
    record(delivery, teamId) {
      const { content } = delivery;
      if (content.kind === 'pushes') return recordClaims(delivery, content.claims, teamId);
      const isRecorded = content.kind === 'ci-run' || content.kind === 'hook-deleted';
      return recordOther(delivery, isRecorded ? 'recorded' : content.kind, teamId);
    },

    async noteUnwatched(teamId, hookId, images, now) {
      const fresh = await db
        .prepare(
          `INSERT INTO unwatched_images (team_id, image, hook_id, first_seen_at, last_seen_at, deliveries, last_tag, last_pusher)
           SELECT ?1, image, ?2, ?3, ?3, 1, tag, pusher FROM (
             SELECT value ->> 'image' AS image, value ->> 'tag' AS tag, value ->> 'pusher' AS pusher, u.image IS NULL AS is_new,
               row_number() OVER (PARTITION BY u.image IS NULL ORDER BY key) AS n
             FROM json_each(?4) LEFT JOIN unwatched_images u ON u.team_id = ?1 AND u.image = value ->> 'image')
           WHERE NOT is_new OR n <= ${MAX_UNWATCHED} - (SELECT count(*) FROM unwatched_images WHERE team_id = ?1)
           ON CONFLICT (team_id, image) DO UPDATE SET last_seen_at = excluded.last_seen_at, deliveries = deliveries + 1,
             last_tag = excluded.last_tag, last_pusher = excluded.last_pusher
           RETURNING image, deliveries`,
        )
        .bind(teamId, hookId, now, JSON.stringify(images))
        .all<{ image: string; deliveries: number }>();
      return fresh.results.filter((row) => row.deliveries === 1).map((row) => row.image);
    },

    async linkFolded({ repository, tag, folded }) {
      if (folded === null) return;
      await db
        .prepare(
          `INSERT INTO push_deliveries (repository_id, seq, key, day)
           SELECT p.repository_id, p.seq, unhex(?4), ?5 FROM pushes p INDEXED BY pushes_by_digest
           WHERE p.repository_id = ?1 AND substr(p.digest, 1, 8) = substr(unhex(?3), 1, 8) AND p.tag = ?2 AND p.digest = unhex(?3)
             AND p.origin <= ${LAST_WEBHOOK_ORIGIN} ORDER BY p.seq DESC LIMIT 1 ON CONFLICT DO NOTHING`,
        )
        .bind(repository, tag, folded.digest, folded.key, folded.day)
        .run();
    },

    async expire(before, tokensBefore) {
      const day = dayOf(before);
      await db.batch([
        db.prepare('DELETE FROM deliveries WHERE hook_id IN (SELECT id FROM hooks) AND day < ?1').bind(day),
        db.prepare('DELETE FROM ci_token_uses WHERE expires_at < ?1').bind(tokensBefore),
      ]);
    },
  };
}

/** Compares what was claimed with what was written: the rest are repeats (looked at again) or images nobody watches. */
function summarise(
  rows: readonly ClaimRow[],
  found: readonly Found[],
  written: readonly Written[],
  day: number,
): Recorded {
  const pushed = new Set(written.map(({ repository, tag }) => `${repository} ${tag}`));
  const byKey = new Map(found.map((each) => [each.key, each]));
  const looks: Recorded['looks'][number][] = [];
  const unwatched: Recorded['unwatched'][number][] = [];
  for (const { key, registry, path, tag, digest, pusher } of rows) {
    const { repository, seen } = byKey.get(key) ?? { repository: null, seen: 1 };
    if (repository === null) {
      if (seen === 0) unwatched.push({ image: formatImageName({ registry, path }), tag, pusher });
    } else if (tag !== '' && !pushed.has(`${repository} ${tag}`)) {
      const folded = seen === 0 && digest !== null ? { key, day, digest } : null;
      looks.push({ repository, tag, actor: null, folded });
    }
  }
  return {
    pushes: written.map(({ repository, seq }) => ({ repository, seq })),
    looks,
    unwatched,
    repeated: found.length > 0 && found.every(({ seen }) => seen === 1),
  };
}
