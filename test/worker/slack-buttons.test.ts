import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { SlackApp, SlackMessage, SlackPerson } from '../../scripts/simulate/world/slack.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { addKey, type Json, TestInstallation, until } from '../fixtures/worker.ts';

const CHANNEL = 'C0123456789';
const INSTALLATION_SECRET = 'installation-signing-secret';
const OWN_SECRET = 'own-signing-secret-0123456789';
const ADMIN: SlackPerson = { id: 'U0ADMIN', name: 'm.lopez', workspace: 'T0KONG' };
const RESPONDER: SlackPerson = { id: 'U0RESP', name: 'ana', workspace: 'T0KONG' };
const STRANGER: SlackPerson = { id: 'U0OTHER', name: 'eve) (U0ADMIN', workspace: 'T0KONG' };
const OTHER_KEY = `pwk_${'b'.repeat(43)}`;

let pushwarden: TestInstallation;
let app: SlackApp;
let channelId: number;
let repository: Json;
let path: string;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({
    bundle: inject('bundle'),
    vars: { SLACK_SIGNING_SECRET: INSTALLATION_SECRET },
  });
  const bot = { name: 'bot', kind: 'slack-bot', token: 'xoxb-test-token', channel: CHANNEL, signingSecret: OWN_SECRET };
  const made = (await pushwarden.api('POST', '/channels', bot)).json;
  channelId = made.id;
  expect(made.interactions).toBe(`http://127.0.0.1:8787/slack/interactions/${channelId}`);
  app = { signingSecret: OWN_SECRET, requestUrl: `${pushwarden.url}/slack/interactions/${channelId}` };
  for (const [person, role] of [
    [ADMIN, 'admin'],
    [RESPONDER, 'responder'],
  ] as const) {
    const { id: user, name, workspace } = person;
    expect((await pushwarden.api('POST', '/slack-users', { workspace, user, name, role })).status).toBe(200);
  }
  await addKey(pushwarden.db, 2, 'other', OTHER_KEY);
});
afterAll(() => pushwarden.stop());

beforeEach(async () => {
  n += 1;
  path = `org/app${n}`;
  pushwarden.slack.messages.length = 0;
  pushwarden.slack.replies.length = 0;
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
  repository = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
  // Alerts of the tests before are another burst's.
  await pushwarden.advance(3700);
});

/** Messages about this test's image: others' alerts may be reminded of meanwhile. */
const sent = (): SlackMessage[] => {
  const own = new RegExp(`${path}(?!\\d)`);
  return pushwarden.slack.messages.filter(({ json }) => own.test(json));
};

/** Pushes what nobody expected; answers with the message about it, and its alert's id. */
async function alarm(pusher = 'mallory', words = 'miner'): Promise<{ message: SlackMessage; id: string }> {
  const before = sent().length;
  pushwarden.registry.push(path, 'latest', singleImage(`${path} ${words}`));
  await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher });
  await until('Slack has it', () => sent().length > before);
  await pushwarden.sentAll();
  const message = sent()[before];
  if (message === undefined) throw new Error('There is no message.');
  return { message, id: /A-\d+/.exec(message.json)?.[0] ?? '' };
}

const alertOf = async (id: string): Promise<Json> => (await pushwarden.api('GET', `/alerts/${id}`)).json;
const audits = async (action: string, target: string): Promise<Json[]> =>
  (await pushwarden.api('GET', '/audit-log?limit=200')).json.items.filter(
    (each: Json) => each.action === action && each.target === target,
  );

describe('“I’m on it”', () => {
  test('takes one click: the message says who has it, and the audit log whose click it was', async () => {
    const { message, id } = await alarm();
    expect(await pushwarden.slack.click(app, message, 'alert.acknowledge', RESPONDER)).toBe(200);
    expect(await alertOf(id)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'slack:ana (U0RESP)' });
    await until('the message says so', () => sent().length === 2);
    expect(sent()[1]).toMatchObject({ method: 'chat.update', ts: message.ts });
    expect(sent()[1]?.json).toContain('<@U0RESP> is on it');
    expect(sent()[1]?.json).not.toContain('alert.acknowledge');
    expect(await audits('alert.acknowledged', id)).toMatchObject([
      { actor: 'slack:ana (U0RESP)', detail: { workspace: 'T0KONG', user: 'U0RESP' } },
    ]);
    expect(pushwarden.slack.replies).toEqual([]);
  });

  test('pressed twice, and replayed, is done once', async () => {
    const { message, id } = await alarm();
    const press = pushwarden.slack.press(app, message, 'alert.acknowledge', RESPONDER);
    expect(await Promise.all([pushwarden.slack.deliver(press), pushwarden.slack.deliver(press)])).toEqual([200, 200]);
    expect(await pushwarden.slack.deliver(press)).toBe(200);
    expect(await pushwarden.slack.click(app, message, 'alert.acknowledge', ADMIN)).toBe(200);
    expect(await alertOf(id)).toMatchObject({ acknowledgedBy: 'slack:ana (U0RESP)' });
    expect(await audits('alert.acknowledged', id)).toHaveLength(1);
    await pushwarden.sentAll();
    await pushwarden.advance(60);
    expect(sent()).toHaveLength(2);
  });

  test('by somebody who is not on the list changes nothing, and says to them alone whom to ask', async () => {
    const { message, id } = await alarm();
    expect(await pushwarden.slack.click(app, message, 'alert.acknowledge', STRANGER)).toBe(200);
    await until('they are told', () => pushwarden.slack.replies.length === 1);
    expect(pushwarden.slack.replies[0]).toContain('<@U0ADMIN>');
    expect(pushwarden.slack.replies[0]).toContain('U0OTHER');
    expect((await alertOf(id)).state).toBe('open');
    const elsewhere = { ...ADMIN, workspace: 'T0OTHER' };
    expect(await pushwarden.slack.click(app, message, 'alert.acknowledge', elsewhere)).toBe(200);
    expect((await alertOf(id)).state).toBe('open');
    await until('they are told too', () => pushwarden.slack.replies.length === 2);
    expect(pushwarden.slack.replies[1]).not.toContain('<@');
  });

  test('may be anybody’s in a channel that says so, and no more than that', async () => {
    await pushwarden.api('PATCH', `/channels/${channelId}`, { anyoneMayAcknowledge: true });
    try {
      const { message, id } = await alarm();
      await pushwarden.slack.click(app, message, 'alert.expected', STRANGER);
      await pushwarden.slack.click(app, message, 'alert.snooze', STRANGER, { option: '1h' });
      await until('both are refused', () => pushwarden.slack.replies.length === 2);
      expect(await alertOf(id)).toMatchObject({ state: 'open', remindAt: null });
      await pushwarden.slack.click(app, message, 'alert.acknowledge', STRANGER);
      expect(await alertOf(id)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'slack:eve U0ADMIN (U0OTHER)' });
      const elsewhere = await alarm('mallory', 'another');
      const moved = { ...elsewhere.message, channel: 'C0ELSEWHERE' };
      await pushwarden.slack.click(app, moved, 'alert.acknowledge', STRANGER);
      expect((await alertOf(elsewhere.id)).state).toBe('open');
    } finally {
      await pushwarden.api('PATCH', `/channels/${channelId}`, { anyoneMayAcknowledge: false });
    }
  });
});

describe('“Mark expected”', () => {
  test('closes the alert and lets the account push from now on, with a record of both', async () => {
    const { message, id } = await alarm('new-colleague');
    expect(message.json).toContain('From now on new-colleague may push to this repository.');
    await pushwarden.slack.click(app, message, 'alert.expected', ADMIN);
    expect(await alertOf(id)).toMatchObject({
      state: 'closed',
      resolution: 'expected',
      closedBy: 'slack:m.lopez (U0ADMIN)',
    });
    const { policy } = (await pushwarden.api('GET', `/repositories/${repository.id}`)).json;
    expect(policy.pushers).toEqual(['release-bot', 'new-colleague']);
    expect(await audits('alert.closed', id)).toHaveLength(1);
    expect(await audits('repository.changed', `docker.io/${path}`)).toMatchObject([
      { actor: 'slack:m.lopez (U0ADMIN)', detail: { pusherAdded: 'new-colleague', alert: id } },
    ]);
    await until('the message shrinks', () =>
      sent().some(({ method, text }) => method === 'chat.update' && text.includes('Expected')),
    );
    await until('the push is judged anew', async () =>
      (await pushwarden.pushes(repository.id)).some(({ tag, verdict }) => tag === 'latest' && verdict === 'trusted'),
    );
    const before = sent().length;
    pushwarden.registry.push(path, 'latest', singleImage(`${path} next`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'new-colleague' });
    await pushwarden.advance(7200);
    expect(sent()).toHaveLength(before);
  });

  test('twice adds the account once', async () => {
    const { message, id } = await alarm('new-colleague');
    const clicks = [1, 2].map(() => pushwarden.slack.click(app, message, 'alert.expected', ADMIN));
    expect(await Promise.all(clicks)).toEqual([200, 200]);
    const { policy } = (await pushwarden.api('GET', `/repositories/${repository.id}`)).json;
    expect(policy.pushers).toEqual(['release-bot', 'new-colleague']);
    expect(await audits('alert.closed', id)).toHaveLength(1);
  });

  test('takes an admin', async () => {
    const { message, id } = await alarm();
    await pushwarden.slack.click(app, message, 'alert.expected', RESPONDER);
    await until('they are told', () => pushwarden.slack.replies.length === 1);
    expect((await alertOf(id)).state).toBe('open');
  });

  test('of a message that is older than what the alert says now changes nothing', async () => {
    const { message, id } = await alarm();
    pushwarden.registry.push(path, '1.0.0', singleImage(`${path} miner`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '1.0.0', pusher: 'mallory' });
    await until('it got worse', async () => (await alertOf(id)).tags.length === 2);
    await pushwarden.slack.click(app, message, 'alert.expected', ADMIN);
    await until('they are told', () => pushwarden.slack.replies.length === 1);
    expect(pushwarden.slack.replies[0]).toContain('says more now');
    expect((await alertOf(id)).state).toBe('open');
    expect((await pushwarden.api('GET', `/repositories/${repository.id}`)).json.policy.pushers).toEqual([
      'release-bot',
    ]);
  });

  test('never adds a signer: whoever forged the button’s value is sent to the page', async () => {
    const { message, id } = await alarm();
    const finding = { code: 'untrusted-signer', found: [], expected: ['us'] };
    await pushwarden.db
      .prepare(`UPDATE alerts SET facts = json_set(facts, '$.findings', json(?2)) WHERE id = ?1`)
      .bind(Number(id.slice(2)), JSON.stringify([finding]))
      .run();
    await pushwarden.slack.click(app, message, 'alert.expected', ADMIN, { value: `${id}/1/1` });
    await until('they are told', () => pushwarden.slack.replies.length === 1);
    expect(pushwarden.slack.replies[0]).toContain(`/alerts/${id}|Open ${id}>`);
    expect((await alertOf(id)).state).toBe('open');
  });
});

describe('“Snooze”', () => {
  test('leaves the alert open and says it once more, unless somebody has it by then', async () => {
    const { message, id } = await alarm();
    const press = pushwarden.slack.press(app, message, 'alert.snooze', RESPONDER, { option: '1h' });
    await pushwarden.slack.deliver(press);
    await pushwarden.slack.click(app, message, 'alert.snooze', RESPONDER, { option: '1h' });
    expect((await alertOf(id)).state).toBe('open');
    expect(await audits('alert.snoozed', id)).toHaveLength(1);
    await pushwarden.advance(3500);
    expect(sent()).toHaveLength(1);
    await pushwarden.advance(200);
    expect(sent()).toHaveLength(2);
    expect(sent()[1]).toMatchObject({ method: 'chat.postMessage', threadTs: message.ts });
    expect(sent()[1]?.text).toContain('STILL OPEN');
    // The same signed request once more: a replay, which no state of the alert would show.
    expect(await pushwarden.slack.deliver(press)).toBe(200);
    expect((await alertOf(id)).remindAt).toBeNull();
    await pushwarden.advance(86_400);
    expect(sent()).toHaveLength(2);

    await pushwarden.slack.click(app, message, 'alert.snooze', RESPONDER, { option: '4h' });
    await pushwarden.slack.click(app, message, 'alert.acknowledge', RESPONDER);
    await pushwarden.advance(5 * 3600);
    expect(sent().filter(({ text }) => text.includes('STILL OPEN'))).toHaveLength(1);
  });

  test('does not keep what gets worse', async () => {
    const { message, id } = await alarm();
    await pushwarden.slack.click(app, message, 'alert.snooze', RESPONDER, { option: 'tomorrow' });
    pushwarden.registry.push(path, '1.0.0', singleImage(`${path} miner`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '1.0.0', pusher: 'mallory' });
    await until('it is said', () => sent().some(({ text }) => text.includes('WORSE')));
    const { remindAt } = await alertOf(id);
    expect(new Date(remindAt).getUTCHours()).toBe(8);
  });
});

describe('a request that is not Slack’s', () => {
  test.each([
    ['with another secret', {}, { signingSecret: 'another-signing-secret' }],
    ['of six minutes ago', { timestamp: Math.floor(Date.now() / 1000) - 360 }, {}],
    ['of six minutes from now', { timestamp: Math.floor(Date.now() / 1000) + 400 }, {}],
    ['without a signature', { signature: '' }, {}],
    ['with half a signature', { signature: 'v0=00' }, {}],
  ])('%s is refused and does nothing', async (_, changes, otherApp) => {
    const { message, id } = await alarm();
    const status = await pushwarden.slack.click({ ...app, ...otherApp }, message, 'alert.acknowledge', ADMIN, changes);
    expect(status).toBe(401);
    expect((await alertOf(id)).state).toBe('open');
  });

  test('whose body was changed, is too long, or of another type is refused', async () => {
    const { message, id } = await alarm();
    const press = pushwarden.slack.press(app, message, 'alert.acknowledge', ADMIN);
    expect(await pushwarden.slack.deliver({ ...press, body: press.body.replace('U0ADMIN', 'U0RESP') })).toBe(401);
    expect(await pushwarden.slack.deliver({ ...press, body: `${press.body}${'x'.repeat(300_000)}` })).toBe(413);
    expect(
      await pushwarden.slack.deliver({ ...press, headers: { ...press.headers, 'content-type': 'application/json' } }),
    ).toBe(415);
    expect(await pushwarden.slack.deliver({ ...press, url: `${pushwarden.url}/slack/interactions/999` })).toBe(404);
    expect((await alertOf(id)).state).toBe('open');
  });

  test('that is authentic and makes no sense is answered 400', async () => {
    const { message } = await alarm();
    const press = pushwarden.slack.press({ ...app, requestUrl: app.requestUrl }, message, 'alert.acknowledge', {
      ...ADMIN,
      id: '<!channel>',
    });
    expect(await pushwarden.slack.deliver(press)).toBe(400);
  });

  test('gets no answer sent to an address that is not Slack’s', async () => {
    const { message } = await alarm();
    const responseUrl = pushwarden.registry.url.replace('127.0.0.1', 'evil.example');
    const status = await pushwarden.slack.click(app, message, 'alert.acknowledge', STRANGER, { responseUrl });
    expect(status).toBe(200);
    expect(pushwarden.slack.replies).toEqual([]);
  });
});

describe('another team', () => {
  test('through its own app cannot touch an alert, nor learn that there is one', async () => {
    const { message, id } = await alarm();
    const secret = 'signing-secret-of-team-two';
    const bot = { name: 'bot', kind: 'slack-bot', token: 'xoxb-other', channel: 'C0TWO', signingSecret: secret };
    const { json: made } = await pushwarden.api('POST', '/channels', bot, OTHER_KEY);
    const { id: user, name, workspace } = STRANGER;
    await pushwarden.api('POST', '/slack-users', { workspace, user, name: 'eve', role: 'admin' }, OTHER_KEY);
    expect(name).toContain('eve');
    const theirs = { signingSecret: secret, requestUrl: `${pushwarden.url}/slack/interactions/${made.id}` };
    for (const action of ['alert.acknowledge', 'alert.expected'])
      await pushwarden.slack.click(theirs, message, action, STRANGER);
    await until('they are told', () => pushwarden.slack.replies.length === 2);
    expect(pushwarden.slack.replies.every((text) => text.startsWith('There is no such alert here.'))).toBe(true);
    expect((await alertOf(id)).state).toBe('open');
    await pushwarden.api('DELETE', `/channels/${made.id}`, undefined, OTHER_KEY);
  });

  test('through the installation’s app is asked who they are; ours is let in by its list', async () => {
    const shared = { signingSecret: INSTALLATION_SECRET, requestUrl: `${pushwarden.url}/slack/interactions` };
    const { message, id } = await alarm();
    const theirs = { ...message, channel: 'C0THEIRS' };
    await pushwarden.slack.click(shared, theirs, 'alert.acknowledge', STRANGER);
    await pushwarden.slack.click(shared, theirs, 'alert.acknowledge', STRANGER, { value: 'A-999999' });
    await until('they are told', () => pushwarden.slack.replies.length === 2);
    expect(pushwarden.slack.replies[0]).toBe(pushwarden.slack.replies[1]);
    expect(pushwarden.slack.replies[0]).not.toContain('U0ADMIN');
    expect((await alertOf(id)).state).toBe('open');
    await pushwarden.slack.click(shared, message, 'alert.acknowledge', RESPONDER);
    expect((await alertOf(id)).state).toBe('acknowledged');
  });
});

describe('an incoming webhook', () => {
  test('has buttons too: who has it is said in a new message, and its members count through its own app alone', async () => {
    const secret = 'signing-secret-of-the-webhook';
    const url = `${pushwarden.slack.url}/services/hook${n}`;
    const channel = { name: `hook${n}`, kind: 'slack-webhook', url, signingSecret: secret, anyoneMayAcknowledge: true };
    const { json: made } = await pushwarden.api('POST', '/channels', channel);
    await pushwarden.api('PATCH', `/repositories/${repository.id}`, { alertChannel: channel.name });
    const own = { signingSecret: secret, requestUrl: `${pushwarden.url}/slack/interactions/${made.id}` };
    const shared = { signingSecret: INSTALLATION_SECRET, requestUrl: `${pushwarden.url}/slack/interactions` };
    const { message, id } = await alarm();
    await pushwarden.slack.click(shared, message, 'alert.acknowledge', STRANGER);
    expect((await alertOf(id)).state).toBe('open');
    await pushwarden.slack.click(own, message, 'alert.acknowledge', STRANGER);
    expect((await alertOf(id)).state).toBe('acknowledged');
    await until('it is said', () => sent().length === 2);
    expect(sent()[1]).toMatchObject({ method: 'webhook' });
    expect(sent()[1]?.text).toContain(`${id}: slack:eve U0ADMIN (U0OTHER) is on it.`);
  });
});

test('a test alert has a button that proves that answers reach us', async () => {
  await pushwarden.api('POST', `/repositories/${repository.id}/test-alert`, {});
  // A reminder of an earlier test may come meanwhile.
  const test = (): SlackMessage | undefined => sent().find(({ text }) => text.includes('TEST: nothing happened'));
  await until('it is there', () => test() !== undefined);
  const message = test();
  if (message === undefined) throw new Error('There is no message.');
  await pushwarden.slack.click(app, message, 'test.seen', RESPONDER);
  const team = await pushwarden.db.prepare('SELECT tested_at, test_seen_by FROM teams WHERE id = 1').first();
  expect(team).toEqual({ tested_at: expect.any(Number), test_seen_by: 'slack:ana (U0RESP)' });
});

test('the signing secret is nowhere to be read', async () => {
  const channels = (await pushwarden.api('GET', '/channels')).json;
  const log = (await pushwarden.api('GET', '/audit-log?limit=200')).json;
  const stored = await pushwarden.db.prepare('SELECT * FROM channels').all();
  expect(JSON.stringify([channels, log, stored.results])).not.toContain(OWN_SECRET);
});
