import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Installation, startInstallation } from '../../scripts/installation.ts';
import { PushwardenApi } from '../../scripts/simulate/pushwarden-api.ts';
import { runScenario, SCENARIOS } from '../../scripts/simulate/run.ts';
import type { Report } from '../../scripts/simulate/scenario.ts';
import { settingsFor, startWorld, type World } from '../../scripts/simulate/world.ts';

/** Slower than this, an alert is not "within seconds". Through `wrangler dev` on a busy machine. */
const LONGEST_ALERT_MS = 5000;

let state: string;
let world: World;
let installation: Installation;

beforeAll(async () => {
  state = mkdtempSync(path.join(tmpdir(), 'pushwarden-simulate-test-'));
  world = await startWorld();
  installation = await startInstallation({ port: 0, state, vars: settingsFor(world), cronSeconds: 0 });
}, 60_000);

afterAll(async () => {
  await installation?.stop();
  await world?.close();
  rmSync(state, { recursive: true, force: true });
});

async function play(name: string, seed = 1): Promise<Report> {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`There is no scenario ${name}.`);
  const api = new PushwardenApi(installation.url, installation.adminKey);
  const suffix = `-${name}-${seed}`;
  const told: string[] = [];
  const print = (line: string) => void told.push(line);
  const report = await runScenario(scenario, { world, api, suffix, seed, print, ownInstallation: false });
  expect(report.missing, told.join('\n')).toEqual([]);
  return report;
}

it.each([
  ['kong', 1],
  ['trivy', 3],
  ['kics', 7],
] as const)(
  '%s: every rogue push is told within seconds, and no honest one',
  async (name, pushes) => {
    const report = await play(name);
    expect(report).toMatchObject({ ok: true, falseAlarms: [] });
    expect(report.detected).toHaveLength(pushes);
    expect(report.latencyMs?.max).toBeLessThan(LONGEST_ALERT_MS);
  },
  60_000,
);

it('vantage6: moves that no webhook reported are found by the sweep', async () => {
  const report = await play('vantage6');
  expect(report).toMatchObject({ ok: true, falseAlarms: [], latencyMs: null });
  expect(report.detected.length).toBeGreaterThan(60);
}, 60_000);

it.each([1, 2])(
  'an honest release of a signed multi-platform image, webhooks shuffled with seed %i, alerts nobody',
  async (seed) => {
    const report = await play('clean-release', seed);
    expect(report).toMatchObject({ ok: true, falseAlarms: [], alerts: 0 });
  },
  60_000,
);
