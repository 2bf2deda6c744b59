import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DockerHubDouble } from '../../scripts/simulate/world/dockerhub-api.ts';
import { createDockerHub } from '../../src/dockerhub/client.ts';
import type { DockerHub, HubLogin, HubSession } from '../../src/usecases/registry-accounts.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';

const START = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const PASSWORD = 'password-that-must-not-leak';
const DIGEST = `sha256:${'c'.repeat(64)}`;
const ALICE: HubLogin = { identifier: 'alice', secret: PASSWORD };

let now = START;
let hub: DockerHubDouble;
let client: DockerHub;

beforeAll(async () => {
  hub = await DockerHubDouble.start({ clock: () => now });
  client = createDockerHub({ apiUrl: `${hub.url}/`, fetch, userAgent: 'pushwarden-test', clock: () => now });
});
afterAll(() => hub.close());
beforeEach(() => {
  now += DAY;
  hub.accounts.clear();
  hub.tokens.length = 0;
  hub.log.length = 0;
  hub.repositories.clear();
  hub.addUser('alice', { password: PASSWORD, plan: 'pro' });
  hub.addUser('bob', { password: 'bobs' });
  hub.addOrganization('acme', { plan: 'team', owners: ['alice'], members: ['bob'] });
  hub.addOrganization('hobby', { plan: 'personal', owners: ['alice'] });
});
afterEach(() => {
  hub.heal();
  hub.requestsPerMinute = 600;
});

const plenty = () => createBudget(100);

async function signIn(login: HubLogin = ALICE): Promise<HubSession> {
  const answer = await client.signIn(login, plenty());
  if (answer.kind !== 'found') throw new Error(answer.kind);
  return answer.value;
}

const logOf = (session: HubSession, account: string, from = START, page = 1) =>
  client.auditLog(session, account, { from, to: now, page }, plenty());

describe('signing in', () => {
  test('gives a bearer for less than its ten minutes, with one request that names us', async () => {
    const before = hub.requests.length;
    const budget = createBudget(1);
    const answer = await client.signIn(ALICE, budget);
    expect(answer).toMatchObject({ kind: 'found', value: { bearer: expect.stringMatching(/^eyJ/) } });
    if (answer.kind === 'found') expect(answer.value.expiresAt).toBe(now + 9 * MINUTE);
    expect([budget.left, hub.requests.length - before]).toEqual([0, 1]);
    expect(hub.requests.at(-1)).toMatchObject({
      method: 'POST',
      path: '/v2/auth/token',
      userAgent: 'pushwarden-test',
      authorization: undefined,
    });
  });

  test('works with a personal token, and with an organization’s in its own name', async () => {
    const pat = hub.createToken('alice', { label: 'reader' });
    const oat = hub.createToken('acme', { label: 'reader' });
    await signIn({ identifier: 'alice', secret: pat.secret });
    await signIn({ identifier: 'acme', secret: oat.secret });
    expect(await client.signIn({ identifier: 'alice', secret: oat.secret }, plenty())).toMatchObject({
      kind: 'signed-out',
    });
  });

  test('with what is wrong, expired, inactive or deleted is refused, and says nothing of it', async () => {
    const expired = hub.createToken('alice', { label: 'a', expiresAt: now });
    const inactive = hub.createToken('alice', { label: 'b' });
    hub.deactivate(inactive.id);
    const deleted = hub.createToken('alice', { label: 'c' });
    hub.revoke(deleted.id);
    for (const secret of ['wrong', expired.secret, inactive.secret, deleted.secret])
      expect(await client.signIn({ identifier: 'alice', secret }, plenty())).toEqual({
        kind: 'signed-out',
        reason: 'Docker Hub answered 401: Incorrect authentication credentials',
      });
  });
});

describe('a session', () => {
  test('that is over asks nothing, and says nothing of the login', async () => {
    const session = await signIn();
    now += 9 * MINUTE;
    const before = hub.requests.length;
    const budget = createBudget(1);
    expect(await client.personalTokens(session, 1, budget)).toMatchObject({ kind: 'unavailable' });
    expect([budget.left, hub.requests.length]).toEqual([1, before]);
  });

  test('whose token was revoked meanwhile is signed out', async () => {
    const token = hub.createToken('alice', { label: 'reader' });
    const session = await signIn({ identifier: 'alice', secret: token.secret });
    hub.revoke(token.id);
    expect(await client.personalTokens(session, 1, plenty())).toMatchObject({ kind: 'signed-out' });
  });
});

describe('personal tokens', () => {
  test('are listed with what is known of them, and never their values', async () => {
    const token = hub.createToken('alice', {
      label: 'CI of app',
      scopes: ['repo:write'],
      createdAt: START - DAY,
      expiresAt: now + DAY,
      creatorIp: '2001:db8::7',
    });
    hub.createToken('alice', { label: 'never used' });
    hub.createToken('bob', { label: 'somebody else’s' });
    hub.useToken(token.id, { at: now - MINUTE });
    hub.deactivate(token.id);
    const answer = await client.personalTokens(await signIn(), 1, plenty());
    expect(answer).toEqual({
      kind: 'found',
      value: {
        tokens: [
          {
            kind: 'dockerhub-pat',
            id: token.id,
            label: 'CI of app',
            createdBy: null,
            createdAt: START - DAY,
            creatorIp: '2001:db8::7',
            expiresAt: now + DAY,
            usedAt: now - MINUTE,
            active: false,
            scopes: ['repo:write'],
          },
          expect.objectContaining({ label: 'never used', usedAt: null, expiresAt: null, active: true }),
        ],
        next: null,
      },
    });
    expect(JSON.stringify(answer)).not.toContain(token.secret);
  });

  test('come in pages of 100, each for one request', async () => {
    for (let at = 0; at < 201; at += 1) hub.createToken('alice', { label: `t${at}` });
    const session = await signIn();
    const labels: string[] = [];
    const budget = createBudget(3);
    for (let page: number | null = 1; page !== null; ) {
      const answer = await client.personalTokens(session, page, budget);
      if (answer.kind !== 'found') throw new Error(answer.kind);
      labels.push(...answer.value.tokens.map(({ label }) => label));
      page = answer.value.next;
    }
    expect([labels.length, new Set(labels).size, budget.left]).toEqual([201, 201, 0]);
    expect(hub.requests.at(-1)?.path).toBe('/v2/access-tokens?page=3&page_size=100');
    expect(hub.requests.at(-1)?.authorization).toBe(`Bearer ${session.bearer}`);
  });

  test('are not for organizations’ tokens', async () => {
    const oat = hub.createToken('acme', { label: 'reader' });
    const session = await signIn({ identifier: 'acme', secret: oat.secret });
    expect(await client.personalTokens(session, 1, plenty())).toEqual({
      kind: 'forbidden',
      reason: 'Docker Hub answered 403: token issued from organization access token is not allowed',
    });
  });
});

describe('an organization’s tokens', () => {
  test('are listed with who made them', async () => {
    const token = hub.createToken('acme', { label: 'release', createdBy: 'alice', createdAt: START });
    expect(await client.organizationTokens(await signIn(), 'acme', 1, plenty())).toEqual({
      kind: 'found',
      value: {
        tokens: [
          {
            kind: 'dockerhub-oat',
            id: token.id,
            label: 'release',
            createdBy: 'alice',
            createdAt: START,
            creatorIp: null,
            expiresAt: null,
            usedAt: null,
            active: true,
            scopes: null,
          },
        ],
        next: null,
      },
    });
  });

  test('come in pages by the wrapper that they have', async () => {
    for (let at = 0; at < 150; at += 1) hub.createToken('acme', { label: `t${at}` });
    const session = await signIn();
    const first = await client.organizationTokens(session, 'acme', 1, plenty());
    const second = await client.organizationTokens(session, 'acme', 2, plenty());
    expect(first).toMatchObject({ kind: 'found', value: { next: 2, tokens: { length: 100 } } });
    expect(second).toMatchObject({ kind: 'found', value: { next: null, tokens: { length: 50 } } });
  });

  test('tell what they may reach', async () => {
    const resources = [
      { type: 'TYPE_REPO', path: 'acme/*', scopes: ['scope-image-push', 'scope-tag-read'] },
      { type: 'TYPE_ORG', path: 'acme', scopes: ['scope-activity-read'] },
    ];
    const token = hub.createToken('acme', { label: 'release', resources });
    const session = await signIn();
    expect(await client.tokenResources(session, 'acme', token.id, plenty())).toEqual({
      kind: 'found',
      value: [
        { type: 'repository', path: 'acme/*', scopes: ['scope-image-push', 'scope-tag-read'] },
        { type: 'organization', path: 'acme', scopes: ['scope-activity-read'] },
      ],
    });
    hub.revoke(token.id);
    expect(await client.tokenResources(session, 'acme', token.id, plenty())).toMatchObject({ kind: 'forbidden' });
  });

  test('are for owners, of organizations whose plan has them', async () => {
    const bob = await signIn({ identifier: 'bob', secret: 'bobs' });
    expect(await client.organizationTokens(bob, 'acme', 1, plenty())).toEqual({
      kind: 'forbidden',
      reason: 'Docker Hub answered 403: forbidden',
    });
    expect(await client.organizationTokens(bob, 'hobby', 1, plenty())).toMatchObject({ kind: 'forbidden' });
    expect(await client.organizationTokens(await signIn(), 'hobby', 1, plenty())).toMatchObject({
      kind: 'not-on-plan',
      reason: expect.stringContaining('your plan'),
    });
  });
});

describe('an audit log', () => {
  const push = (tag: string) => ({ repository: 'acme/app', tag, digest: DIGEST });

  test('tells of pushes with their digest, and of what was done to tokens and settings', async () => {
    const token = hub.createToken('acme', { label: 'release', createdBy: 'alice' });
    now += MINUTE;
    hub.useToken(token.id, { push: push('1.2.3') });
    const pushedAt = now;
    now += MINUTE;
    hub.setImmutableTags('acme/app', { enabled: false, rules: [] }, 'alice');
    hub.record('acme', 'oidc.connection.delete', 'alice');
    hub.revoke(token.id, 'alice');
    const answer = await logOf(await signIn(), 'acme');
    if (answer.kind !== 'found') throw new Error(answer.kind);
    expect(answer.value.more).toBe(false);
    expect(answer.value.rows.map(({ action }) => action).sort()).toEqual([
      'oidc.connection.delete',
      'org.access_token.create',
      'org.access_token.delete',
      'repo.immutable.tags.updated',
      'repo.tag.push',
    ]);
    expect(answer.value.rows.find(({ action }) => action === 'repo.tag.push')).toEqual({
      account: 'acme',
      action: 'repo.tag.push',
      name: 'acme/app',
      actor: 'acme',
      data: { digest: DIGEST, tag: '1.2.3' },
      at: pushedAt,
      description: 'repo.tag.push of acme/app',
    });
  });

  test('is read for the time that was asked for', async () => {
    const token = hub.createToken('acme', { label: 'release', createdAt: START });
    const from = now;
    for (const tag of ['a', 'b', 'c']) {
      now += MINUTE;
      hub.useToken(token.id, { push: push(tag) });
    }
    const session = await signIn();
    const query = { from: from + 2 * MINUTE, to: from + 2 * MINUTE, page: 1 };
    const answer = await client.auditLog(session, 'acme', query, plenty());
    expect(answer).toMatchObject({ kind: 'found', value: { rows: [{ data: { tag: 'b' } }], more: false } });
    for (const absurd of [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 8.64e15 + 1])
      expect(await client.auditLog(session, 'acme', { from: 0, to: absurd, page: 1 }, plenty())).toMatchObject({
        kind: 'found',
      });
  });

  test('is read to its end though the server gives smaller pages than were asked for', async () => {
    const small = await DockerHubDouble.start({ clock: () => now, maxPageSize: 25 });
    small.addUser('alice', { password: PASSWORD });
    small.addOrganization('acme', { plan: 'business', owners: ['alice'] });
    for (let at = 0; at < 60; at += 1) small.push('alice', push(`t${at}`), now - at);
    const reader = createDockerHub({ apiUrl: small.url, fetch, userAgent: 'test', clock: () => now });
    const signedIn = await reader.signIn(ALICE, plenty());
    if (signedIn.kind !== 'found') throw new Error(signedIn.kind);
    const tags = new Set<string | undefined>();
    for (let page = 1, more = true; more; page += 1) {
      const answer = await reader.auditLog(signedIn.value, 'acme', { from: START, to: now, page }, plenty());
      if (answer.kind !== 'found') throw new Error(answer.kind);
      for (const { data } of answer.value.rows) tags.add(data.tag);
      more = answer.value.more;
    }
    await small.close();
    expect(tags.size).toBe(60);
  });

  test('is for owners, and for organizations’ tokens with its scope', async () => {
    const activity = [{ type: 'TYPE_ORG', path: 'acme', scopes: ['scope-activity-read'] }];
    const reader = hub.createToken('acme', { label: 'reader', resources: activity });
    const pusher = hub.createToken('acme', { label: 'pusher' });
    expect(await logOf(await signIn({ identifier: 'acme', secret: reader.secret }), 'acme')).toMatchObject({
      kind: 'found',
    });
    for (const login of [
      { identifier: 'acme', secret: pusher.secret },
      { identifier: 'bob', secret: 'bobs' },
    ])
      expect(await logOf(await signIn(login), 'acme')).toMatchObject({ kind: 'forbidden' });
    expect(await logOf(await signIn(), 'hobby')).toMatchObject({ kind: 'not-on-plan' });
    expect(await logOf(await signIn(), 'alice')).toMatchObject({ kind: 'not-on-plan' });
  });
});

describe('a budget', () => {
  test('that is used up asks nothing; one that is not is charged for each request, whatever came of it', async () => {
    const session = await signIn();
    const budget = createBudget(3);
    hub.fail('/v2/auditlogs', { kind: 'status', status: 500 });
    const before = hub.requests.length;
    const kinds: string[] = [];
    for (let at = 0; at < 2; at += 1) kinds.push((await client.personalTokens(session, 1, budget)).kind);
    const query = { from: START, to: now, page: 1 };
    for (let at = 0; at < 2; at += 1) kinds.push((await client.auditLog(session, 'acme', query, budget)).kind);
    kinds.push((await client.organizationTokens(session, 'acme', 1, budget)).kind);
    kinds.push((await client.tokenResources(session, 'acme', 'id', budget)).kind);
    kinds.push((await client.signIn(ALICE, budget)).kind);
    const none = 'out-of-requests';
    expect(kinds).toEqual(['found', 'found', 'unavailable', none, none, none, none]);
    expect(hub.requests.length - before).toBe(3);
  });
});

describe('a rate limit', () => {
  test('is heeded before it is hit, until the time that the answers name', async () => {
    const session = await signIn();
    hub.requestsPerMinute = 2;
    const reset = (Math.floor(now / MINUTE) + 1) * MINUTE;
    const before = hub.requests.length;
    const budget = createBudget(10);
    expect(await client.personalTokens(session, 1, budget)).toMatchObject({ kind: 'found' });
    expect(await client.personalTokens(session, 1, budget)).toMatchObject({ kind: 'found' });
    expect(await client.personalTokens(session, 1, budget)).toEqual({
      kind: 'later',
      at: reset,
      reason: `Docker Hub asked for no requests before ${new Date(reset).toISOString()}`,
    });
    expect([hub.requests.length - before, budget.left]).toEqual([2, 8]);
    now = reset;
    expect(await client.personalTokens(session, 1, budget)).toMatchObject({ kind: 'found' });
  });

  test('that is hit is told with its time, which is a time and not a number of seconds', async () => {
    const first = await signIn();
    hub.requestsPerMinute = 1;
    await client.personalTokens(first, 1, plenty());
    // Another session of the account's, which does not know yet.
    hub.requestsPerMinute = 600;
    const second = await signIn();
    hub.requestsPerMinute = 1;
    const reset = (Math.floor(now / MINUTE) + 1) * MINUTE;
    expect(await client.personalTokens(second, 1, plenty())).toEqual({
      kind: 'later',
      at: reset,
      reason: 'Docker Hub answered 429 (rate limit): Rate limit exceeded',
    });
    const before = hub.requests.length;
    expect(await client.personalTokens(second, 1, plenty())).toMatchObject({ kind: 'later', at: reset });
    expect(hub.requests.length).toBe(before);
  });

  test('of one account is none of another’s', async () => {
    const [alice, bob] = [await signIn(), await signIn({ identifier: 'bob', secret: 'bobs' })];
    hub.requestsPerMinute = 1;
    await client.personalTokens(alice, 1, plenty());
    expect(await client.personalTokens(alice, 1, plenty())).toMatchObject({ kind: 'later' });
    expect(await client.personalTokens(bob, 1, plenty())).toMatchObject({ kind: 'found' });
  });
});

test.each([
  ['..', 'id'],
  ['.', 'id'],
  ['acme/../../users', 'id'],
  ['acme%2f..', 'id'],
  ['acme?x=1', 'id'],
  ['acme#', 'id'],
  ['', 'id'],
  ['a'.repeat(256), 'id'],
  ['ａcme', 'id'],
  ['acme\r\nx: y', 'id'],
  ['acme', '..'],
  ['acme', ''],
  ['acme', 'a/b'],
  ['acme', '%2e%2e'],
  ['acme', 'x?y'],
  ['acme', 'x'.repeat(101)],
])('nothing is asked for organization %j, token %j', async (organization, id) => {
  const session = await signIn();
  const before = hub.requests.length;
  const budget = createBudget(9);
  expect(await client.tokenResources(session, organization, id, budget)).toMatchObject({ kind: 'forbidden' });
  if (organization !== 'acme') {
    expect(await client.organizationTokens(session, organization, 1, budget)).toMatchObject({ kind: 'forbidden' });
    const query = { from: START, to: now, page: 1 };
    expect(await client.auditLog(session, organization, query, budget)).toMatchObject({ kind: 'forbidden' });
  }
  expect([hub.requests.length - before, budget.left]).toEqual([0, 9]);
});
