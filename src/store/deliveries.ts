import type { D1Database } from '@cloudflare/workers-types';
import type { Delivery, PushClaim } from '../domain/delivery.ts';
import { formatImageName } from '../domain/reference.ts';
import type { DeliveryStore, Recorded } from '../usecases/stores.ts';
import {
  DAY_MS,
  type DeliveryOutcome,
  dayOf,
  deliveryKey,
  hexParam,
  kindCode,
  LAST_WEBHOOK_ORIGIN,
  originCode,
  outcomeCode,
} from './codec.ts';

/** `package` and `registry_package` tell of the same push within seconds. */
const FOLD_MS = 5 * 60_000;
/** The queue takes a new push at once; cron takes what the queue has lost. */
const QUEUE_GRACE_MS = 30_000;
/** Images nobody watches are listed up to this many per team: whoever knows a webhook's URL can invent names. */
const MAX_UNWATCHED = 200;

/** The claims of one request as rows; every statement starts from them, so that one claim or a thousand cost the same. */
const CLAIMS = `WITH c AS MATERIALIZED (
  SELECT key AS i, unhex(value ->> 'key') AS key, value ->> 'registry' AS registry, value ->> 'path' AS path,
    value ->> 'tag' AS tag, unhex(value ->> 'digest') AS digest, value ->> 'pusher' AS pusher, value ->> 'actor' AS actor,
    value ->> 'pushedAt' AS pushed_at, value ->> 'event' AS event
  FROM json_each(?1))`;

/** The delivery's row. GitHub redelivers for 3 days, so it is looked for on that many days; each is one key look-up. */
const SEEN_ON = `SELECT d.day FROM deliveries d
  WHERE d.hook_id = ?2 AND d.day IN (?3, ?3 - 1, ?3 - 2, ?3 - 3, ?3 - 4) AND d.key = c.key`;

const WATCHED = 'JOIN repositories r ON r.team_id = ?5 AND r.registry = c.registry AND r.path = c.path';
const ACTOR = 'LEFT JOIN actors a ON a.team_id = ?5 AND a.provider = ?6 AND a.external_id = c.actor';

/** The same push told by another delivery moments ago (same tag, digest and account). */
const FOLDED = `SELECT p.seq FROM pushes p INDEXED BY pushes_by_digest
  WHERE p.repository_id = r.id AND substr(p.digest, 1, 8) = substr(c.digest, 1, 8) AND p.tag = c.tag AND p.digest = c.digest
    AND p.origin <= ${LAST_WEBHOOK_ORIGIN} AND p.received_at > ?4 - ${FOLD_MS} AND p.actor_id IS a.id
  ORDER BY p.seq DESC LIMIT 1`;

// Reads a row per claim: the repository, and the delivery if it was seen.
const FIND = `${CLAIMS} SELECT c.i, r.id AS repository, a.id AS actor, EXISTS (${SEEN_ON}) AS seen
  FROM c LEFT ${WATCHED} ${ACTOR} WHERE ?4 IS NOT NULL ORDER BY c.i`;

const ADD_ACTORS = `${CLAIMS} INSERT INTO actors (team_id, provider, external_id, name, first_seen_at)
  SELECT DISTINCT ?5, ?6, c.actor, c.pusher, ?4 FROM c ${WATCHED} WHERE c.actor IS NOT NULL AND ?2 AND ?3
  ON CONFLICT (team_id, provider, external_id) DO UPDATE SET name = excluded.name WHERE name <> excluded.name`;

const LINK_FOLDED = `${CLAIMS} INSERT INTO push_deliveries (repository_id, seq, key, day)
  SELECT r.id, (${FOLDED}), c.key, ?3 FROM c ${WATCHED} ${ACTOR}
  WHERE c.digest IS NOT NULL AND (${FOLDED}) IS NOT NULL AND NOT EXISTS (${SEEN_ON}) ON CONFLICT DO NOTHING`;

// Writes 2 rows per push whose digest is still to be asked for, 3 with its digest: the row, the due index, the digest index.
const ADD_PUSHES = `${CLAIMS} INSERT INTO pushes
    (repository_id, seq, tag, digest, kind, origin, received_at, pushed_at, actor_id, delivery, verdict, next_at)
  SELECT r.id, coalesce((SELECT seq FROM pushes WHERE repository_id = r.id ORDER BY seq DESC LIMIT 1), 0) + row_number() OVER (PARTITION BY r.id ORDER BY c.i),
    c.tag, c.digest, ${kindCode('unresolved')}, ?7, ?4, c.pushed_at, a.id, c.key, 0, ?4 + ${QUEUE_GRACE_MS}
  FROM c ${WATCHED} ${ACTOR}
  WHERE NOT EXISTS (${SEEN_ON}) AND (c.digest IS NULL OR (${FOLDED}) IS NULL)
  RETURNING repository_id AS repository, seq, tag`;

// Writes 1 row, new or repeated.
const ADD_DELIVERIES = `${CLAIMS} INSERT INTO deliveries (hook_id, day, key, received_at, repository_id, outcome, event, user_agent, body_sha256)
  SELECT ?2, coalesce((${SEEN_ON}), ?3), c.key, ?4, r.id,
    CASE WHEN r.id IS NULL THEN ${outcomeCode('unwatched')} ELSE ${outcomeCode('recorded')} END, c.event, ?7, ?8
  FROM c LEFT ${WATCHED} WHERE ?6 IS NOT NULL
  ON CONFLICT (hook_id, day, key) DO UPDATE SET repeats = repeats + 1`;

const ADD_OTHER = `INSERT INTO deliveries (hook_id, day, key, received_at, outcome, event, user_agent, body_sha256, problem, body)
  VALUES (?1, ?2, unhex(?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (hook_id, day, key) DO UPDATE SET repeats = repeats + 1 RETURNING repeats`;

interface Found {
  i: number;
  repository: number | null;
  actor: number | null;
  seen: number;
}

async function claimRow(claim: PushClaim): Promise<Record<string, unknown>> {
  return {
    key: await deliveryKey(claim.deliveryId),
    registry: claim.image.registry,
    path: claim.image.path,
    tag: claim.tag,
    digest: hexParam(claim.digest),
    pusher: claim.pusher?.name,
    actor: claim.pusher === null ? undefined : (claim.pusher.id ?? claim.pusher.name),
    pushedAt: claim.pushedAt ?? undefined,
    event: claim.event,
  };
}

/** Deliveries and what they claim. Everything a webhook request writes is one batch: one round trip, all or nothing. */
export function createDeliveryStore(db: D1Database): DeliveryStore {
  async function recordClaims(delivery: Delivery, claims: readonly PushClaim[], teamId: number): Promise<Recorded> {
    const rows = JSON.stringify(await Promise.all(claims.map(claimRow)));
    const origin = originCode(delivery.origin);
    const at = delivery.receivedAt;
    const base = [rows, delivery.hookId, dayOf(at), at, teamId, delivery.origin] as const;
    const bySource = claims.some((claim) => claim.pusher !== null) ? [db.prepare(ADD_ACTORS).bind(...base)] : [];
    const byDigest = claims.some((claim) => claim.digest !== null) ? [db.prepare(LINK_FOLDED).bind(...base)] : [];
    const results = await db.batch([
      ...bySource,
      db.prepare(FIND).bind(...base),
      ...byDigest,
      db.prepare(ADD_PUSHES).bind(...base, origin),
      db.prepare(ADD_DELIVERIES).bind(...base, delivery.userAgent, delivery.bodySha256),
    ]);
    // The batch's answers are untyped; these are the columns that FIND and ADD_PUSHES name.
    const found = results[bySource.length]?.results as Found[];
    const pushes = results[bySource.length + 1 + byDigest.length]?.results as {
      repository: number;
      seq: number;
      tag: string;
    }[];
    return summarise(claims, found, pushes);
  }

  async function recordOther(delivery: Delivery, outcome: DeliveryOutcome): Promise<Recorded> {
    const { content } = delivery;
    if (content.kind === 'pushes') throw new TypeError('claims are recorded as pushes');
    const answer = await db
      .prepare(ADD_OTHER)
      .bind(
        delivery.hookId,
        dayOf(delivery.receivedAt),
        await deliveryKey(content.deliveryId),
        delivery.receivedAt,
        outcomeCode(outcome),
        content.event.slice(0, 64),
        delivery.userAgent,
        delivery.bodySha256,
        content.kind === 'not-understood' ? content.problem.slice(0, 500) : null,
        delivery.body,
      )
      .first<{ repeats: number }>();
    return { pushes: [], looks: [], unwatched: [], repeated: (answer?.repeats ?? 0) > 0 };
  }

  return {
    record(delivery, teamId) {
      const { content } = delivery;
      return content.kind === 'pushes'
        ? recordClaims(delivery, content.claims, teamId)
        : recordOther(delivery, content.kind);
    },

    async noteUnwatched(teamId, hookId, images, now) {
      const fresh = await db
        .prepare(
          `INSERT INTO unwatched_images (team_id, image, hook_id, first_seen_at, last_seen_at, deliveries, last_tag, last_pusher)
           SELECT ?1, value ->> 'image', ?2, ?3, ?3, 1, value ->> 'tag', value ->> 'pusher' FROM json_each(?4)
           WHERE (SELECT count(*) FROM unwatched_images WHERE team_id = ?1) < ${MAX_UNWATCHED}
             OR EXISTS (SELECT 1 FROM unwatched_images u WHERE u.team_id = ?1 AND u.image = value ->> 'image')
           ON CONFLICT (team_id, image) DO UPDATE SET last_seen_at = excluded.last_seen_at, deliveries = deliveries + 1,
             last_tag = excluded.last_tag, last_pusher = excluded.last_pusher
           RETURNING image, deliveries`,
        )
        .bind(teamId, hookId, now, JSON.stringify(images))
        .all<{ image: string; deliveries: number }>();
      return fresh.results.filter((row) => row.deliveries === 1).map((row) => row.image);
    },

    async expire(before) {
      const day = dayOf(before);
      await db.batch([
        db.prepare('DELETE FROM deliveries WHERE hook_id IN (SELECT id FROM hooks) AND day < ?1').bind(day),
        db.prepare('DELETE FROM ci_token_uses WHERE expires_at < ?1').bind(before + 29 * DAY_MS),
      ]);
    },
  };
}

/** Compares what was claimed with what was written: the rest are repeats (looked at again) or images nobody watches. */
function summarise(
  claims: readonly PushClaim[],
  found: readonly Found[],
  pushes: readonly { repository: number; seq: number; tag: string }[],
): Recorded {
  const written = new Set(pushes.map((push) => `${push.repository} ${push.tag}`));
  const looks: Recorded['looks'][number][] = [];
  const unwatched: Recorded['unwatched'][number][] = [];
  for (const row of found) {
    const claim = claims[row.i];
    if (claim === undefined) continue;
    if (row.repository === null) {
      if (!row.seen)
        unwatched.push({ image: formatImageName(claim.image), tag: claim.tag, pusher: claim.pusher?.name ?? null });
    } else if (claim.tag !== '' && !written.has(`${row.repository} ${claim.tag}`)) {
      looks.push({ repository: row.repository, tag: claim.tag, actor: row.actor });
    }
  }
  return {
    pushes: pushes.map(({ repository, seq }) => ({ repository, seq })),
    looks,
    unwatched,
    repeated: found.every((row) => row.seen === 1),
  };
}
