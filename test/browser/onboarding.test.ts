import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { sendDockerHub, sendGitHub } from '../fixtures/senders.ts';
import {
  accessibility,
  BrowsedInstallation,
  describeEveryPage,
  HOSTILE,
  LONG_TAG,
  SIDEWAYS,
} from '../fixtures/watched-page.ts';
import { type TestInstallation, until } from '../fixtures/worker.ts';

let installation: BrowsedInstallation;
let pushwarden: TestInstallation;
const addresses: Record<string, string> = {};

function publish(path: string, tags: readonly string[] = ['1.0.0', '1.1.0', 'latest']): void {
  for (const tag of tags) pushwarden.registry.push(path, tag, singleImage(`${path} ${tag}`));
}

/** A person, who counts what they do: each click and each field that is typed into. */
class Maintainer {
  readonly page: Page;
  interactions = 0;

  constructor(page: Page) {
    this.page = page;
  }

  async click(what: Locator): Promise<void> {
    this.interactions += 1;
    await what.click();
  }

  async type(what: Locator, text: string): Promise<void> {
    this.interactions += 1;
    await what.fill(text);
  }
}

beforeAll(async () => {
  installation = await BrowsedInstallation.start();
  ({ pushwarden } = installation);
  await pushwarden.db.prepare('DELETE FROM channels').run();
});
afterAll(() => installation?.stop());

test('from empty to the first test alert it takes at most eight interactions', async () => {
  publish('org/first');
  const { page, troubles, hosts } = await installation.open({ permissions: ['clipboard-read', 'clipboard-write'] });
  const maintainer = new Maintainer(page);
  await page.goto(pushwarden.url);
  await maintainer.type(page.getByLabel('Image you publish'), 'org/first:1.0.0');
  await maintainer.click(page.getByRole('button', { name: 'Look at it' }));
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Watch docker.io/org/first');
  expect(await page.getByRole('checkbox', { name: /Version tags/ }).isChecked()).toBe(true);
  expect(await page.getByText('Who pushed these tags the registry tells nobody.').count()).toBe(1);
  await maintainer.click(page.getByRole('button', { name: 'Use this policy' }));
  await maintainer.click(page.getByRole('button', { name: 'Copy the webhook URL' }));
  const url = String(await page.evaluate('navigator.clipboard.readText()'));
  expect(url).toMatch(new RegExp(`^${pushwarden.url}/webhooks/dockerhub/[A-Za-z0-9_-]{43}$`));
  await maintainer.click(page.getByRole('link', { name: /It is put in/ }));
  // Nobody who types a secret is interrupted.
  expect((await page.reload())?.headers().refresh).toBeUndefined();
  await maintainer.type(page.getByLabel('Webhook address'), `${pushwarden.slack.url}/services/alerts`);
  await maintainer.click(page.getByRole('button', { name: 'Connect and send a test alert' }));
  await until('the test is in Slack', () => pushwarden.messages('alerts').length > 0);
  expect(pushwarden.messages('alerts')[0]).toContain('TEST: nothing happened');
  expect(maintainer.interactions).toBeLessThanOrEqual(8);
  expect(maintainer.interactions).toBe(7);

  // It waits for the first delivery, and sees it come without anybody doing anything.
  const waiting = await page.reload();
  expect(waiting?.headers().refresh).toBe('10');
  expect(await page.getByText('No delivery yet').count()).toBe(1);
  await page.getByText('slack took it').waitFor();
  await sendDockerHub(pushwarden, { url }, { path: 'org/first', tag: 'latest', pusher: 'bot' });
  await page.getByText('Received').waitFor({ timeout: 20_000 });
  expect((await page.reload())?.headers().refresh).toBeUndefined();
  expect(troubles).toEqual([]);
  expect([...hosts].filter((host) => host !== 'data:')).toEqual([new URL(pushwarden.url).host]);
  const actions = (await pushwarden.api('GET', '/audit-log')).json.items.map(
    ({ action }: { action: string }) => action,
  );
  expect(actions.slice(0, 3)).toEqual(['alert.tested', 'channel.created', 'repository.created']);
});

test('all of it works without JavaScript, and the choices become the policy', async () => {
  publish('org/second');
  const { page } = await installation.open({ javaScriptEnabled: false });
  await page.goto(`${pushwarden.url}/welcome`);
  await page.getByLabel('Image you publish').fill('https://hub.docker.com/r/org/second');
  await page.getByRole('button', { name: 'Look at it' }).click();
  await page.getByLabel('Accounts that may push').fill('release-bot, alice');
  await page.getByRole('checkbox', { name: /Version tags/ }).uncheck();
  await page.getByRole('textbox', { name: 'Others' }).fill('lts');
  await page.getByRole('button', { name: 'Replay with changes' }).click();
  // What was chosen is there still, and nothing is watched yet.
  expect(await page.getByLabel('Accounts that may push').inputValue()).toBe('release-bot, alice');
  expect(await page.getByRole('checkbox', { name: /Version tags/ }).isChecked()).toBe(false);
  await page.getByRole('button', { name: 'Use this policy' }).click();
  const shown = (await page.locator('.cmd').textContent()) ?? '';
  expect(shown).toContain('/webhooks/dockerhub/');
  const watched = (await pushwarden.api('GET', '/repositories')).json.items.find(
    ({ image }: { image: string }) => image === 'docker.io/org/second',
  );
  expect(watched.policy).toMatchObject({ pushers: ['release-bot', 'alice'], immutableTags: ['lts'] });

  // Sent again, or looked at later, the secret is not shown.
  await page.goto(`${pushwarden.url}/welcome?image=org/second`);
  expect(new URL(page.url()).pathname).toBe(`/welcome/${watched.id}`);
  expect(await page.content()).not.toContain(shown);
  await page.getByText('The address or the secret is lost').click();
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  const other = (await page.locator('.cmd').textContent()) ?? '';
  expect(other).toContain('/webhooks/dockerhub/');
  expect(other).not.toBe(shown);
  for (const url of [shown, other]) {
    const answer = await sendDockerHub(pushwarden, { url }, { path: 'org/second', tag: 'x', pusher: 'bot' });
    expect(answer.status).toBe(202);
  }
});

test('accounts that Docker Hub names are proposed, an account that long slept is not ticked, and tags are held against it', async () => {
  const { hub } = pushwarden;
  hub.addUser('known', { password: 'p' });
  hub.addUser('old', { password: 'p' });
  hub.addOrganization('known-team', { plan: 'team', owners: ['known'], members: ['old'] });
  publish('known-team/app', ['1.0.0', '1.1.0', '0.9.0']);
  const day = 86_400_000;
  const push = (user: string, tag: string, daysAgo: number) =>
    hub.push(
      user,
      { repository: 'known-team/app', tag, digest: singleImage(`known-team/app ${tag}`).digest },
      Date.now() - daysAgo * day,
    );
  push('known', '1.1.0', 1);
  push('known', '1.0.0', 30);
  push('old', '0.9.0', 400);
  const { page } = await installation.open();
  await page.goto(`${pushwarden.url}/welcome?image=known-team/app`);
  expect(await page.getByRole('checkbox', { name: 'Account known' }).isChecked()).toBe(true);
  expect(await page.getByText('Pushed 2 of the last 3 tags').count()).toBe(1);
  expect(await page.getByRole('checkbox', { name: 'Account old' }).isChecked()).toBe(false);
  expect(await page.getByText('2 would pass, 1 would alarm').count()).toBe(1);
  expect(await page.getByRole('row', { name: /0\.9\.0/ }).textContent()).toContain(
    'Pushed by an account you do not expect',
  );
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('checkbox', { name: 'Account old' }).check();
  await page.getByRole('button', { name: 'Replay with changes' }).click();
  expect(await page.getByText('3 would pass').count()).toBe(1);
});

test('of a GitHub hook both parts are shown, and its ping is the first delivery', async () => {
  publish('org/hubbed');
  const { page } = await installation.open();
  await page.goto(`${pushwarden.url}/welcome?image=ghcr.io/org/hubbed`);
  await page.getByRole('button', { name: 'Use this policy' }).click();
  const [url = '', secret = ''] = await page.locator('.cmd').allTextContents();
  expect(url).toContain('/webhooks/github/');
  expect(await accessibility(page)).toEqual([]);
  await page.getByRole('link', { name: /It is put in/ }).click();
  const body = JSON.stringify({ zen: 'Keep it logically awesome.', hook_id: 1 });
  expect((await sendGitHub(pushwarden, { url, secret }, { event: 'ping', body })).status).toBe(202);
  await page.getByText('Received').waitFor({ timeout: 20_000 });
});

describe('what cannot be looked at', () => {
  const look = async (image: string) => {
    const { page } = await installation.open();
    const response = await page.goto(`${pushwarden.url}/welcome?image=${encodeURIComponent(image)}`);
    return { page, status: response?.status(), alert: await page.getByRole('alert').first().textContent() };
  };

  test.each([
    ['Org/App', 400, 'upper-case'],
    ['registry.nowhere/org/app', 400, 'not configured'],
    ['org/app:-x', 400, 'After : a tag is expected'],
    ['org/never-pushed', 404, 'is private'],
    [HOSTILE, 400, 'not an OCI repository name'],
    ['x'.repeat(600), 400, 'longer than'],
  ])('%s is said to be wrong in words, and stays in the field', async (image, status, words) => {
    const looked = await look(image);
    expect([looked.status, looked.alert]).toEqual([status, expect.stringContaining(words)]);
    expect(await looked.page.getByLabel('Image you publish').inputValue()).toBe(image);
    expect(await accessibility(looked.page)).toEqual([]);
    await looked.page.setViewportSize({ width: 320, height: 800 });
    expect(await looked.page.evaluate(SIDEWAYS)).toBe(0);
    await looked.page.context().close();
  });

  test('a registry that does not answer loses nothing: one looks again, or watches without a proposal', async () => {
    publish('org/down');
    pushwarden.registry.fail('org/down', { kind: 'status', status: 503 });
    const { page, status, alert } = await look('org/down');
    expect([status, alert]).toEqual([503, expect.stringContaining('We could not look at docker.io/org/down')]);
    expect(await accessibility(page)).toEqual([]);
    await page.getByLabel('Accounts that may push').fill('release-bot');
    await page.getByRole('button', { name: 'Replay with changes' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('What you chose is below as it was.');
    expect(await page.getByLabel('Accounts that may push').inputValue()).toBe('release-bot');
    await page.getByRole('button', { name: 'Use this policy' }).click();
    expect(await page.locator('.cmd').textContent()).toContain('/webhooks/dockerhub/');
    pushwarden.registry.heal();
  });

  test('a policy that could never match is not saved, and what was typed is kept', async () => {
    publish('org/typed');
    const { page } = await installation.open();
    await page.goto(`${pushwarden.url}/welcome?image=org/typed`);
    await page.getByRole('textbox', { name: 'Others' }).fill('no/tag');
    await page.getByLabel('Accounts that may push').fill('release-bot');
    await page.getByRole('button', { name: 'Use this policy' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('expected a tag');
    expect(await page.getByLabel('Accounts that may push').inputValue()).toBe('release-bot');
    expect(await page.getByRole('textbox', { name: 'Others' }).inputValue()).toBe('no/tag');
  });
});

test('a refused Slack address is told, and its token is not shown again', async () => {
  await pushwarden.db.prepare('DELETE FROM channels').run();
  const { page } = await installation.open();
  await page.goto(`${pushwarden.url}/welcome/1`);
  await page.getByLabel('Webhook address').fill('https://evil.example/services/x');
  await page.getByRole('button', { name: 'Connect and send a test alert' }).click();
  expect(await page.getByRole('alert').textContent()).toContain('hooks.slack.com');
  expect(await page.content()).not.toContain('evil.example');
});

describe('every page', () => {
  beforeAll(async () => {
    const long = `org/${'very-long-name-'.repeat(12)}x`;
    publish(long, ['1.0.0', LONG_TAG]);
    addresses.proposal = `/welcome?image=${long}`;
    addresses.waiting = '/welcome/1?look=once';
    // A burst of alerts with everything that strangers may name.
    for (let n = 0; n < 7; n += 1) {
      const path = `burst/app${n}`;
      publish(path, ['1.0.0']);
      const { webhook } = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['bot'] } });
      pushwarden.registry.push(path, '1.0.0', singleImage(`${path} miner`));
      await sendDockerHub(pushwarden, webhook, { path, tag: '1.0.0', pusher: 'mallory' });
    }
    const { db } = pushwarden;
    await until('all have alarmed', async () => (await db.prepare('SELECT id FROM alerts').all()).results.length >= 7);
    await pushwarden.connectSlack();
    const first = await db
      .prepare('SELECT min(id) AS id, min(channel_id) AS c FROM alerts, (SELECT min(id) AS channel_id FROM channels)')
      .first<{ id: number; c: number }>();
    await db.batch([
      db
        .prepare(
          "INSERT INTO bursts (id, team_id, channel_id, severity, opened_at, joined_at) VALUES (900, 1, ?1, 'critical', 0, 0)",
        )
        .bind(first?.c ?? 0),
      db.prepare('UPDATE alerts SET burst_id = 900, remind_at = ?1').bind(Date.now() + 3_600_000),
      db
        .prepare("UPDATE alerts SET facts = json_set(facts, '$.tags', json(?1)) WHERE id > ?2")
        .bind(JSON.stringify([LONG_TAG, 'b']), first?.id ?? 0),
      db.prepare("UPDATE credentials SET name = ?1 WHERE name = 'mallory'").bind(HOSTILE.padEnd(200, 'x')),
    ]);
    addresses.alert = `/alerts/A-${first?.id}`;
    // The overwritten release tag: two findings, and both rules together.
    const last = (await pushwarden.api('GET', '/alerts')).json.items[0];
    addresses.rule = `/alerts/${last.id}/rule`;
  });

  describeEveryPage(() => installation, ['/welcome', 'proposal', 'waiting', 'alert', 'rule'], addresses);
});
