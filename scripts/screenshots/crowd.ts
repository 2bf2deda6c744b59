import path from 'node:path';
import type { Browser } from 'playwright-core';
import type { Json } from '../../test/fixtures/worker.ts';
import { Driver } from '../history/drive.ts';
import { DEFAULTS } from '../history/options.ts';
import { planHistory } from '../history/plan.ts';
import { Stage } from '../history/stage.ts';
import { addressesOf, isFile, pictureName, type Shown } from '../page-addresses.ts';
import { pagePaths } from '../page-routes.ts';
import { runWrangler } from '../wrangler.ts';
import { Camera } from './camera.ts';

/** Two weeks of a busy organization, played in a minute or two. */
const OPTIONS = { ...DEFAULTS, pushes: 200, days: 14, repositories: 12, rogue: 0.06 };

/** Pictures of every page there is, of an installation in which much has happened. */
export async function shootCrowd(
  browser: Browser,
  { folder, state, taken }: { readonly folder: string; readonly state: string; readonly taken: string[] },
): Promise<void> {
  await runWrangler(['deploy', '--dry-run', '--minify', '--outdir', state]);
  const plan = planHistory(OPTIONS);
  const stage = await Stage.set(path.join(state, 'index.js'), plan, OPTIONS);
  try {
    const driver = new Driver(stage, console.error);
    await driver.play(plan.happenings.filter(({ deed }) => deed.kind !== 'tidy'));
    const camera = await signIn(browser, stage, folder, taken);
    const shown = await whatToShow(stage);
    for (const page of await pagePaths()) {
      if (isFile(page)) continue;
      for (const address of addressesOf(page, shown))
        await camera.shoot(`crowd-${pictureName(page, address)}`, address);
    }
    await camera.close();
  } finally {
    await stage.stop();
  }
}

async function signIn(browser: Browser, stage: Stage, folder: string, taken: string[]): Promise<Camera> {
  const { url } = stage.pushwarden;
  const context = await browser.newContext();
  const page = await context.newPage();
  const link = new URL((await stage.api('POST', '/sign-in-links')).url);
  await page.goto(`${url}${link.pathname}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${url}/`);
  const cookies = await context.storageState();
  await context.close();
  return Camera.open(browser, { url, folder, taken }, cookies);
}

/** What there is most to be seen of: the image with the newest open alert, its rogue push, the busiest credential. */
async function whatToShow(stage: Stage): Promise<Shown> {
  const [alert] = (await stage.all('/alerts?state=open')).filter(({ digest }: Json) => typeof digest === 'string');
  if (alert === undefined) throw new Error('No alert is open: there is nothing to show.');
  const repository = (await stage.all('/repositories')).find((each: Json) => each.image === alert.image);
  const pushes = (await stage.api('GET', `/repositories/${repository.id}/pushes?limit=200`)).items;
  const push = pushes.find((each: Json) => each.digest === alert.digest) ?? pushes[0];
  const [credential] = await stage.all('/credentials');
  const [channel] = (await stage.api('GET', '/channels')).items;
  return {
    alert: alert.id,
    image: alert.image,
    repository: repository.id,
    tag: push.tag,
    digest: push.digest,
    push: push.id,
    credential: credential.id,
    channel: channel.id,
  };
}
