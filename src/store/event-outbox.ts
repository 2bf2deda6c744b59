import type { D1Database } from '@cloudflare/workers-types';
import { FAILED_EVENTS_KEPT_MS, SENT_EVENTS_KEPT_MS } from '../domain/retention.ts';
import type { DueSubscription, EventStore, OutgoingEvent } from '../usecases/events.ts';
import { DAY_MS } from './codec.ts';

/** What waits longer than this waits for a subscription that is disabled or gone: sending gives up sooner. */
const WAITING_KEPT_MS = 5 * DAY_MS;
/** Rows that a statement of the retention job touches at most, and how often it is repeated: D1 ends long statements. */
const AT_ONCE = 5000;
const ROUNDS = 10;
/** Of one subscription in one run. */
const MAX_OF_ONE = 100;

// Reads the live subscriptions of the installation and, by the index of what is due, what is taken of each.
const CANDIDATES = `SELECT s.id, (SELECT json_group_array(d.id) FROM (SELECT e.id FROM outgoing_events e INDEXED BY outgoing_events_due
      WHERE e.subscription_id = s.id AND e.next_at IS NOT NULL AND e.next_at <= ?1 ORDER BY e.next_at, e.id LIMIT ?2) d) AS due
  FROM event_subscriptions s WHERE s.disabled_at IS NULL AND coalesce(s.paused_until, 0) <= ?1 AND (s.slow = 0 OR ?3)
  ORDER BY coalesce(s.tried_at, 0), s.id`;

const TAKE = `UPDATE outgoing_events SET next_at = ?1 + ?2 WHERE id IN (SELECT value FROM json_each(?3)) AND next_at <= ?1
  RETURNING id, subscription_id AS subscription, event, body, attempts, created_at AS createdAt`;

const SUBSCRIPTIONS = `SELECT id, team_id AS teamId, name, host, address, secret, old_secret AS oldSecret, old_until AS oldUntil,
    failing_since AS failingSince FROM event_subscriptions WHERE id IN (SELECT value FROM json_each(?1))`;

const SETTLE = `UPDATE event_subscriptions SET tried_at = j.value ->> 'triedAt', slow = j.value ->> 'slow', paused_until = j.value ->> 'pausedUntil',
    failing_since = j.value ->> 'failingSince', problem = j.value ->> 'problem', disabled_at = iif(j.value ->> 'gone', ?2, disabled_at)
  FROM json_each(?1) j WHERE event_subscriptions.id = j.value ->> 'id'`;

const GIVE_UP = `UPDATE outgoing_events SET next_at = NULL, failed = 'too_late', drop_at = ?1 + ${FAILED_EVENTS_KEPT_MS} WHERE id IN
  (SELECT e.id FROM event_subscriptions s CROSS JOIN outgoing_events e INDEXED BY outgoing_events_due ON e.subscription_id = s.id
   WHERE e.next_at IS NOT NULL AND e.created_at < ?1 - ${WAITING_KEPT_MS} LIMIT ${AT_ONCE})`;

const DROP = `DELETE FROM outgoing_events WHERE id IN
  (SELECT id FROM outgoing_events INDEXED BY outgoing_events_to_drop WHERE drop_at IS NOT NULL AND drop_at <= ?1 LIMIT ${AT_ONCE})`;

/** The outbox of events: written with what they tell of (`push-events.ts` and its neighbours), emptied from here. */
export function createEventStore(db: D1Database): EventStore & { expire(now: number): Promise<void> } {
  return {
    async take(now, leaseMs, limit, slowToo) {
      const candidates = await db
        .prepare(CANDIDATES)
        .bind(now, Math.min(limit, MAX_OF_ONE), slowToo ? 1 : 0)
        .all<{ id: number; due: string }>();
      const queues = candidates.results.map(({ id, due }) => ({ id, due: JSON.parse(due) as number[] })); // as the query builds it
      const ids = inTurn(queues, limit);
      if (ids.length === 0) return [];
      const owners = queues.filter(({ due }) => due.some((id) => ids.includes(id))).map(({ id }) => id);
      const [taken, subscriptions] = await db.batch([
        db.prepare(TAKE).bind(now, leaseMs, JSON.stringify(ids)),
        db.prepare(SUBSCRIPTIONS).bind(JSON.stringify(owners)),
      ]);
      // The batch's answers are untyped; these are the columns that the statements name.
      const events = ((taken?.results ?? []) as OutgoingEvent[]).sort((a, b) => a.id - b.id);
      return ((subscriptions?.results ?? []) as Omit<DueSubscription, 'events'>[])
        .map((each) => ({ ...each, events: events.filter((event) => event.subscription === each.id) }))
        .filter((each) => each.events.length > 0);
    },

    async sent({ id, subscription }, now) {
      await db
        .prepare(
          'UPDATE outgoing_events SET next_at = NULL, sent_at = ?2, failed = NULL, attempts = attempts + 1, drop_at = ?3 WHERE id = ?1 AND subscription_id = ?4',
        )
        .bind(id, now, now + SENT_EVENTS_KEPT_MS, subscription)
        .run();
    },

    async retry({ id, subscription }, at) {
      await db
        .prepare(
          'UPDATE outgoing_events SET next_at = ?2, attempts = attempts + 1 WHERE id = ?1 AND subscription_id = ?3',
        )
        .bind(id, at, subscription)
        .run();
    },

    async failed({ id, subscription }, reason, now) {
      await db
        .prepare(
          'UPDATE outgoing_events SET next_at = NULL, failed = ?2, attempts = attempts + 1, drop_at = ?3 WHERE id = ?1 AND subscription_id = ?4',
        )
        .bind(id, reason, now + FAILED_EVENTS_KEPT_MS, subscription)
        .run();
    },

    async settle(states, untried, now) {
      const param = JSON.stringify(
        states.map((each) => ({ ...each, slow: each.slow ? 1 : 0, gone: each.gone ? 1 : 0 })),
      );
      await db.batch([
        db.prepare(SETTLE).bind(param, now),
        ...(untried.length === 0
          ? []
          : [
              db
                .prepare(
                  'UPDATE outgoing_events SET next_at = ?2 WHERE id IN (SELECT value FROM json_each(?1)) AND next_at IS NOT NULL',
                )
                .bind(JSON.stringify(untried), now),
            ]),
      ]);
    },

    async nextDue() {
      const row = await db
        .prepare(
          `SELECT min(max(coalesce(s.paused_until, 0), (SELECT e.next_at FROM outgoing_events e INDEXED BY outgoing_events_due
             WHERE e.subscription_id = s.id AND e.next_at IS NOT NULL ORDER BY e.next_at LIMIT 1))) AS at
           FROM event_subscriptions s WHERE s.disabled_at IS NULL`,
        )
        .first<{ at: number | null }>();
      return row?.at ?? null;
    },

    /** Gives up what has waited too long, and drops what was sent or given up long ago. */
    async expire(now) {
      for (const sql of [GIVE_UP, DROP]) {
        for (let round = 0; round < ROUNDS; round += 1) {
          const { meta } = await db.prepare(sql).bind(now).run();
          if (meta.changes < AT_ONCE) break;
        }
      }
    },
  };
}

/** One of each, then a second of each, until there are enough: who waits longest for a turn comes first. */
function inTurn(queues: readonly { readonly due: readonly number[] }[], limit: number): number[] {
  const ids: number[] = [];
  const longest = Math.max(0, ...queues.map(({ due }) => due.length));
  for (let n = 0; n < longest; n += 1) {
    for (const { due } of queues) {
      const id = due[n];
      if (id !== undefined && ids.length < limit) ids.push(id);
    }
  }
  return ids;
}
