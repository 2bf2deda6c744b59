import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext } from 'playwright-core';
import { SCHEMES, startBrowser, WIDTHS } from './browser.ts';
import { type Installation, startInstallation } from './installation.ts';
import { PushwardenApi } from './simulate/pushwarden-api.ts';
import { runScenario, SCENARIOS } from './simulate/run.ts';
import { settingsFor, startWorld, type World } from './simulate/world.ts';
import { PROJECT } from './wrangler.ts';

/** Pictures of every page, in both widths and both schemes, of an installation in which something happened. */

const FOLDER = path.join(PROJECT, process.argv[2] ?? 'screenshots');
const NOBODY = { width: 1280, height: 900 };

async function main(): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const state = mkdtempSync(path.join(tmpdir(), 'pushwarden-screenshots-'));
  const world = await startWorld();
  const installation = await startInstallation({ port: 0, state, vars: settingsFor(world), cronSeconds: 0 });
  const browser = await startBrowser();
  try {
    await tour(browser, installation, world);
  } finally {
    await browser.close();
    await installation.stop();
    await world.close();
    rmSync(state, { recursive: true, force: true });
  }
}

async function tour(browser: Browser, installation: Installation, world: World): Promise<void> {
  const { url } = installation;
  await shoot(browser, url, undefined, 'signin', '/signin');
  await shoot(browser, url, undefined, 'signin-link', new URL(installation.signInLink).pathname);
  const context = await browser.newContext({ viewport: NOBODY });
  const page = await context.newPage();
  await page.goto(installation.signInLink);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${url}/`);
  const cookies = await context.storageState();
  const shot = (name: string, where: string) => shoot(browser, url, cookies, name, where);

  await shot('overview-empty', '/');
  await play(world, installation, 'clean-release');
  await shot('overview-quiet', '/');
  await play(world, installation, 'kong');
  await shot('overview', '/');
  await shot('alerts', '/alerts');
  await shot('alert', '/alerts/A-1');
  await page.goto(`${url}/alerts/A-1`);
  await page.getByRole('button', { name: /on it/ }).click();
  await shot('overview-handled', '/');
  await shot('alert-handled', '/alerts/A-1?done=taken');
  await page.goto(`${url}/alerts/A-1`);
  await page.getByLabel('It was not us').check();
  await page.getByRole('textbox', { name: 'What happened' }).fill('Token revoked, tag restored, users warned.');
  await page.getByRole('button', { name: 'Close it' }).click();
  await shot('alert-closed', '/alerts/A-1?done=closed');
  await shot('alerts-closed', '/alerts?state=closed');
  await play(world, installation, 'vantage6');
  await shot('overview-many', '/');
  await shot('alerts-many', '/alerts');
  await world.registry.close();
  await fetch(`${url}/local/clock`, { method: 'POST', body: JSON.stringify({ advanceSeconds: 4 * 3600 }) });
  await shot('health', '/alerts?state=health');
  await shot('overview-blind', '/');
  for (const [by, login, role] of [
    ['link', 'Alex of the night shift', 'maintainer'],
    ['access', 'robin@example.org', 'viewer'],
  ]) {
    await page.goto(`${url}/settings`);
    await page.getByLabel('They sign in with').selectOption(by ?? '');
    await page.getByLabel('Name').fill(login ?? '');
    await page.getByLabel('Role', { exact: true }).selectOption(role ?? '');
    await page.getByRole('button', { name: 'Invite' }).click();
  }
  for (const where of [
    '/settings',
    '/settings/keys',
    '/settings/channels',
    '/settings/sessions',
    '/audit',
    '/nowhere',
    '/search?q=3.4.0',
  ]) {
    await shot(where.slice(1).replaceAll(/[^a-z]+/g, '-'), where);
  }
}

async function play(world: World, { url, adminKey }: Installation, name: string): Promise<void> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
  const api = new PushwardenApi(url, adminKey);
  await runScenario(scenario, {
    world,
    api,
    suffix: name === 'clean-release' ? '' : `-${name}`,
    seed: 1,
    print: () => undefined,
    ownInstallation: name === 'clean-release',
  });
}

type Cookies = Awaited<ReturnType<BrowserContext['storageState']>>;

async function shoot(
  browser: Browser,
  url: string,
  cookies: Cookies | undefined,
  name: string,
  where: string,
): Promise<void> {
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme,
        ...(cookies === undefined ? {} : { storageState: cookies }),
      });
      const page = await context.newPage();
      await page.goto(`${url}${where}`);
      await page.screenshot({ path: path.join(FOLDER, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      await context.close();
    }
  }
  console.log(name);
}

await main();
