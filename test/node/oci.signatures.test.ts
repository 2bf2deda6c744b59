import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import type { ImageName } from '../../src/domain/reference.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import type { FindAttestations } from '../../src/oci/signatures.ts';
import type { Registry } from '../../src/usecases/ports.ts';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import {
  type Blob,
  emptyBlob,
  json,
  LINUX_AMD64,
  MEDIA_TYPES,
  type Pushed,
  pushAttestation,
  pushBundle,
  pushFallbackIndex,
  pushImage,
  pushIndex,
  pushManifest,
  pushMultiArchImage,
  pushSignature,
  sha256,
} from '../fixtures/oci-images.ts';
import { kindsOf, placeOf, searchOf, stateOf, textOf } from '../fixtures/signature-search.ts';

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

const imageConfig: Blob = { mediaType: MEDIA_TYPES.config, bytes: json({ os: 'linux' }) };

test('an image that nobody signed is unsigned in every place', async () => {
  const { digest } = await pushImage(server.url, 'signed/not', 'v1');
  requests = [];
  const search = await searchOf(registry, image('signed/not'), digest);
  expect(stateOf(search)).toBe('absent');
  expect(search).toMatchObject({ materials: [], known: [], children: [] });
  expect(search.places.map((one) => [one.place, one.state])).toEqual([
    ['referrers-api', 'absent'],
    ['fallback-tag', 'absent'],
    ['sig-tag', 'absent'],
    ['att-tag', 'absent'],
  ]);
  // Docker Hub counts each GET of a manifest as a pull.
  expect(requests.filter((request) => request.includes('/manifests/') && !request.startsWith('HEAD'))).toEqual([]);
});

test.each(['docker.io', 'ghcr.io'])(
  'each layer under cosign’s tag is read with its annotations, at %s',
  async (host) => {
    const repository = `signed/tag-${host.slice(0, 4)}`;
    const { digest } = await pushImage(server.url, repository, 'v1');
    const pushed = await pushSignature(server.url, repository, digest, { count: 2 });
    const search = await searchOf(registry, image(repository, host), digest);
    expect(placeOf(search, 'sig-tag')).toEqual({ place: 'sig-tag', state: 'present', detail: 'signature' });
    expect(search.materials).toHaveLength(2);
    for (const material of search.materials) {
      expect(material).toMatchObject({
        place: 'sig-tag',
        image: `${host}/${repository}`,
        about: digest,
        source: pushed.digest,
        content: { kind: 'simple-signing', annotations: { certificate: null, bundle: null, timestamp: null } },
      });
      expect(JSON.parse(textOf(material)).critical.image['docker-manifest-digest']).toBe(digest);
    }
    const signatures = search.materials.map(({ content }) => 'annotations' in content && content.annotations.signature);
    expect(signatures.sort()).toEqual([btoa('signature 0'), btoa('signature 1')]);
  },
);

test('all that cosign writes beside a signature is read', async () => {
  const repository = 'signed/annotated';
  const { digest } = await pushImage(server.url, repository, 'v1');
  const annotations = {
    'dev.cosignproject.cosign/signature': 'c2ln',
    'dev.sigstore.cosign/certificate': 'PEM',
    'dev.sigstore.cosign/bundle': '{"Payload":{}}',
    'dev.sigstore.cosign/rfc3161timestamp': '{"SignedRFC3161Timestamp":""}',
  };
  const layer = { mediaType: MEDIA_TYPES.simpleSigning, bytes: json({ critical: {} }), annotations };
  const tag = `${digest.replace(':', '-')}.sig`;
  await pushManifest(server.url, repository, tag, { config: imageConfig, layers: [layer] });
  const search = await searchOf(registry, image(repository), digest);
  expect(search.materials[0]?.content).toMatchObject({
    annotations: {
      signature: 'c2ln',
      certificate: 'PEM',
      bundle: '{"Payload":{}}',
      timestamp: '{"SignedRFC3161Timestamp":""}',
    },
  });
});

test('attestations under cosign’s tag are read, and so are the images under it left alone', async () => {
  const repository = 'signed/attested';
  const subject = await pushImage(server.url, repository, 'v1');
  await pushAttestation(server.url, repository, subject.digest);
  const search = await searchOf(registry, image(repository), subject.digest);
  expect(kindsOf(search)).toEqual(['att-tag dsse']);
  expect(search.materials.map(textOf)).toEqual([expect.stringContaining('payloadType')]);
  expect(placeOf(search, 'att-tag')).toMatchObject({ state: 'present', detail: 'attestation' });
  const other = await pushImage(server.url, repository, 'v2', { seed: 'other' });
  await pushImage(server.url, repository, `${other.digest.replace(':', '-')}.att`, { seed: 'disguised' });
  expect(placeOf(await searchOf(registry, image(repository), other.digest), 'att-tag')).toMatchObject({
    state: 'absent',
    detail: 'the tag holds no attestation',
  });
});

test('a cosign 3 bundle in the fallback tag is read although its descriptor hides its type', async () => {
  const repository = 'signed/fallback';
  const subject = await pushImage(server.url, repository, 'v1');
  const bundle = await pushBundle(server.url, repository, subject);
  const artifactType = MEDIA_TYPES.empty;
  await pushFallbackIndex(server.url, repository, subject.digest, [bundle], { artifactType });
  const search = await searchOf(registry, image(repository), subject.digest);
  expect(kindsOf(search)).toEqual(['fallback-tag bundle']);
  expect(search.materials[0]).toMatchObject({ source: bundle.digest, about: subject.digest });
  expect(JSON.parse(search.materials.map(textOf).join())).toMatchObject({ mediaType: MEDIA_TYPES.bundle });
  expect(placeOf(search, 'fallback-tag')?.detail).toBe('signature');
});

test('Notation’s signatures are named and not read', async () => {
  const repository = 'signed/notation';
  const subject = await pushImage(server.url, repository, 'v1');
  const notation = await pushManifest(server.url, repository, null, {
    config: emptyBlob(),
    artifactType: MEDIA_TYPES.notary,
    layers: [{ mediaType: 'application/jose+json', bytes: json({ payload: '' }) }],
    subject,
  });
  await pushFallbackIndex(server.url, repository, subject.digest, [notation], { artifactType: MEDIA_TYPES.notary });
  const search = await searchOf(registry, image(repository), subject.digest);
  expect(search.materials).toMatchObject([{ source: notation.digest, content: { kind: 'notation' } }]);
  expect(placeOf(search, 'fallback-tag')?.detail).toBe('Notation signature');
});

/** An SBOM that is attached and not signed. */
function pushSbom(repository: string, subject: Pushed): Promise<Pushed> {
  const layers = [{ mediaType: 'application/spdx+json', bytes: json({ spdxVersion: 'SPDX-2.3' }) }];
  return pushManifest(server.url, repository, null, { config: emptyBlob(), layers, subject });
}

test('what is attached and neither signature nor attestation is counted, once read not again', async () => {
  const repository = 'signed/sbom';
  const subject = await pushImage(server.url, repository, 'v1');
  const sbom = await pushSbom(repository, subject);
  await pushFallbackIndex(server.url, repository, subject.digest, [sbom], { artifactType: 'application/spdx+json' });
  const search = await searchOf(registry, image(repository), subject.digest);
  expect(search.materials).toEqual([]);
  expect(placeOf(search, 'fallback-tag')).toMatchObject({ state: 'absent', detail: '1 other artifact' });
  requests = [];
  expect(await searchOf(registry, image(repository), subject.digest)).toEqual(search);
  expect(requests.filter((request) => request.includes(sbom.digest))).toEqual([]);
});

test('a signature of another image does not count', async () => {
  const repository = 'signed/other';
  const ours = await pushImage(server.url, repository, 'v1', { seed: 'ours' });
  const theirs = await pushImage(server.url, repository, 'v2', { seed: 'theirs' });
  const bundle = await pushBundle(server.url, repository, theirs);
  await pushFallbackIndex(server.url, repository, ours.digest, [bundle]);
  expect(stateOf(await searchOf(registry, image(repository), ours.digest))).toBe('absent');
  await pushFallbackIndex(server.url, repository, theirs.digest, [bundle]);
  expect(kindsOf(await searchOf(registry, image(repository), theirs.digest))).toEqual(['fallback-tag bundle']);
});

test.each(['docker.io', 'ghcr.io'])('what is known is named and not read again, at %s', async (host) => {
  const repository = `signed/known-${host.slice(0, 4)}`;
  const subject = await pushImage(server.url, repository, 'v1');
  const signature = await pushSignature(server.url, repository, subject.digest, { count: 2 });
  const bundle = await pushBundle(server.url, repository, subject);
  await pushFallbackIndex(server.url, repository, subject.digest, [bundle]);
  const first = await searchOf(registry, image(repository, host), subject.digest);
  expect(kindsOf(first).sort()).toEqual(['fallback-tag bundle', 'sig-tag simple-signing', 'sig-tag simple-signing']);
  requests = [];
  const known = [signature.digest, bundle.digest, sha256(json('gone'))];
  const second = await searchOf(registry, image(repository, host), subject.digest, { known });
  expect([...second.known].sort()).toEqual([signature.digest, bundle.digest].sort());
  expect(second).toMatchObject({ materials: [], places: first.places });
  expect(requests.filter((request) => request.includes('/blobs/') || request.includes(bundle.digest))).toEqual([]);
  // Another one beside it is new.
  const more = await pushSignature(server.url, repository, subject.digest, { count: 3 });
  const third = await searchOf(registry, image(repository, host), subject.digest, { known });
  expect(third.materials.map(({ source }) => source)).toEqual(new Array(3).fill(more.digest));
});

test.each(['signed/beside-signatures', 'docker.io/signed/beside-signatures'])(
  'the signature repository %s is looked at too',
  async (repository) => {
    const { digest } = await pushImage(server.url, 'signed/beside', 'v1');
    await pushSignature(server.url, 'signed/beside-signatures', digest);
    const search = await searchOf(registry, image('signed/beside'), digest, { repository });
    expect(search.places).toHaveLength(8);
    const name = 'docker.io/signed/beside-signatures';
    expect(search.places.filter(({ state }) => state === 'present')).toEqual([
      { place: 'sig-tag', state: 'present', detail: 'signature', image: name },
    ]);
    expect(search.places.slice(0, 4).every((place) => place.image === undefined)).toBe(true);
    expect(search.materials).toMatchObject([{ image: name, about: digest }]);
  },
);

test('a signature that was copied to the signature repository is one signature', async () => {
  const { digest } = await pushImage(server.url, 'signed/copied', 'v1');
  await pushSignature(server.url, 'signed/copied', digest);
  const twin = await pushSignature(server.url, 'signed/copied', digest);
  const same = await searchOf(registry, image('signed/copied'), digest, { repository: 'signed/copied' });
  expect(same.places).toHaveLength(4);
  expect(same.materials).toHaveLength(1);
  expect(same.materials[0]?.source).toBe(twin.digest);
});

test.each(['quay.io/org/signatures', 'Not A Name'])('a signature repository %s is never absent', async (repository) => {
  const { digest } = await pushImage(server.url, 'signed/misplaced', 'v1');
  const search = await searchOf(registry, image('signed/misplaced'), digest, { repository });
  expect(stateOf(search)).toBe('unavailable');
});

test('an index without a signature has its children asked until one has nothing', async () => {
  const repository = 'signed/children';
  const { digest, children } = await pushMultiArchImage(server.url, repository, 'v1');
  const [first, second] = children.map((child) => child.digest);
  if (first === undefined || second === undefined) throw new Error('two children were pushed');
  await pushSignature(server.url, repository, second);
  const none = await searchOf(registry, image(repository), digest);
  expect(none).toMatchObject({ materials: [], children: [first, second] });
  expect(new Set(none.places.map(({ about }) => about))).toEqual(new Set([undefined, first]));
  expect(stateOf(none)).toBe('absent');
  await pushSignature(server.url, repository, first);
  const both = await searchOf(registry, image(repository), digest);
  expect(both.materials.map(({ place, about }) => [place, about])).toEqual([
    ['sig-tag', first],
    ['sig-tag', second],
  ]);
  expect(placeOf(both, 'sig-tag')).toEqual({ place: 'sig-tag', state: 'absent' });
  expect(placeOf(both, 'sig-tag', second)).toMatchObject({ state: 'present', about: second });
});

test('an index with a signature of its own has no children asked, one with provenance only has', async () => {
  const repository = 'signed/index';
  const index = await pushMultiArchImage(server.url, repository, 'v1');
  const provenance = await pushBundle(server.url, repository, index, 'https://slsa.dev/provenance/v1');
  await pushFallbackIndex(server.url, repository, index.digest, [provenance]);
  expect((await searchOf(registry, image(repository), index.digest)).children).toHaveLength(2);
  await pushSignature(server.url, repository, index.digest);
  const signed = await searchOf(registry, image(repository), index.digest);
  expect(signed.children).toEqual([]);
  expect(kindsOf(signed).sort()).toEqual(['fallback-tag bundle', 'sig-tag simple-signing']);
});

test('BuildKit’s attestation is not a child that has to be signed', async () => {
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
  const search = await searchOf(registry, image(repository), index.digest);
  expect(search.children).toEqual([child.digest]);
  expect(search.materials).toMatchObject([{ about: child.digest }]);
});

test('children of an index that are too many to ask leave it open', async () => {
  const repository = 'signed/many-children';
  const children: (Pushed & { platform: { os: string; architecture: string } })[] = [];
  for (let at = 0; at < 17; at += 1) {
    const platform = { os: 'linux', architecture: `arch${at}` };
    const child = await pushImage(server.url, repository, null, { seed: `${at}`, platform });
    await pushSignature(server.url, repository, child.digest);
    children.push({ ...child, platform });
  }
  const index = await pushIndex(server.url, repository, 'v1', children);
  const search = await searchOf(registry, image(repository), index.digest);
  expect(search.children).toHaveLength(17);
  expect(search.materials).toHaveLength(16);
  expect(search.places.at(-1)).toEqual({
    place: 'sig-tag',
    state: 'unavailable',
    detail: '1 more children of the index are not looked at',
    about: children[16]?.digest,
  });
});

test('GitHub’s attestations are asked for on ghcr.io only, of each digest', async () => {
  const asked: string[] = [];
  const source = sha256(json('a bundle'));
  const attestations: FindAttestations = async (name, about, { known }) => {
    asked.push(`${name.registry} ${about}`);
    const place = { place: 'github-attestations', state: 'present' } as const;
    if (known.has(source)) return { place, materials: [], known: [source] };
    const content = { kind: 'bundle', bytes: json('a bundle') } as const;
    return { place, materials: [{ place: 'github-attestations', image: null, about, source, content }], known: [] };
  };
  const withGitHub = connect(attestations);
  const { digest, children } = await pushMultiArchImage(server.url, 'signed/github', 'v1');
  expect(stateOf(await searchOf(withGitHub, image('signed/github'), digest))).toBe('absent');
  expect(asked).toEqual([]);
  const search = await searchOf(withGitHub, image('signed/github', 'ghcr.io'), digest);
  expect(asked).toEqual([digest, ...children.map((child) => child.digest)].map((about) => `ghcr.io ${about}`));
  expect(search.materials.map(({ about }) => about)).toEqual([digest, ...children.map((child) => child.digest)]);
  const again = await searchOf(withGitHub, image('signed/github', 'ghcr.io'), digest, { known: [source] });
  expect(again).toMatchObject({ materials: [], known: [source] });
});

test('GitHub out of reach leaves an image’s signatures open', async () => {
  const { digest } = await pushImage(server.url, 'signed/github-down', 'v1');
  const withGitHub = connect(() => Promise.reject(new Error('out of order')));
  const search = await searchOf(withGitHub, image('signed/github-down', 'ghcr.io'), digest);
  expect(stateOf(search)).toBe('unavailable');
});

test('a digest that is not there has no signatures', async () => {
  const missing: Digest = `sha256:${'0'.repeat(64)}`;
  for (const host of ['docker.io', 'ghcr.io']) {
    expect(stateOf(await searchOf(registry, image('signed/nothing', host), missing))).toBe('absent');
  }
});
