import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GitHubDouble, type Run } from '../../scripts/simulate/world/github.ts';
import type { CiClaims } from '../../src/domain/ci.ts';
import { createCiRuns, type RunsOptions } from '../../src/github/runs.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';

const TOKEN = 'token-that-must-not-leak';
const PUSHED = Date.UTC(2026, 10, 22, 12);
const COMMIT = '3484a3fb816e0859fd6e1cea078d76385ff50625';
const ISSUER = 'https://token.actions.githubusercontent.com';
const url = (id: number, attempt?: number) =>
  `https://github.com/octo-org/app/actions/runs/${id}${attempt === undefined ? '' : `/attempts/${attempt}`}`;

/** What a certificate tells of the job. */
const CLAIMS: CiClaims = {
  oidcIssuer: ISSUER,
  repositoryId: '74',
  repository: 'octo-org/app',
  workflow: '.github/workflows/release.yml',
  ref: 'refs/tags/v1.2.3',
  environment: 'production',
  event: 'push',
  run: url(1),
  runUrl: url(1),
  commit: COMMIT,
  actor: null,
};

const RUN: Run = {
  id: 1,
  repository: 'octo-org/app',
  repositoryId: 74,
  commit: COMMIT,
  branch: 'v1.2.3',
  createdAt: '2026-11-22T11:50:00Z',
};

describe('a run', () => {
  let github: GitHubDouble;
  beforeAll(async () => {
    github = await GitHubDouble.start();
  });
  afterAll(() => github.close());

  let ids = 0;
  /** Looks up a run like `RUN`, but for this, with these claims. */
  async function lookUp(run: Partial<Run>, claims: Partial<CiClaims> = {}, limit = 50) {
    ids += 1;
    const id = 1000 + ids;
    github.addRun({ ...RUN, id, ...run });
    const runs = createCiRuns({ apiUrl: github.url, token: TOKEN, fetch, userAgent: 'test' });
    return runs.lookUp({ ...CLAIMS, runUrl: url(id), ...claims }, PUSHED, createBudget(limit));
  }

  test('that exists and fits is confirmed, with what GitHub tells of it', async () => {
    const found = await lookUp({});
    const runUrl = found?.runUrl;
    expect(found).toEqual({
      runUrl: url(1000 + ids),
      state: 'confirmed',
      reason: null,
      claims: { ...CLAIMS, runUrl, run: `${1000 + ids}/1`, actor: 'octocat' },
    });
    expect(github.requests.at(-1)).toMatchObject({
      path: `/repos/octo-org/app/actions/runs/${1000 + ids}?exclude_pull_requests=true`,
      authorization: `Bearer ${TOKEN}`,
    });
  });

  const attempt = { attempt: 3, startedAt: '2026-11-22T11:59:00Z', createdAt: '2026-11-01T00:00:00Z' };
  /** Provenance that was signed with a key tells little. */
  const little = { repositoryId: '', ref: null, commit: null, event: null, environment: null, workflow: null };

  test.each<[string, Partial<Run>, Partial<CiClaims>]>([
    ['in progress', { status: 'in_progress', conclusion: null }, {}],
    ['that waits for an approval further on', { status: 'waiting', conclusion: null }, {}],
    ['that failed in the end', { conclusion: 'failure' }, {}],
    ['that was cancelled', { conclusion: 'cancelled' }, {}],
    ['that began two minutes after the push by another clock', { createdAt: '2026-11-22T12:01:59Z' }, {}],
    ['that ran long ago', { createdAt: '2025-01-01T00:00:00Z' }, {}],
    ['of a branch', { branch: 'main' }, { ref: 'refs/heads/main' }],
    ['with its commit in capitals', {}, { commit: COMMIT.toUpperCase() }],
    ['of which provenance tells little', {}, little],
    ['of which provenance tells the name in other letters', {}, { ...little, repository: 'Octo-Org/App.git' }],
    ['of which provenance tells no full ref', {}, { ref: 'main' }],
    ['of a renamed repository', {}, { repository: 'octo-org/before' }],
    [
      'of a pull request, whose commit is a merge',
      { event: 'pull_request', commit: 'f'.repeat(40) },
      { ref: 'refs/pull/1/merge' },
    ],
    ['of an enterprise with its own issuer', {}, { oidcIssuer: `${ISSUER}/octo` }],
  ])('%s is confirmed', async (_, run, claims) => {
    expect(await lookUp(run, claims)).toMatchObject({ state: 'confirmed', reason: null });
  });

  test('that was started again is looked up by its attempt', async () => {
    ids += 1;
    const id = 1000 + ids;
    for (const one of [1, 2, 3]) github.addRun({ ...RUN, id, ...attempt, attempt: one, createdAt: attempt.createdAt });
    const runs = createCiRuns({ apiUrl: github.url, fetch, userAgent: 'test' });
    const found = await runs.lookUp({ ...CLAIMS, runUrl: url(id, 3) }, PUSHED, createBudget(1));
    expect(found).toMatchObject({ state: 'confirmed', claims: { run: `${id}/3` } });
    expect(github.requests.at(-1)?.path).toContain(`/runs/${id}/attempts/3?`);
    const missing = await runs.lookUp({ ...CLAIMS, runUrl: url(id, 4) }, PUSHED, createBudget(2));
    expect(missing).toMatchObject({ state: 'absent' });
  });

  test.each<[string, Partial<Run>, Partial<CiClaims>, RegExp]>([
    ['skipped', { conclusion: 'skipped' }, {}, /did not take place \(skipped\)/],
    ['never approved', { conclusion: 'action_required' }, {}, /did not take place/],
    ['not valid', { conclusion: 'startup_failure' }, {}, /did not take place/],
    ['of another commit', { commit: 'f'.repeat(40) }, {}, /was of commit f{40}, not 3484/],
    ['of another ref', { branch: 'main' }, {}, /was of main, not refs\/tags\/v1\.2\.3/],
    ['of another repository', { repositoryId: 75 }, {}, /one of octo-org\/app \(75\), not 74/],
    [
      'of a repository that its provenance does not name',
      {},
      { ...little, repository: 'octo-org/lib' },
      /not octo-org\/lib/,
    ],
    [
      'later than the push',
      { createdAt: '2026-11-22T12:03:00Z' },
      {},
      /began at 2026-11-22T12:03:00\.000Z, after the push/,
    ],
  ])('%s is a mismatch', async (_, run, claims, reason) => {
    const found = await lookUp(run, claims);
    expect(found).toMatchObject({ state: 'mismatch', claims: { repository: 'octo-org/app' } });
    expect(found?.reason).toMatch(reason);
  });

  test('whose attempt began after the push is a mismatch, however old the run', async () => {
    const id = 9000;
    github.addRun({ ...RUN, id, ...attempt, startedAt: '2026-11-22T12:30:00Z' });
    const runs = createCiRuns({ apiUrl: github.url, fetch, userAgent: 'test' });
    const found = await runs.lookUp({ ...CLAIMS, runUrl: url(id, 3) }, PUSHED, createBudget(1));
    expect(found).toMatchObject({ state: 'mismatch', reason: expect.stringContaining('after the push') });
  });

  test.each<[string, Partial<Run>, Partial<CiClaims>, Partial<CiClaims>]>([
    ['names no ref unless the signature did', {}, { ref: null }, { ref: null }],
    ['but for a release, which is of a tag', { event: 'release' }, { ref: null }, { ref: 'refs/tags/v1.2.3' }],
    [
      'names the workflow without what it was called with',
      { workflow: '.github/workflows/a.yml@main' },
      {},
      { workflow: '.github/workflows/a.yml' },
    ],
    ['names its issuer, whoever claims another', {}, { oidcIssuer: 'https://evil.example' }, { oidcIssuer: ISSUER }],
    ['names its repository, where the signature did not', {}, { repositoryId: '' }, { repositoryId: '74' }],
    ['leaves the environment to the signature', {}, { environment: 'staging' }, { environment: 'staging' }],
  ])('%s', async (_, run, claims, told) => {
    expect((await lookUp(run, claims))?.claims).toMatchObject(told);
  });

  test('that is not there is absent if its repository’s runs can be read, else open', async () => {
    const runs = createCiRuns({ apiUrl: github.url, fetch, userAgent: 'test' });
    const look = (runUrl: string) => runs.lookUp({ ...CLAIMS, runUrl }, PUSHED, createBudget(2));
    expect(await look(url(404_404))).toMatchObject({ state: 'absent', claims: null });
    const unseen = 'https://github.com/octo-org/private/actions/runs/1';
    expect(await look(unseen)).toMatchObject({
      runUrl: unseen,
      state: 'unavailable',
      reason: expect.stringContaining('if it is private, give GITHUB_TOKEN the permission to read its Actions'),
    });
  });

  test('is not looked up beyond the budget', async () => {
    expect(await lookUp({}, {}, 0)).toMatchObject({
      state: 'unavailable',
      reason: expect.stringContaining('more requests'),
    });
    const runs = createCiRuns({ apiUrl: github.url, fetch, userAgent: 'test' });
    expect(await runs.lookUp({ ...CLAIMS, runUrl: url(404_404) }, PUSHED, createBudget(1))).toMatchObject({
      state: 'unavailable',
    });
  });
});

const server = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();
beforeAll(() => Promise.all([server.start(), attacker.start()]));
afterAll(() => Promise.all([server.stop(), attacker.stop()]));
beforeEach(() => {
  server.requests.length = 0;
  server.handle = answer(500);
});

const look = (claims: Partial<CiClaims> = {}, options: Partial<RunsOptions> = {}) =>
  createCiRuns({ apiUrl: server.url, token: TOKEN, fetch, userAgent: 'test', timeoutMs: 300, ...options }).lookUp(
    { ...CLAIMS, ...claims },
    PUSHED,
    createBudget(10),
  );

test.each([
  ['no address', null],
  ['GitLab', 'https://gitlab.com/octo/app/-/pipelines/1'],
  ['another server', 'https://github.example/octo-org/app/actions/runs/1'],
  ['a host that only begins so', 'https://github.com.evil.example/octo-org/app/actions/runs/1'],
  ['plain http', 'http://github.com/octo-org/app/actions/runs/1'],
])('a run of %s is not asked for', async (_, runUrl) => {
  expect(await look({ runUrl })).toBeNull();
  expect(server.requests).toEqual([]);
});

test.each([
  'octo-org/app/actions/runs/1/../../../../user',
  'octo-org/../actions/runs/1',
  'octo-org/./actions/runs/1',
  'octo-org/app/actions/runs/0',
  'octo-org/app/actions/runs/1e3',
  'octo-org/app/actions/runs/1/attempts/0',
  'octo-org/app/actions/runs/1/',
  'octo-org/app/actions/runs/1?x=1',
  'octo-org/app/actions/runs/1#x',
  'octo-org/app/actions/runs/1/jobs/2',
  'octo-org%2fapp/x/actions/runs/1',
  'octo org/app/actions/runs/1',
  'octo-org/app/runs/1',
  '',
])('https://github.com/%s is not the address of a run', async (path) => {
  const runUrl = `https://github.com/${path}`;
  expect(await look({ runUrl })).toMatchObject({ runUrl, state: 'mismatch', claims: null });
  expect(server.requests).toEqual([]);
});

const truncated: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"id":1,');
  setTimeout(() => response.destroy(), 20);
};

test.each<[string, Handler, RegExp]>([
  ['401', answer(401), /401 \(GITHUB_TOKEN may not read this\)/],
  ['403', answer(403), /403 \(GITHUB_TOKEN may not/],
  [
    '403, no requests left',
    answer(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999999' }),
    /rate limit until/,
  ],
  ['429', answer(429, { 'retry-after': '60' }), /429 \(rate limit until/],
  ['500', answer(500), /500 \(trouble of its own\)/],
  ['a redirect', (q, s) => answer(301, { location: attacker.url })(q, s), /may have been renamed/],
  ['no JSON', answer(200, {}, '<html>'), /no run/],
  ['another thing', answer(200, {}, '{"id":"1"}'), /no run/],
  ['a truncated body', truncated, /not reached|no run/],
  ['an endless body', endless, /more than 1024 KiB/],
  ['a body that drips', dripping, /no full answer/],
  ['no answer', () => undefined, /no full answer/],
  ['a hang-up', (request) => request.destroy(), /not reached/],
])('GitHub answering with %s leaves the run open', async (_, handler, reason) => {
  server.handle = handler;
  const found = await look();
  expect(found).toMatchObject({ state: 'unavailable', claims: null });
  expect(found?.reason).toMatch(reason);
  expect(JSON.stringify(found)).not.toContain(TOKEN);
  expect(server.requests).toHaveLength(1);
  expect(attacker.requests).toEqual([]);
});

test('GitHub answering with another run does not confirm this one', async () => {
  const run = { id: 2, head_sha: COMMIT, head_branch: 'v1.2.3', event: 'push', path: 'x', created_at: RUN.createdAt };
  const repository = { id: 74, full_name: 'octo-org/app' };
  server.handle = answer(200, {}, JSON.stringify({ ...run, repository }));
  expect(await look()).toMatchObject({ state: 'mismatch', reason: 'GitHub answered with run 2' });
});

test('an Enterprise Server has its own address and issuer', async () => {
  const run = { id: 1, head_sha: COMMIT, head_branch: 'v1.2.3', event: 'push', path: 'x', created_at: RUN.createdAt };
  server.handle = answer(200, {}, JSON.stringify({ ...run, repository: { id: 74, full_name: 'octo-org/app' } }));
  const options = { serverUrl: 'https://ghe.example/', oidcIssuer: 'https://ghe.example/_services/token' };
  const runUrl = 'https://ghe.example/octo-org/app/actions/runs/1';
  expect(await look({ runUrl }, options)).toMatchObject({
    state: 'confirmed',
    claims: { oidcIssuer: 'https://ghe.example/_services/token' },
  });
  expect(await look({}, options)).toBeNull();
});
