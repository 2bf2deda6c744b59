import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../scripts/free-port.ts';

const START = fileURLToPath(new URL('../../scripts/start.ts', import.meta.url));
const KEY = fileURLToPath(new URL('../../scripts/key.ts', import.meta.url));

let state: string;
let port: number;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  state = mkdtempSync(path.join(tmpdir(), 'pushwarden-start-test-'));
  port = await freePort(0);
});
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGTERM');
    await once(child, 'close');
  }
});
afterAll(() => rmSync(state, { recursive: true, force: true }));

function run(script: string, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** Starts an installation and answers with the two lines that `--quiet` prints. */
async function start(): Promise<{ child: ChildProcess; url: string; adminKey: string }> {
  const child = run(START, ['--state', state, '--port', String(port), '--quiet']);
  const lines: string[] = [];
  if (child.stdout === null) throw new Error('The output is a pipe.');
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === 2) break;
  }
  const [url = '', adminKey = ''] = lines;
  return { child, url, adminKey };
}

async function finish(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  const said = { out: '', err: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    said.out += chunk;
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    said.err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, ...said };
}

const status = async (url: string, key: string) =>
  (await fetch(`${url}/api/v1/repositories`, { headers: { authorization: `Bearer ${key}` } })).status;

it('starts on a fresh machine, ends without a trace of the process, and starts again with the same key', async () => {
  const first = await start();
  expect(first.url).toBe(`http://127.0.0.1:${port}`);
  expect(await status(first.url, first.adminKey)).toBe(200);
  expect(await status(first.url, `${first.adminKey}x`)).toBe(401);
  for (const file of ['.dev.vars', 'admin-key', 'running.env']) {
    expect(statSync(path.join(state, file)).mode & 0o777).toBe(0o600);
  }

  first.child.kill('SIGTERM');
  expect(await once(first.child, 'close')).toEqual([0, null]);
  await expect(fetch(first.url)).rejects.toThrow();
  expect(existsSync(path.join(state, 'running.env'))).toBe(false);

  const second = await start();
  expect(second.adminKey).toBe(first.adminKey);

  // Keys can be made and revoked while it runs.
  const made = await finish(run(KEY, ['create', '--scope', 'read', '--name', 'laptop', '--state', state]));
  const laptop = made.out.trim();
  expect(await status(second.url, laptop)).toBe(200);
  const id = /^Key (\d+)/.exec(made.err)?.[1] ?? '';
  expect(await finish(run(KEY, ['revoke', id, '--state', state]))).toMatchObject({ code: 0 });
  expect(await status(second.url, laptop)).toBe(401);
  const { out } = await finish(run(KEY, ['list', '--state', state]));
  expect(out).toMatch(/read +laptop +default .* revoked/);
  expect(out).not.toContain('pwk_');
}, 120_000);

it('says so when the port is in use', async () => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { code, err } = await finish(run(START, ['--state', state, '--port', String(port)]));
  server.close();
  expect([code, err]).toEqual([1, expect.stringContaining(`Port ${port} of 127.0.0.1 is in use`)]);
});

it('shows what the Worker says when it cannot start', async () => {
  const child = spawn(process.execPath, [START, '--state', state, '--port', String(port)], {
    env: { ...process.env, ENCRYPTION_KEYS: 'nonsense' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), 80_000);
  const { code, err } = await finish(child);
  clearTimeout(timer);
  expect([code, err]).toEqual([1, expect.stringContaining('ENCRYPTION_KEYS')]);
}, 90_000);
