import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { HubToken } from '../../scripts/simulate/world/dockerhub-accounts.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { makeCanaryAlert } from '../fixtures/watch-alert.ts';
import { BrowsedInstallation, describeEveryPage, HOSTILE } from '../fixtures/watched-page.ts';
import { type Json, type TestInstallation, until } from '../fixtures/worker.ts';

const PASSWORD = 'correct horse battery';
const IMAGE = 'acme/app';

let browsed: BrowsedInstallation;
let pushwarden: TestInstallation;
let token: HubToken;
let webhook: Json;
const addresses: Record<string, string> = {};

const noScript = async () => (await browsed.open({ javaScriptEnabled: false })).page;

async function minutesLater(minutes: number): Promise<void> {
  await pushwarden.advance(minutes * 60);
  await pushwarden.run('poll');
  await pushwarden.run('redrive');
}

beforeAll(async () => {
  browsed = await BrowsedInstallation.start({ DOCKERHUB_POLL_MINUTES: '1440' });
  ({ pushwarden } = browsed);
  const { hub, registry } = pushwarden;
  Object.assign(hub, { auditLagMs: 0, lastUsedLagMs: 0 });
  hub.addUser('acme', { password: PASSWORD, plan: 'pro' });
  hub.addRepository(IMAGE);
  registry.push(IMAGE, 'latest', singleImage('baseline'));
  token = hub.createToken('acme', { label: 'ci-publish' });
});
afterAll(() => browsed?.stop());

describe('without JavaScript', () => {
  test('an empty list teaches, and a Docker Hub account is connected', async () => {
    const page = await noScript();
    await page.goto(`${pushwarden.url}/credentials`);
    expect(await page.getByRole('heading', { level: 2 }).textContent()).toBe('Nothing that can push is known yet');
    await page.getByRole('link', { name: 'Connect Docker Hub' }).click();
    await page.getByLabel('Account', { exact: true }).fill('acme');
    await page.getByLabel('Token or password').fill('not the password');
    await page.getByRole('button', { name: 'Connect it' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Docker Hub does not let this account in');
    expect(await page.content()).not.toContain('not the password');
    await page.goBack();
    await page.getByLabel('Account', { exact: true }).fill('acme');
    await page.getByLabel('Token or password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Connect it' }).click();
    expect(await page.getByRole('status').textContent()).toContain('Connected.');
    expect(await page.content()).not.toContain(PASSWORD);
    const states = async () => {
      await page.goto(`${pushwarden.url}/settings/sources`);
      return page.locator('table').first().locator('td.vd').allTextContents();
    };
    expect(await states()).toEqual(['Not read yet', 'Not read yet', 'Not read yet']);
    await pushwarden.run('poll');
    expect(await states()).toEqual(['Answers', 'Not with this login', 'Not on this plan']);
    await page.getByRole('button', { name: 'Read it now from Docker Hub acme' }).click();
    expect(await page.getByRole('status').textContent()).toContain('read within a minute');
    const actions = (await pushwarden.api('GET', '/audit-log')).json.items.map(({ action }: Json) => action);
    expect(actions.slice(0, 2)).toEqual(['source.polled', 'source.connected']);
  });

  test('a token is found by a filter, and marked as bait with a reason', async () => {
    const page = await noScript();
    await page.goto(`${pushwarden.url}/credentials`);
    await page.getByLabel('Kind').selectOption('dockerhub-pat');
    await page.getByLabel('Name, id or note has').fill('CI-PUB');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(new URL(page.url()).searchParams.get('kind')).toBe('dockerhub-pat');
    await page.getByRole('link', { name: 'ci-publish' }).click();
    addresses.credential = new URL(page.url()).pathname;
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Docker Hub personal token ci-publish');
    await page.getByLabel(/^Bait/).check();
    // The browser itself asks for the reason.
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect(page.url()).not.toContain('done=');
    await page.getByLabel('Why').fill('Lies in the old wiki.');
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect(await page.getByRole('status').textContent()).toContain('Kept, with your name');
    expect(await page.locator('.answers').textContent()).toContain('No: it is bait');
    const kept = (await pushwarden.api('GET', addresses.credential)).json;
    expect(kept).toMatchObject({
      mark: 'canary',
      note: 'Lies in the old wiki.',
      markedBy: 'key:test',
      expectedOn: null,
    });
    const [last] = (await pushwarden.api('GET', '/audit-log')).json.items;
    expect(last).toMatchObject({
      action: 'credential.marked',
      actor: 'key:test',
      detail: { before: { mark: 'none' } },
    });
  });

  test('it is expected on one image only, and then everywhere again', async () => {
    ({ webhook } = await pushwarden.watch(`docker.io/${IMAGE}`));
    const page = await noScript();
    await page.goto(pushwarden.url + addresses.credential);
    await page.getByLabel(/^Expected/).check();
    await page.getByLabel('Only on these images').check();
    await page.locator('summary', { hasText: 'Images' }).click();
    await page.getByLabel(`docker.io/${IMAGE}`).check();
    await page.getByLabel(/^Only CI/).check();
    await page.getByLabel('Why').fill('The release job.');
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect(await page.locator('.answers').textContent()).toContain('Yes, on one image');
    expect((await pushwarden.api('GET', addresses.credential ?? '')).json).toMatchObject({
      mark: 'expected',
      expectedOn: [1],
      ciOnly: true,
    });
    expect(await page.locator('.facts').textContent()).toContain(`docker.io/${IMAGE}`);
    await page.getByLabel('Everywhere').check();
    await page.getByLabel(/^Only CI/).uncheck();
    await page.getByRole('button', { name: 'Keep it' }).click();
    expect((await pushwarden.api('GET', addresses.credential ?? '')).json).toMatchObject({
      expectedOn: null,
      ciOnly: false,
    });
  });

  test('the history is narrowed to a day, by the calendar’s table and by hand', async () => {
    const { hub, registry } = pushwarden;
    await minutesLater(6);
    const digest = registry.push(IMAGE, '1.0.0', singleImage('a release'));
    hub.useToken(token.id, { push: { repository: IMAGE, tag: '1.0.0', digest } });
    await sendDockerHub(pushwarden, webhook, { path: IMAGE, tag: '1.0.0', pusher: 'acme', at: pushwarden.now() });
    await minutesLater(6);
    const page = await noScript();
    await page.goto(pushwarden.url + addresses.credential);
    const uses = page.locator('#uses tbody tr');
    await until('its push is attributed', async () => {
      await page.reload();
      return (await uses.count()) > 0;
    });
    expect(await uses.first().textContent()).toContain(`pushed docker.io/${IMAGE}:1.0.0`);
    expect(await uses.first().getByRole('link', { name: IMAGE }).getAttribute('href')).toMatch(/^\/p\/1-\d+$/);
    await page.locator('summary', { hasText: 'Show as a table' }).click();
    await page.locator('.cal tbody a').first().click();
    const today = new Date(pushwarden.now()).toISOString().slice(0, 10);
    expect(new URL(page.url()).searchParams.get('from')).toBe(today);
    expect(await page.locator('#from').inputValue()).toBe(`${today} 00:00`);
    expect(await uses.count()).toBeGreaterThan(0);
    await page.locator('#from').fill('2020-01-01');
    await page.locator('#to').fill('2020-01-02 03:12');
    await page.getByRole('button', { name: 'Narrow' }).click();
    expect(await page.locator('#uses').textContent()).toContain('No use was told or seen in this time.');
    await page.locator('#from').fill('2021-01-01');
    await page.getByRole('button', { name: 'Narrow' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('begins after its end');
  });

  test('its blast radius is shown and downloaded, by a session and with its rights', async () => {
    const page = await noScript();
    await page.goto(pushwarden.url + addresses.credential);
    await page.getByRole('button', { name: 'Show what it could have pushed' }).click();
    addresses.blast = new URL(page.url()).pathname;
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('ci-publish could have pushed');
    expect(await page.locator('.answers').textContent()).toContain('1 push');
    expect(await page.getByRole('link', { name: `docker.io/${IMAGE}`, exact: true }).count()).toBe(1);
    const file = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()]);
      return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
    };
    const id = addresses.credential?.split('/').at(-1);
    const csv = await file('Download CSV');
    expect(csv.name).toBe(`blast-radius-${id}.csv`);
    const query = new URL(page.url()).searchParams;
    const span = new URLSearchParams({ from: `${query.get('from')?.replace(' ', 'T')}:00Z`, format: 'csv' });
    expect(csv.text.split('\r\n')[0]).toBe(
      (await pushwarden.api('GET', `${addresses.blast}?${span}`)).json.split('\r\n')[0],
    );
    expect(csv.text).toContain(`"push","attributed"`);
    expect(csv.text).toContain('"not-covered"');
    const json = JSON.parse((await file('JSON')).text);
    expect(json).toMatchObject({ credential: { id }, summary: { attributed: { pushes: 1 } } });
    expect((await file('Markdown')).text).toContain('# What personal token `ci-publish` could have pushed');
  });

  test('the alert about bait leads to it, and the page says so first', async () => {
    await makeCanaryAlert(pushwarden, 'other', 'backup-key');
    const page = await noScript();
    await page.goto(`${pushwarden.url}/credentials`);
    const needed = page.locator('section', { hasText: 'Look at these first' });
    expect(await needed.locator('tbody tr').count()).toBe(1);
    expect(await needed.textContent()).toContain('Bait was used');
    await page.goto(`${pushwarden.url}/alerts`);
    await page.getByRole('link', { name: 'A bait token was used' }).click();
    await page.getByRole('link', { name: 'Its uses' }).click();
    addresses.bait = new URL(page.url()).pathname;
    expect(await page.locator('.banner').textContent()).toContain('Revoke it first.');
    expect(await page.locator('.cal').textContent()).toContain('An alert speaks of');
    await page.locator('.banner').getByRole('link', { name: 'What it could have pushed' }).click();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('backup-key could have pushed');
  });

  test('the header leads to the page that says whether we see', async () => {
    const page = await noScript();
    await page.goto(pushwarden.url);
    await page.locator('.watch').click();
    expect(new URL(page.url()).pathname).toBe('/health');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Every source answers');
    expect(await page.locator('#images').textContent()).toContain(`docker.io/${IMAGE}`);
    expect(await page.locator('#accounts').textContent()).toContain('Docker Hub acme');
  });
});

describe('every page', () => {
  beforeAll(async () => {
    const { db } = pushwarden;
    const name = HOSTILE.padEnd(255, 'x');
    const id = Number(addresses.credential?.split('-').at(-1));
    addresses.crowded = addresses.credential ?? '';
    await db.batch([
      db
        .prepare(
          `UPDATE credentials SET name = ?1, account = ?1, note = ?1, created_by = ?1, marked_by = ?1, scopes = json_array(?1), resources = ?2, expires_at = 1 WHERE id = ?3`,
        )
        .bind(name, JSON.stringify([{ type: 'repository', path: name, scopes: [name] }]), id),
      db
        .prepare(
          `INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength, detail) VALUES (?1, ?2, 'l1', ?2, 2, 2, 2, ?3)`,
        )
        .bind(id, pushwarden.now() - 1000, JSON.stringify({ event: name, target: name, tag: name })),
      db
        .prepare(
          `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
           INSERT OR IGNORE INTO credential_days (credential_id, day, repository_id, pushes, possible, uses) SELECT ?1, ?2 - i, 0, i % 9, 1, 1 FROM n WHERE i % 3 > 0`,
        )
        .bind(id, Math.floor(pushwarden.now() / 86_400_000)),
      db
        .prepare(
          `UPDATE sources SET status = json_set(status, '$."audit-log".reason', ?1, '$."personal-tokens".state', 'signed-out') WHERE account = 'acme'`,
        )
        .bind(HOSTILE.padEnd(200, 'y')),
      db
        .prepare(
          "INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at) VALUES (1, 'registry-unreadable', 'x', ?1, ?2, ?2)",
        )
        .bind(
          JSON.stringify({ kind: 'registry-unreadable', image: `docker.io/${'y'.repeat(200)}`, reason: HOSTILE }),
          pushwarden.now(),
        ),
      db.prepare(`UPDATE channels SET name = ?1, refused = ?1 WHERE for_health = 1`).bind(HOSTILE.padEnd(120, 'z')),
    ]);
    addresses.list = `/credentials?q=${encodeURIComponent(HOSTILE.slice(0, 20))}`;
  });

  describeEveryPage(
    () => browsed,
    ['/credentials', '/credentials?q=nothing', 'list', 'crowded', 'bait', 'blast', '/settings/sources', '/health'],
    addresses,
  );
});
