import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import type { RegistryEndpoint } from '../../src/oci/endpoint.ts';
import type { HttpRequest } from '../../src/oci/http.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import { readFromStorage } from '../../src/oci/storage.ts';
import type { SignatureSearch } from '../../src/usecases/ports.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';
import { MEDIA_TYPES } from '../fixtures/oci-images.ts';
import { placeOf, searchOf, stateOf, textOf } from '../fixtures/signature-search.ts';

const IMAGE = { registry: 'ghcr.io', path: 'org/app' };
const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const TOKEN = 'token-that-must-not-leak';
const PASSWORD = 'hunter2-hunter2';
const PAYLOAD = '{"critical":{}}';

const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const layer = { mediaType: MEDIA_TYPES.simpleSigning, digest: digestOf(PAYLOAD), size: PAYLOAD.length };
const config = { mediaType: MEDIA_TYPES.config, digest: digestOf('{}'), size: 2 };

const server = new FakeServer();
const storage = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();
const all = [server, storage, attacker];

beforeAll(() => Promise.all(all.map((one) => one.start())));
afterAll(() => Promise.all(all.map((one) => one.stop())));

beforeEach(() => {
  for (const one of all) {
    one.requests.length = 0;
    one.handle = answer(200, {}, PAYLOAD);
  }
});

const isBlob = (url = '') => url.includes('/blobs/');

/** One signature under cosign's tag, whose layer is this. Whoever asks has to bring the token. */
function signed(blob: Handler, descriptor: object = layer): Handler {
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers: [descriptor] });
  return (request, response) => {
    const challenge = `Bearer realm="${server.url}/token",service="fake"`;
    if (request.url?.startsWith('/token') === true)
      answer(200, {}, JSON.stringify({ token: TOKEN }))(request, response);
    else if (request.url?.startsWith('/own/') === true) answer(200, {}, PAYLOAD)(request, response);
    else if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      answer(401, { 'www-authenticate': challenge })(request, response);
    } else if (isBlob(request.url)) blob(request, response);
    else if (request.url?.endsWith('.sig') === true) {
      answer(200, { 'docker-content-digest': digestOf(manifest) }, manifest)(request, response);
    } else answer(404)(request, response);
  };
}

async function search(limit?: number): Promise<SignatureSearch> {
  const endpoint: RegistryEndpoint = {
    url: server.url,
    username: 'robot',
    password: PASSWORD,
    blobHosts: [new URL(storage.url).host],
  };
  const registry = createRegistry({
    endpoints: new Map([['ghcr.io', endpoint]]),
    fetch,
    userAgent: 'pushwarden-test',
    timeoutMs: 400,
  });
  return searchOf(registry, IMAGE, DIGEST, limit === undefined ? {} : { limit });
}

/** Nobody but the registry and its token server was sent what we know. */
function expectNoLeak(found: SignatureSearch): void {
  for (const one of [storage, attacker]) {
    expect(one.requests.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  }
  expect(JSON.stringify(found)).not.toMatch(new RegExp(`${TOKEN}|${PASSWORD}|signed=yes`));
}

const redirect =
  (location: () => string, status = 307): Handler =>
  (request, response) =>
    answer(status, { location: location() })(request, response);
const toStorage = redirect(() => `${storage.url}/blob?signed=yes`);

/** Promises more than it sends, then hangs up. */
const truncated: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': `${PAYLOAD.length}` });
  response.write(PAYLOAD.slice(0, 5));
  setTimeout(() => response.destroy(), 20);
};

describe('a blob', () => {
  test.each<[string, Handler, string[]]>([
    ['sent by the registry itself', answer(200, {}, PAYLOAD), []],
    ['redirected to its storage', toStorage, ['/blob']],
    ['redirected with 302', redirect(() => `${storage.url}/blob`, 302), ['/blob']],
    ['redirected within the registry', redirect(() => '/own/blob'), []],
  ])('%s is read, without our credentials elsewhere', async (_, handler, downloads) => {
    server.handle = signed(handler);
    const found = await search();
    expect(found.materials.map(textOf)).toEqual([PAYLOAD]);
    expect(storage.requests.map(({ url }) => url.pathname)).toEqual(downloads);
    const [asked] = server.requests.filter(({ url }) => isBlob(url.pathname));
    expect(asked?.authorization).toBe(`Bearer ${TOKEN}`);
    const [own] = server.requests.filter(({ url }) => url.pathname.startsWith('/own/'));
    expect(own?.authorization).toBeUndefined();
    expectNoLeak(found);
  });

  test('redirected by its storage once more is read', async () => {
    server.handle = signed(toStorage);
    storage.handle = (request, response) => {
      const isFirst = request.url?.startsWith('/blob') === true;
      (isFirst ? answer(302, { location: '/elsewhere' }) : answer(200, {}, PAYLOAD))(request, response);
    };
    const found = await search();
    expect(found.materials.map(textOf)).toEqual([PAYLOAD]);
    expectNoLeak(found);
  });

  test.each<[string, Handler, Handler | null, RegExp]>([
    [
      'redirected to another host',
      redirect(() => `${attacker.url}/x`),
      null,
      /redirects a blob to 127\.0\.0\.1:\d+, which/,
    ],
    [
      'redirected to a host by its password',
      redirect(() => `http://a:b@${new URL(storage.url).host}/`),
      null,
      /which is not/,
    ],
    ['redirected to a file', redirect(() => 'file:///etc/passwd'), null, /redirects a blob to file:, which is not/],
    ['redirected to nowhere', answer(307), null, /redirects a blob to nowhere/],
    ['redirected by its storage to another host', toStorage, redirect(() => attacker.url), /which is not one of/],
    ['redirected in a ring', toStorage, redirect(() => '/blob'), /more than twice/],
    ['answered with 429', answer(429), null, /429 \(too many requests\)/],
    ['answered with 429 and Retry-After', answer(429, { 'retry-after': '30' }), null, /Retry-After: 30 s/],
    ['answered with 500', answer(500), null, /answered 500/],
    ['answered with 403', answer(403), null, /needs credentials/],
    ['cut short', truncated, null, /cut its answer short|could not be reached/],
    ['without end', endless, null, /sent more than 64 KiB/],
    ['that drips', dripping, null, /no full answer within/],
    ['without an answer', () => undefined, null, /no full answer within/],
    ['of other bytes', answer(200, {}, '{"critical":[]}'), null, /does not match requested digest/],
    ['whose storage answers 429', toStorage, answer(429), /keeps its blobs at 127\.0\.0\.1:\d+, which answered 429/],
    ['whose storage answers 403', toStorage, answer(403), /which answered 403/],
    ['whose storage answers 404', toStorage, answer(404), /which answered 404/],
    ['whose storage answers 500', toStorage, answer(500), /which answered 500/],
    ['whose storage cuts it short', toStorage, truncated, /cut its answer short|could not be reached/],
    ['whose storage never ends', toStorage, endless, /sent more than 64 KiB/],
    ['whose storage does not answer', toStorage, () => undefined, /no full answer within/],
    ['whose storage sends other bytes', toStorage, answer(200, {}, 'x'), /does not match requested digest/],
  ])('%s leaves the signature open', async (_, handler, stored, reason) => {
    server.handle = signed(handler);
    if (stored !== null) storage.handle = stored;
    const found = await search();
    expect(stateOf(found)).toBe('unavailable');
    expect(found.materials).toMatchObject([{ place: 'sig-tag', content: { kind: 'unreadable' } }]);
    expect(found.materials.map(textOf).join()).toMatch(reason);
    expect(placeOf(found, 'sig-tag')?.state).toBe('unavailable');
    expect(attacker.requests).toEqual([]);
    expect(storage.requests.length).toBeLessThanOrEqual(2);
    expectNoLeak(found);
  });

  test('that the registry no longer has is no signature', async () => {
    server.handle = signed(answer(404));
    const found = await search();
    expect(stateOf(found)).toBe('absent');
    expect(placeOf(found, 'sig-tag')?.detail).toBe('1 signature is gone from the registry');
  });

  test.each([
    ['longer than its manifest says', PAYLOAD, 5, /longer than its manifest says/],
    ['announced as longer than any', 'x'.repeat(65 << 10), PAYLOAD.length, /longer than its manifest says/],
    ['said to be longer than any', PAYLOAD, 1 << 30, /no simple-signing of more than 64 KiB is read/],
  ])('%s is broken, which is its maker’s doing', async (_, blob, size, reason) => {
    server.handle = signed(answer(200, { 'content-length': `${blob.length}` }, blob), {
      ...layer,
      digest: digestOf(blob),
      size,
    });
    const found = await search();
    expect(found.materials).toMatchObject([{ content: { kind: 'broken', problem: 'malformed' } }]);
    expect(found.materials.map(textOf).join()).toMatch(reason);
    expect(stateOf(found)).toBe('present');
  });

  test.each([
    ['that its manifest carries', btoa(PAYLOAD), 0],
    ['of which its manifest carries other bytes', btoa('something else'), 1],
    ['of which its manifest carries no base64', '%%%', 1],
  ])('%s is asked for only if it has to be', async (_, data, asked) => {
    server.handle = signed(answer(200, {}, PAYLOAD), { ...layer, data });
    expect((await search()).materials.map(textOf)).toEqual([PAYLOAD]);
    expect(server.requests.filter(({ url }) => isBlob(url.pathname))).toHaveLength(asked);
  });

  test('is not asked for beyond the budget, nor its storage', async () => {
    server.handle = signed(toStorage);
    const needed = 8;
    expect(stateOf(await search(needed))).toBe('present');
    expect(server.requests.length + storage.requests.length).toBe(needed);
    const found = await search(needed - 2);
    expect(stateOf(found)).toBe('unavailable');
    expect(JSON.stringify(found.places)).toContain('more requests than one invocation may make');
  });
});

describe('a redirect', () => {
  const follow = async (
    registry: string,
    location: string,
    blobHosts?: readonly string[],
    url = `https://${registry}`,
  ) => {
    const sent: HttpRequest[] = [];
    const found = await readFromStorage(
      (request) => {
        sent.push(request);
        return Promise.resolve({ kind: 'answer', status: 200, headers: new Headers(), body: new Uint8Array() });
      },
      { url, blobHosts },
      { registry, path: 'org/app' },
      { kind: 'answer', status: 307, headers: new Headers({ location }), body: new Uint8Array() },
      10,
    );
    expect(sent.map(({ headers }) => Object.keys(headers))).toEqual(sent.map(() => ['accept']));
    return found.kind === 'answer' && sent[0]?.url === new URL(location, url).href;
  };

  test.each([
    ['docker.io', 'https://production.cloudflare.docker.com/registry-v2/x?verify=1'],
    ['docker.io', 'https://production.cloudfront.docker.com/registry-v2/x'],
    [
      'docker.io',
      'https://docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com/x?X-Amz-Signature=1',
    ],
    ['ghcr.io', 'https://pkg-containers.githubusercontent.com/ghcr1/blobs/sha256:00?se=1'],
    ['ghcr.io', '/v2/elsewhere'],
  ])('of %s to %s is followed', async (registry, location) => {
    expect(await follow(registry, location)).toBe(true);
  });

  test.each([
    ['docker.io', 'http://production.cloudflare.docker.com/x'],
    ['docker.io', 'https://production.cloudflare.docker.com:8443/x'],
    ['docker.io', 'https://evil.r2.cloudflarestorage.com/x'],
    ['docker.io', 'https://production.cloudflare.docker.com.evil.example/x'],
    ['docker.io', 'https://pkg-containers.githubusercontent.com/x'],
    ['ghcr.io', 'http://127.0.0.1/x'],
    ['ghcr.io', 'http://169.254.169.254/latest/meta-data'],
    ['quay.io', 'https://cdn01.quay.io/x'],
  ])('of %s to %s is not', async (registry, location) => {
    expect(await follow(registry, location)).toBe(false);
  });

  test.each([
    ['https://a.cdn.example/x', ['*.cdn.example'], true],
    ['https://cdn.example/x', ['*.cdn.example'], false],
    ['https://evilcdn.example/x', ['*.cdn.example'], false],
    ['https://a.cdn.example:444/x', ['*.cdn.example'], false],
    ['https://s.example:9000/x', ['s.example:9000'], true],
    ['https://S.Example/x', ['s.example'], true],
    ['https://s.example/x', [], false],
  ])('to %s with %j on the list is followed: %s', async (location, hosts, followed) => {
    expect(await follow('harbor.example', location, hosts)).toBe(followed);
  });

  test.each([
    ['http://127.0.0.1:5000', 'http://127.0.0.1:9000/x', true],
    ['https://registry.example', 'http://127.0.0.1:9000/x', false],
    ['http://127.0.0.1:5000', 'http://storage.example:9000/x', false],
  ])('of a registry at %s to %s is followed: %s', async (url, location, followed) => {
    const hosts = ['127.0.0.1:9000', 'storage.example:9000'];
    expect(await follow('registry.example', location, hosts, url)).toBe(followed);
  });
});
