import type { D1Database } from '@cloudflare/workers-types';
import type { Source } from '../usecases/credential-stores.ts';
import { type AuditEntry, auditEntry } from './audit.ts';
import { sourceOf } from './sources.ts';

/** A source as people connect it. */
export interface NewSource {
  readonly account: string;
  /** Empty: none. */
  readonly organization: string;
  readonly sealed: string;
}

const UNIQUE = 'UNIQUE constraint failed: sources';

/** Connecting and disconnecting sources. Every query is scoped by team. */
export function createSourceAdminStore(db: D1Database) {
  return {
    /** Answers with the new source's id, or `null` if the team reads this account already. */
    async add(teamId: number, source: NewSource, by: string, now: number, audit: AuditEntry): Promise<number | null> {
      const { account, organization, sealed } = source;
      try {
        const results = await db.batch<{ id: number }>([
          db
            .prepare(
              `INSERT INTO sources (team_id, kind, account, organization, sealed, created_at, created_by, next_poll_at, status)
               VALUES (?1, 'dockerhub', ?2, ?3, ?4, ?5, ?6, ?5, '{}') RETURNING id`,
            )
            .bind(teamId, account, organization, sealed, now, by),
          auditEntry(db, audit),
        ]);
        return results[0]?.results[0]?.id ?? null;
      } catch (error) {
        if (error instanceof Error && error.message.includes(UNIQUE)) return null;
        throw error;
      }
    },

    async list(teamId: number): Promise<Source[]> {
      const rows = await db
        .prepare('SELECT * FROM sources WHERE team_id = ?1 ORDER BY id LIMIT 200')
        .bind(teamId)
        .all<Parameters<typeof sourceOf>[0]>();
      return rows.results.map(sourceOf);
    },

    /** A new login. What was refused is asked for again at once; where it was read to stays. */
    async change(teamId: number, id: number, sealed: string, now: number, audit: AuditEntry): Promise<void> {
      await db.batch([
        db
          .prepare(
            `UPDATE sources SET sealed = ?3, next_poll_at = ?4, progress = NULL, rev = rev + 1,
               status = json_replace(status, '$."personal-tokens".askedAt', 0, '$."organization-tokens".askedAt', 0, '$."audit-log".askedAt', 0)
             WHERE team_id = ?1 AND id = ?2`,
          )
          .bind(teamId, id, sealed, now),
        auditEntry(db, audit),
      ]);
    },

    /** What was learnt from it stays. Its tokens are not watched any more: nobody says whether they still exist. */
    async remove(teamId: number, id: number, audit: AuditEntry): Promise<void> {
      await db.batch([
        db
          .prepare('UPDATE credentials SET source_id = NULL, active = NULL WHERE team_id = ?1 AND source_id = ?2')
          .bind(teamId, id),
        db
          .prepare('DELETE FROM audit_rows WHERE source_id = (SELECT id FROM sources WHERE team_id = ?1 AND id = ?2)')
          .bind(teamId, id),
        db.prepare('DELETE FROM sources WHERE team_id = ?1 AND id = ?2').bind(teamId, id),
        auditEntry(db, audit),
      ]);
    },

    /** To be read now. */
    async pollNow(teamId: number, id: number, now: number, audit: AuditEntry): Promise<void> {
      await db.batch([
        db.prepare('UPDATE sources SET next_poll_at = ?3 WHERE team_id = ?1 AND id = ?2').bind(teamId, id, now),
        auditEntry(db, audit),
      ]);
    },
  };
}

export type SourceAdminStore = ReturnType<typeof createSourceAdminStore>;
