import { afterEach, describe, expect, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { RegistryDouble, type RegistryOptions } from '../../scripts/simulate/world/registry.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';
import { sha256 } from '../fixtures/oci-images.ts';

let double: RegistryDouble | undefined;
afterEach(() => double?.close());

async function start(options: RegistryOptions = {}, allowsStorage = true) {
  const registry = await RegistryDouble.start(options);
  double = registry;
  const blobHosts = allowsStorage && registry.blobHost !== null ? [registry.blobHost] : [];
  const reader = createRegistry({
    endpoints: new Map([['registry.example', { url: registry.url, tokenRealm: `${registry.url}/token`, blobHosts }]]),
    fetch,
    userAgent: 'test',
  });
  const read = async (digest: string, limit = 50) => {
    const requests = createBudget(limit);
    const image = { registry: 'registry.example', path: 'org/app' };
    const result = await reader.contents(image, digest as Digest, requests); // the double's digests are
    return { result, made: limit - requests.left };
  };
  return { registry, read };
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const raw = (text: string) => ({ bytes: Buffer.from(text), mediaType: MANIFEST });

describe('an image', () => {
  test('takes two requests, three where blobs are kept elsewhere, and two more to sign in', async () => {
    for (const [options, made] of [
      [{}, 2],
      [{ storage: true }, 3],
      [{ storage: true, token: 'of-the-test' }, 5],
    ] as const) {
      const { registry, read } = await start(options);
      const answer = await read(registry.push('org/app', '1', singleImage('x')));
      expect(answer).toMatchObject({ made, result: { state: 'read', again: false, contents: { kind: 'image' } } });
      await registry.close();
    }
  });

  test('whose blobs are kept where configuration names nobody has its layers told, and is asked for again', async () => {
    const { registry, read } = await start({ storage: true }, false);
    const { result } = await read(registry.push('org/app', '1', singleImage('x')));
    expect(result).toMatchObject({
      state: 'read',
      again: true,
      contents: {
        layerCount: 2,
        config: { state: 'unavailable', reason: expect.stringContaining('not one of its blob hosts') },
      },
    });
    expect(registry.downloads).toEqual([]);
  });

  test('whose configuration is too long is not read, nor asked for again', async () => {
    const { registry, read } = await start();
    const config = Buffer.from(`{"config":{"Entrypoint":["${'x'.repeat(1 << 20)}"]}}`);
    registry.pushBlob(config);
    for (const size of [config.length, 10]) {
      const manifest = { schemaVersion: 2, config: { digest: sha256(config), size }, layers: [] };
      const { result, made } = await read(registry.push('org/app', '1', raw(JSON.stringify(manifest))));
      expect(result).toMatchObject({ again: false, contents: { config: { state: 'invalid' } } });
      // Where the manifest says it, there is no need to ask.
      expect(made).toBe(size === 10 ? 2 : 1);
    }
  });

  test.each([
    ['Layers', '{"Layers":[{"digest":"D","size":7}],"config":{}}'],
    ['layerſ', '{"layerſ":[{"digest":"D","size":7}],"config":{}}'],
  ])('that writes %s has the layers that Go would see, and that is told', async (odd, text) => {
    const { registry, read } = await start();
    const { result } = await read(
      registry.push('org/app', '1', raw(text.replace('"D"', `"sha256:${'a'.repeat(64)}"`))),
    );
    expect(result).toMatchObject({ contents: { kind: 'image', size: 7, spelling: { oddKeys: [odd] } } });
  });

  test('that says its layers twice is told as that', async () => {
    const { registry, read } = await start();
    const { result } = await read(registry.push('org/app', '1', raw('{"layers":[],"config":{},"layers":[]}')));
    expect(result).toMatchObject({ contents: { spelling: { repeats: true } } });
  });

  test('with more layers than are kept says how many there are', async () => {
    const { registry, read } = await start();
    const layers = Array.from({ length: 1000 }, (_, n) => ({
      digest: `sha256:${n.toString(16).padStart(64, '0')}`,
      size: 2,
    }));
    const { result } = await read(registry.push('org/app', '1', raw(JSON.stringify({ layers, config: {} }))));
    if (result.state !== 'read' || result.contents.kind !== 'image') throw new Error('no image');
    expect([result.contents.layers.length, result.contents.layerCount, result.contents.size]).toEqual([
      256, 1000, 2000,
    ]);
  });
});

test('an index takes one request; sizes and digests that are none are left out', async () => {
  const { registry, read } = await start();
  const child = `sha256:${'b'.repeat(64)}`;
  const manifests = [
    { digest: child, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
    { digest: 'md5:x', platform: { os: 'linux', architecture: 'amd64' } },
    { digest: child },
    null,
    7,
  ];
  const answer = await read(registry.push('org/app', '1', raw(JSON.stringify({ manifests }))));
  expect(answer.made).toBe(1);
  expect(answer.result).toMatchObject({
    contents: {
      kind: 'index',
      platformCount: 5,
      platforms: [
        { platform: 'linux/arm64/v8', digest: child },
        { platform: '', digest: child },
      ],
    },
  });
});

test.each([
  ['no JSON', 'MZ…', 'it is no manifest'],
  ['a list', '[]', 'it is no manifest'],
])('what is %s is no image, for good', async (_, text, reason) => {
  const { registry, read } = await start();
  const { result } = await read(registry.push('org/app', '1', raw(text)));
  expect(result).toEqual({ state: 'read', again: false, contents: { kind: 'other', reason } });
});

test('what is gone, and what does not answer, is unavailable', async () => {
  const { registry, read } = await start();
  expect((await read(`sha256:${'c'.repeat(64)}`)).result).toEqual({
    state: 'unavailable',
    reason: 'registry.example has no such manifest (any more)',
  });
  const digest = registry.push('org/app', '1', singleImage('x'));
  registry.fail('/manifests/', { kind: 'status', status: 403 });
  expect((await read(digest)).result).toEqual({
    state: 'unavailable',
    reason: 'registry.example answered 403 (needs credentials)',
  });
});

test('no request is made beyond the budget', async () => {
  const { registry, read } = await start();
  const { result, made } = await read(registry.push('org/app', '1', singleImage('x')), 1);
  expect(made).toBe(1);
  expect(result).toMatchObject({ again: true, contents: { config: { state: 'unavailable' } } });
  expect(registry.requests).toHaveLength(1);
});
