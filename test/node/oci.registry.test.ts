import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import type { ImageName } from '../../src/domain/reference.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import type { Registry } from '../../src/usecases/ports.ts';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import {
  artifactTag,
  type Blob,
  emptyBlob,
  json,
  MEDIA_TYPES,
  pushAttestation,
  pushBundle,
  pushFallbackIndex,
  pushImage,
  pushIndex,
  pushManifest,
  pushMultiArchImage,
  pushSignature,
  putManifest,
} from '../fixtures/oci-images.ts';
import { searchOf, stateOf } from '../fixtures/signature-search.ts';

const NEVER_PUSHED: Digest = `sha256:${'0'.repeat(64)}`;

let server: DockerRegistry;
let registry: Registry;
/** Methods and paths that the adapter asked for. */
let requests: string[] = [];

beforeAll(async () => {
  server = await startDockerRegistry();
  registry = connect();
});

afterAll(async () => {
  await server?.stop();
});

function connect(): Registry {
  const endpoint = { url: server.url };
  const hosts = ['docker.io', 'ghcr.io', server.host];
  return createRegistry({
    endpoints: new Map(hosts.map((host) => [host, endpoint])),
    fetch: (input, init) => {
      requests.push(`${init?.method} ${new URL(String(input)).pathname}`);
      return fetch(input, init);
    },
    userAgent: 'test',
  });
}

/** Each test has its own repository. */
function image(path: string, host = 'docker.io'): ImageName {
  return { registry: host, path };
}

test('a tag resolves to its digest and media type, by HEAD', async () => {
  const pushed = await pushImage(server.url, 'resolve/tag', 'v1');
  requests = [];
  const { digest, mediaType } = pushed;
  expect(await registry.resolve(image('resolve/tag'), 'v1')).toEqual({
    state: 'present',
    value: { digest, mediaType },
  });
  expect(await registry.resolve(image('resolve/tag'), digest)).toMatchObject({ state: 'present', value: { digest } });
  expect(requests.every((request) => request.startsWith('HEAD '))).toBe(true);
});

test('an index is not converted to one of its images', async () => {
  const pushed = await pushMultiArchImage(server.url, 'resolve/index', 'v1');
  expect(await registry.resolve(image('resolve/index'), 'v1')).toEqual({
    state: 'present',
    value: { digest: pushed.digest, mediaType: MEDIA_TYPES.index },
  });
});

test('what the registry does not have is absent', async () => {
  await pushImage(server.url, 'absent/app', 'v1');
  expect(await registry.resolve(image('absent/app'), 'v2')).toEqual({ state: 'absent' });
  expect(await registry.resolve(image('absent/app'), NEVER_PUSHED)).toEqual({ state: 'absent' });
  expect(await registry.resolve(image('absent/other'), 'v1')).toEqual({ state: 'absent' });
  expect(await registry.inspect(image('absent/app'), NEVER_PUSHED)).toEqual({ state: 'absent' });
  expect(await registry.listTags(image('absent/other'), null, 10)).toEqual({ state: 'absent' });
});

test('a registry that is not configured is unavailable', async () => {
  const elsewhere = image('org/app', 'quay.io');
  const expected = { state: 'unavailable', reason: 'The registry quay.io is not configured' };
  expect(await registry.resolve(elsewhere, 'v1')).toEqual(expected);
  expect(await registry.inspect(elsewhere, NEVER_PUSHED)).toEqual(expected);
  expect(await registry.listTags(elsewhere, null, 10)).toEqual(expected);
  expect(stateOf(await searchOf(registry, elsewhere, NEVER_PUSHED))).toBe('unavailable');
});

test('a reference that would name another path is not asked for', async () => {
  requests = [];
  for (const reference of ['../../other/manifests/v1', 'a/b', 'sha512:00', '', 'v1?x=1']) {
    expect((await registry.resolve(image('org/app'), reference)).state).toBe('unavailable');
  }
  expect(requests).toEqual([]);
});

test('an image is a manifest and an index lists its children', async () => {
  const repository = 'inspect/kinds';
  const single = await pushImage(server.url, repository, 'single');
  const multi = await pushMultiArchImage(server.url, repository, 'multi', { seed: 'multi' });
  requests = [];
  expect(await registry.inspect(image(repository), single.digest)).toEqual({
    state: 'present',
    value: { kind: 'manifest' },
  });
  expect(await registry.inspect(image(repository), multi.digest)).toEqual({
    state: 'present',
    value: { kind: 'index', children: multi.children.map(({ digest }) => digest) },
  });
  expect(requests).toHaveLength(2);
});

test('what signing tools attach is an artifact of its subject', async () => {
  const repository = 'inspect/artifacts';
  const subject = await pushImage(server.url, repository, 'v1');
  const bundle = await pushBundle(server.url, repository, subject);
  const signature = await pushSignature(server.url, repository, subject.digest);
  const attestation = await pushAttestation(server.url, repository, subject.digest);
  const buildkit = await pushManifest(server.url, repository, null, {
    config: { mediaType: MEDIA_TYPES.config, bytes: json({ os: 'unknown' }) },
    layers: [{ mediaType: MEDIA_TYPES.inToto, bytes: json({ predicate: {} }) }],
  });
  const notation = await pushManifest(server.url, repository, null, {
    config: emptyBlob(),
    artifactType: MEDIA_TYPES.notary,
    layers: [{ mediaType: 'application/jose+json', bytes: json({ payload: '' }) }],
    subject,
  });
  const note = await pushManifest(server.url, repository, null, {
    config: emptyBlob(),
    artifactType: 'application/vnd.example.note',
    layers: [emptyBlob()],
    subject,
  });
  const kindOf = async (digest: Digest) => registry.inspect(image(repository), digest);
  const artifact = (about: Digest | null) => ({ state: 'present', value: { kind: 'artifact', subject: about } });
  for (const { digest } of [bundle, notation, note]) expect(await kindOf(digest)).toEqual(artifact(subject.digest));
  for (const { digest } of [signature, attestation, buildkit]) expect(await kindOf(digest)).toEqual(artifact(null));
});

test('a fallback index of artifacts, or of nothing, is an artifact', async () => {
  const repository = 'inspect/fallback';
  const subject = await pushImage(server.url, repository, 'v1');
  const referrers = [
    await pushBundle(server.url, repository, subject),
    await pushBundle(server.url, repository, subject, 'https://slsa.dev/provenance/v1'),
  ];
  const artifactType = MEDIA_TYPES.empty;
  const fallback = await pushFallbackIndex(server.url, repository, subject.digest, referrers, { artifactType });
  expect(await registry.inspect(image(repository), fallback.digest)).toEqual({
    state: 'present',
    value: { kind: 'artifact', subject: subject.digest },
  });
  const empty = await pushIndex(server.url, repository, 'empty', []);
  expect(await registry.inspect(image(repository), empty.digest)).toEqual({
    state: 'present',
    value: { kind: 'artifact', subject: null },
  });
});

test('a runnable image in a fallback index makes it an index, whatever its descriptor says', async () => {
  const repository = 'inspect/smuggled';
  const subject = await pushImage(server.url, repository, 'v1');
  const miner = await pushImage(server.url, repository, null, { seed: 'miner' });
  const bundle = await pushBundle(server.url, repository, subject);
  const children = [bundle.digest, miner.digest];
  const index = await pushFallbackIndex(server.url, repository, subject.digest, [bundle, miner]);
  expect(await registry.inspect(image(repository), index.digest)).toEqual({
    state: 'present',
    value: { kind: 'index', children },
  });
  const nested = await pushIndex(server.url, repository, null, [
    await pushIndex(server.url, repository, null, [bundle]),
  ]);
  expect(await registry.inspect(image(repository), nested.digest)).toMatchObject({ value: { kind: 'index' } });
});

test('an index of more than 20 artifacts is judged as an image, unread', async () => {
  const repository = 'inspect/many';
  const subject = await pushImage(server.url, repository, 'v1');
  const bundle = await pushBundle(server.url, repository, subject);
  const index = await pushIndex(server.url, repository, null, new Array(21).fill(bundle));
  requests = [];
  const value = { kind: 'index', children: [bundle.digest] };
  expect(await registry.inspect(image(repository), index.digest)).toEqual({ state: 'present', value });
  expect(requests).toHaveLength(1);
});

const layer: Blob = { mediaType: MEDIA_TYPES.layer, bytes: json('a layer') };
const signatureLayer: Blob = { mediaType: MEDIA_TYPES.simpleSigning, bytes: json('a payload') };
const imageConfig: Blob = { mediaType: MEDIA_TYPES.config, bytes: json({ os: 'linux' }) };

test.each([
  ['one layer that can run', { config: imageConfig, layers: [signatureLayer, layer] }],
  ['no layers and no subject', { config: imageConfig, layers: [] }],
  ['a signature’s artifactType', { config: emptyBlob(), layers: [layer], artifactType: MEDIA_TYPES.bundle }],
  ['a notary envelope of another type', { config: emptyBlob(), layers: [{ ...layer, mediaType: 'application/cose' }] }],
])('an image with %s under a signature’s tag is an image', async (_, parts) => {
  const repository = 'inspect/disguised';
  const subject = await pushImage(server.url, repository, 'v1');
  const pushed = await pushManifest(server.url, repository, artifactTag(subject.digest, '.sig'), parts);
  const found = await registry.inspect(image(repository), pushed.digest);
  expect(found).toEqual({ state: 'present', value: { kind: 'manifest' } });
  expect(stateOf(await searchOf(registry, image(repository), subject.digest))).toBe('absent');
});

test('layers hidden under a key that Go’s JSON reader takes for "layers" make an image', async () => {
  const repository = 'inspect/folded';
  const { digest } = await pushImage(server.url, repository, 'v1');
  const signature = await pushSignature(server.url, repository, digest);
  const read = await fetch(`${server.url}/v2/${repository}/manifests/${signature.digest}`, {
    headers: { accept: MEDIA_TYPES.manifest },
  });
  const manifest = JSON.parse(await read.text());
  for (const key of ['Layers', 'layerſ']) {
    const bytes = json({ ...manifest, [key]: manifest.layers });
    const pushed = await putManifest(server.url, repository, null, MEDIA_TYPES.manifest, bytes);
    const found = await registry.inspect(image(repository), pushed.digest);
    expect(found, key).toEqual({ state: 'present', value: { kind: 'manifest' } });
  }
});

test('tags are listed', async () => {
  for (const tag of ['v1', 'v2', 'latest']) await pushImage(server.url, 'tags/app', tag);
  const listed = await registry.listTags(image('tags/app'), null, 100);
  expect(listed).toMatchObject({ state: 'present', value: { next: null } });
  expect(listed.state === 'present' && [...listed.value.tags].sort()).toEqual(['latest', 'v1', 'v2']);
});

test('what skopeo copied is read as skopeo says', async () => {
  const { digest } = await pushMultiArchImage(server.url, 'skopeo/from', 'v1');
  const folder = await mkdtemp(join(tmpdir(), 'pushwarden-skopeo-'));
  try {
    const from = `docker://${server.host}/skopeo/from:v1`;
    const to = `docker://${server.host}/skopeo/to:v1`;
    const options = ['--tmpdir', folder, '--insecure-policy', 'copy', '--all'];
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    await promisify(execFile)('skopeo', [...options, ...insecure, from, to]);
  } finally {
    await rm(folder, { recursive: true });
  }
  expect(await registry.resolve(image('skopeo/to'), 'v1')).toMatchObject({ state: 'present', value: { digest } });
  expect(await registry.inspect(image('skopeo/to'), digest)).toMatchObject({ value: { kind: 'index' } });
});
