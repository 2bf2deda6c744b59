import type { D1Database } from '@cloudflare/workers-types';
import type { PushKey, SeenPush } from '../usecases/stores.ts';
import { hexParam, originCode } from './codec.ts';

/** Without statistics the planner takes the key and reads a repository's whole history: it is told which index to use. */
export const BY_DIGEST = 'pushes p INDEXED BY pushes_by_digest';
export const BY_DUE = 'pushes p INDEXED BY pushes_due';

/** Records a push that no webhook told of; `null` if the tag is known to be there, or a push of it will find out. */
export async function recordSeen(db: D1Database, seen: SeenPush, now: number): Promise<PushKey | null> {
  const row = await db
    .prepare(
      `INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, not_before, actor_id, verdict, next_at)
       SELECT ?1, coalesce((SELECT seq FROM pushes WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 1), 0) + 1, ?2, unhex(?3), 0, ?4, ?5, ?6, ?7, 0, ?5
       WHERE NOT EXISTS (SELECT 1 FROM tags WHERE repository_id = ?1 AND name = ?2 AND digest = unhex(?3))
         AND NOT EXISTS (SELECT 1 FROM ${BY_DIGEST} WHERE p.repository_id = ?1 AND substr(p.digest, 1, 8) = substr(unhex(?3), 1, 8)
           AND p.tag = ?2 AND p.digest = unhex(?3) AND p.next_at IS NOT NULL)
         -- A webhook told of this tag and waits for its digest: it will find this one.
         AND NOT EXISTS (SELECT 1 FROM ${BY_DUE} WHERE p.next_at IS NOT NULL AND p.repository_id = ?1 AND p.tag = ?2 AND p.digest IS NULL)
       RETURNING seq`,
    )
    .bind(seen.repository, seen.tag, hexParam(seen.digest), originCode(seen.origin), now, seen.notBefore, seen.actorId)
    .first<{ seq: number }>();
  return row === null ? null : { repository: seen.repository, seq: row.seq };
}
