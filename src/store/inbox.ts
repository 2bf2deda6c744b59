import type { D1Database } from '@cloudflare/workers-types';
import type { AnyAlertFacts } from '../domain/alert.ts';
import type { Severity } from '../domain/severity.ts';
import { dayOf } from './codec.ts';
import { DELIVERY, type DeliveryRecord, type DeliveryRow, deliveryOf } from './delivery-rows.ts';

export interface AlertRecord {
  readonly id: number;
  readonly repository: number;
  readonly state: 'open' | 'acknowledged' | 'closed';
  readonly facts: AnyAlertFacts;
  readonly openedAt: number;
  readonly updatedAt: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: number | null;
  readonly closedAt: number | null;
  readonly closedBy: string | null;
  readonly resolution: string | null;
  readonly reason: string | null;
  readonly severity: Severity;
  readonly burst: number | null;
  readonly remindAt: number | null;
}

export const ALERT_COLUMNS = `id, repository_id AS repository, state, facts, opened_at AS openedAt, updated_at AS updatedAt, acknowledged_by AS acknowledgedBy,
  acknowledged_at AS acknowledgedAt, closed_at AS closedAt, closed_by AS closedBy, resolution, reason, severity, burst_id AS burst,
  remind_at AS remindAt`;

export type AlertRow = Omit<AlertRecord, 'facts'> & { readonly facts: string };

export const alertOf = (row: AlertRow): AlertRecord => ({
  ...row,
  facts: JSON.parse(row.facts) as AnyAlertFacts,
});

export interface MessageRecord {
  readonly event: string;
  readonly createdAt: number;
  readonly sentAt: number | null;
  readonly failed: string | null;
  readonly attempts: number;
}

const MESSAGES =
  'SELECT event, created_at AS createdAt, sent_at AS sentAt, failed, attempts FROM notifications WHERE alert_id = ?1 ORDER BY id LIMIT 100';

/** Reads for people of what asks for their attention: every query starts from a team and ends after a page. */
export function createInboxStore(db: D1Database) {
  return {
    async alerts(
      teamId: number,
      state: AlertRecord['state'] | null,
      before: number,
      limit: number,
    ): Promise<AlertRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${ALERT_COLUMNS} FROM alerts WHERE team_id = ?1 ${state === null ? 'AND ?2 IS NULL' : 'AND state = ?2'} AND id < ?3 ORDER BY id DESC LIMIT ?4`,
        )
        .bind(teamId, state, before, limit)
        .all<AlertRow>();
      return rows.results.map(alertOf);
    },

    async alert(teamId: number, id: number): Promise<AlertRecord | null> {
      const row = await db
        .prepare(`SELECT ${ALERT_COLUMNS} FROM alerts WHERE team_id = ?1 AND id = ?2`)
        .bind(teamId, id)
        .first<AlertRow>();
      return row === null ? null : alertOf(row);
    },

    /** Messages of an alert, in order. */
    async messages(alertId: number): Promise<MessageRecord[]> {
      const rows = await db.prepare(MESSAGES).bind(alertId).all<MessageRecord>();
      return rows.results;
    },

    /**
     * What belongs to an alert: its messages, and the alerts of its burst after an id, oldest first. One round trip.
     */
    async around(
      teamId: number,
      { id, burst }: AlertRecord,
      after: number,
      limit: number,
    ): Promise<{ readonly messages: MessageRecord[]; readonly burst: AlertRecord[] }> {
      const [messages, burstRows] = await db.batch([
        db.prepare(MESSAGES).bind(id),
        db
          .prepare(
            `SELECT ${ALERT_COLUMNS} FROM alerts WHERE burst_id = ?1 AND team_id = ?2 AND id > ?3 ORDER BY id LIMIT ?4`,
          )
          .bind(burst, teamId, after, limit),
      ]);
      return {
        // The batch's answers are untyped; these are the columns that the statements name.
        messages: (messages?.results ?? []) as MessageRecord[],
        burst: ((burstRows?.results ?? []) as AlertRow[]).map(alertOf),
      };
    },

    /** A hook's deliveries, newest first, after a cursor (`receivedAt` and key): an envelope writes many in one ms. */
    async deliveries(
      teamId: number,
      hook: number,
      after: { readonly at: number; readonly key: string },
      limit: number,
    ): Promise<DeliveryRecord[]> {
      const rows = await db
        .prepare(
          `SELECT ${DELIVERY} FROM deliveries d JOIN hooks h ON h.id = d.hook_id
           WHERE h.team_id = ?1 AND d.hook_id = ?2 AND d.day <= ?3 AND (d.received_at, d.key) < (?4, unhex(?5))
           ORDER BY d.day DESC, d.received_at DESC, d.key DESC LIMIT ?6`,
        )
        .bind(teamId, hook, dayOf(after.at), after.at, after.key, limit)
        .all<DeliveryRow>();
      return rows.results.map(deliveryOf);
    },

    async unwatched(teamId: number): Promise<
      {
        image: string;
        hook: number;
        firstSeenAt: number;
        lastSeenAt: number;
        deliveries: number;
        lastTag: string;
        lastPusher: string | null;
      }[]
    > {
      const rows = await db
        .prepare(
          `SELECT image, hook_id AS hook, first_seen_at AS firstSeenAt, last_seen_at AS lastSeenAt, deliveries, last_tag AS lastTag, last_pusher AS lastPusher
           FROM unwatched_images WHERE team_id = ?1 ORDER BY image LIMIT 200`,
        )
        .bind(teamId)
        .all<{
          image: string;
          hook: number;
          firstSeenAt: number;
          lastSeenAt: number;
          deliveries: number;
          lastTag: string;
          lastPusher: string | null;
        }>();
      return rows.results;
    },

    /** What lasts, the latest first; then what is over, the last that ended first. */
    async health(
      teamId: number,
      limit = 100,
    ): Promise<
      {
        id: number;
        kind: string;
        subject: string;
        fact: unknown;
        openedAt: number;
        lastSeenAt: number;
        closedAt: number | null;
      }[]
    > {
      const rows = await db
        .prepare(
          `SELECT id, kind, subject, fact, opened_at AS openedAt, last_seen_at AS lastSeenAt, closed_at AS closedAt FROM (
             SELECT * FROM (SELECT * FROM health_alerts INDEXED BY health_alerts_live WHERE team_id = ?1 AND closed_at IS NULL ORDER BY id DESC LIMIT ?2)
             UNION ALL SELECT * FROM (SELECT * FROM health_alerts INDEXED BY health_alerts_by_end
               WHERE team_id = ?1 AND closed_at IS NOT NULL ORDER BY closed_at DESC LIMIT ?2))
           ORDER BY closed_at IS NOT NULL, closed_at DESC, id DESC LIMIT ?2`,
        )
        .bind(teamId, limit)
        .all<{
          id: number;
          kind: string;
          subject: string;
          fact: string;
          openedAt: number;
          lastSeenAt: number;
          closedAt: number | null;
        }>();
      return rows.results.map((row) => ({ ...row, fact: JSON.parse(row.fact) }));
    },
  };
}

export type InboxStore = ReturnType<typeof createInboxStore>;
