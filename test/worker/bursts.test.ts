import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { SlackApp, SlackMessage, SlackPerson } from '../../scripts/simulate/world/slack.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const BOT_CHANNEL = 'C0BOT';
const PERSON: SlackPerson = { id: 'U0RESP', name: 'ana', workspace: 'T0KONG' };
const SECRET = 'signing-secret-0123456789';

let pushwarden: TestInstallation;
let app: SlackApp;
let repositories: { path: string; id: number; webhook: Json }[];
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  const bot = { name: 'bot', kind: 'slack-bot', token: 'xoxb-test-token', channel: BOT_CHANNEL, signingSecret: SECRET };
  const { json } = await pushwarden.api('POST', '/channels', bot);
  app = { signingSecret: SECRET, requestUrl: `${pushwarden.url}/slack/interactions/${json.id}` };
  const { id: user, ...rest } = PERSON;
  await pushwarden.api('POST', '/slack-users', { ...rest, user, role: 'responder' });
  const url = `${pushwarden.slack.url}/services/hook`;
  await pushwarden.api('POST', '/channels', { name: 'hook', kind: 'slack-webhook', url });
});
afterAll(() => pushwarden.stop());

/** Eight repositories whose alerts go to one channel. */
async function watchEight(alertChannel: 'bot' | 'hook'): Promise<void> {
  n += 1;
  await pushwarden.advance(3700);
  repositories = [];
  for (let each = 0; each < 8; each += 1) {
    const path = `burst${n}/app${each}`;
    pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
    const { id, webhook } = await pushwarden.watch(`docker.io/${path}`, {
      alertChannel,
      policy: { pushers: ['release-bot'] },
    });
    repositories.push({ path, id, webhook });
  }
  pushwarden.slack.messages.length = 0;
}

const posted = (): SlackMessage[] => pushwarden.slack.messages.filter(({ method }) => method !== 'chat.update');
const bursts = (): SlackMessage[] => pushwarden.slack.messages.filter(({ text }) => text.includes('BURST'));
const alertsOf = async (state: string): Promise<Json[]> =>
  (await pushwarden.api('GET', `/alerts?state=${state}&limit=200`)).json.items.filter((each: Json) =>
    each.image.includes(`burst${n}/`),
  );

/** Someone overwrites the release tag of repository `each`. */
async function attack(each: number, tag = '1.0.0'): Promise<void> {
  const { path, webhook } = repositories[each] ?? { path: '', webhook: null };
  pushwarden.registry.push(path, tag, singleImage(`${path} miner`));
  await sendDockerHub(pushwarden, webhook, { path, tag, pusher: 'mallory' });
}

async function attackOneByOne(upTo: number, from = 0): Promise<void> {
  for (let each = from; each < upTo; each += 1) {
    await attack(each);
    await until('it has an alert', async () => (await alertsOf('open')).length === each + 1);
  }
}

describe('with a bot', () => {
  beforeEach(() => watchEight('bot'));

  test('five alerts within ten minutes are one message, and the later ones join its list in silence', async () => {
    await attackOneByOne(4);
    await until('four are told on their own', () => posted().length === 4);
    await attackOneByOne(5, 4);
    await until('the fifth is a burst', () => posted().length === 5);
    expect(posted()[4]?.text).toBe('ROGUE BURST: 5 tags in 5 repositories by mallory. Not acknowledged.');
    await attackOneByOne(8, 5);
    await pushwarden.sentAll();
    await pushwarden.advance(120);
    expect(posted()).toHaveLength(5);
    const [first, last] = [bursts()[0], bursts().at(-1)];
    expect(last).toMatchObject({ method: 'chat.update', ts: first?.ts });
    expect(last?.text).toContain('8 tags in 8 repositories');
    for (const { path } of repositories) expect(last?.json).toContain(`docker.io/${path}`);

    const open = await alertsOf('open');
    expect(new Set(open.map(({ burst }) => burst)).size).toBe(1);
    const burst = (await pushwarden.api('GET', `/bursts/${open[0].burst}`)).json;
    expect(burst.alerts.map(({ id }: Json) => id).sort()).toEqual(open.map(({ id }) => id).sort());
    // None is lost: each opening is marked as told, whoever told it.
    for (const { id } of open) {
      const { messages } = (await pushwarden.api('GET', `/alerts/${id}`)).json;
      expect(messages).toMatchObject([
        { event: `alert-${id.slice(2)}-opened`, sentAt: expect.any(String), failed: null },
      ]);
    }
  });

  test('one click takes all of it; each alert is closed on its own, and the last closing ends the burst', async () => {
    // In this order, whatever the machine does meanwhile: four on their own, then the burst, then one that joins it.
    await attackOneByOne(4);
    await until('four are told on their own', () => posted().length === 4);
    await attackOneByOne(5, 4);
    await until('it is a burst', () => bursts().length > 0);
    await attackOneByOne(6, 5);
    await pushwarden.sentAll();
    await pushwarden.advance(60);
    const message = bursts().at(-1);
    if (message === undefined) throw new Error('There is no burst.');
    expect(await pushwarden.slack.click(app, message, 'burst.acknowledge', PERSON)).toBe(200);
    expect(await pushwarden.slack.click(app, message, 'burst.acknowledge', PERSON)).toBe(200);
    expect(await alertsOf('open')).toEqual([]);
    const taken = await alertsOf('acknowledged');
    expect(taken.map(({ acknowledgedBy }) => acknowledgedBy)).toEqual(taken.map(() => 'slack:ana (U0RESP)'));
    expect(taken).toHaveLength(6);
    await pushwarden.advance(60);
    expect(bursts().at(-1)?.json).toContain('<@U0RESP> is on it');
    const log = (await pushwarden.api('GET', '/audit-log?limit=50')).json.items;
    expect(log.filter(({ action }: Json) => action === 'burst.acknowledged')).toHaveLength(1);

    const before = posted().length;
    for (const { id } of taken.slice(1))
      await pushwarden.api('POST', `/alerts/${id}/close`, { resolution: 'incident', reason: 'restored' });
    await pushwarden.advance(60);
    expect(bursts().at(-1)?.json).toContain('5 of 6');
    await pushwarden.api('POST', `/alerts/${taken[0].id}/close`, { resolution: 'incident', reason: 'restored' });
    await pushwarden.advance(60);
    expect(pushwarden.slack.messages.at(-1)?.json).toContain('all closed');
    // Alerts that were told on their own are closed in their own threads; of the others the burst’s message tells.
    const own = posted().slice(before);
    expect(own.every(({ threadTs }) => threadTs !== null)).toBe(true);
    expect(own).toHaveLength(4);
  });

  test('what gets worse speaks in its thread, and what comes after somebody has it speaks for itself', async () => {
    await attackOneByOne(5);
    await until('it is a burst', () => bursts().length > 0);
    const folded = (await alertsOf('open')).find(({ image }) => image.endsWith('app4'));
    await pushwarden.advance(30);
    const message = bursts().at(-1);
    const before = posted().length;
    await attack(4, 'latest');
    await until('it is worse', () => posted().length === before + 1);
    expect(posted().at(-1)).toMatchObject({ threadTs: message?.ts });
    expect(posted().at(-1)?.text).toContain(folded.id);

    if (message === undefined) throw new Error('There is no burst.');
    await pushwarden.slack.click(app, message, 'burst.acknowledge', PERSON);
    await attack(6);
    await until('it is told on its own', () => posted().some(({ text }) => text.includes('app6')));
    expect(posted().at(-1)).toMatchObject({ threadTs: null });
  });

  test('alerts of forged webhooks are no cover: an urgent one is not folded into their burst', async () => {
    for (const { path, webhook } of repositories.slice(0, 6))
      await sendDockerHub(pushwarden, webhook, { path, tag: 'forged', pusher: 'release-bot' });
    await pushwarden.advance(300);
    expect(bursts().length).toBeGreaterThan(0);
    const before = posted().length;
    await attack(7);
    await until('it is told on its own', () => posted().length === before + 1);
    expect(posted().at(-1)?.text).toContain('app7:1.0.0 was overwritten by mallory');
  });

  test('alerts that are minutes apart are no burst', async () => {
    for (let each = 0; each < 6; each += 1) {
      await attack(each);
      await until('it is told', () => posted().length === each + 1);
      await pushwarden.sentAll();
      await pushwarden.advance(200);
    }
    expect(bursts()).toEqual([]);
  });

  test('while Slack fails nothing is lost: afterwards one message speaks for all', async () => {
    pushwarden.slack.refuse({ error: 'internal_error', status: 500 });
    await attackOneByOne(8);
    await pushwarden.advance(30);
    expect(posted()).toEqual([]);
    pushwarden.slack.heal();
    await pushwarden.advance(600);
    for (const { path } of repositories)
      expect(pushwarden.slack.messages.some(({ json }) => json.includes(`docker.io/${path}`))).toBe(true);
    for (const { id } of await alertsOf('open')) {
      const { messages } = (await pushwarden.api('GET', `/alerts/${id}`)).json;
      expect(messages).toMatchObject([{ sentAt: expect.any(String) }]);
    }
  });
});

describe('a channel that breaks while a burst goes on', () => {
  beforeEach(() => watchEight('bot'));

  test('gets the whole burst once it is mended', async () => {
    await attackOneByOne(5);
    await until('it is a burst', () => bursts().length > 0);
    await pushwarden.sentAll();
    pushwarden.slack.refuse({ error: 'is_archived' });
    await attackOneByOne(8, 5);
    await pushwarden.advance(60);
    const channel = (await pushwarden.api('GET', '/channels')).json.items.find(({ name }: Json) => name === 'bot');
    expect(channel.refused).toBe('is_archived');
    pushwarden.slack.heal();
    const before = pushwarden.slack.messages.length;
    await pushwarden.api('PATCH', `/channels/${channel.id}`, { minSeverity: 'notice' });
    const told = () => bursts().find((message) => pushwarden.slack.messages.indexOf(message) >= before);
    await until('it is told', () => told() !== undefined);
    for (const { path } of repositories) expect(told()?.json).toContain(`docker.io/${path}`);
  });
});

describe('with an incoming webhook', () => {
  beforeEach(() => watchEight('hook'));

  test('a burst is told again, minutes later, with what joined it', async () => {
    await attackOneByOne(5);
    await until('it is a burst', () => bursts().length === 1);
    await attackOneByOne(8, 5);
    await until(
      'it is marked',
      async () =>
        (await pushwarden.db
          .prepare(`SELECT 1 FROM notifications WHERE event LIKE 'burst-%' AND next_at IS NOT NULL`)
          .first()) !== null,
    );
    await pushwarden.advance(60);
    expect(bursts()).toHaveLength(1);
    await pushwarden.advance(120);
    expect(bursts()).toHaveLength(2);
    for (const { path } of repositories) expect(bursts()[1]?.json).toContain(`docker.io/${path}`);
    await pushwarden.advance(3600);
    expect(bursts()).toHaveLength(2);
  });
});
