import { readFileSync } from 'node:fs';
import path from 'node:path';
import { runWrangler } from '../scripts/wrangler.ts';
import { type Figures, median } from './figures.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { cpuMicroseconds } from './process-cpu.ts';
import { type Mode, STEPS, type Step } from './verify-steps.ts';

const KEYLESS = 'keyless v0.3';
const TILES = 'keyless v0.3, Rekor v2';
const KEY = 'key P-256, logged';
const PATIENCE_MS = 60_000;

/** CPU that a verification costs inside workerd, beside @sigstore/verify as it comes. */
export async function measureVerify(figures: Figures, folder: string, quick: boolean): Promise<void> {
  const script = await bundleWorker(path.join(folder, 'verify'));
  const worker = await startLocalWorker({ script, databases: [], folder, queues: 'none' });
  const rounds = quick ? 2 : 7;
  const each = quick ? 50 : 200;
  figures.note(`Verification: CPU in workerd per signature, median of ${rounds} rounds of ${each}, interleaved`);
  try {
    const cost = new Costs(worker, each);
    for (let round = 0; round <= rounds; round += 1) await measureRound(cost, round);
    showCost(figures, cost, KEYLESS, 'keyless v0.3 (Rekor v1)', 6);
    showCost(figures, cost, TILES, 'keyless v0.3 (Rekor v2, timestamp)', 6);
    showCost(figures, cost, KEY, 'key P-256, logged', 3);
    figures.timing('verify: keyless v0.3, remembered', cost.of('remembered', KEYLESS), 'ms', { atMost: 0.5 });
    showSteps(figures, cost, KEYLESS);
    showSteps(figures, cost, TILES);
  } finally {
    await worker.close();
  }
}

function showCost(figures: Figures, cost: Costs, of: string, name: string, atMost: number): void {
  const [product, plain] = [cost.of('product', of), cost.of('plain', of)];
  figures.timing(`verify: ${name}`, product, 'ms', { atMost });
  figures.shown(`verify: ${name}, @sigstore/verify as it comes`, plain, 'ms');
  figures.shown(`verify: ${name}, times faster`, plain / product, 'x');
}

/** The share of each step; the rest is what the product looks at beside. */
function showSteps(figures: Figures, cost: Costs, of: string): void {
  const whole = cost.of('product', of);
  let before = 0;
  for (const step of STEPS) {
    const until = cost.of(step, of);
    figures.shown(`verify: ${of}, share of: ${NAMES[step]}`, (100 * Math.max(0, until - before)) / whole, '%');
    before = until;
  }
  figures.shown(
    `verify: ${of}, share of: what the library does not check`,
    (100 * Math.max(0, whole - before)) / whole,
    '%',
  );
}

const NAMES: Readonly<Record<Step, string>> = {
  read: 'reading it',
  signature: 'its signature',
  log: 'its log entry',
  timestamp: 'its timestamp',
  chain: 'the certificate’s issuer',
  sct: 'the certificate’s log',
};

async function measureRound(cost: Costs, round: number): Promise<void> {
  const all: (readonly [Mode, string])[] = [
    ...[KEYLESS, TILES, KEY].flatMap((of) => [['product', of] as const, ['plain', of] as const]),
    ['remembered', KEYLESS],
    ...STEPS.flatMap((step) => [[step, KEYLESS] as const, [step, TILES] as const]),
  ];
  for (const [mode, of] of round % 2 === 0 ? all : all.reverse()) await cost.measure(mode, of, round > 0);
}

class Costs {
  readonly #worker: LocalWorker;
  readonly #each: number;
  readonly #ms = new Map<string, number[]>();

  constructor(worker: LocalWorker, each: number) {
    this.#worker = worker;
    this.#each = each;
  }

  /** CPU of the whole process, since a Worker's own clock stands still while it computes. The first round warms up. */
  async measure(mode: Mode, of: string, counts: boolean): Promise<void> {
    const url = new URL(`/?${new URLSearchParams({ mode, of, n: String(this.#each) })}`, this.#worker.url);
    const before = cpuMicroseconds(this.#worker.pid);
    const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status !== 202) throw new Error(`${mode} of ${of} failed: ${await answer.text()}`);
    const ms = (cpuMicroseconds(this.#worker.pid) - before) / 1000 / this.#each;
    if (counts) this.#ms.set(`${mode} ${of}`, [...(this.#ms.get(`${mode} ${of}`) ?? []), ms]);
  }

  of(mode: Mode, of: string): number {
    return median(this.#ms.get(`${mode} ${of}`) ?? []);
  }
}

/** As `npm run deploy` bundles: the libraries ask for Node's modules, which wrangler maps to the runtime's. */
async function bundleWorker(folder: string): Promise<string> {
  const entry = path.join(import.meta.dirname, 'verify-worker.ts');
  await runWrangler(['deploy', entry, '--dry-run', '--minify', '--outdir', folder]);
  return readFileSync(path.join(folder, 'verify-worker.js'), 'utf8');
}
