import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import type { RegistryEndpoint } from '../../src/oci/endpoint.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import type { Registry } from '../../src/usecases/ports.ts';
import { answer, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';
import { searchOf, stateOf } from '../fixtures/signature-search.ts';

const IMAGE = { registry: 'ghcr.io', path: 'org/app' };
const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const USER = 'robot';
const PASSWORD = 'hunter2-hunter2';
const TOKEN = 'token-that-must-not-leak';
const garbage = '<html>Sign in to the Wi-Fi</html>';

const server = new FakeServer();
const tokenServer = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();

beforeAll(() => Promise.all([server.start(), tokenServer.start(), attacker.start()]));
afterAll(() => Promise.all([server.stop(), tokenServer.stop(), attacker.stop()]));

beforeEach(() => {
  for (const one of [server, tokenServer, attacker]) {
    one.requests.length = 0;
    one.handle = (_, response) => void response.writeHead(500).end();
  }
});

function connect(endpoint: Partial<RegistryEndpoint> = {}, now?: () => number): Registry {
  const endpoints = new Map([['ghcr.io', { url: server.url, ...endpoint }]]);
  return createRegistry({ endpoints, fetch, userAgent: 'pushwarden-test', timeoutMs: 400, now });
}

const OPERATIONS: readonly ((registry: Registry) => Promise<{ readonly state: string }>)[] = [
  (registry) => registry.resolve(IMAGE, 'v1'),
  (registry) => registry.inspect(IMAGE, DIGEST),
  (registry) => registry.listTags(IMAGE, null, 10),
  async (registry) => {
    const search = await searchOf(registry, IMAGE, DIGEST, { repository: 'org/signatures' });
    return { ...search, state: stateOf(search) };
  },
];

/** Asks for this challenge until it gets the token (or these Basic credentials). */
function guarded(challenge: string, authorization = `Bearer ${TOKEN}`): Handler {
  return (request, response) => {
    const isIn = request.headers.authorization === authorization;
    const headers = isIn ? { 'docker-content-digest': DIGEST } : { 'www-authenticate': challenge };
    answer(isIn ? 200 : 401, { ...headers })(request, response);
  };
}

const credentials = { username: USER, password: PASSWORD };
const basic = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
const bearerAt = (realm: string) => `Bearer realm="${realm}",service="fake",scope="repository:org/app:pull,push"`;

test('a token is asked for at the configured server, kept, and asked for again when it has expired', async () => {
  const tokenRealm = `${tokenServer.url}/token`;
  server.handle = guarded(`Basic realm="a, b", ${bearerAt(tokenRealm)}`);
  tokenServer.handle = answer(200, {}, JSON.stringify({ token: TOKEN, expires_in: 60 }));
  let now = 1_000_000;
  const registry = connect({ tokenRealm, tokenService: 'ghcr.io', ...credentials }, () => now);
  for (let i = 0; i < 3; i++) expect((await registry.resolve(IMAGE, 'v1')).state).toBe('present');
  expect(tokenServer.requests.map(({ url, authorization }) => [url.search, authorization])).toEqual([
    ['?service=ghcr.io&scope=repository%3Aorg%2Fapp%3Apull', basic],
  ]);
  expect(server.requests.map(({ authorization }) => authorization)).toEqual([
    undefined,
    ...new Array(3).fill(`Bearer ${TOKEN}`),
  ]);
  now += 51_000;
  await registry.resolve(IMAGE, 'v1');
  expect(tokenServer.requests).toHaveLength(2);
  await registry.resolve({ ...IMAGE, path: 'org/other' }, 'v1');
  expect(tokenServer.requests.at(-1)?.url.searchParams.get('scope')).toBe('repository:org/other:pull');
});

test('a revoked token is replaced once', async () => {
  const tokenRealm = `${tokenServer.url}/token`;
  server.handle = guarded(bearerAt(tokenRealm));
  tokenServer.handle = answer(200, {}, JSON.stringify({ access_token: TOKEN }));
  const registry = connect({ tokenRealm });
  await registry.resolve(IMAGE, 'v1');
  server.handle = guarded(bearerAt(tokenRealm), 'Bearer another');
  server.requests.length = 0;
  const refused = await registry.resolve(IMAGE, 'v1');
  expect(refused).toMatchObject({ state: 'unavailable', reason: 'ghcr.io answered 401 (needs credentials)' });
  expect(server.requests).toHaveLength(2);
  expect(tokenServer.requests).toHaveLength(2);
});

test('a realm on another host is never contacted, and nothing secret is sent anywhere', async () => {
  const foreign = [
    bearerAt(`${attacker.url}/token`),
    `${bearerAt(attacker.url)}, Basic realm="x"`,
    'Bearer realm="::"',
  ];
  for (const challenge of foreign) {
    server.handle = guarded(challenge);
    for (const endpoint of [credentials, { ...credentials, tokenRealm: `${tokenServer.url}/token` }]) {
      const registry = connect(endpoint);
      for (const operation of OPERATIONS) {
        const result = await operation(registry);
        expect(result.state).toBe('unavailable');
        expect(JSON.stringify(result)).toContain('names another token server');
      }
    }
  }
  expect(attacker.requests).toEqual([]);
  expect(tokenServer.requests).toEqual([]);
  expect(server.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
});

test('a realm of the registry’s own origin may be used if none is configured', async () => {
  const challenge = bearerAt(`${server.url}/token`);
  server.handle = (request, response) => {
    const isToken = request.url?.startsWith('/token?') === true;
    const handler = isToken ? answer(200, {}, JSON.stringify({ token: TOKEN })) : guarded(challenge);
    handler(request, response);
  };
  expect((await connect().resolve(IMAGE, 'v1')).state).toBe('present');
});

test('credentials stay with the registry and its token server when a signed-in request is redirected', async () => {
  const tokenRealm = `${tokenServer.url}/token`;
  tokenServer.handle = answer(200, {}, JSON.stringify({ token: TOKEN }));
  server.handle = (request, response) => {
    const isIn = request.headers.authorization !== undefined;
    const headers = isIn ? { location: `${attacker.url}/` } : { 'www-authenticate': bearerAt(tokenRealm) };
    answer(isIn ? 302 : 401, { ...headers })(request, response);
  };
  const result = await connect({ tokenRealm, ...credentials }).inspect(IMAGE, DIGEST);
  expect(result).toEqual({ state: 'unavailable', reason: expect.stringContaining('redirect') });
  tokenServer.handle = answer(302, { location: `${attacker.url}/token` });
  expect((await connect({ tokenRealm, ...credentials }).inspect(IMAGE, DIGEST)).state).toBe('unavailable');
  expect(attacker.requests).toEqual([]);
});

test('Basic credentials are sent only to a registry that asks for them', async () => {
  server.handle = guarded('Basic realm="private"', basic);
  const registry = connect(credentials);
  expect((await registry.resolve(IMAGE, 'v1')).state).toBe('present');
  expect((await registry.resolve(IMAGE, 'v1')).state).toBe('present');
  expect(server.requests.map(({ authorization }) => authorization)).toEqual([undefined, basic, basic]);
  const without = await connect().resolve(IMAGE, 'v1');
  expect(without).toEqual({ state: 'unavailable', reason: 'ghcr.io answered 401 (needs credentials)' });
});

test.each<[string, Handler]>([
  ['refuses', answer(401)],
  ['limits requests', answer(429, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' })],
  ['has trouble', answer(502)],
  ['answers without a token', answer(200, {}, '{"token":7}')],
  ['answers with a token that breaks a header', answer(200, {}, JSON.stringify({ token: 'a\r\nx: b' }))],
  ['answers without JSON', answer(200, {}, garbage)],
  ['never ends', endless],
  ['hangs', () => undefined],
])('a token server that %s leaves everything unavailable, in words without secrets', async (_, handler) => {
  const tokenRealm = `${tokenServer.url}/token`;
  server.handle = guarded(bearerAt(tokenRealm));
  tokenServer.handle = handler;
  const registry = connect({ tokenRealm, ...credentials });
  for (const operation of OPERATIONS) {
    const result = await operation(registry);
    expect(result.state).toBe('unavailable');
    expect(JSON.stringify(result)).toContain('token server');
    for (const secret of [PASSWORD, TOKEN, basic.slice(6)]) expect(JSON.stringify(result)).not.toContain(secret);
  }
});
