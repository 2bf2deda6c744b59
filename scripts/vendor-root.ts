import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { SEEDS, type Seed } from '../src/tuf/seeds.ts';

const USAGE = `Usage:
  node scripts/vendor-root.ts
      Takes Sigstore's public-good root from @sigstore/tuf as installed.
  node scripts/vendor-root.ts NAME URL ROOT.JSON
      Adds another TUF repository (or replaces that of the name): where it is, and the TUF root.json that trust in it
      begins with. Get that file from someone you trust, not from the address itself.`;

/** Where the vendored roots stand. */
export const SEEDS_FILE = path.join(import.meta.dirname, '../src/tuf/seeds.ts');

/** Form of `@sigstore/tuf/seeds.json`: by repository, files in base64. */
type PackagedSeeds = Readonly<
  Record<string, { readonly 'root.json': string; readonly targets: Readonly<Record<string, string>> }>
>;

const PUBLIC_GOOD_URL = 'https://tuf-repo-cdn.sigstore.dev';

/** Sigstore's public-good root, as `@sigstore/tuf` ships it. */
export function packagedPublicGood(): Seed {
  // Written by that package's own build, in this form.
  const packaged = createRequire(import.meta.url)('@sigstore/tuf/seeds.json') as PackagedSeeds;
  const entry = packaged[PUBLIC_GOOD_URL];
  const trustedRoot = entry?.targets['trusted_root.json'];
  if (entry === undefined || trustedRoot === undefined) throw new Error(`@sigstore/tuf has no ${PUBLIC_GOOD_URL}.`);
  const json = Buffer.from(trustedRoot, 'base64').toString('utf8');
  const id = `sha256:${createHash('sha256').update(json).digest('hex')}` as const;
  return {
    name: 'public-good',
    url: PUBLIC_GOOD_URL,
    root: Buffer.from(entry['root.json'], 'base64').toString('utf8'),
    trustedRoot: { id, json },
  };
}

/** The seeds with one added, or replaced by its name. */
export function withSeed(seeds: readonly Seed[], seed: Seed): Seed[] {
  return [...seeds.filter(({ name }) => name !== seed.name), seed].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The text of `src/tuf/seeds.ts`. */
export function renderSeeds(seeds: readonly Seed[]): string {
  const entries = seeds.map(({ name, url, root, trustedRoot }) =>
    [
      '  {',
      `    name: ${quote(name)},`,
      `    url: ${quote(url)},`,
      `    root: ${quote(root)},`,
      ...(trustedRoot === null
        ? ['    trustedRoot: null,']
        : [
            '    trustedRoot: {',
            `      id: ${quote(trustedRoot.id)},`,
            `      json: ${quote(trustedRoot.json)},`,
            '    },',
          ]),
      '  },',
    ].join('\n'),
  );
  return `${HEAD}\nexport const SEEDS: readonly Seed[] = [\n${entries.join('\n')}\n];\n`;
}

const HEAD = `import type { Digest } from '../domain/digest.ts';

// Written by scripts/vendor-root.ts: change it there. All of it is public.

/** A TUF repository that this release knows, and what it knows of it. */
export interface Seed {
  /** Name of its trusted root. */
  readonly name: string;
  readonly url: string;
  /** The TUF root.json that trust begins with, as it was signed. */
  readonly root: string;
  /** The trusted root that it published when this release was made; \`null\`: to be fetched. */
  readonly trustedRoot: { readonly id: Digest; readonly json: string } | null;
}
`;

/** A single-quoted literal: the text is JSON, full of double quotes. */
function quote(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `'${escaped}'`;
}

/** The seed that the command line describes. */
function seedOf([name = '', url = '', file = '', ...more]: readonly string[]): Seed {
  if (!/^[a-z0-9-]{1,40}$/.test(name) || !/^https:\/\/[^/]/.test(url) || file === '' || more.length > 0) {
    throw new TypeError(USAGE);
  }
  const root = readFileSync(file, 'utf8');
  if (JSON.parse(root)?.signed?._type !== 'root') throw new TypeError(`${file} is not a TUF root.json.`);
  return { name, url: url.replace(/\/+$/, ''), root, trustedRoot: null };
}

if (process.argv[1] === import.meta.filename) {
  try {
    const given = process.argv.slice(2);
    const seed = given.length === 0 ? packagedPublicGood() : seedOf(given);
    writeFileSync(SEEDS_FILE, renderSeeds(withSeed(SEEDS, seed)));
    console.log(`${path.relative(process.cwd(), SEEDS_FILE)} has the root of ${seed.name}.`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
