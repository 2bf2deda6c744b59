import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleDigest, GitHubDouble, snappyBlock } from '../../scripts/simulate/world/github.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { type AttestationsOptions, createAttestations } from '../../src/github/attestations.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';
import { textOf } from '../fixtures/signature-search.ts';

const IMAGE = { registry: 'ghcr.io', path: 'org/app' };
const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const TOKEN = 'token-that-must-not-leak';
const garbage = '<html>Sign in to the Wi-Fi</html>';
const BUNDLE = JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: {} });

interface Look {
  readonly known?: readonly string[];
  readonly limit?: number;
  readonly image?: typeof IMAGE;
}

/** Reads as the product does. */
function reader(options: Pick<AttestationsOptions, 'apiUrl' | 'bundleHosts'> & Partial<AttestationsOptions>) {
  const read = createAttestations({ fetch, token: TOKEN, userAgent: 'pushwarden-test', timeoutMs: 300, ...options });
  return ({ known = [], limit = 50, image = IMAGE }: Look = {}) =>
    read(image, DIGEST, { known: new Set(known as Digest[]), requests: createBudget(limit) }); // digests by their maker
}

describe('attestations', () => {
  let github: GitHubDouble;
  beforeAll(async () => {
    github = await GitHubDouble.start();
    github.isUser('someone');
  });
  afterAll(() => github.close());

  const connect = () => reader({ apiUrl: github.url, bundleHosts: [github.bundleHost] });
  let owners = 0;
  let image = IMAGE;
  beforeEach(() => {
    owners += 1;
    image = { registry: 'ghcr.io', path: `org${owners}/app` };
  });

  test.each([
    ['at an address, compressed', false],
    ['in the list itself', true],
  ])('that GitHub keeps %s are read', async (_, inline) => {
    const bundles = [BUNDLE, JSON.stringify({ dsseEnvelope: { payload: 'x'.repeat(20_000) } })];
    for (const bundle of bundles) github.attest(`org${owners}`, DIGEST, bundle, { inline });
    const [lists, downloads] = [github.requests.length, github.downloads.length];
    const found = await connect()({ image });
    expect(found.place).toEqual({ place: 'github-attestations', state: 'present', detail: 'attestation' });
    expect(found.materials.map(textOf)).toEqual(bundles);
    expect(found.materials.map(({ source }) => source)).toEqual(bundles.map(bundleDigest));
    expect(found.materials).toMatchObject(
      new Array(2).fill({ image: null, about: DIGEST, content: { kind: 'bundle' } }),
    );
    expect([github.requests.length, github.downloads.length]).toEqual([lists + 1, downloads + (inline ? 0 : 2)]);
    expect(github.requests.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);
    expect(github.downloads.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  });

  test('of an organization and of a user are found at the address of each', async () => {
    github.attest('someone', DIGEST, BUNDLE);
    const found = await connect()({ image: { registry: 'ghcr.io', path: 'someone/app' } });
    expect(found.materials).toHaveLength(1);
    expect(github.requests.slice(-2).map(({ path }) => path)).toEqual([
      `/orgs/someone/attestations/${DIGEST}?per_page=30`,
      `/users/someone/attestations/${DIGEST}?per_page=30`,
    ]);
  });

  test('that neither knows of are absent', async () => {
    expect(await connect()({ image })).toEqual({
      place: { place: 'github-attestations', state: 'absent' },
      materials: [],
      known: [],
    });
  });

  test('that are known are named; at their address they are not read again', async () => {
    github.attest(`org${owners}`, DIGEST, BUNDLE);
    github.attest(`org${owners}`, DIGEST, '{"new":true}');
    const read = connect();
    const known = [bundleDigest(BUNDLE), bundleDigest('{"gone":true}')];
    const first = await read({ image, known });
    expect(first).toMatchObject({
      known: [bundleDigest(BUNDLE)],
      materials: [{ source: bundleDigest('{"new":true}') }],
    });
    const before = github.downloads.length;
    const second = await read({ image, known: [...known, bundleDigest('{"new":true}')] });
    expect(second).toMatchObject({ materials: [], place: { state: 'present' } });
    expect(second.known).toHaveLength(2);
    expect(github.downloads).toHaveLength(before);
  });

  test('that are the same are one', async () => {
    for (let at = 0; at < 3; at += 1) github.attest(`org${owners}`, DIGEST, BUNDLE);
    expect((await connect()({ image })).materials).toHaveLength(1);
  });

  test('more than anybody needs are bounded, and no reason to leave it open', async () => {
    for (let at = 0; at < 25; at += 1) github.attest(`org${owners}`, DIGEST, JSON.stringify({ at }));
    const before = github.downloads.length;
    const read = connect();
    const found = await read({ image });
    expect(github.downloads.length - before).toBe(10);
    expect(found.place.state).toBe('present');
    expect(found.materials.map(({ content }) => content.kind)).toEqual([...new Array(10).fill('bundle'), 'broken']);
    const again = await read({ image, known: found.materials.map(({ source }) => source) });
    expect(again).toMatchObject({ materials: [], place: { state: 'present' } });
    expect(again.known).toHaveLength(11);
  });

  test.each([0, 1])('take each request from the budget: %i is too few', async (limit) => {
    github.attest(`org${owners}`, DIGEST, BUNDLE);
    const found = await connect()({ image, limit });
    expect(found.place).toMatchObject({ state: 'unavailable', detail: expect.stringContaining('more requests than') });
  });

  test('are not asked for while GitHub wants none', async () => {
    let now = Date.UTC(2026, 10, 22);
    const read = reader({ apiUrl: github.url, bundleHosts: [], clock: () => now });
    github.fail(`/orgs/org${owners}/`, { kind: 'status', status: 429, retryAfterSeconds: 60 }, 1);
    expect((await read({ image })).place.detail).toContain('rate limit until 2026-11-22T00:01:00.000Z');
    const before = github.requests.length;
    now += 59_000;
    expect((await read({ image })).place).toMatchObject({ state: 'unavailable' });
    expect(github.requests).toHaveLength(before);
    now += 1000;
    expect((await read({ image })).place.state).toBe('absent');
  });
});

const server = new FakeServer();
const storage = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();
const all = [server, storage, attacker];

beforeAll(() => Promise.all(all.map((one) => one.start())));
afterAll(() => Promise.all(all.map((one) => one.stop())));
beforeEach(() => {
  for (const one of all) one.requests.length = 0;
});

const look = () => reader({ apiUrl: server.url, bundleHosts: [new URL(storage.url).host] })();

function expectNoLeak(found: unknown): void {
  expect(JSON.stringify(found)).not.toMatch(/token-that|sig=secret/);
  expect(attacker.requests).toEqual([]);
  expect(storage.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
}

/** Promises more than it sends, then hangs up. */
const truncated: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"attestations":[');
  setTimeout(() => response.destroy(), 20);
};

test.each<[string, Handler, string, RegExp]>([
  ['404', answer(404), 'absent', /^$/],
  ['an empty list', answer(200, {}, '{"attestations":[]}'), 'absent', /^$/],
  ['401', answer(401), 'unavailable', /401 \(GITHUB_TOKEN may not read this\)/],
  ['403', answer(403), 'unavailable', /403 \(GITHUB_TOKEN may not/],
  ['403, no requests left', answer(403, { 'x-ratelimit-remaining': '0' }), 'unavailable', /403 \(rate limit\)/],
  ['403 with Retry-After', answer(403, { 'retry-after': '60' }), 'unavailable', /403 \(rate limit until 20/],
  ['429', answer(429), 'unavailable', /429 \(rate limit\)/],
  ['500', answer(500), 'unavailable', /500 \(trouble of its own\)/],
  ['418', answer(418), 'unavailable', /418/],
  ['no JSON', answer(200, {}, garbage), 'unavailable', /no list of attestations/],
  ['a list of nothing', answer(200, {}, '{"attestations":[7]}'), 'unavailable', /without its bundle/],
  ['a redirect', (q, s) => answer(302, { location: attacker.url })(q, s), 'unavailable', /never followed/],
  ['a truncated body', truncated, 'unavailable', /not reached|no list/],
  ['an endless body', endless, 'unavailable', /more than 4096 KiB/],
  ['8 MiB', answer(200, { 'content-length': `${8 << 20}` }), 'unavailable', /more than 4096 KiB/],
  ['a body that drips', dripping, 'unavailable', /no full answer/],
  ['no answer', () => undefined, 'unavailable', /no full answer within 0\.3 s/],
  ['a hang-up', (request) => request.destroy(), 'unavailable', /not reached/],
])('GitHub answering with %s', async (_, handler, state, words) => {
  server.handle = handler;
  const found = await look();
  expect(found).toMatchObject({ place: { place: 'github-attestations', state }, materials: [], known: [] });
  expect(found.place.detail ?? '').toMatch(words);
  // Of one kind of owner, and of the other only if the first knows of nothing.
  expect(server.requests.map(({ url }) => url.pathname)).toEqual(
    (state === 'absent' ? ['orgs', 'users'] : ['orgs']).map((kind) => `/${kind}/org/attestations/${DIGEST}`),
  );
  expectNoLeak(found);
});

/** A list of one attestation at this address. */
const listing = (address: string): Handler =>
  answer(200, {}, JSON.stringify({ attestations: [{ bundle: null, bundle_url: address }] }));
const stored = () => `${storage.url}/attestations/1/1.json.sn?sig=secret`;

test.each<[string, Handler, string, RegExp]>([
  ['compressed', answer(200), 'present', /^attestation$/],
  ['404', answer(404), 'unavailable', /answered 404/],
  ['403, as an address that has expired does', answer(403), 'unavailable', /answered 403/],
  ['500', answer(500), 'unavailable', /answered 500/],
  ['429', answer(429), 'unavailable', /answered 429/],
  ['a redirect', (q, s) => answer(302, { location: attacker.url })(q, s), 'unavailable', /answered 302/],
  ['a truncated body', truncated, 'unavailable', /not reached|decompressed/],
  ['an endless body', endless, 'unavailable', /more than 2048 KiB/],
  ['a body that drips', dripping, 'unavailable', /no full answer/],
  ['no answer', () => undefined, 'unavailable', /no full answer/],
  ['something else', answer(200, {}, garbage), 'unavailable', /cannot be decompressed/],
  // What somebody attested that is too long is left out, and leaves nothing open.
  ['an announced 3 MiB', answer(200, { 'content-length': `${3 << 20}` }), 'absent', /1 too long to be read/],
  ['3 MiB, compressed', (_, s) => void s.end(snappyBlock(new Uint8Array(3 << 20))), 'absent', /1 too long/],
])('a bundle’s storage answering with %s', async (name, handler, state, words) => {
  server.handle = listing(stored());
  storage.handle = name === 'compressed' ? (_, s) => void s.end(snappyBlock(Buffer.from(BUNDLE))) : handler;
  const found = await look();
  expect(found.place.state).toBe(state);
  expect(found.place.detail ?? '').toMatch(words);
  expect(found.materials.map(textOf)).toEqual(state === 'present' ? [BUNDLE] : []);
  expect(storage.requests).toHaveLength(1);
  expectNoLeak(found);
});

test('a bundle that GitHub should ever keep as it is, is read', async () => {
  server.handle = listing(stored());
  storage.handle = answer(200, {}, BUNDLE);
  expect((await look()).materials.map(textOf)).toEqual([BUNDLE]);
});

test.each([
  [
    'another host',
    () => `${attacker.url}/x`,
    /keeps a bundle at 127\.0\.0\.1:\d+, which is not one of its bundle hosts/,
  ],
  ['a host that only begins so', () => 'https://storage.example.evil.example/', /storage\.example\.evil\.example/],
  ['a host with a password', () => stored().replace('http://', 'http://a:b@'), /not https/],
  ['a file', () => 'file:///etc/passwd', /not https/],
  ['no address', () => 'nonsense', /not https/],
])('a bundle at %s is not asked for', async (_, address, words) => {
  server.handle = listing(address());
  const found = await look();
  expect(found).toMatchObject({ place: { state: 'unavailable' }, materials: [] });
  expect(found.place.detail).toMatch(words);
  expect(storage.requests).toEqual([]);
  expectNoLeak(found);
});

test('plain http is for a GitHub that is itself on this machine', async () => {
  const asked: string[] = [];
  const read = reader({
    apiUrl: 'https://api.github.example',
    bundleHosts: [new URL(storage.url).host],
    fetch: (input) => {
      asked.push(String(input));
      return Promise.resolve(new Response(JSON.stringify({ attestations: [{ bundle_url: stored() }] })));
    },
  });
  expect((await read()).place).toMatchObject({ state: 'unavailable' });
  expect(asked).toHaveLength(1);
});

test('further pages are read, by nothing but their cursor, and not without end', async () => {
  const inline = (at: number) => JSON.stringify({ attestations: [{ bundle: { at } }] });
  server.handle = (request, response) => {
    const after = Number(new URL(request.url ?? '', server.url).searchParams.get('after') ?? 0);
    const link = `<${attacker.url}/steal?after=${after + 1}>; rel="next"`;
    answer(200, { link }, inline(after))(request, response);
  };
  const found = await look();
  expect(found.materials.map(textOf)).toEqual(['{"at":0}', '{"at":1}']);
  expect(server.requests.map(({ url }) => url.search)).toEqual(['?per_page=30', '?per_page=30&after=1']);
  expectNoLeak(found);
});

test('a storage that fails each time is not asked for every bundle', async () => {
  const attestations = Array.from({ length: 9 }, (_, at) => ({ bundle_url: stored().replace('1.json', `${at}.json`) }));
  server.handle = answer(200, {}, JSON.stringify({ attestations }));
  storage.handle = answer(500);
  expect((await look()).place.state).toBe('unavailable');
  expect(storage.requests).toHaveLength(2);
});

test('the sha256 under which a bundle is known is that of its JSON', async () => {
  server.handle = answer(200, {}, JSON.stringify({ attestations: [{ bundle: { b: 1, a: 2 } }] }));
  const source = createHash('sha256').update('{"b":1,"a":2}').digest('hex');
  expect((await look()).materials.map((one) => one.source)).toEqual([`sha256:${source}`]);
});
