import type { D1Database } from '@cloudflare/workers-types';
import { type AuditEntry, auditEntry, auditIfChanged } from './audit.ts';

/** `responder`: acknowledges and snoozes. `admin`: marks as expected too, which may change a policy. */
export type SlackRole = 'responder' | 'admin';

export interface SlackUser {
  readonly workspace: string;
  readonly user: string;
  readonly name: string;
  readonly role: SlackRole;
  readonly addedAt: number;
  readonly addedBy: string;
}

/** Who may press buttons in Slack, by team. At most 500 are listed. */
export function createSlackUserStore(db: D1Database) {
  return {
    async list(teamId: number): Promise<SlackUser[]> {
      const rows = await db
        .prepare(
          'SELECT workspace, user, name, role, added_at AS addedAt, added_by AS addedBy FROM slack_users WHERE team_id = ?1 LIMIT 500',
        )
        .bind(teamId)
        .all<SlackUser>();
      return rows.results;
    },

    /** Ids of those of a workspace who can be asked. */
    async admins(teamId: number, workspace: string): Promise<string[]> {
      const rows = await db
        .prepare("SELECT user FROM slack_users WHERE team_id = ?1 AND workspace = ?2 AND role = 'admin' LIMIT 5")
        .bind(teamId, workspace)
        .all<{ user: string }>();
      return rows.results.map(({ user }) => user);
    },

    /** Adds somebody, or changes their name and role. */
    async put(
      teamId: number,
      { workspace, user, name, role, addedAt, addedBy }: SlackUser,
      audit: AuditEntry,
    ): Promise<void> {
      await db.batch([
        db
          .prepare(
            `INSERT INTO slack_users (team_id, workspace, user, name, role, added_at, added_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (team_id, workspace, user) DO UPDATE SET name = excluded.name, role = excluded.role`,
          )
          .bind(teamId, workspace, user, name, role, addedAt, addedBy),
        auditEntry(db, audit),
      ]);
    },

    async remove(teamId: number, workspace: string, user: string, audit: AuditEntry): Promise<boolean> {
      const results = await db.batch([
        db
          .prepare('DELETE FROM slack_users WHERE team_id = ?1 AND workspace = ?2 AND user = ?3')
          .bind(teamId, workspace, user),
        auditIfChanged(db, audit),
      ]);
      return (results[0]?.meta.changes ?? 0) > 0;
    },
  };
}

export type SlackUserStore = ReturnType<typeof createSlackUserStore>;
