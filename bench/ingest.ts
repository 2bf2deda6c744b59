import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type Figures, median } from './figures.ts';
import { load } from './load.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { signedRequests } from './payload.ts';
import { cpuMicroseconds } from './process-cpu.ts';
import { ENCRYPTION_KEYS, GITHUB_HOOK_PATH, HMAC_SECRET, watchAll } from './watched.ts';

const CONNECTIONS = [16, 64];
/** Many short rounds: what else the machine does then falls on both sides of a ratio. */
const ROUNDS = 12;
const PEERS = path.join(import.meta.dirname, 'peers');

/** A server that takes GitHub's deliveries. */
interface Contestant {
  readonly name: string;
  readonly url: URL;
  readonly path: string;
  readonly pid: number;
  readonly status: number;
  close(): Promise<void>;
}

interface Rate {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

/** How fast deliveries are taken, beside a hand-written Worker and Node servers that do as much. */
export async function measureIngest(figures: Figures, script: string, folder: string, quick: boolean): Promise<void> {
  figures.note(
    'Ingest: signed 17 KB GitHub deliveries on local workerd, direct socket, one D1 batch and one queue send each',
  );
  const contestants: Contestant[] = [];
  try {
    for (const start of STARTERS) contestants.push(await start(script, folder));
    // Compiled code and warm caches: what a first second costs is not what is asked here.
    for (const contestant of contestants) await run(contestant, 16, quick ? 50 : 300);
    const rates = await interleaved(contestants, quick ? 2 : ROUNDS, quick ? 100 : 300);
    report(figures, rates);
  } finally {
    for (const contestant of contestants) await contestant.close();
  }
}

const STARTERS: readonly ((script: string, folder: string) => Promise<Contestant>)[] = [
  (script, folder) =>
    worker('pushwarden', script, folder, { ENCRYPTION_KEYS, PUBLIC_URL: 'https://bench.example' }, GITHUB_HOOK_PATH),
  (_, folder) => bareWorker('bare worker', folder, 'yes'),
  (_, folder) => bareWorker('bare worker without queue', folder, 'no'),
  (_, folder) => nodeServer('octokit + node:sqlite FULL', folder, 'FULL'),
  (_, folder) => nodeServer('octokit + node:sqlite NORMAL', folder, 'NORMAL'),
];

/** Every contestant once a round, every other round in the opposite order: no one always runs on a warmer machine. */
async function interleaved(
  contestants: readonly Contestant[],
  rounds: number,
  requests: number,
): Promise<Map<string, Rate[]>> {
  const runs = new Map<string, Rate[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const connections = CONNECTIONS[Math.floor(round / 2) % CONNECTIONS.length] ?? 16;
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      runs.get(contestant.name)?.push(await run(contestant, connections, requests));
    }
  }
  return runs;
}

async function run(contestant: Contestant, connections: number, count: number): Promise<Rate> {
  const requests = signedRequests(contestant.url, contestant.path, count);
  const before = cpuMicroseconds(contestant.pid);
  const { seconds, refused } = await load(contestant.url, requests, connections, contestant.status);
  if (refused > 0) throw new Error(`${contestant.name} refused ${refused} of ${count} deliveries.`);
  return { perSecond: count / seconds, cpuMicros: (cpuMicroseconds(contestant.pid) - before) / count };
}

/** Rates are medians; a ratio is the median of the ratios of each round. */
function report(figures: Figures, runs: ReadonlyMap<string, readonly Rate[]>): void {
  for (const [name, rates] of runs) {
    figures.shown(`${name}: requests per second`, median(rates.map((rate) => rate.perSecond)), '/s');
    figures.shown(`${name}: CPU per request`, median(rates.map((rate) => rate.cpuMicros)), 'µs');
  }
  const own = runs.get('pushwarden') ?? [];
  for (const [name, peer] of runs) {
    if (name === 'pushwarden') continue;
    const ratio = (of: keyof Rate): number =>
      median(own.map((rate, round) => rate[of] / (peer[round]?.[of] ?? Number.NaN)));
    const throughput = [`pushwarden / ${name}: throughput`, ratio('perSecond'), 'x'] as const;
    const cpu = [`pushwarden / ${name}: CPU`, ratio('cpuMicros'), 'x'] as const;
    if (name === 'bare worker') {
      figures.timing(...throughput, { atLeast: 0.9 });
      figures.timing(...cpu, { atMost: 1.2 });
    } else {
      figures.shown(...throughput);
      figures.shown(...cpu);
    }
  }
}

async function worker(
  name: string,
  script: string,
  folder: string,
  bindings: Readonly<Record<string, string>>,
  hookPath: string,
): Promise<Contestant> {
  const databases = path.join(folder, name.replaceAll(' ', '-'));
  const local: LocalWorker = await startLocalWorker({
    script,
    bindings,
    databases: ['DB'],
    folder: databases,
    queues: 'producers',
  });
  await watchAll(await local.database('DB'));
  return { name, url: local.url, pid: local.pid, path: hookPath, status: 202, close: local.close };
}

function bareWorker(name: string, folder: string, send: 'yes' | 'no'): Promise<Contestant> {
  const script = readFileSync(path.join(PEERS, 'bare-worker.js'), 'utf8');
  return worker(name, script, folder, { HUB_SECRET: HMAC_SECRET, SEND: send }, '/');
}

async function nodeServer(name: string, folder: string, synchronous: 'FULL' | 'NORMAL'): Promise<Contestant> {
  const args = [
    path.join(PEERS, 'octokit-server.js'),
    synchronous,
    path.join(folder, `${synchronous}.db`),
    HMAC_SECRET,
  ];
  const child = spawn(process.execPath, ['--no-warnings', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [port] = (await Promise.race([once(lines, 'line'), once(child, 'close').then(() => [''])])) as [string]; // a line of text
  if (port === '' || child.pid === undefined) throw new Error(`${name} did not start.`);
  const close = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  };
  return { name, url: new URL(`http://127.0.0.1:${port}`), pid: child.pid, path: '/', status: 200, close };
}
