import type { D1Database } from '@cloudflare/workers-types';
import { type Digest, digestHex } from '../domain/digest.ts';
import { PUSH_COLUMNS, PUSH_JOINS, type PushRecord, type PushRow, pushOf } from './history.ts';

export interface FoundTag {
  readonly repository: number;
  readonly image: string;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly changedAt: number;
}

export interface Found {
  readonly images: readonly { readonly id: number; readonly image: string }[];
  readonly tags: readonly FoundTag[];
  readonly pushes: readonly PushRecord[];
}

const LIMIT = 20;

/** Looks things up for people, by what they can copy from elsewhere. One round trip, by keys and indexes of each image. */
export function createSearchStore(db: D1Database) {
  return {
    /** `digest`: what `text` is, if it is one. Images match in part, tags as a whole. */
    async find(teamId: number, text: string, digest: Digest | null): Promise<Found> {
      const [images, tags, pushes] = await db.batch<Record<string, unknown>>([
        db
          .prepare(
            `SELECT id, registry || '/' || path AS image FROM repositories WHERE team_id = ?1 AND instr(registry || '/' || path, lower(?2)) > 0 ORDER BY path LIMIT ${LIMIT}`,
          )
          .bind(teamId, text),
        db
          .prepare(
            `SELECT r.id AS repository, r.registry || '/' || r.path AS image, t.name AS tag, 'sha256:' || lower(hex(t.digest)) AS digest, t.changed_at AS changedAt
             FROM repositories r JOIN tags t ON t.repository_id = r.id AND t.name = ?2 WHERE r.team_id = ?1 AND t.deleted_at IS NULL LIMIT ${LIMIT}`,
          )
          .bind(teamId, text),
        db
          .prepare(
            `SELECT ${PUSH_COLUMNS} FROM repositories w CROSS JOIN pushes p INDEXED BY pushes_by_digest ON p.repository_id = w.id AND p.digest IS NOT NULL AND substr(p.digest, 1, 8) = unhex(?2) AND p.digest = unhex(?3)
             ${PUSH_JOINS} WHERE w.team_id = ?1 LIMIT ${LIMIT}`,
          )
          .bind(
            teamId,
            digest === null ? '' : digestHex(digest).slice(0, 16),
            digest === null ? '' : digestHex(digest),
          ),
      ]);
      // Each answer has the columns that its statement names.
      return {
        images: (images?.results ?? []) as unknown as Found['images'],
        tags: (tags?.results ?? []) as unknown as FoundTag[],
        pushes: ((pushes?.results ?? []) as unknown as PushRow[]).map(pushOf),
      };
    },
  };
}

export type SearchStore = ReturnType<typeof createSearchStore>;
