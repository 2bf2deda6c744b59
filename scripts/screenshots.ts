import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startBrowser } from './browser.ts';
import { startInstallation } from './installation.ts';
import { shootCrowd } from './screenshots/crowd.ts';
import { makeSheets } from './screenshots/sheet.ts';
import { tour } from './screenshots/tour.ts';
import { settingsFor, startWorld } from './simulate/world.ts';
import { PROJECT } from './wrangler.ts';

/**
 * Pictures of every page, on phone and desktop, light and dark: of an installation in which one thing after another
 * happens, and of a crowded one. `sheets/` has one picture per name with all its looks.
 */
const FOLDER = path.join(PROJECT, process.argv[2] ?? 'screenshots');

async function main(): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const state = mkdtempSync(path.join(tmpdir(), 'pushwarden-screenshots-'));
  const taken: string[] = [];
  const browser = await startBrowser();
  try {
    const world = await startWorld();
    const installation = await startInstallation({ port: 0, state, vars: settingsFor(world), cronSeconds: 0 });
    try {
      await tour(browser, installation, world, { folder: FOLDER, taken });
    } finally {
      await installation.stop();
      await world.close();
    }
    await shootCrowd(browser, { folder: FOLDER, state: path.join(state, 'crowd'), taken });
    await makeSheets(browser, FOLDER, taken);
    console.log(`${taken.length} pages, ${taken.length * 4} pictures, ${path.join(FOLDER, 'sheets')}`);
  } finally {
    await browser.close();
    rmSync(state, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
await main();
