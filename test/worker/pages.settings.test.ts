import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { CHANNEL_WORDS } from '../../src/notify/channel-words.ts';
import { SEEDS } from '../../src/tuf/seeds.ts';
import { answer, FakeServer } from '../fixtures/fake-server.ts';
import { addSignedIn, type Page, Visitor } from '../fixtures/visitor.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const ROOT = SEEDS.find(({ name }) => name === 'public-good')?.trustedRoot?.json ?? '';
const TOKEN = 'xoxb-nobody-sees-this';

let pushwarden: TestInstallation;
let receiver: FakeServer;
let owner: Visitor;
let viewer: Visitor;

beforeAll(async () => {
  receiver = new FakeServer();
  await receiver.start();
  receiver.handle = answer(204);
  pushwarden = await TestInstallation.start({
    bundle: inject('bundle'),
    vars: { WEBHOOK_HOSTS: new URL(receiver.url).host },
  });
  [owner, viewer] = [new Visitor(pushwarden.url), new Visitor(pushwarden.url)];
  await owner.resume((await addSignedIn(pushwarden.db, 1, 'o', 'owner')).token);
  await viewer.resume((await addSignedIn(pushwarden.db, 1, 'v', 'viewer')).token);
});
afterAll(async () => {
  await pushwarden?.stop();
  await receiver?.stop();
});

const textOf = ({ html }: Page): string => html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
const channels = async (): Promise<Json[]> => (await pushwarden.api('GET', '/channels')).json.items;
const channelNamed = async (name: string): Promise<Json> => (await channels()).find((each) => each.name === name);
const lastAudit = async (): Promise<Json> => (await pushwarden.api('GET', '/audit-log?limit=1')).json.items[0];

describe('channels', () => {
  test('without one the page says what that means, and leads to the first', async () => {
    const page = await owner.get('/settings/channels');
    expect(page.html).toContain('reach nobody');
    expect(page.html).toContain('href="/settings/channels/new"');
    expect((await viewer.get('/settings/channels')).html).not.toContain('/settings/channels/new');
  });

  test.each(Object.keys(CHANNEL_WORDS))(
    '%s says which rights it needs and why, before anything is typed',
    async (kind) => {
      const page = await owner.get(`/settings/channels/new?kind=${kind}`);
      const { rights } = CHANNEL_WORDS[kind as keyof typeof CHANNEL_WORDS]; // one of its keys
      expect(textOf(page)).toContain(rights.replaceAll('&', '&amp;'));
      // E-mail needs a binding that this installation has not.
      expect(page.html.includes('action="/settings/channels"')).toBe(kind !== 'email');
      if (kind === 'email') expect(page.html).toContain('EMAIL_FROM');
    },
  );

  test('a bot is added, tested, changed and removed, and its token never shown', async () => {
    await owner.get('/settings/channels/new?kind=slack-bot');
    const added = await owner.post('/settings/channels', {
      kind: 'slack-bot',
      token: TOKEN,
      channel: 'C1',
      name: 'alarm',
      minSeverity: 'notice',
      default: 'on',
      anyoneMayAcknowledge: 'on',
    });
    const { id } = await channelNamed('alarm');
    expect(added.location).toBe(`/settings/channels/${id}?done=channel-added`);
    expect(await channelNamed('alarm')).toMatchObject({
      kind: 'slack-bot',
      default: true,
      health: false,
      anyoneMayAcknowledge: true,
    });

    const before = pushwarden.slack.messages.length;
    expect((await owner.post(`/settings/channels/${id}/test`)).location).toBe(
      `/settings/channels/${id}?done=channel-tested`,
    );
    const [message] = pushwarden.slack.messages.slice(before);
    expect(message).toMatchObject({
      channel: 'C1',
      text: expect.stringContaining('TEST: nothing happened. Messages reach this channel.'),
    });
    expect(await lastAudit()).toMatchObject({ action: 'channel.tested', actor: 'person:o', target: 'alarm' });
    const team = await pushwarden.db.prepare('SELECT tested_at FROM teams WHERE id = 1').first<{ tested_at: number }>();
    expect(team?.tested_at).toBeGreaterThan(0);

    const changed = { name: 'night', minSeverity: 'critical', health: 'on' };
    expect((await owner.post(`/settings/channels/${id}`, changed)).location).toContain('done=channel-saved');
    expect(await channelNamed('night')).toMatchObject({
      id,
      default: false,
      health: true,
      minSeverity: 'critical',
      anyoneMayAcknowledge: false,
    });
    expect(await lastAudit()).toMatchObject({
      action: 'channel.changed',
      target: 'alarm',
      detail: { name: 'night', address: false },
    });
    const pages = [
      await owner.get(`/settings/channels/${id}`),
      await owner.get('/settings/channels'),
      await owner.get('/audit'),
    ];
    for (const page of pages) expect(page.html).not.toContain(TOKEN);

    expect((await owner.post(`/settings/channels/${id}/remove`)).location).toBe(
      '/settings/channels?done=channel-removed',
    );
    expect(await channels()).toEqual([]);
    expect((await owner.get(`/settings/channels/${id}`)).status).toBe(404);
  });

  test('a test that is not taken says why, and counts as none', async () => {
    receiver.handle = answer(410);
    const { json } = await pushwarden.api('POST', '/channels', {
      name: 'gone',
      kind: 'webhook',
      url: `${receiver.url}/hook`,
    });
    await pushwarden.db.prepare('UPDATE teams SET tested_at = NULL WHERE id = 1').run();
    const page = await owner.post(`/settings/channels/${json.id}/test`);
    expect(page.status).toBe(409);
    expect(textOf(page)).toMatch(/The test did not reach gone: http_410/);
    const team = await pushwarden.db
      .prepare('SELECT tested_at FROM teams WHERE id = 1')
      .first<{ tested_at: number | null }>();
    expect(team?.tested_at).toBeNull();
  });

  test('a channel that refused works again once a test reaches it, and what waited is sent', async () => {
    receiver.handle = answer(410);
    const channel = await channelNamed('gone');
    const image = await pushwarden.watch('docker.io/org/refused');
    await pushwarden.api('POST', `/repositories/${image.id}/test-alert`);
    await until('it refuses', async () => (await channelNamed('gone')).refused !== null);
    expect((await owner.get('/settings/channels')).html).toContain('Refuses');
    receiver.handle = answer(204);
    const from = receiver.requests.length;
    await owner.get(`/settings/channels/${channel.id}`);
    expect((await owner.post(`/settings/channels/${channel.id}/test`)).status).toBe(303);
    expect((await channelNamed('gone')).refused).toBeNull();
    await until('the alert that waited is sent', () => receiver.requests.length >= from + 2);
    const open = (await pushwarden.api('GET', '/health')).json.items.filter((each: Json) => each.state === 'open');
    expect(open.filter((each: Json) => each.kind === 'channel-refused')).toEqual([]);
  });

  test('a webhook without a secret gets one, shown once', async () => {
    await owner.get('/settings/channels/new?kind=webhook');
    const page = await owner.post('/settings/channels', {
      kind: 'webhook',
      url: `${receiver.url}/own`,
      secret: '',
      name: 'siem',
    });
    expect(page.status).toBe(200);
    const [secret = ''] = /whsec_[A-Za-z0-9+/]{43}=/.exec(page.html) ?? [];
    expect(secret).not.toBe('');
    const { id } = await channelNamed('siem');
    expect((await owner.get(`/settings/channels/${id}`)).html).not.toContain(secret);
    const replaced = await owner.post(`/settings/channels/${id}/address`, { url: `${receiver.url}/other`, secret });
    expect(replaced.location).toContain('done=channel-replaced');
    expect((await lastAudit()).detail).toMatchObject({ address: true });
  });

  test('addresses elsewhere, names that are taken and kinds that are none are refused, and nothing typed is repeated', async () => {
    await owner.get('/settings/channels/new');
    const send = (more: Record<string, string>) =>
      owner.post('/settings/channels', { kind: 'slack-webhook', name: 'new', minSeverity: 'notice', ...more });
    const bad: readonly (readonly [number, Record<string, string>])[] = [
      [400, { url: 'https://evil.example/secret-path' }],
      [400, { url: 'not an address secret-path' }],
      [400, { kind: 'pager', url: 'https://hooks.slack.com/secret-path' }],
      [400, { kind: 'slack-bot', token: 'short', channel: '', url: 'secret-path' }],
      [400, { kind: 'email', to: 'secret-path@example.org' }],
      [400, { url: 'https://hooks.slack.com/secret-path', minSeverity: 'low' }],
      [409, { url: 'https://hooks.slack.com/secret-path', name: 'siem' }],
    ];
    const before = await channels();
    for (const [status, form] of bad) {
      const page = await send(form);
      expect([form, page.status]).toEqual([form, status]);
      expect(page.html).not.toContain('secret-path');
    }
    const { id } = await channelNamed('siem');
    expect((await owner.post(`/settings/channels/${id}`, { name: 'gone', minSeverity: 'notice' })).status).toBe(409);
    expect(await channels()).toEqual(before);
  });

  test('an image is sent here and back, by whoever manages the team that watches it', async () => {
    const { id } = await channelNamed('siem');
    const image = await pushwarden.watch('docker.io/org/routed');
    await owner.get(`/settings/channels/${id}`);
    const send = (form: Record<string, string>) => owner.post(`/settings/channels/${id}/images`, form);
    expect((await send({ image: 'org/routed' })).location).toContain('done=channel-image');
    const named = async () => (await pushwarden.api('GET', `/repositories/${image.id}`)).json;
    expect((await named()).alertChannel).toBe('siem');
    expect((await named()).policy).toEqual(image.policy);
    expect(await lastAudit()).toMatchObject({
      action: 'repository.changed',
      target: 'docker.io/org/routed',
      detail: { before: { alertChannel: null }, after: { alertChannel: 'siem' } },
    });
    expect((await owner.get(`/settings/channels/${id}`)).html).toContain('href="/r/docker.io/org/routed"');
    // From the page of a channel that it does not go to.
    const other = (await channelNamed('gone')).id;
    const stale = await owner.post(`/settings/channels/${other}/images`, { repository: String(image.id) });
    expect(stale.status).toBe(409);
    expect((await send({ repository: String(image.id) })).status).toBe(303);
    expect((await named()).alertChannel).toBeNull();
    expect((await send({ image: 'org/unknown' })).status).toBe(409);
    expect((await send({ image: 'not an image!' })).status).toBe(400);
  });
});

describe('trusted issuers', () => {
  test('shows whose tokens and signatures count, to everybody', async () => {
    const page = await viewer.get('/settings/issuers');
    expect(page.html).toContain(pushwarden.oidc.issuer);
    expect(page.html).toContain('http://127.0.0.1:8787');
    expect(page.html).toContain('public-good');
    expect(page.html).not.toContain('<textarea');
  });

  test('a root is given, replaced and removed, with who did it', async () => {
    await owner.get('/settings/issuers');
    const given = await owner.post('/settings/issuers/roots', {
      name: 'own',
      trustedRoot: JSON.stringify(JSON.parse(ROOT), null, 2),
    });
    expect(given.location).toBe('/settings/issuers?done=root-given');
    expect(await lastAudit()).toMatchObject({ action: 'trusted-root.put', target: 'own', actor: 'person:o' });
    expect(textOf(await owner.get('/settings/issuers'))).toMatch(/own .*given by your team .*by person:o/);
    expect((await owner.post('/settings/issuers/roots/own/remove')).location).toBe(
      '/settings/issuers?done=root-removed',
    );
    expect(await lastAudit()).toMatchObject({ action: 'trusted-root.deleted', target: 'own' });
    expect((await owner.post('/settings/issuers/roots/own/remove')).status).toBe(404);
  });

  test('what is none, has a name of ours, or is named by a policy, is refused', async () => {
    await owner.get('/settings/issuers');
    const give = async (name: string, trustedRoot: string) =>
      (await owner.post('/settings/issuers/roots', { name, trustedRoot })).status;
    expect(await give('own', 'no JSON')).toBe(400);
    expect(await give('own', '{}')).toBe(400);
    expect(await give('own', '[]')).toBe(400);
    expect(await give('Not A Name', ROOT)).toBe(400);
    expect(await give('public-good', ROOT)).toBe(400);
    expect(await give('own', JSON.stringify({ padding: 'x'.repeat(130 * 1024) }))).toBe(413);
    expect(await give('own', 'x'.repeat(300 * 1024))).toBe(413);
    expect(await give('own', ROOT)).toBe(303);
    const keyless = { oidcIssuer: 'https://accounts.example', identity: { subject: 'a@b.example' } };
    await pushwarden.watch('docker.io/org/rooted', {
      policy: { signatures: { authorities: [{ keyless, trustedRoot: 'own' }] } },
    });
    const refused = await owner.post('/settings/issuers/roots/own/remove');
    expect(refused.status).toBe(409);
    expect(refused.html).toContain('docker.io/org/rooted');
  });
});

test('retention says of every kind of record how long it is kept, as the jobs keep it', async () => {
  const text = textOf(await viewer.get('/settings/retention'));
  for (const words of ['until you stop watching the image', '30 days', '400 days', 'for ever', 'an hour'])
    expect(text).toContain(words);
  expect(text).not.toContain('undefined');
});

test('who may watch images may give the team its first channel, and may not change where alerts go then', async () => {
  const { db } = pushwarden;
  const maintainer = new Visitor(pushwarden.url);
  await maintainer.resume((await addSignedIn(db, 1, 'm', 'maintainer')).token);
  pushwarden.registry.push('org/welcomed', '1.0.0', singleImage('welcomed'));
  const { id } = await pushwarden.watch('docker.io/org/welcomed');
  const before = await channels();
  expect(before.length).toBeGreaterThan(0);
  const form = { kind: 'slack-webhook', url: `${pushwarden.slack.url}/services/elsewhere` };
  const refused = await maintainer.post(`/welcome/${id}/channel`, form);
  expect([refused.status, textOf(refused)]).toEqual([403, expect.stringContaining('Your team has a channel already.')]);
  expect(await channels()).toEqual(before);
  await db.batch(['UPDATE repositories SET channel_id = NULL', 'DELETE FROM channels'].map((sql) => db.prepare(sql)));
  expect((await maintainer.post(`/welcome/${id}/channel`, form)).status).toBe(303);
  expect(await channels()).toMatchObject([{ name: 'slack', kind: 'slack-webhook' }]);
});
