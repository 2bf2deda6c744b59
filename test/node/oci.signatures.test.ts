import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SignaturePlace } from '../../src/domain/evidence.ts';
import type { ImageName } from '../../src/domain/reference.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import type { FindAttestations } from '../../src/oci/signatures.ts';
import type { Registry, SignatureSearch } from '../../src/usecases/ports.ts';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import {
  type Blob,
  json,
  LINUX_AMD64,
  MEDIA_TYPES,
  pushAttestation,
  pushBundle,
  pushFallbackIndex,
  pushImage,
  pushIndex,
  pushManifest,
  pushMultiArchImage,
  pushSignature,
} from '../fixtures/oci-images.ts';

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

function connect(attestations?: FindAttestations): Registry {
  const endpoint = { url: server.url };
  const hosts = ['docker.io', 'ghcr.io', server.host];
  return createRegistry({
    endpoints: new Map(hosts.map((host) => [host, endpoint])),
    fetch: (input, init) => {
      requests.push(`${init?.method} ${new URL(String(input)).pathname}`);
      return fetch(input, init);
    },
    userAgent: 'test',
    attestations,
  });
}

/** Each test has its own repository. */
function image(path: string, host = 'docker.io'): ImageName {
  return { registry: host, path };
}

function place(search: SignatureSearch, name: SignaturePlace['place']): SignaturePlace | undefined {
  return search.places.find((one) => one.place === name);
}

const imageConfig: Blob = { mediaType: MEDIA_TYPES.config, bytes: json({ os: 'linux' }) };

test('an image that nobody signed is unsigned in every place', async () => {
  const { digest } = await pushImage(server.url, 'signed/not', 'v1');
  requests = [];
  const search = await registry.findSignatures(image('signed/not'), digest, null);
  expect(search.state).toBe('absent');
  expect(search.places.map((one) => [one.place, one.state])).toEqual([
    ['referrers-api', 'absent'],
    ['fallback-tag', 'absent'],
    ['sig-tag', 'absent'],
    ['att-tag', 'absent'],
  ]);
  expect(requests.filter((request) => request.includes('/manifests/') && !request.startsWith('HEAD'))).toEqual([]);
});

test('a cosign signature under its tag is found, and not said to be verified', async () => {
  const repository = 'signed/tag';
  const { digest } = await pushImage(server.url, repository, 'v1');
  await pushSignature(server.url, repository, digest, { count: 2 });
  const search = await registry.findSignatures(image(repository), digest, null);
  expect(search.state).toBe('present');
  const detail = 'docker.io/signed/tag (presence only, not verified)';
  expect(place(search, 'sig-tag')).toEqual({
    place: 'sig-tag',
    state: 'present',
    detail: `2 cosign signatures in ${detail}`,
  });
});

test('a cosign 3 bundle in the fallback tag is found although its descriptor hides its type', async () => {
  const repository = 'signed/fallback';
  const subject = await pushImage(server.url, repository, 'v1');
  const bundle = await pushBundle(server.url, repository, subject);
  const artifactType = MEDIA_TYPES.empty;
  await pushFallbackIndex(server.url, repository, subject.digest, [bundle], { artifactType });
  const search = await registry.findSignatures(image(repository), subject.digest, null);
  expect(search.state).toBe('present');
  expect(place(search, 'fallback-tag')?.detail).toContain('1 cosign signature');
});

test('attestations alone do not make an image signed', async () => {
  const repository = 'signed/attested';
  const subject = await pushImage(server.url, repository, 'v1');
  const provenance = await pushBundle(server.url, repository, subject, 'https://slsa.dev/provenance/v1');
  await pushFallbackIndex(server.url, repository, subject.digest, [provenance]);
  await pushAttestation(server.url, repository, subject.digest);
  const search = await registry.findSignatures(image(repository), subject.digest, null);
  expect(search.state).toBe('absent');
  expect(place(search, 'att-tag')).toMatchObject({ state: 'present', detail: expect.stringContaining('attestation') });
  expect(place(search, 'fallback-tag')?.detail).toContain('1 attestation, no signature');
});

test('a signature of another image does not count', async () => {
  const repository = 'signed/other';
  const ours = await pushImage(server.url, repository, 'v1', { seed: 'ours' });
  const theirs = await pushImage(server.url, repository, 'v2', { seed: 'theirs' });
  const bundle = await pushBundle(server.url, repository, theirs);
  await pushFallbackIndex(server.url, repository, ours.digest, [bundle]);
  expect((await registry.findSignatures(image(repository), ours.digest, null)).state).toBe('absent');
});

test('a bundle that does not say what it holds leaves the question open', async () => {
  const repository = 'signed/unclear';
  const subject = await pushImage(server.url, repository, 'v1');
  const bundle = await pushBundle(server.url, repository, subject, null);
  await pushFallbackIndex(server.url, repository, subject.digest, [bundle]);
  expect((await registry.findSignatures(image(repository), subject.digest, null)).state).toBe('unavailable');
});

test.each(['signed/beside-signatures', 'docker.io/signed/beside-signatures'])(
  'the signature repository %s is looked at too',
  async (signatures) => {
    const { digest } = await pushImage(server.url, 'signed/beside', 'v1');
    await pushSignature(server.url, 'signed/beside-signatures', digest);
    const search = await registry.findSignatures(image('signed/beside'), digest, signatures);
    expect(search.state).toBe('present');
    expect(search.places).toHaveLength(8);
    const found = search.places.filter(({ state }) => state === 'present');
    expect(found).toMatchObject([{ place: 'sig-tag', detail: expect.stringContaining('signed/beside-signatures') }]);
  },
);

test.each(['quay.io/org/signatures', 'Not A Name'])('a signature repository %s is never absent', async (signatures) => {
  const { digest } = await pushImage(server.url, 'signed/misplaced', 'v1');
  expect((await registry.findSignatures(image('signed/misplaced'), digest, signatures)).state).toBe('unavailable');
});

test('an index is signed through its children only if each of them is', async () => {
  const repository = 'signed/children';
  const { digest, children } = await pushMultiArchImage(server.url, repository, 'v1');
  const [first, second] = children.map((child) => child.digest);
  if (first === undefined || second === undefined) throw new Error('two children were pushed');
  await pushSignature(server.url, repository, first);
  const half = await registry.findSignatures(image(repository), digest, null);
  expect(half.state).toBe('absent');
  expect(half.places.at(-1)?.detail).toBe(`on child ${second}; only some children are signed`);
  await pushSignature(server.url, repository, second);
  const whole = await registry.findSignatures(image(repository), digest, null);
  expect(whole.state).toBe('present');
  expect(whole.places.at(-1)?.detail).toContain(`on child ${second}: 1 cosign signature`);
});

test('BuildKit’s attestation need not be signed for an index to be', async () => {
  const repository = 'signed/buildkit';
  const child = await pushImage(server.url, repository, null);
  const attestation = await pushManifest(server.url, repository, null, {
    config: imageConfig,
    layers: [{ mediaType: MEDIA_TYPES.inToto, bytes: json({ predicate: {} }) }],
  });
  const index = await pushIndex(server.url, repository, 'v1', [
    { ...child, platform: LINUX_AMD64 },
    { ...attestation, platform: { os: 'unknown', architecture: 'unknown' } },
  ]);
  await pushSignature(server.url, repository, child.digest);
  expect((await registry.findSignatures(image(repository), index.digest, null)).state).toBe('present');
});

test('GitHub’s attestations are asked for on ghcr.io only', async () => {
  const asked: string[] = [];
  const withGitHub = connect(async ({ registry: host }) => {
    asked.push(host);
    return { place: 'github-attestations', state: 'present', detail: 'found' };
  });
  const { digest } = await pushImage(server.url, 'signed/github', 'v1');
  expect((await withGitHub.findSignatures(image('signed/github'), digest, null)).state).toBe('absent');
  expect((await withGitHub.findSignatures(image('signed/github', 'ghcr.io'), digest, null)).state).toBe('present');
  expect(asked).toEqual(['ghcr.io']);
});

test('GitHub out of reach leaves an image’s signatures open', async () => {
  const { digest } = await pushImage(server.url, 'signed/github-down', 'v1');
  const withGitHub = connect(() => Promise.reject(new Error('out of order')));
  const search = await withGitHub.findSignatures(image('signed/github-down', 'ghcr.io'), digest, null);
  expect(search.state).toBe('unavailable');
});
