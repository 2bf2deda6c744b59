import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { type AlertResolution, type AnyAlertFacts, isWatchAlert } from '../domain/alert.ts';
import type { NotificationContent } from '../usecases/ports.ts';
import { alertEvent } from './alert-events.ts';
import { type AuditEntry, auditEntry } from './audit.ts';

/** What people do with alerts. The message goes into the outbox in the same batch. */
export function createAlertStore(db: D1Database) {
  const message = (
    alertId: number,
    teamId: number,
    suffix: string,
    content: NotificationContent,
    now: number,
  ): D1PreparedStatement =>
    db
      .prepare(
        `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
         SELECT team_id, 'alert-' || id || ?3, id, repository_id, 'alerts', ?4, ?5, ?5 FROM alerts WHERE id = ?1 AND team_id = ?2
         ON CONFLICT (event) DO NOTHING`,
      )
      .bind(alertId, teamId, suffix, JSON.stringify(content), now);

  return {
    async acknowledge(
      teamId: number,
      id: number,
      facts: AnyAlertFacts,
      by: string,
      now: number,
      audit: AuditEntry,
    ): Promise<boolean> {
      const results = await db.batch([
        db
          .prepare(
            `UPDATE alerts SET state = 'acknowledged', acknowledged_by = ?3, acknowledged_at = ?4, updated_at = ?4,
               facts = json_set(facts, '$.acknowledged', json_object('by', ?3, 'at', ?4)) WHERE id = ?2 AND team_id = ?1 AND state = 'open'`,
          )
          .bind(teamId, id, by, now),
        message(id, teamId, '-acknowledged', acknowledged(facts, by, now), now),
        alertEvent(db, 'acknowledged', { id, teamId }, now),
        auditEntry(db, audit),
      ]);
      return (results[0]?.meta.changes ?? 0) > 0;
    },

    async close(
      teamId: number,
      alert: { readonly id: number; readonly facts: AnyAlertFacts; readonly openedAt: number },
      closing: {
        readonly resolution: Exclude<AlertResolution, 'cleared'>;
        readonly reason: string;
        readonly by: string;
        readonly now: number;
      },
      audit: AuditEntry,
    ): Promise<boolean> {
      const { resolution, reason, by, now } = closing;
      const how = { resolution, by, reason, openedAt: alert.openedAt, closedAt: now } as const;
      const content: NotificationContent = isWatchAlert(alert.facts)
        ? { kind: 'watch-closed', alert: alert.facts, ...how }
        : { kind: 'closed', alert: alert.facts, ...how };
      const results = await db.batch([
        db
          .prepare(
            `UPDATE alerts SET state = 'closed', resolution = ?3, reason = ?4, closed_by = ?5, closed_at = ?6, updated_at = ?6
             WHERE id = ?2 AND team_id = ?1 AND state <> 'closed'`,
          )
          .bind(teamId, alert.id, resolution, reason, by, now),
        message(alert.id, teamId, '-closed', content, now),
        alertEvent(db, 'closed', { id: alert.id, teamId }, now),
        auditEntry(db, audit),
      ]);
      return (results[0]?.meta.changes ?? 0) > 0;
    },
  };
}

function acknowledged(facts: AnyAlertFacts, by: string, at: number): NotificationContent {
  return isWatchAlert(facts)
    ? { kind: 'watch-acknowledged', alert: facts, by, at }
    : { kind: 'acknowledged', alert: facts, by, at };
}

export type AlertStore = ReturnType<typeof createAlertStore>;
