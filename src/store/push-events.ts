import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Finding } from '../domain/finding.ts';
import { formatImageName } from '../domain/reference.ts';
import type { CheckedPush } from '../usecases/stores.ts';
import {
  ADD_EVENTS,
  CLOUD_EVENT,
  eventsParam,
  GIVEN_EVENTS,
  type NewEvent,
  ONCE,
  wantedBy,
} from './outgoing-events.ts';

/** Signatures that an event lists; the push itself, in the API, has them all. */
const LISTED = 10;

// For a team without subscription it reads its index once an event, and writes nothing.
const ADD = `WITH ${GIVEN_EVENTS} ${ADD_EVENTS}
  SELECT s.id, e.id, ${CLOUD_EVENT}, ?2, ?2 FROM e CROSS JOIN ${wantedBy("e.key ->> 'team'", 'e.type')}
  WHERE EXISTS (SELECT 1 FROM pushes p WHERE p.repository_id = e.key ->> 'r' AND p.seq = e.key ->> 's' AND p.rev = e.key ->> 'rev') ${ONCE}`;

/**
 * What the saves of these pushes are worth telling other systems, for the batch that saves them and right after the
 * updates: an event counts only if its save did. `null`: nothing.
 */
export function pushEvents(db: D1Database, checked: readonly CheckedPush[], now: number): D1PreparedStatement | null {
  const events = checked.flatMap((each) => {
    const { push } = each;
    const key = { team: push.teamId, r: push.key.repository, s: push.key.seq, rev: push.nextRev };
    return eventsOf(each, now).map((event) => ({ ...event, key }));
  });
  return events.length === 0 ? null : db.prepare(ADD).bind(eventsParam(events), now);
}

/** A verdict that is another one than before, and each finding that is new. */
function eventsOf(checked: CheckedPush, now: number): NewEvent[] {
  const { push, verdict, findings } = checked;
  const id = `${push.key.repository}-${push.key.seq}`;
  // A verdict or a finding may go and come back: each save is told apart.
  const save = `push-${id}-${push.nextRev}`;
  const common = { subject: `pushes/${id}`, at: now } as const;
  const events: NewEvent[] = [];
  if (verdict !== null && verdict !== 'pending' && verdict !== push.verdict) {
    const codes = [...new Set(findings.map(({ code }) => code))];
    const data = { ...pushData(checked), verdict, previousVerdict: push.verdict, findings: codes };
    events.push({ ...common, event: `${save}-judged`, type: 'dev.pushwarden.push.judged.v1', data });
  }
  const known = new Set<string>(push.findings.map(({ code }) => code));
  for (const finding of findings) {
    if (known.has(finding.code)) continue;
    known.add(finding.code);
    const data = { ...pushData(checked), verdict, finding: shortened(finding) };
    events.push({ ...common, event: `${save}-${finding.code}`, type: 'dev.pushwarden.finding.raised.v1', data });
  }
  return events;
}

function pushData({ push, digest, kind, evidence }: CheckedPush): Record<string, unknown> {
  const history = evidence?.history ?? null;
  return {
    push: `${push.key.repository}-${push.key.seq}`,
    image: formatImageName(push.image),
    tag: push.tag,
    digest,
    previousDigest: history?.previous?.digest ?? null,
    kind,
    origin: push.origin,
    pusher: push.pusher,
    receivedAt: new Date(push.receivedAt).toISOString(),
  };
}

function shortened(finding: Finding): unknown {
  return 'found' in finding && Array.isArray(finding.found)
    ? { ...finding, found: finding.found.slice(0, LISTED) }
    : finding;
}
