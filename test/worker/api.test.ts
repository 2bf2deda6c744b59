import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { createApp } from '../../src/http/app.ts';
import {
  distributionEvent,
  packageDelivery,
  sendDistribution,
  sendDockerHub,
  sendGitHub,
} from '../fixtures/senders.ts';
import { ADMIN_KEY, type Answer, type Json, TestInstallation } from '../fixtures/worker.ts';

const IMAGE = singleImage('genuine');

let pushwarden: TestInstallation;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false });
  for (let n = 0; n < 20; n += 1) pushwarden.registry.push(`org/app${n}`, '1.0.0', IMAGE);
});
afterAll(() => pushwarden.stop());

const register = (image: string, more: object = {}): Promise<Answer> =>
  pushwarden.api('POST', '/repositories', { image, ...more });
const audit = async (): Promise<Json[]> => (await pushwarden.api('GET', '/audit-log')).json.items;

/** RFC 9457, with the reason in words. */
function expectProblem(answer: Answer, status: number, detail: RegExp): void {
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.json).toMatchObject({
    type: 'about:blank',
    title: expect.any(String),
    status,
    detail: expect.stringMatching(detail),
  });
  expect(answer.status).toBe(status);
}

describe('an image to watch', () => {
  const names: [string, string, string][] = [
    ['nginx', 'docker.io/library/nginx', 'dockerhub'],
    ['index.docker.io/org/one', 'docker.io/org/one', 'dockerhub'],
    ['registry-1.docker.io/org/two', 'docker.io/org/two', 'dockerhub'],
    [' org/three ', 'docker.io/org/three', 'dockerhub'],
    ['GHCR.io/org/four', 'ghcr.io/org/four', 'github'],
    ['registry.example/a/b/c', 'registry.example/a/b/c', 'distribution'],
  ];
  test.each(names)('"%s" is %s, told of by %s', async (given, image, provider) => {
    const { status, json } = await register(given);
    expect([status, json.image, json.provider]).toEqual([201, image, provider]);
    expect(json.webhook.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:8787/webhooks/${provider}/[\\w-]{16,43}$`));
    expect(json.webhook.instructions.length).toBeGreaterThan(0);
    expect('secret' in json.webhook).toBe(provider === 'github');
  });

  const refused: [string, RegExp][] = [
    ['docker.io/Org/App', /^image: .*upper-case letters/],
    ['docker.io/org/app:1.0.0', /^image: Write the image without a tag/],
    [`docker.io/org/app@sha256:${'0'.repeat(64)}`, /^image: Write the image without a digest/],
    ['https://docker.io/org/app', /^image: Write the image without a scheme/],
    ['', /^image: An image name is missing/],
    ['docker.io/../etc', /^image: .*not an OCI repository name/],
    ['docker.io/org//app', /^image: .*not an OCI repository name/],
    [`docker.io/${'a'.repeat(256)}`, /^image: The repository path is longer/],
    ['quay.io/org/app', /^image: the registry quay\.io is not configured; add it to REGISTRIES/],
    ['127.0.0.1:5000/org/app', /^image: the registry 127\.0\.0\.1:5000 is not configured/],
  ];
  test.each(refused)('"%s" is refused with the reason', async (image, detail) => {
    const before = (await pushwarden.api('GET', '/repositories?limit=200')).json.items.length;
    expectProblem(await register(image), 400, detail);
    expect((await pushwarden.api('GET', '/repositories?limit=200')).json.items).toHaveLength(before);
  });

  test('is watched once, by whatever spelling', async () => {
    expect((await register('docker.io/org/app0')).status).toBe(201);
    for (const spelling of ['org/app0', 'index.docker.io/org/app0'])
      expectProblem(await register(spelling), 409, /^docker\.io\/org\/app0 is watched already/);
    expect((await audit()).filter((each) => each.target === 'docker.io/org/app0')).toHaveLength(1);
  });

  test('needs nothing but its name, and no word that is not known', async () => {
    expectProblem(await register('docker.io/org/other', { polices: {} }), 400, /polices/);
    expectProblem(await register('docker.io/org/other', { hook: 4711 }), 400, /^hook: there is no hook 4711/);
    expectProblem(
      await register('docker.io/org/other', { alertChannel: 'nowhere' }),
      400,
      /^alertChannel: there is no channel "nowhere"/,
    );
    expectProblem(await pushwarden.api('POST', '/repositories', {}), 400, /^image: /);
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    expectProblem(
      await pushwarden.request('/api/v1/repositories', { method: 'POST', headers, body: '{"image":' }),
      400,
      /not JSON/,
    );
    expectProblem(
      await pushwarden.request('/api/v1/repositories', { method: 'POST', headers, body: ' '.repeat(300_000) }),
      413,
      /longer than 262144 bytes/,
    );
  });
});

describe('a policy', () => {
  const identity = { oidcIssuer: 'https://token.actions.githubusercontent.com', repositoryId: '42' };
  const refused: [string, Json, RegExp][] = [
    ['no pusher at all', { pushers: [] }, /^policy\.pushers: an empty list would call every push rogue/],
    ['a pusher that is not text', { pushers: [7] }, /^policy\.pushers\.0: expected string/],
    ['a tag that is none', { immutableTags: ['a b'] }, /^policy\.immutableTags\.0: expected a tag/],
    ['an unknown mode', { signatures: { mode: 'maybe' } }, /^policy\.signatures\.mode: /],
    [
      'CI required and no identity',
      { ci: { mode: 'require' } },
      /^policy\.ci\.identities: name at least one CI identity/,
    ],
    [
      'announceFirst without CI',
      { ci: { announceFirst: true } },
      /^policy\.ci\.announceFirst: announceFirst needs ci\.mode require/,
    ],
    [
      'a repository by name',
      { ci: { identities: [{ ...identity, repositoryId: 'org/app' }] } },
      /repositoryId: expected the CI's numeric repository id/,
    ],
    ['a short ref', { ci: { identities: [{ ...identity, ref: 'main' }] } }, /a ref is written in full/],
    [
      'two kinds of ref',
      { ci: { identities: [{ ...identity, ref: 'refs/heads/main', refPattern: 'refs/*' }] } },
      /give ref or refPattern, not both/,
    ],
    ['an issuer that is no address', { ci: { identities: [{ ...identity, oidcIssuer: 'github' }] } }, /oidcIssuer: /],
    [
      'a deadline before the settle time',
      { settleSeconds: 600, deadlineSeconds: 60 },
      /^policy\.deadlineSeconds: the deadline cannot come before/,
    ],
    ['a time below zero', { settleSeconds: -1 }, /^policy\.settleSeconds: /],
    ['an unknown key', { pusher: ['a'] }, /pusher/],
  ];
  test.each(refused)(
    'with %s is refused with the reason, when registering and when changing',
    async (_, policy, detail) => {
      expectProblem(await register('docker.io/org/refused', { policy }), 400, detail);
      const { json } = await pushwarden.api('GET', '/repositories?limit=1');
      const [known] = json.items;
      expectProblem(await pushwarden.api('PATCH', `/repositories/${known.id}`, { policy }), 400, detail);
      expect((await pushwarden.api('GET', `/repositories/${known.id}`)).json.policy).toEqual(known.policy);
    },
  );

  test('is completed with defaults, and says what it leaves open', async () => {
    const { json } = await register('docker.io/org/app1', {
      policy: { ci: { identities: [identity] }, immutableTags: [] },
    });
    expect(json.policy).toMatchObject({
      pushers: null,
      rollbacks: 'alert',
      ci: { mode: 'require', announceFirst: false, windowSeconds: 3600, identities: [identity] },
      signatures: { mode: 'off' },
      settleSeconds: 120,
      deadlineSeconds: 1800,
    });
    expect(json.warnings.map((each: string) => each.split(' ')[0])).toEqual([
      'pushers',
      'ci.announceFirst',
      'immutableTags',
      'signatures.mode',
    ]);
  });
});

describe('a watched image', () => {
  test('is listed in pages, read, changed and deleted, and the audit log says by whom, without a secret', async () => {
    await pushwarden.api('POST', '/channels', {
      name: 'elsewhere',
      kind: 'slack-bot',
      token: 'xoxb-never-shown',
      channel: 'C1',
    });
    const created = await pushwarden.watch('docker.io/org/app2');
    const path = `/repositories/${created.id}`;
    const all = (await pushwarden.api('GET', '/repositories?limit=200')).json.items;
    const paged: Json[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await pushwarden.api('GET', `/repositories?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...json.items);
      cursor = json.next;
    }
    expect(paged).toEqual(all);
    expect(all.at(-1)).toMatchObject({ id: created.id, image: 'docker.io/org/app2' });
    const read = await pushwarden.api('GET', path);
    expect(read.json).toMatchObject({ id: created.id, baseline: { state: 'done', tags: 1 }, alertChannel: null });
    expect(JSON.stringify(read.json)).not.toContain(created.webhook.url.split('/').at(-1));

    const changed = await pushwarden.api('PATCH', path, { policy: { pushers: ['a'] }, alertChannel: 'elsewhere' });
    expect(changed.json).toMatchObject({ policy: { pushers: ['a'] }, alertChannel: 'elsewhere' });
    expect((await pushwarden.api('PATCH', path, { alertChannel: null })).json).toMatchObject({
      policy: { pushers: ['a'] },
      alertChannel: null,
    });
    expectProblem(await pushwarden.api('PATCH', path, { alertChannel: 'nowhere' }), 400, /^alertChannel: /);
    expect((await pushwarden.api('DELETE', path)).json).toEqual({ deleted: true });
    for (const method of ['GET', 'DELETE']) expectProblem(await pushwarden.api(method, path), 404, /nothing here/);
    const late = await sendDockerHub(pushwarden, created.webhook, { path: 'org/app2', tag: '1', pusher: 'a' });
    expect(late.status).toBe(404);

    const entries = (await audit()).filter((each) => each.target === 'docker.io/org/app2');
    expect(entries.map((each) => each.action)).toEqual([
      'repository.deleted',
      'repository.changed',
      'repository.changed',
      'repository.created',
    ]);
    expect(entries[2]?.detail).toMatchObject({
      before: { policy: { pushers: null } },
      after: { policy: { pushers: ['a'] }, alertChannel: 'elsewhere' },
    });
    expect(entries.every((each) => each.actor === 'key:test' && !Number.isNaN(Date.parse(each.at)))).toBe(true);
    const log = JSON.stringify(await audit());
    for (const secret of [created.webhook.url.split('/').at(-1), 'xoxb-never-shown', ADMIN_KEY])
      expect(log).not.toContain(secret);
  });

  test.each(['0', '-1', '1.5', 'x', '9007199254740993', '1%20OR%201=1'])('is not found by the id %s', async (id) => {
    expect([400, 404]).toContain((await pushwarden.api('GET', `/repositories/${id}`)).status);
  });

  test('keeps its old URL until the overlap ends when the secret is rotated', async () => {
    const { id, webhook: old } = await pushwarden.watch('docker.io/org/app3');
    const rotated = await pushwarden.api('POST', `/repositories/${id}/rotate-secret`, { overlapMinutes: 30 });
    expect(rotated.status).toBe(200);
    expect(rotated.json.url).not.toBe(old.url);
    const until =
      Date.parse(rotated.json.oldSecretUntil) -
      (Date.now() + (await pushwarden.request('/local/clock')).json.offsetSeconds * 1000);
    expect(Math.abs(until - 30 * 60_000)).toBeLessThan(5000);
    const statuses = async (): Promise<number[]> => {
      const answers = [old, rotated.json].map((webhook) =>
        sendDockerHub(pushwarden, webhook, { path: 'org/app3', tag: '2', pusher: 'a' }),
      );
      return (await Promise.all(answers)).map(({ status }) => status);
    };
    expect(await statuses()).toEqual([202, 202]);
    await pushwarden.advance(29 * 60);
    expect(await statuses()).toEqual([202, 202]);
    await pushwarden.advance(2 * 60);
    expect(await statuses()).toEqual([404, 202]);

    const atOnce = (await pushwarden.api('POST', `/repositories/${id}/rotate-secret`, { overlapMinutes: 0 })).json;
    expect((await sendDockerHub(pushwarden, rotated.json, { path: 'org/app3', tag: '2', pusher: 'a' })).status).toBe(
      404,
    );
    expect((await sendDockerHub(pushwarden, atOnce, { path: 'org/app3', tag: '2', pusher: 'a' })).status).toBe(202);
    expectProblem(
      await pushwarden.api('POST', `/repositories/${id}/rotate-secret`, { overlapMinutes: 10_081 }),
      400,
      /^overlapMinutes: /,
    );
    const [entry] = (await audit()).filter((each) => each.action === 'webhook.rotated');
    expect(JSON.stringify(entry)).not.toContain(atOnce.url.split('/').at(-1));
  });

  test('can share an organization’s hook of GitHub, which tells of both', async () => {
    const first = await pushwarden.watch('ghcr.io/org/app4');
    const second = await pushwarden.watch('ghcr.io/org/app5', { hook: first.webhook.id });
    expect(second.webhook).toMatchObject({ id: first.webhook.id, url: first.webhook.url });
    expect('secret' in second.webhook).toBe(false);
    for (const [path, repository] of [
      ['org/app4', first],
      ['org/app5', second],
    ] as const) {
      const push = { event: 'package', path, tag: '1.0.0', image: IMAGE, children: [] } as const;
      const { status, json } = await sendGitHub(pushwarden, first.webhook, packageDelivery(push));
      expect([status, json.pushes]).toEqual([202, [expect.stringMatching(new RegExp(`^${repository.id}-`))]]);
    }
    const hooks = (await pushwarden.api('GET', '/hooks')).json.items;
    expect(hooks).toContainEqual(
      expect.objectContaining({
        id: first.webhook.id,
        provider: 'github',
        images: ['ghcr.io/org/app4', 'ghcr.io/org/app5'],
      }),
    );
    expectProblem(
      await register('docker.io/org/app6', { hook: first.webhook.id }),
      400,
      /^hook: hook \d+ tells of ghcr\.io/,
    );

    await pushwarden.api('DELETE', `/repositories/${first.id}`);
    const push = { event: 'package', path: 'org/app5', tag: '2.0.0', image: IMAGE, children: [] } as const;
    expect((await sendGitHub(pushwarden, first.webhook, packageDelivery(push))).status).toBe(202);
  });
});

describe('API keys', () => {
  test('are made once, listed with their last use but not themselves, and revoked for good', async () => {
    const made = await pushwarden.api('POST', '/api-keys', { name: 'laptop', scope: 'read' });
    expect([made.status, made.json]).toEqual([
      201,
      { id: expect.any(Number), name: 'laptop', scope: 'read', key: expect.stringMatching(/^pwk_[\w-]{43}$/) },
    ]);
    const { id, key } = made.json;
    const listed = async (): Promise<Json> =>
      (await pushwarden.api('GET', '/api-keys')).json.items.find((each: Json) => each.id === id);
    expect(await listed()).toMatchObject({ name: 'laptop', scope: 'read', createdBy: 'key:test', lastUsedAt: null });
    expect((await pushwarden.api('GET', '/repositories', undefined, key)).status).toBe(200);
    const { lastUsedAt } = await listed();
    expect(Date.parse(lastUsedAt)).toBeGreaterThan(0);
    expect(JSON.stringify(await listed())).not.toContain(key);
    expectProblem(await pushwarden.api('POST', '/api-keys', { name: 'b', scope: 'admin' }, key), 403, /scope admin/);

    expect((await pushwarden.api('DELETE', `/api-keys/${id}`)).json).toEqual({ revoked: true });
    expectProblem(await pushwarden.api('GET', '/repositories', undefined, key), 401, /not known, or was revoked/);
    expectProblem(await pushwarden.api('DELETE', `/api-keys/${id}`), 404, /nothing here/);
    expect(await listed()).toBeUndefined();
    const entries = (await audit()).filter((each) => each.action.startsWith('key.'));
    expect(entries.map(({ action, target }) => [action, target])).toEqual([
      ['key.revoked', String(id)],
      ['key.created', 'laptop'],
    ]);
    expect(JSON.stringify(entries)).not.toContain(key);
  });

  test.each([{ name: 'x' }, { name: '', scope: 'read' }, { name: 'x', scope: 'root' }, { name: '<b>', scope: 'read' }])(
    'are not made from %j',
    async (body) => {
      expectProblem(await pushwarden.api('POST', '/api-keys', body), 400, /^(name|scope): /);
    },
  );
});

describe('deliveries', () => {
  test('are listed newest first with how often they came, in pages that leave none out', async () => {
    const { webhook } = await pushwarden.watch('registry.example/org/app7');
    const event = (id: string): object =>
      distributionEvent({ repository: 'org/app7', tag: id, digest: IMAGE.digest, id });
    await sendDistribution(pushwarden, webhook, ['a', 'b', 'c', 'd', 'e'].map(event));
    for (let n = 0; n < 2; n += 1)
      expect((await sendDistribution(pushwarden, webhook, [event('a')])).json.repeated).toBe(true);
    await pushwarden.request(new URL(webhook.url).pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '[',
    });

    const all = (await pushwarden.api('GET', `/deliveries?hook=${webhook.id}`)).json.items;
    expect(all.map((each: Json) => each.outcome)).toEqual(['not-understood', ...Array(5).fill('recorded')]);
    expect(all.map((each: Json) => each.repeats).sort()).toEqual([0, 0, 0, 0, 0, 2]);
    expect(all[0]).toMatchObject({ problem: expect.stringContaining('not JSON'), repository: null });
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json } = await pushwarden.api(
        'GET',
        `/deliveries?hook=${webhook.id}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      paged.push(...json.items.map((each: Json) => each.id));
      cursor = json.next;
    }
    expect(paged.sort()).toEqual(all.map((each: Json) => each.id).sort());
    expectProblem(await pushwarden.api('GET', '/deliveries'), 400, /^hook: /);
  });

  test('that were not understood are health, open ones first', async () => {
    const { items } = (await pushwarden.api('GET', '/health')).json;
    expect(items).toContainEqual(
      expect.objectContaining({
        kind: 'delivery-not-understood',
        state: 'open',
        closedAt: null,
        fact: expect.objectContaining({ problem: expect.any(String) }),
      }),
    );
    const states = items.map((each: Json) => each.state);
    expect(states).toEqual([...states].sort().reverse());
  });
});

describe('the OpenAPI document', () => {
  const METHODS = ['get', 'post', 'patch', 'delete'];
  let document: Json;
  const operations: { path: string; method: string; operation: Json }[] = [];
  beforeAll(async () => {
    document = (await pushwarden.request('/api/v1/openapi.json')).json; // without a key
    for (const [path, methods] of Object.entries<Json>(document.paths))
      for (const [method, operation] of Object.entries<Json>(methods)) operations.push({ path, method, operation });
  });

  /** Every value of every `key` below a value. */
  const every = (value: unknown, key: string): unknown[] =>
    typeof value !== 'object' || value === null
      ? []
      : Object.entries(value).flatMap(([name, inner]) => [...(name === key ? [inner] : []), ...every(inner, key)]);

  test('is of version 3.1, and has what that version requires', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Pushwarden', version: expect.any(String) },
      servers: [{ url: 'http://127.0.0.1:8787' }],
    });
    expect(operations.length).toBeGreaterThan(25);
    for (const { path, method, operation } of operations) {
      const at = `${method} ${path}`;
      expect([at, METHODS.includes(method), path.startsWith('/')]).toEqual([at, true, true]);
      expect([at, operation.summary, operation.operationId]).toEqual([
        at,
        expect.any(String),
        expect.stringMatching(/^[a-zA-Z]+$/),
      ]);
      expect(Object.keys(operation.responses)).toEqual([expect.stringMatching(/^2\d\d$/), 'default']);
      for (const response of Object.values<Json>(operation.responses))
        expect(response.description).toEqual(expect.any(String));
      for (const scheme of operation.security.flatMap(Object.keys))
        expect(Object.keys(document.components.securitySchemes)).toContain(scheme);
    }
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
  });

  test('declares every parameter of every path once, and no other', () => {
    for (const { path, operation } of operations) {
      const parameters: Json[] = operation.parameters ?? [];
      const inPath = parameters.filter((each) => each.in === 'path');
      expect([path, inPath.map((each) => each.name).sort()]).toEqual([
        path,
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(),
      ]);
      expect(inPath.every((each) => each.required === true)).toBe(true);
      expect(new Set(parameters.map((each) => `${each.in} ${each.name}`)).size).toBe(parameters.length);
      expect(parameters.every((each) => typeof each.schema === 'object')).toBe(true);
    }
  });

  test('has every reference within itself, and every schema in use', () => {
    const references = every(document, '$ref').map(String);
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
      expect([reference, typeof document.components.schemas[reference.split('/').at(-1) ?? '']]).toEqual([
        reference,
        'object',
      ]);
    }
    expect(
      Object.keys(document.components.schemas).filter((name) => !references.some((each) => each.endsWith(`/${name}`))),
    ).toEqual([]);
    for (const foreign of ['$schema', '$defs', 'nullable'])
      expect([foreign, every(document, foreign)]).toEqual([foreign, []]);
  });

  test('describes every property that it requires', () => {
    const objects = (value: unknown): Json[] =>
      typeof value !== 'object' || value === null
        ? []
        : [...('required' in value && 'properties' in value ? [value] : []), ...Object.values(value).flatMap(objects)];
    const all = objects(document);
    expect(all.length).toBeGreaterThan(30);
    for (const { required, properties } of all)
      expect(required.filter((name: string) => !Object.hasOwn(properties, name))).toEqual([]);
    expect(document.components.schemas.Repository.properties).toHaveProperty('id');
  });

  test('describes every route of the API, and none that is not there', () => {
    const routes = createApp().routes.filter(
      ({ method, path }) => method !== 'ALL' && /^\/(api|ci)\//.test(path) && path !== '/api/v1/openapi.json',
    );
    const served = routes.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`).sort()).toEqual(
      [...new Set(served)].sort(),
    );
  });
});
