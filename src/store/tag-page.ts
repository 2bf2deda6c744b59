import type { D1Database } from '@cloudflare/workers-types';
import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import { type Blob, DAY_MS, digestOf } from './codec.ts';
import type { TagRecord } from './history.ts';
import { TAG_SELECT, type TagRow, tagOf } from './history.ts';
import { RELEASE_COLUMNS, RELEASE_JOINS, type ReleasePush, type ReleaseRow, releaseOf } from './release-pushes.ts';
import { REPOSITORY_SELECT, type RepositoryRecord, type RepositoryRow, repositoryOf } from './repositories.ts';

/** A maintainer's word that a tag is about to move. */
export interface Expected {
  readonly digest: Digest | null;
  readonly by: string;
  readonly until: number;
}

export interface TagPage {
  readonly repository: RepositoryRecord;
  /** `null`: no tag of this name is known here. */
  readonly tag: TagRecord | null;
  /** Newest first, at most one more than was asked for. */
  readonly moves: readonly ReleasePush[];
  readonly expected: readonly Expected[];
}

/** Every statement finds the image by its team and name: whose it is not, has nothing. */
const ID = '(SELECT id FROM repositories WHERE team_id = ?1 AND registry = ?2 AND path = ?3)';

const REPOSITORY = `${REPOSITORY_SELECT} WHERE r.team_id = ?1 AND r.registry = ?2 AND r.path = ?3`;
const TAG = `${TAG_SELECT} WHERE t.repository_id = ${ID} AND t.name = ?4`;

// Along the chain of `previous`, from the push that a cursor names: rows read are the rows shown.
const MOVES = `WITH RECURSIVE chain (seq, n) AS (
    SELECT coalesce(?5, t.push_seq), 1 FROM tags t WHERE t.repository_id = ${ID} AND t.name = ?4
    UNION ALL SELECT p.previous, chain.n + 1 FROM chain CROSS JOIN pushes p ON p.repository_id = ${ID} AND p.seq = chain.seq AND p.tag = ?4
      WHERE p.previous IS NOT NULL AND chain.n < ?6)
  SELECT ${RELEASE_COLUMNS} FROM chain CROSS JOIN pushes p ON p.repository_id = ${ID} AND p.seq = chain.seq AND p.tag = ?4 ${RELEASE_JOINS} ORDER BY chain.n`;

/** Expectations last a day at most, and few are open at once. */
const EXPECTED = `SELECT digest, run AS by, expires_at AS until FROM announcements INDEXED BY announcements_by_repository
  WHERE repository_id = ${ID} AND at > ?5 - ${DAY_MS} AND source = 'maintainer' AND expires_at > ?5 AND closed_at IS NULL
    AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?4) ORDER BY at DESC LIMIT 5`;

/** The history of one tag, like a reflog, in one round trip. */
export function createTagPageStore(db: D1Database) {
  return {
    /** `before`: the push to begin with. `null`: the team does not watch the image. */
    async page(
      teamId: number,
      { registry, path }: ImageName,
      tag: string,
      { before, limit, now }: { readonly before: number | null; readonly limit: number; readonly now: number },
    ): Promise<TagPage | null> {
      const own = [teamId, registry, path] as const;
      const results = await db.batch([
        db.prepare(REPOSITORY).bind(...own),
        db.prepare(TAG).bind(...own, tag),
        db.prepare(MOVES).bind(...own, tag, before, limit + 1),
        db.prepare(EXPECTED).bind(...own, tag, now),
      ]);
      // Each answer has the columns that its statement names.
      const rows = <T>(n: number): T[] => (results[n]?.results ?? []) as T[];
      const [repository] = rows<RepositoryRow>(0);
      const [known] = rows<TagRow>(1);
      if (repository === undefined) return null;
      return {
        repository: repositoryOf(repository, null),
        tag: known === undefined ? null : tagOf(known),
        moves: rows<ReleaseRow>(2).map(releaseOf),
        expected: rows<{ digest: Blob | null; by: string; until: number }>(3).map((row) => ({
          ...row,
          digest: digestOf(row.digest),
        })),
      };
    },
  };
}

export type TagPageStore = ReturnType<typeof createTagPageStore>;
