import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The Worker as it is deployed: bundled and minified by wrangler. */
    bundle: string;
  }
}

/** Bundles the Worker once, the way `npm run deploy` does. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-bundle-'));
  const env = { ...process.env, CI: 'true', WRANGLER_SEND_METRICS: 'false' };
  execFileSync('node_modules/.bin/wrangler', ['deploy', '--dry-run', '--minify', '--outdir', folder], {
    env,
    stdio: 'pipe',
  });
  project.provide('bundle', path.join(folder, 'index.js'));
  return () => rmSync(folder, { recursive: true, force: true });
}
