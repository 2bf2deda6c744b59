import type { D1Database } from '@cloudflare/workers-types';
import { type HealthFact, healthSubject } from '../domain/health.ts';
import type { HealthStore } from '../usecases/stores.ts';

/** Health alerts: one live row per kind and subject, refreshed while the trouble lasts. */
export function createHealthStore(db: D1Database): HealthStore {
  return {
    async raise(teamId, fact, now) {
      const subject = healthSubject(fact).slice(0, 512);
      const row = await db
        .prepare(
          `INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
           ON CONFLICT (team_id, kind, subject) WHERE closed_at IS NULL DO UPDATE SET fact = excluded.fact, last_seen_at = excluded.last_seen_at
           RETURNING id`,
        )
        .bind(teamId, fact.kind, subject, JSON.stringify(fact), now)
        .first<{ id: number }>();
      if (row === null) return false;
      return addOnce(db, teamId, `health-${row.id}-opened`, { kind: 'health-opened', fact, at: now }, now);
    },

    async settle(teamId, fact, now) {
      const row = await db
        .prepare(
          `UPDATE health_alerts SET closed_at = ?4 WHERE team_id = ?1 AND kind = ?2 AND subject = ?3 AND closed_at IS NULL RETURNING id, fact, opened_at`,
        )
        .bind(teamId, fact.kind, healthSubject(fact).slice(0, 512), now)
        .first<{ id: number; fact: string; opened_at: number }>();
      if (row === null) return false;
      const opened = JSON.parse(row.fact) as HealthFact; // as `raise` wrote it
      return addOnce(
        db,
        teamId,
        `health-${row.id}-closed`,
        { kind: 'health-closed', fact: opened, openedAt: row.opened_at, at: now },
        now,
      );
    },
  };
}

async function addOnce(db: D1Database, teamId: number, event: string, content: unknown, now: number): Promise<boolean> {
  const added = await db
    .prepare(
      `INSERT INTO notifications (team_id, event, route, content, created_at, next_at) VALUES (?1, ?2, 'health', ?3, ?4, ?4)
       ON CONFLICT (event) DO NOTHING RETURNING id`,
    )
    .bind(teamId, event, JSON.stringify(content), now)
    .first<{ id: number }>();
  return added !== null;
}
