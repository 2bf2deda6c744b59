import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { NewSighting } from '../usecases/credential-stores.ts';
import { ADD_EVENTS, CLOUD_EVENT, eventsParam, GIVEN_EVENTS, ONCE, wantedBy } from './outgoing-events.ts';

const ADD = `WITH ${GIVEN_EVENTS}, named AS (SELECT e.id, e.type, e.subject, e.time, e.key, c.team_id,
    json_set(e.data, '$.credential', json_object('id', 'C-' || c.id, 'kind', c.kind, 'name', c.name, 'account', c.account)) AS data
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
    const { credential, at, key, since, repository, seq, source, action, strength, detail } = sighting;
    return {
      event: `sighting-${credential}-${at}-${key.replaceAll(/[^A-Za-z0-9_-]/g, '_')}`,
      type: 'dev.pushwarden.credential.sighted.v1',
      subject: `credentials/C-${credential}`,
      at: now,
      data: {
        credential: null,
        at: new Date(at).toISOString(),
        since: since === null ? null : new Date(since).toISOString(),
        source,
        action,
        strength,
        push: repository === null || seq === null ? null : `${repository}-${seq}`,
        detail,
      },
      key: { credential, at, key },
    } as const;
  });
  return db.prepare(ADD).bind(eventsParam(events), now);
}
