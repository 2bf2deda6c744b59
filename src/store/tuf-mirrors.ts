import type { D1Database } from '@cloudflare/workers-types';
import { digestHex } from '../domain/digest.ts';
import type { MirrorAttempt, MirrorState, MirrorStore } from '../usecases/tuf-mirrors.ts';
import { type Blob, digestOf } from './codec.ts';

interface StateRow {
  name: string;
  attempted_at: number;
  failures: number;
  failing_since: number | null;
  fresh_until: number | null;
}

interface AttemptRow extends StateRow {
  rev: number;
  origin: string | null;
  root: string | null;
  timestamp: string | null;
  snapshot: string | null;
  targets: string | null;
  trusted_root: string | null;
  trusted_root_id: Blob | null;
}

const STATE = 'name, attempted_at, failures, failing_since, fresh_until';

/** TUF repositories that trusted roots come from: a row each. `changed` is called when a root may have changed. */
export function createMirrorStore(db: D1Database, changed: () => void): MirrorStore {
  return {
    async states() {
      const rows = await db.prepare(`SELECT ${STATE} FROM tuf_mirrors ORDER BY name LIMIT 100`).all<StateRow>();
      return rows.results.map(stateOf);
    },

    async begin(name, notSince, now) {
      const row = await db
        .prepare(
          `INSERT INTO tuf_mirrors (name, attempted_at, failures, failing_since) VALUES (?1, ?3, 1, ?3)
           ON CONFLICT (name) DO UPDATE SET attempted_at = ?3, failures = failures + 1, failing_since = coalesce(failing_since, ?3)
           WHERE attempted_at <= ?2
           RETURNING ${STATE}, rev, origin, root, timestamp, snapshot, targets, trusted_root, trusted_root_id`,
        )
        .bind(name, notSince, now)
        .first<AttemptRow>();
      return row === null ? null : { ...stateOf(row), rev: row.rev, known: knownOf(row) };
    },

    async save({ name, rev }, { metadata, trustedRoot, freshUntil }, now) {
      await db
        .prepare(
          `UPDATE tuf_mirrors SET rev = rev + 1, failures = 0, failing_since = NULL, problem = NULL, refreshed_at = ?3, fresh_until = ?4,
             origin = ?5, root = ?6, timestamp = ?7, snapshot = ?8, targets = ?9, trusted_root = ?10, trusted_root_id = unhex(?11)
           WHERE name = ?1 AND rev = ?2`,
        )
        .bind(
          name,
          rev,
          now,
          freshUntil,
          metadata.origin,
          metadata.root,
          metadata.timestamp,
          metadata.snapshot,
          metadata.targets,
          trustedRoot.json,
          digestHex(trustedRoot.id),
        )
        .run();
      changed();
    },

    async failed({ name, rev }, reason) {
      await db
        .prepare('UPDATE tuf_mirrors SET problem = ?3 WHERE name = ?1 AND rev = ?2')
        .bind(name, rev, reason)
        .run();
    },

    async forgive(name) {
      await db
        .prepare('UPDATE tuf_mirrors SET failures = 0, failing_since = NULL, problem = NULL WHERE name = ?1')
        .bind(name)
        .run();
    },
  };
}

const stateOf = (row: StateRow): MirrorState => ({
  name: row.name,
  attemptedAt: row.attempted_at,
  failures: row.failures,
  failingSince: row.failing_since,
  freshUntil: row.fresh_until,
});

/** All or nothing: `save` writes these columns together. */
function knownOf(row: AttemptRow): MirrorAttempt['known'] {
  const { origin, root, timestamp, snapshot, targets, trusted_root: json } = row;
  const id = digestOf(row.trusted_root_id);
  if (origin === null || root === null || timestamp === null || snapshot === null) return null;
  if (targets === null || json === null || id === null) return null;
  return { metadata: { origin, root, timestamp, snapshot, targets }, trustedRoot: { id, json } };
}
