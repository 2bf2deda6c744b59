import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { NewNotification, NotificationStore } from '../usecases/outbox.ts';
import { BURST, type BurstRow, burstOf } from './bursts.ts';
import { type DetailRow, notificationOf } from './notification-rows.ts';

const TAKE = `UPDATE notifications SET next_at = ?1 + ?2, attempts = attempts + 1 WHERE id IN
  (SELECT id FROM notifications WHERE next_at <= ?1 ORDER BY id LIMIT ?3) RETURNING id`;

// What sending needs, by key: the message, its alert and repository, channels it may go to, and what was sent before.
const DETAILS = `SELECT n.id, n.team_id, n.event, n.alert_id, coalesce(n.burst_id, l.burst_id) AS burst_id, n.repository_id, n.route, n.content,
    n.attempts, n.created_at, n.channel_id, n.reference, coalesce(l.severity, b.severity) AS severity,
    r.registry || '/' || r.path AS image, r.channel_id AS repository_channel,
    (SELECT json_group_array(json_object('id', c.id, 'name', c.name, 'kind', c.kind, 'sealed', c.sealed, 'refused', c.refused,
        'minSeverity', c.min_severity, 'signed', c.signing IS NOT NULL, 'forAlerts', c.for_alerts, 'forHealth', c.for_health))
      FROM channels c WHERE c.team_id = n.team_id AND (c.id IN (n.channel_id, r.channel_id) OR c.for_alerts = 1 OR c.for_health = 1)) AS channels,
    (SELECT json_group_array(json_array(o.channel_id, json(o.reference))) FROM (SELECT channel_id, reference FROM notifications
      WHERE alert_id = n.alert_id AND id < n.id AND reference IS NOT NULL ORDER BY id LIMIT 10) o) AS earlier,
    (SELECT json_array(o.channel_id, json(o.reference)) FROM notifications o WHERE o.event = 'burst-' || coalesce(n.burst_id, l.burst_id)
      AND o.reference IS NOT NULL) AS burst_message,
    EXISTS (SELECT 1 FROM notifications o WHERE o.alert_id = n.alert_id AND o.id < n.id AND o.next_at IS NOT NULL) AS after_unsent,
    (SELECT json_group_array(DISTINCT o.channel_id) FROM notifications o WHERE o.alert_id = n.alert_id AND o.id < n.id AND o.sent_at IS NOT NULL) AS told_in
  FROM json_each(?1) j JOIN notifications n ON n.id = j.value LEFT JOIN alerts l ON l.id = n.alert_id
    LEFT JOIN repositories r ON r.id = n.repository_id LEFT JOIN bursts b ON b.id = n.burst_id
  ORDER BY n.id`;

/** Inserts a message once: the same event again changes nothing. */
export function addNotification(db: D1Database, notification: NewNotification): D1PreparedStatement {
  const { teamId, event, route, repositoryId, alertId, content, now } = notification;
  return db
    .prepare(
      `INSERT INTO notifications (team_id, event, route, repository_id, alert_id, content, created_at, next_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (event) DO NOTHING`,
    )
    .bind(teamId, event, route, repositoryId, alertId, JSON.stringify(content), now);
}

/** A burst's message that was brought up to date while it was being sent has to go once more: its attempts were reset. */
const SENT = `UPDATE notifications SET sent_at = ?2, next_at = iif(alert_id IS NULL AND burst_id IS NOT NULL AND attempts <> ?5, next_at, NULL),
  failed = NULL, channel_id = ?3, reference = ?4 WHERE id = ?1`;

/** A burst's message that was sent before and could not be brought up to date is unsent again: it comes once its channel is mended. */
const FAILED = `UPDATE notifications SET next_at = NULL, failed = ?2, sent_at = iif(alert_id IS NULL AND burst_id IS NOT NULL, NULL, sent_at)
  WHERE id = ?1`;

/** The messages that a burst's own speaks for. */
const SENT_WITH_BURST = `UPDATE notifications SET sent_at = ?2 WHERE burst_id = ?1 AND alert_id IS NOT NULL AND sent_at IS NULL
  AND next_at IS NULL AND failed IS NULL`;

/** The outbox: messages that were written down with the facts they tell. */
export function createNotificationStore(db: D1Database): NotificationStore {
  return {
    async take(now, leaseMs, limit) {
      const taken = await db.prepare(TAKE).bind(now, leaseMs, limit).all<{ id: number }>();
      if (taken.results.length === 0) return [];
      const details = await db
        .prepare(DETAILS)
        .bind(JSON.stringify(taken.results.map((row) => row.id)))
        .all<DetailRow>();
      const bursts = details.results.flatMap((row) => (isBurst(row) ? [db.prepare(BURST).bind(row.burst_id)] : []));
      const loaded = bursts.length === 0 ? [] : await db.batch<BurstRow>(bursts);
      const contents = new Map(loaded.flatMap(({ results }) => results.map((row) => [row.id, burstOf(row)])));
      return details.results.map((row) => {
        const burst = isBurst(row) ? contents.get(row.burst_id ?? 0) : undefined;
        return notificationOf(row, burst === undefined ? null : { kind: 'burst', burst });
      });
    },
    async sent({ id, teamId, attempts, content, burstId }, channelId, reference, now) {
      const mark = db
        .prepare(SENT)
        .bind(id, now, channelId, reference === null ? null : JSON.stringify(reference), attempts);
      const more: D1PreparedStatement[] = [];
      if (content.kind === 'burst') more.push(db.prepare(SENT_WITH_BURST).bind(burstId, now));
      if (content.kind === 'test')
        more.push(db.prepare('UPDATE teams SET tested_at = ?2 WHERE id = ?1').bind(teamId, now));
      if (more.length === 0) await mark.run();
      else await db.batch([mark, ...more]);
    },
    async retry(id, at) {
      await db.prepare('UPDATE notifications SET next_at = ?2 WHERE id = ?1').bind(id, at).run();
    },
    async failed(id, channelId, reason) {
      const mark = db.prepare(FAILED).bind(id, reason);
      if (channelId === null) await mark.run();
      else await db.batch([mark, db.prepare('UPDATE channels SET refused = ?2 WHERE id = ?1').bind(channelId, reason)]);
    },
    async nextDue() {
      const row = await db
        .prepare(
          `SELECT min(at) AS at FROM (SELECT min(next_at) AS at FROM notifications WHERE next_at IS NOT NULL
           UNION ALL SELECT min(remind_at) FROM alerts WHERE remind_at IS NOT NULL)`,
        )
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
    async add(notification) {
      await addNotification(db, notification).run();
    },
    remind: (now) => remind(db, now),
  };
}

const isBurst = (row: DetailRow): boolean => row.alert_id === null && row.burst_id !== null;

/** Of alerts that nobody has taken. Acknowledging and closing forget the reminder. */
async function remind(db: D1Database, now: number): Promise<boolean> {
  const results = await db.batch([
    db
      .prepare(
        `INSERT INTO notifications (team_id, event, alert_id, repository_id, route, content, created_at, next_at)
         SELECT team_id, 'alert-' || id || '-reminder-' || reminders, id, repository_id, 'alerts',
           json_object('kind', 'reminder', 'alert', json(facts), 'openedAt', opened_at), ?1, ?1
         FROM alerts INDEXED BY alerts_to_remind WHERE remind_at <= ?1 AND state = 'open' ON CONFLICT (event) DO NOTHING`,
      )
      .bind(now),
    db.prepare('UPDATE alerts SET remind_at = NULL, reminders = reminders + 1 WHERE remind_at <= ?1').bind(now),
  ]);
  return (results[0]?.meta.changes ?? 0) > 0;
}
