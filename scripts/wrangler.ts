import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder, where `wrangler.toml` is. */
export const PROJECT = fileURLToPath(new URL('..', import.meta.url));

/** A wrangler command that failed; `output` is everything it said. */
export class WranglerFailed extends Error {
  override readonly name = 'WranglerFailed';
  readonly output: string;

  constructor(command: string, code: number | null, output: string) {
    super(`wrangler ${command} ended with ${code === null ? 'a signal' : `exit code ${code}`}`);
    this.output = output;
  }
}

const BIN = path.join(path.dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js');

/**
 * Nothing asks, nothing phones home: no telemetry, no look-up of newer versions, no fetch of a sample `request.cf`.
 * The local explorer would serve the database to every page that can reach the port, so it is off, too.
 * @see https://developers.cloudflare.com/workers/wrangler/system-environment-variables/
 */
export const OFFLINE = {
  CI: 'true',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_WRITE_LOGS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
  NO_COLOR: '1',
  FORCE_COLOR: '0',
} as const;

/**
 * Starts wrangler in a process group of its own, so that Ctrl-C reaches only us and ending the group ends
 * workerd and esbuild as well.
 */
export function spawnWrangler(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  const shell = { ...process.env };
  // An environment of wrangler.toml or an .env file of the shell's choice is not what a local installation runs.
  delete shell.CLOUDFLARE_ENV;
  return spawn(process.execPath, [BIN, ...args], {
    cwd: PROJECT,
    env: { ...shell, ...OFFLINE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/**
 * Runs a wrangler command to its end and returns what it wrote to its standard output.
 * @throws WranglerFailed
 */
export async function runWrangler(args: readonly string[]): Promise<string> {
  const child = spawnWrangler(args, {});
  const onExit = () => killGroup(child, 'SIGKILL');
  process.once('exit', onExit);
  let stdout = '';
  let all = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk;
    all += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    all += chunk;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.off('exit', onExit);
  if (code !== 0) throw new WranglerFailed(args.slice(0, 3).join(' '), code, all);
  return stdout;
}

/** Sends a signal to a child and everything it started. */
export function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the group is gone, which is what we want.
  }
}
