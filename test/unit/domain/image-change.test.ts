import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, wantsReading } from '../../../src/domain/comparison.ts';
import type { Digest } from '../../../src/domain/digest.ts';
import { type Change, changeBetween } from '../../../src/domain/image-change.ts';
import {
  CONFIG_LISTS,
  type ImageConfig,
  type ImageContents,
  type KnownContents,
  type Layer,
} from '../../../src/domain/image-contents.ts';

const digest = (n: number): Digest => `sha256:${n.toString(16).padStart(64, '0')}`;
const layer = (n: number, size = 100): Layer => ({ digest: digest(n), size });
const PLAIN = { oddKeys: [], repeats: false };

const config = (differs: Partial<ImageConfig> = {}): ImageConfig => ({
  entrypoint: ['/app'],
  cmd: [],
  healthcheck: [],
  onBuild: [],
  env: ['PATH'],
  exposedPorts: [],
  volumes: [],
  labels: [],
  user: '1000',
  workingDir: '',
  platform: 'linux/amd64',
  created: '',
  cut: [],
  spelling: PLAIN,
  ...differs,
});

type Image = Extract<ImageContents, { readonly kind: 'image' }>;

let made = 1000;
function image(differs: Partial<ImageConfig> = {}, more: Partial<Image> = {}): Image {
  made += 1;
  const layers = more.layers ?? [layer(1)];
  return {
    kind: 'image',
    configDigest: digest(made),
    config: { state: 'present', value: config(differs) },
    layers,
    layerCount: layers.length,
    size: layers.reduce((sum, { size }) => sum + size, 0),
    spelling: PLAIN,
    ...more,
  };
}

const index = (...platforms: readonly (readonly [string, number])[]): ImageContents => ({
  kind: 'index',
  platforms: platforms.map(([platform, n]) => ({ platform, digest: digest(n) })),
  platformCount: platforms.length,
  spelling: PLAIN,
});

const known = (contents: ImageContents): KnownContents => ({ state: 'present', contents, readAt: 1 });

function between(
  before: ImageContents,
  after: ImageContents,
  children: readonly (readonly [number, KnownContents])[] = [],
): Change {
  const all = new Map(children.map(([n, contents]) => [digest(n), contents]));
  return changeBetween(
    { digest: digest(1), contents: before, children: all },
    { digest: digest(2), contents: after, children: all },
  );
}

const imageBetween = (before: Image, after: Image) => {
  const change = between(before, after);
  if (change.is !== 'image') throw new Error(change.is);
  return change;
};

describe('between two images', () => {
  it('another command, user and variable are told, and what stays', () => {
    const { config: change } = imageBetween(
      image(),
      image({ entrypoint: ['/bin/sh', '-c', 'miner & /app'], user: '0', env: ['PATH', 'LD_PRELOAD'] }),
    );
    expect(change).toMatchObject({
      is: 'compared',
      changes: [
        { form: 'command', part: 'entrypoint', before: ['/app'], after: ['/bin/sh', '-c', 'miner & /app'] },
        { form: 'names', part: 'env', added: ['LD_PRELOAD'], removed: [] },
        { form: 'text', part: 'user', before: '1000', after: '0' },
      ],
      unchanged: ['platform'],
    });
  });

  it('the same words in another order are another command', () => {
    const { config: change } = imageBetween(image({ cmd: ['a', 'b'] }), image({ cmd: ['b', 'a'] }));
    expect(change).toMatchObject({ changes: [{ part: 'cmd' }] });
  });

  it('the same configuration is the same, byte by byte, even where it cannot be read', () => {
    const unread = { configDigest: digest(9), config: { state: 'unavailable', reason: 'deleted' } } as const;
    expect(imageBetween(image({}, unread), image({}, { configDigest: digest(9) })).config).toEqual({ is: 'same' });
  });

  it.each(['unavailable', 'invalid'] as const)('a configuration that is %s is never no change', (state) => {
    const { config: change } = imageBetween(image(), image({}, { config: { state, reason: 'it is gone' } }));
    expect(change).toEqual({ is: 'unavailable', before: null, after: 'it is gone' });
  });

  it('what was cut is never the same', () => {
    for (const part of CONFIG_LISTS) {
      const { config: change } = imageBetween(image(), image({ cut: [part] }));
      expect(change).toMatchObject({ changes: [{ part, unclear: true }] });
    }
    const { config: change } = imageBetween(image({ cut: ['user'] }), image());
    expect(change).toMatchObject({ changes: [{ part: 'user', unclear: true }] });
  });

  it('how the new one is written is told', () => {
    const spelling = { oddKeys: ['entrypoint'], repeats: true };
    expect(imageBetween(image(), image({ spelling }, { spelling })).spelling).toEqual(spelling);
    expect(imageBetween(image(), image({ spelling })).config).toMatchObject({ spelling });
  });

  it('layers that came and went are told with their sizes', () => {
    const before = image({}, { layers: [layer(1), layer(2, 50)] });
    const after = image({}, { layers: [layer(1), layer(3, 70), layer(4, 1)] });
    expect(imageBetween(before, after).layers).toEqual({
      before: { count: 2, size: 150 },
      after: { count: 3, size: 171 },
      added: [layer(3, 70), layer(4, 1)],
      removed: [layer(2, 50)],
      sameFirst: 1,
      reordered: false,
      unclear: false,
    });
  });

  it('the same layers in another order, or twice, are a change', () => {
    const layers = [layer(1), layer(2)];
    expect(imageBetween(image({}, { layers }), image({}, { layers: layers.toReversed() })).layers.reordered).toBe(true);
    const twice = imageBetween(image({}, { layers }), image({}, { layers: [...layers, layer(2)] })).layers;
    expect(twice).toMatchObject({ added: [layer(2)], removed: [], reordered: false });
  });

  it('a layer whose digest we do not know is like no other', () => {
    const layers = [{ digest: null, size: 1 }];
    expect(imageBetween(image({}, { layers }), image({}, { layers })).layers).toMatchObject({
      added: layers,
      removed: layers,
      sameFirst: 0,
    });
  });

  it('more layers than are kept may differ', () => {
    expect(imageBetween(image(), image({}, { layerCount: 300 })).layers.unclear).toBe(true);
  });
});

describe('where one is an index', () => {
  it('platforms that came, went and stay are told, and what changed in each', () => {
    const before = index(['linux/amd64', 10], ['linux/arm64', 11], ['linux/386', 12]);
    const after = index(['linux/amd64', 20], ['linux/arm64', 11], ['linux/s390x', 13]);
    const change = between(before, after, [
      [10, known(image())],
      [20, known(image({ entrypoint: ['/miner'] }))],
    ]);
    expect(change).toMatchObject({
      is: 'platforms',
      added: [{ platform: 'linux/s390x' }],
      removed: [{ platform: 'linux/386' }],
      unchanged: ['linux/arm64'],
      changed: [{ platform: 'linux/amd64', change: { config: { changes: [{ part: 'entrypoint' }] } }, unread: [] }],
    });
  });

  it('an image that was not read is told as that', () => {
    const change = between(index(['linux/amd64', 10]), index(['linux/amd64', 20]), [
      [10, { state: 'unavailable', reason: 'deleted', triedAt: 1, nextAt: null }],
    ]);
    expect(change).toMatchObject({
      changed: [{ change: null, unread: [{ state: 'unavailable', reason: 'deleted' }, { state: 'not-read' }] }],
    });
  });

  it('a single image instead of it is held against its own platform', () => {
    const change = between(index(['linux/amd64', 10], ['linux/arm64', 11]), image({ entrypoint: ['/miner'] }), [
      [10, known(image())],
    ]);
    expect(change).toMatchObject({
      before: 'index',
      after: 'image',
      removed: [{ platform: 'linux/arm64' }],
      changed: [{ platform: 'linux/amd64', change: { config: { changes: [{ part: 'entrypoint' }] } } }],
    });
  });

  it('of a platform that stands there twice the first is held against the first, which is what is run', () => {
    const change = between(
      index(['linux/amd64', 10], ['linux/amd64', 11]),
      index(['linux/amd64', 11], ['linux/amd64', 10]),
    );
    expect(change).toMatchObject({ unchanged: [], changed: [{ after: digest(11) }, { after: digest(10) }] });
  });

  it('attestations are counted, not compared', () => {
    const change = between(
      index(['linux/amd64', 10], ['unknown/unknown', 30]),
      index(['linux/amd64', 10], ['unknown/unknown', 31]),
    );
    expect(change).toMatchObject({ added: [], removed: [], changed: [], unnamed: 1 });
  });
});

describe('a comparison', () => {
  const against = { seq: 1, digest: digest(1), verdict: 'trusted', receivedAt: 1, back: 1 } as const;

  it('says what is missing, and is no change until both are known', () => {
    const one = compare({ digest: digest(2), against, contents: new Map([[digest(2), known(image())]]) });
    expect(one).toMatchObject({ after: { state: 'present' }, before: { state: 'not-read' }, change: null });
  });

  it('of a new tag is what its image holds', () => {
    const contents = new Map([[digest(2), known(image())]]);
    expect(compare({ digest: digest(2), against: null, contents })).toMatchObject({ before: null, change: null });
    expect(wantsReading({ digest: digest(2), against: null, contents })).toBe(false);
  });

  it('can be asked for while something is missing', () => {
    const unread: Image = { ...image(), config: { state: 'unavailable', reason: 'no answer' } };
    const both = (contents: ImageContents) =>
      new Map([
        [digest(1), known(image())],
        [digest(2), known(contents)],
      ]);
    expect(wantsReading({ digest: digest(2), against, contents: new Map() })).toBe(true);
    expect(wantsReading({ digest: digest(2), against, contents: both(image()) })).toBe(false);
    expect(wantsReading({ digest: digest(2), against, contents: both(unread) })).toBe(true);
  });
});

describe('whatever makers write', () => {
  const text = fc.string({ unit: 'binary', maxLength: 8 });
  const texts = fc.array(text, { maxLength: 4 });
  const anyConfig = fc.record({
    entrypoint: texts,
    cmd: texts,
    healthcheck: texts,
    onBuild: texts,
    env: texts,
    exposedPorts: texts,
    volumes: texts,
    labels: texts,
    user: text,
    workingDir: text,
    platform: fc.constantFrom('linux/amd64', 'linux/arm64', '', '__proto__'),
    created: text,
    cut: fc.subarray(['entrypoint', 'user', 'env'] as const),
    spelling: fc.constant(PLAIN),
  });
  const anyImage = fc
    .tuple(anyConfig, fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }), fc.boolean())
    .map(([value, layers, isRead]) =>
      image(
        {},
        {
          config: isRead ? { state: 'present', value } : { state: 'unavailable', reason: 'x' },
          layers: layers.map((n) => layer(n)),
        },
      ),
    );
  const anyIndex = fc
    .array(
      fc.tuple(
        fc.constantFrom('linux/amd64', 'linux/arm64', 'unknown/unknown', '__proto__', ''),
        fc.integer({ min: 1, max: 9 }),
      ),
      {
        maxLength: 5,
      },
    )
    .map((platforms) => index(...platforms));
  const anything: fc.Arbitrary<ImageContents> = fc.oneof(anyImage, anyIndex);

  it('an image against itself under another digest has no change but what is unclear', () => {
    fc.assert(
      fc.property(anyImage, (one) => {
        const { config: change, layers } = imageBetween(one, { ...one, configDigest: null });
        if (change.is === 'compared') expect(change.changes.filter(({ unclear }) => !unclear)).toEqual([]);
        expect([layers.added, layers.removed, layers.reordered]).toEqual([[], [], false]);
      }),
    );
  });

  it('what is removed one way is added the other way, and nothing is lost', () => {
    fc.assert(
      fc.property(anything, anything, (one, other) => {
        const [there, back] = [between(one, other), between(other, one)];
        expect(there.is).toBe(back.is);
        if (there.is === 'image' && back.is === 'image') {
          expect(there.layers.added).toEqual(back.layers.removed);
          if (there.config.is === 'compared' && back.config.is === 'compared')
            expect(there.config.changes.map(({ part }) => part)).toEqual(back.config.changes.map(({ part }) => part));
        }
        if (there.is === 'platforms') {
          const named = (contents: ImageContents): number =>
            contents.kind === 'index'
              ? contents.platforms.filter(({ platform }) => platform !== 'unknown/unknown').length
              : 1;
          expect(there.added.length + there.changed.length + there.unchanged.length).toBe(named(other));
          expect(there.removed.length + there.changed.length + there.unchanged.length).toBe(named(one));
        }
      }),
      { numRuns: 300 },
    );
  });
});
