import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { everythingReadable, snapshot } from '../fixtures/database.ts';
import { rawRequest } from '../fixtures/raw-http.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { ADMIN_KEY, type Json, TestInstallation } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let hub: Json;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false });
  pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
  hub = await pushwarden.watch('docker.io/org/app');
});
afterAll(() => pushwarden.stop());

const hubPath = (): string => new URL(hub.webhook.url).pathname;
const bearer = { authorization: `Bearer ${ADMIN_KEY}` };

async function writesNothing<T>(act: () => Promise<T>): Promise<T> {
  const before = await snapshot(pushwarden.db);
  const result = await act();
  expect(await snapshot(pushwarden.db)).toBe(before);
  return result;
}

describe('a local installation', () => {
  const calls: [string, string, string | null][] = [
    ['GET', '/local/clock', null],
    ['POST', '/local/clock', '{"advanceSeconds":60}'],
    ['POST', '/local/run', '{"job":"retention"}'],
  ];
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:8787', 'http://localhost']) {
    test.each(calls)(`refuses a page of ${origin} its %s %s`, async (method, path, body) => {
      const { status } = await writesNothing(() => pushwarden.request(path, { method, body, headers: { origin } }));
      expect(status).toBe(403);
    });
  }

  const hosts = [
    'evil.example',
    'evil.example:8787',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '10.0.0.1',
    '0.0.0.0',
    '[::2]',
  ];
  test.each(hosts)('refuses everything to who reaches it as %s', async (host) => {
    const requests: [string, string, string][] = [
      ['GET', '/healthz', ''],
      ['GET', '/local/clock', ''],
      ['POST', '/local/clock', '{"advanceSeconds":60}'],
      ['GET', '/api/v1/repositories', ''],
      ['POST', '/api/v1/api-keys', '{"name":"x","scope":"admin"}'],
      ['POST', hubPath(), '{}'],
    ];
    for (const [method, path, body] of requests) {
      const headers = { host, 'content-type': 'application/json', ...bearer };
      const { status, text } = await writesNothing(() =>
        rawRequest(new URL(path, pushwarden.url), { method, headers, chunks: body === '' ? [] : [body] }),
      );
      expect([path, status, text]).toEqual([path, 500, expect.stringContaining('not a local installation')]);
    }
  });

  test('answers to this machine’s own names', async () => {
    const { port } = new URL(pushwarden.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'localhost', `[::1]:${port}`, '127.1.2.3'])
      expect((await rawRequest(new URL('/healthz', pushwarden.url), { method: 'GET', headers: { host } })).status).toBe(
        200,
      );
  });
});

describe('an installation that is not local', () => {
  let deployed: TestInstallation;
  beforeAll(async () => {
    const vars = {
      LOCAL: 'false',
      PUBLIC_URL: 'https://pushwarden.example',
      REGISTRIES: '',
      GITHUB_API_URL: 'https://api.github.invalid',
      DOCKERHUB_API_URL: 'https://hub.docker.invalid',
      SLACK_API_URL: 'https://slack.invalid/api',
      OIDC_ISSUERS: '',
    };
    deployed = await TestInstallation.start({ bundle: inject('bundle'), consumers: false, vars });
  });
  afterAll(() => deployed.stop());

  test('works, and has no /local', async () => {
    expect((await deployed.api('GET', '/repositories')).json).toEqual({ items: [], next: null });
    const unknown = await deployed.request('/ci/no/such/address');
    expect(unknown.status).toBe(404);
    const calls: [string, string, string | null][] = [
      ['GET', '/local/clock', null],
      ['POST', '/local/clock', '{"advanceSeconds":60}'],
      ['POST', '/local/run', '{"job":"retention"}'],
      ['POST', '/local/other', '{}'],
    ];
    for (const [method, path, body] of calls) {
      const { status, json } = await deployed.request(path, { method, body, headers: bearer });
      expect([path, status, json]).toEqual([path, 404, unknown.json]);
    }
  });

  test('refuses a Slack address that is not Slack’s', async () => {
    const urls = [
      'http://127.0.0.1:9/services/x',
      'https://127.0.0.1/services/x',
      'https://evil.example/services/x',
      'http://hooks.slack.com/services/x',
      'https://hooks.slack.com@evil.example/x',
      'https://hooks.slack.com:8443/x',
      'https://hooks.slack.com.evil.example/x',
    ];
    for (const url of urls) {
      const { status, json } = await deployed.api('POST', '/channels', { name: 'x', kind: 'slack-webhook', url });
      expect([url, status, json.detail]).toEqual([url, 400, expect.stringContaining('SLACK_WEBHOOK_HOSTS')]);
    }
    expect((await deployed.api('GET', '/channels')).json.items).toEqual([]);
    const { status } = await deployed.api('POST', '/channels', {
      name: 'x',
      kind: 'slack-webhook',
      url: 'https://hooks.slack.com/services/T0/B0/x',
    });
    expect(status).toBe(201);
  });
});

describe('every answer', () => {
  const answers: [
    string,
    number,
    () => { method: string; path: string; headers?: Record<string, string>; body?: string },
  ][] = [
    ['health', 200, () => ({ method: 'GET', path: '/healthz' })],
    ['the API’s description', 200, () => ({ method: 'GET', path: '/api/v1/openapi.json' })],
    ['a list', 200, () => ({ method: 'GET', path: '/api/v1/repositories', headers: bearer })],
    [
      'a delivery',
      202,
      () => ({
        method: 'POST',
        path: hubPath(),
        body: '{"push_data":{"tag":"1"},"repository":{"repo_name":"org/app"}}',
      }),
    ],
    ['a delivery that is not understood', 400, () => ({ method: 'POST', path: hubPath(), body: '{' })],
    ['no key', 401, () => ({ method: 'GET', path: '/api/v1/repositories' })],
    [
      'a page on the clock',
      403,
      () => ({ method: 'GET', path: '/local/clock', headers: { origin: 'https://evil.example' } }),
    ],
    ['nothing', 404, () => ({ method: 'GET', path: '/ci/nothing' })],
    ['an unknown secret', 404, () => ({ method: 'POST', path: '/webhooks/dockerhub/x', body: '{}' })],
    ['too much', 413, () => ({ method: 'POST', path: hubPath(), body: ' '.repeat(1024 * 1024 + 1) })],
    [
      'another type',
      415,
      () => ({ method: 'POST', path: hubPath(), headers: { 'content-type': 'text/html' }, body: '{}' }),
    ],
    ['a foreign host', 500, () => ({ method: 'GET', path: '/healthz', headers: { host: 'evil.example' } })],
  ];
  test.each(answers)(
    'to %s (%d) is no page: no sniffing, no framing, no scripts, and JSON',
    async (_, expected, request) => {
      const { method, path, headers = {}, body } = request();
      const chunks = body === undefined ? [] : [body];
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await rawRequest(new URL(path, pushwarden.url), {
        method,
        headers: { ...type, ...headers },
        chunks,
      });
      expect(answer.status).toBe(expected);
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'content-type': expect.stringMatching(/^application\/(problem\+)?json/),
      });
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      if (expected >= 400)
        expect(JSON.parse(answer.text)).toMatchObject({
          status: expected,
          title: expect.any(String),
          detail: expect.any(String),
        });
    },
  );
});

describe('the database', () => {
  test('holds no secret in clear, whatever was entered', async () => {
    const secrets = new Map<string, string>([['the admin key', ADMIN_KEY]]);
    pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
    for (const image of ['ghcr.io/org/app', 'registry.example/org/app']) {
      const { webhook } = await pushwarden.watch(image);
      secrets.set(`${image} secret`, webhook.secret ?? webhook.url.split('/').at(-1));
    }
    secrets.set('Docker Hub’s secret', hubPath().split('/').at(-1) ?? '');
    const rotated = (await pushwarden.api('POST', `/repositories/${hub.id}/rotate-secret`, {})).json;
    secrets.set('the rotated secret', rotated.url.split('/').at(-1));
    for (const scope of ['read', 'admin'])
      secrets.set(
        `a key of scope ${scope}`,
        (await pushwarden.api('POST', '/api-keys', { name: scope, scope })).json.key,
      );
    const url = `${pushwarden.slack.url}/services/T000/B000/slack-webhook-secret`;
    const token = 'xoxb-slack-bot-secret';
    await pushwarden.api('POST', '/channels', { name: 'one', kind: 'slack-webhook', url });
    const { json: two } = await pushwarden.api('POST', '/channels', {
      name: 'two',
      kind: 'slack-bot',
      token,
      channel: 'C1',
    });
    await pushwarden.api('PATCH', `/channels/${two.id}`, { kind: 'slack-bot', token: `${token}-2`, channel: 'C1' });
    secrets.set('Slack’s address', 'slack-webhook-secret').set('Slack’s token', 'slack-bot-secret');
    secrets.set('the encryption key', 'k'.repeat(32));
    await sendDockerHub(pushwarden, rotated, { path: 'org/app', tag: '1.0.0', pusher: 'release-bot' });
    await pushwarden.advance(60);

    const all = await everythingReadable(pushwarden.db);
    for (const known of ['org/app', 'registry.example', 'release-bot', 'slack-webhook', sha256Hex(ADMIN_KEY)])
      expect(all).toContain(known);
    expect([...secrets.values()].every((secret) => secret.length >= 15)).toBe(true);
    const found = [...secrets].filter(([, secret]) =>
      [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64').slice(0, 18)].some((form) =>
        all.includes(form),
      ),
    );
    expect(found.map(([name]) => name)).toEqual([]);
  });
});

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
