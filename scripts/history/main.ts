import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runWrangler, WranglerFailed } from '../wrangler.ts';
import { runHistory } from './history.ts';
import { readOptions, UsageError } from './options.ts';
import { reportLines } from './report.ts';

/** Plays a history; the last line of the standard output is the report as JSON. */
async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-history-'));
  try {
    await runWrangler(['deploy', '--dry-run', '--minify', '--outdir', folder]);
    const report = await runHistory(options, path.join(folder, 'index.js'), (line) => console.error(line));
    for (const line of reportLines(report)) console.log(line);
    console.log(JSON.stringify(report));
    return report.ok ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof WranglerFailed) console.error(error.output.trim());
  console.error(error instanceof UsageError ? error.message : error);
  process.exitCode = 2;
}
