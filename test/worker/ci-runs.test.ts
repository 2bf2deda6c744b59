import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunEvent, runBody } from '../../scripts/simulate/github-webhook.ts';
import { singleImage } from '../../scripts/simulate/images.ts';
import { announce, releaseIdentity } from '../fixtures/ci-job.ts';
import { packageDelivery, sendDockerHub, sendGitHub } from '../fixtures/senders.ts';
import { type Answer, addKey, type Json, TestInstallation, until } from '../fixtures/worker.ts';

const MINUTE = 60_000;
const SOURCE = { repository: 'org/app', repositoryId: 74 } as const;
const IDENTITY = {
  oidcIssuer: 'https://token.actions.githubusercontent.com',
  repositoryId: '74',
  workflow: '.github/workflows/release.yml',
  refPattern: 'refs/tags/v*',
};

let pushwarden: TestInstallation;
/** Whose hook tells of runs. */
let hooked: Json;
let path: string;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
  hooked = await pushwarden.watch('ghcr.io/org/hooked');
});
afterAll(() => pushwarden.stop());
beforeEach(async () => {
  n += 1;
  path = `org/app${n}`;
  // Runs of the test before have ended, or nobody has heard of them for days.
  await pushwarden.advance(3 * 24 * 3600);
});
afterEach(() => {
  pushwarden.slack.messages.length = 0;
});

const now = async (): Promise<number> => Date.parse((await pushwarden.request('/local/clock')).json.now);

const watch = (more: object = {}, registry = 'ghcr.io'): Promise<Json> =>
  pushwarden.watch(`${registry}/${path}`, {
    policy: { ci: { identities: [IDENTITY], concurrentRuns: 'accept', ...more } },
  });

/** A run is told of; by default one that began five minutes ago and goes on. */
async function run(differs: Partial<RunEvent> = {}, hook: Json = hooked.webhook): Promise<Answer> {
  const at = await now();
  const begun = { startedAt: at - 5 * MINUTE, updatedAt: at - 5 * MINUTE };
  const body = runBody({ action: 'in_progress', id: 7000 + n, ...SOURCE, branch: 'v1.0.0', ...begun, ...differs });
  return sendGitHub(pushwarden, hook, { event: 'workflow_run', body });
}

async function push(repository: Json, tag = '1.0.0'): Promise<string> {
  const image = singleImage(`${path} ${tag}`);
  const digest = pushwarden.registry.push(path, tag, image);
  await sendGitHub(
    pushwarden,
    repository.webhook,
    packageDelivery({ event: 'package', path, tag, image, children: [] }),
  );
  await until('it was read back', async () => (await latest(repository))?.confirmedAt != null);
  return digest;
}

async function latest(repository: Json): Promise<Json> {
  return (await pushwarden.pushes(repository.id)).find((each) => each.origin !== 'baseline');
}

async function verdict(repository: Json, wanted: string): Promise<Json> {
  await until(`the push is ${wanted}`, async () => (await latest(repository))?.verdict === wanted);
  return latest(repository);
}

const alerts = (): string[] => pushwarden.messages('alerts');
const url = (): string => `https://github.com/org/app/actions/runs/${7000 + n}/attempts/1`;

describe('where the policy accepts runs in progress', () => {
  test('a push during a run is trusted once it has settled, on evidence that says it is weak', async () => {
    const repository = await watch();
    expect(await run()).toMatchObject({ status: 202, json: { understood: ['workflow_run.in_progress'] } });
    await push(repository);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending', wants: ['ci'] });
    await pushwarden.advance(121);
    const trusted = await verdict(repository, 'trusted');
    expect(trusted.evidence.ci).toEqual({ how: 'concurrent', run: url(), strength: 'weak' });
    await pushwarden.advance(7200);
    expect(alerts()).toEqual([]);
  });

  test('without a settle time it is trusted at once, and the evidence kept', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`, {
      policy: { settleSeconds: 0, ci: { identities: [IDENTITY], concurrentRuns: 'accept' } },
    });
    await run();
    await push(repository);
    const trusted = await verdict(repository, 'trusted');
    expect(trusted.evidence).toMatchObject({
      signatures: null,
      ci: { how: 'concurrent', run: url(), strength: 'weak' },
    });
  });

  test('it may be of Docker Hub, and the run told by a hook of the same team', async () => {
    const repository = await watch({}, 'docker.io');
    await run();
    pushwarden.registry.push(path, '1.0.0', singleImage(path));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '1.0.0', pusher: 'release-bot', at: await now() });
    await until('it was read back', async () => (await latest(repository))?.confirmedAt != null);
    await pushwarden.advance(121);
    expect((await verdict(repository, 'trusted')).evidence.ci).toMatchObject({ how: 'concurrent', strength: 'weak' });
  });

  test('a run that had ended long before is none', async () => {
    const repository = await watch();
    const at = await now();
    const times = { startedAt: at - 30 * MINUTE, updatedAt: at - 10 * MINUTE };
    await run({ action: 'completed', ...times });
    // Told late: what it was before it ended.
    await run({ action: 'in_progress', startedAt: times.startedAt, updatedAt: times.startedAt });
    await push(repository);
    await pushwarden.advance(1801);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'no-ci-run' }]);
    await until('Slack has it', () => alerts().length === 1);
  });

  test.each<[string, Partial<RunEvent>]>([
    ["a fork's code", { headRepositoryId: 666 }],
    ['the code of a fork that is gone', { headRepositoryId: null }],
    ['a pull request', { event: 'pull_request' }],
    ['another workflow', { workflow: '.github/workflows/test.yml' }],
    ['another repository', { repositoryId: 75 }],
    ['another ref', { branch: 'main' }],
    ['what was only asked for', { action: 'requested' }],
    ['what was skipped', { action: 'completed', conclusion: 'skipped' }],
  ])('a run of %s is none', async (_, differs) => {
    const repository = await watch();
    await run({ updatedAt: await now(), ...differs });
    await push(repository);
    await pushwarden.advance(1801);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'no-ci-run' }]);
  });

  test('a run that is told of while the push waits wakes it at once', async () => {
    const repository = await watch();
    await push(repository);
    await pushwarden.advance(600);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending', wants: ['ci'] });
    const at = await now();
    await run({ startedAt: at - 11 * MINUTE, updatedAt: at - 11 * MINUTE });
    expect((await verdict(repository, 'trusted')).evidence.ci).toMatchObject({ how: 'concurrent' });
    expect(alerts()).toEqual([]);
  });

  test('a run that is told of after the alarm clears it, and says on how little', async () => {
    const repository = await watch();
    await push(repository);
    await pushwarden.advance(1801);
    await verdict(repository, 'rogue');
    await until('Slack has it', () => alerts().length === 1);
    const at = await now();
    await run({ action: 'completed', startedAt: at - 40 * MINUTE, updatedAt: at - MINUTE });
    await verdict(repository, 'trusted');
    await until('Slack has that too', () => alerts().length === 2);
    const blocks = JSON.stringify(pushwarden.slack.messages.at(-1));
    expect(blocks).toContain('That is weak: anyone who holds a token could have pushed meanwhile.');
  });

  test('a run of another team is none', async () => {
    const key = `pwk_${'b'.repeat(42)}${n}`.slice(0, 47);
    await addKey(pushwarden.db, 2, 'other', key);
    const other = await pushwarden.api('POST', '/repositories', { image: 'ghcr.io/org/hooked' }, key);
    const repository = await watch();
    await run({}, other.json.webhook);
    await push(repository);
    await pushwarden.advance(1801);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'no-ci-run' }]);
    expect((await pushwarden.api('GET', '/ci-runs?repository=74', undefined, key)).json.items).toHaveLength(1);
  });

  test('what CI announces wins over a run', async () => {
    const repository = await watch({ identities: [IDENTITY, releaseIdentity(pushwarden)] });
    await run();
    await push(repository);
    const other = singleImage('another image').digest;
    await announce(pushwarden, { phase: 'pushed', image: `ghcr.io/${path}`, digest: other, tags: ['1.0.0'] });
    await pushwarden.advance(121);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'ci-mismatch' }]);
  });

  test('what CI announces of this very digest is the stronger evidence', async () => {
    const repository = await watch({ identities: [IDENTITY, releaseIdentity(pushwarden)] });
    await run();
    const digest = await push(repository);
    await announce(pushwarden, { phase: 'pushed', image: `ghcr.io/${path}`, digest, tags: ['1.0.0'] });
    expect((await verdict(repository, 'trusted')).evidence.ci).toMatchObject({ how: 'announced', strength: 'strong' });
  });
});

describe('where the policy does not say so', () => {
  test('a run in progress is no evidence', async () => {
    const repository = await watch({ concurrentRuns: undefined });
    await run();
    await push(repository);
    await pushwarden.advance(1801);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'no-ci-run' }]);
  });

  test('and announces first, it may not say so', async () => {
    const ci = { identities: [IDENTITY], announceFirst: true, concurrentRuns: 'accept' };
    const answer = await pushwarden.api('POST', '/repositories', { image: `ghcr.io/${path}`, policy: { ci } });
    expect(answer).toMatchObject({
      status: 400,
      json: { detail: expect.stringMatching(/policy\.ci\.concurrentRuns/) },
    });
  });
});

describe('runs', () => {
  const list = (more = '') => pushwarden.api('GET', `/ci-runs?repository=7400${n}${more}`);
  const own = () => ({ repositoryId: Number(`7400${n}`) });

  test('are listed by source repository, page by page', async () => {
    const at = await now();
    for (const [id, end] of [1, 2, 3].entries())
      await run({ ...own(), action: 'completed', id: id + 1, startedAt: at - MINUTE, updatedAt: at + end * 1000 });
    await run({ ...own(), id: 4 });
    const first = await list('&limit=2');
    expect(first.json.items.map((each: Json) => each.run)).toEqual([4, 3, 2]);
    expect(first.json.items[0]).toMatchObject({
      state: 'in-progress',
      url: expect.stringMatching(/\/4\/attempts\/1$/),
    });
    const second = await list(`&limit=2&cursor=${first.json.next}`);
    expect(second.json).toMatchObject({ items: [{ run: 1, conclusion: 'success' }], next: null });
    expect(await list('&cursor=x')).toMatchObject({ status: 400 });
    expect(await pushwarden.api('GET', '/ci-runs?repository=org/app')).toMatchObject({ status: 400 });
  });

  test('are told again, and the delivery counted, without any change', async () => {
    const body = runBody({
      action: 'in_progress',
      id: 5,
      repository: 'org/app',
      ...own(),
      branch: 'v1',
      startedAt: 1000,
      updatedAt: 2000,
    });
    const delivery = { event: 'workflow_run', body, id: '72d3162e-cc78-11e3-81ab-4c9367dc0958' };
    expect(await sendGitHub(pushwarden, hooked.webhook, delivery)).toMatchObject({
      status: 202,
      json: { repeated: false },
    });
    const before = (await list()).json;
    expect(await sendGitHub(pushwarden, hooked.webhook, delivery)).toMatchObject({
      status: 202,
      json: { repeated: true },
    });
    expect((await list()).json).toEqual(before);
    const [told] = (await pushwarden.api('GET', `/deliveries?hook=${hooked.webhook.id}`)).json.items;
    expect(told).toMatchObject({
      event: 'workflow_run.in_progress',
      outcome: 'recorded',
      repeats: 1,
      repository: null,
    });
  });

  test('that are not signed with the secret of the hook are nothing', async () => {
    const body = runBody({
      action: 'in_progress',
      id: 6,
      repository: 'org/app',
      ...own(),
      branch: 'v1',
      startedAt: 1,
      updatedAt: 1,
    });
    const signature = `sha256=${'0'.repeat(64)}`;
    expect(await sendGitHub(pushwarden, hooked.webhook, { event: 'workflow_run', body, signature })).toMatchObject({
      status: 401,
    });
    expect((await list()).json.items).toEqual([]);
  });

  test('that are not understood are kept and told in the health channel', async () => {
    const answer = await sendGitHub(pushwarden, hooked.webhook, {
      event: 'workflow_run',
      body: JSON.stringify({ action: 'completed', workflow_run: { id: 7 } }),
    });
    expect(answer).toMatchObject({ status: 400, json: { kept: true } });
    const [told] = (await pushwarden.api('GET', `/deliveries?hook=${hooked.webhook.id}`)).json.items;
    expect(told).toMatchObject({ outcome: 'not-understood', event: 'workflow_run' });
    await until('Slack has it', () => pushwarden.messages('health').length > 0);
  });

  test('are dropped after 400 days', async () => {
    await run({ ...own(), id: 8 });
    await pushwarden.advance(399 * 86_400);
    await pushwarden.run('retention');
    expect((await list()).json.items).toHaveLength(1);
    await pushwarden.advance(2 * 86_400);
    await pushwarden.run('retention');
    expect((await list()).json.items).toEqual([]);
  });
});
