import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AlertFacts } from '../../src/domain/alert.ts';
import type { Finding } from '../../src/domain/finding.ts';
import { createEventSender } from '../../src/events/sender.ts';
import { createCheckStore } from '../../src/store/checks.ts';
import { createEventStore } from '../../src/store/event-outbox.ts';
import { createHealthStore } from '../../src/store/health.ts';
import { sightingEvents } from '../../src/store/sighting-events.ts';
import { addSightings } from '../../src/store/sightings.ts';
import type { NewSighting } from '../../src/usecases/credential-stores.ts';
import { deliverEvents, type EventDependencies } from '../../src/usecases/deliver-events.ts';
import type { EventRequest, EventResult } from '../../src/usecases/events.ts';
import { costOfPush } from '../fixtures/cost-of-push.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { EventReceiver } from '../fixtures/event-receiver.ts';
import { answer, endless, FakeServer } from '../fixtures/fake-server.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { deliveryOf, journey, registryOf, Tags, watch } from '../fixtures/push-journey.ts';
import type { Json } from '../fixtures/worker.ts';

const SECRET = `whsec_${btoa('s'.repeat(32))}`;
const OLD_SECRET = `whsec_${btoa('o'.repeat(32))}`;
const MINUTE = 60_000;
const DAY = 86_400_000;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let now: number;
beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await local.db.prepare("INSERT INTO teams (id, name, created_at) VALUES (2, 'other', 0)").run();
}, 120_000);
afterAll(() => local.close());
beforeEach(async () => {
  now = Date.UTC(2026, 10, 24);
  await local.db.batch(
    ['event_subscriptions', 'outgoing_events', 'credentials', 'sightings', 'health_alerts', 'notifications'].map(
      (table) => local.db.prepare(`DELETE FROM ${table}`),
    ),
  );
});

const rows = async (sql: string): Promise<Json[]> => (await local.db.prepare(sql).all<Json>()).results;

async function subscribe(id: number, team = 1, types: string[] | null = null): Promise<void> {
  await local.db
    .prepare(
      `INSERT INTO event_subscriptions (id, team_id, name, host, address, secret, source, types, created_at, created_by)
       VALUES (?1, ?2, ?3, 'siem.acme.dev', ?4, 'secret', 'https://pushwarden.acme.dev/teams/1', ?5, 0, 'test')`,
    )
    .bind(id, team, `siem ${id}`, `address ${id}`, types === null ? null : JSON.stringify(types))
    .run();
}

/** Events `e1` to `eN` that wait for a subscription. */
async function write(subscription: number, count: number, at = now): Promise<void> {
  await local.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO outgoing_events (subscription_id, event, body, created_at, next_at) SELECT ?1, 'e' || i, '{"n":' || i || '}', ?3, ?3 FROM n`,
    )
    .bind(subscription, count, at)
    .run();
}

interface Sent {
  readonly to: string;
  readonly id: string;
  readonly body: string;
}

/** What sends in a test: `by` says how each receiver answers, all by default with yes. */
function sending(by: (request: EventRequest) => EventResult | Promise<EventResult> = () => ({ kind: 'taken' })) {
  const sent: Sent[] = [];
  const wakes: number[] = [];
  const deps: EventDependencies = {
    store: createEventStore(local.db),
    sender: {
      send: async (request) => {
        sent.push({ to: request.url, id: request.id, body: request.body });
        return by(request);
      },
    },
    health: createHealthStore(local.db),
    seal: { seal: async (plain) => plain, open: async (sealed) => sealed },
    wakeups: { checks: async () => true, notifications: async (seconds = 0) => wakes.push(seconds) > 0 },
    clock: { now: () => now },
  };
  return { deps, sent, wakes, run: (limit = 10, slowToo = true) => deliverEvents(deps, { limit, slowToo }) };
}

const FAILED: EventResult = { kind: 'failed', reason: 'http_500', retryAfterMs: null };

describe('events that are due', () => {
  it('are sent again, the same, when the Worker dies between sending and marking', async () => {
    await subscribe(1);
    await write(1, 1);
    const { deps, sent, run } = sending();
    const dying = { ...deps, store: { ...deps.store, sent: () => Promise.reject(new Error('the isolate is gone')) } };
    await expect(deliverEvents(dying, { limit: 10, slowToo: true })).rejects.toThrow('gone');
    now += MINUTE;
    await run();
    expect(sent).toHaveLength(1);
    now += 2 * MINUTE;
    await run();
    expect(sent).toEqual([
      { to: 'address 1', id: 'e1', body: '{"n":1}' },
      { to: 'address 1', id: 'e1', body: '{"n":1}' },
    ]);
    now += DAY;
    await run();
    expect(sent).toHaveLength(2);
  });

  it('are not sent twice by two that run at once', async () => {
    await subscribe(1);
    await write(1, 8);
    const { sent, run } = sending();
    await Promise.all([run(), run(), run()]);
    expect(sent.map(({ id }) => id).sort()).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8']);
  });

  it('share a run between subscriptions, and who waited longest comes first in the next', async () => {
    for (let id = 1; id <= 12; id += 1) await subscribe(id);
    await write(1, 500);
    for (let id = 2; id <= 12; id += 1) await write(id, 1);
    const { sent, wakes, run } = sending();
    await run(10);
    expect(new Set(sent.map(({ to }) => to)).size).toBe(10);
    expect(wakes).toContain(0);
    now += 1000;
    await run(10);
    expect(new Set(sent.map(({ to }) => to)).size).toBe(12);
    // No more than it may, and the rest is for the one that has more.
    expect(sent).toHaveLength(20);
  });

  it('cost one request a run where the receiver is away, and the others wait with the first', async () => {
    await subscribe(1);
    await subscribe(2);
    await write(1, 5);
    await write(2, 5);
    const { sent, run } = sending(({ url }) => (url === 'address 1' ? FAILED : { kind: 'taken' }));
    await run();
    expect(sent.filter(({ to }) => to === 'address 1')).toHaveLength(1);
    expect(sent.filter(({ to }) => to === 'address 2')).toHaveLength(5);
    await run();
    expect(sent).toHaveLength(6);
    now += MINUTE;
    await run();
    expect(sent.filter(({ to }) => to === 'address 1')).toHaveLength(2);
  });

  it('that fail are tried ten times over three days, later each time, and then given up', async () => {
    await subscribe(1);
    await write(1, 1);
    const { sent, run, deps } = sending(() => FAILED);
    const start = now;
    const at: number[] = [];
    for (let tries = 0; tries < 20; tries += 1) {
      await run();
      at.push(now - start);
      const due = await deps.store.nextDue();
      if (due === null) break;
      now = due;
    }
    expect(sent).toHaveLength(10);
    const planned = [0, 5, 305, 2105, 9305, 27305, 63305, 113705, 185705, 272105];
    for (const [n, seconds] of planned.entries()) {
      expect(at[n]).toBeGreaterThanOrEqual(seconds * 1000);
      expect(at[n]).toBeLessThanOrEqual(seconds * 1100);
    }
    expect(await rows('SELECT attempts, failed, next_at FROM outgoing_events')).toEqual([
      { attempts: 10, failed: 'http_500', next_at: null },
    ]);
    expect(await rows('SELECT kind, subject, closed_at FROM health_alerts')).toEqual([
      { kind: 'event-subscription-failing', subject: 'siem 1', closed_at: null },
    ]);
  });

  it('of a slow receiver are left alone by the queue until cron finds it quick again', async () => {
    await subscribe(1);
    await write(1, 3);
    let takesMs = 2500;
    const { sent, run, wakes } = sending(() => {
      now += takesMs;
      return { kind: 'taken' };
    });
    await run(1, false);
    await run(10, false);
    expect(sent).toHaveLength(1);
    takesMs = 10;
    await run(1, true);
    await run(10, false);
    expect(sent).toHaveLength(3);
    expect(wakes).not.toContain(Number.POSITIVE_INFINITY);
  });

  it('do not keep a run going for longer than its turn', async () => {
    await subscribe(1);
    await write(1, 10);
    const { sent, run } = sending(() => {
      now += 14_000;
      return { kind: 'taken' };
    });
    await run();
    expect(sent).toHaveLength(2);
    await run();
    expect(sent.map(({ id }) => id)).toEqual(['e1', 'e2', 'e3', 'e4']);
  });

  it('whose address cannot be decrypted are this receiver’s trouble alone', async () => {
    await subscribe(1);
    await subscribe(2);
    await write(1, 1);
    await write(2, 1);
    const { deps, sent } = sending();
    const open = async (sealed: string) => {
      if (sealed === 'address 1') throw new Error('no such key');
      return sealed;
    };
    await deliverEvents({ ...deps, seal: { ...deps.seal, open } }, { limit: 10, slowToo: true });
    expect(sent.map(({ to }) => to)).toEqual(['address 2']);
    expect(await rows('SELECT problem FROM event_subscriptions ORDER BY id')).toEqual([
      { problem: 'cannot_be_decrypted' },
      { problem: null },
    ]);
  });

  it('are found by as many rows however many were sent', async () => {
    await subscribe(1);
    await write(1, 3);
    const counting = countingD1(local.db);
    const take = () => counting.cost(() => createEventStore(counting.db).take(now, 0, 10, true));
    const few = await take();
    await local.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO outgoing_events (subscription_id, event, body, created_at, sent_at, drop_at) SELECT 1, 's' || i, '', 0, 0, 9e15 FROM n`,
      )
      .run();
    expect((await take()).rowsRead).toBe(few.rowsRead);
  });

  it('are dropped when they are done with, some thousands at a time', async () => {
    await subscribe(1);
    await write(1, 2, now - 6 * DAY);
    const store = createEventStore(local.db);
    const [taken] = await store.take(now, MINUTE, 1, true);
    const [event] = taken?.events ?? [];
    if (event === undefined) throw new Error('an event was expected');
    await store.sent(event, now);
    await store.expire(now);
    const left = 'SELECT event, failed, next_at FROM outgoing_events ORDER BY id';
    expect(await rows(left)).toEqual([
      { event: 'e1', failed: null, next_at: null },
      { event: 'e2', failed: 'too_late', next_at: null },
    ]);
    await store.expire(now + 7 * DAY);
    expect(await rows(left)).toMatchObject([{ event: 'e2' }]);
    await store.expire(now + 30 * DAY);
    expect(await rows(left)).toEqual([]);
    await write(1, 12_000, now - 6 * DAY);
    await store.expire(now);
    await store.expire(now + 30 * DAY);
    expect(await rows(left)).toEqual([]);
  });
});

describe('a push', () => {
  it('writes nine rows, and no event, where nobody asked for any', async () => {
    await subscribe(1, 2);
    await subscribe(2);
    await subscribe(3, 1, ['dev.pushwarden.alert.opened.v1']);
    await local.db.prepare('UPDATE event_subscriptions SET disabled_at = 1 WHERE id = 2').run();
    for (const provider of ['dockerhub', 'github'] as const) {
      await costOfPush(local.db, provider);
      const { accept, check } = await costOfPush(local.db, provider);
      expect([accept.rowsWritten + check.rowsWritten, check.roundTrips]).toEqual([9, 3]);
    }
    expect(await rows('SELECT * FROM outgoing_events')).toEqual([]);
  });

  it('writes an event for each subscription that wants it, in the same round trip', async () => {
    await subscribe(1);
    await subscribe(2);
    await subscribe(3, 1, ['dev.pushwarden.finding.raised.v1']);
    const { check } = await costOfPush(local.db, 'dockerhub');
    expect(check.roundTrips).toBe(3);
    const written = await rows(
      "SELECT subscription_id, event, body FROM outgoing_events WHERE event LIKE 'push-%' ORDER BY id",
    );
    expect(written.map((row) => row.subscription_id)).toEqual([1, 2]);
    expect(written[0].body).toBe(written[1].body);
    expect(JSON.parse(written[0].body)).toMatchObject({ id: written[0].event, data: { verdict: 'trusted' } });
  });
});

describe('a judgement of older facts', () => {
  it('tells nobody anything, whoever was faster', async () => {
    await subscribe(1);
    const tags = new Tags();
    const { accept } = journey(local.db, registryOf(tags));
    const { pushes } = await accept(deliveryOf('dockerhub', 'raced', tags.move('raced')));
    const store = createCheckStore(local.db);
    // Three have loaded it before one of them saves.
    const loaded = [await store.load(pushes), await store.load(pushes), await store.load(pushes)];
    const common = { digest: tags.digest('raced'), kind: 'manifest', confirmedAt: now, subject: null } as const;
    const moved = { movesTag: { leftAt: null, previous: null }, distrustsTag: false, attempts: 1 } as const;
    const rest = { ...common, ...moved, evidence: null, nextAt: null } as const;
    const save = async (verdict: 'trusted' | 'rogue', findings: readonly Finding[]) => {
      const [push] = loaded.pop() ?? [];
      if (push === undefined) throw new Error('a push was expected');
      const facts = { image: 'x', tags: [], findings } as Partial<AlertFacts> as AlertFacts;
      const change = { kind: 'opened', push, also: [], subject: 'raced', facts } as const;
      const checked = { ...rest, push, verdict, findings, trustsTag: verdict === 'trusted' } as const;
      return store.save([checked], verdict === 'rogue' ? [change] : [], [], now);
    };
    expect(await save('trusted', [])).toEqual([]);
    expect(await save('rogue', [{ code: 'unreported-push' }])).toEqual(pushes);
    expect(await save('trusted', [])).toEqual(pushes);
    expect(await rows("SELECT * FROM alerts WHERE subject = 'raced'")).toEqual([]);
    expect(await rows("SELECT * FROM notifications WHERE event LIKE 'alert-%'")).toEqual([]);
    const written = await rows("SELECT body FROM outgoing_events WHERE event LIKE 'push-%'");
    expect(written.map(({ body }) => JSON.parse(body).data.verdict)).toEqual(['trusted']);
  });
});

describe('a sighting', () => {
  const SIGHTING: NewSighting = {
    credential: 7,
    at: 1000,
    key: 'l"\u2028ab.c',
    since: null,
    source: 'audit-log',
    action: 'push',
    strength: 'named',
    repository: 1,
    seq: 5,
    detail: { event: 'docker"\u2028', tag: '1' },
  };

  const record = (sightings: readonly NewSighting[]) => local.db.batch([...addSightings(local.db, sightings, now)]);

  beforeEach(async () => {
    await local.db.batch([
      local.db.prepare(
        "INSERT INTO credentials (id, team_id, kind, external_id, name, account, first_seen_at) VALUES (7, 1, 'dockerhub-pat', 'x', 'ci \"token', 'acme', 0)",
      ),
      local.db.prepare(
        "INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at) VALUES (8, 2, 'dockerhub-pat', 'y', 'theirs', 0)",
      ),
    ]);
  });

  it('is an event once, however often it is told, for its own team', async () => {
    await subscribe(1);
    await record([SIGHTING, { ...SIGHTING, credential: 8 }]);
    await record([SIGHTING, { ...SIGHTING, at: 2000, since: 1500, repository: null, seq: null, detail: null }]);
    // Once the first event is long dropped, too.
    await local.db.prepare("DELETE FROM outgoing_events WHERE event LIKE '%-1000-%'").run();
    await record([SIGHTING]);
    const [second, ...others] = await rows('SELECT event, body FROM outgoing_events');
    expect(others).toEqual([]);
    expect(second.event).toMatch(/^sighting-7-2000-[A-Za-z0-9_-]+$/);
    expect(JSON.parse(second.body)).toMatchObject({
      id: second.event,
      type: 'dev.pushwarden.credential.sighted.v1',
      subject: 'credentials/C-7',
      time: new Date(now).toISOString(),
      data: {
        credential: { id: 'C-7', kind: 'dockerhub-pat', name: 'ci "token', account: 'acme' },
        at: '1970-01-01T00:00:02.000Z',
        since: '1970-01-01T00:00:01.500Z',
        ...{ source: 'audit-log', action: 'push', strength: 'named', push: null, detail: null },
      },
    });
  });

  it('says what it was and which push, names of strangers unharmed', async () => {
    await subscribe(1);
    await record([SIGHTING]);
    const [{ body }] = await rows('SELECT body FROM outgoing_events');
    expect(JSON.parse(body).data).toMatchObject({ push: '1-5', since: null, detail: SIGHTING.detail });
  });

  it('writes nothing more where nobody listens', async () => {
    const counting = countingD1(local.db);
    const events = sightingEvents(counting.db, [SIGHTING], now);
    if (events === null) throw new Error('a statement was expected');
    const cost = await counting.cost(() => events.run());
    expect(cost.rowsWritten).toBe(0);
    expect(sightingEvents(local.db, [], now)).toBeNull();
  });
});

describe('the sender', () => {
  let server: FakeServer;
  beforeEach(async () => {
    server = new FakeServer();
    await server.start();
  });
  afterEach(() => server.stop());

  const send = (url = server.url, more: object = {}) =>
    createEventSender({ fetch, userAgent: 'test', hosts: [], local: true, ...more }).send({
      url,
      secrets: [SECRET, OLD_SECRET],
      id: 'e1',
      body: '{}',
    });
  const failed = (reason: string, retryAfterMs: number | null = null) => ({ kind: 'failed', reason, retryAfterMs });

  it.each([200, 201, 202, 204, 299])('takes %i for success', async (status) => {
    server.handle = answer(status);
    expect(await send()).toEqual({ kind: 'taken' });
  });

  it.each([300, 301, 307, 308, 400, 401, 404, 500, 502, 504])('takes %i for failure', async (status) => {
    server.handle = answer(status, { location: `${server.url}/elsewhere`, 'retry-after': '5' });
    expect(await send()).toEqual(failed(status < 400 ? 'redirected' : `http_${status}`));
    expect(server.requests).toHaveLength(1);
  });

  it('takes 410 for a good-bye', async () => {
    server.handle = answer(410);
    expect(await send()).toEqual({ kind: 'gone' });
  });

  it.each([
    ['5', 5000],
    ['0', null],
    ['999999999', DAY],
    ['soon', null],
    ['-5', null],
    ['', null],
    ['Thu, 01 Jan 1970 00:00:00 GMT', null],
    ['Fri, 01 Jan 2100 00:00:00 GMT', DAY],
  ])('obeys Retry-After %j of 429 and 503 up to a day', async (value, ms) => {
    for (const status of [429, 503]) {
      server.handle = answer(status, { 'retry-after': value });
      expect(await send()).toEqual(failed(`http_${status}`, ms));
    }
  });

  it('waits no longer than it may, for an answer or for its end, and reads no endless one', async () => {
    server.handle = () => undefined;
    expect(await send(server.url, { timeoutMs: 100 })).toEqual(failed('timeout'));
    server.handle = endless;
    expect(await send()).toEqual({ kind: 'taken' });
  });

  it('says of a broken connection that it is one', async () => {
    server.handle = (request) => void request.socket.destroy();
    expect(await send()).toEqual(failed('network_error'));
  });

  it('checks the address again: what was stored under other rules gets no request', async () => {
    server.handle = answer(200);
    for (const url of [server.url, 'https://10.0.0.1/', 'https://u:p@siem.acme.dev/', 'no address'])
      expect(await send(url, { local: false })).toEqual(failed('destination_not_allowed'));
    expect(server.requests).toEqual([]);
  });

  it('signs with both secrets, as receivers verify', async () => {
    const receiver = await EventReceiver.start();
    const body = JSON.stringify({ specversion: '1.0', id: 'e1', source: '/', type: 't', data: { name: '\u2028"ü😀' } });
    const sender = createEventSender({ fetch, userAgent: 'test', hosts: [], local: true });
    await sender.send({ url: receiver.url, secrets: [SECRET, OLD_SECRET], id: 'e1', body });
    for (const secret of [SECRET, OLD_SECRET])
      expect(receiver.events(secret)).toMatchObject([{ id: 'e1', data: { name: '\u2028"ü😀' } }]);
    expect(() => receiver.events(`whsec_${btoa('x'.repeat(32))}`)).toThrow();
    expect(receiver.received[0]?.headers['user-agent']).toBe('test');
    await receiver.stop();
  });
});
