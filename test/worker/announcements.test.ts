import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { MintOptions } from '../../scripts/simulate/world/oidc.ts';
import { packageDelivery, sendDockerHub, sendGitHub } from '../fixtures/senders.ts';
import { type Answer, type Json, TestInstallation, until } from '../fixtures/worker.ts';

const AUDIENCE = 'http://127.0.0.1:8787';

let pushwarden: TestInstallation;
let path: string;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden.stop());
beforeEach(() => {
  n += 1;
  path = `org/app${n}`;
});
afterEach(() => {
  pushwarden.registry.heal();
  pushwarden.slack.messages.length = 0;
});

const claims = (run = 1, differs: object = {}): Record<string, unknown> => ({
  sub: 'repo:org/app:ref:refs/tags/v1.0.0',
  repository: 'org/app',
  repository_id: '74',
  repository_owner_id: '7',
  workflow_ref: 'org/app/.github/workflows/release.yml@refs/tags/v1.0.0',
  ref: 'refs/tags/v1.0.0',
  environment: 'release',
  event_name: 'push',
  run_id: String(run),
  run_attempt: '1',
  sha: 'a'.repeat(40),
  actor: 'octocat',
  ...differs,
});

/** A policy that names the job above. */
const policy = (announceFirst: boolean, more: object = {}): object => ({
  ci: {
    announceFirst,
    windowSeconds: 1800,
    identities: [
      {
        oidcIssuer: pushwarden.oidc.issuer,
        repositoryId: '74',
        workflow: '.github/workflows/release.yml',
        refPattern: 'refs/tags/v*',
      },
    ],
  },
  ...more,
});

async function token(of: Record<string, unknown> = claims(), options: Partial<MintOptions> = {}): Promise<string> {
  const { offsetSeconds } = (await pushwarden.request('/local/clock')).json;
  return pushwarden.oidc.mint(of, { audience: AUDIENCE, offsetSeconds, ...options });
}

async function announce(body: object, bearer?: string): Promise<Answer> {
  const headers = { authorization: `Bearer ${bearer ?? (await token())}`, 'content-type': 'application/json' };
  return pushwarden.request('/ci/announcements', {
    method: 'POST',
    headers,
    body: JSON.stringify({ image: `docker.io/${path}`, ...body }),
  });
}

async function latest(repository: Json): Promise<Json> {
  const [push] = (await pushwarden.pushes(repository.id)).filter((each) => each.origin !== 'baseline');
  return push;
}

async function verdict(repository: Json, wanted: string): Promise<Json> {
  await until(`the push is ${wanted}`, async () => (await latest(repository))?.verdict === wanted);
  return latest(repository);
}

/** Pushes an image to Docker Hub and lets it tell. */
async function push(repository: Json, tag: string, words = tag): Promise<string> {
  const digest = pushwarden.registry.push(path, tag, singleImage(`${path} ${words}`));
  await sendDockerHub(pushwarden, repository.webhook, { path, tag, pusher: 'release-bot' });
  return digest;
}

const alerts = (): string[] => pushwarden.messages('alerts');

describe('where CI announces first', () => {
  test('a push outside every window is rogue the second it arrives', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    await push(repository, '1.0.0');
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([
      { code: 'no-ci-run', announceFirst: true, jobEnded: false },
    ]);
    await until('Slack has it', () => alerts().length === 1);
  });

  test('a push inside a window waits, and is trusted when the job names its digest', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    const started = await announce({ phase: 'started' });
    expect(started).toMatchObject({
      status: 201,
      json: { accepted: true, repositories: 1, windowEndsAt: expect.any(String), job: '1/1' },
    });
    const digest = await push(repository, '1.0.0');
    await until('it was read back', async () => (await latest(repository))?.digest === digest);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending', wants: ['ci'] });
    await announce({ phase: 'pushed', digest, tags: ['1.0.0'] });
    await verdict(repository, 'trusted');
    await announce({ phase: 'finished' });
    await pushwarden.advance(7200);
    expect(await latest(repository)).toMatchObject({ verdict: 'trusted' });
    expect(alerts()).toEqual([]);
  });

  test('a push inside a window is rogue as soon as the job ends without naming its digest', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    await announce({ phase: 'started' });
    await push(repository, '1.0.0', 'miner');
    await announce({ phase: 'pushed', digest: `sha256:${'e'.repeat(64)}`, tags: ['1.0.0'] });
    expect((await latest(repository)).verdict).toBe('pending');
    await announce({ phase: 'finished' });
    const found = await verdict(repository, 'rogue');
    expect(found.findings).toMatchObject([
      { code: 'ci-mismatch', found: { kind: 'digest', digest: `sha256:${'e'.repeat(64)}` } },
    ]);
  });

  test('a window that nobody closes ends by itself', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    await announce({ phase: 'started' });
    await push(repository, '1.0.0', 'miner');
    await pushwarden.advance(1700);
    expect((await latest(repository)).verdict).toBe('pending');
    await pushwarden.advance(200);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'no-ci-run', jobEnded: true }]);
  });

  test('a window opens for the tags it names alone', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    await announce({ phase: 'started', tags: ['2.0.0'] });
    await push(repository, '1.0.0');
    await verdict(repository, 'rogue');
  });

  test('another job that ends closes its own window only', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    await announce({ phase: 'started' }, await token(claims(1)));
    await announce({ phase: 'started' }, await token(claims(2)));
    const digest = await push(repository, '1.0.0');
    await announce({ phase: 'finished' }, await token(claims(2)));
    await until('it was read back', async () => (await latest(repository))?.digest === digest);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending' });
    await announce({ phase: 'pushed', digest }, await token(claims(1)));
    await verdict(repository, 'trusted');
  });
});

describe('where CI tells afterwards', () => {
  test('an announcement may come before the webhook or after it', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(false) });
    const early = pushwarden.registry.push(path, '1.0.0', singleImage(`${path} 1.0.0`));
    expect((await announce({ phase: 'pushed', digest: early, tags: ['1.0.0'] })).status).toBe(201);
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '1.0.0', pusher: 'release-bot' });
    await verdict(repository, 'trusted');

    const late = await push(repository, '1.0.1');
    await until(
      'it waits',
      async () => (await latest(repository))?.tag === '1.0.1' && (await latest(repository)).digest === late,
    );
    expect(await latest(repository)).toMatchObject({ verdict: 'pending' });
    await announce({ phase: 'pushed', digest: late });
    await verdict(repository, 'trusted');
  });

  test('none at the deadline is a finding; one that comes later still clears it', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(false) });
    const digest = await push(repository, '1.0.0');
    await until('it waits', async () => (await latest(repository))?.digest === digest);
    await pushwarden.advance(1700);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending' });
    await pushwarden.advance(200);
    expect((await verdict(repository, 'rogue')).findings).toMatchObject([{ code: 'no-ci-run', announceFirst: false }]);
    await until('Slack has it', () => alerts().length === 1);

    await announce({ phase: 'pushed', digest, tags: ['1.0.0'] });
    await verdict(repository, 'trusted');
    await until('Slack hears that it is cleared', () => alerts().length === 2);
    expect(alerts()[1]).toContain('Cleared');
    expect((await pushwarden.api('GET', '/alerts?state=closed')).json.items[0]).toMatchObject({
      resolution: 'cleared',
      closedBy: null,
    });
  });

  test('an announcement names its tags: the digest under another tag is not covered', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(false) });
    const digest = await push(repository, 'latest');
    await announce({ phase: 'pushed', digest, tags: ['1.0.0'] });
    await pushwarden.advance(2000);
    await verdict(repository, 'rogue');
  });

  test('a job that no policy names is refused, and a digest it vouched for is a mismatch', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(false) });
    const digest = await push(repository, '1.0.0', 'miner');
    const stranger = claims(9, {
      repository: 'evil/app',
      repository_id: '666',
      workflow_ref: 'evil/app/.github/workflows/x.yml@refs/heads/main',
    });
    const refused = await announce({ phase: 'pushed', digest, tags: ['1.0.0'] }, await token(stranger));
    expect(refused).toMatchObject({ status: 403, json: { title: 'Forbidden', job: { repositoryId: '666' } } });
    expect(JSON.stringify(refused.json)).not.toContain('release.yml');
    await pushwarden.advance(150);
    const found = await verdict(repository, 'rogue');
    expect(found.findings).toMatchObject([
      { code: 'ci-mismatch', found: { kind: 'workflow', claims: { repository: 'evil/app' } } },
    ]);
  });

  test('genuine tokens of strangers fill nothing', async () => {
    await pushwarden.watch(`docker.io/${path}`, { policy: policy(false) });
    for (let run = 0; run < 25; run += 1) {
      await announce(
        { phase: 'pushed', digest: `sha256:${'b'.repeat(64)}` },
        await token(claims(run, { repository_id: '666' })),
      );
    }
    const kept = await pushwarden.db
      .prepare('SELECT count(*) AS n FROM announcements WHERE allowed = 0 AND claims LIKE ?1')
      .bind('%"666"%')
      .first<{ n: number }>();
    expect(kept?.n).toBeLessThanOrEqual(21);
    const before = await pushwarden.db.prepare('SELECT count(*) AS n FROM ci_token_uses').first<{ n: number }>();
    await announce(
      { phase: 'started', image: 'docker.io/nobody/watches' },
      await token(claims(1, { repository_id: '666' })),
    );
    expect(await pushwarden.db.prepare('SELECT count(*) AS n FROM ci_token_uses').first()).toEqual(before);
  });
});

describe('a token', () => {
  test('is accepted once: used again for another phase, or the same, it is refused and nothing is recorded', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    const bearer = await token();
    expect((await announce({ phase: 'started' }, bearer)).status).toBe(201);
    const digest = await push(repository, '1.0.0', 'miner');
    const replayed = await announce({ phase: 'pushed', digest }, bearer);
    expect(replayed).toMatchObject({ status: 401, json: { detail: expect.stringContaining('used before') } });
    expect((await announce({ phase: 'started' }, bearer)).status).toBe(401);
    await announce({ phase: 'finished' });
    await verdict(repository, 'rogue');
  });

  test('whose issuer does not answer is not called invalid', async () => {
    const alone = await TestInstallation.start({ bundle: inject('bundle') });
    try {
      alone.oidc.fail(500);
      const bearer = await alone.oidc.mint(claims(), { audience: AUDIENCE });
      const headers = { authorization: `Bearer ${bearer}` };
      const body = JSON.stringify({ phase: 'started', image: 'docker.io/org/app' });
      expect((await alone.request('/ci/announcements', { method: 'POST', headers, body })).status).toBe(503);
    } finally {
      await alone.stop();
    }
  });

  test.each([
    ['another workflow', { workflow_ref: 'org/app/.github/workflows/evil.yml@refs/tags/v1.0.0' }],
    [
      'a branch instead of a tag',
      { ref: 'refs/heads/main', workflow_ref: 'org/app/.github/workflows/release.yml@refs/heads/main' },
    ],
    ['another repository of the same name', { repository_id: '75' }],
    [
      'a repository whose sub claims to be the right one',
      { repository_id: '75', sub: 'repo:org/app:ref:refs/tags/v1.0.0' },
    ],
  ])('of %s is not the job that the policy names', async (_, differs) => {
    await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    expect((await announce({ phase: 'started' }, await token(claims(1, differs)))).status).toBe(403);
  });
});

describe('promotion and rollback', () => {
  test('a digest that CI promotes to another tag is fine', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(true) });
    await announce({ phase: 'started' });
    const digest = await push(repository, '1.0.0', 'same');
    await announce({ phase: 'pushed', digest, tags: ['1.0.0'] });
    await verdict(repository, 'trusted');
    await announce({ phase: 'pushed', digest, tags: ['latest'] }, await token(claims(2)));
    await push(repository, 'latest', 'same');
    await until(
      'latest is judged',
      async () => (await latest(repository))?.tag === 'latest' && (await latest(repository)).verdict === 'trusted',
    );
    expect(alerts()).toEqual([]);
  });

  test('a rollback that CI announces is fine; the old announcement of that digest does not vouch for one', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: policy(false) });
    const digests: Record<string, string> = {};
    for (const words of ['old', 'new']) {
      digests[words] = await push(repository, 'latest', words);
      await announce({ phase: 'pushed', digest: digests[words], tags: ['latest'] });
      await until(
        `${words} is trusted`,
        async () =>
          (await latest(repository))?.digest === digests[words] && (await latest(repository)).verdict === 'trusted',
      );
      await pushwarden.advance(10);
    }
    await push(repository, 'latest', 'old');
    await until('it waits', async () => (await latest(repository))?.digest === digests.old);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending' });
    await pushwarden.advance(150);
    expect(await latest(repository)).toMatchObject({ verdict: 'pending' });
    await pushwarden.advance(1700);
    expect((await verdict(repository, 'rogue')).findings.map((each: Json) => each.code)).toContain('tag-rolled-back');
    await announce({ phase: 'pushed', digest: digests.old, tags: ['latest'] });
    await verdict(repository, 'trusted');
  });
});

describe('GHCR', () => {
  test('a package pushed by the announced job is trusted whichever tag the event shows', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`, { policy: policy(true) });
    await announce({ phase: 'started', image: `ghcr.io/${path}` });
    const image = singleImage(`${path} release`);
    for (const tag of ['1.0.0', 'latest']) pushwarden.registry.push(path, tag, image);
    await sendGitHub(
      pushwarden,
      repository.webhook,
      packageDelivery({ event: 'package', path, tag: '1.0.0', image, children: [] }),
    );
    await announce({ phase: 'pushed', image: `ghcr.io/${path}`, digest: image.digest, tags: ['1.0.0', 'latest'] });
    await announce({ phase: 'finished', image: `ghcr.io/${path}` });
    await verdict(repository, 'trusted');
    await pushwarden.advance(3600); // the sweep finds latest, which no event named
    const pushes = await pushwarden.pushes(repository.id);
    expect(pushes.map((each) => [each.tag, each.origin, each.verdict]).sort()).toEqual([
      ['1.0.0', 'github', 'trusted'],
      ['latest', 'sweep', 'trusted'],
    ]);
    expect(alerts()).toEqual([]);
    expect(pushwarden.messages('health')).toEqual([]);
  });
});
