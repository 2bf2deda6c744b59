import type { CloudEvent } from 'cloudevents';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { everythingReadable } from '../fixtures/database.ts';
import { EventReceiver, readEvent } from '../fixtures/event-receiver.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let receiver: EventReceiver;
let path: string;
let repository: Json;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden.stop());

beforeEach(async () => {
  receiver = await EventReceiver.start();
  n += 1;
  path = `org/app${n}`;
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
  repository = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
});
afterEach(async () => {
  for (const { id } of (await pushwarden.api('GET', '/event-subscriptions')).json.items)
    await pushwarden.api('DELETE', `/event-subscriptions/${id}`);
  await pushwarden.api('DELETE', `/repositories/${repository.id}`);
  await receiver.stop();
  pushwarden.slack.messages.length = 0;
});

/** All but uses of credentials, of which there is one for each push. */
const ABOUT_PUSHES = [
  'dev.pushwarden.push.judged.v1',
  'dev.pushwarden.finding.raised.v1',
  'dev.pushwarden.alert.opened.v1',
  'dev.pushwarden.alert.acknowledged.v1',
  'dev.pushwarden.alert.closed.v1',
];

async function subscribe(more: object = {}): Promise<Json> {
  const { status, json } = await pushwarden.api('POST', '/event-subscriptions', {
    name: 'siem',
    url: `${receiver.url}/hook?token=t0ps3cret`,
    types: ABOUT_PUSHES,
    ...more,
  });
  expect([status, json.secret]).toEqual([201, expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/)]);
  return json;
}

/** Somebody pushes, and Docker Hub tells of it. */
async function push(tag: string, pusher = 'release-bot'): Promise<string> {
  const digest = pushwarden.registry.push(path, tag, singleImage(`${path} ${tag} ${pusher}`));
  const { status } = await sendDockerHub(pushwarden, repository.webhook, { path, tag, pusher });
  expect(status).toBe(202);
  return digest;
}

const arrived = (count: number, what = receiver): Promise<void> =>
  until(`${count} events are there`, () => what.received.length >= count);
const subscription = async (): Promise<Json> => (await pushwarden.api('GET', '/event-subscriptions')).json.items[0];
const outbox = async (): Promise<Json[]> =>
  (await pushwarden.db.prepare('SELECT * FROM outgoing_events ORDER BY id').all<Json>()).results;
const byType = (events: readonly CloudEvent<Json>[]): Record<string, Json> =>
  Object.fromEntries(events.map((event) => [event.type.replace('dev.pushwarden.', ''), event]));

describe('events', () => {
  test('tell of a trusted push, within seconds and as CloudEvents that Standard Webhooks libraries verify', async () => {
    const { secret, id } = await subscribe();
    const digest = await push('1.1.0');
    await arrived(1);
    const [event] = receiver.events(secret);
    expect(event).toMatchObject({
      specversion: '1.0',
      source: 'http://127.0.0.1:8787/teams/1',
      type: 'dev.pushwarden.push.judged.v1',
      subject: `pushes/${repository.id}-2`,
      datacontenttype: 'application/json',
      data: {
        push: `${repository.id}-2`,
        image: `docker.io/${path}`,
        tag: '1.1.0',
        digest,
        verdict: 'trusted',
        previousVerdict: 'pending',
        findings: [],
        pusher: { name: 'release-bot', id: null },
      },
    });
    expect(receiver.received[0]).toMatchObject({
      path: '/hook?token=t0ps3cret',
      headers: { 'content-type': 'application/cloudevents+json', 'webhook-id': event?.id },
    });
    expect(event?.id).toMatch(/^[A-Za-z0-9_-]+$/);
    await until('it is marked', async () => (await outbox())[0].sent_at !== null);
    expect(await subscription()).toMatchObject({ id, state: 'working', problem: null, triedAt: expect.any(String) });
    expect(() => readEvent({ ...(receiver.received[0] as Json), body: '{}' }, secret)).toThrow();
  });

  test('tell of a rogue push, its findings and the steps of its alert, each once', async () => {
    const { secret } = await subscribe();
    await push('1.0.0', 'mallory');
    await arrived(4);
    const events = receiver.events(secret);
    expect(events).toHaveLength(4);
    const findings = events.filter(({ type }) => type.includes('finding'));
    expect(findings.map(({ data }) => data.finding.code).sort()).toEqual(['tag-moved', 'unexpected-pusher']);
    const { 'push.judged.v1': judged, 'alert.opened.v1': opened } = byType(events);
    expect(judged.data).toMatchObject({ verdict: 'rogue', findings: ['unexpected-pusher', 'tag-moved'] });
    expect(opened.data).toMatchObject({
      image: `docker.io/${path}`,
      tags: ['1.0.0'],
      state: 'open',
      push: judged.data.push,
      findings: ['unexpected-pusher', 'tag-moved'],
      safe: { how: 'baseline' },
      resolution: null,
    });
    expect(Date.parse(opened.data.openedAt)).toBe(Date.parse(opened.time));
    expect(opened.subject).toBe(`alerts/${opened.data.alert}`);

    await pushwarden.api('POST', `/alerts/${opened.data.alert}/acknowledge`);
    await pushwarden.api('POST', `/alerts/${opened.data.alert}/acknowledge`);
    const reason = 'token revoked';
    await pushwarden.api('POST', `/alerts/${opened.data.alert}/close`, { resolution: 'incident', reason });
    await arrived(6);
    const { 'alert.acknowledged.v1': acknowledged, 'alert.closed.v1': closed } = byType(receiver.events(secret));
    expect(acknowledged.data).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'key:test', closedAt: null });
    expect(closed.data).toMatchObject({ state: 'closed', resolution: 'incident', reason, closedBy: 'key:test' });
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(6);
    expect(receiver.received).toHaveLength(6);
  });

  test('tell that late facts cleared an alert, with the verdict before', async () => {
    const { secret } = await subscribe({
      types: ['dev.pushwarden.alert.closed.v1', 'dev.pushwarden.push.judged.v1'],
    });
    await push('2.0.0', 'colleague');
    await arrived(1);
    await pushwarden.api('PATCH', `/repositories/${repository.id}`, {
      policy: { pushers: ['release-bot', 'colleague'] },
    });
    await arrived(3);
    const [first, ...rest] = receiver.events(secret);
    expect(first?.data.verdict).toBe('rogue');
    const { 'push.judged.v1': judged, 'alert.closed.v1': closed } = byType(rest);
    expect(judged.data).toMatchObject({ verdict: 'trusted', previousVerdict: 'rogue', findings: [] });
    expect(closed.data).toMatchObject({ resolution: 'cleared', reason: 'The policy accepts it now.', closedBy: null });
  });

  test('are sent of the asked types alone, and not at all to a team that asks for none', async () => {
    await push('1.1.0');
    await pushwarden.run('redrive');
    expect(await outbox()).toEqual([]);
    const { secret } = await subscribe({ types: ['dev.pushwarden.alert.opened.v1'] });
    await push('1.0.0', 'mallory');
    await arrived(1);
    await pushwarden.run('redrive');
    expect(receiver.events(secret).map(({ type }) => type)).toEqual(['dev.pushwarden.alert.opened.v1']);
    expect(await outbox()).toHaveLength(1);
  });

  test('include a test on request, whatever types are asked for', async () => {
    const { id, secret } = await subscribe({ types: ['dev.pushwarden.alert.opened.v1'] });
    const { status, json } = await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    expect([status, json]).toEqual([202, { event: expect.stringMatching(/^test-/), sending: true }]);
    await arrived(1);
    expect(receiver.events(secret)).toMatchObject([
      {
        id: json.event,
        type: 'dev.pushwarden.test.v1',
        subject: `event-subscriptions/${id}`,
        data: { by: 'key:test' },
      },
    ]);
  });
});

describe('a secret', () => {
  test('that is replaced signs beside its successor until its time is over', async () => {
    const { id, secret: old } = await subscribe();
    const { json } = await pushwarden.api('POST', `/event-subscriptions/${id}/rotate-secret`, { overlapMinutes: 60 });
    expect(json.secret).not.toBe(old);
    expect(Date.parse(json.oldSecretUntil)).toBeGreaterThan(Date.now());
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(1);
    expect(receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
    expect([receiver.events(old), receiver.events(json.secret)]).toMatchObject([[{}], [{}]]);

    await pushwarden.advance(3700);
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(2);
    const last = receiver.received[1];
    if (last === undefined) throw new Error('two events were expected');
    expect(readEvent(last, json.secret).type).toBe('dev.pushwarden.test.v1');
    expect(() => readEvent(last, old)).toThrow(/No matching signature/);
    expect((await subscription()).oldSecretUntil).toBeNull();
  });

  test('and the address stand nowhere in the database, nor in an answer that is not the first', async () => {
    const { id, secret } = await subscribe();
    receiver.behave = () => ({ status: 500, body: 'their words' });
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(1);
    await until('the failure is kept', async () => (await subscription()).state === 'failing');
    const { json } = await pushwarden.api('GET', '/event-subscriptions');
    const log = (await pushwarden.api('GET', '/audit-log')).json;
    const readable = `${await everythingReadable(pushwarden.db)}${JSON.stringify([json, log])}`;
    expect(readable).toContain('http_500');
    for (const kept of [secret, secret.slice('whsec_'.length), 't0ps3cret', 'their words'])
      expect(readable.includes(kept)).toBe(false);
    expect(log.items[0]).toMatchObject({ action: 'event-subscription.created', target: 'siem' });
  });
});

describe('a receiver that', () => {
  test('fails gets the same event again, byte for byte, signed anew', async () => {
    const { id, secret } = await subscribe();
    receiver.behave = (attempt) => ({ status: attempt < 3 ? 500 : 200 });
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(1);
    await pushwarden.advance(3600);
    expect(receiver.received).toHaveLength(4);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(receiver.events(secret)).toHaveLength(4);
    expect(await outbox()).toMatchObject([{ attempts: 4, next_at: null, failed: null, sent_at: expect.any(Number) }]);
    expect(await subscription()).toMatchObject({ state: 'working', failingSince: null, problem: null });
  });

  test('never takes an event is told of in the health channel, and its next success too', async () => {
    const { id } = await subscribe();
    receiver.behave = () => ({ status: 500 });
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(1);
    await pushwarden.advance(4 * 86_400);
    expect(receiver.received).toHaveLength(10);
    expect(await outbox()).toMatchObject([{ attempts: 10, next_at: null, failed: 'http_500', sent_at: null }]);
    expect(pushwarden.messages('health').filter((text) => text.includes('Events do not reach siem'))).toHaveLength(1);

    receiver.behave = () => ({ status: 200 });
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(11);
    await until('Slack hears that it is over', () =>
      pushwarden.messages('health').some((text) => text.includes('Over:')),
    );
    expect(await subscription()).toMatchObject({ state: 'working', problem: null });

    await pushwarden.advance(8 * 86_400);
    await pushwarden.run('retention');
    expect(await outbox()).toMatchObject([{ failed: 'http_500' }]);
    await pushwarden.advance(25 * 86_400);
    await pushwarden.run('retention');
    expect(await outbox()).toEqual([]);
  });

  test('answers 410 is sent nothing more, which is told; enabled again it gets what it missed', async () => {
    const { id, secret } = await subscribe();
    receiver.behave = () => ({ status: 410 });
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(1);
    await until('it is disabled', async () => (await subscription()).state === 'disabled');
    await until('that is told', () => pushwarden.messages('health').some((text) => text.includes('reach siem')));
    await push('1.1.0');
    await pushwarden.advance(3600);
    expect(receiver.received).toHaveLength(1);
    expect((await pushwarden.api('POST', `/event-subscriptions/${id}/test`)).status).toBe(409);

    receiver.behave = () => ({ status: 200 });
    const { json } = await pushwarden.api('PATCH', `/event-subscriptions/${id}`, { enabled: true });
    expect(json.state).toBe('failing');
    await arrived(2);
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
    expect(receiver.events(secret)).toHaveLength(2);
    await until('it works', async () => (await subscription()).state === 'working');
  });

  test('redirects fails, and where it points to is not asked', async () => {
    const elsewhere = await EventReceiver.start();
    const { id } = await subscribe();
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.behave = () => ({ status, headers: { location: `${elsewhere.url}/` } });
      const before = receiver.received.length;
      await pushwarden.api('PATCH', `/event-subscriptions/${id}`, { enabled: true });
      await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
      await arrived(before + 1);
      await until('it is kept', async () => (await subscription()).problem === 'redirected');
    }
    expect(elsewhere.received).toEqual([]);
    await elsewhere.stop();
  });

  test('asks for time with Retry-After gets it', async () => {
    const { id } = await subscribe();
    receiver.behave = (attempt) =>
      attempt === 0 ? { status: 429, headers: { 'retry-after': '1800' } } : { status: 200 };
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await arrived(1);
    await until('it is kept', async () => (await subscription()).problem === 'http_429');
    await pushwarden.api('POST', `/event-subscriptions/${id}/test`);
    await pushwarden.advance(1500);
    expect(receiver.received).toHaveLength(1);
    await pushwarden.advance(400);
    expect(receiver.received).toHaveLength(3);
  });

  test('is slow is left to cron, and holds up neither alerts nor another receiver', async () => {
    const quick = await EventReceiver.start();
    await subscribe({ name: 'quick', url: quick.url });
    await subscribe({ name: 'slow' });
    receiver.behave = () => ({ status: 200, afterMs: 2500 });
    await push('1.1.0');
    await until('it is known to be slow', async () => {
      const row = await pushwarden.db.prepare("SELECT slow FROM event_subscriptions WHERE name = 'slow'").first<Json>();
      return row.slow === 1;
    });
    expect([quick.received, receiver.received]).toMatchObject([[{}], [{}]]);

    await push('1.2.0', 'mallory');
    await until('the alert is sent', () => pushwarden.messages('alerts').length === 1);
    await arrived(4, quick);
    expect(receiver.received).toHaveLength(1);
    await pushwarden.run('cron');
    expect(receiver.received.length).toBeGreaterThan(1);
    await quick.stop();
  });

  test('fails keeps nothing from another one', async () => {
    const other = await EventReceiver.start();
    receiver.behave = () => ({ status: 503 });
    await subscribe({ name: 'failing' });
    const { secret } = await subscribe({ name: 'other', url: other.url });
    for (const tag of ['1.1.0', '1.2.0', '1.3.0']) await push(tag);
    await arrived(3, other);
    expect(
      other
        .events(secret)
        .map(({ data }) => data.tag)
        .sort(),
    ).toEqual(['1.1.0', '1.2.0', '1.3.0']);
    await other.stop();
  });

  test('is deleted takes what waits for it along', async () => {
    receiver.behave = () => ({ status: 500 });
    const { id } = await subscribe();
    await push('1.1.0');
    await arrived(1);
    expect((await pushwarden.api('DELETE', `/event-subscriptions/${id}`)).json).toEqual({ deleted: true });
    await pushwarden.advance(3600);
    expect([receiver.received.length, await outbox()]).toEqual([1, []]);
  });
});

describe('a subscription', () => {
  const refused: [string, object, RegExp][] = [
    ['plain http to elsewhere', { url: 'http://siem.acme.dev/' }, /^url: .*https/],
    ['an address with credentials', { url: 'https://u:p@siem.acme.dev/' }, /^url: .*credentials/],
    ['a number', { url: 'https://169.254.169.254/' }, /^url: .*number/],
    ['a private name', { url: 'https://metadata.google.internal/' }, /^url: .*public name/],
    ['an endless address', { url: `https://siem.acme.dev/${'x'.repeat(500)}` }, /^url/],
    ['an unknown type', { types: ['dev.pushwarden.push.judged.v2'] }, /^types/],
    ['no type at all', { types: [] }, /^types/],
    ['a secret of one’s own', { secret: 'whsec_AAAA' }, /secret/],
  ];
  test.each(refused)('is refused with %s, also when it is changed', async (_, more, problem) => {
    const given = { name: 'x', url: 'https://siem.acme.dev/', ...more };
    const added = await pushwarden.api('POST', '/event-subscriptions', given);
    expect([added.status, added.json.detail]).toEqual([400, expect.stringMatching(problem)]);
    const { id } = await subscribe();
    const changed = await pushwarden.api('PATCH', `/event-subscriptions/${id}`, more);
    expect([changed.status, changed.json.detail]).toEqual([400, expect.stringMatching(problem)]);
  });

  test('has a name of its own, and there are at most 20', async () => {
    await subscribe();
    const again = await pushwarden.api('POST', '/event-subscriptions', { name: 'siem', url: receiver.url });
    expect([again.status, again.json.detail]).toEqual([409, expect.stringContaining('"siem" already')]);
    for (let i = 1; i < 20; i += 1) await subscribe({ name: `siem ${i}` });
    const more = await pushwarden.api('POST', '/event-subscriptions', { name: 'one more', url: receiver.url });
    expect([more.status, more.json.detail]).toEqual([409, expect.stringContaining('as many')]);
  });

  test('is changed in part, and shows of its address the host', async () => {
    const { id } = await subscribe({ types: ['dev.pushwarden.alert.opened.v1'] });
    const types = ['dev.pushwarden.push.judged.v1'];
    await pushwarden.api('PATCH', `/event-subscriptions/${id}`, { types });
    const { json } = await pushwarden.api('PATCH', `/event-subscriptions/${id}`, { enabled: false });
    expect(json).toMatchObject({ host: receiver.url.slice('http://'.length), types, state: 'disabled' });
    await push('1.1.0');
    await pushwarden.advance(60);
    expect(await outbox()).toEqual([]);
    const all = await pushwarden.api('PATCH', `/event-subscriptions/${id}`, { types: null, url: `${receiver.url}/b` });
    expect(all.json).toMatchObject({ types: null, state: 'disabled' });
    await pushwarden.api('PATCH', `/event-subscriptions/${id}`, { enabled: true });
    await push('1.2.0');
    await arrived(1);
    expect(receiver.received[0]?.path).toBe('/b');
  });
});
