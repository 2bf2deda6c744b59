import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import type { Registry } from '../../src/usecases/ports.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';
import { searchOf, stateOf } from '../fixtures/signature-search.ts';

const IMAGE = { registry: 'ghcr.io', path: 'org/app' };
const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

const server = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();

beforeAll(() => Promise.all([server.start(), attacker.start()]));
afterAll(() => Promise.all([server.stop(), attacker.stop()]));

beforeEach(() => {
  for (const one of [server, attacker]) {
    one.requests.length = 0;
    one.handle = (_, response) => void response.writeHead(500).end();
  }
});

function connect(url = server.url): Registry {
  const endpoints = new Map([['ghcr.io', { url }]]);
  return createRegistry({ endpoints, fetch, userAgent: 'pushwarden-test', timeoutMs: 400 });
}

const OPERATIONS = {
  resolve: (registry: Registry) => registry.resolve(IMAGE, 'v1'),
  resolveDigest: (registry: Registry) => registry.resolve(IMAGE, DIGEST),
  inspect: (registry: Registry) => registry.inspect(IMAGE, DIGEST),
  manifestBytes: (registry: Registry) => registry.manifestBytes(IMAGE, DIGEST),
  listTags: (registry: Registry) => registry.listTags(IMAGE, null, 10),
  findSignatures: async (registry: Registry) => {
    const search = await searchOf(registry, IMAGE, DIGEST, { repository: 'org/signatures' });
    return { ...search, state: stateOf(search) };
  },
} as const;
type Operation = keyof typeof OPERATIONS;
const ALL: readonly Operation[] = [
  'resolve',
  'resolveDigest',
  'inspect',
  'manifestBytes',
  'listTags',
  'findSignatures',
];
const READS: readonly Operation[] = ['inspect', 'manifestBytes', 'listTags', 'findSignatures'];

/** Promises more than it sends, then hangs up. */
const truncated: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': '1000', 'content-type': 'application/json' });
  response.write('{"tags":["v1"],');
  setTimeout(() => response.destroy(), 20);
};

const deepJson = `{"tags":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
const garbage = '<html>Sign in to the Wi-Fi</html>';
const longName = 'x'.repeat(600);

const CASES: readonly (readonly [string, readonly Operation[], Handler | (() => Handler), RegExp])[] = [
  ['429 without Retry-After', ALL, answer(429), /answered 429 \(too many requests\)/],
  ['429 with Retry-After', ALL, answer(429, { 'retry-after': '30' }), /Retry-After: 30 s/],
  [
    '429 with a Retry-After that is none',
    ALL,
    answer(429, { 'retry-after': '<!channel>' }),
    /429 \(too many requests\)/,
  ],
  ['500', ALL, answer(500), /answered 500/],
  ['503', ALL, answer(503), /answered 503/],
  ['401 without a challenge', ALL, answer(401), /needs credentials/],
  ['403', ALL, answer(403), /needs credentials/],
  ['418', ALL, answer(418), /answered 418/],
  ['204', ALL, answer(204), /answered 204/],
  ['a redirect to another host', ALL, (q, s) => answer(307, { location: `${attacker.url}${q.url}` })(q, s), /redirect/],
  ['no answer', ALL, () => undefined, /no full answer within 0\.4 s/],
  ['a hang-up', ALL, (request) => request.destroy(), /could not be reached/],
  ['a truncated body', READS, truncated, /could not be reached|cut its answer short/],
  ['an endless body', READS, endless, /sent more than 4096 KiB/],
  ['a body that drips', READS, dripping, /no full answer within/],
  ['an announced body of 1 GiB', READS, answer(200, { 'content-length': `${2 ** 30}` }), /sent more than 4096 KiB/],
  ['HEAD without a digest', ['resolve', 'findSignatures'], answer(200), /without a digest/],
  [
    'a digest that is none',
    ['resolve'],
    answer(200, { 'docker-content-digest': 'sha256:xyz' }),
    /digest that is not sha256/,
  ],
  ['another digest', ['resolveDigest'], answer(200, { 'docker-content-digest': DIGEST.replace('a', 'b') }), /digest/],
  ['a wrong digest', ['inspect', 'manifestBytes'], answer(200, {}, '{}'), /does not match requested digest/],
  ['deep JSON', ['listTags'], answer(200, {}, deepJson), /^$/],
  ['no JSON', ['listTags'], answer(200, {}, garbage), /no list of tags/],
  ['tags that are no list', ['listTags'], answer(200, {}, '{"tags":{"0":"v1"}}'), /no list of tags/],
  [
    'a link to another path',
    ['listTags'],
    answer(200, { link: '</v2/evil/tags/list?last=v1>; rel="next"' }, '{"tags":["v1"]}'),
    /another place/,
  ],
  [
    'a link without last',
    ['listTags'],
    answer(200, { link: '<?n=10>; rel="next"' }, '{"tags":["v1"]}'),
    /another place/,
  ],
  [
    'an endless last',
    ['listTags'],
    answer(200, { link: `<?last=${longName}>; rel="next"` }, '{"tags":["v1"]}'),
    /another place/,
  ],
  [
    'an empty page with a next',
    ['listTags'],
    answer(200, { link: '<?last=v1>; rel="next"' }, '{"tags":[]}'),
    /repeats a page/,
  ],
];

const TABLE = CASES.flatMap(([name, operations, handler, reason]) =>
  operations.map((operation) => ({ name, operation, handler, reason })),
);

test.each(TABLE)('$operation, given $name, is never absent', async ({ name, operation, handler, reason }) => {
  server.handle = handler;
  const started = Date.now();
  const result = await OPERATIONS[operation](connect());
  expect(Date.now() - started).toBeLessThan(4000);
  // Deep JSON is a list of tags without a valid one. What a digest is, is told apart from what could not be read.
  const invalid = name === 'a wrong digest' && operation === 'inspect';
  const expected = name === 'deep JSON' ? 'present' : invalid ? 'invalid' : 'unavailable';
  expect(result.state).toBe(expected);
  if (expected !== 'present') expect(JSON.stringify(result)).toMatch(reason);
  expect(JSON.stringify(result)).not.toContain('channel');
  expect(attacker.requests).toEqual([]);
});

test('an endless body is hung up on', async () => {
  let closed: () => void = () => undefined;
  const hungUp = new Promise<void>((resolve) => {
    closed = resolve;
  });
  server.handle = (request, response) => {
    response.on('close', closed);
    endless(request, response);
  };
  await connect().inspect(IMAGE, DIGEST);
  await hungUp;
});

test('a registry out of reach is unavailable', async () => {
  const gone = new FakeServer();
  await gone.start();
  const { url } = gone;
  await gone.stop();
  for (const operation of ALL) expect((await OPERATIONS[operation](connect(url))).state).toBe('unavailable');
});

test('a tag list that repeats its page ends', async () => {
  server.handle = answer(200, { link: '</v2/org/app/tags/list?last=v2&n=2>; rel="next"' }, '{"tags":["v1","v2"]}');
  const first = await connect().listTags(IMAGE, null, 2);
  expect(first).toEqual({ state: 'present', value: { tags: ['v1', 'v2'], next: 'v2' } });
  expect((await connect().listTags(IMAGE, 'v2', 2)).state).toBe('unavailable');
});

test('a next page is asked for at the registry, whatever host the link names', async () => {
  const link = `<${attacker.url}/v2/org/app/tags/list?last=a%2Cb&n=9>; rel="next"`;
  server.handle = answer(200, { link }, '{"tags":["v1",".bad",7,null,"v2"]}');
  const first = await connect().listTags(IMAGE, null, 2);
  expect(first).toEqual({ state: 'present', value: { tags: ['v1', 'v2'], next: 'a,b' } });
  server.handle = answer(200, {}, '{"tags":["v3","v4"]}');
  expect(await connect().listTags(IMAGE, 'a,b', 2)).toMatchObject({ value: { tags: ['v3', 'v4'], next: null } });
  expect(server.requests.at(-1)?.url.searchParams.get('last')).toBe('a,b');
  expect(attacker.requests).toEqual([]);
});

test('tags that are null are an empty list', async () => {
  server.handle = answer(200, {}, '{"name":"org/app","tags":null}');
  expect(await connect().listTags(IMAGE, null, 10)).toEqual({ state: 'present', value: { tags: [], next: null } });
});

test.each([
  ['JSON of another kind', '[]', 'invalid'],
  ['no JSON', garbage, 'invalid'],
  ['deep JSON', deepJson, 'present'],
  ['an index that is a manifest too', '{"manifests":[],"config":{},"layers":[]}', 'present'],
  ['nothing', '{}', 'present'],
])('a manifest of %s with the right digest is never an artifact', async (_, body, state) => {
  server.handle = answer(200, { 'content-type': MANIFEST }, body);
  const digest: Digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const found = await connect().inspect(IMAGE, digest);
  expect(found.state).toBe(state);
  if (found.state === 'present') expect(found.value).toEqual({ kind: 'manifest' });
});

test('an index has at most 1000 children, each with a valid digest', async () => {
  const children = Array.from({ length: 1500 }, (_, at) => ({ digest: `sha256:${`${at}`.padStart(64, '0')}` }));
  const body = JSON.stringify({ manifests: [{ digest: 'sha256:xyz' }, 7, null, ...children] });
  server.handle = answer(200, { 'content-type': INDEX }, body);
  const digest: Digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  const found = await connect().inspect(IMAGE, digest);
  expect(found.state === 'present' && found.value.kind === 'index' && found.value.children).toHaveLength(1000);
  expect(server.requests).toHaveLength(1);
});

/** Answers the referrers API with this list, and 404 to the rest. */
function withReferrers(manifests: readonly unknown[]): Handler {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
  return (request, response) => {
    const isReferrers = request.url?.includes('/referrers/') === true;
    answer(isReferrers ? 200 : 404, { 'content-type': INDEX }, isReferrers ? body : '')(request, response);
  };
}

/** Each is looked for and not there. */
const lost = (many: number) =>
  Array.from({ length: many }, (_, at) => ({ digest: `sha256:${`${at}`.padStart(64, '0')}` }));

test.each([
  ['nothing', [], 'absent'],
  ['an SBOM', [{ artifactType: 'application/spdx+json', digest: DIGEST }], 'absent'],
  ['one that is not there', lost(1), 'absent'],
  ['one without a digest', [{ digest: 'sha256:xyz' }, {}, 7], 'absent'],
  ['more than are read at once', lost(11), 'unavailable'],
])('a referrers API that lists %s', async (_, manifests, state) => {
  server.handle = withReferrers(manifests);
  expect(stateOf(await searchOf(connect(), IMAGE, DIGEST))).toBe(state);
});

test('GHCR’s 303 in place of a referrers API is not followed and stands for none', async () => {
  server.handle = (request, response) => {
    const isReferrers = request.url?.includes('/referrers/') === true;
    answer(isReferrers ? 303 : 404, { location: `${attacker.url}/nowhere` })(request, response);
  };
  expect(stateOf(await searchOf(connect(), IMAGE, DIGEST))).toBe('absent');
  expect(attacker.requests).toEqual([]);
});

/** Answers 404 to all but the tag of cosign's signatures. */
function withSigTag(handler: Handler): Handler {
  return (request, response) => (request.url?.endsWith('.sig') === true ? handler : answer(404))(request, response);
}

test.each<[string, Handler, string, RegExp]>([
  // Somebody's page in place of the registry's answer.
  ['something without a digest', answer(200, {}, garbage), 'unavailable', /without a digest/],
  [
    'a digest of another kind',
    answer(200, { 'docker-content-digest': 'sha512:00' }, '{}'),
    'unavailable',
    /not sha256/,
  ],
  ['other bytes than its digest’s', answer(200, { 'docker-content-digest': DIGEST }, '{}'), 'unavailable', /not match/],
  ['a body cut short', truncated, 'unavailable', /could not be reached|cut its answer short/],
  ['a body without end', endless, 'unavailable', /more than 4096 KiB/],
  // What was pushed so is the pusher's doing.
  ['no JSON', pushed(garbage), 'absent', /no manifest/],
  ['a manifest of nothing', pushed('{}'), 'absent', /no signature/],
  ['5 MiB', announced(5 << 20), 'present', /broken signature/],
])('cosign’s tag that answers with %s', async (_, handler, state, words) => {
  server.handle = withSigTag(handler);
  const search = await searchOf(connect(), IMAGE, DIGEST);
  expect(stateOf(search)).toBe(state);
  expect(search.places.find(({ place }) => place === 'sig-tag')?.detail).toMatch(words);
});

function pushed(body: string): Handler {
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  return answer(200, { 'docker-content-digest': digest }, body);
}

/** As long as it says; nobody reads on. */
function announced(length: number): Handler {
  return (_, response) => {
    response.writeHead(200, { 'docker-content-digest': DIGEST, 'content-length': `${length}` });
    response.write('{');
  };
}
