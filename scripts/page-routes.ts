import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { PROJECT } from './wrangler.ts';

/** The paths of the dashboard's pages, as Hono writes them: of those that can be looked at. Node does not read TSX, so it is bundled. */
export async function pagePaths(): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-routes-'));
  try {
    const outfile = path.join(folder, 'routes.mjs');
    await build({
      entryPoints: [path.join(PROJECT, 'src/pages/routes.tsx')],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'es2024',
      alias: { minimatch: path.join(PROJECT, 'src/tuf/minimatch.ts') },
      outfile,
    });
    // What src/pages/routes.tsx exports.
    const { PAGE_ROUTES } = (await import(pathToFileURL(outfile).href)) as {
      PAGE_ROUTES: readonly { readonly method: string; readonly path: string }[];
    };
    return PAGE_ROUTES.filter(({ method }) => method === 'get').map((route) => route.path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
