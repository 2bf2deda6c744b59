import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import { type EventType, TEST_EVENT_TYPE } from '../domain/event.ts';

/** An event as it is written into the outbox: one row for every subscription that wants it. */
export interface NewEvent {
  /** Unique for ever. It is signed before a full stop: letters, digits, `-` and `_` only. */
  readonly event: string;
  readonly type: EventType;
  /** What it is about within the team: `pushes/12-345`. */
  readonly subject: string;
  /** When it happened, ms since the epoch. */
  readonly at: number;
  readonly data: unknown;
}

/** The live subscriptions of a team that want events of a type: both are SQL. None is one index look-up. */
export const wantedBy = (team: string, type: string): string =>
  `event_subscriptions s ON s.team_id = ${team} AND s.disabled_at IS NULL
     AND (s.types IS NULL OR EXISTS (SELECT 1 FROM json_each(s.types) t WHERE t.value = ${type}))`;

/**
 * The event as it is sent: a CloudEvent in structured mode, from the aliases `e` (id, type, subject, time, data) and `s`.
 * Made in the statement that writes it, since only there it is known who gets it; kept, so that no retry differs.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 */
export const CLOUD_EVENT = `json_object('specversion', '1.0', 'id', e.id, 'source', s.source, 'type', e.type, 'subject', e.subject,
    'time', e.time, 'datacontenttype', 'application/json', 'data', json(e.data))`;

export const ADD_EVENTS = 'INSERT INTO outgoing_events (subscription_id, event, body, created_at, next_at)';
/** Once per subscription: what is told again stands there already. */
export const ONCE = 'ON CONFLICT (subscription_id, event) DO NOTHING';

/** `e` from a JSON parameter as `eventsParam` makes it. */
export const GIVEN_EVENTS = `e AS MATERIALIZED (SELECT value ->> 'id' AS id, value ->> 'type' AS type, value ->> 'subject' AS subject,
    value ->> 'time' AS time, value -> 'data' AS data, value -> 'key' AS key FROM json_each(?1))`;

/** `key`: what the statement's guard needs to know of the event. */
export const eventsParam = (events: readonly (NewEvent & { readonly key: unknown })[]): string =>
  JSON.stringify(events.map(({ event: id, at, ...rest }) => ({ ...rest, id, time: new Date(at).toISOString() })));

/** A message for one subscription, whatever it asks for, that says only that it arrives. */
export function testEvent(
  db: D1Database,
  teamId: number,
  subscription: number,
  { event, by, now }: { readonly event: string; readonly by: string; readonly now: number },
): D1PreparedStatement {
  const time = new Date(now).toISOString();
  return db
    .prepare(
      `WITH e AS (SELECT ?3 AS id, '${TEST_EVENT_TYPE}' AS type, 'event-subscriptions/' || id AS subject, ?4 AS time, json_object('by', ?5) AS data
         FROM event_subscriptions WHERE id = ?2 AND team_id = ?1)
       ${ADD_EVENTS} SELECT s.id, e.id, ${CLOUD_EVENT}, ?6, ?6 FROM e CROSS JOIN event_subscriptions s ON s.id = ?2 WHERE true ${ONCE}`,
    )
    .bind(teamId, subscription, event, time, by, now);
}
