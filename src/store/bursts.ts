import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { BURST_LISTED, BURST_LONGEST_MS, BURST_WINDOW_MS, type Burst, type BurstAlert } from '../domain/burst.ts';
import type { BurstStore } from '../usecases/outbox.ts';
import { alertEvent } from './alert-events.ts';
import { type AuditEntry, auditIfChanged } from './audit.ts';
import { onceOnly, wasDone } from './once.ts';

// Reads the burst's own alerts, through their index.
export const BURST = `SELECT b.id, b.opened_at, b.acknowledged_by, b.acknowledged_at,
    (SELECT count(*) FROM alerts WHERE burst_id = b.id) AS total,
    (SELECT json_group_array(json_object('id', a.id, 'image', a.facts ->> '$.image', 'tag', a.facts ->> '$.tags[0]',
        'tags', coalesce(json_array_length(a.facts, '$.tags'), 0), 'state', a.state, 'hasSafe', json(iif(a.facts ->> '$.safe' IS NULL, 'false', 'true')),
        'pusher', coalesce(a.facts ->> '$.pusher.name', a.facts ->> '$.account'), 'openedAt', a.opened_at))
      FROM (SELECT id, facts, state, opened_at FROM alerts WHERE burst_id = b.id ORDER BY id LIMIT ${BURST_LISTED}) a) AS alerts
  FROM bursts b WHERE b.id = ?1`;

export interface BurstRow {
  id: number;
  opened_at: number;
  acknowledged_by: string | null;
  acknowledged_at: number | null;
  total: number;
  alerts: string;
}

export function burstOf(row: BurstRow): Burst {
  const { acknowledged_by: by, acknowledged_at: at } = row;
  const alerts = JSON.parse(row.alerts) as BurstAlert[]; // as BURST builds it
  return {
    id: row.id,
    openedAt: row.opened_at,
    acknowledged: by === null || at === null ? null : { by, at },
    alerts,
    more: row.total - alerts.length,
  };
}

/** A channel's newest burst of this severity, if it still takes alerts: ?1 team, ?2 channel, ?3 severity, ?4 now. */
const LIVE = `SELECT id FROM (SELECT * FROM bursts WHERE channel_id = ?2 ORDER BY id DESC LIMIT 10) WHERE team_id = ?1 AND severity = ?3
  AND joined_at > ?4 - ${BURST_WINDOW_MS} AND opened_at > ?4 - ${BURST_LONGEST_MS} AND acknowledged_at IS NULL LIMIT 1`;

// Reads the team's alerts of the last ten minutes.
const STATE = `SELECT (${LIVE}) AS live, (SELECT json_group_array(json_object('alertId', a.id)) FROM alerts a INDEXED BY alerts_by_opening
    JOIN notifications o ON o.event = 'alert-' || a.id || '-opened'
    WHERE a.team_id = ?1 AND a.opened_at > ?4 - ${BURST_WINDOW_MS} AND a.severity = ?3 AND a.burst_id IS NULL AND a.state <> 'closed'
      AND o.channel_id = ?2 AND o.sent_at IS NOT NULL) AS recent`;

/** Bursts: which alerts one message speaks for. */
export function createBurstStore(db: D1Database) {
  const touch = (burst: number, at: number): D1PreparedStatement =>
    db
      .prepare(
        `UPDATE notifications SET next_at = min(coalesce(next_at, ?2), ?2), attempts = 0 WHERE event = ?1 AND failed IS NULL`,
      )
      // D1 binds numbers as REAL: joined to a text in SQL, 1 would be `1.0`.
      .bind(`burst-${burst}`, at);

  const store: BurstStore = {
    async state({ teamId, channelId, severity }, now) {
      const row = await db
        .prepare(STATE)
        .bind(teamId, channelId, severity, now)
        .first<{ live: number | null; recent: string }>();
      return {
        live: row?.live ?? null,
        recent: JSON.parse(row?.recent ?? '[]') as { alertId: number }[], // as STATE builds it
      };
    },

    async join({ teamId, channelId, severity }, alerts, messages, delayMs, now) {
      const key = [teamId, channelId, severity, now] as const;
      const bind = (sql: string, ...more: unknown[]) => db.prepare(sql).bind(...key, ...more);
      await db.batch([
        bind(
          `INSERT INTO bursts (team_id, channel_id, severity, opened_at, joined_at) SELECT ?1, ?2, ?3, ?4, ?4 WHERE NOT EXISTS (${LIVE})`,
        ),
        bind(
          `UPDATE alerts SET burst_id = (${LIVE}) WHERE id IN (SELECT value FROM json_each(?5)) AND team_id = ?1 AND burst_id IS NULL`,
          JSON.stringify(alerts),
        ),
        bind(
          `UPDATE notifications SET next_at = NULL, channel_id = ?2, burst_id = (${LIVE}) WHERE id IN (SELECT value FROM json_each(?5))`,
          JSON.stringify(messages),
        ),
        bind(
          `INSERT INTO notifications (team_id, event, route, channel_id, burst_id, content, created_at, next_at)
           SELECT ?1, 'burst-' || id, 'alerts', ?2, id, '{"kind":"burst"}', ?4, ?4 FROM (${LIVE}) WHERE true
           ON CONFLICT (event) DO UPDATE SET next_at = min(coalesce(next_at, ?4 + ?5), ?4 + ?5), attempts = 0`,
          delayMs,
        ),
        bind(`UPDATE bursts SET joined_at = ?4 WHERE id = (${LIVE})`),
      ]);
    },

    async fold(notification, burst, channelId, at) {
      await db.batch([
        db
          .prepare('UPDATE notifications SET next_at = NULL, channel_id = ?2, burst_id = ?3 WHERE id = ?1')
          .bind(notification, channelId, burst),
        touch(burst, at),
      ]);
    },

    async touch(burst, at) {
      await touch(burst, at).run();
    },
  };

  return {
    ...store,

    async get(teamId: number, id: number): Promise<Burst | null> {
      const row = await db.prepare(`${BURST} AND b.team_id = ?2`).bind(id, teamId).first<BurstRow>();
      return row === null ? null : burstOf(row);
    },

    /**
     * Somebody has all of its open alerts. Each is told to its own message; the burst's takes no more alerts. Answers
     * `false`, and changes nothing, if somebody had it already.
     * @param once the request that asks for it, where one may come twice
     */
    async acknowledge(
      teamId: number,
      id: number,
      by: string,
      now: number,
      audit: AuditEntry,
      once: Uint8Array,
    ): Promise<boolean> {
      const DONE =
        'EXISTS (SELECT 1 FROM bursts WHERE id = ?2 AND team_id = ?1 AND acknowledged_at = ?4 AND acknowledged_by = ?3)';
      const bind = (sql: string) => db.prepare(sql).bind(teamId, id, by, now);
      const statements = [
        onceOnly(db, once, now),
        bind(
          'UPDATE bursts SET acknowledged_by = ?3, acknowledged_at = ?4 WHERE id = ?2 AND team_id = ?1 AND acknowledged_at IS NULL',
        ),
        auditIfChanged(db, audit),
        bind(
          `UPDATE alerts SET state = 'acknowledged', acknowledged_by = ?3, acknowledged_at = ?4, updated_at = ?4, remind_at = NULL,
             facts = json_set(facts, '$.acknowledged', json_object('by', ?3, 'at', ?4)) WHERE burst_id = ?2 AND team_id = ?1 AND state = 'open' AND ${DONE}`,
        ),
        bind(
          `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
           SELECT team_id, 'alert-' || id || '-acknowledged', id, repository_id, 'alerts',
             json_object('kind', iif(facts ->> '$.about' IS NULL, 'acknowledged', 'watch-acknowledged'), 'alert', json(facts), 'by', ?3, 'at', ?4), ?4, ?4
           FROM alerts WHERE burst_id = ?2 AND team_id = ?1 AND acknowledged_at = ?4 AND acknowledged_by = ?3 ON CONFLICT (event) DO NOTHING`,
        ),
        alertEvent(db, 'acknowledged', { burst: id, teamId }, now),
        touch(id, now),
      ];
      try {
        return ((await db.batch(statements))[1]?.meta.changes ?? 0) > 0;
      } catch (error) {
        if (wasDone(error)) return false;
        throw error;
      }
    },
  };
}

export type Bursts = ReturnType<typeof createBurstStore>;
