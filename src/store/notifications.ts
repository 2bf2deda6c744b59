import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { NewNotification, NotificationStore, StoredNotification } from '../usecases/stores.ts';

const TAKE = `UPDATE notifications SET next_at = ?1 + ?2, attempts = attempts + 1 WHERE id IN
  (SELECT id FROM notifications WHERE next_at <= ?1 ORDER BY id LIMIT ?3) RETURNING id`;

// What sending needs, by key: the message, its repository, its channel and the alert's first message there.
const DETAILS = `SELECT n.id, n.team_id, n.event, n.alert_id, n.repository_id, n.route, n.content, n.attempts, n.created_at,
    r.registry || '/' || r.path AS image, c.id AS c_id, c.name AS c_name, c.kind AS c_kind, c.sealed AS c_sealed, c.refused AS c_refused,
    (SELECT o.reference FROM notifications o WHERE o.alert_id = n.alert_id AND o.channel_id = c.id AND o.id < n.id AND o.reference IS NOT NULL
      ORDER BY o.id LIMIT 1) AS parent,
    EXISTS (SELECT 1 FROM notifications o WHERE o.alert_id = n.alert_id AND o.id < n.id AND o.next_at IS NOT NULL) AS after_unsent
  FROM json_each(?1) j JOIN notifications n ON n.id = j.value
    LEFT JOIN repositories r ON r.id = n.repository_id
    LEFT JOIN channels c ON c.id = coalesce(n.channel_id, CASE n.route
      WHEN 'alerts' THEN coalesce(r.channel_id, (SELECT id FROM channels WHERE team_id = n.team_id AND for_alerts = 1 ORDER BY id LIMIT 1))
      -- Health has a channel of its own; without one it shares the alerts' rather than be lost.
      ELSE coalesce((SELECT id FROM channels WHERE team_id = n.team_id AND for_health = 1 ORDER BY id LIMIT 1), r.channel_id,
        (SELECT id FROM channels WHERE team_id = n.team_id AND for_alerts = 1 ORDER BY id LIMIT 1)) END)
  ORDER BY n.id`;

interface DetailRow {
  id: number;
  team_id: number;
  event: string;
  alert_id: number | null;
  repository_id: number | null;
  route: 'alerts' | 'health';
  content: string;
  attempts: number;
  created_at: number;
  image: string | null;
  c_id: number | null;
  c_name: string;
  c_kind: 'slack-webhook' | 'slack-bot';
  c_sealed: string;
  c_refused: string | null;
  parent: string | null;
  after_unsent: number;
}

function notificationOf(row: DetailRow): StoredNotification {
  return {
    id: row.id,
    teamId: row.team_id,
    event: row.event,
    alertId: row.alert_id,
    repositoryId: row.repository_id,
    image: row.image,
    route: row.route,
    content: JSON.parse(row.content) as StoredNotification['content'], // written by this store alone
    attempts: row.attempts,
    createdAt: row.created_at,
    channel:
      row.c_id === null
        ? null
        : { id: row.c_id, name: row.c_name, kind: row.c_kind, sealed: row.c_sealed, refused: row.c_refused },
    parent: row.parent === null ? null : (JSON.parse(row.parent) as StoredNotification['parent']), // written by this store alone
    afterUnsent: row.after_unsent === 1,
  };
}

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
      return details.results.map(notificationOf);
    },
    async sent(id, channelId, reference, now) {
      await db
        .prepare(
          'UPDATE notifications SET sent_at = ?2, next_at = NULL, failed = NULL, channel_id = ?3, reference = ?4 WHERE id = ?1',
        )
        .bind(id, now, channelId, reference === null ? null : JSON.stringify(reference))
        .run();
    },
    async retry(id, at) {
      await db.prepare('UPDATE notifications SET next_at = ?2 WHERE id = ?1').bind(id, at).run();
    },
    async failed(id, channelId, reason) {
      const mark = db.prepare('UPDATE notifications SET next_at = NULL, failed = ?2 WHERE id = ?1').bind(id, reason);
      if (channelId === null) await mark.run();
      else await db.batch([mark, db.prepare('UPDATE channels SET refused = ?2 WHERE id = ?1').bind(channelId, reason)]);
    },
    async nextDue() {
      const row = await db
        .prepare('SELECT min(next_at) AS at FROM notifications WHERE next_at IS NOT NULL')
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },
    async add(notification) {
      await addNotification(db, notification).run();
    },
  };
}
