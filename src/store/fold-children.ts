import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Digest } from '../domain/digest.ts';
import { DAY_MS, hexParam, kindCode, verdictCode } from './codec.ts';
import { COUNTED_PUSH, uncountPushes } from './push-weeks.ts';

const CHILDREN = `pushes.repository_id = ?1 AND substr(pushes.digest, 1, 8) = substr(unhex(j.value), 1, 8)
    AND pushes.digest = unhex(j.value) AND pushes.tag = '' AND pushes.verdict IS NOT NULL AND pushes.verdict <> ${verdictCode('rogue')}`;

// Reads the pushes of an index's parts, and of each its sighting by key.
const SEEN = `WITH o AS MATERIALIZED (SELECT s.credential_id, s.at, s.key FROM json_each(?2) j
    JOIN pushes INDEXED BY pushes_by_digest ON ${CHILDREN}
    JOIN sightings s ON s.credential_id = pushes.actor_id AND s.at = pushes.received_at AND s.key = 'p' || pushes.repository_id || '-' || pushes.seq)`;

// Writes 1 row per credential and day if a part was counted, none otherwise.
const UNCOUNT = `${SEEN} UPDATE credential_days SET pushes = pushes - c.n
  FROM (SELECT credential_id, at / ${DAY_MS} AS day, count(*) AS n FROM o GROUP BY 1, 2) c
  WHERE credential_days.credential_id = c.credential_id AND credential_days.day = c.day AND credential_days.repository_id = ?1`;
const FORGET = `${SEEN} DELETE FROM sightings WHERE (credential_id, at, key) IN (SELECT credential_id, at, key FROM o)`;

// Writes 1 row per week if a part was counted, none otherwise.
const UNCOUNT_JUDGED = uncountPushes(
  `json_each(?2) j JOIN pushes INDEXED BY pushes_by_digest ON ${CHILDREN} WHERE ${COUNTED_PUSH}`,
);

const FOLD = `UPDATE pushes INDEXED BY pushes_by_digest SET kind = ${kindCode('child')}, subject = unhex(?3), verdict = NULL, next_at = NULL, rev = rev + 1
  FROM json_each(?2) j WHERE ${CHILDREN}`;

/**
 * Statements that make what was pushed by digest for an index a part of it. Parts come before their index, and may have
 * been decided and counted as pushes: one release is one use of a credential.
 */
export function foldChildren(
  db: D1Database,
  repository: number,
  index: Digest,
  digests: readonly Digest[],
): readonly D1PreparedStatement[] {
  const children = JSON.stringify(digests.map(hexParam));
  return [
    db.prepare(UNCOUNT).bind(repository, children),
    db.prepare(FORGET).bind(repository, children),
    db.prepare(UNCOUNT_JUDGED).bind(repository, children),
    db.prepare(FOLD).bind(repository, children, hexParam(index)),
  ];
}
