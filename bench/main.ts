import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundleWorker, measureBundle } from './bundle.ts';
import { Figures } from './figures.ts';
import { measureImage } from './image.ts';
import { measureIngest } from './ingest.ts';
import { measureInserts } from './inserts.ts';
import { measureLatency } from './latency.ts';
import { measurePages } from './pages.ts';
import { measureRows } from './rows.ts';
import { measureVerify } from './verify.ts';

const PARTS = ['bundle', 'rows', 'ingest', 'latency', 'inserts', 'verify', 'image', 'pages'] as const;

const USAGE = `Usage: npm run bench [-- [PART…] OPTIONS]     Measures what Pushwarden costs and how fast it tells (a few minutes).
  PART          ${PARTS.join(', ')}; all, unless some are named
  --only LIST   the same, as a list with commas
  --quick       fewer repetitions: shows that everything runs, not how fast
  --json        print all figures as one JSON object on the last line
Fails only if a figure that is the same on every machine (rows, round trips, bundle size) misses its target.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const named = [...positionals, ...(values.only?.split(',') ?? [])].map((part) => part.trim());
  const wanted = new Set<string>(named.length === 0 ? PARTS : named);
  const unknown = [...wanted].filter((part) => !PARTS.some((known) => known === part));
  if (values.help || unknown.length > 0) {
    console.log(unknown.length > 0 ? `No such part: ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
    return unknown.length > 0 ? 2 : 0;
  }
  const figures = new Figures();
  const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-bench-'));
  // A million pushes are hundreds of megabytes: they go, however the run ends.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(130));
  await measure(figures, wanted, folder, values.quick);
  const missed = figures.all.filter(({ met }) => met === false);
  console.log(`\n${figures.all.length} figures, ${missed.length} missed${missed.length === 0 ? '' : ':'}`);
  for (const { name, exact } of missed)
    console.log(`  ${name}${exact ? '' : ' (a timing: measure again before believing it)'}`);
  if (values.json) console.log(figures.json());
  return missed.some(({ exact }) => exact) ? 1 : 0;
}

async function measure(figures: Figures, wanted: ReadonlySet<string>, folder: string, quick: boolean): Promise<void> {
  const needsWorker = ['bundle', 'ingest', 'latency', 'image', 'pages'].some((part) => wanted.has(part));
  const script = needsWorker ? await bundleWorker(folder) : '';
  if (wanted.has('bundle')) measureBundle(figures, script);
  if (wanted.has('rows')) await measureRows(figures, quick);
  if (wanted.has('ingest')) await measureIngest(figures, script, folder, quick);
  if (wanted.has('latency')) await measureLatency(figures, script, folder, quick);
  if (wanted.has('inserts')) await measureInserts(figures, folder, quick);
  if (wanted.has('verify')) await measureVerify(figures, folder, quick);
  if (wanted.has('pages')) await measurePages(figures, script, folder, quick);
  if (wanted.has('image')) await measureImage(figures, script, folder, quick);
}

process.exitCode = await main();
