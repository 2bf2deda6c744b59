import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/domain/digest.ts';
import type { SignatureDependencies } from '../../../src/usecases/gather-signatures.ts';
import type { Registry, SignatureMaterial } from '../../../src/usecases/ports.ts';
import { createBudget } from '../../../src/usecases/request-budget.ts';
import { newestFirst, suggestPolicy } from '../../../src/usecases/suggest-policy.ts';
import { policy, signature, T } from '../domain/cases.ts';

const IMAGE = { registry: 'ghcr.io', path: 'octo/app' };
const digest = (n: number): Digest => `sha256:${n.toString(16).padStart(64, '0')}`;

/** A registry with these tags, each signed by the release workflow; what it was asked. Each search takes 5 requests. */
function world(tags: Readonly<Record<string, number>>, pages = 1) {
  const asked = { searched: [] as Digest[], repositories: [] as (string | null)[], pages: 0 };
  const names = Object.keys(tags);
  const size = Math.ceil(names.length / pages);
  const registry: Partial<Registry> = {
    resolve: async (_, tag) => {
      const n = tags[tag];
      if (n === undefined) return { state: 'absent' };
      if (n < 0) return { state: 'unavailable', reason: 'ghcr.io answered 503' };
      return { state: 'present', value: { digest: digest(n), mediaType: 'x' } };
    },
    listTags: async (_, from) => {
      asked.pages += 1;
      const start = from === null ? 0 : Number(from);
      const end = start + size;
      return {
        state: 'present',
        value: { tags: names.slice(start, end), next: end < names.length ? String(end) : null },
      };
    },
    findSignatures: async (_, about, { requests, repository }) => {
      asked.searched.push(about);
      asked.repositories.push(repository);
      for (let n = 0; n < 5; n += 1) requests.take();
      const content = { kind: 'bundle', bytes: new Uint8Array() } as const;
      const material: SignatureMaterial = { place: 'sig-tag', image: null, about, source: about, content };
      return { places: [], materials: [material], known: [], children: [] };
    },
  };
  const deps: SignatureDependencies = {
    registry: registry as Registry, // what the use case calls
    verifier: { verify: async (materials) => materials.map(({ about, source }) => signature({ about, source })) },
    roots: { get: async () => [] },
    runs: { lookUp: async () => null },
  };
  return { deps, asked };
}

const request = { teamId: 1, image: IMAGE, policy: null, recent: null, count: 5, requests: createBudget(50), now: T };

describe('the tags that a suggestion is made from', () => {
  test('are the highest versions, and no artifacts', async () => {
    const { deps, asked } = world({
      latest: 9,
      '1': 9,
      '1.10': 9,
      '1.10.0': 9,
      '1.9.0': 8,
      '1.2.0': 2,
      '1.10.0-rc.1': 7,
      nightly: 5,
      [`sha256-${'0'.repeat(64)}`]: 1,
      [`sha256-${'0'.repeat(64)}.sig`]: 1,
    });
    const suggested = await suggestPolicy(deps, { ...request, count: 4, requests: createBudget(50) });
    expect(suggested).toMatchObject({ order: 'version', unread: [] });
    expect('tags' in suggested ? suggested.tags.map(({ tag }) => tag) : []).toEqual([
      '1.10.0',
      '1.10.0-rc.1',
      '1.9.0',
      '1.2.0',
    ]);
    expect(asked.searched).toEqual([digest(9), digest(7), digest(8), digest(2)]);
  });

  test('are those that changed last, where that is known', async () => {
    const { deps, asked } = world({});
    const recent = [
      { tag: 'edge', digest: digest(3), isRogue: false },
      { tag: '1.0.0', digest: digest(1), isRogue: false },
    ];
    const suggested = await suggestPolicy(deps, { ...request, recent, requests: createBudget(50) });
    expect(suggested).toMatchObject({ order: 'changed', tags: [{ tag: 'edge' }, { tag: '1.0.0' }] });
    expect(asked.pages).toBe(0);
  });

  test('are none that was judged rogue: an attacker must not teach us', async () => {
    const { deps, asked } = world({});
    const recent = [
      { tag: '1.1.0', digest: digest(66), isRogue: true },
      { tag: '1.0.0', digest: digest(1), isRogue: false },
    ];
    const suggested = await suggestPolicy(deps, { ...request, recent, count: 1, requests: createBudget(50) });
    expect(asked.searched).toEqual([digest(1)]);
    expect(suggested).toMatchObject({
      tags: [{ tag: '1.0.0' }],
      unread: [{ tag: '1.1.0', reason: expect.stringMatching(/rogue/) }],
    });
  });

  test('are read once for one image, however many tags it has', async () => {
    const { deps, asked } = world({ '1.1.0': 2, '1.1': 2, '1.0.0': 1 });
    const suggested = await suggestPolicy(deps, { ...request, requests: createBudget(50) });
    expect(asked.searched).toEqual([digest(2), digest(1)]);
    expect(suggested).toMatchObject({
      tags: [{ tag: '1.1.0' }, { tag: '1.0.0' }, { tag: '1.1' }],
      policy: { signatures: { mode: 'require' } },
    });
  });

  test('are as many as the requests are enough for; the others are told', async () => {
    const { deps, asked } = world({ '1.3.0': 4, '1.2.0': 3, '1.1.0': 2, '1.0.0': 1 });
    const requests = createBudget(20);
    const suggested = await suggestPolicy(deps, { ...request, requests });
    expect(asked.searched).toHaveLength(2);
    expect(suggested).toMatchObject({
      tags: [{ tag: '1.3.0' }, { tag: '1.2.0' }],
      unread: [
        { tag: '1.1.0', reason: expect.stringMatching(/ask for fewer tags/) },
        { tag: '1.0.0', reason: expect.stringMatching(/ask for fewer tags/) },
      ],
    });
    expect(requests.left).toBeGreaterThanOrEqual(0);
  });

  test('are told when they cannot be read', async () => {
    const { deps } = world({ '1.1.0': -1, '1.0.0': 1 });
    expect(await suggestPolicy(deps, { ...request, requests: createBudget(50) })).toMatchObject({
      tags: [{ tag: '1.0.0' }],
      unread: [{ tag: '1.1.0', reason: 'ghcr.io answered 503' }],
    });
  });

  test('are listed from a few pages and no more', async () => {
    const { deps, asked } = world(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`0.${n}.0`, n + 1])), 10);
    await suggestPolicy(deps, { ...request, count: 1, requests: createBudget(50) });
    expect(asked.pages).toBe(3);
  });

  test.each([
    [{ state: 'absent' }, { state: 'absent' }],
    [
      { state: 'unavailable', reason: '503' },
      { state: 'unavailable', reason: '503' },
    ],
    [
      { state: 'invalid', reason: 'x' },
      { state: 'unavailable', reason: 'x' },
    ],
  ] as const)('cannot be listed: %j', async (listed, expected) => {
    const { deps } = world({});
    const registry = { ...deps.registry, listTags: async () => listed };
    expect(await suggestPolicy({ ...deps, registry }, { ...request, requests: createBudget(50) })).toEqual(expected);
  });

  test('have their signatures where the present policy says', async () => {
    const { deps, asked } = world({ '1.0.0': 1 });
    const present = policy({ signatures: { mode: 'require', repository: 'octo/signatures' } });
    const suggested = await suggestPolicy(deps, { ...request, policy: present, requests: createBudget(50) });
    expect(asked.repositories).toEqual(['octo/signatures']);
    expect(suggested).toMatchObject({ policy: { signatures: { repository: 'octo/signatures' } } });
  });
});

describe('versions', () => {
  test.each([
    [
      ['1.9.0', '1.10.0', '2', '1.2', 'latest', 'v3.0.0', '3.0.0-rc.1'],
      ['v3.0.0', '3.0.0-rc.1', '1.10.0', '1.9.0', '1.2', '2', 'latest'],
    ],
    [
      ['1.0.0x', '1.0.0.1', '1.0.0', 'edge', '1.0.0-rc.1', '1.0.0-rc.2'],
      ['1.0.0.1', '1.0.0', '1.0.0-rc.2', '1.0.0-rc.1', 'edge', '1.0.0x'],
    ],
  ])('%j: newest first', (tags, sorted) => expect(newestFirst(tags)).toEqual(sorted));

  test('are put into one order, whatever they are', () => {
    const tag = fc.stringMatching(/^[a-z0-9.v-]{1,12}$/);
    fc.assert(
      fc.property(fc.uniqueArray(tag, { maxLength: 12 }), (tags) => {
        expect(newestFirst(tags.toReversed())).toEqual(newestFirst(tags));
        expect(newestFirst(tags).toSorted()).toEqual(tags.toSorted());
      }),
    );
  });
});
