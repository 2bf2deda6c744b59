import type { D1Database } from '@cloudflare/workers-types';
import type { EventType } from '../domain/event.ts';
import { type AuditEntry, auditEntry } from './audit.ts';
import { testEvent } from './outgoing-events.ts';

/** Each is told of every event: more would let one team fill the outbox. */
const MAX_PER_TEAM = 20;

/** A subscription as the API shows it: of its address the host alone, and no secret. */
export interface SubscriptionRecord {
  readonly id: number;
  readonly name: string;
  readonly host: string;
  /** `null`: all. */
  readonly types: readonly EventType[] | null;
  readonly source: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly disabledAt: number | null;
  readonly triedAt: number | null;
  readonly failingSince: number | null;
  readonly problem: string | null;
  readonly oldSecretUntil: number | null;
}

interface Row extends Omit<SubscriptionRecord, 'types'> {
  types: string | null;
}

const SELECT = `SELECT id, name, host, types, source, created_at AS createdAt, created_by AS createdBy, disabled_at AS disabledAt, tried_at AS triedAt,
    failing_since AS failingSince, problem, old_until AS oldSecretUntil FROM event_subscriptions WHERE team_id = ?1`;

const recordOf = ({ types, ...row }: Row): SubscriptionRecord => ({
  ...row,
  types: types === null ? null : (JSON.parse(types) as EventType[]), // checked before it was stored
});

/** What can be said of a subscription, encrypted where it is secret. */
export interface SubscriptionChange {
  readonly host: string;
  readonly address: string;
  readonly types: readonly EventType[] | null;
  readonly source: string;
}

const typesParam = (types: readonly EventType[] | null): string | null =>
  types === null ? null : JSON.stringify(types);

/** Who is told of events. Every query starts from a team. */
export function createSubscriptionStore(db: D1Database) {
  return {
    /** Answers with its id; `taken`: the name is, `full`: there are as many as a team may have. */
    async add(
      teamId: number,
      {
        name,
        secret,
        now,
        by,
        ...rest
      }: SubscriptionChange & { name: string; secret: string; now: number; by: string },
      audit: AuditEntry,
    ): Promise<number | 'taken' | 'full'> {
      try {
        const row = await db
          .prepare(
            `INSERT INTO event_subscriptions (team_id, name, host, address, secret, source, types, created_at, created_by)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE (SELECT count(*) FROM event_subscriptions WHERE team_id = ?1) < ${MAX_PER_TEAM} RETURNING id`,
          )
          .bind(teamId, name, rest.host, rest.address, secret, rest.source, typesParam(rest.types), now, by)
          .first<{ id: number }>();
        if (row === null) return 'full';
        await auditEntry(db, audit).run();
        return row.id;
      } catch (error) {
        if (error instanceof Error && error.message.includes('UNIQUE constraint failed: event_subscriptions'))
          return 'taken';
        throw error;
      }
    },

    async list(teamId: number): Promise<SubscriptionRecord[]> {
      const rows = await db.prepare(`${SELECT} ORDER BY id LIMIT ${MAX_PER_TEAM}`).bind(teamId).all<Row>();
      return rows.results.map(recordOf);
    },

    async get(teamId: number, id: number): Promise<SubscriptionRecord | null> {
      const row = await db.prepare(`${SELECT} AND id = ?2`).bind(teamId, id).first<Row>();
      return row === null ? null : recordOf(row);
    },

    /** Without an address that one stays. What waits is tried at once. */
    async change(
      teamId: number,
      id: number,
      change: Omit<SubscriptionChange, 'address'> & {
        readonly address: string | null;
        readonly disabledAt: number | null;
      },
      audit: AuditEntry,
    ): Promise<void> {
      await db.batch([
        db
          .prepare(
            `UPDATE event_subscriptions SET host = ?3, address = coalesce(?4, address), types = ?5, source = ?6, disabled_at = ?7, slow = 0, paused_until = NULL
             WHERE id = ?2 AND team_id = ?1`,
          )
          .bind(teamId, id, change.host, change.address, typesParam(change.types), change.source, change.disabledAt),
        auditEntry(db, audit),
      ]);
    },

    /** The secret before signs too, until `oldUntil` (ms); the one before that no more. */
    async rotate(teamId: number, id: number, secret: string, oldUntil: number, audit: AuditEntry): Promise<void> {
      await db.batch([
        db
          .prepare(
            'UPDATE event_subscriptions SET old_secret = secret, old_until = ?4, secret = ?3 WHERE id = ?2 AND team_id = ?1',
          )
          .bind(teamId, id, secret, oldUntil),
        auditEntry(db, audit),
      ]);
    },

    /** With all that was sent to it or waits. */
    async remove(teamId: number, id: number, audit: AuditEntry): Promise<void> {
      await db.batch([
        db
          .prepare(
            'DELETE FROM outgoing_events WHERE subscription_id = (SELECT id FROM event_subscriptions WHERE id = ?2 AND team_id = ?1)',
          )
          .bind(teamId, id),
        db.prepare('DELETE FROM event_subscriptions WHERE id = ?2 AND team_id = ?1').bind(teamId, id),
        auditEntry(db, audit),
      ]);
    },

    /** Writes a message down that says only that it arrives. */
    async test(teamId: number, id: number, test: { event: string; by: string; now: number }): Promise<void> {
      await testEvent(db, teamId, id, test).run();
    },
  };
}

export type SubscriptionStore = ReturnType<typeof createSubscriptionStore>;
