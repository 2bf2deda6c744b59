import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { dockerHubBody } from '../../scripts/simulate/dockerhub-webhook.ts';
import { packageBody } from '../../scripts/simulate/github-webhook.ts';
import { singleImage } from '../../scripts/simulate/images.ts';
import { snapshot } from '../fixtures/database.ts';
import { rawRequest } from '../fixtures/raw-http.ts';
import { distributionEvent, sendDistribution, sendDockerHub, sendGitHub } from '../fixtures/senders.ts';
import { type Answer, addKey, type Json, TestInstallation } from '../fixtures/worker.ts';

const MIB = 1024 * 1024;
const TEAM_2 = `pwk_${'b'.repeat(43)}`;
const IMAGE = singleImage('org/app genuine');

let pushwarden: TestInstallation;
let hub: Json;
let github: Json;
let distribution: Json;

// Nothing is consumed in the background: whatever stands in the database, a request wrote.
beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false });
  await addKey(pushwarden.db, 2, 'other', TEAM_2);
  pushwarden.registry.push('org/app', '1.0.0', IMAGE);
  hub = await pushwarden.watch('docker.io/org/app');
  github = await pushwarden.watch('ghcr.io/org/app');
  distribution = await pushwarden.watch('registry.example/org/app');
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden.stop());

const pathOf = (repository: Json): string => new URL(repository.webhook.url).pathname;
const secretOf = (repository: Json): string => pathOf(repository).split('/').at(-1) ?? '';
const hubBody = (tag = '1.0.0', path = 'org/app'): string =>
  dockerHubBody({ path, tag, pusher: 'release-bot', at: Date.now() });
const gitHubBody = (): string =>
  packageBody({ event: 'package', path: 'org/app', tag: '1.0.0', image: IMAGE, children: [] });
const distributionBody = (): string =>
  JSON.stringify({ events: [distributionEvent({ repository: 'org/app', tag: '1.0.0', digest: IMAGE.digest })] });
const hmac = (secret: string, body: string | Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const post = (
  path: string,
  body: string,
  contentType = 'application/json',
  headers: Record<string, string> = {},
): Promise<Answer> =>
  pushwarden.request(path, { method: 'POST', headers: { 'content-type': contentType, ...headers }, body });

/** Authenticated, as each provider does it, with any body. */
const providers = {
  dockerhub: (body: string, type?: string) => post(pathOf(hub), body, type),
  github: (body: string, type?: string) =>
    post(pathOf(github), body, type, {
      'x-github-event': 'package',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': hmac(github.webhook.secret, body),
    }),
  distribution: (body: string, type?: string) => post(pathOf(distribution), body, type),
};
type Provider = keyof typeof providers;
const PROVIDERS = ['dockerhub', 'github', 'distribution'] as const;
const bodies = { dockerhub: hubBody, github: gitHubBody, distribution: distributionBody };
const hookOf = (provider: Provider): number => ({ dockerhub: hub, github, distribution })[provider].webhook.id;

/** Runs it and proves that it wrote nothing, in no table. */
async function writesNothing<T>(act: () => Promise<T>): Promise<T> {
  const before = await snapshot(pushwarden.db);
  const result = await act();
  expect(await snapshot(pushwarden.db)).toBe(before);
  return result;
}

const deliveriesOf = async (provider: Provider): Promise<Json[]> =>
  (await pushwarden.api('GET', `/deliveries?hook=${hookOf(provider)}&limit=200`)).json.items;
const pushCount = async (): Promise<number> =>
  (await pushwarden.db.prepare('SELECT count(*) AS n FROM pushes').first<{ n: number }>())?.n ?? -1;

describe('whoever does not know the secret', () => {
  const NOTHING_HERE = { type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is nothing here.' };
  const strangers: [string, () => string, () => string][] = [
    ['an unknown secret', () => `/webhooks/dockerhub/${'x'.repeat(43)}`, hubBody],
    ['an unknown secret at Distribution’s path', () => `/webhooks/distribution/${'x'.repeat(43)}`, distributionBody],
    ['an unknown hook', () => '/webhooks/github/aaaaaaaaaaaaaaaa', gitHubBody],
    ['a secret with a letter more', () => `${pathOf(hub)}A`, hubBody],
    ['a secret with a letter less', () => pathOf(hub).slice(0, -1), hubBody],
    ['no secret', () => '/webhooks/dockerhub/', hubBody],
    ['no secret in the header either', () => '/webhooks/distribution', distributionBody],
    ['a broken escape', () => '/webhooks/dockerhub/%E0%A4%A', hubBody],
    ['SQL', () => `/webhooks/dockerhub/${encodeURIComponent("' OR 1=1 --")}`, hubBody],
    ['an unknown provider', () => `/webhooks/quay/${secretOf(hub)}`, hubBody],
    ['a body that is not JSON', () => `/webhooks/dockerhub/${'x'.repeat(43)}`, () => '{'],
    ['Docker Hub’s secret at Distribution’s path', () => `/webhooks/distribution/${secretOf(hub)}`, distributionBody],
    ['Distribution’s secret at Docker Hub’s path', () => `/webhooks/dockerhub/${secretOf(distribution)}`, hubBody],
    ['Docker Hub’s secret at GitHub’s path', () => `/webhooks/github/${secretOf(hub)}`, gitHubBody],
    ['GitHub’s HMAC secret at Docker Hub’s path', () => `/webhooks/dockerhub/${github.webhook.secret}`, hubBody],
    ['GitHub’s hook at Docker Hub’s path', () => `/webhooks/dockerhub/${secretOf(github)}`, hubBody],
  ];
  test.each(strangers)('gets the same 404 with %s, and writes nothing', async (_, path, body) => {
    const { status, json } = await writesNothing(() => post(path(), body()));
    expect([status, json]).toEqual([404, NOTHING_HERE]);
  });

  test('gets it at GitHub’s path with the public id of another provider’s hook', async () => {
    const row = await pushwarden.db
      .prepare('SELECT public_id AS id FROM hooks WHERE id = ?1')
      .bind(hub.webhook.id)
      .first<{ id: string }>();
    const { status, json } = await writesNothing(() => post(`/webhooks/github/${row?.id}`, gitHubBody()));
    expect([status, json]).toEqual([404, NOTHING_HERE]);
  });

  const unsigned: [string, (body: string) => string | null][] = [
    ['no signature', () => null],
    ['an empty signature', () => ''],
    ['one by another secret', (body) => hmac('another', body)],
    ['one by the hook’s own id', (body) => hmac(secretOf(github), body)],
    ['one of another body', () => hmac(github.webhook.secret, gitHubBody().replace('1.0.0', '2.0.0'))],
    ['a part of the right one', (body) => hmac(github.webhook.secret, body).slice(0, -2)],
    ['the right one as SHA-1 says it', (body) => hmac(github.webhook.secret, body).replace('sha256=', 'sha1=')],
    ['the right one and a wrong one', (body) => `${hmac(github.webhook.secret, body)}, ${hmac('another', body)}`],
  ];
  test.each(unsigned)('gets 401 from GitHub’s endpoint with %s, and writes nothing', async (_, signatureOf) => {
    const body = gitHubBody();
    const delivery = { event: 'package', body, signature: signatureOf(body) };
    const { status } = await writesNothing(() => sendGitHub(pushwarden, github.webhook, delivery));
    expect(status).toBe(401);
  });
});

describe('a rotated HMAC secret', () => {
  test('works until the overlap ends, and not after it', async () => {
    pushwarden.registry.push('org/rotated', '1.0.0', IMAGE);
    const { id, webhook: old } = await pushwarden.watch('ghcr.io/org/rotated');
    const body = gitHubBody().replaceAll('org/app', 'org/rotated').replaceAll('"name":"app"', '"name":"rotated"');
    const { json: fresh } = await pushwarden.api('POST', `/repositories/${id}/rotate-secret`, { overlapMinutes: 60 });
    expect(fresh.secret).not.toBe(old.secret);
    for (const webhook of [old, fresh])
      expect((await sendGitHub(pushwarden, webhook, { event: 'package', body })).status).toBe(202);
    await pushwarden.advance(59 * 60);
    expect((await sendGitHub(pushwarden, old, { event: 'package', body })).status).toBe(202);
    await pushwarden.advance(2 * 60);
    expect((await writesNothing(() => sendGitHub(pushwarden, old, { event: 'package', body }))).status).toBe(401);
    expect((await sendGitHub(pushwarden, fresh, { event: 'package', body })).status).toBe(202);
  });

  test('does not outlive the overlap in the memory of a busy Worker', async () => {
    pushwarden.registry.push('org/busy', '1.0.0', IMAGE);
    const { id, webhook: old } = await pushwarden.watch('ghcr.io/org/busy');
    await pushwarden.api('POST', `/repositories/${id}/rotate-secret`, { overlapMinutes: 1 });
    const delivery = { event: 'ping', body: '{}' };
    await pushwarden.advance(55);
    expect((await sendGitHub(pushwarden, old, delivery)).status).toBe(202); // remembered for 10 s from here
    await pushwarden.advance(7);
    expect((await sendGitHub(pushwarden, old, delivery)).status).toBe(401);
  });
});

describe('a body', () => {
  const limits: [Provider, number][] = [
    ['dockerhub', MIB],
    ['distribution', MIB],
    ['github', 25 * MIB],
  ];
  const headersOf = (provider: Provider, body: Uint8Array): Record<string, string> => ({
    'content-type': 'application/json',
    ...(provider === 'github'
      ? {
          'x-github-event': 'package',
          'x-github-delivery': randomUUID(),
          'x-hub-signature-256': hmac(github.webhook.secret, body),
        }
      : {}),
  });
  const pathTo = (provider: Provider): URL =>
    new URL(pathOf({ dockerhub: hub, github, distribution }[provider]), pushwarden.url);
  const padded = (provider: Provider, length: number): Buffer => Buffer.from(bodies[provider]().padEnd(length, ' '));

  test.each(limits)('for %s of exactly %d bytes is read', async (provider, limit) => {
    const body = padded(provider, limit);
    const { status } = await rawRequest(pathTo(provider), {
      headers: { ...headersOf(provider, body), 'content-length': limit },
      chunks: [body],
    });
    expect(status).toBe(202);
  });

  test.each(limits)(
    'for %s above %d bytes gets 413 by its Content-Length, and writes nothing',
    async (provider, limit) => {
      const body = padded(provider, limit + 1);
      const headers = { ...headersOf(provider, body), 'content-length': limit + 1 };
      const { status } = await writesNothing(() => rawRequest(pathTo(provider), { headers, chunks: [body] }));
      expect(status).toBe(413);
    },
  );

  test.each(limits)('for %s above %d bytes gets 413 in chunks too, and writes nothing', async (provider, limit) => {
    const body = padded(provider, limit + 1);
    const halves = [body.subarray(0, limit), body.subarray(limit)];
    const { status } = await writesNothing(() =>
      rawRequest(pathTo(provider), { headers: headersOf(provider, body), chunks: halves }),
    );
    expect(status).toBe(413);
  });

  test.each(PROVIDERS)('for %s of another type gets 415, and writes nothing', async (provider) => {
    for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/jsonp', 'text/html'])
      expect((await writesNothing(() => providers[provider](bodies[provider](), type))).status).toBe(415);
  });

  test.each(PROVIDERS)('for %s that is not JSON gets 400, is kept, and is one health alert', async (provider) => {
    for (const body of ['{', 'null!', '<html>']) {
      const { status, json, headers } = await providers[provider](body);
      expect([status, json.kept, headers.get('content-type')]).toEqual([400, true, 'application/problem+json']);
      expect(json.detail).toContain('not JSON');
    }
    const kept = (await deliveriesOf(provider)).filter(
      (each) => each.outcome === 'not-understood' && each.problem.includes('not JSON'),
    );
    expect(kept).toHaveLength(3);
    const raised =
      "SELECT count(*) AS n FROM notifications WHERE content LIKE '%delivery-not-understood%' AND content LIKE ?1";
    const publicId = await pushwarden.db
      .prepare('SELECT public_id AS id FROM hooks WHERE id = ?1')
      .bind(hookOf(provider))
      .first<{ id: string }>();
    expect(await pushwarden.db.prepare(raised).bind(`%${publicId?.id}%`).first('n')).toBe(1);
    const open = (await pushwarden.api('GET', '/health')).json.items.filter(
      (each: Json) => each.subject === publicId?.id,
    );
    expect(open).toMatchObject([{ kind: 'delivery-not-understood', state: 'open' }]);
  });

  test.each(PROVIDERS)('for %s nested 100 000 levels deep gets 400 at once', async (provider) => {
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const start = performance.now();
      const { status, json } = await providers[provider](`${open.repeat(100_000)}1${close.repeat(100_000)}`);
      expect([status, json.detail]).toEqual([400, expect.stringContaining('nested deeper')]);
      expect(performance.now() - start).toBeLessThan(2000);
    }
  });

  test('for the API nested 100 000 levels deep gets 400 at once', async () => {
    const start = performance.now();
    const body = `{"image":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const headers = { authorization: `Bearer ${TEAM_2}`, 'content-type': 'application/json' };
    expect((await pushwarden.request('/api/v1/repositories', { method: 'POST', headers, body })).status).toBe(400);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test('from GitHub may be a form', async () => {
    const body = new URLSearchParams({ payload: gitHubBody() }).toString();
    const { status, json } = await providers.github(body, 'application/x-www-form-urlencoded');
    expect([status, json.understood]).toEqual([202, ['package.published']]);
  });

  test('cannot put its own values under everything by __proto__ or constructor', async () => {
    const { push_data, repository } = JSON.parse(hubBody());
    const inner = JSON.stringify({ push_data, repository });
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      const { status, json } = await providers.dockerhub(`{"${key}":${inner},"constructor":{"prototype":${inner}}}`);
      expect([status, json.detail]).toEqual([400, expect.stringContaining('push_data: missing')]);
    }
    expect((await providers.dockerhub(`{"__proto__":{"polluted":1},${hubBody().slice(1)}`)).status).toBe(202);
    expect((await providers.dockerhub('{}')).status).toBe(400);
  });
});

describe('a claim', () => {
  test('of a tag of 128 characters is recorded, of 129 is refused by name', async () => {
    const longest = 'v'.repeat(128);
    const { status, json } = await providers.dockerhub(hubBody(longest));
    expect(status).toBe(202);
    expect((await pushwarden.api('GET', `/pushes/${json.pushes[0]}`)).json.tag).toBe(longest);
    const before = await pushCount();
    const refused = await providers.dockerhub(hubBody(`${longest}v`));
    expect([refused.status, refused.json.kept]).toEqual([400, true]);
    expect(refused.json.detail).toMatch(/^push_data\.tag: /);
    expect(await pushCount()).toBe(before);
  });

  /** What is changed in a right body, and what the answer says of it. */
  const wrong: [Provider, string, (body: Json) => unknown, RegExp][] = [
    ['dockerhub', 'an array', () => [], /^the body: expected object/],
    ['dockerhub', 'null', () => null, /^the body: expected object/],
    [
      'dockerhub',
      'a tag that is a number',
      (b) => ({ ...b, push_data: { tag: 1 } }),
      /^push_data\.tag: expected string/,
    ],
    ['dockerhub', 'a tag with a newline', (b) => ({ ...b, push_data: { tag: 'a\nb' } }), /^push_data\.tag: /],
    [
      'dockerhub',
      'a time that is text',
      (b) => ({ ...b, push_data: { ...b.push_data, pushed_at: 'now' } }),
      /^push_data\.pushed_at: /,
    ],
    [
      'dockerhub',
      'a time past the end',
      (b) => ({ ...b, push_data: { ...b.push_data, pushed_at: 1e300 } }),
      /^push_data\.pushed_at: /,
    ],
    [
      'dockerhub',
      'a pusher that is a list',
      (b) => ({ ...b, push_data: { ...b.push_data, pusher: ['a'] } }),
      /^push_data\.pusher: /,
    ],
    [
      'dockerhub',
      'a repository that is a number',
      (b) => ({ ...b, repository: { repo_name: 7 } }),
      /^repository\.repo_name: /,
    ],
    [
      'dockerhub',
      'a repository that climbs',
      (b) => ({ ...b, repository: { repo_name: '../../etc' } }),
      /^repository\.repo_name: /,
    ],
    ['github', 'a package that is text', (b) => ({ ...b, package: 'app' }), /^package: expected object/],
    [
      'github',
      'a package without a name',
      (b) => ({ ...b, package: { ...b.package, name: undefined } }),
      /^package\.name: missing/,
    ],
    [
      'github',
      'a version that is a list',
      (b) => ({ ...b, package: { ...b.package, package_version: [] } }),
      /^package\.package_version: /,
    ],
    ['github', 'a sender that is text', (b) => ({ ...b, sender: 'me' }), /^sender: expected object/],
    [
      'github',
      'neither tag nor digest',
      (b) => ({ ...b, package: { ...b.package, package_version: { version: 'sha256:abc' } } }),
      /^package\.package_version: neither/,
    ],
    ['distribution', 'events that are an object', () => ({ events: {} }), /^events: expected array/],
    ['distribution', 'an event that is text', () => ({ events: ['push'] }), /^events\.0: expected object/],
    [
      'distribution',
      'a digest that is not one',
      (b) => changedTarget(b, { digest: 'sha256:xyz' }),
      /^events\.0\.target\.digest: not a sha256 digest/,
    ],
    [
      'distribution',
      'a digest in upper case',
      (b) => changedTarget(b, { digest: IMAGE.digest.toUpperCase() }),
      /^events\.0\.target\.digest: /,
    ],
    [
      'distribution',
      'a repository that is a number',
      (b) => changedTarget(b, { repository: 1 }),
      /^events\.0\.target\.repository: /,
    ],
    [
      'distribution',
      'a time that is not one',
      (b) => ({ events: [{ ...b.events[0], timestamp: 'yesterday' }] }),
      /^events\.0\.timestamp: /,
    ],
    ['distribution', '1001 events', (b) => ({ events: Array(1001).fill(b.events[0]) }), /^events: /],
  ];
  test.each(wrong)('by %s with %s is refused by its name, kept, and no push', async (provider, _, change, detail) => {
    const pushes = await pushCount();
    const body = JSON.stringify(change(JSON.parse(bodies[provider]())));
    const { status, json } = await providers[provider](body);
    expect([status, json.kept]).toEqual([400, true]);
    expect(json.detail).toMatch(detail);
    expect(await pushCount()).toBe(pushes);
    expect(
      (await deliveriesOf(provider)).some((each) => each.outcome === 'not-understood' && each.problem === json.detail),
    ).toBe(true);
  });

  test('of an image that nobody watches is listed and counted, is news once, and is no push', async () => {
    const pushes = await pushCount();
    for (const at of [1, 2, 3]) {
      const { status, json } = await sendDockerHub(pushwarden, hub.webhook, {
        path: 'org/unknown',
        tag: `${at}`,
        pusher: 'mallory',
        at: at * 1000,
      });
      expect([status, json.pushes, json.unwatched]).toEqual([202, [], ['docker.io/org/unknown']]);
    }
    expect((await pushwarden.api('GET', '/unwatched-images')).json.items).toContainEqual(
      expect.objectContaining({
        image: 'docker.io/org/unknown',
        deliveries: 3,
        lastTag: '3',
        lastPusher: 'mallory',
        hook: hub.webhook.id,
      }),
    );
    expect(await pushCount()).toBe(pushes);
    await pushwarden.advance(60);
    expect(pushwarden.messages('health').filter((text) => text.includes('org/unknown'))).toHaveLength(1);
    expect(pushwarden.messages('alerts').filter((text) => text.includes('org/unknown'))).toEqual([]);
  });

  test('of a thousand images that nobody watches fills neither the list nor the channel', async () => {
    const events = Array.from({ length: 1000 }, (_, n) =>
      distributionEvent({ repository: `org/invented${n}`, tag: '1', digest: IMAGE.digest }),
    );
    expect((await sendDistribution(pushwarden, distribution.webhook, events)).status).toBe(202);
    expect(await pushwarden.db.prepare('SELECT count(*) AS n FROM unwatched_images').first('n')).toBeLessThanOrEqual(
      200,
    );
    const news = "SELECT count(*) AS n FROM notifications WHERE content LIKE '%/org/invented%'";
    expect(await pushwarden.db.prepare(news).first('n')).toBeLessThanOrEqual(200);
  });
});

const changedTarget = (body: Json, target: object): object => ({
  events: [{ ...body.events[0], target: { ...body.events[0].target, ...target } }],
});

describe('a delivery about another team’s image', () => {
  beforeAll(() => {
    for (const path of ['org/theirs', 'org/both']) pushwarden.registry.push(path, '1.0.0', IMAGE);
  });

  /** Whatever team 2 can see, and what stands in the tables about its image. */
  async function ofTeam2(repository: number): Promise<unknown> {
    const paths = [
      '/repositories',
      `/repositories/${repository}/pushes?folded=true`,
      `/repositories/${repository}/tags`,
      '/alerts',
      '/health',
      '/unwatched-images',
    ];
    const seen = await Promise.all(
      paths.map(async (path) => (await pushwarden.api('GET', path, undefined, TEAM_2)).json),
    );
    const rows = await snapshot(pushwarden.db, (_, row) => row.team_id === 2 || row.repository_id === repository);
    return [seen, rows];
  }

  async function watchedByTeam2(image: string): Promise<number> {
    const { status, json } = await pushwarden.api('POST', '/repositories', { image }, TEAM_2);
    expect(status).toBe(201);
    const baseline = async (): Promise<string> =>
      (await pushwarden.api('GET', `/repositories/${json.id}`, undefined, TEAM_2)).json.baseline.state;
    await expect.poll(baseline, { timeout: 5000 }).toBe('done');
    return json.id;
  }

  test('changes nothing of that team', async () => {
    const theirs = await watchedByTeam2('docker.io/org/theirs');
    const before = await ofTeam2(theirs);
    const { json } = await sendDockerHub(pushwarden, hub.webhook, {
      path: 'org/theirs',
      tag: '1.0.0',
      pusher: 'mallory',
    });
    expect(json).toMatchObject({ pushes: [], unwatched: ['docker.io/org/theirs'] });
    expect(await ofTeam2(theirs)).toEqual(before);
  });

  test('is a push for the team of the hook only, when both watch it', async () => {
    const theirs = await watchedByTeam2('docker.io/org/both');
    const ours = await pushwarden.watch('docker.io/org/both');
    const before = await ofTeam2(theirs);
    const { json } = await sendDockerHub(pushwarden, hub.webhook, {
      path: 'org/both',
      tag: '2.0.0',
      pusher: 'mallory',
    });
    expect(json.pushes).toEqual([expect.stringMatching(new RegExp(`^${ours.id}-`))]);
    expect(await ofTeam2(theirs)).toEqual(before);
  });
});
