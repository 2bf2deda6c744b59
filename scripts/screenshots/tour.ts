import type { Browser, Page } from 'playwright-core';
import type { Installation } from '../installation.ts';
import { PushwardenApi } from '../simulate/pushwarden-api.ts';
import { runScenario, SCENARIOS } from '../simulate/run.ts';
import type { World } from '../simulate/world.ts';
import { Camera } from './camera.ts';

interface Album {
  readonly folder: string;
  readonly taken: string[];
}

/** Pictures of the states that a page can be in, in the order in which they come about. */
export async function tour(browser: Browser, installation: Installation, world: World, album: Album): Promise<void> {
  const { url } = installation;
  const outside = await Camera.open(browser, { url, ...album });
  await outside.shoot('signin', '/signin');
  await outside.shoot('signin-link', new URL(installation.signInLink).pathname);
  await outside.shoot('signin-stranger', '/nowhere', 404);
  await outside.close();

  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(installation.signInLink);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${url}/`);
  const camera = await Camera.open(browser, { url, ...album }, await context.storageState());
  await incident(camera, page, installation, world);
  await settings(camera, page, installation, world);
  await camera.close();
  await context.close();
}

async function incident(camera: Camera, page: Page, installation: Installation, world: World): Promise<void> {
  const { url } = installation;
  await camera.shoot('overview-empty', '/');
  await camera.shoot('channels-empty', '/settings/channels');
  await play(world, installation, 'clean-release');
  await camera.shoot('overview-quiet', '/');
  await play(world, installation, 'kong');
  await camera.shoot('overview-alert', '/');
  await camera.shoot('alert-open', '/alerts/A-1');
  await page.goto(`${url}/alerts/A-1`);
  await page.getByRole('button', { name: /on it/ }).click();
  await camera.shoot('overview-handled', '/');
  await camera.shoot('alert-handled', '/alerts/A-1?done=taken');
  await page.goto(`${url}/alerts/A-1`);
  await page.getByLabel('It was not us').check();
  await page.getByRole('textbox', { name: 'What happened' }).fill('Token revoked, tag restored, users warned.');
  await page.getByRole('button', { name: 'Close it' }).click();
  await camera.shoot('alert-closed', '/alerts/A-1?done=closed');
  await play(world, installation, 'vantage6');
  await camera.shoot('overview-many', '/');
  await camera.shoot('alerts-many', '/alerts');
  await world.registry.close();
  await fetch(`${url}/local/clock`, { method: 'POST', body: JSON.stringify({ advanceSeconds: 4 * 3600 }) });
  await camera.shoot('alerts-blind', '/alerts?state=health');
  await camera.shoot('overview-blind', '/');
  await camera.shoot('nowhere', '/nowhere', 404);
}

const GUESTS = [
  ['link', 'Alex of the night shift', 'maintainer'],
  ['access', 'robin@example.org', 'viewer'],
] as const;

async function settings(camera: Camera, page: Page, { url, adminKey }: Installation, { slack }: World): Promise<void> {
  for (const [by, login, role] of GUESTS) {
    await page.goto(`${url}/settings`);
    await page.getByLabel('They sign in with').selectOption(by);
    await page.getByLabel('Name').fill(login);
    await page.getByLabel('Role', { exact: true }).selectOption(role);
    await page.getByRole('button', { name: 'Invite' }).click();
  }
  await camera.shoot('team', '/settings');
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  for (const [name, more] of [
    ['night shift', { minSeverity: 'critical' }],
    ['about ourselves', { health: true }],
  ] as const) {
    const body = JSON.stringify({
      name,
      kind: 'slack-webhook',
      url: slack.webhookUrl(name.replaceAll(' ', '-')),
      ...more,
    });
    const answer = await fetch(`${url}/api/v1/channels`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(`a channel was answered ${answer.status}: ${await answer.text()}`);
  }
  await camera.shoot('channels', '/settings/channels?done=channel-added');
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
