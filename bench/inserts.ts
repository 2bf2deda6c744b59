import { fillPushes } from '../test/fixtures/many-pushes.ts';
import { bundleBenchWorker } from './bundle.ts';
import { type Figures, median } from './figures.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { watchAll } from './watched.ts';

const STORED = 1_000_000;
const PER_ROUND = 25;
/** Enough to see that something is wrong: nobody waits for a slow run to end. */
const PATIENCE_MS = 60_000;

/** Whether a push costs more when there are a million of them. */
export async function measureInserts(figures: Figures, folder: string, quick: boolean): Promise<void> {
  const stored = quick ? STORED / 50 : STORED;
  figures.note(
    `Inserts: accept and check through the stores, into ${stored} stored pushes and into an empty database, interleaved`,
  );
  const script = await bundleBenchWorker('inserts-worker.ts');
  const worker = await startLocalWorker({ script, databases: ['EMPTY', 'FULL'], folder, queues: 'none' });
  try {
    for (const name of ['EMPTY', 'FULL']) await watchAll(await worker.database(name));
    await fillPushes(await worker.database('FULL'), 'github', stored);
    const times = { EMPTY: [] as number[], FULL: [] as number[] };
    await timed(worker, 'EMPTY');
    await timed(worker, 'FULL');
    const deadline = performance.now() + PATIENCE_MS;
    for (let round = 0; round < (quick ? 4 : 20) && (round === 0 || performance.now() < deadline); round += 1) {
      const order = round % 2 === 0 ? (['EMPTY', 'FULL'] as const) : (['FULL', 'EMPTY'] as const);
      for (const name of order) times[name].push(await timed(worker, name));
    }
    const ratio = median(times.FULL) / median(times.EMPTY);
    figures.timing(`push at ${stored} stored / push at none`, ratio, 'x', { atMost: 1.3 });
  } finally {
    await worker.close();
  }
}

/** ms for a round of pushes, timed from outside: a Worker's clock stands still while it computes. */
async function timed(worker: LocalWorker, name: 'EMPTY' | 'FULL'): Promise<number> {
  const start = performance.now();
  const answer = await fetch(new URL(`/${name}?pushes=${PER_ROUND}`, worker.url), {
    method: 'POST',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (answer.status !== 202) throw new Error(`Inserting into ${name} failed: ${await answer.text()}`);
  return performance.now() - start;
}
