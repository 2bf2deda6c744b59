import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import type { ConformanceAnswer, ConformanceCase } from './conformance-worker.ts';
import { runWrangler, WranglerFailed } from './wrangler.ts';

const USAGE = `Usage: npm run conformance -- FILE
  Verifies each bundle of a file with Pushwarden's verifier, inside workerd, and compares with what the file expects.
  FILE  JSON: a list of {name, expect: "pass" | "fail", bundleText, artifactB64, trustedRoot, identity, issuer, key?}`;

/** Bundles the Worker as \`npm run deploy\` does, and runs it. */
async function startWorker(folder: string): Promise<Miniflare> {
  const entry = path.join(import.meta.dirname, 'conformance-worker.ts');
  await runWrangler(['deploy', entry, '--dry-run', '--outdir', folder]);
  return new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: readFileSync(path.join(folder, 'conformance-worker.js'), 'utf8'),
      compatibilityDate: '2026-11-01',
      compatibilityFlags: ['nodejs_compat'],
      cf: false,
    }),
  );
}

function readCases(file: string): ConformanceCase[] {
  const cases: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(cases) || !cases.every(isCase)) throw new TypeError(`${file} is not a list of cases.`);
  return cases;
}

function isCase(value: unknown): value is ConformanceCase {
  if (typeof value !== 'object' || value === null) return false;
  const one = value as Partial<ConformanceCase>; // looked at field by field
  const hasTexts = [one.name, one.bundleText, one.artifactB64].every((text) => typeof text === 'string');
  return hasTexts && (one.expect === 'pass' || one.expect === 'fail') && one.trustedRoot !== undefined;
}

async function ask(worker: Miniflare, one: ConformanceCase): Promise<ConformanceAnswer> {
  const response = await worker.dispatchFetch('http://localhost/', { method: 'POST', body: JSON.stringify(one) });
  if (!response.ok) throw new Error(`${one.name}: the Worker failed: ${await response.text()}`);
  // Written by our own Worker.
  return (await response.json()) as ConformanceAnswer;
}

async function main(): Promise<number> {
  const [file, ...more] = process.argv.slice(2);
  if (file === undefined || more.length > 0 || file.startsWith('-')) {
    console.log(USAGE);
    return 2;
  }
  const cases = readCases(file);
  const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-conformance-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const worker = await startWorker(folder);
  let failed = 0;
  try {
    for (const one of cases) {
      const { got, reason } = await ask(worker, one);
      if (got !== one.expect) failed += 1;
      console.log(
        `${got === one.expect ? 'ok  ' : 'FAIL'} ${one.name}: expected ${one.expect}, got ${got} (${reason})`,
      );
    }
  } finally {
    await worker.dispose();
  }
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof WranglerFailed) console.error(error.output);
  process.exitCode = 2;
}
