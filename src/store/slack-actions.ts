import type { D1Database } from '@cloudflare/workers-types';
import type { AnyAlertFacts } from '../domain/alert.ts';
import type { Person, PressedOn, PressStore, PressTarget } from '../usecases/press-store.ts';
import { createAlertStore } from './alerts.ts';
import { createBurstStore } from './bursts.ts';
import { createSlackUserStore } from './slack-users.ts';

/** Whose it is, and which messages were sent about it. */
const TARGETS = {
  alert: { owner: 'SELECT team_id FROM alerts WHERE id = ?1', sent: 'o.alert_id = ?1' },
  burst: { owner: 'SELECT team_id FROM bursts WHERE id = ?1', sent: "o.event = 'burst-' || CAST(?1 AS INTEGER)" },
  test: { owner: 'SELECT team_id FROM notifications WHERE event = ?1', sent: 'o.event = ?1' },
} as const satisfies Record<PressTarget['kind'], unknown>;

/**
 * A message of it stands in the Slack channel where the button was pressed. Of an incoming webhook we do not know the
 * channel: there the app that only this team has vouches for it (?6).
 */
const HERE = `(o.reference ->> '$.channel' = ?5 OR ?6 = 1 AND o.reference IS NULL AND c.kind = 'slack-webhook')`;

const entry = (teamId: number, { name, workspace, user }: Person, now: number) => ({
  teamId,
  at: now,
  actor: name,
  detail: { workspace, user },
});

/** What pressed buttons read and change. */
export function createSlackActionStore(db: D1Database): PressStore {
  const users = createSlackUserStore(db);
  const alerts = createAlertStore(db);
  const bursts = createBurstStore(db);
  return {
    async look(target, { workspace, user, channel, appTeam }) {
      const { owner, sent } = TARGETS[target.kind];
      const own = (more: string) =>
        `EXISTS (SELECT 1 FROM notifications o JOIN channels c ON c.id = o.channel_id AND c.team_id = t.team_id WHERE ${sent} AND ${HERE}${more})`;
      const row = await db
        .prepare(
          `SELECT t.team_id AS teamId, u.role, ${own('')} AS here, ${own(' AND c.anyone_may_acknowledge = 1')} AS anyone
           FROM (${owner}) t LEFT JOIN slack_users u ON u.team_id = t.team_id AND u.workspace = ?2 AND u.user = ?3
           WHERE ?4 IS NULL OR t.team_id = ?4`,
        )
        .bind(target.id, workspace, user, appTeam, channel, appTeam === null ? 0 : 1)
        .first<{ teamId: number; role: PressedOn['role']; here: number; anyone: number }>();
      if (row === null) return null;
      return { teamId: row.teamId, role: row.role, here: row.here === 1, anyone: row.anyone === 1 };
    },

    admins: (teamId, workspace) => users.admins(teamId, workspace),

    async alert(teamId, id) {
      const row = await db
        .prepare(
          'SELECT id, repository_id AS repository, state, facts, opened_at AS openedAt FROM alerts WHERE team_id = ?1 AND id = ?2',
        )
        .bind(teamId, id)
        .first<{
          id: number;
          repository: number;
          state: 'open' | 'acknowledged' | 'closed';
          facts: string;
          openedAt: number;
        }>();
      return row === null ? null : { ...row, facts: JSON.parse(row.facts) as AnyAlertFacts }; // written by this store alone
    },

    acknowledge: (teamId, { id, facts }, by, now, once) =>
      alerts.acknowledge(
        teamId,
        id,
        facts,
        by.name,
        now,
        { ...entry(teamId, by, now), action: 'alert.acknowledged', target: `A-${id}` },
        once,
      ),

    acknowledgeBurst: (teamId, id, by, now, once) =>
      bursts.acknowledge(
        teamId,
        id,
        by.name,
        now,
        { ...entry(teamId, by, now), action: 'burst.acknowledged', target: `B-${id}` },
        once,
      ),

    expect: (teamId, alert, pusher, reason, by, now, once) => {
      const audit = entry(teamId, by, now);
      const detail = { ...audit.detail, resolution: 'expected', reason };
      const closing = { resolution: 'expected', reason, by: by.name, now, once, pusher } as const;
      return alerts.close(teamId, alert, closing, {
        ...audit,
        action: 'alert.closed',
        target: `A-${alert.id}`,
        detail,
      });
    },

    snooze: (teamId, id, until, by, now, once) =>
      alerts.snooze(teamId, id, until, { ...entry(teamId, by, now), action: 'alert.snoozed', target: `A-${id}` }, once),

    async expire(before) {
      await db.prepare('DELETE FROM slack_requests WHERE at < ?1').bind(before).run();
    },

    async testSeen(teamId, by, now) {
      await db
        .prepare('UPDATE teams SET test_seen_at = ?2, test_seen_by = ?3 WHERE id = ?1')
        .bind(teamId, now, by.name)
        .run();
    },
  };
}
