import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { EventType } from '../domain/event.ts';
import { ADD_EVENTS, CLOUD_EVENT, ONCE, wantedBy } from './outgoing-events.ts';

type AlertStep = 'opened' | 'acknowledged' | 'closed';

const iso = (column: string): string => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`;
const fact = (name: string): string => `'${name}', l.facts -> '$.${name}'`;

/** An alert as events tell it, from the row `l` and the parameter of who closed it for what reason. */
const DATA = `json_object('alert', 'A-' || l.id, 'state', l.state, ${fact('image')}, ${fact('tags')}, ${fact('digest')}, ${fact('safe')},
    'about', coalesce(l.facts ->> '$.about', 'push'), 'credential', 'C-' || (l.facts ->> '$.credential.id'),
    'previousDigest', l.facts -> '$.previous', ${fact('push')}, ${fact('pusher')},
    'findings', (SELECT json_group_array(DISTINCT f.value ->> 'code') FROM json_each(l.facts, '$.findings') f),
    'openedAt', ${iso('l.opened_at')}, 'acknowledgedAt', ${iso('l.acknowledged_at')}, 'acknowledgedBy', l.acknowledged_by,
    'closedAt', ${iso('l.closed_at')}, 'closedBy', l.closed_by, 'resolution', l.resolution, 'reason', coalesce(l.reason, ?2))`;

/** When the step was taken: only the statement before this one, in the same batch, can have written this very moment. */
const TAKEN_AT: Readonly<Record<AlertStep, string>> = {
  opened: 'l.opened_at',
  acknowledged: 'l.acknowledged_at',
  closed: 'l.closed_at',
};

/** Which alert: by key, or by what it is about while it is not closed. */
export type AlertOfEvent =
  | { readonly id: number; readonly teamId: number }
  /** Each of its alerts that took the step. */
  | { readonly burst: number; readonly teamId: number }
  | { readonly repository: number; readonly subject: string };

function whereOf(alert: AlertOfEvent): readonly [where: string, key: readonly [number, number | string]] {
  if ('id' in alert) return ['l.id = ?3 AND l.team_id = ?4', [alert.id, alert.teamId]];
  if ('burst' in alert) return ['l.burst_id = ?3 AND l.team_id = ?4', [alert.burst, alert.teamId]];
  return [`l.repository_id = ?3 AND l.subject = ?4 AND l.state <> 'closed'`, [alert.repository, alert.subject]];
}

/**
 * Tells other systems of a step of an alert, in the batch that takes it and after the statement that does. Nothing is
 * written if the step was not taken, or if nobody wants to hear of it.
 */
export function alertEvent(
  db: D1Database,
  step: AlertStep,
  alert: AlertOfEvent,
  now: number,
  reason: string | null = null,
): D1PreparedStatement {
  const type: EventType = `dev.pushwarden.alert.${step}.v1`;
  const [where, key] = whereOf(alert);
  return db
    .prepare(
      `WITH l AS (SELECT * FROM alerts l WHERE ${where} AND ${TAKEN_AT[step]} = ?1),
         e AS (SELECT 'alert-' || l.id || '-${step}' AS id, '${type}' AS type, 'alerts/A-' || l.id AS subject, ${iso('?1')} AS time,
           ${DATA} AS data, l.team_id FROM l)
       ${ADD_EVENTS} SELECT s.id, e.id, ${CLOUD_EVENT}, ?1, ?1 FROM e CROSS JOIN ${wantedBy('e.team_id', 'e.type')} WHERE true ${ONCE}`,
    )
    .bind(now, reason, ...key);
}
