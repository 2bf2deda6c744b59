import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createDockerHub } from '../../src/dockerhub/client.ts';
import type { AccountAnswer, HubSession } from '../../src/usecases/registry-accounts.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const SECRET = 'Secret-that-must-not-leak';
const BEARER = 'bearer-that-must-not-leak';
const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;

const server = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();
const logs = (['log', 'warn', 'error', 'info', 'debug'] as const).map((method) => vi.spyOn(console, method));
let answers: AccountAnswer<unknown>[] = [];

beforeAll(() => Promise.all([server.start(), attacker.start()]));
afterAll(() => Promise.all([server.stop(), attacker.stop()]));
beforeEach(() => {
  timeoutMs = 10_000;
  server.requests.length = 0;
  answers = [];
});
afterEach(() => {
  const told = JSON.stringify([answers, ...logs.map(({ mock }) => mock.calls)]).toLowerCase();
  for (const secret of [SECRET, BEARER, 'dckr_pat_', 'eyjh']) expect(told).not.toContain(secret.toLowerCase());
  expect(attacker.requests).toEqual([]);
});

/** Short only where it is waited for: an answer may be slow on a busy machine. */
let timeoutMs = 10_000;
const hub = () => createDockerHub({ apiUrl: server.url, fetch, userAgent: 'test', timeoutMs, clock: () => NOW });
const fresh = (): HubSession => ({ bearer: BEARER, expiresAt: NOW + 60_000 });

/** What each kind of request makes of an answer. */
const CALLS = {
  signIn: () => hub().signIn({ identifier: 'alice', secret: SECRET }, createBudget(9)),
  personalTokens: () => hub().personalTokens(fresh(), 1, createBudget(9)),
  organizationTokens: () => hub().organizationTokens(fresh(), 'acme', 1, createBudget(9)),
  tokenResources: () => hub().tokenResources(fresh(), 'acme', 'id', createBudget(9)),
  auditLog: () => hub().auditLog(fresh(), 'acme', { from: 0, to: NOW, page: 1 }, createBudget(9)),
} satisfies Record<string, () => Promise<AccountAnswer<unknown>>>;

async function call(name: keyof typeof CALLS, handler: Handler): Promise<AccountAnswer<unknown>> {
  server.handle = handler;
  const given = await CALLS[name]();
  if (name !== 'signIn') answers.push(given);
  if (given.kind !== 'found') answers.push(given);
  return given;
}

const json = (value: unknown, status = 200, headers: Record<string, string> = {}) =>
  answer(status, headers, JSON.stringify(value));
const reasonOf = (given: AccountAnswer<unknown>) => ('reason' in given ? given.reason : '');
const every = Object.keys(CALLS).filter((name): name is keyof typeof CALLS => name in CALLS);

const truncated: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"results":[');
  setTimeout(() => response.destroy(), 20);
};
const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;

describe.each(every)('%s', (name) => {
  test.each<[string, Handler, RegExp]>([
    ['a huge body', answer(200, {}, `{"results":[],"x":"${'x'.repeat(2 << 20)}"}`), /more than 2048 KiB/],
    ['an endless body', endless, /more than 2048 KiB/],
    ['a hang-up', (request) => request.destroy(), /not reached/],
    ['a truncated body', truncated, /not reached|no JSON/],
    ['HTML', answer(200, { 'content-type': 'text/html' }, '<html>'), /no JSON/],
    ['nothing', answer(200), /no JSON/],
    ['null', json(null), /Docker Hub/],
    ['a number', json(1), /Docker Hub/],
    ['a list', json([]), /Docker Hub/],
    ['another thing', json({ hello: 'world' }), /Docker Hub/],
    ['wrong types', json({ access_token: 1, results: {}, logs: 'x', resources: 'x', id: 'id' }), /Docker Hub/],
    ['deep JSON', answer(200, {}, deep), /Docker Hub/],
    ['deep JSON inside', answer(200, {}, `{"results":${deep},"logs":${deep},"resources":${deep}}`), /Docker Hub/],
    ['204', answer(204), /answered 204/],
    ['500', json({ message: 'oops' }, 500), /answered 500 \(trouble of its own\): oops/],
  ])('is unavailable after %s', async (_, handler, reason) => {
    const given = await call(name, handler);
    expect(given).toMatchObject({ kind: 'unavailable' });
    expect(reasonOf(given)).toMatch(reason);
    expect(server.requests).toHaveLength(1);
  });

  test.each<[string, Handler, RegExp]>([
    ['a body that drips', dripping, /no full answer within 0.8 s/],
    ['no answer', () => undefined, /no full answer within 0.8 s/],
    [
      '503, dripping',
      (q, s) => {
        s.writeHead(503);
        dripping(q, Object.assign(s, { writeHead: () => s }));
      },
      /answered 503/,
    ],
  ])('waits no longer than it may for %s', async (_, handler, reason) => {
    timeoutMs = 800;
    const given = await call(name, handler);
    expect(given).toMatchObject({ kind: 'unavailable' });
    expect(reasonOf(given)).toMatch(reason);
  });

  test.each([301, 302, 307, 308])('follows no redirect (%i)', async (status) => {
    const given = await call(name, (q, s) => answer(status, { location: `${attacker.url}/v2/x` })(q, s));
    expect(given).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('never followed') });
  });

  test.each<[string, Handler, AccountAnswer<unknown>['kind']]>([
    ['401', json({ detail: 'x' }, 401), 'signed-out'],
    [
      '401 with an endless body',
      (q, s) => {
        s.writeHead(401);
        endless(q, Object.assign(s, { writeHead: () => s }));
      },
      'signed-out',
    ],
    ['402', answer(402), 'not-on-plan'],
    ['403', json({ message: 'forbidden', errinfo: {} }, 403), 'forbidden'],
    ['403 in HTML that speaks of plans', answer(403, {}, '<p>Upgrade your plan</p>'), 'forbidden'],
    ['403 that speaks of something else', json({ message: 'explain your planet' }, 403), 'forbidden'],
    ['403 that wants another client', json({ message: 'please upgrade your client' }, 403), 'forbidden'],
    ['404', json({ message: 'object not found' }, 404), 'forbidden'],
    ['404 that speaks of plans', json({ message: 'no such plan in your plans' }, 404), 'forbidden'],
    ['403, plans', json({ message: 'this API is only available to users on Pro or Team plans' }, 403), 'not-on-plan'],
    ['403, upgrade', json({ detail: 'Upgrade your account to read this' }, 403), 'not-on-plan'],
    ['400, subscription', json({ text: 'requires a Business subscription' }, 400), 'not-on-plan'],
    ['400', json({ text: 'bad page' }, 400), 'unavailable'],
    ['418', answer(418), 'unavailable'],
  ])('tells %s by its status', async (_, handler, kind) => {
    expect(await call(name, handler)).toMatchObject({ kind });
  });
});

describe('a message of the server’s', () => {
  const secret = { signIn: SECRET, personalTokens: BEARER } as const;

  test.each([
    ['repeats it', (text: string) => `no such secret: ${text}.`],
    ['repeats it in other letters', (text: string) => `no such secret: ${text.toUpperCase()}.`],
    ['repeats a token of Docker’s', () => 'no such secret: dckr_pat_abc'],
    ['repeats a bearer', () => 'bad token eyJhbGciOiJIUzI1NiJ9'],
  ])('is not passed on if it %s', async (_, message) => {
    for (const name of ['signIn', 'personalTokens'] as const) {
      const given = await call(name, json({ message: message(secret[name]) }, 403));
      expect(given).toEqual({ kind: 'forbidden', reason: 'Docker Hub answered 403' });
    }
  });

  test('is one line of 200 characters', async () => {
    const message = `a\r\nb\u0000\u202Ec \u2028${'\u{1F600}'.repeat(300)}`;
    const reason = reasonOf(await call('auditLog', json({ message }, 403)));
    expect(reason.replace('Docker Hub answered 403: ', '')).toHaveLength(200);
    expect(reason).toMatch(/^Docker Hub answered 403: a b c \u{1F600}/u);
    expect(reason).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
  });

  test('of another type is none', async () => {
    for (const message of [1, {}, ['x'], null])
      expect(await call('auditLog', json({ message }, 403))).toEqual({
        kind: 'forbidden',
        reason: 'Docker Hub answered 403',
      });
  });
});

describe('a 429', () => {
  const at = (seconds: number) => String(NOW / SECOND + seconds);
  test.each<[string, Record<string, string>, number]>([
    ['a time', { 'x-retry-after': at(90) }, NOW + 90 * SECOND],
    ['a time with a fraction', { 'x-retry-after': `${at(90)}.5` }, NOW + 90.5 * SECOND],
    ['a time in ms', { 'x-retry-after': String(NOW + 90 * SECOND) }, NOW + 90 * SECOND],
    ['seconds in the wrong header', { 'x-retry-after': '90' }, NOW + 90 * SECOND],
    ['seconds', { 'retry-after': '90' }, NOW + 90 * SECOND],
    ['a date', { 'retry-after': new Date(NOW + 90 * SECOND).toUTCString() }, NOW + 90 * SECOND],
    ['a time in the wrong header', { 'retry-after': at(90) }, NOW + 90 * SECOND],
    ['only when its limit ends', { 'x-ratelimit-reset': at(90) }, NOW + 90 * SECOND],
    ['both', { 'x-retry-after': at(90), 'retry-after': '5' }, NOW + 90 * SECOND],
    ['nothing', {}, NOW + 60 * SECOND],
    ['nonsense', { 'x-retry-after': 'soon', 'retry-after': '-5' }, NOW + 60 * SECOND],
    ['a time that is over', { 'x-retry-after': at(-90) }, NOW + SECOND],
    ['a year', { 'x-retry-after': at(365 * 86_400) }, NOW + DAY],
    ['an eternity of seconds', { 'retry-after': '999999999' }, NOW + DAY],
    ['an absurd number', { 'x-retry-after': '9999999999999' }, NOW + DAY],
  ])('that names %s is waited for, a day at most', async (_, headers, until) => {
    for (const name of every)
      expect(await call(name, answer(429, headers))).toMatchObject({ kind: 'later', at: until });
  });

  test('keeps its session waiting, without requests', async () => {
    const [client, session, budget] = [hub(), fresh(), createBudget(9)];
    server.handle = answer(429, { 'x-retry-after': at(90) });
    for (let time = 0; time < 3; time += 1)
      expect(await client.personalTokens(session, 1, budget)).toMatchObject({ kind: 'later', at: NOW + 90 * SECOND });
    expect([server.requests.length, budget.left]).toEqual([1, 8]);
  });
});

describe('an answer that says it is the last one for now', () => {
  const limits = (remaining: string, reset?: string): Record<string, string> => ({
    'x-ratelimit-remaining': remaining,
    ...(reset === undefined ? {} : { 'x-ratelimit-reset': reset }),
  });
  const list = { results: [], next: null };

  test.each<[string, Record<string, string>, string]>([
    ['with a time', limits('0', String(NOW / SECOND + 30)), 'later'],
    ['with the seconds that are left', limits('0', '30'), 'later'],
    ['with a time that is over', limits('0', String(NOW / SECOND - 30)), 'found'],
    ['without a time', limits('0'), 'found'],
    ['with nonsense', limits('0', 'soon'), 'found'],
    ['though it is not', limits('1', String(NOW / SECOND + 30)), 'found'],
  ])('%s', async (_, headers, kind) => {
    const [client, session] = [hub(), fresh()];
    server.handle = json(list, 200, headers);
    expect(await client.personalTokens(session, 1, createBudget(9))).toMatchObject({ kind: 'found' });
    expect(await client.personalTokens(session, 1, createBudget(9))).toMatchObject({ kind });
  });
});

test('a body that ignores the time-out, as in some runtimes, does not outlast it', async () => {
  const silent: typeof fetch = async () => new Response(new ReadableStream());
  const client = createDockerHub({ apiUrl: server.url, fetch: silent, userAgent: 'test', timeoutMs: 50 });
  const session = { bearer: BEARER, expiresAt: Date.now() + DAY };
  expect(await client.personalTokens(session, 1, createBudget(1))).toEqual({
    kind: 'unavailable',
    reason: 'Docker Hub gave no full answer within 0.05 s',
  });
});

test.each(['', 'a b', 'a\r\nx: y', 'ä', 'x'.repeat(16_385)])('the bearer %j is none', async (access_token) => {
  expect(await call('signIn', json({ access_token }))).toMatchObject({ kind: 'unavailable' });
});

describe('a list of tokens', () => {
  const PAT = { uuid: 'b30bbf97-506c-4ecd-aabc-842f3cb484fb', token_label: 'one', is_active: true };
  const list = (row: unknown, rest: object = {}) => json({ results: [PAT, row], next: null, ...rest });
  const told = async (row: unknown) => {
    const given = await call('personalTokens', list(row));
    return given.kind === 'found' ? given : reasonOf(given);
  };
  const found = (row: object) => ({ kind: 'found', value: { tokens: [{ label: 'one' }, row] } });

  test.each([
    ['no token', 'x'],
    ['no id', { token_label: 'x' }],
    ['an id that is a number', { ...PAT, uuid: 7 }],
    ['an id that is a path', { ...PAT, uuid: '../../users' }],
    ['an endless id', { ...PAT, uuid: 'x'.repeat(101) }],
  ])('in which one is %s is unavailable: none is left out', async (_, row) => {
    expect(await told(row)).toBe('Docker Hub sent a list of tokens in which token 2 of page 1 has no usable id');
  });

  test.each([
    ['a number', 1764000000],
    ['words', 'yesterday'],
    ['another century', '1926-11-24T12:00:00Z'],
    ['the future', new Date(NOW + 2 * DAY).toISOString()],
    ['no day of the calendar', '2026-99-24T12:00:00Z'],
    ['an object', {}],
  ])('in which a last use is %s is unavailable: that is not "never"', async (_, last_used) => {
    expect(await told({ ...PAT, last_used })).toMatch(/token 2 of page 1 has no readable last use/);
    const oat = { id: 'x', last_used_at: last_used };
    expect(await call('organizationTokens', json({ total: 1, results: [oat] }))).toMatchObject({ kind: 'unavailable' });
  });

  test.each([null, undefined, '', '0001-01-01T00:00:00Z'])('says "never" with %j', async (last_used) => {
    expect(await told({ ...PAT, last_used })).toMatchObject(found({ usedAt: null }));
  });

  test.each<[string, object, object]>([
    ['no label', { token_label: null }, { label: '' }],
    ['a long label', { token_label: 'x'.repeat(5000) }, { label: 'x'.repeat(255) }],
    ['half a character', { token_label: `${'x'.repeat(254)}\u{1F600}` }, { label: `${'x'.repeat(254)}\u{FFFD}` }],
    ['control characters', { token_label: 'a\u0000b\nc' }, { label: 'a\u{FFFD}b\u{FFFD}c' }],
    [
      'absurd times',
      { created_at: '0001-01-01T00:00:00Z', expires_at: '+275760-09-13T00:00:00Z' },
      { createdAt: null, expiresAt: null },
    ],
    ['times that are none', { created_at: 5, expires_at: '1' }, { createdAt: null, expiresAt: null }],
    [
      'a time of microseconds',
      { created_at: '2021-07-20T12:00:00.123456Z' },
      { createdAt: Date.UTC(2021, 6, 20, 12, 0, 0, 123) },
    ],
    ['a time elsewhere', { created_at: '2021-07-20T14:00:00+02:00' }, { createdAt: Date.UTC(2021, 6, 20, 12) }],
    ['no address', { creator_ip: '<script>' }, { creatorIp: null }],
    ['no state', { is_active: 'no' }, { active: true }],
    ['scopes that are none', { scopes: [1] }, { scopes: null }],
    ['endless scopes', { scopes: ['x'.repeat(101)] }, { scopes: null }],
    ['no scopes', { scopes: undefined }, { scopes: null }],
  ])('reads a token with %s', async (_, row, read) => {
    expect(await told({ ...PAT, ...row })).toMatchObject(found(read));
  });

  test('names who made an organization’s token only if it says so', async () => {
    const given = await call(
      'organizationTokens',
      json({
        results: [
          { id: 'x', created_by: '' },
          { id: 'y', created_by: 5 },
        ],
      }),
    );
    expect(given).toMatchObject({ kind: 'found', value: { tokens: [{ createdBy: null }, { createdBy: null }] } });
  });

  test('goes on at our own next page, wherever an answer says that it is', async () => {
    const next = `${attacker.url}/v2/access-tokens?page=77`;
    for (const name of ['personalTokens', 'organizationTokens'] as const) {
      const row = { ...PAT, id: PAT.uuid };
      expect(await call(name, json({ results: [row], next }))).toMatchObject({ kind: 'found', value: { next: 2 } });
    }
    await hub().personalTokens(fresh(), 2, createBudget(9));
    expect(server.requests.at(-1)?.url.search).toBe('?page=2&page_size=100');
  });

  test.each([null, undefined, ''])('ends with %j for the next page', async (next) => {
    expect(await call('personalTokens', json({ results: [PAT], next }))).toMatchObject({ value: { next: null } });
  });

  test('without an end on empty pages, of a next page that is no address, or too long, is unavailable', async () => {
    for (const body of [
      { results: [], next: 'x' },
      { results: [PAT], next: 2 },
      { results: [PAT], next: {} },
      { results: Array.from({ length: 1001 }, () => PAT), next: null },
    ])
      expect(await call('personalTokens', json(body))).toMatchObject({ kind: 'unavailable' });
  });
});

test('an empty list may be written as null', async () => {
  const tokens = { kind: 'found', value: { tokens: [], next: null } };
  for (const name of ['personalTokens', 'organizationTokens'] as const)
    expect(await call(name, json({ results: null }))).toEqual(tokens);
  expect(await call('auditLog', json({ logs: null }))).toEqual({ kind: 'found', value: { rows: [], more: false } });
});

test('of two answers at once, the one that asks to wait counts', async () => {
  const [client, session] = [hub(), fresh()];
  const list = JSON.stringify({ results: [], next: null });
  server.handle = (request, response) => {
    if (request.url?.startsWith('/v2/orgs/'))
      answer(429, { 'x-retry-after': String(NOW / SECOND + 30) })(request, response);
    else setTimeout(() => answer(200, {}, list)(request, response), 60);
  };
  const both = [
    client.personalTokens(session, 1, createBudget(1)),
    client.organizationTokens(session, 'acme', 1, createBudget(1)),
  ];
  expect((await Promise.all(both)).map(({ kind }) => kind)).toEqual(['found', 'later']);
  expect(await client.personalTokens(session, 1, createBudget(1))).toMatchObject({ kind: 'later' });
});

describe('what a token may reach', () => {
  const repo = { type: 'TYPE_REPO', path: 'acme/app', scopes: ['repo-pull'] };
  test.each<[string, object, RegExp]>([
    [
      'of another type',
      { id: 'id', resources: [repo, { ...repo, type: 'TYPE_CLOUD\n' }] },
      /another type: TYPE_CLOUD$/,
    ],
    ['without a path', { id: 'id', resources: [{ ...repo, path: '' }] }, /no description/],
    ['without scopes', { id: 'id', resources: [{ type: 'TYPE_REPO', path: 'x' }] }, /no description/],
    ['without resources', { id: 'id' }, /no description/],
    ['of another token', { id: 'other', resources: [repo] }, /another token/],
  ])('is unavailable if it is told %s', async (_, body, reason) => {
    const given = await call('tokenResources', json(body));
    expect(given).toMatchObject({ kind: 'unavailable' });
    expect(reasonOf(given)).toMatch(reason);
  });

  test('may be nothing', async () => {
    for (const resources of [[], null])
      expect(await call('tokenResources', json({ id: 'id', resources }))).toEqual({ kind: 'found', value: [] });
  });
});

describe('an audit log', () => {
  const ROW = {
    account: 'acme',
    action: 'repo.tag.push',
    name: 'acme/app',
    actor: 'bob',
    timestamp: '2026-11-24T11:00:00Z',
  };
  const told = (row: unknown) => call('auditLog', json({ logs: [ROW, row] }));

  test.each([
    ['no row', null],
    ['no action', { ...ROW, action: undefined }],
    ['an action in another form', { ...ROW, action: 'repo tag push' }],
    ['no time', { ...ROW, timestamp: null }],
    ['Go’s zero time', { ...ROW, timestamp: '0001-01-01T00:00:00Z' }],
    ['an absurd time', { ...ROW, timestamp: '9999-01-01T00:00:00Z' }],
    ['a time to come', { ...ROW, timestamp: '2026-11-26T11:00:00Z' }],
    ['a number for a time', { ...ROW, timestamp: 1764000000 }],
  ])('in which a row has %s is unavailable: none is left out', async (_, row) => {
    expect(await told(row)).toMatchObject({ kind: 'unavailable', reason: expect.stringContaining('row 2') });
  });

  test.each<[string, object, object]>([
    ['no account', { account: null }, { account: 'acme' }],
    ['no name', { name: undefined }, { name: '' }],
    ['no actor', { actor: null }, { actor: '' }],
    ['a long actor', { actor: 'x'.repeat(300) }, { actor: 'x'.repeat(255) }],
    ['no data', {}, { data: {} }],
    ['data that are none', { data: 'x' }, { data: {} }],
    [
      'plain data',
      { data: { a: 1, b: true, c: 'x', d: null, e: {}, f: [1] } },
      { data: { a: '1', b: 'true', c: 'x' } },
    ],
    ['long data', { data: { tag: 'x'.repeat(300) } }, { data: { tag: 'x'.repeat(255) } }],
    ['a description', { action_description: 'pushed\n' }, { description: 'pushed' }],
  ])('reads a row with %s', async (_, row, read) => {
    expect(await told({ ...ROW, ...row })).toMatchObject({ kind: 'found', value: { rows: [{}, read] } });
  });

  test('keeps 32 data of a row, and no prototype', async () => {
    const data = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`k${at}`, 'x']));
    const body = JSON.stringify({ logs: [{ ...ROW, data }, ROW] }).replace('"k0":', '"__proto__":');
    const given = await call('auditLog', answer(200, {}, body));
    if (given.kind !== 'found') throw new Error(given.kind);
    const page = z.object({ rows: z.array(z.object({ data: z.custom<object>() })) }).parse(given.value);
    const [first] = page.rows;
    expect(Object.keys(first?.data ?? {})).toHaveLength(32);
    expect(Object.getPrototypeOf(first?.data)).toBe(Object.prototype);
  });

  test.each([
    [24, false],
    [25, true],
    [100, true],
  ])('of %i rows may go on: %s', async (length, more) => {
    const logs = Array.from({ length }, () => ROW);
    expect(await call('auditLog', json({ logs }))).toMatchObject({ kind: 'found', value: { more } });
  });
});
