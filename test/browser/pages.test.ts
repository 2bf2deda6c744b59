import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { SCHEMES, startBrowser, WIDTHS } from '../../scripts/browser.ts';
import { answer, FakeServer } from '../fixtures/fake-server.ts';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { type Json, TestInstallation } from '../fixtures/worker.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The longest tag there is, and an account that would call a whole channel. */
const LONG_TAG = 'v'.padEnd(128, 'x');
const HOSTILE = '<!channel><script>alert(1)</script>';

let browser: Browser;
let pushwarden: TestInstallation;
let signedIn: Awaited<ReturnType<BrowserContext['storageState']>>;
const addresses: Record<string, string> = {};

/** A page that remembers what went wrong on it, and what it asked whom for. */
class Watched {
  readonly page: Page;
  readonly troubles: string[] = [];
  readonly hosts = new Set<string>();
  bytes = 0;

  forget(): void {
    this.troubles.length = 0;
    this.hosts.clear();
    this.bytes = 0;
  }

  constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.troubles.push(message.text());
    });
    page.on('pageerror', (error) => this.troubles.push(String(error)));
    page.on('requestfailed', (request) => this.troubles.push(`${request.url()} failed`));
    page.on('request', (request) =>
      this.hosts.add(new URL(request.url()).protocol === 'data:' ? 'data:' : new URL(request.url()).host),
    );
    page.on('response', async (response) => {
      this.bytes += (await response.body().catch(() => Buffer.alloc(0))).length;
    });
  }
}

async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  return new Watched(await context.newPage());
}

async function signInLink(): Promise<string> {
  return (await pushwarden.api('POST', '/sign-in-links')).json.url;
}

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars: { PUBLIC_URL: '' } });
  await pushwarden.connectSlack();
  browser = await startBrowser();
  const { page } = await open();
  await page.goto(await signInLink());
  await page.getByRole('button', { name: 'Sign in' }).click();
  signedIn = await page.context().storageState();
});
afterAll(async () => {
  await browser?.close();
  await pushwarden?.stop();
});

describe('in Chromium', () => {
  test('the one-time link signs in, and the first page says what to do', async () => {
    const { page, troubles, hosts } = await open();
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
    const { page } = await open({ storageState: signedIn, javaScriptEnabled: false });
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
    const { page } = await open({ storageState: signedIn, permissions: ['clipboard-read', 'clipboard-write'] });
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
    const { page } = await open({ storageState: signedIn });
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
  const looks = [...WIDTHS, 320].flatMap((width) => SCHEMES.map((colorScheme) => ({ width, colorScheme })));

  describe.each(looks)('at $width px, $colorScheme', ({ width, colorScheme }) => {
    let watched: Watched;
    beforeAll(async () => {
      watched = await open({ storageState: signedIn, viewport: { width, height: 800 }, colorScheme });
    });
    afterAll(() => watched.page.context().close());

    test.each(PAGES)('%s fits, is whole, asks nobody else and can be used by all', async (path) => {
      watched.forget();
      const { page } = watched;
      await page.goto(`${pushwarden.url}${addresses[path] ?? path}`);
      expect(await page.evaluate(SIDEWAYS)).toBe(0);
      // A 404 is an error to the console; nothing else is.
      const troubles = watched.troubles.filter((text) => path !== '/nowhere' || !text.includes('404'));
      expect(troubles).toEqual([]);
      expect([...watched.hosts].filter((host) => host !== 'data:')).toEqual([new URL(pushwarden.url).host]);
      expect(watched.bytes).toBeLessThanOrEqual(60 * 1024);
      if (width > 320) expect(await accessibility(page)).toEqual([]);
    });
  });

  test('would be objected to if it scrolled sideways, or could not be read', async () => {
    const { page } = await open({ storageState: signedIn, viewport: { width: 390, height: 800 } });
    await page.goto(pushwarden.url);
    await page.evaluate("document.querySelector('main').append(Object.assign(new Image(), { width: 500 }))");
    expect(await page.evaluate(SIDEWAYS)).toBeGreaterThan(0);
    expect((await accessibility(page)).join()).toContain('image-alt');
  });
});

const SIDEWAYS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

/** What axe objects to, with the elements. Evaluated from outside: the page's own policy lets in no other script. */
async function accessibility(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; nodes: { html: string }[] }[];
  }; // as axe documents
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`);
}
