import type { D1Database } from '@cloudflare/workers-types';
import { type Digest, digestHex } from '../domain/digest.ts';
import { RELEASE_COLUMNS, RELEASE_JOINS, type ReleasePush, type ReleaseRow, releaseOf } from './release-pushes.ts';

/** A push of a digest. */
export interface DigestPush extends ReleasePush {
  /** Its tag points at the digest now. */
  readonly isThere: boolean;
}

export interface DigestPage {
  /** Newest first. */
  readonly pushes: readonly DigestPush[];
  /** There are more than were read. */
  readonly isCut: boolean;
}

/** A digest that is pushed again every night has as many pushes as nights. */
const PUSHES = 200;

// Reads of each image of the team the entries of the digest index, and at most 200 pushes.
const READ = `SELECT ${RELEASE_COLUMNS}, coalesce(t.digest = p.digest AND t.deleted_at IS NULL, 0) AS there
  FROM (SELECT q.repository_id, q.seq FROM repositories w CROSS JOIN pushes q INDEXED BY pushes_by_digest ON q.repository_id = w.id
      AND q.digest IS NOT NULL AND substr(q.digest, 1, 8) = unhex(?2) AND q.digest = unhex(?3) WHERE w.team_id = ?1 LIMIT ${PUSHES + 1}) l
    CROSS JOIN pushes p ON p.repository_id = l.repository_id AND p.seq = l.seq ${RELEASE_JOINS}
    LEFT JOIN tags t ON t.repository_id = p.repository_id AND t.name = p.tag`;

/** Whether a digest has been seen in any image of a team, in one round trip. */
export function createDigestPageStore(db: D1Database) {
  return {
    async page(teamId: number, digest: Digest): Promise<DigestPage> {
      const hex = digestHex(digest);
      const answer = await db.prepare(READ).bind(teamId, hex.slice(0, 16), hex).all<ReleaseRow & { there: number }>();
      const pushes = answer.results.map((row) => ({ ...releaseOf(row), isThere: row.there === 1 }));
      return {
        pushes: pushes.slice(0, PUSHES).sort((a, b) => b.receivedAt - a.receivedAt || b.seq - a.seq),
        isCut: pushes.length > PUSHES,
      };
    },
  };
}

export type DigestPageStore = ReturnType<typeof createDigestPageStore>;
