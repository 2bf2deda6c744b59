import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

/** Files by their path from the root: `src/domain/rules.ts`. */
type Sources = ReadonlyMap<string, string>;

const RUNTIME_TYPES = 'type:@cloudflare/workers-types';
const PORTS = [
  'usecases/announcement-store.ts',
  'usecases/blast-radius-report.ts',
  'usecases/contents-store.ts',
  'usecases/credential-stores.ts',
  'usecases/digest-store.ts',
  'usecases/events.ts',
  'usecases/outbox.ts',
  'usecases/ports.ts',
  'usecases/press-store.ts',
  'usecases/registry-accounts.ts',
  'usecases/stores.ts',
  'usecases/tuf-mirrors.ts',
  'type:usecases/ci-runs.ts',
  'type:usecases/propose-policy.ts',
  'type:usecases/register-image.ts',
  'type:usecases/replay-policy.ts',
  'type:usecases/rules.ts',
];

/**
 * What the files of each layer may import: a folder, a file, or a package. `type:` allows types only. A layer is the
 * first folder below src, or a file that stands there alone.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: ['domain'],
  usecases: ['domain', 'usecases'],
  webhooks: ['domain', 'webhooks', ...PORTS, 'zod', RUNTIME_TYPES],
  oci: ['domain', 'oci', ...PORTS, 'zod'],
  github: ['domain', 'github', ...PORTS, 'zod'],
  dockerhub: ['domain', 'dockerhub', ...PORTS, 'zod'],
  sigstore: [
    'domain',
    'sigstore',
    ...PORTS,
    'zod',
    '@sigstore/bundle',
    '@sigstore/core',
    '@sigstore/protobuf-specs',
    '@sigstore/verify',
    'node:crypto',
    'node:buffer',
  ],
  tuf: ['domain', 'tuf', ...PORTS, 'zod', 'tuf-js', '@tufjs/models'],
  oidc: ['domain', 'oidc', ...PORTS, 'jose'],
  events: ['domain', 'events', 'standard-webhook.ts', ...PORTS],
  notify: ['domain', 'notify', 'standard-webhook.ts', ...PORTS, 'zod'],
  store: ['domain', 'store', ...PORTS, RUNTIME_TYPES],
  'secrets.ts': [],
  'hook-secrets.ts': ['secrets.ts', ...PORTS],
  'standard-webhook.ts': [],
  'settings.ts': ['domain/loopback.ts', 'zod', RUNTIME_TYPES],
  'seal.ts': ['settings.ts', ...PORTS],
  'rate-limit.ts': [...PORTS, RUNTIME_TYPES],
  'compose.ts': [
    'dockerhub',
    'events',
    'github',
    'notify',
    'oci',
    'oidc',
    'sigstore',
    'store',
    'tuf',
    'hook-secrets.ts',
    'rate-limit.ts',
    'seal.ts',
    'settings.ts',
    'type:usecases/gather-signatures.ts',
    ...PORTS,
  ],
  jobs: ['domain', 'usecases', 'jobs', 'compose.ts', RUNTIME_TYPES],
  http: [
    'domain',
    'usecases',
    'webhooks',
    'jobs',
    'http',
    'compose.ts',
    'settings.ts',
    'secrets.ts',
    'standard-webhook.ts',
    'notify/webhook-steps.ts',
    'oidc/verify.ts',
    'type:store',
    'zod',
    'hono',
  ],
  pages: [
    'domain',
    'usecases',
    'notify',
    'pages',
    'http/blast-radius-views.ts',
    'http/body.ts',
    'http/client-address.ts',
    'http/api/channels.ts',
    'http/api/trusted-roots.ts',
    'http/schemas/channels.ts',
    'http/context.ts',
    'http/problem.ts',
    'http/hook-cache.ts',
    'http/report-file.ts',
    'http/schemas/common.ts',
    'http/schemas/policy.ts',
    'jobs/scheduled.ts',
    'http/views.ts',
    'compose.ts',
    'settings.ts',
    'secrets.ts',
    'type:store',
    'zod',
    'hono',
  ],
  'index.ts': ['compose.ts', 'http', 'jobs', 'pages', 'settings.ts'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** `import … from`, `export … from`, `import '…'` and `import('…')`; comments are taken out before. */
const STATEMENT =
  /^\s*(?:import|export)\s+(type\s)?[^'"`;]*?from\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

function importsOf(file: string, text: string): Import[] {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(STATEMENT)].map(([, type, from, bare, dynamic]) => {
    const target = from ?? bare ?? dynamic ?? '';
    const to = target.startsWith('.') ? path.posix.join(path.posix.dirname(file), target) : target;
    return { from: file, to: to.replace(/^src\//, ''), typeOnly: type !== undefined };
  });
}

const allImports = (sources: Sources): Import[] => [...sources].flatMap(([file, text]) => importsOf(file, text));
const layerOf = (file: string): string => file.replace(/^src\//, '').split('/')[0] ?? '';
const covers = (allowed: string, to: string): boolean => to === allowed || to.startsWith(`${allowed}/`);

/** Imports that point outward, sideways, or to packages that have no business there. */
function outward(sources: Sources): string[] {
  return allImports(sources)
    .filter(({ from, to, typeOnly }) => {
      const allowed = MAY_IMPORT[layerOf(from)] ?? [];
      return !allowed.some(
        (each) => covers(each, to) || (typeOnly && each.startsWith('type:') && covers(each.slice(5), to)),
      );
    })
    .map(({ from, to }) => `${from} imports ${to}`);
}

/** Rings of imports, types included, each by its files in order. */
function cycles(sources: Sources): string[] {
  const graph = new Map(
    [...sources].map(([file, text]) => [file.replace(/^src\//, ''), importsOf(file, text).map(({ to }) => to)]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, above: readonly string[]): void => {
    const at = above.indexOf(file);
    if (at >= 0) found.push([...above.slice(at), file].join(' > '));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...above, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}

/** What belongs in one folder only. */
const AT_HOME: readonly {
  readonly what: string;
  readonly pattern: RegExp;
  readonly home: string | readonly string[];
}[] = [
  { what: 'SQL', pattern: /\.prepare\(|\bdb\.exec\(/, home: 'store' },
  { what: 'Slack’s words', pattern: /mrkdwn|plain_text|chat\.(?:postMessage|update)|:rotating_light:/, home: 'notify' },
  { what: 'routing', pattern: /new Hono\b/, home: ['http', 'pages'] },
  { what: 'the signatures of tokens', pattern: /\bjwtVerify\(/, home: 'oidc' },
];

const isHome = (home: string | readonly string[], file: string): boolean => [home].flat().includes(layerOf(file));

const astray = (sources: Sources): string[] =>
  AT_HOME.flatMap(({ what, pattern, home }) =>
    [...sources]
      .filter(([file, text]) => !isHome(home, file) && pattern.test(text))
      .map(([file]) => `${file} has ${what}`),
  );

/** The libraries that verify signatures are made for Node's modules, which workerd has. */
const MAY_USE_NODE = ['sigstore', 'tuf'];

const nodeImports = (sources: Sources): string[] =>
  allImports(sources)
    .filter(({ from }) => !MAY_USE_NODE.includes(layerOf(from)))
    .filter(({ to }) => to.startsWith('node:') || to.startsWith('cloudflare:'))
    .map(({ from, to }) => `${from} imports ${to}`);

const tooLong = (sources: Sources): string[] =>
  [...sources]
    .map(([file, text]) => ({ file, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > 350)
    .map(({ file, lines }) => `${file} has ${lines} lines`);

const real: Sources = new Map(
  globSync('src/**/*.{ts,tsx}').map((file) => [file.split(path.sep).join('/'), readFileSync(file, 'utf8')]),
);

describe('the sources', () => {
  test('import inward only', () => expect(outward(real)).toEqual([]));
  test('import nothing in a ring, types included', () => expect(cycles(real)).toEqual([]));
  test('have SQL in store, Slack’s words in notify, and the like, and nowhere else', () =>
    expect(astray(real)).toEqual([]));
  test('run in workerd without Node’s modules, but for what verifies signatures', () =>
    expect(nodeImports(real)).toEqual([]));
  test('have no file above 350 lines', () => expect(tooLong(real)).toEqual([]));
});

describe('these checks', () => {
  test('see every file and every layer', () => {
    expect(real.size).toBeGreaterThan(90);
    expect([...new Set([...real.keys()].map(layerOf))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  test('see every import: as many as there are words `from` or `import` before a string', () => {
    for (const [file, text] of real)
      expect([file, importsOf(file, text).length]).toEqual([file, text.match(/\bfrom '|^import '/gm)?.length ?? 0]);
  });

  test('follow imports to files that exist', () => {
    const files = new Set([...real.keys()].map((file) => file.replace(/^src\//, '')));
    const missing = allImports(real).filter(({ to }) => /\.tsx?$/.test(to) && !files.has(to));
    expect(missing).toEqual([]);
  });

  test('find what belongs in one folder in that folder', () => {
    for (const { pattern, home } of AT_HOME)
      expect([...real].some(([file, text]) => isHome(home, file) && pattern.test(text))).toBe(true);
  });

  /** The real sources with one file more, or with something put at the top of one. */
  const poisoned = (file: string, line: string): Sources =>
    new Map([...real, [file, `${line}\n${real.get(file) ?? ''}`]]);

  /** What a check says of these sources and not of the real ones. */
  const news = (check: (sources: Sources) => string[], sources: Sources): string[] => {
    const known = new Set(check(real));
    return check(sources).filter((each) => !known.has(each));
  };

  const outwardLines: [string, string, string][] = [
    ['src/domain/rules.ts', 'webhooks/target.ts', "import { readTag } from '../webhooks/target.ts';"],
    ['src/domain/rules.ts', 'usecases/ports.ts', "import type {\n  Registry,\n} from '../usecases/ports.ts';"],
    ['src/domain/rules.ts', 'zod', "import * as z from 'zod';"],
    ['src/usecases/judge.ts', 'oci/registry.ts', "export { createRegistry } from '../oci/registry.ts';"],
    ['src/usecases/judge.ts', 'store/codec.ts', "const store = await import('../store/codec.ts');"],
    ['src/oci/tags.ts', 'usecases/judge.ts', "import { judge } from '../usecases/judge.ts';"],
    ['src/oci/tags.ts', 'github/attestations.ts', "import '../github/attestations.ts';"],
    ['src/dockerhub/client.ts', 'github/api.ts', "import { parseJson } from '../github/api.ts';"],
    ['src/store/codec.ts', 'settings.ts', "import type { Env } from '../settings.ts';"],
    ['src/pages/page.ts', 'store/keys.ts', "import { createKeyStore } from '../store/keys.ts';"],
    ['src/pages/page.ts', 'oci/registry.ts', "import { createRegistry } from '../oci/registry.ts';"],
    ['src/http/api.ts', 'pages/page.ts', "import { notHere } from '../pages/page.ts';"],
    ['src/http/api.ts', 'store/keys.ts', "import { createKeyStore } from '../store/keys.ts';"],
    ['src/http/api.ts', 'oci/registry.ts', "import { createRegistry } from '../oci/registry.ts';"],
    ['src/jobs/queue.ts', 'http/app.ts', "import { createApp } from '../http/app.ts';"],
    ['src/settings.ts', 'compose.ts', "import type { Services } from './compose.ts';"],
    ['src/elsewhere/new.ts', 'domain/reference.ts', "import { isTag } from '../domain/reference.ts';"],
  ];
  test.each(outwardLines)('object when %s imports %s (%#)', (file, to, line) => {
    expect(news(outward, poisoned(file, line))).toEqual([`${file} imports ${to}`]);
  });

  test('allow types of the store in http, and a comment that speaks of an import', () => {
    expect(news(outward, poisoned('src/http/api.ts', "import type { KeyStore } from '../store/keys.ts';"))).toEqual([]);
    expect(
      news(
        outward,
        poisoned('src/domain/rules.ts', "// import { a } from '../store/keys.ts';\n/*\nimport b from 'jose';\n*/"),
      ),
    ).toEqual([]);
  });

  test('object to a ring, of types too', () => {
    expect(news(cycles, poisoned('src/domain/digest.ts', "import type { Finding } from './finding.ts';"))).not.toEqual(
      [],
    );
    expect(news(cycles, poisoned('src/domain/glob.ts', "import './glob.ts';"))).toEqual([
      'domain/glob.ts > domain/glob.ts',
    ]);
  });

  test('object to SQL, Slack’s words, Node’s modules and length in the wrong place', () => {
    expect(news(astray, poisoned('src/http/api.ts', "db.prepare('SELECT 1')"))).toEqual(['src/http/api.ts has SQL']);
    expect(news(astray, poisoned('src/http/api.ts', "{ type: 'mrkdwn' }"))).toEqual([
      'src/http/api.ts has Slack’s words',
    ]);
    expect(news(nodeImports, poisoned('src/seal.ts', "import { createHmac } from 'node:crypto';"))).toEqual([
      'src/seal.ts imports node:crypto',
    ]);
    expect(
      tooLong(
        new Map([
          ['src/a.ts', 'x\n'.repeat(350)],
          ['src/b.ts', 'x\n'.repeat(351)],
        ]),
      ),
    ).toEqual(['src/b.ts has 351 lines']);
  });
});
