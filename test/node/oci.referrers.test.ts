import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RegistryDouble } from '../../scripts/simulate/world/registry.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import type { Registry, SignatureSearch } from '../../src/usecases/ports.ts';
import { answer, FakeServer } from '../fixtures/fake-server.ts';
import {
  artifactTag,
  emptyBlob,
  json,
  MEDIA_TYPES,
  type Pushed,
  pushBlob,
  pushBundle,
  pushFallbackIndex,
  pushImage,
  pushManifest,
  pushSignature,
  putManifest,
  sha256,
} from '../fixtures/oci-images.ts';
import { kindsOf, placeOf, type SearchOptions, searchOf, stateOf, textOf } from '../fixtures/signature-search.ts';

let server: RegistryDouble;

beforeAll(async () => {
  server = await RegistryDouble.start();
});
afterAll(() => server.close());

function connect() {
  const endpoints = new Map(['docker.io', 'ghcr.io'].map((host) => [host, { url: server.url }]));
  return createRegistry({ endpoints, fetch, userAgent: 'test' });
}

let registry: Registry;
let repository = '';
let tests = 0;

beforeEach(() => {
  tests += 1;
  repository = `team/app${tests}`;
  registry = connect();
});

const search = (digest: Digest, options: SearchOptions = {}): Promise<SignatureSearch> =>
  searchOf(registry, { registry: 'docker.io', path: repository }, digest, options);

const image = (): Promise<Pushed> => pushImage(server.url, repository, 'v1');

const requestsFor = (part: string): string[] =>
  server.requests.filter(({ path, method }) => method === 'GET' && path.includes(part)).map(({ path }) => path);

describe('the referrers API', () => {
  test('leads to signatures, attestations and Notation’s, and leaves SBOMs unread', async () => {
    const subject = await image();
    const signature = await pushBundle(server.url, repository, subject);
    const provenance = await pushBundle(server.url, repository, subject, 'https://slsa.dev/provenance/v1');
    const unclear = await pushBundle(server.url, repository, subject, null);
    const notation = await pushManifest(server.url, repository, null, {
      config: emptyBlob(),
      artifactType: MEDIA_TYPES.notary,
      layers: [{ mediaType: 'application/cose', bytes: json('cose') }],
      subject,
    });
    const sbom = await pushManifest(server.url, repository, null, {
      config: emptyBlob(),
      artifactType: 'application/spdx+json',
      layers: [{ mediaType: 'application/spdx+json', bytes: json({}) }],
      subject,
    });
    const found = await search(subject.digest);
    expect(placeOf(found, 'referrers-api')).toEqual({
      place: 'referrers-api',
      state: 'present',
      detail: 'signature; provenance attestation; Notation signature; Sigstore bundle; 1 other artifact',
    });
    const sources = [signature, provenance, notation, unclear].map(({ digest }) => digest);
    expect(found.materials.map(({ source }) => source)).toEqual(sources);
    expect(requestsFor(`${repository}/manifests/${sbom.digest}`)).toEqual([]);
  });

  test('that is empty does not spare the fallback tag', async () => {
    const subject = await image();
    const other = await pushImage(server.url, repository, 'v2', { seed: 'other' });
    const bundle = await pushBundle(server.url, repository, other);
    // About the image, but not what the registry would list: it is pushed without the registry seeing its subject.
    server.referrersApi = false;
    const hidden = await pushBundle(server.url, `${repository}-elsewhere`, subject);
    server.referrersApi = true;
    server.push(repository, null, await manifestOf(`${repository}-elsewhere`, hidden));
    await pushFallbackIndex(server.url, repository, subject.digest, [hidden, bundle]);
    const found = await search(subject.digest);
    expect(found.materials.map(({ source }) => source)).toEqual([hidden.digest]);
  });

  test('and the fallback tag that list the same manifest give it once', async () => {
    const subject = await image();
    const bundle = await pushBundle(server.url, repository, subject);
    await pushFallbackIndex(server.url, repository, subject.digest, [bundle]);
    const found = await search(subject.digest);
    expect(kindsOf(found)).toEqual(['referrers-api bundle']);
    expect(requestsFor(`${repository}/manifests/${bundle.digest}`)).toHaveLength(1);
    expect(placeOf(found, 'fallback-tag')?.state).toBe('absent');
  });

  test('that lists the layers of cosign’s first layout is read like its tags', async () => {
    const subject = await image();
    const layers = [{ mediaType: MEDIA_TYPES.simpleSigning, bytes: json({ critical: {} }) }];
    const artifactType = 'application/vnd.dev.cosign.artifact.sig.v1+json';
    await pushManifest(server.url, repository, null, { config: emptyBlob(), artifactType, layers, subject });
    expect(kindsOf(await search(subject.digest))).toEqual(['referrers-api simple-signing']);
  });
});

/** A manifest of another repository, as it is stored. */
async function manifestOf(from: string, { digest, mediaType }: Pushed) {
  const response = await fetch(`${server.url}/v2/${from}/manifests/${digest}`);
  return { bytes: Buffer.from(await response.arrayBuffer()), mediaType };
}

describe('a list of several pages', () => {
  const IMAGE = { registry: 'ghcr.io', path: 'org/app' };
  const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
  const pages = new FakeServer();
  const attacker = new FakeServer();
  beforeAll(() => Promise.all([pages.start(), attacker.start()]));
  afterAll(() => Promise.all([pages.stop(), attacker.stop()]));
  beforeEach(() => {
    pages.requests.length = 0;
  });

  /** @param link of each page by its number, from 0; `undefined`: it is the last */
  function serve(link: (page: number) => string | undefined, perPage = 1): void {
    pages.handle = (request, response) => {
      const url = new URL(request.url ?? '', pages.url);
      if (!url.pathname.includes('/referrers/')) return answer(404)(request, response);
      const page = Number(url.searchParams.get('page') ?? 0);
      const next = link(page);
      const manifests = Array.from({ length: perPage }, (_, at) => ({
        digest: sha256(json(`${page} ${at}`)),
        artifactType: 'application/spdx+json',
      }));
      const headers = next === undefined ? {} : { link: `<${next}>; rel="next"` };
      answer(
        200,
        { ...headers },
        JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests }),
      )(request, response);
    };
  }

  const look = () =>
    searchOf(
      createRegistry({ endpoints: new Map([['ghcr.io', { url: pages.url }]]), fetch, userAgent: 'test' }),
      IMAGE,
      DIGEST,
    );
  const path = `/v2/org/app/referrers/${DIGEST}`;
  const asked = () => pages.requests.filter(({ url }) => url.pathname === path).map(({ url }) => url.search);

  test.each([
    ['a path', (page: number) => `${path}?page=${page + 1}`],
    ['an address', (page: number) => `${pages.url}${path}?page=${page + 1}`],
    ['another host, which is not asked', (page: number) => `${attacker.url}${path}?page=${page + 1}`],
    ['a query', (page: number) => `?page=${page + 1}`],
  ])('is read page by page, the next given as %s', async (_, link) => {
    serve((page) => (page < 3 ? link(page) : undefined));
    const found = await look();
    expect(placeOf(found, 'referrers-api')).toMatchObject({ state: 'absent', detail: '4 other artifacts' });
    expect(asked()).toEqual(['', '?page=1', '?page=2', '?page=3']);
    expect(attacker.requests).toEqual([]);
  });

  test.each([
    ['without end', (page: number) => `?page=${page + 1}`, 6],
    ['in a ring', () => '?page=1', 6],
    ['that lead elsewhere', () => '/v2/evil/referrers/x?page=1', 1],
    ['that lead to itself', () => '', 1],
  ])('%s is left open', async (_, link, requests) => {
    serve(link);
    expect(stateOf(await look())).toBe('unavailable');
    expect(asked()).toHaveLength(requests);
  });

  test('without end and of many artifacts each is its makers’ doing', async () => {
    serve((page) => `?page=${page + 1}`, 100);
    const found = await look();
    expect(stateOf(found)).toBe('present');
    expect(found.materials).toMatchObject([{ place: 'referrers-api', content: { kind: 'broken' } }]);
    const source = found.materials.map((one) => one.source);
    const again = await searchOf(
      createRegistry({ endpoints: new Map([['ghcr.io', { url: pages.url }]]), fetch, userAgent: 'test' }),
      IMAGE,
      DIGEST,
      { known: source },
    );
    expect(again).toMatchObject({ materials: [], known: source });
  });

  test('of which one cannot be read is left open', async () => {
    serve((page) => `?page=${page + 1}`);
    const { handle } = pages;
    pages.handle = (request, response) =>
      (request.url?.includes('page=1') === true ? answer(500) : handle)(request, response);
    expect(stateOf(await look())).toBe('unavailable');
  });
});

/** What the pusher decides never leaves a question open: it is bounded, and what is beyond is broken. */
describe('what somebody pushed to be unreadable', () => {
  /** One manifest under cosign's tag with these layers. */
  async function tagged(suffix: '.sig' | '.att', layers: readonly object[]): Promise<Pushed> {
    const subject = await image();
    const config = { mediaType: MEDIA_TYPES.config, digest: sha256(json({})), size: 2 };
    const bytes = json({ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers });
    await putManifest(server.url, repository, artifactTag(subject.digest, suffix), MEDIA_TYPES.manifest, bytes);
    return subject;
  }

  async function layerOf(text: string, mediaType: string, more: object = {}): Promise<object> {
    const bytes = new TextEncoder().encode(text);
    return { mediaType, digest: await pushBlob(server.url, repository, bytes), size: bytes.byteLength, ...more };
  }

  const signatures = (many: number) =>
    Promise.all(Array.from({ length: many }, (_, at) => layerOf(`{"at":${at}}`, MEDIA_TYPES.simpleSigning)));

  test('500 layers: the newest few are read, the rest is broken', async () => {
    const subject = await tagged('.sig', await signatures(500));
    const before = server.requests.length;
    const found = await search(subject.digest);
    expect(server.requests.length - before).toBeLessThan(20);
    const texts = found.materials.map(textOf);
    expect(texts.slice(0, -1).sort()).toEqual(Array.from({ length: 8 }, (_, at) => `{"at":${492 + at}}`));
    expect(texts.at(-1)).toBe('of 500 signatures in one manifest, 8 are read');
    expect(stateOf(found)).toBe('present');
  });

  test('hundreds of attested statements, as a daily scan makes them, hide no provenance and are not held against it', async () => {
    const scans = await Promise.all(
      Array.from({ length: 300 }, (_, at) =>
        layerOf(`{"scan":${at}}`, MEDIA_TYPES.dsse, {
          annotations: { predicateType: 'https://cosign.sigstore.dev/attestation/vuln/v1' },
        }),
      ),
    );
    const provenance = await layerOf('{"provenance":1}', MEDIA_TYPES.dsse, {
      annotations: { predicateType: 'https://slsa.dev/provenance/v1' },
    });
    const subject = await tagged('.att', [provenance, ...scans]);
    const found = await search(subject.digest);
    expect(found.materials.map(textOf)).toContain('{"provenance":1}');
    expect(found.materials.filter(({ content }) => content.kind !== 'dsse')).toEqual([]);
    expect(placeOf(found, 'att-tag')?.detail).toBe(
      'provenance attestation; 293 attested statements too long or too many to be read',
    );
  });

  const huge = { digest: sha256(json('never asked for')), size: 50 << 20 };
  const statement = { annotations: { predicateType: 'https://spdx.dev/Document' } };

  test.each([
    ['a signature of 50 MiB', '.sig', { ...huge, mediaType: MEDIA_TYPES.simpleSigning }, 'broken'],
    ['an attestation of 50 MiB that does not say of what', '.att', { ...huge, mediaType: MEDIA_TYPES.dsse }, 'broken'],
    ['an attested SBOM of 50 MiB', '.att', { ...huge, mediaType: MEDIA_TYPES.dsse, ...statement }, 'absent'],
    ['a layer without a digest', '.sig', { mediaType: MEDIA_TYPES.simpleSigning, size: 1 }, 'absent'],
    [
      'a layer of another algorithm',
      '.sig',
      { ...huge, mediaType: MEDIA_TYPES.simpleSigning, digest: 'sha512:00' },
      'absent',
    ],
    ['a size that is none', '.sig', { ...huge, mediaType: MEDIA_TYPES.simpleSigning, size: -1 }, 'absent'],
  ] as const)('%s', async (_, suffix, layer, expected) => {
    const subject = await tagged(suffix, [layer]);
    const found = await search(subject.digest);
    expect(found.materials.map(({ content }) => content.kind)).toEqual(expected === 'broken' ? ['broken'] : []);
    expect(stateOf(found)).toBe(expected === 'broken' ? 'present' : 'absent');
    expect(requestsFor(huge.digest).filter((path) => path.includes('/blobs/') && layer.size > 0)).toEqual([]);
  });

  test('layers that are much in all: what fits is read', async () => {
    const layers = await Promise.all(
      Array.from({ length: 4 }, (_, at) => layerOf(`{"at":${at}}${' '.repeat(1_500_000)}`, MEDIA_TYPES.bundle)),
    );
    const subject = await tagged('.sig', layers);
    const found = await search(subject.digest);
    expect(found.materials.map(({ content }) => content.kind)).toEqual(['bundle', 'bundle', 'broken']);
  });

  test('a layer that is not what its type says is handed on: the verifier says what it is', async () => {
    const subject = await tagged('.sig', [await layerOf('\u0000\u0001', MEDIA_TYPES.bundle)]);
    expect(kindsOf(await search(subject.digest))).toEqual(['sig-tag bundle']);
  });

  test('more than 30 referrers: the likely ones are read look by look, the rest is broken', async () => {
    const subject = await image();
    const trusted = await pushBundle(server.url, repository, subject);
    const junk: Pushed[] = [];
    for (let at = 0; at < 40; at += 1) {
      const layers = [{ mediaType: MEDIA_TYPES.bundle, bytes: json({ at }) }];
      const artifactType = MEDIA_TYPES.bundle;
      junk.push(
        await pushManifest(server.url, repository, null, { config: emptyBlob(), artifactType, layers, subject }),
      );
    }
    const seen = new Map<Digest, string>();
    const states: string[] = [];
    for (let looks = 0; looks < 4; looks += 1) {
      const before = server.requests.length;
      const found = await search(subject.digest, { known: [...seen.keys()], limit: 40 });
      expect(server.requests.length - before).toBeLessThanOrEqual(40);
      for (const { source, content } of found.materials) seen.set(source, content.kind);
      states.push(stateOf(found));
      // The one that says it is a signature comes first.
      expect(seen.has(trusted.digest)).toBe(true);
    }
    expect(states).toEqual(['unavailable', 'unavailable', 'present', 'present']);
    expect([...seen.values()].filter((kind) => kind === 'bundle')).toHaveLength(30);
    expect([...seen.values()].filter((kind) => kind === 'broken')).toHaveLength(1);
  });

  test('a fallback index of other things: they are got through, and what is signed is found first', async () => {
    const subject = await image();
    const others: Pushed[] = [];
    for (let at = 0; at < 25; at += 1) {
      const layers = [{ mediaType: 'application/spdx+json', bytes: json({ at }) }];
      others.push(await pushManifest(server.url, repository, null, { config: emptyBlob(), layers }));
    }
    const signed = await pushManifest(server.url, repository, null, {
      config: emptyBlob(),
      artifactType: MEDIA_TYPES.bundle,
      layers: [{ mediaType: MEDIA_TYPES.bundle, bytes: json({}) }],
      subject,
    });
    const manifests = [...others, { ...signed, artifactType: MEDIA_TYPES.bundle }];
    const bytes = json({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests });
    server.referrersApi = false;
    try {
      await putManifest(server.url, repository, artifactTag(subject.digest), MEDIA_TYPES.index, bytes);
      const first = await search(subject.digest);
      expect(first.materials.map(({ source }) => source)).toEqual([signed.digest]);
      expect(stateOf(first)).toBe('unavailable');
      await search(subject.digest, { known: [signed.digest] });
      expect(stateOf(await search(subject.digest, { known: [signed.digest] }))).toBe('present');
    } finally {
      server.referrersApi = true;
    }
  });

  test('a signature beside something broken keeps the children from being asked, something broken alone does not', async () => {
    const subject = await tagged('.sig', [{ ...huge, mediaType: MEDIA_TYPES.simpleSigning }]);
    const alone = server.requests.length;
    await search(subject.digest);
    const heads = server.requests.slice(alone).filter(({ path }) => path.endsWith(subject.digest));
    expect(heads.some(({ path }) => path.includes('/manifests/'))).toBe(true);
    await pushSignature(server.url, repository, subject.digest);
    const signed = server.requests.length;
    await search(subject.digest);
    const asked = server.requests.slice(signed).filter(({ path }) => path.endsWith(`/manifests/${subject.digest}`));
    expect(asked).toEqual([]);
  });
});
