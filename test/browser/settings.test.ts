import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEEDS } from '../../src/tuf/seeds.ts';
import { BrowsedInstallation, describeEveryPage, HOSTILE } from '../fixtures/watched-page.ts';
import type { Json } from '../fixtures/worker.ts';

const ROOT = SEEDS.find(({ name }) => name === 'public-good')?.trustedRoot?.json ?? '';
const LONG_NAME = 'n'.padEnd(64, 'n');
const addresses: Record<string, string> = {};

let installation: BrowsedInstallation;

const channelNamed = async (name: string): Promise<Json> =>
  (await installation.pushwarden.api('GET', '/channels')).json.items.find((each: Json) => each.name === name);

beforeAll(async () => {
  installation = await BrowsedInstallation.start();
});
afterAll(() => installation?.stop());

test('a channel is added, tested and changed without JavaScript', async () => {
  const { pushwarden } = installation;
  const { page } = await installation.open({ javaScriptEnabled: false });
  await page.goto(`${pushwarden.url}/settings/channels`);
  await page.getByRole('link', { name: 'Add a channel' }).click();
  expect(await page.getByText('chat:write').count()).toBeGreaterThan(0);
  await page.getByLabel('Bot token').fill('xoxb-of-the-test');
  await page.getByLabel('Channel', { exact: true }).fill('C1');
  await page.getByRole('textbox', { name: 'Name' }).fill('night shift');
  await page.getByLabel('It takes').selectOption('high');
  await page.getByRole('button', { name: 'Add it' }).click();
  expect(await page.getByRole('status').textContent()).toContain('The channel is added.');
  await page.getByRole('button', { name: 'Send a test' }).click();
  expect(await page.getByRole('status').textContent()).toContain('The test was taken');
  expect(pushwarden.slack.messages.at(-1)).toMatchObject({ channel: 'C1' });
  await page.getByRole('checkbox', { name: 'About Pushwarden itself' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  expect(await page.getByRole('status').textContent()).toContain('Saved.');
  expect(await channelNamed('night shift')).toMatchObject({ minSeverity: 'high', health: true, default: false });
});

test('a trusted root is given and removed without JavaScript', async () => {
  const { page } = await installation.open({ javaScriptEnabled: false });
  await page.goto(`${installation.pushwarden.url}/settings/issuers`);
  await page.getByLabel('Name').fill('of-our-own');
  await page.getByRole('textbox', { name: 'Trusted root' }).fill(ROOT);
  await page.getByRole('button', { name: 'Give it' }).click();
  expect(await page.getByRole('status').textContent()).toContain('counts for nothing until a policy names it');
  await page.getByRole('button', { name: 'Remove of-our-own' }).click();
  expect(await page.getByRole('status').textContent()).toContain('is removed');
});

describe('every settings page of this kind', () => {
  beforeAll(async () => {
    const { pushwarden } = installation;
    const { json } = await pushwarden.api('POST', '/channels', {
      name: LONG_NAME,
      kind: 'slack-bot',
      token: 'xoxb-of-the-test',
      channel: 'C2',
      signingSecret: 'f'.repeat(32),
    });
    addresses.crowded = `/settings/channels/${json.id}`;
    addresses.last = `/settings/channels/${json.id}?after=1000030&done=channel-image`;
    await pushwarden.db.batch([
      pushwarden.db
        .prepare('UPDATE channels SET refused = ?1, name = ?2 WHERE id = ?3')
        .bind(HOSTILE.padEnd(200, 'x'), `${LONG_NAME.slice(0, 64)}`, json.id),
      pushwarden.db.prepare(
        "INSERT INTO hooks (id, team_id, public_id, provider, registry, created_at) VALUES (900, 1, 'crowd', 'dockerhub', 'docker.io', 0)",
      ),
      pushwarden.db
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
           INSERT INTO repositories (id, team_id, hook_id, registry, path, policy, channel_id, created_at, next_sweep_at)
           SELECT 1000000 + i, 1, 900, 'docker.io', ?2 || i, '{}', ?1, 0, 9e15 FROM n`,
        )
        .bind(json.id, 'very-long-name/'.repeat(16)),
    ]);
    await pushwarden.api('POST', '/trusted-roots', { name: 'r'.repeat(40), trustedRoot: JSON.parse(ROOT) });
    await pushwarden.db.prepare('UPDATE trusted_roots SET added_by = ?1').bind(HOSTILE).run();
  });

  describeEveryPage(
    () => installation,
    [
      '/settings/channels',
      ...['slack-bot', 'slack-webhook', 'discord', 'teams', 'webhook', 'email'].map(
        (kind) => `/settings/channels/new?kind=${kind}`,
      ),
      'crowded',
      'last',
      '/settings/issuers',
      '/settings/retention',
    ],
    addresses,
  );
});
