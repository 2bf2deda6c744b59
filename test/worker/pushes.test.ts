import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import {
  cosignSignature,
  imageIndex,
  referrersTag,
  sigstoreReferrer,
  singleImage,
} from '../../scripts/simulate/images.ts';
import {
  distributionEvent,
  packageDelivery,
  sendDistribution,
  sendDockerHub,
  sendGitHub,
} from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

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

const verdicts = (pushes: Json[]): Json[] => pushes.map((push) => [push.tag, push.verdict]);

/** Waits until nothing of the repository is undecided. */
async function decided(repository: Json, count: number): Promise<Json[]> {
  let pushes: Json[] = [];
  await until(`${count} pushes are decided`, async () => {
    pushes = (await pushwarden.pushes(repository.id)).filter((push) => push.origin !== 'baseline');
    return pushes.length >= count && pushes.every((push) => push.verdict !== 'pending');
  });
  return pushes;
}

describe('a push to Docker Hub', () => {
  test('is recorded with the digest that HEAD gives, its pusher and its delivery, and its tag’s history is in order', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`);
    const digests: string[] = [];
    for (const [at, words] of ['first', 'second', 'third'].entries()) {
      digests.unshift(pushwarden.registry.push(path, 'latest', singleImage(`${path} ${words}`)));
      await sendDockerHub(pushwarden, repository.webhook, {
        path,
        tag: 'latest',
        pusher: 'release-bot',
        at: 1_790_000_000_000 + at * 1000,
      });
      await decided(repository, at + 1);
    }
    const history = (await pushwarden.api('GET', `/repositories/${repository.id}/tags/latest/history?limit=2`)).json;
    expect(history.items.map((push: Json) => push.digest)).toEqual(digests.slice(0, 2));
    const rest = (
      await pushwarden.api('GET', `/repositories/${repository.id}/tags/latest/history?limit=2&cursor=${history.next}`)
    ).json;
    expect(rest).toMatchObject({ items: [{ digest: digests[2] }], next: null });

    const push = (await pushwarden.api('GET', `/pushes/${history.items[0].id}`)).json;
    expect(push).toMatchObject({
      origin: 'dockerhub',
      kind: 'manifest',
      verdict: 'trusted',
      pusher: { name: 'release-bot', id: null },
      pushedAt: '2026-09-21T14:13:22.000Z',
      previousDigest: digests[1],
      deliveries: [{ outcome: 'recorded', repeats: 0, bodySha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    });
    const reads = pushwarden.registry.requests.filter(
      (request) => request.path.includes(path) && request.path.includes('/manifests/'),
    );
    expect(new Set(reads.map((request) => request.method))).toEqual(new Set(['HEAD']));
  });

  test('that is told twice is recorded once and read back again: a second push in the same second is found', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`);
    const at = Date.now();
    const first = pushwarden.registry.push(path, 'latest', singleImage(`${path} one`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'release-bot', at });
    await decided(repository, 1);
    const second = pushwarden.registry.push(path, 'latest', singleImage(`${path} two`));
    const repeated = await sendDockerHub(pushwarden, repository.webhook, {
      path,
      tag: 'latest',
      pusher: 'release-bot',
      at,
    });
    expect(repeated.json).toMatchObject({ repeated: true, pushes: [] });
    const pushes = await decided(repository, 2);
    expect(pushes.map((push) => [push.origin, push.digest])).toEqual([
      ['read-back', second],
      ['dockerhub', first],
    ]);
  });

  test('whose delivery was forged in advance under the right account is still told with the account that the real one names', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
    const at = Date.now();
    pushwarden.registry.push(path, 'latest', singleImage(`${path} miner`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'release-bot', at });
    await decided(repository, 1);
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'mallory', at });
    const pushes = await decided(repository, 2);
    expect(pushes[0]).toMatchObject({ verdict: 'rogue', findings: [{ code: 'unexpected-pusher' }] });
    await until('Slack has it', () => pushwarden.messages('alerts').length === 1);
  });

  test('that is repeated a hundred times is looked at a few times, and nothing ends as a dead letter', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`);
    pushwarden.registry.push(path, 'latest', singleImage(`${path} x`));
    const at = Date.now();
    const send = () => sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'bot', at });
    await send();
    await decided(repository, 1);
    const before = pushwarden.registry.requests.length;
    for (let each = 0; each < 100; each += 1) await send();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    expect(pushwarden.registry.requests.length - before).toBeLessThan(30);
    const dead = await pushwarden.db
      .prepare("SELECT count(*) AS n FROM health_alerts WHERE kind = 'dead-letter'")
      .first();
    expect(dead).toEqual({ n: 0 });
    expect(await decided(repository, 1)).toHaveLength(1);
  });

  test('by an account that the policy does not name is told at once', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
    pushwarden.registry.push(path, 'latest', singleImage(`${path} x`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'mallory' });
    const [push] = await decided(repository, 1);
    expect(push).toMatchObject({
      verdict: 'rogue',
      findings: [{ code: 'unexpected-pusher', pusher: { name: 'mallory' }, expected: ['release-bot'] }],
    });
    await until('Slack has it', () => pushwarden.messages('alerts').length === 1);
  });

  test('that the registry does not have is a forged delivery, after it was asked again until things settled', async () => {
    const repository = await pushwarden.watch(`docker.io/${path}`);
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '6.6.6', pusher: 'release-bot' });
    await until('it was read back', async () => (await pushwarden.pushes(repository.id))[0]?.nextCheckAt !== null);
    expect(pushwarden.messages('alerts')).toEqual([]);
    await pushwarden.advance(180);
    const [push] = await decided(repository, 1);
    expect(push).toMatchObject({ verdict: 'rogue', digest: null, findings: [{ code: 'forged-delivery' }] });
    expect(pushwarden.messages('alerts')).toHaveLength(1);
    const asked = pushwarden.registry.requests.filter((request) => request.path.endsWith(`${path}/manifests/6.6.6`));
    expect(asked.length).toBeGreaterThan(3);
  });

  test.each([
    ['429', { kind: 'status', status: 429, retryAfterSeconds: 5 }],
    ['500', { kind: 'status', status: 500 }],
  ] as const)(
    'whose registry answers %s is undetermined at its deadline, told as our failure, and judged when it answers',
    async (_, failure) => {
      const repository = await pushwarden.watch(`docker.io/${path}`, {
        policy: { settleSeconds: 60, deadlineSeconds: 300 },
      });
      pushwarden.registry.push(path, 'latest', singleImage(`${path} x`));
      pushwarden.registry.fail(path, failure);
      await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'release-bot' });
      await pushwarden.advance(400);
      const [push] = await decided(repository, 1);
      expect(push).toMatchObject({ verdict: 'undetermined', digest: null, findings: [], wants: ['digest'] });
      expect(pushwarden.messages('alerts')).toEqual([]);
      expect(pushwarden.messages('health').length).toBeGreaterThan(0);

      pushwarden.registry.heal();
      await pushwarden.advance(600);
      expect(verdicts(await decided(repository, 1))).toEqual([['latest', 'trusted']]);
      const health = (await pushwarden.api('GET', '/health')).json.items;
      expect(health.filter((each: Json) => each.state === 'open' && each.subject.endsWith(path))).toEqual([]);
    },
  );
});

describe('a tag that goes back', () => {
  async function releases(policy: object): Promise<Json> {
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy });
    for (const [at, words] of ['old', 'new'].entries()) {
      pushwarden.registry.push(path, 'latest', singleImage(`${path} ${words}`));
      await sendDockerHub(pushwarden, repository.webhook, {
        path,
        tag: 'latest',
        pusher: 'bot',
        at: Date.now() - 60_000 + at * 1000,
      });
      await decided(repository, at + 1);
    }
    return repository;
  }

  test('to a digest it had left is told after the settle time', async () => {
    const repository = await releases({});
    pushwarden.registry.push(path, 'latest', singleImage(`${path} old`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'bot' });
    await until('it was read back', async () => (await pushwarden.pushes(repository.id))[0]?.digest !== null);
    expect((await pushwarden.pushes(repository.id))[0]).toMatchObject({ verdict: 'pending' });
    await pushwarden.advance(150);
    const pushes = await decided(repository, 3);
    expect(pushes[0]).toMatchObject({ verdict: 'rogue', findings: [{ code: 'tag-rolled-back' }] });
  });

  test('is no finding where the policy allows it', async () => {
    const repository = await releases({ rollbacks: 'allow' });
    pushwarden.registry.push(path, 'latest', singleImage(`${path} old`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'bot' });
    expect((await decided(repository, 3))[0]).toMatchObject({ verdict: 'trusted' });
  });
});

describe('the cure', () => {
  test('does not alarm: a tag that a maintainer expects at the safe digest may be moved back by anyone', async () => {
    const safe = pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
    const repository = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
    pushwarden.registry.push(path, '1.0.0', singleImage(`${path} miner`));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '1.0.0', pusher: 'release-bot' });
    await until('the alert is out', () => pushwarden.messages('alerts').length === 1);
    expect(pushwarden.messages('alerts')[0]).toContain(safe);

    const expected = await pushwarden.api('POST', `/repositories/${repository.id}/expectations`, {
      tag: '1.0.0',
      digest: safe,
      minutes: 30,
      reason: 'restore',
    });
    expect(expected.status).toBe(201);
    pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
    await sendDockerHub(pushwarden, repository.webhook, {
      path,
      tag: '1.0.0',
      pusher: 'alice-the-maintainer',
      at: Date.now() + 2000,
    });
    const [push] = await decided(repository, 2);
    expect(push).toMatchObject({ digest: safe, verdict: 'trusted', findings: [] });
    expect(pushwarden.messages('alerts')).toHaveLength(1);
    const audit = (await pushwarden.api('GET', '/audit-log?limit=1')).json.items[0];
    expect(audit).toMatchObject({
      action: 'expectation.opened',
      actor: 'key:test',
      detail: { tag: '1.0.0', digest: safe, reason: 'restore' },
    });
  });
});

describe('a push to GHCR', () => {
  test('told by package and by registry_package is one push with two deliveries', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`);
    const image = singleImage(`${path} v1`);
    pushwarden.registry.push(path, 'v1', image);
    const push = { path, tag: 'v1', image, children: [] } as const;
    await Promise.all([
      sendGitHub(pushwarden, repository.webhook, packageDelivery({ event: 'package', ...push })),
      sendGitHub(pushwarden, repository.webhook, packageDelivery({ event: 'registry_package', ...push })),
    ]);
    const pushes = await decided(repository, 1);
    expect(verdicts(pushes)).toEqual([['v1', 'trusted']]);
    expect(pushes[0].pusher).toEqual({ name: 'github-actions[bot]', id: '41898282' });
    const deliveries = async (): Promise<Json[]> =>
      (await pushwarden.api('GET', `/pushes/${pushes[0].id}`)).json.deliveries;
    await until('both deliveries are linked', async () => (await deliveries()).length === 2);
    const events = (await deliveries()).map((each: Json) => each.event);
    expect(events.sort()).toEqual(['package.published', 'registry_package.published']);
  });

  test('redelivered with the same id records nothing twice', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`);
    const image = singleImage(`${path} v1`);
    pushwarden.registry.push(path, 'v1', image);
    const delivery = packageDelivery({ event: 'package', path, tag: 'v1', image, children: [] }, randomUUID());
    await sendGitHub(pushwarden, repository.webhook, delivery);
    await decided(repository, 1);
    await pushwarden.advance(2 * 86_400);
    expect((await sendGitHub(pushwarden, repository.webhook, delivery)).json).toMatchObject({
      repeated: true,
      pushes: [],
    });
    await pushwarden.advance(60);
    expect(await decided(repository, 1)).toHaveLength(1);
  });

  test('folds parts of an index and signatures, in whatever order they arrive', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`, { policy: { pushers: ['github-actions[bot]'] } });
    const parts = [singleImage(`${path} v2`, 'amd64'), singleImage(`${path} v2`, 'arm64')];
    const index = imageIndex(parts, []);
    const signature = cosignSignature(index);
    const { bundle, fallback } = sigstoreReferrer(index);
    for (const part of parts) pushwarden.registry.push(path, null, part);
    pushwarden.registry.push(path, 'v2', index);
    const sigTag = `${referrersTag(index)}.sig`;
    pushwarden.registry.push(path, sigTag, signature);
    pushwarden.registry.push(path, null, bundle);
    pushwarden.registry.push(path, referrersTag(index), fallback);
    const sent = [
      { tag: sigTag, image: signature },
      { tag: '', image: parts[0] },
      { tag: referrersTag(index), image: fallback },
      { tag: 'v2', image: index },
      { tag: '', image: bundle },
      { tag: '', image: parts[1] },
    ];
    for (const { tag, image } of sent) {
      if (image !== undefined)
        await sendGitHub(
          pushwarden,
          repository.webhook,
          packageDelivery({ event: 'package', path, tag, image, children: parts }),
        );
    }
    await pushwarden.advance(3600);
    expect(verdicts(await decided(repository, 1))).toEqual([['v2', 'trusted']]);
    const all = (await pushwarden.api('GET', `/repositories/${repository.id}/pushes?folded=true`)).json.items;
    expect(all.map((push: Json) => [push.kind, push.foldedInto]).sort()).toEqual([
      ['artifact', index.digest],
      ['artifact', index.digest],
      ['artifact', index.digest],
      ['child', index.digest],
      ['child', index.digest],
      ['index', null],
    ]);
    expect(pushwarden.messages('alerts')).toEqual([]);
  });

  test('whose parts are told of before it is one use of who pushed it', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`);
    const parts = [singleImage(`${path} one`), singleImage(`${path} one`, 'arm64')];
    const index = imageIndex(parts, []);
    for (const part of parts) {
      pushwarden.registry.push(path, null, part);
      const delivery = packageDelivery({ event: 'package', path, tag: '', image: part, children: [] });
      await sendGitHub(pushwarden, repository.webhook, delivery);
    }
    await decided(repository, 2);
    pushwarden.registry.push(path, 'v1', index);
    const delivery = packageDelivery({ event: 'package', path, tag: 'v1', image: index, children: parts });
    await sendGitHub(pushwarden, repository.webhook, delivery);
    await until('its parts are folded', async () => (await pushwarden.pushes(repository.id)).length === 1);
    const { items: days } = (await pushwarden.api('GET', `/repositories/${repository.id}/credential-days`)).json;
    expect(days.filter((day: Json) => day.pushes !== 0)).toMatchObject([{ pushes: 1, possible: 0, uses: 0 }]);
    const day = new Date(pushwarden.now()).toISOString().slice(0, 10);
    const { items: uses } = (await pushwarden.api('GET', `/repositories/${repository.id}/sightings?day=${day}`)).json;
    const [{ id }] = await pushwarden.pushes(repository.id);
    expect(uses).toMatchObject([{ action: 'push', push: id }]);
  });

  test('of an image under a signature’s tag is judged as an image', async () => {
    const repository = await pushwarden.watch(`ghcr.io/${path}`, { policy: { pushers: ['someone-else'] } });
    const disguised = singleImage(`${path} miner`);
    const tag = `sha256-${'a'.repeat(64)}.sig`;
    pushwarden.registry.push(path, tag, disguised);
    await sendGitHub(
      pushwarden,
      repository.webhook,
      packageDelivery({ event: 'package', path, tag, image: disguised, children: [] }),
    );
    expect(verdicts(await decided(repository, 1))).toEqual([[tag, 'rogue']]);
  });
});

describe('a push to a Distribution registry', () => {
  test('is recorded from its notification, and its digest is read back', async () => {
    const repository = await pushwarden.watch(`registry.example/${path}`);
    const digest = pushwarden.registry.push(path, 'v1', singleImage(`${path} v1`));
    const event = distributionEvent({ repository: path, tag: 'v1', digest, actor: 'ci' });
    expect((await sendDistribution(pushwarden, repository.webhook, [event])).status).toBe(202);
    const pushes = await decided(repository, 1);
    expect(pushes[0]).toMatchObject({
      origin: 'distribution',
      tag: 'v1',
      digest,
      verdict: 'trusted',
      pusher: { name: 'ci' },
      confirmedAt: expect.any(String),
    });
    expect((await sendDistribution(pushwarden, repository.webhook, [event])).json).toMatchObject({
      repeated: true,
      pushes: [],
    });
  });

  test('that names a digest which the registry has not is a forged delivery', async () => {
    const repository = await pushwarden.watch(`registry.example/${path}`);
    pushwarden.registry.push(path, 'v1', singleImage(`${path} v1`));
    await sendDistribution(pushwarden, repository.webhook, [
      distributionEvent({ repository: path, tag: 'v1', digest: `sha256:${'d'.repeat(64)}` }),
    ]);
    await pushwarden.advance(200);
    const pushes = await decided(repository, 1);
    expect(pushes.find((push) => push.origin === 'distribution')).toMatchObject({
      verdict: 'rogue',
      findings: [{ code: 'forged-delivery' }],
    });
  });

  test('takes its secret from the Authorization header too', async () => {
    const repository = await pushwarden.watch(`registry.example/${path}`);
    const secret = new URL(repository.webhook.url).pathname.split('/').at(-1);
    const digest = pushwarden.registry.push(path, 'v1', singleImage(`${path} v1`));
    const send = (token: string) =>
      pushwarden.request('/webhooks/distribution', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ events: [distributionEvent({ repository: path, tag: 'v1', digest })] }),
      });
    expect((await send('wrong')).status).toBe(404);
    expect((await send(String(secret))).status).toBe(202);
  });
});
