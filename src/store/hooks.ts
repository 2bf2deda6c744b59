import type { D1Database } from '@cloudflare/workers-types';
import type { StoredSecret } from '../usecases/ports.ts';
import { type AuditEntry, auditEntry } from './audit.ts';
import type { Blob } from './codec.ts';
import type { Provider } from './repositories.ts';

/** A hook as an incoming request needs it. */
export interface HookRecord {
  readonly id: number;
  readonly teamId: number;
  readonly publicId: string;
  readonly provider: Provider;
  readonly registry: string;
  readonly secrets: readonly { readonly sealed: string | null; readonly expiresAt: number | null }[];
}

interface Row {
  id: number;
  team_id: number;
  public_id: string;
  provider: Provider;
  registry: string;
  sealed: string | null;
  expires_at: number | null;
}

const SELECT =
  'SELECT h.id, h.team_id, h.public_id, h.provider, h.registry, s.sealed, s.expires_at FROM hooks h JOIN hook_secrets s ON s.hook_id = h.id';

function hookOf(rows: readonly Row[]): HookRecord | null {
  const [first] = rows;
  if (first === undefined) return null;
  return {
    id: first.id,
    teamId: first.team_id,
    publicId: first.public_id,
    provider: first.provider,
    registry: first.registry,
    secrets: rows.map((row) => ({ sealed: row.sealed, expiresAt: row.expires_at })),
  };
}

/** Webhook addresses and their secrets. A path secret is found by its hash; an HMAC secret is kept encrypted. */
export function createHookStore(db: D1Database) {
  return {
    /** The hook whose path secret has this SHA-256, if the secret has not expired. */
    async bySecret(hash: Uint8Array, now: number): Promise<HookRecord | null> {
      const rows = await db
        .prepare(`${SELECT} WHERE s.hash = ?1 AND (s.expires_at IS NULL OR s.expires_at > ?2)`)
        .bind(hash, now)
        .all<Row>();
      return hookOf(rows.results);
    },

    /** The hook with this public id and its live secrets. */
    async byPublicId(publicId: string, now: number): Promise<HookRecord | null> {
      const rows = await db
        .prepare(
          `${SELECT} WHERE h.public_id = ?1 AND (s.expires_at IS NULL OR s.expires_at > ?2) ORDER BY s.id DESC LIMIT 5`,
        )
        .bind(publicId, now)
        .all<Row>();
      return hookOf(rows.results);
    },

    /** Which secrets and public ids there are, or `null` if they are more than `most`. */
    async roll(now: number, most: number): Promise<{ hashes: Uint8Array[]; publicIds: string[] } | null> {
      const rows = await db
        .prepare(
          `SELECT s.hash, h.public_id FROM hook_secrets s JOIN hooks h ON h.id = s.hook_id
           WHERE s.expires_at IS NULL OR s.expires_at > ?1 LIMIT ?2`,
        )
        .bind(now, most + 1)
        .all<{ hash: Blob; public_id: string }>();
      if (rows.results.length > most) return null;
      return {
        hashes: rows.results.map(({ hash }) => new Uint8Array(hash)),
        publicIds: rows.results.map((row) => row.public_id),
      };
    },

    async inTeam(
      teamId: number,
      id: number,
    ): Promise<{ id: number; publicId: string; provider: Provider; registry: string } | null> {
      return db
        .prepare('SELECT id, public_id AS publicId, provider, registry FROM hooks WHERE id = ?2 AND team_id = ?1')
        .bind(teamId, id)
        .first<{ id: number; publicId: string; provider: Provider; registry: string }>();
    },

    async list(
      teamId: number,
    ): Promise<
      { id: number; publicId: string; provider: Provider; registry: string; createdAt: number; images: string[] }[]
    > {
      const rows = await db
        .prepare(
          `SELECT h.id, h.public_id AS publicId, h.provider, h.registry, h.created_at AS createdAt,
             (SELECT json_group_array(r.registry || '/' || r.path) FROM repositories r WHERE r.hook_id = h.id) AS images
           FROM hooks h WHERE h.team_id = ?1 ORDER BY h.id LIMIT 500`,
        )
        .bind(teamId)
        .all<{
          id: number;
          publicId: string;
          provider: Provider;
          registry: string;
          createdAt: number;
          images: string;
        }>();
      return rows.results.map((row) => ({ ...row, images: JSON.parse(row.images) as string[] })); // as the query builds it
    },

    /** Adds a secret; those before it live until `oldUntil` (ms). */
    async rotate(
      hookId: number,
      secret: StoredSecret,
      oldUntil: number,
      now: number,
      audit: AuditEntry,
    ): Promise<void> {
      await db.batch([
        db.prepare('DELETE FROM hook_secrets WHERE hook_id = ?1 AND expires_at <= ?2').bind(hookId, now),
        db
          .prepare('UPDATE hook_secrets SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE hook_id = ?1')
          .bind(hookId, oldUntil),
        db
          .prepare('INSERT INTO hook_secrets (hook_id, hash, sealed, created_at) VALUES (?1, ?2, ?3, ?4)')
          .bind(hookId, secret.hash, secret.sealed, now),
        auditEntry(db, audit),
      ]);
    },
  };
}

export type HookStore = ReturnType<typeof createHookStore>;
