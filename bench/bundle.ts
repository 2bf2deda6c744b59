import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { runWrangler } from '../scripts/wrangler.ts';
import type { Figures } from './figures.ts';

const MAX_KIB = 400;

/** Bundles the product's Worker as `npm run deploy` does and returns the script. @throws WranglerFailed */
export async function bundleWorker(folder: string): Promise<string> {
  await runWrangler(['deploy', '--dry-run', '--minify', '--outdir', path.join(folder, 'worker')]);
  return readFileSync(path.join(folder, 'worker/index.js'), 'utf8');
}

/** Bundles a Worker of this folder. */
export async function bundleBenchWorker(name: string): Promise<string> {
  const entry = path.join(import.meta.dirname, name);
  const options = {
    bundle: true,
    format: 'esm',
    target: 'es2024',
    write: false,
  } as const;
  const conditions = ['workerd', 'worker'];
  const { outputFiles } = await build({ ...options, conditions, entryPoints: [entry], external: ['node:*'] });
  return outputFiles[0]?.text ?? '';
}

/** The size of what is uploaded. Exact for one set of dependencies. */
export function measureBundle(figures: Figures, script: string): void {
  figures.note('Bundle of the Worker, minified');
  figures.exact('worker: gzip size', gzipSync(script).length / 1024, 'KiB', { atMost: MAX_KIB });
}
