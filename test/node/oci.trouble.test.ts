import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import type { SignaturePlaceName } from '../../src/domain/signature.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';
import { MEDIA_TYPES } from '../fixtures/oci-images.ts';
import { placeOf, searchOf, stateOf, textOf } from '../fixtures/signature-search.ts';

/** Every way in which every place can fail, one at a time: the others are read none the less. */

const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const TOKEN = 'token-that-must-not-leak';
const HEX = 'a'.repeat(64);

const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;

const server = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();

beforeAll(() => Promise.all([server.start(), attacker.start()]));
afterAll(() => Promise.all([server.stop(), attacker.stop()]));

beforeEach(() => {
  server.requests.length = 0;
  attacker.requests.length = 0;
});

const PATH = '/v2/org/app';
const config = { mediaType: MEDIA_TYPES.empty, digest: digestOf('{}'), size: 2 };
const described = (mediaType: string, text: string) => ({ mediaType, digest: digestOf(text), size: text.length });

const payload = '{"critical":{}}';
const envelope = '{"payloadType":"application/vnd.in-toto+json"}';
const bundles = ['{"bundle":"listed"}', '{"bundle":"tagged"}'];

const manifest = (layers: readonly object[], more: object = {}) =>
  JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers, ...more });
const index = (manifests: readonly object[]) =>
  JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests });

const subject = { mediaType: MEDIA_TYPES.manifest, digest: DIGEST, size: 1 };
const referrers = bundles.map((bundle) =>
  manifest([described(MEDIA_TYPES.bundle, bundle)], { artifactType: MEDIA_TYPES.bundle, subject }),
);
const [listed = '', tagged = ''] = referrers.map((one) => index([described(MEDIA_TYPES.manifest, one)]));
// A list says of what type its members are; the fallback tag's may be wrong about it.
const api = listed.replace('}]', `,"artifactType":"${MEDIA_TYPES.bundle}"}]`);

const signature = manifest([described(MEDIA_TYPES.simpleSigning, payload)]);
const attestation = manifest([described(MEDIA_TYPES.dsse, envelope)]);

/** Something of everything, each at its path. */
const CONTENT: ReadonlyMap<string, string> = new Map([
  [`${PATH}/referrers/${DIGEST}`, api],
  [`${PATH}/manifests/sha256-${HEX}`, tagged],
  [`${PATH}/manifests/sha256-${HEX}.sig`, signature],
  [`${PATH}/manifests/sha256-${HEX}.att`, attestation],
  ...[...referrers, tagged, signature, attestation].map((one): [string, string] => [
    `${PATH}/manifests/${digestOf(one)}`,
    one,
  ]),
  ...[payload, envelope, ...bundles].map((one): [string, string] => [`${PATH}/blobs/${digestOf(one)}`, one]),
]);

/** Where it fails, and which place that is. */
const WHERE: readonly (readonly [string, SignaturePlaceName, string])[] = [
  ['the referrers API', 'referrers-api', `${PATH}/referrers/${DIGEST}`],
  ['the manifest of a listed referrer', 'referrers-api', `${PATH}/manifests/${digestOf(referrers[0] ?? '')}`],
  ['the blob of a listed referrer', 'referrers-api', `${PATH}/blobs/${digestOf(bundles[0] ?? '')}`],
  ['the fallback tag', 'fallback-tag', `${PATH}/manifests/sha256-${HEX}`],
  ['the manifest in the fallback tag', 'fallback-tag', `${PATH}/manifests/${digestOf(referrers[1] ?? '')}`],
  ['the blob in the fallback tag', 'fallback-tag', `${PATH}/blobs/${digestOf(bundles[1] ?? '')}`],
  ['cosign’s .sig tag', 'sig-tag', `${PATH}/manifests/sha256-${HEX}.sig`],
  ['the blob of cosign’s .sig tag', 'sig-tag', `${PATH}/blobs/${digestOf(payload)}`],
  ['cosign’s .att tag', 'att-tag', `${PATH}/manifests/sha256-${HEX}.att`],
  ['the blob of cosign’s .att tag', 'att-tag', `${PATH}/blobs/${digestOf(envelope)}`],
];

const truncated: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': '1000', 'docker-content-digest': DIGEST });
  response.write('{');
  setTimeout(() => response.destroy(), 20);
};

const TROUBLES: readonly (readonly [string, Handler])[] = [
  ['429', answer(429)],
  ['500', answer(500)],
  ['403', answer(403)],
  ['a truncated body', truncated],
  ['a wrong digest', answer(200, { 'docker-content-digest': DIGEST }, '{"manifests":1}')],
  ['an endless body', endless],
  ['a dripping body', dripping],
  ['no answer', () => undefined],
  ['a redirect to another host', (q, s) => answer(307, { location: `${attacker.url}${q.url}` })(q, s)],
  [
    'a realm on another host',
    (q, s) => answer(401, { 'www-authenticate': `Bearer realm="${attacker.url}/token",service="x"` })(q, s),
  ],
];

/** Everything is there, for whoever brings the token, but at `failing` this happens. */
function world(failing: string | null, trouble: Handler): Handler {
  const challenge = () => ({ 'www-authenticate': `Bearer realm="${server.url}/token",service="fake"` });
  return (request, response) => {
    const path = request.url ?? '';
    const text = CONTENT.get(path);
    if (path.startsWith('/token?')) answer(200, {}, JSON.stringify({ token: TOKEN }))(request, response);
    else if (request.headers.authorization !== `Bearer ${TOKEN}`) answer(401, challenge())(request, response);
    else if (path === failing) trouble(request, response);
    else if (text === undefined) answer(404)(request, response);
    else answer(200, { 'docker-content-digest': digestOf(text) }, text)(request, response);
  };
}

const PLACES: readonly SignaturePlaceName[] = ['referrers-api', 'fallback-tag', 'sig-tag', 'att-tag'];

function search(registry: 'docker.io' | 'ghcr.io') {
  const client = createRegistry({
    endpoints: new Map([[registry, { url: server.url, username: 'robot', password: 'hunter2-hunter2' }]]),
    fetch,
    userAgent: 'pushwarden-test',
    timeoutMs: 250,
  });
  return searchOf(client, { registry, path: 'org/app' }, DIGEST);
}

test.each(['docker.io', 'ghcr.io'] as const)('without trouble everything is read, at %s', async (registry) => {
  server.handle = world(null, answer(500));
  const found = await search(registry);
  expect(found.places.map(({ place, state }) => [place, state])).toEqual(PLACES.map((place) => [place, 'present']));
  expect(found.materials.map(textOf)).toEqual([...bundles, payload, envelope]);
});

const TABLE = WHERE.flatMap(([where, place, path]) =>
  TROUBLES.map(([trouble, handler]) => ({ where, place, path, trouble, handler })),
);

test.each(TABLE)('$where, given $trouble, is left open', async ({ place, path, handler }) => {
  server.handle = world(path, handler);
  const found = await search('ghcr.io');
  expect(placeOf(found, place)?.state).toBe('unavailable');
  expect(stateOf(found)).toBe('unavailable');
  // The others have been read.
  const others = PLACES.filter((one) => one !== place);
  expect(others.map((one) => placeOf(found, one)?.state)).toEqual(others.map(() => 'present'));
  expect(found.materials.filter(({ content }) => content.kind !== 'unreadable')).toHaveLength(3);
  expect(attacker.requests).toEqual([]);
  expect(JSON.stringify(found)).not.toMatch(/token-that|hunter2/);
  // Asked once, and a second time with a new token if the first was refused.
  expect(server.requests.filter(({ url }) => url.pathname === path).length).toBeLessThanOrEqual(2);
  expect(server.requests.length).toBeLessThanOrEqual(15);
});

test.each(WHERE)('%s, given 429 with Retry-After, has the registry left alone', async (_, place, path) => {
  server.handle = world(path, answer(429, { 'retry-after': '30' }));
  const found = await search('ghcr.io');
  expect(placeOf(found, place)?.state).toBe('unavailable');
  const refused = server.requests.findIndex(({ url }) => url.pathname === path);
  // Those that were under way with it come to their end.
  expect(server.requests.length - refused).toBeLessThanOrEqual(4);
});

test('a registry that has trouble with everything is asked little', async () => {
  server.handle = answer(500);
  const found = await search('ghcr.io');
  expect(found.places.filter(({ state }) => state !== 'unavailable')).toEqual([]);
  // Four places, and whether it is an index.
  expect(server.requests).toHaveLength(5);
});
