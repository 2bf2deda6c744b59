import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { type AlertResolution, type AnyAlertFacts, isWatchAlert } from '../domain/alert.ts';
import type { NotificationContent } from '../usecases/ports.ts';
import { alertEvent } from './alert-events.ts';
import { type AuditEntry, auditIfChanged } from './audit.ts';
import { onceOnly, wasDone } from './once.ts';

interface Closing {
  readonly resolution: Exclude<AlertResolution, 'cleared'>;
  readonly reason: string;
  readonly by: string;
  readonly now: number;
  /** The request that asks for it, where one may come twice. */
  readonly once?: Uint8Array;
  /** An account that the policy expects from now on. */
  readonly pusher?: string | null;
}

/** What people do with alerts. The message goes into the outbox in the same batch. */
export function createAlertStore(db: D1Database) {
  // Nothing is told if the statement before it changed nothing.
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
         SELECT team_id, 'alert-' || id || ?3, id, repository_id, 'alerts', ?4, ?5, ?5 FROM alerts
         WHERE id = ?1 AND team_id = ?2 AND ?5 IN (acknowledged_at, closed_at)
         ON CONFLICT (event) DO NOTHING`,
      )
      .bind(alertId, teamId, suffix, JSON.stringify(content), now);

  /** Answers whether the first statement changed anything; a request that was done before changes nothing. */
  const changed = async (statements: D1PreparedStatement[], now: number, once?: Uint8Array): Promise<boolean> => {
    try {
      const first = once === undefined ? [] : [onceOnly(db, once, now)];
      const results = await db.batch([...first, ...statements]);
      return (results[first.length]?.meta.changes ?? 0) > 0;
    } catch (error) {
      if (wasDone(error)) return false;
      throw error;
    }
  };

  return {
    async acknowledge(
      teamId: number,
      id: number,
      facts: AnyAlertFacts,
      by: string,
      now: number,
      audit: AuditEntry,
      once?: Uint8Array,
    ): Promise<boolean> {
      const update = db
        .prepare(
          `UPDATE alerts SET state = 'acknowledged', acknowledged_by = ?3, acknowledged_at = ?4, updated_at = ?4, remind_at = NULL,
             facts = json_set(facts, '$.acknowledged', json_object('by', ?3, 'at', ?4)) WHERE id = ?2 AND team_id = ?1 AND state = 'open'`,
        )
        .bind(teamId, id, by, now);
      const told = message(id, teamId, '-acknowledged', acknowledged(facts, by, now), now);
      const event = alertEvent(db, 'acknowledged', { id, teamId }, now);
      return changed([update, auditIfChanged(db, audit), told, event], now, once);
    },

    async close(
      teamId: number,
      alert: { readonly id: number; readonly facts: AnyAlertFacts; readonly openedAt: number },
      { resolution, reason, by, now, once, pusher = null }: Closing,
      audit: AuditEntry,
    ): Promise<boolean> {
      const { facts } = alert;
      const how = { resolution, by, reason, openedAt: alert.openedAt, closedAt: now } as const;
      const content: NotificationContent = isWatchAlert(facts)
        ? { kind: 'watch-closed', alert: facts, ...how }
        : { kind: 'closed', alert: facts, ...how };
      const update = db
        .prepare(
          `UPDATE alerts SET state = 'closed', resolution = ?3, reason = ?4, closed_by = ?5, closed_at = ?6, updated_at = ?6, remind_at = NULL
           WHERE id = ?2 AND team_id = ?1 AND state <> 'closed'`,
        )
        .bind(teamId, alert.id, resolution, reason, by, now);
      const statements = [
        update,
        auditIfChanged(db, audit),
        message(alert.id, teamId, '-closed', content, now),
        alertEvent(db, 'closed', { id: alert.id, teamId }, now),
      ];
      if (pusher !== null && !isWatchAlert(facts))
        statements.push(...expectPusher(db, teamId, { id: alert.id, image: facts.image }, pusher, now, audit));
      return changed(statements, now, once);
    },

    /** Puts off an alert that nobody has taken; a second time within a minute is a double click. */
    async snooze(teamId: number, id: number, until: number, audit: AuditEntry, once?: Uint8Array): Promise<boolean> {
      const update = db
        .prepare(
          `UPDATE alerts SET remind_at = ?3 WHERE id = ?2 AND team_id = ?1 AND state = 'open'
             AND (remind_at IS NULL OR abs(remind_at - ?3) > 60000)`,
        )
        .bind(teamId, id, until);
      return changed([update, auditIfChanged(db, audit)], audit.at, once);
    },
  };
}

function acknowledged(facts: AnyAlertFacts, by: string, at: number): NotificationContent {
  const acknowledged = { by, at };
  return isWatchAlert(facts)
    ? { kind: 'watch-acknowledged', alert: { ...facts, acknowledged }, by, at }
    : { kind: 'acknowledged', alert: { ...facts, acknowledged }, by, at };
}

/** Lets an account push: only if the alert was closed in this batch, and the account is not expected already. */
function expectPusher(
  db: D1Database,
  teamId: number,
  alert: { readonly id: number; readonly image: string },
  pusher: string,
  now: number,
  audit: AuditEntry,
): D1PreparedStatement[] {
  const added = { ...audit, action: 'repository.changed', target: alert.image };
  return [
    db
      .prepare(
        `UPDATE repositories SET policy = json_insert(policy, '$.pushers[#]', ?3) WHERE team_id = ?1
           AND id = (SELECT repository_id FROM alerts WHERE id = ?2 AND team_id = ?1 AND closed_at = ?4 AND closed_by = ?5)
           AND json_array_length(policy, '$.pushers') BETWEEN 1 AND 99
           AND NOT EXISTS (SELECT 1 FROM json_each(policy, '$.pushers') WHERE lower(value) = lower(?3))`,
      )
      .bind(teamId, alert.id, pusher, now, audit.actor),
    auditIfChanged(db, { ...added, detail: { pusherAdded: pusher, alert: `A-${alert.id}` } }),
  ];
}

export type AlertStore = ReturnType<typeof createAlertStore>;
