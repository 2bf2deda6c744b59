import type { D1Database } from '@cloudflare/workers-types';
import type { SweepProgress, SweepStore, SweepTarget } from '../usecases/stores.ts';
import { type Blob, digestOf, hexParam, kindCode, originCode, safeHowCode } from './codec.ts';

interface TargetRow {
  id: number;
  team_id: number;
  registry: string;
  path: string;
  created_at: number;
  baseline_at: number | null;
  swept_at: number | null;
  next_sweep_at: number;
  sweep_failures: number;
  sweep: string | null;
}

const COLUMNS = 'id, team_id, registry, path, created_at, baseline_at, swept_at, next_sweep_at, sweep_failures, sweep';

function targetOf(row: TargetRow): SweepTarget {
  return {
    id: row.id,
    teamId: row.team_id,
    image: { registry: row.registry, path: row.path },
    createdAt: row.created_at,
    baselineAt: row.baseline_at,
    sweptAt: row.swept_at,
    nextSweepAt: row.next_sweep_at,
    failures: row.sweep_failures,
    progress: row.sweep === null ? null : (JSON.parse(row.sweep) as SweepProgress), // as `saveProgress` wrote it
  };
}

/** What sweeps read and write. An unchanged tag costs one row read and none written. */
export function createSweepStore(db: D1Database): SweepStore {
  return {
    async due(now, limit) {
      const answer = await db
        .prepare(`SELECT ${COLUMNS} FROM repositories WHERE next_sweep_at <= ?1 ORDER BY next_sweep_at LIMIT ?2`)
        .bind(now, limit)
        .all<TargetRow>();
      return answer.results.map(targetOf);
    },

    async target(repository) {
      const row = await db
        .prepare(`SELECT ${COLUMNS} FROM repositories WHERE id = ?1`)
        .bind(repository)
        .first<TargetRow>();
      return row === null ? null : targetOf(row);
    },

    async all() {
      const answer = await db.prepare('SELECT id FROM repositories ORDER BY id').all<{ id: number }>();
      return answer.results.map((row) => row.id);
    },

    async addTags(repository, tags, now) {
      if (tags.length === 0) return;
      await db
        .prepare(
          `INSERT INTO tags (repository_id, name, digest, push_seq, changed_at) SELECT ?1, value, NULL, 0, ?2 FROM json_each(?3) WHERE true
           ON CONFLICT (repository_id, name) DO UPDATE SET deleted_at = NULL WHERE deleted_at IS NOT NULL`,
        )
        .bind(repository, now, JSON.stringify(tags))
        .run();
    },

    async tagsAfter(repository, name, limit) {
      const answer = await db
        .prepare(
          'SELECT name, digest, changed_at FROM tags WHERE repository_id = ?1 AND name > ?2 AND deleted_at IS NULL ORDER BY name LIMIT ?3',
        )
        .bind(repository, name ?? '', limit)
        .all<{ name: string; digest: Blob | null; changed_at: number }>();
      return answer.results.map((row) => ({ name: row.name, digest: digestOf(row.digest), changedAt: row.changed_at }));
    },

    async recordBaseline(repository, tags, now) {
      const rows = JSON.stringify(tags.map((tag) => [tag.name, hexParam(tag.digest)]));
      // A webhook may have moved a tag between the read and this write: then what it found stays.
      const unread = `JOIN tags t ON t.repository_id = ?1 AND t.name = j.value ->> 0 AND t.digest IS NULL`;
      await db.batch([
        db
          .prepare(
            `INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at)
             SELECT ?1, coalesce((SELECT seq FROM pushes WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 1), 0) + row_number() OVER (), t.name, unhex(j.value ->> 1),
               ${kindCode('manifest')}, ${originCode('baseline')}, ?2 FROM json_each(?3) j ${unread}`,
          )
          .bind(repository, now, rows),
        db
          .prepare(
            `UPDATE tags SET digest = unhex(j.value ->> 1), changed_at = ?2, safe_digest = unhex(j.value ->> 1), safe_at = ?2,
               safe_how = ${safeHowCode('baseline')}, push_seq = (SELECT p.seq FROM pushes p INDEXED BY pushes_by_digest WHERE p.repository_id = ?1
                 AND substr(p.digest, 1, 8) = substr(unhex(j.value ->> 1), 1, 8) AND p.tag = tags.name AND p.digest = unhex(j.value ->> 1) LIMIT 1)
             FROM json_each(?3) j WHERE tags.repository_id = ?1 AND tags.name = j.value ->> 0 AND tags.digest IS NULL`,
          )
          .bind(repository, now, rows),
      ]);
    },

    async recordDeleted(repository, tag, now) {
      await db.batch([
        db
          .prepare(
            `INSERT INTO pushes (repository_id, seq, tag, kind, origin, received_at, previous)
             SELECT ?1, coalesce((SELECT seq FROM pushes WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 1), 0) + 1, name, ${kindCode('deleted')}, ${originCode('sweep')}, ?3, push_seq
             FROM tags WHERE repository_id = ?1 AND name = ?2 AND deleted_at IS NULL AND digest IS NOT NULL
               -- Some registries go on listing what is gone: that is no second deletion.
               AND NOT EXISTS (SELECT 1 FROM pushes h WHERE h.repository_id = ?1 AND h.seq = tags.push_seq AND h.kind = ${kindCode('deleted')})`,
          )
          .bind(repository, tag, now),
        db
          .prepare(
            // What was just written is the newest push. Only that one is looked at: without it there is nothing to find.
            `UPDATE tags SET deleted_at = ?3, push_seq = coalesce((SELECT seq FROM (SELECT seq, tag, kind, received_at FROM pushes
                 WHERE repository_id = ?1 ORDER BY seq DESC LIMIT 1)
               WHERE tag = ?2 AND kind = ${kindCode('deleted')} AND received_at = ?3), push_seq)
             WHERE repository_id = ?1 AND name = ?2 AND deleted_at IS NULL`,
          )
          .bind(repository, tag, now),
      ]);
    },

    async saveProgress(target, progress, next) {
      await db
        .prepare(
          `UPDATE repositories SET sweep = ?2, next_sweep_at = ?3, sweep_failures = ?4, swept_at = coalesce(?5, swept_at), baseline_at = coalesce(baseline_at, ?6)
           WHERE id = ?1`,
        )
        .bind(
          target.id,
          progress === null ? null : JSON.stringify(progress),
          next.nextSweepAt,
          next.failures,
          next.sweptAt,
          next.baselineAt,
        )
        .run();
    },
  };
}
