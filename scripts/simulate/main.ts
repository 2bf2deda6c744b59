import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { StartFailed, startInstallation } from '../installation.ts';
import { WranglerFailed } from '../wrangler.ts';
import { CiJob } from './ci-job.ts';
import { PushwardenApi, UnexpectedAnswer } from './pushwarden-api.ts';
import { runScenario, SCENARIOS } from './run.ts';
import type { Report, Scenario } from './scenario.ts';
import { settingsFor, startWorld, type World } from './world.ts';

const FIRST_PORT = 18_801;

const USAGE = `Usage: npm run simulate -- SCENARIO [OPTIONS]     Replays a real incident and shows what Pushwarden says.
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`).join('\n')}
Options:
  --json         the last line is the outcome as JSON; the story goes to standard error
  --seed N       order of webhooks in clean-release (default 1)
  --url URL      drive this running local installation instead of one of our own
  --key KEY      its admin API key
  --ports N      with --url: first of the three ports of the simulated world (default ${FIRST_PORT})
Exit code: 0 if what should happen happened, 1 if not.`;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  url: { type: 'string' },
  key: { type: 'string' },
  ports: { type: 'string', default: String(FIRST_PORT) },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

class UsageError extends Error {}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const scenario = SCENARIOS.find(({ name }) => name === positionals[0]);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (scenario === undefined || positionals.length !== 1) throw new UsageError(USAGE);
  if (!/^\d{1,9}$/.test(values.seed) || !/^\d{4,5}$/.test(values.ports)) throw new UsageError(USAGE);
  const print = values.json ? (line: string) => console.error(line) : (line: string) => console.log(line);
  print(`\n${scenario.title}\n${scenario.about}\n`);
  const play = { scenario, seed: Number(values.seed), print };
  const { url, key } = values;
  if ((url === undefined) !== (key === undefined)) throw new UsageError('--url and --key belong together.');
  const report =
    url === undefined || key === undefined
      ? await playAtHome(play)
      : await playAbroad(play, url, key, Number(values.ports));
  summarize(report, print);
  if (values.json) console.log(JSON.stringify(report));
  return report.ok ? 0 : 1;
}

interface Play {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly print: (line: string) => void;
}

/** In an installation of its own, which is thrown away. */
async function playAtHome({ scenario, seed, print }: Play): Promise<Report> {
  const state = mkdtempSync(path.join(tmpdir(), 'pushwarden-simulation-'));
  process.once('exit', () => rmSync(state, { recursive: true, force: true }));
  const world = await startWorld();
  try {
    const installation = await startInstallation({ port: 0, state, vars: settingsFor(world), cronSeconds: 0 });
    try {
      const api = new PushwardenApi(installation.url, installation.adminKey);
      return await runScenario(scenario, { world, api, suffix: '', seed, print, ownInstallation: true });
    } finally {
      await installation.stop();
    }
  } finally {
    await world.close();
  }
}

/** In a running installation, with names of its own, so that nothing real is touched but the clock. */
async function playAbroad({ scenario, seed, print }: Play, url: string, key: string, ports: number): Promise<Report> {
  const world = await startWorld(ports);
  print(`Pushwarden at ${url} must have been started for this world:\n\n${startCommand(world, url)}\n`);
  const suffix = `-sim-${randomBytes(3).toString('hex')}`;
  try {
    const api = new PushwardenApi(url, key);
    await untilKeysAreKnown(api, world, print);
    return await runScenario(scenario, { world, api, suffix, seed, print, ownInstallation: false });
  } catch (error) {
    if (error instanceof TypeError && error.cause !== undefined)
      throw new Error(`Nothing answers at ${url}: ${error.cause}`);
    if (!(error instanceof UnexpectedAnswer) || !error.message.startsWith('GET /local/clock')) throw error;
    throw new Error(`${url} is not a local installation (no /local/clock): its time cannot be simulated.`);
  } finally {
    await world.close();
  }
}

const KEYS_TIMEOUT_MS = 60_000;

/** An installation that saw an earlier world knows that one's keys, and asks for new ones only now and then. */
async function untilKeysAreKnown(api: PushwardenApi, world: World, print: (line: string) => void): Promise<void> {
  await api.readClock();
  const workflow = { repository: 'pushwarden/simulation', repositoryId: '1', file: '.github/workflows/none.yml' };
  const job = new CiJob(api, world.oidc, workflow, 'v0.0.0');
  const deadline = Date.now() + KEYS_TIMEOUT_MS;
  for (let attempt = 0; Date.now() < deadline; attempt++) {
    try {
      return await job.announce({ phase: 'finished', image: 'docker.io/pushwarden/nobody-watches-this' });
    } catch (error) {
      // 403: a genuine token of a job that nobody named, which it is.
      if (!(error instanceof UnexpectedAnswer) || error.status !== 401) return;
    }
    if (attempt === 0) print('Waiting until Pushwarden reads the keys of this world (up to a minute)...');
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

function startCommand(world: World, url: string): string {
  const lines = Object.entries(settingsFor(world)).map(([name, value]) => `  ${name}='${value}' \\\n`);
  return `${lines.join('')}  npm start -- --port ${new URL(url).port || '80'}`;
}

function summarize(report: Report, print: (line: string) => void): void {
  const { latencyMs, expected, detected, falseAlarms, pushes, alerts, messages } = report;
  const speed = latencyMs === null ? '' : `; push to Slack: median ${latencyMs.median} ms, longest ${latencyMs.max} ms`;
  print(
    `\n${report.ok ? 'As it should be' : 'NOT as it should be'}: ${detected.length} of ${expected.length} rogue pushes ` +
      `detected, ${falseAlarms.length} false alarms, ${pushes} pushes, ${alerts} alerts in Slack (${messages} with threads and updates)${speed}.`,
  );
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof StartFailed || error instanceof WranglerFailed) console.error(`${error.output.trim()}\n`);
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
