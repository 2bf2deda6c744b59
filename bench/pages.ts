import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { addressesOf, isFile, type Shown } from '../scripts/page-addresses.ts';
import { pagePaths } from '../scripts/page-routes.ts';
import { addSignedIn } from '../test/fixtures/visitor.ts';
import { type Figures, median, percentile } from './figures.ts';
import { getRequest, load } from './load.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { seedPages } from './pages-seed.ts';
import { cpuMicroseconds } from './process-cpu.ts';
import { ENCRYPTION_KEYS, watchAll } from './watched.ts';

const PUSHES = 100_000;
const KIB = 1024;
/** The session is one of them. */
const MOST_ROUND_TRIPS = 3;
const HEAVIEST_KIB = 60;
const SLOWEST_P95_MS = 50;

interface Opened {
  readonly worker: LocalWorker;
  readonly cookie: string;
  /** What a page loads besides itself, once for all of them: style and script. */
  readonly assets: { readonly bytes: number; readonly gzip: number };
}

/**
 * How long the Worker takes to answer with each page, what the page weighs and how often it waits for D1. Every page of
 * `PAGE_ROUTES` is measured: one without an address is an error. Cloudflare compresses what browsers get; local workerd
 * does not, so that is done here, with gzip.
 */
export async function measurePages(figures: Figures, script: string, folder: string, quick: boolean): Promise<void> {
  const pushes = quick ? 2000 : PUSHES;
  figures.note(`Pages: ${pushes} pushes stored, a signed-in owner, one request at a time over loopback`);
  const worker = await startLocalWorker({
    script: readFileSync(path.join(import.meta.dirname, 'peers/counted-worker.js'), 'utf8'),
    modules: { 'worker.js': script },
    bindings: { ENCRYPTION_KEYS, PUBLIC_URL: 'https://bench.example' },
    databases: ['DB'],
    folder: path.join(folder, 'pages'),
    queues: 'producers',
  });
  try {
    const db = await worker.database('DB');
    await watchAll(db);
    const shown = await seedPages(db, pushes);
    const { token } = await addSignedIn(db, 1, 'owner', 'owner');
    await measureAll(figures, worker, { cookie: `__Host-pushwarden=${token}`, shown, quick });
  } finally {
    await worker.close();
  }
}

async function measureAll(
  figures: Figures,
  worker: LocalWorker,
  { cookie, shown, quick }: { readonly cookie: string; readonly shown: Shown; readonly quick: boolean },
): Promise<void> {
  const opened = { worker, cookie, assets: await assetsOf(worker, cookie) };
  figures.shown('style and script of all pages', opened.assets.bytes / KIB, 'KiB');
  figures.shown('style and script of all pages, compressed', opened.assets.gzip / KIB, 'KiB');
  const all: number[] = [];
  for (const page of await pagePaths())
    for (const address of addressesOf(page, shown)) all.push(...(await measurePage(figures, opened, address, quick)));
  figures.timing('all pages: p95', percentile(all, 0.95), 'ms', { atMost: SLOWEST_P95_MS });
}

/** Figures of one address; answers with how long each request took. */
async function measurePage(
  figures: Figures,
  { worker, cookie, assets }: Opened,
  address: string,
  quick: boolean,
): Promise<readonly number[]> {
  const first = await get(worker, cookie, address);
  const [roundTrips = Number.NaN, rowsRead = Number.NaN] = first.d1;
  const name = address.replace(/[0-9a-f]{64}/, (hex) => `${hex.slice(0, 8)}…`);
  const file = isFile(address.replace(/\?.*/, ''));
  const count = quick || file ? 10 : 150;
  const requests = Array.from({ length: count }, () => getRequest(worker.url, address, { cookie }));
  // Compiled code and warm caches: a first look is not what is asked here.
  await load(worker.url, requests.slice(0, quick ? 3 : 20), 1, 200);
  const before = cpuMicroseconds(worker.pid);
  const { latencies, refused } = await load(worker.url, requests, 1, 200);
  if (refused > 0) throw new Error(`${address} was refused ${refused} times.`);
  // What a loaded machine changes least.
  figures.shown(`${name}: CPU`, (cpuMicroseconds(worker.pid) - before) / 1000 / count, 'ms');
  figures.shown(`${name}: p50`, median(latencies), 'ms');
  // Of a file as much is written and sent as there is to be told: no page waits for it.
  if (file) figures.shown(`${name}: slowest`, Math.max(...latencies), 'ms');
  else figures.timing(`${name}: p95`, percentile(latencies, 0.95), 'ms', { atMost: SLOWEST_P95_MS });
  figures.exact(`${name}: D1 round trips`, roundTrips, '', { atMost: MOST_ROUND_TRIPS });
  figures.shown(`${name}: rows read`, rowsRead, '');
  figures.shown(`${name}: the page, not compressed`, first.bytes / KIB, 'KiB');
  const transferred = (first.gzip + assets.gzip) / KIB;
  if (file) return [];
  figures.exact(`${name}: transferred at a first visit`, transferred, 'KiB', { atMost: HEAVIEST_KIB });
  return latencies;
}

async function get(worker: LocalWorker, cookie: string, address: string) {
  const answer = await fetch(new URL(address, worker.url), { headers: { cookie }, redirect: 'manual' });
  if (answer.status !== 200) throw new Error(`${address} answered ${answer.status}.`);
  const text = await answer.text();
  const d1 = (answer.headers.get('x-d1') ?? '').split(' ').map(Number);
  return { text, d1, bytes: Buffer.byteLength(text), gzip: gzipSync(text).length };
}

async function assetsOf(worker: LocalWorker, cookie: string): Promise<Opened['assets']> {
  const { text } = await get(worker, cookie, '/');
  const paths = text.match(/\/assets\/[a-z]+-[0-9a-f]{8}\.(?:css|js)/g) ?? [];
  const files = await Promise.all([...new Set(paths)].map((file) => get(worker, cookie, file)));
  return {
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    gzip: files.reduce((sum, { gzip }) => sum + gzip, 0),
  };
}
