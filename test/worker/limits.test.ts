import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { claimsOf } from '../../scripts/simulate/ci-job.ts';
import { imageIndex, singleImage } from '../../scripts/simulate/images.ts';
import {
  distributionEvent,
  packageDelivery,
  sendDistribution,
  sendDockerHub,
  sendGitHub,
} from '../fixtures/senders.ts';
import { type Answer, type Json, TestInstallation, until } from '../fixtures/worker.ts';

/** As Cloudflare's binding counts, with limits that a test can reach. */
const LIMITS = { WEBHOOK_SENDER_LIMIT: 5, WEBHOOK_LIMIT: 8, STRANGER_LIMIT: 4, ANNOUNCEMENT_LIMIT: 3 };
const CHANNEL_SECRET = 'f'.repeat(32);

let pushwarden: TestInstallation;
let made = 0;

/** Sends a request as if it came from an address. */
const from = (address: string, path: string, init: RequestInit = {}): Promise<Answer> =>
  pushwarden.request(path, {
    method: 'POST',
    body: '{}',
    ...init,
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(new Headers(init.headers)),
      'cf-connecting-ip': address,
    },
  });

async function watchNew(registry = 'docker.io'): Promise<{ readonly path: string; readonly repository: Json }> {
  made += 1;
  const path = `org/limited-${made}`;
  return { path, repository: await pushwarden.watch(`${registry}/${path}`) };
}

/** A webhook of Docker Hub about another tag each time, from an address. */
const hubPush = (repository: Json, path: string, tag: string, address: string): Promise<Answer> =>
  from(address, new URL(repository.webhook.url).pathname, {
    body: JSON.stringify({ push_data: { tag, pusher: 'bot', pushed_at: 1 }, repository: { repo_name: path } }),
  });

const statuses = async (times: number, send: (n: number) => Promise<Answer>): Promise<number[]> => {
  const all: number[] = [];
  for (let n = 0; n < times; n += 1) all.push((await send(n)).status);
  return all;
};

const deliveries = async (): Promise<number> =>
  (await pushwarden.db.prepare('SELECT count(*) AS n FROM deliveries').first<{ n: number }>())?.n ?? 0;
const limited = async (): Promise<Json[]> =>
  (await pushwarden.api('GET', '/health')).json.items.filter((each: Json) => each.kind === 'webhook-limited');

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), rateLimits: LIMITS });
  await pushwarden.connectSlack();
  // A period of the binding ends when the minute does: what follows fits into one.
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 30_000) await new Promise((resolve) => setTimeout(resolve, left));
});
afterAll(() => pushwarden?.stop());

describe('a flood with the secret of a webhook', () => {
  test('is refused beyond its limit, is told once, and leaves the registry its share', async () => {
    const { path, repository } = await watchNew();
    const before = await deliveries();
    const flood = await statuses(12, (n) => hubPush(repository, path, `flood-${n}`, '203.0.113.7'));
    expect(flood).toEqual([...Array(5).fill(202), ...Array(7).fill(429)]);
    const refused = await hubPush(repository, path, 'flood-13', '203.0.113.7');
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.json).toMatchObject({ title: 'Too Many Requests', status: 429 });
    // The registry's own address is another one.
    pushwarden.registry.push(path, 'genuine', singleImage(`${path} genuine`));
    expect((await hubPush(repository, path, 'genuine', '198.51.100.1')).status).toBe(202);
    expect(await deliveries()).toBe(before + 6);
    await pushwarden.sentAll();
    expect(await limited()).toMatchObject([{ state: 'open', fact: { registry: 'docker.io' } }]);
    expect(pushwarden.messages('health').filter((text) => text.includes('too many come'))).toHaveLength(1);
    expect(pushwarden.messages('health').join()).not.toContain('not an attack');
  });

  test('from many addresses is refused in all', async () => {
    const { path, repository } = await watchNew();
    const flood = await statuses(12, (n) => hubPush(repository, path, `flood-${n}`, `2001:db8:${n}::1`));
    expect(flood).toEqual([...Array(8).fill(202), ...Array(4).fill(429)]);
  });

  test('from one IPv6 network counts as one address', async () => {
    const { path, repository } = await watchNew();
    const flood = await statuses(7, (n) => hubPush(repository, path, `flood-${n}`, `2001:db8:1:1::${n}`));
    expect(flood).toEqual([...Array(5).fill(202), 429, 429]);
  });

  test('does not limit another webhook', async () => {
    const { path, repository } = await watchNew();
    expect((await hubPush(repository, path, 'v1', '203.0.113.7')).status).toBe(202);
  });

  test('a push that only a refused webhook told of is found by the sweep', async () => {
    const { path, repository } = await watchNew();
    await statuses(6, (n) => hubPush(repository, path, `flood-${n}`, '203.0.113.8'));
    pushwarden.registry.push(path, 'v2', singleImage(`${path} v2`));
    expect((await hubPush(repository, path, 'v2', '203.0.113.8')).status).toBe(429);
    await pushwarden.api('POST', `/repositories/${repository.id}/sweep`, {});
    await until('the sweep has found it', async () =>
      (await pushwarden.pushes(repository.id)).some((push: Json) => push.tag === 'v2' && push.origin === 'sweep'),
    );
  });

  test('is over an hour after the last that was refused', async () => {
    const open = (await limited()).filter(({ state }: Json) => state === 'open');
    expect(open.length).toBeGreaterThan(1);
    await pushwarden.run('retention');
    expect((await limited()).filter(({ state }: Json) => state === 'open')).toHaveLength(open.length);
    await pushwarden.advance(3700);
    await pushwarden.run('retention');
    expect((await limited()).map(({ state }: Json) => state)).toEqual(Array(open.length).fill('closed'));
  });
});

describe('requests at a GitHub webhook', () => {
  test('that are not signed with its secret never count against it', async () => {
    const { path, repository } = await watchNew('ghcr.io');
    const url = new URL(repository.webhook.url).pathname;
    const headers = {
      'x-github-event': 'package',
      'x-github-delivery': 'x',
      'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
    };
    expect(await statuses(20, () => from('198.51.100.9', url, { headers }))).toEqual(Array(20).fill(401));
    const image = singleImage(`${path} v1`);
    const { body, event } = packageDelivery({ event: 'package', path, tag: 'v1', image, children: [] });
    const signature = `sha256=${createHmac('sha256', repository.webhook.secret).update(body).digest('hex')}`;
    const genuine = { 'x-github-event': event, 'x-github-delivery': randomUUID(), 'x-hub-signature-256': signature };
    expect((await from('198.51.100.9', url, { body, headers: genuine })).status).toBe(202);
  });
});

describe('an address that guesses', () => {
  const guess = (n: number) => `/webhooks/dockerhub/${String(n).padStart(43, 'g')}`;

  test('is answered 429 after so many, while what is real still gets through from there', async () => {
    const { path, repository } = await watchNew();
    const github = await watchNew('ghcr.io');
    const answers = await statuses(9, (n) => from('192.0.2.66', guess(n)));
    expect(answers).toEqual([...Array(5).fill(404), ...Array(4).fill(429)]);
    // Registered before and never used: nothing of it is in memory.
    expect((await hubPush(repository, path, 'v1', '192.0.2.66')).status).toBe(202);
    const unsigned = await from('192.0.2.66', new URL(github.repository.webhook.url).pathname);
    expect([400, 401]).toContain(unsigned.status);
    expect((await from('192.0.2.66', `/webhooks/github/${'g'.repeat(22)}`)).status).toBe(429);
    expect((await from('192.0.2.67', guess(1))).status).toBe(404);
  });

  test('at Slack’s address is not looked up any more', async () => {
    const { json } = await pushwarden.api('POST', '/channels', {
      name: 'own app',
      kind: 'slack-webhook',
      url: `${pushwarden.slack.url}/services/own`,
      signingSecret: CHANNEL_SECRET,
    });
    const press = (address: string, channel: number) =>
      from(address, `/slack/interactions/${channel}`, {
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    expect(await statuses(3, () => press('192.0.2.70', 999_999))).toEqual([404, 404, 404]);
    expect(await statuses(4, () => press('192.0.2.70', json.id))).toEqual([401, 401, 429, 429]);
    expect((await press('192.0.2.71', json.id)).status).toBe(401);
  });
});

test('announcements are limited by the source repository that makes them', async () => {
  const { path } = await watchNew();
  const announce = async (repositoryId: string): Promise<number> => {
    const claims = claimsOf({ repository: 'org/source', repositoryId, file: '.github/workflows/r.yml' }, 'v1');
    const token = await pushwarden.oidc.mint(claims, {
      audience: 'http://127.0.0.1:8787',
      offsetSeconds: Math.round((pushwarden.now() - Date.now()) / 1000),
    });
    const { status } = await from('192.0.2.80', '/ci/announcements', {
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ phase: 'started', image: `docker.io/${path}` }),
    });
    return status;
  };
  const answers: number[] = [];
  for (let n = 0; n < 5; n += 1) answers.push(await announce('666'));
  expect(answers).toEqual([403, 403, 403, 429, 429]);
  expect(await announce('667')).toBe(403);
});

describe('without bindings, as on one machine', () => {
  let local: TestInstallation;
  beforeAll(async () => {
    local = await TestInstallation.start({ bundle: inject('bundle') });
  });
  afterAll(() => local?.stop());

  test('a release of 60 multi-arch tags in two repositories behind one webhook is taken whole', async () => {
    const repository = await local.watch('ghcr.io/org/one');
    const other = await local.watch('ghcr.io/org/two', { hook: repository.webhook.id });
    expect(other.webhook.url).toBe(repository.webhook.url);
    const sends: (() => Promise<Answer>)[] = [];
    for (const path of ['org/one', 'org/two']) {
      const parts = [singleImage(`${path} amd64`, 'amd64'), singleImage(`${path} arm64`, 'arm64')];
      const image = imageIndex(parts, []);
      for (const part of parts) local.registry.push(path, null, part);
      for (let n = 0; n < 60; n += 1) {
        local.registry.push(path, `1.${n}`, image);
        for (const event of ['package', 'registry_package'] as const)
          for (const [tag, pushed] of [[`1.${n}`, image], ...parts.map((part) => ['', part] as const)] as const)
            sends.push(() =>
              sendGitHub(
                local,
                repository.webhook,
                packageDelivery({ event, path, tag, image: pushed, children: parts }),
              ),
            );
      }
    }
    const answers: number[] = [];
    while (sends.length > 0)
      answers.push(...(await Promise.all(sends.splice(0, 20).map(async (send) => (await send()).status))));
    expect(answers).toEqual(Array(720).fill(202));
  });

  test('Docker Hub and Distribution are taken as they come', async () => {
    const hub = await local.watch('docker.io/org/hub');
    expect((await sendDockerHub(local, hub.webhook, { path: 'org/hub', tag: 'v1', pusher: 'bot' })).status).toBe(202);
    const own = await local.watch('registry.example/org/own', { provider: 'distribution' });
    const event = distributionEvent({ repository: 'org/own', tag: 'v1', digest: singleImage('own').digest });
    expect((await sendDistribution(local, own.webhook, [event])).status).toBe(202);
  });
});
