import type { D1Database } from '@cloudflare/workers-types';
import { type AuditEntry, auditEntry } from './audit.ts';

export type KeyScope = 'read' | 'admin';

/** An API key as the API lists it; the key itself is not stored. */
export interface KeyRecord {
  readonly id: number;
  readonly name: string;
  readonly scope: KeyScope;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly lastUsedAt: number | null;
}

/** Last use is written at most this often, in ms: it is a hint for people, and each write costs a row. */
const LAST_USED_EVERY_MS = 60_000;

/** API keys, stored as SHA-256: 256 random bits need no slow hash. */
export function createKeyStore(db: D1Database) {
  return {
    async byHash(
      hash: Uint8Array,
      now: number,
    ): Promise<{ id: number; teamId: number; name: string; scope: KeyScope } | null> {
      const row = await db
        .prepare(
          'SELECT id, team_id AS teamId, name, scope, last_used_at AS lastUsedAt FROM api_keys WHERE hash = ?1 AND revoked_at IS NULL',
        )
        .bind(hash)
        .first<{ id: number; teamId: number; name: string; scope: KeyScope; lastUsedAt: number | null }>();
      if (row === null) return null;
      if (row.lastUsedAt === null || Math.abs(now - row.lastUsedAt) >= LAST_USED_EVERY_MS) {
        await db.prepare('UPDATE api_keys SET last_used_at = ?2 WHERE id = ?1').bind(row.id, now).run();
      }
      return { id: row.id, teamId: row.teamId, name: row.name, scope: row.scope };
    },

    async list(teamId: number): Promise<KeyRecord[]> {
      const rows = await db
        .prepare(
          `SELECT id, name, scope, created_at AS createdAt, created_by AS createdBy, last_used_at AS lastUsedAt
           FROM api_keys WHERE team_id = ?1 AND revoked_at IS NULL ORDER BY id LIMIT 500`,
        )
        .bind(teamId)
        .all<KeyRecord>();
      return rows.results;
    },

    async add(
      teamId: number,
      key: { name: string; scope: KeyScope; hash: Uint8Array; by: string; now: number },
      audit: AuditEntry,
    ): Promise<number> {
      const results = await db.batch<{ id: number }>([
        db
          .prepare(
            'INSERT INTO api_keys (team_id, name, scope, hash, created_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id',
          )
          .bind(teamId, key.name, key.scope, key.hash, key.now, key.by),
        auditEntry(db, audit),
      ]);
      return results[0]?.results[0]?.id ?? 0;
    },

    /** Answers `false` if the team has no such live key. */
    async revoke(teamId: number, id: number, now: number, audit: AuditEntry): Promise<boolean> {
      const revoked = await db
        .prepare(
          'UPDATE api_keys SET revoked_at = ?3 WHERE id = ?2 AND team_id = ?1 AND revoked_at IS NULL RETURNING id',
        )
        .bind(teamId, id, now)
        .first<{ id: number }>();
      if (revoked === null) return false;
      await auditEntry(db, audit).run();
      return true;
    },
  };
}

export type KeyStore = ReturnType<typeof createKeyStore>;
