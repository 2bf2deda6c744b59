import { kindCode, verdictCode } from './codec.ts';

const [TRUSTED, ROGUE] = [verdictCode('trusted'), verdictCode('rogue')];
const IMAGES = [kindCode('manifest'), kindCode('index'), kindCode('untagged')].join(', ');
/** How far back along a tag's chain. */
const MOST_BACK = 20;

/**
 * With what each push is compared: the image its tag had before, and not one that an attacker put there a moment earlier.
 * So the nearest that was trusted (or was there at registration); else the nearest that was not rogue; else the nearest.
 *
 * @param asked SELECT of (repository_id, seq, rev); a null `rev` is any
 * @returns tables for `WITH RECURSIVE`: `asked` (r, s, own digest, previous) and `compared` (r, s, base, digest, back), a
 * row per push that has one. Reads at most 20 rows per push, by key.
 */
export const comparedWith = (asked: string): string => `asked (r, s, own, previous) AS MATERIALIZED (
    SELECT p.repository_id, p.seq, p.digest, p.previous FROM (${asked}) k CROSS JOIN pushes p ON p.repository_id = k.repository_id AND p.seq = k.seq
    WHERE p.digest IS NOT NULL AND p.kind IN (${IMAGES}) AND p.rev = coalesce(k.rev, p.rev)),
  chain (r, s, own, at, digest, verdict, previous, n) AS (
    SELECT a.r, a.s, a.own, p.seq, p.digest, p.verdict, p.previous, 1 FROM asked a CROSS JOIN pushes p ON p.repository_id = a.r AND p.seq = a.previous
    UNION ALL SELECT c.r, c.s, c.own, p.seq, p.digest, p.verdict, p.previous, c.n + 1
    FROM chain c CROSS JOIN pushes p ON p.repository_id = c.r AND p.seq = c.previous
    WHERE c.n < ${MOST_BACK} AND (c.digest IS NULL OR c.digest = c.own OR c.verdict <> ${TRUSTED})),
  ranked AS (SELECT r, s, at, digest, n, row_number() OVER (PARTITION BY r, s
      ORDER BY CASE WHEN coalesce(verdict, ${TRUSTED}) = ${TRUSTED} THEN 0 WHEN verdict = ${ROGUE} THEN 2 ELSE 1 END, n) AS place
    FROM chain WHERE digest IS NOT NULL AND digest <> own),
  compared (r, s, base, digest, back) AS MATERIALIZED (SELECT r, s, at, digest, n FROM ranked WHERE place = 1)`;
