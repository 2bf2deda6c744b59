import type { D1Database } from '@cloudflare/workers-types';
import { LINK_LIFE_MS } from '../domain/person.ts';
import { type AuditEntry, auditEntry } from './audit.ts';

/** Whom a link signs in, and where. */
export type LinkedSignIn =
  | { readonly teamId: number; readonly personId: number }
  | { readonly teamId: number; readonly keyId: number };

/** One-time links, found by their SHA-256. Using one and deleting it is one statement: it opens once. */
export function createSignInLinkStore(db: D1Database) {
  return {
    /**
     * Makes a link for a member who has no account elsewhere. `false` for anyone else: an owner must not be able to sign
     * in as a person whose other teams are none of the owner's business.
     */
    async add(
      link: { readonly hash: Uint8Array; readonly teamId: number; readonly personId: number; readonly now: number },
      audit: AuditEntry,
    ): Promise<boolean> {
      const { hash, teamId, personId, now } = link;
      const added = await db
        .prepare(
          `INSERT INTO sign_in_links (hash, team_id, person_id, expires_at, created_at, created_by)
           SELECT ?1, m.team_id, m.person_id, ?4, ?5, ?6 FROM memberships m WHERE m.team_id = ?2 AND m.person_id = ?3
             AND NOT EXISTS (SELECT 1 FROM identities WHERE person_id = ?3)
             AND NOT EXISTS (SELECT 1 FROM memberships o WHERE o.person_id = ?3 AND o.team_id <> ?2) RETURNING team_id`,
        )
        .bind(hash, teamId, personId, now + LINK_LIFE_MS, now, audit.actor)
        .first();
      if (added === null) return false;
      await auditEntry(db, audit).run();
      return true;
    },

    /** Makes a link that signs in as a key: whoever makes it has that key. */
    async addForKey(
      link: { readonly hash: Uint8Array; readonly teamId: number; readonly keyId: number; readonly now: number },
      audit: AuditEntry,
    ): Promise<void> {
      const { hash, teamId, keyId, now } = link;
      await db.batch([
        db
          .prepare(
            'INSERT INTO sign_in_links (hash, team_id, key_id, expires_at, created_at, created_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6)',
          )
          .bind(hash, teamId, keyId, now + LINK_LIFE_MS, now, audit.actor),
        auditEntry(db, audit),
      ]);
    },

    /** Uses a link up. `null`: not known, used already, or too old. */
    async redeem(hash: Uint8Array, now: number): Promise<LinkedSignIn | null> {
      const row = await db
        .prepare(
          'DELETE FROM sign_in_links WHERE hash = ?1 AND expires_at > ?2 RETURNING team_id AS teamId, person_id AS personId, key_id AS keyId',
        )
        .bind(hash, now)
        .first<{ teamId: number; personId: number | null; keyId: number | null }>();
      if (row === null) return null;
      if (row.personId !== null) return { teamId: row.teamId, personId: row.personId };
      return row.keyId === null ? null : { teamId: row.teamId, keyId: row.keyId };
    },
  };
}

export type SignInLinkStore = ReturnType<typeof createSignInLinkStore>;
