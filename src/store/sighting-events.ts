import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { PushKey } from '../usecases/stores.ts';
import type { SightingAction, SightingSource, Strength } from './codec.ts';
import { ADD_EVENTS, CLOUD_EVENT, eventsParam, GIVEN_EVENTS, ONCE, wantedBy } from './outgoing-events.ts';

/** A sighting that is about to be written, as events tell of it. Times are ms since the epoch. */
export interface NewSighting {
  readonly credentialId: number;
  readonly at: number;
  readonly key: string;
  /** The use was between `since` and `at`; `null`: at that very time. */
  readonly since: number | null;
  readonly source: SightingSource;
  readonly action: SightingAction;
  readonly strength: Strength;
  readonly push: PushKey | null;
  /** For people and machines; anything that JSON can say. */
  readonly detail: unknown;
}

const ADD = `WITH ${GIVEN_EVENTS}, named AS (SELECT e.id, e.type, e.subject, e.time, e.key, c.team_id,
    json_set(e.data, '$.credential', json_object('id', c.id, 'kind', c.kind, 'name', c.name, 'account', c.account)) AS data
    FROM e CROSS JOIN credentials c ON c.id = e.key ->> 'credential')
  ${ADD_EVENTS} SELECT s.id, e.id, ${CLOUD_EVENT}, ?2, ?2 FROM named e CROSS JOIN ${wantedBy('e.team_id', 'e.type')}
  WHERE NOT EXISTS (SELECT 1 FROM sightings k WHERE k.credential_id = e.key ->> 'credential' AND k.at = e.key ->> 'at' AND k.key = e.key ->> 'key') ${ONCE}`;

/**
 * Tells other systems of sightings. For the batch that writes them, after what writes their credentials and BEFORE what
 * writes the sightings themselves: those that are there already are no news. `null`: nothing to tell.
 */
export function sightingEvents(
  db: D1Database,
  sightings: readonly NewSighting[],
  now: number,
): D1PreparedStatement | null {
  if (sightings.length === 0) return null;
  const events = sightings.map((sighting) => {
    const { credentialId, at, key, since, push, source, action, strength, detail } = sighting;
    return {
      event: `sighting-${credentialId}-${at}-${key.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`,
      type: 'dev.pushwarden.credential.sighted.v1',
      subject: `credentials/${credentialId}`,
      at: now,
      data: {
        credential: null,
        at: new Date(at).toISOString(),
        since: since === null ? null : new Date(since).toISOString(),
        source,
        action,
        strength,
        push: push === null ? null : `${push.repository}-${push.seq}`,
        detail,
      },
      key: { credential: credentialId, at, key },
    } as const;
  });
  return db.prepare(ADD).bind(eventsParam(events), now);
}
