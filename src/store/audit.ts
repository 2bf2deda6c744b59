import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';

/** Who changed what. Written in the same batch as the change. */
export interface AuditEntry {
  readonly teamId: number;
  readonly at: number;
  /** `key:laptop`. */
  readonly actor: string;
  /** `repository.created`, `policy.changed`, … */
  readonly action: string;
  readonly target: string;
  /** Never a secret. */
  readonly detail: unknown;
}

export function auditEntry(db: D1Database, entry: AuditEntry): D1PreparedStatement {
  return db
    .prepare('INSERT INTO audit_log (team_id, at, actor, action, target, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)')
    .bind(
      entry.teamId,
      entry.at,
      entry.actor,
      entry.action,
      entry.target,
      entry.detail === null ? null : JSON.stringify(entry.detail),
    );
}

/** The same, if the statement before it in the batch changed anything: what did nothing is not recorded as done. */
export function auditIfChanged(db: D1Database, entry: AuditEntry): D1PreparedStatement {
  const { teamId, at, actor, action, target, detail } = entry;
  return db
    .prepare(
      'INSERT INTO audit_log (team_id, at, actor, action, target, detail) SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE changes() > 0',
    )
    .bind(teamId, at, actor, action, target, detail === null ? null : JSON.stringify(detail));
}

export interface AuditRecord {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

export function createAuditStore(db: D1Database) {
  return {
    async add(entry: AuditEntry): Promise<void> {
      await auditEntry(db, entry).run();
    },
    /** Newest first, before an id. */
    async list(teamId: number, before: number, limit: number): Promise<AuditRecord[]> {
      const rows = await db
        .prepare(
          'SELECT id, at, actor, action, target, detail FROM audit_log WHERE team_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3',
        )
        .bind(teamId, before, limit)
        .all<{ id: number; at: number; actor: string; action: string; target: string; detail: string | null }>();
      return rows.results.map((row) => ({ ...row, detail: row.detail === null ? null : JSON.parse(row.detail) }));
    },
  };
}

export type AuditStore = ReturnType<typeof createAuditStore>;
