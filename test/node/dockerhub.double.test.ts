import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { HubDenied } from '../../scripts/simulate/world/dockerhub-accounts.ts';
import { DockerHubDouble } from '../../scripts/simulate/world/dockerhub-api.ts';

const MINUTE = 60_000;
const DIGEST = `sha256:${'d'.repeat(64)}`;
const OTHER = `sha256:${'e'.repeat(64)}`;

let now = Date.UTC(2026, 10, 24, 12);
let hub: DockerHubDouble;

beforeAll(async () => {
  hub = await DockerHubDouble.start({ clock: () => now, personalTokensMayRead: false });
});
afterAll(() => hub.close());
beforeEach(() => {
  now += 60 * MINUTE;
  hub.accounts.clear();
  hub.tokens.length = 0;
  hub.log.length = 0;
  hub.repositories.clear();
  hub.addUser('alice', { password: 'secret' });
  hub.addUser('bob', { password: 'bobs' });
  hub.addOrganization('acme', { plan: 'business', owners: ['alice'], members: ['bob'] });
});
afterEach(() => {
  hub.auditLagMs = 0;
  hub.lastUsedLagMs = 0;
  hub.actors = 'account';
  hub.requestsPerMinute = 600;
});

async function ask(method: string, path: string, bearer?: string, body?: object) {
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const response = await fetch(`${hub.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
}

async function signIn(identifier = 'alice', secret = 'secret'): Promise<string> {
  const { body } = await ask('POST', '/v2/auth/token', undefined, { identifier, secret });
  return z.object({ access_token: z.string() }).parse(body).access_token;
}

const push = (tag: string, digest = DIGEST) => ({ repository: 'acme/app', tag, digest });

describe('the Docker Hub double', () => {
  test('gives bearers that last ten minutes', async () => {
    const bearer = await signIn();
    now += 10 * MINUTE - 1;
    expect((await ask('GET', '/v2/access-tokens', bearer)).status).toBe(200);
    now += 1;
    expect((await ask('GET', '/v2/access-tokens', bearer)).status).toBe(401);
    expect((await ask('GET', '/v2/access-tokens')).status).toBe(401);
  });

  test('refuses organizations at the old login', async () => {
    const oat = hub.createToken('acme', { label: 'x' });
    const login = (username: string, password: string) =>
      ask('POST', '/v2/users/login', undefined, { username, password });
    expect(await login('alice', 'secret')).toMatchObject({ status: 200, body: { token: expect.any(String) } });
    expect(await login('acme', oat.secret)).toMatchObject({
      status: 401,
      body: { detail: 'Cannot log into an organization account' },
    });
  });

  test('pages as documented, with the wrapper of each list', async () => {
    for (let at = 0; at < 12; at += 1) hub.createToken('alice', { label: `p${at}` });
    for (let at = 0; at < 3; at += 1) hub.createToken('acme', { label: `o${at}` });
    const bearer = await signIn();
    const personal = await ask('GET', '/v2/access-tokens?page=2', bearer);
    expect(personal.body).toMatchObject({
      count: 12,
      active_count: 12,
      next: null,
      previous: `${hub.url}/v2/access-tokens?page=1&page_size=10`,
      results: [{ token_label: 'p10', token: '', last_used: null, client_id: 'HUB' }, {}],
    });
    const organization = await ask('GET', '/v2/orgs/acme/access-tokens?page_size=2', bearer);
    expect(organization.body).toMatchObject({
      total: 3,
      next: `${hub.url}/v2/orgs/acme/access-tokens?page_size=2&page=2`,
      previous: null,
      results: { length: 2 },
    });
    expect((await ask('GET', '/v2/access-tokens?page=x', bearer)).status).toBe(400);
  });

  test('shows one token, to whom it belongs', async () => {
    const token = hub.createToken('alice', { label: 'mine' });
    expect((await ask('GET', `/v2/access-tokens/${token.id}`, await signIn())).body).toMatchObject({ uuid: token.id });
    expect((await ask('GET', `/v2/access-tokens/${token.id}`, await signIn('bob', 'bobs'))).status).toBe(404);
  });

  test('refuses personal tokens at account endpoints if so told', async () => {
    const token = hub.createToken('alice', { label: 'reader' });
    const bearer = await signIn('alice', token.secret);
    for (const path of ['/v2/access-tokens', '/v2/orgs/acme/access-tokens', '/v2/auditlogs/acme'])
      expect(await ask('GET', path, bearer)).toMatchObject({
        status: 403,
        body: { message: 'access to the resource is forbidden with personal access token' },
      });
  });

  test('moves the last use of a token when it pushes or signs in, after a while', async () => {
    const token = hub.createToken('alice', { label: 'ci' });
    const lastUsed = async () => {
      const { body } = await ask('GET', '/v2/access-tokens', await signIn());
      return z.object({ results: z.tuple([z.object({ last_used: z.string().nullable() })]) }).parse(body).results[0]
        .last_used;
    };
    hub.lastUsedLagMs = MINUTE;
    hub.useToken(token.id, { push: push('1') });
    const usedAt = now;
    expect(await lastUsed()).toBeNull();
    now += MINUTE;
    expect(await lastUsed()).toBe(new Date(usedAt).toISOString());
    hub.lastUsedLagMs = 0;
    await signIn('alice', token.secret);
    expect(await lastUsed()).toBe(new Date(now).toISOString());
  });

  test('logs a push when it was, and shows it when the lag is over', async () => {
    hub.auditLagMs = 5 * MINUTE;
    const pushedAt = now;
    hub.push('bob', push('1'));
    const bearer = await signIn();
    const logs = async () => (await ask('GET', '/v2/auditlogs/acme', bearer)).body;
    expect(await logs()).toEqual({ logs: [] });
    now += 5 * MINUTE;
    expect(await logs()).toMatchObject({
      logs: [
        {
          action: 'repo.tag.push',
          actor: 'bob',
          data: { tag: '1', digest: DIGEST },
          timestamp: new Date(pushedAt).toISOString(),
        },
      ],
    });
  });

  test.each(['account', 'label', 'id'] as const)('names who pushed with a token by its %s', async (actors) => {
    hub.actors = actors;
    const token = hub.createToken('acme', { label: 'release' });
    hub.useToken(token.id, { push: push('1') });
    const actor = { account: 'acme', label: 'release', id: token.id }[actors];
    const { body } = await ask('GET', `/v2/auditlogs/acme?actor=${actor}`, await signIn());
    expect(body).toMatchObject({ logs: [{ action: 'repo.tag.push', actor }] });
  });

  test('filters its log, newest first, 25 rows a page', async () => {
    for (let at = 0; at < 30; at += 1) hub.push('bob', push(`t${at}`), now - at * 1000);
    hub.record('acme', 'org.settings.update', 'alice');
    const bearer = await signIn();
    const read = async (query: string) => (await ask('GET', `/v2/auditlogs/acme?${query}`, bearer)).body.logs;
    expect(await read('')).toHaveLength(25);
    expect(await read('page=2')).toHaveLength(6);
    expect(await read('action=repo.tag.push&name=acme/app&page_size=1')).toMatchObject([{ data: { tag: 't0' } }]);
    expect(await read('actor=alice')).toHaveLength(1);
    const [from, to] = [new Date(now - 5000).toISOString(), new Date(now - 4000).toISOString()];
    expect(await read(`from=${from}&to=${to}`)).toMatchObject([{ data: { tag: 't4' } }, { data: { tag: 't5' } }]);
    const { body } = await ask('GET', '/v2/auditlogs/acme/actions', bearer);
    expect(body.actions.repo.actions).toContainEqual(
      expect.objectContaining({ name: 'tag.push', label: 'Tag Pushed' }),
    );
  });

  test('denies pushes by tokens that are expired, inactive, of too little scope, or of somebody else', () => {
    const expired = hub.createToken('alice', { label: 'a', expiresAt: now });
    const inactive = hub.createToken('alice', { label: 'b' });
    hub.deactivate(inactive.id);
    const reader = hub.createToken('alice', { label: 'c', scopes: ['repo:read'] });
    const narrow = hub.createToken('acme', {
      label: 'd',
      resources: [{ type: 'TYPE_REPO', path: 'acme/lib', scopes: ['scope-image-push'] }],
    });
    hub.addUser('mallory', { password: 'x' });
    const stranger = hub.createToken('mallory', { label: 'e' });
    for (const { id } of [expired, inactive, reader, narrow, stranger])
      expect(() => hub.useToken(id, { push: push('1') })).toThrow(HubDenied);
    expect(hub.repositories.get('acme/app')?.tags.size ?? 0).toBe(0);
  });

  test('serves tags to anybody, those of private repositories to members', async () => {
    hub.push('bob', push('1'));
    hub.addRepository('acme/secret', { isPrivate: true });
    hub.push('bob', { ...push('1'), repository: 'acme/secret' });
    const tags = (name: string) => `/v2/namespaces/acme/repositories/${name}/tags`;
    expect((await ask('GET', tags('app'))).body).toMatchObject({ count: 1, results: [{ name: '1', digest: DIGEST }] });
    expect((await ask('GET', `${tags('app')}/1`)).body).toMatchObject({ last_updater_username: 'bob', digest: DIGEST });
    expect((await ask('HEAD', `${tags('app')}/1`)).status).toBe(200);
    expect((await ask('HEAD', `${tags('app')}/2`)).status).toBe(404);
    expect((await ask('GET', tags('secret'))).status).toBe(404);
    expect((await ask('GET', tags('secret'), await signIn('bob', 'bobs'))).status).toBe(200);
  });

  test('keeps tags that are immutable, and logs who said so', async () => {
    hub.push('bob', push('1.0.0'));
    hub.push('bob', push('latest'));
    const settings = '/v2/namespaces/acme/repositories/app/immutabletags';
    const rules = { immutable_tags: true, immutable_tags_rules: ['[0-9.]+'] };
    expect((await ask('PATCH', settings, await signIn('bob', 'bobs'), rules)).status).toBe(403);
    const bearer = await signIn();
    expect(await ask('PATCH', settings, bearer, rules)).toMatchObject({
      status: 200,
      body: { immutable_tags_settings: { enabled: true, rules: ['[0-9.]+'] } },
    });
    expect((await ask('POST', `${settings}/verify`, bearer, { regex: '1.*' })).body).toEqual({ tags: ['1.0.0'] });
    expect(() => hub.push('bob', push('1.0.0', OTHER))).toThrow(/immutable/);
    hub.push('bob', push('latest', OTHER));
    const { body } = await ask('GET', '/v2/auditlogs/acme?action=repo.immutable.tags.updated', bearer);
    expect(body.logs).toMatchObject([{ actor: 'alice', name: 'acme/app', data: { enabled: 'true' } }]);
  });

  test('limits requests per account and minute, with the documented headers', async () => {
    const bearer = await signIn();
    hub.requestsPerMinute = 1;
    const reset = String((Math.floor(now / MINUTE) + 1) * 60);
    const first = await ask('GET', '/v2/access-tokens', bearer);
    expect(first.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(first.headers.get('x-ratelimit-reset')).toBe(reset);
    const second = await ask('GET', '/v2/access-tokens', bearer);
    expect([second.status, second.headers.get('x-retry-after')]).toEqual([429, reset]);
    now += MINUTE;
    expect((await ask('GET', '/v2/access-tokens', bearer)).status).toBe(200);
  });

  test('counts what it was asked', async () => {
    const before = hub.requests.length;
    await signIn();
    expect(hub.requests.slice(before)).toMatchObject([{ method: 'POST', path: '/v2/auth/token' }]);
    expect(hub.counts().POST).toBeGreaterThan(0);
  });
});
