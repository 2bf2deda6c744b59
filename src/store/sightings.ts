import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { NewSighting } from '../usecases/credential-stores.ts';
import { DAY_MS, sightingActionCode, sightingSourceCode, strengthCode } from './codec.ts';
import { sightingEvents } from './sighting-events.ts';

/** How long after a use what explains it (a push, an announcement, a run) may still arrive. */
const EXPLAINED_WITHIN_MS = 10 * 60_000;

const AMBIGUOUS = strengthCode('ambiguous');
const PUSH = sightingActionCode('push');
const USE = sightingActionCode('use');

const NEW = `WITH s AS MATERIALIZED (SELECT value ->> 'credential' AS credential, value ->> 'at' AS at, value ->> 'key' AS key,
    value ->> 'since' AS since, value ->> 'source' AS source, value ->> 'action' AS action, value ->> 'strength' AS strength,
    value ->> 'repository' AS repository, value ->> 'seq' AS seq, value ->> 'detail' AS detail FROM json_each(?1)),
  n AS MATERIALIZED (SELECT s.* FROM s WHERE NOT EXISTS
    (SELECT 1 FROM sightings o WHERE o.credential_id = s.credential AND o.at = s.at AND o.key = s.key))`;

// Before the sightings are written, in the same batch: what is there already is not counted again. Writes 1 row per
// credential, day and repository, 2 for the first of a day (its index).
const COUNT = `${NEW} INSERT INTO credential_days (credential_id, day, repository_id, pushes, possible, uses)
  SELECT credential, at / ${DAY_MS}, coalesce(repository, 0), sum(action = ${PUSH} AND strength <> ${AMBIGUOUS}),
    sum(action = ${PUSH} AND strength = ${AMBIGUOUS}), sum(action <> ${PUSH}) FROM n WHERE true GROUP BY 1, 2, 3
  ON CONFLICT (credential_id, day, repository_id) DO UPDATE SET pushes = pushes + excluded.pushes,
    possible = possible + excluded.possible, uses = uses + excluded.uses`;

/** What a maintainer wants to hear of: a decoy's every use, and of a token that only CI uses what the registry tells. */
const WATCHED = `(c.mark = 'canary' AND n.strength <> ${AMBIGUOUS} OR c.ci_only = 1 AND n.action = ${USE})`;

// Writes only for credentials that are watched.
const REVIEW = `${NEW} UPDATE credentials AS c SET review_at = min(coalesce(c.review_at, ?2 + ${EXPLAINED_WITHIN_MS}),
    ?2 + iif(c.mark = 'canary', 0, ${EXPLAINED_WITHIN_MS})) FROM n WHERE c.id = n.credential AND ${WATCHED}`;

// Writes 1 row per sighting; 2 if somebody wants to hear of it.
const ADD = `${NEW} INSERT INTO sightings (credential_id, at, key, since, seen_at, source, action, strength, repository_id, seq, reviewed, detail)
  SELECT n.credential, n.at, n.key, n.since, ?2, n.source, n.action, n.strength, n.repository, n.seq, iif(${WATCHED}, 0, NULL), n.detail
  FROM n JOIN credentials c ON c.id = n.credential WHERE true ON CONFLICT DO NOTHING`;

// What a push was attributed to before, and is no more: taken out of the count and away.
const UNCOUNT = `WITH d AS MATERIALIZED (SELECT value ->> 0 AS credential, value ->> 1 AS at, value ->> 2 AS key FROM json_each(?1)),
  o AS MATERIALIZED (SELECT s.* FROM d JOIN sightings s ON s.credential_id = d.credential AND s.at = d.at AND s.key = d.key)
  INSERT INTO credential_days (credential_id, day, repository_id, pushes, possible, uses)
  SELECT credential_id, at / ${DAY_MS}, coalesce(repository_id, 0), -sum(action = ${PUSH} AND strength <> ${AMBIGUOUS}),
    -sum(action = ${PUSH} AND strength = ${AMBIGUOUS}), -sum(action <> ${PUSH}) FROM o WHERE true GROUP BY 1, 2, 3
  ON CONFLICT (credential_id, day, repository_id) DO UPDATE SET pushes = pushes + excluded.pushes,
    possible = possible + excluded.possible, uses = uses + excluded.uses`;
const REMOVE = `DELETE FROM sightings WHERE (credential_id, at, key) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1))`;

const param = (sightings: readonly NewSighting[]): string =>
  JSON.stringify(
    sightings.map(({ source, action, strength, detail, ...rest }) => ({
      ...rest,
      source: sightingSourceCode(source),
      action: sightingActionCode(action),
      strength: strengthCode(strength),
      detail: detail === null ? null : JSON.stringify(detail),
    })),
  );

const keyOf = ({ credential, at, key }: Pick<NewSighting, 'credential' | 'at' | 'key'>): string =>
  `${credential} ${at} ${key}`;

/**
 * Statements that write sightings and count them, for the batch that writes what they tell of. A sighting that is there
 * already (same credential, time and key) changes nothing: the count is exact however often something is told.
 */
export function addSightings(
  db: D1Database,
  sightings: readonly NewSighting[],
  now: number,
): readonly D1PreparedStatement[] {
  const once = [...new Map(sightings.map((each) => [keyOf(each), each])).values()];
  if (once.length === 0) return [];
  const json = param(once);
  const events = sightingEvents(db, once, now);
  return [
    ...(events === null ? [] : [events]),
    db.prepare(COUNT).bind(json),
    db.prepare(REVIEW).bind(json, now),
    db.prepare(ADD).bind(json, now),
  ];
}

/** Statements that take sightings back. */
export function removeSightings(
  db: D1Database,
  keys: readonly Pick<NewSighting, 'credential' | 'at' | 'key'>[],
): readonly D1PreparedStatement[] {
  if (keys.length === 0) return [];
  const once = [...new Map(keys.map((each) => [keyOf(each), each])).values()];
  const json = JSON.stringify(once.map(({ credential, at, key }) => [credential, at, key]));
  return [db.prepare(UNCOUNT).bind(json), db.prepare(REMOVE).bind(json)];
}
