import type { ChildProcess } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ensureAdminKey, makeSignInLink, repairAdminKey } from './admin-key.ts';
import { applyMigrations, type Database } from './d1.ts';
import { freePort } from './free-port.ts';
import { effectiveSettings, ensureSettingsFile, type LocalSettings, writeEnvFile } from './local-settings.ts';
import { WorkerOutput } from './worker-output.ts';
import { killGroup, PROJECT, spawnWrangler } from './wrangler.ts';

/** Where wrangler keeps local databases and queues unless told otherwise; relative to the project. */
export const DEFAULT_STATE = '.wrangler/state';

export interface InstallationOptions {
  /** Port on 127.0.0.1; 0: any free one. */
  readonly port: number;
  /** Folder of the database. Unless it is the default one, it also holds the settings file and the admin key. */
  readonly state?: string;
  /** Settings that go before those of the settings file. */
  readonly vars?: LocalSettings;
  /** How often cron runs, in seconds; 0: never. Default 60, as when deployed. */
  readonly cronSeconds?: number;
  /** Receives the Worker's own log, line by line. */
  readonly onLog?: (line: string) => void;
}

export interface Installation {
  readonly url: string;
  readonly adminKey: string;
  readonly adminKeyFile: string;
  /** Opens the dashboard once, within 15 minutes, as owner. */
  readonly signInLink: string;
  readonly settingsFile: string;
  readonly state: string;
  /** Resolves with what wrangler last said if it ends by itself, never after `stop`. */
  readonly crashed: Promise<string>;
  /** Ends the Worker and everything it started. May be called twice. */
  stop(): Promise<void>;
}

/** The Worker ended, or never answered, while it was being started. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly output: string;

  constructor(message: string, output: string) {
    super(message);
    this.output = output;
  }
}

/**
 * Starts Pushwarden on this machine: settings, tables, an admin key, the Worker under `wrangler dev`, and cron.
 * @throws PortInUse, WranglerFailed, StartFailed, AdminKeyRefused
 */
export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const port = await freePort(options.port);
  const url = `http://127.0.0.1:${port}`;
  const files = filesOf(options.state);
  const database: Database = { at: 'local', state: files.state };
  mkdirSync(files.state, { recursive: true });
  const fromFile = ensureSettingsFile(files.settings, url);
  await applyMigrations(database);
  const adminKey = await ensureAdminKey(database, files.adminKey);

  writeEnvFile(files.env, effectiveSettings(fromFile, options.vars ?? {}, url));
  const worker = launch(port, files, options.onLog);
  let signInLink: string;
  try {
    await waitUntilHealthy(url, worker);
    await repairAdminKey(database, url, adminKey, files.adminKey);
    signInLink = await makeSignInLink(url, adminKey);
  } catch (error) {
    await worker.end();
    throw error;
  }
  const cron = startCron(url, options.cronSeconds ?? 60);
  const stop = async () => {
    clearInterval(cron);
    await worker.end();
  };
  const { adminKey: adminKeyFile, settings: settingsFile, state } = files;
  return { url, adminKey, adminKeyFile, signInLink, settingsFile, state, crashed: worker.crashed, stop };
}

/** A running `wrangler dev`. */
interface Worker {
  readonly child: ChildProcess;
  readonly output: WorkerOutput;
  readonly crashed: Promise<string>;
  end(): Promise<void>;
}

function launch(port: number, files: Files, onLog: InstallationOptions['onLog']): Worker {
  const output = new WorkerOutput(onLog);
  const child = spawnDev(port, files);
  const killNow = () => killGroup(child, 'SIGKILL');
  process.prependOnceListener('exit', killNow);
  output.follow(child);
  let ending = false;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const crashed = ended.then(() => (ending ? new Promise<never>(() => undefined) : output.tail()));
  const end = async () => {
    ending = true;
    killGroup(child, 'SIGTERM');
    const patience = setTimeout(killNow, 5000);
    await ended;
    clearTimeout(patience);
    process.off('exit', killNow);
    rmSync(files.env, { force: true });
  };
  return { child, output, crashed, end };
}

interface Files {
  readonly state: string;
  readonly settings: string;
  readonly adminKey: string;
  /** What this run hands to wrangler; deleted at the end. */
  readonly env: string;
}

function filesOf(state: string | undefined): Files {
  const standard = path.join(PROJECT, DEFAULT_STATE);
  const folder = state === undefined ? standard : path.resolve(state);
  const env = path.join(folder, 'running.env');
  if (folder !== standard) {
    return { state: folder, settings: path.join(folder, '.dev.vars'), adminKey: path.join(folder, 'admin-key'), env };
  }
  const adminKey = path.join(PROJECT, '.pushwarden/admin-key');
  return { state: folder, settings: path.join(PROJECT, '.dev.vars'), adminKey, env };
}

function spawnDev(port: number, files: Files): ChildProcess {
  const options = [
    ['--ip', '127.0.0.1'],
    ['--port', String(port)],
    ['--inspector-port', '0'],
    ['--persist-to', files.state],
    // Given any --env-file, wrangler leaves the project's .dev.vars alone: `files.env` has what counts.
    ['--env-file', files.env],
    ['--show-interactive-dev-session', 'false'],
  ];
  // Wrangler lists running Workers by name for others to bind to: two installations must not meet there.
  const env = { WRANGLER_REGISTRY_PATH: path.join(files.state, 'dev-registry') };
  return spawnWrangler(['dev', '--local', ...options.flat()], env);
}

const START_TIMEOUT_MS = 90_000;
/** A Worker that is up and still refuses has settings that it cannot use: more waiting does not help. */
const REFUSAL_PATIENCE_MS = 3000;

async function waitUntilHealthy(url: string, { child, output }: Worker): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  let refusedSince: number | null = null;
  while (Date.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new StartFailed('wrangler dev ended before the Worker was ready.', output.tail());
    }
    const refusal = await askHealth(url);
    if (refusal === '') return;
    if (refusal !== null) refusedSince ??= Date.now();
    if (refusedSince !== null && Date.now() - refusedSince > REFUSAL_PATIENCE_MS) {
      throw new StartFailed(`The Worker runs and is not well: ${refusal ?? 'it stopped answering'}`, output.tail());
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new StartFailed(`The Worker did not answer within ${START_TIMEOUT_MS / 1000} s.`, output.tail());
}

/** `''`: healthy; `null`: nothing answers yet; else what it answered. */
async function askHealth(url: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5000) });
    const text = await answer.text();
    return answer.ok ? '' : `/healthz answered ${answer.status}: ${text.slice(0, 500)}`;
  } catch {
    return null;
  }
}

/** `wrangler dev` runs no cron triggers by itself; this address of it runs the Worker's `scheduled` handler. */
function startCron(url: string, seconds: number): NodeJS.Timeout | undefined {
  if (seconds <= 0) return undefined;
  let running = false;
  return setInterval(async () => {
    if (running) return;
    running = true;
    const run = `${url}/cdn-cgi/local/scheduled?cron=${encodeURIComponent('* * * * *')}`;
    await fetch(run, { signal: AbortSignal.timeout(300_000) }).then(
      (answer) => answer.body?.cancel(),
      () => undefined, // A crash is told by `crashed`.
    );
    running = false;
  }, seconds * 1000);
}
