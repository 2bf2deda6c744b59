import { createHash, createHmac, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { dockerHubBody } from '../../scripts/simulate/dockerhub-webhook.ts';
import { packageBody } from '../../scripts/simulate/github-webhook.ts';
import { singleImage } from '../../scripts/simulate/images.ts';
import { snapshot } from '../fixtures/database.ts';
import { distributionEvent } from '../fixtures/senders.ts';
import { type Answer, type Json, TestInstallation } from '../fixtures/worker.ts';

/** Of each kind of body, to each endpoint, with the secret and without. */
const RUNS = 60;
/** All of it comes from one address. */
const UNLIMITED = { STRANGER_LIMIT: 1e6, WEBHOOK_SENDER_LIMIT: 1e6, WEBHOOK_LIMIT: 1e6 };
/** GitHub gives up after 10 s. */
const IN_TIME_MS = 5000;
const IMAGE = singleImage('org/app genuine');

let pushwarden: TestInstallation;
const watched: Record<string, Json> = {};

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), rateLimits: UNLIMITED, consumers: false });
  pushwarden.registry.push('org/app', '1.0.0', IMAGE);
  watched.dockerhub = await pushwarden.watch('docker.io/org/app');
  watched.github = await pushwarden.watch('ghcr.io/org/app');
  watched.distribution = await pushwarden.watch('registry.example/org/app');
});
afterAll(() => pushwarden.stop());

type Provider = 'dockerhub' | 'github' | 'distribution';
const valid: Record<Provider, unknown> = {
  dockerhub: JSON.parse(dockerHubBody({ path: 'org/app', tag: '1.0.0', pusher: 'release-bot', at: Date.now() })),
  github: JSON.parse(packageBody({ event: 'package', path: 'org/app', tag: '1.0.0', image: IMAGE, children: [] })),
  distribution: {
    events: [
      distributionEvent({ repository: 'org/app', tag: '1.0.0', digest: IMAGE.digest, actor: 'robot' }),
      distributionEvent({ repository: 'org/app', digest: IMAGE.digest }),
    ],
  },
};

/** Sends bytes as the provider does, with the hook's secret or with another one. */
function send(provider: Provider, body: Uint8Array, authenticated: boolean): Promise<Answer> {
  const { webhook } = watched[provider];
  const right = new URL(webhook.url).pathname;
  const path = authenticated || provider === 'github' ? right : right.replace(/[^/]+$/, 'x'.repeat(43));
  const secret = authenticated ? webhook.secret : 'another';
  const signed: Record<string, string> =
    provider === 'github'
      ? {
          'x-github-event': 'package',
          'x-github-delivery': randomUUID(),
          'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        }
      : {};
  const headers = { 'content-type': 'application/json', ...signed };
  return pushwarden.request(path, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(IN_TIME_MS),
  });
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const weird = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    '',
    null,
    '0',
    -1,
    -0,
    1e308,
    0.1,
    true,
    '\u0000',
    'a\u0000b',
    '\ud800',
    "'; DROP TABLE pushes; --",
    'sha256:',
    'A',
    '..',
    'a/b',
    '__proto__',
    [],
    {},
  ),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

/** Every path of a JSON value. */
function pathsOf(value: unknown, at: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [[...at]];
  return [[...at], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...at, key]))];
}

/** The value with what stands at the path replaced. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [
    name,
    name === key ? replaced(inner, rest, by) : inner,
  ]);
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

const mutated = (provider: Provider): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.tuple(fc.constantFrom(...pathsOf(valid[provider])), weird), { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce<unknown>((value, [path, by]) => replaced(value, path, by), valid[provider]))
    .map((value) => utf8(JSON.stringify(value)));

const kinds: [string, (provider: Provider) => fc.Arbitrary<Uint8Array>][] = [
  ['JSON', () => fc.json({ maxDepth: 5 }).map(utf8)],
  ['bytes', () => fc.uint8Array({ maxLength: 300 })],
  ['payload with something changed', mutated],
];
const cases = (['dockerhub', 'github', 'distribution'] as const).flatMap((provider) =>
  kinds.map(([kind, bodies]) => ({ provider, kind, bodies: bodies(provider) })),
);

async function keptWith(hook: number, body: Uint8Array): Promise<{ outcome: number; problem: string | null }[]> {
  const hash = new Uint8Array(createHash('sha256').update(body).digest());
  const rows = await pushwarden.db
    .prepare('SELECT outcome, problem FROM deliveries WHERE hook_id = ?1 AND body_sha256 = ?2')
    .bind(hook, hash)
    .all<{ outcome: number; problem: string | null }>();
  return rows.results;
}

describe('whatever is posted', () => {
  test.each(cases)(
    'to $provider with the secret, any $kind, is answered in time and kept, refused or not',
    async ({ provider, bodies }) => {
      const seen = new Set<number>();
      const holds = async (body: Uint8Array): Promise<void> => {
        const { status, json } = await send(provider, body, true);
        seen.add(status);
        expect([202, 400]).toContain(status);
        const kept = await keptWith(watched[provider].webhook.id, body);
        if (status === 400) {
          expect(json.kept).toBe(true);
          expect(kept).toContainEqual({ outcome: 2, problem: json.detail.slice(0, 500) });
        } else if (!json.repeated) expect(kept).not.toEqual([]);
      };
      await fc.assert(fc.asyncProperty(bodies, holds), { numRuns: RUNS });
      expect(seen).toContain(400);
      expect((await send(provider, utf8(JSON.stringify(valid[provider])), true)).status).toBe(202);
    },
  );

  test.each(cases)(
    'to $provider without the secret, any $kind, is refused in time and writes nothing',
    async ({ provider, bodies }) => {
      const before = await snapshot(pushwarden.db);
      expect(before).toContain('"path":"org/app"');
      const holds = async (body: Uint8Array): Promise<void> => {
        const { status } = await send(provider, body, false);
        expect(status).toBe(provider === 'github' ? 401 : 404);
      };
      await fc.assert(fc.asyncProperty(bodies, holds), { numRuns: RUNS });
      expect(await snapshot(pushwarden.db)).toBe(before);
    },
  );

  test('what was kept can be listed', async () => {
    for (const { webhook } of Object.values(watched)) {
      const { status, json } = await pushwarden.api('GET', `/deliveries?hook=${webhook.id}&limit=200`);
      expect(status).toBe(200);
      expect(json.items.length).toBeGreaterThan(RUNS);
    }
    for (const path of [
      '/unwatched-images',
      '/health',
      ...Object.values(watched).map(({ id }) => `/repositories/${id}/pushes?folded=true&limit=200`),
    ])
      expect((await pushwarden.api('GET', path)).status).toBe(200);
  });

  test('what was recorded can be judged', async () => {
    await pushwarden.advance(3600);
    for (const { id } of Object.values(watched)) {
      const pending = (await pushwarden.api('GET', `/repositories/${id}/pushes?verdict=pending`)).json.items;
      expect(pending).toEqual([]);
    }
  });
});
