import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answer, FakeServer } from '../fixtures/fake-server.ts';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { makeCanaryAlert, makeDisarmedAlert } from '../fixtures/watch-alert.ts';
import {
  accessibility,
  BrowsedInstallation,
  describeEveryPage,
  HOSTILE,
  LONG_TAG,
  openPage,
  SIDEWAYS,
} from '../fixtures/watched-page.ts';
import type { Json, TestInstallation } from '../fixtures/worker.ts';

let browsed: BrowsedInstallation;
let browser: Browser;
let pushwarden: TestInstallation;
const addresses: Record<string, string> = {};

async function signInLink(): Promise<string> {
  return (await pushwarden.api('POST', '/sign-in-links')).json.url;
}

beforeAll(async () => {
  browsed = await BrowsedInstallation.start();
  ({ browser, pushwarden } = browsed);
});
afterAll(() => browsed?.stop());

describe('in Chromium', () => {
  test('the one-time link signs in, and the first page says what to do', async () => {
    const { page, troubles, hosts } = await openPage(browser);
    await page.goto(await signInLink());
    expect(await page.title()).toBe('Sign in · Pushwarden');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${pushwarden.url}/`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Nothing is watched yet');
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      name: `pushwarden-${new URL(pushwarden.url).port}`,
    });
    expect(troubles).toEqual([]);
    expect([...hosts]).toEqual([new URL(pushwarden.url).host]);
  });

  test('an alert is taken, its restore expected, and it is closed, all without JavaScript', async () => {
    addresses.alert = `/alerts/${await makeAlert(pushwarden, 'docker.io/org/app')}`;
    const { page } = await browsed.open({ javaScriptEnabled: false });
    await page.goto(pushwarden.url);
    await page.getByRole('link', { name: 'See evidence and what to do' }).click();
    await page.getByRole('button', { name: 'I’m on it' }).click();
    expect(await page.getByRole('status').textContent()).toContain('You have it.');
    await page.getByRole('button', { name: /^Expect 1\.0\.0/ }).click();
    expect(await page.getByRole('status').textContent()).toContain('expected at the safe digest for 30 minutes');
    // The browser itself asks for what is missing.
    await page.getByRole('button', { name: 'Close it' }).click();
    expect(page.url()).not.toContain('done=closed');
    await page.getByLabel('It was not us').check();
    await page.getByRole('textbox', { name: 'What happened' }).fill('Token revoked, tag restored.');
    await page.getByRole('button', { name: 'Close it' }).click();
    expect(await page.getByRole('status').textContent()).toContain('Closed, with your name');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('1.0.0 of org/app was overwritten');
    const alert = (await pushwarden.api('GET', addresses.alert)).json;
    expect(alert).toMatchObject({
      state: 'closed',
      resolution: 'incident',
      reason: 'Token revoked, tag restored.',
      acknowledgedBy: 'key:test',
    });
    const actions = (await pushwarden.api('GET', '/audit-log')).json.items.map((each: Json) => each.action);
    expect(actions.slice(0, 3)).toEqual(['alert.closed', 'expectation.opened', 'alert.acknowledged']);
  });

  test('a digest is selected whole by one click, and copied whole by its button', async () => {
    addresses.open = `/alerts/${await makeAlert(pushwarden, 'docker.io/org/second')}`;
    const { page } = await browsed.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await page.goto(`${pushwarden.url}${addresses.open}`);
    const { safe } = (await pushwarden.api('GET', addresses.open)).json;
    await page.locator('.answers .dg').click();
    expect(await page.evaluate('getSelection().toString()')).toBe(safe.digest);
    await page.getByRole('button', { name: 'Copy the safe digest' }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(safe.digest);
  });

  test('a form on another port of this host is refused, though the browser sends the cookie along', async () => {
    const neighbour = new FakeServer();
    await neighbour.start();
    neighbour.handle = answer(
      200,
      { 'content-type': 'text/html' },
      `<form method="post" action="${pushwarden.url}/signout"><button>Go</button></form>`,
    );
    const { page } = await browsed.open();
    const sent = page.waitForRequest(/signout/);
    await page.goto(neighbour.url);
    await page.getByRole('button').click();
    expect((await (await sent).allHeaders()).cookie).toContain('pushwarden-');
    expect(await page.getByRole('alert').textContent()).toContain('did not come from a page of this installation');
    await page.goto(pushwarden.url);
    expect(await page.getByRole('button', { name: 'Sign out' }).count()).toBe(1);
    await neighbour.stop();
  });
});

describe('every page', () => {
  beforeAll(async () => {
    const { db } = pushwarden;
    await makeAlert(pushwarden, 'docker.io/org/third');
    const long = await makeAlert(pushwarden, `docker.io/${'very-long-name/'.repeat(16)}app`);
    // What strangers may name things: no API of ours lets all of it in.
    await db
      .prepare("UPDATE alerts SET facts = json_set(facts, '$.tags', json(?1), '$.pusher.name', ?2) WHERE id = ?3")
      .bind(JSON.stringify([LONG_TAG, 'second']), HOSTILE, Number(long.slice(2)))
      .run();
    const bait = await makeCanaryAlert(pushwarden, 'owner', 'backup-key');
    await db
      .prepare(
        "UPDATE alerts SET facts = json_set(facts, '$.credential.name', ?1, '$.findings[0].token.name', ?1) WHERE id = ?2",
      )
      .bind(HOSTILE.padEnd(200, 'x'), Number(bait.slice(2)))
      .run();
    addresses.bait = `/alerts/${bait}`;
    addresses.disarmed = `/alerts/${await makeDisarmedAlert(pushwarden, 'meta', 'mallory')}`;
    await db.prepare("UPDATE credentials SET name = ?1 WHERE name = 'thief'").bind(HOSTILE).run();
    await db.prepare('INSERT INTO people (id, name, created_at) VALUES (77, ?1, 0)').bind(HOSTILE).run();
    await db
      .prepare(
        "INSERT INTO memberships (team_id, person_id, role, created_at, created_by) VALUES (1, 77, 'viewer', 0, 'test')",
      )
      .run();
    await db
      .prepare(
        "INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at) VALUES (1, 'registry-unreadable', 'x', ?1, ?2, ?2)",
      )
      .bind(
        JSON.stringify({ kind: 'registry-unreadable', image: `docker.io/${'y'.repeat(200)}`, reason: HOSTILE }),
        Date.now(),
      )
      .run();
    addresses.long = `/alerts/${long}`;
  });

  const PAGES = [
    '/',
    '/alerts',
    '/alerts?state=handled',
    '/alerts?state=closed',
    '/alerts?state=health',
    'alert',
    'long',
    'bait',
    'disarmed',
    '/search',
    `/search?q=${LONG_TAG}`,
    '/settings',
    '/settings/keys',
    '/settings/channels',
    '/settings/sessions',
    '/audit',
    '/nowhere',
    '/signin',
    `/signin/link/${'a'.repeat(43)}`,
  ];
  describeEveryPage(() => browsed, PAGES, addresses);

  test('would be objected to if it scrolled sideways, or could not be read', async () => {
    const { page } = await browsed.open({ viewport: { width: 390, height: 800 } });
    await page.goto(pushwarden.url);
    await page.evaluate("document.querySelector('main').append(Object.assign(new Image(), { width: 500 }))");
    expect(await page.evaluate(SIDEWAYS)).toBeGreaterThan(0);
    expect((await accessibility(page)).join()).toContain('image-alt');
  });
});
