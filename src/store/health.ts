import type { D1Database } from '@cloudflare/workers-types';
import { type HealthFact, type HealthKind, healthSubject } from '../domain/health.ts';
import type { HealthStore } from '../usecases/stores.ts';

export interface HealthThatPasses {
  /** Closes what was not seen again since `before` (ms). Answers whether there is a message to send. */
  settleQuiet(kind: HealthKind, before: number, now: number): Promise<boolean>;
}

/** So many are closed at once; the next time closes the next ones. */
const MOST_SETTLED = 10;

/** Health alerts: one live row per kind and subject, refreshed while the trouble lasts. */
export function createHealthStore(db: D1Database): HealthStore & HealthThatPasses {
  const store: HealthStore = {
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
  return {
    ...store,

    // Reads the live alerts, which are few, by their index: without it SQLite would read those that are over, too.
    async settleQuiet(kind, before, now) {
      const quiet = await db
        .prepare(
          `SELECT team_id, fact FROM health_alerts INDEXED BY health_alerts_live
           WHERE closed_at IS NULL AND kind = ?1 AND last_seen_at < ?2 LIMIT ${MOST_SETTLED}`,
        )
        .bind(kind, before)
        .all<{ team_id: number; fact: string }>();
      let isNews = false;
      // As `raise` wrote it.
      for (const { team_id, fact } of quiet.results)
        isNews = (await store.settle(team_id, JSON.parse(fact) as HealthFact, now)) || isNews;
      return isNews;
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
