import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { RELEASE_AUTHORITY, singleImage } from '../../scripts/simulate/images.ts';
import { answer, FakeServer, type Handler } from '../fixtures/fake-server.ts';
import { distributionEvent, sendDistribution } from '../fixtures/senders.ts';
import { type Json, TestInstallation } from '../fixtures/worker.ts';

const GENUINE = singleImage('genuine');
const NEXT = singleImage('next');
const CREDENTIALS = { username: 'robot', password: 'correct-horse-battery' };

/** The configured registry, and a server of the attacker's that nobody may ever ask anything. */
const registry = new FakeServer();
const evil = new FakeServer();
let pushwarden: TestInstallation;

/** Serves one tag that is this image. */
const honest: Handler = (request, response) => {
  if (request.url?.includes('/tags/list'))
    return answer(200, { 'content-type': 'application/json' }, '{"tags":["1.0.0"]}')(request, response);
  const headers = { 'content-type': GENUINE.mediaType, 'docker-content-digest': GENUINE.digest };
  return answer(200, headers, GENUINE.bytes.toString())(request, response);
};

beforeAll(async () => {
  await Promise.all([registry.start(), evil.start()]);
  evil.handle = honest;
  const vars = {
    REGISTRIES: JSON.stringify({ 'registry.example': { url: registry.url }, 'docker.io': { url: registry.url } }),
    REGISTRY_CREDENTIALS: JSON.stringify({ 'registry.example': CREDENTIALS, 'docker.io': CREDENTIALS }),
  };
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false, vars });
  await pushwarden.connectSlack();
});
afterEach(() => {
  registry.requests.length = 0;
  evil.requests.length = 0;
});
afterAll(async () => {
  await pushwarden.stop();
  await Promise.all([registry.stop(), evil.stop()]);
});

const challenge =
  (realm: () => string): Handler =>
  (request, response) =>
    answer(401, { 'www-authenticate': `Bearer realm="${realm()}",service="registry.example"` })(request, response);
const redirect =
  (status: number): Handler =>
  (request, response) =>
    answer(status, { location: `${evil.url}${request.url}` })(request, response);

const lies: [string, Handler][] = [
  ['names a token server elsewhere', challenge(() => `${evil.url}/token`)],
  [
    'names a token server elsewhere that begins like its own',
    challenge(() => `${registry.url}@${new URL(evil.url).host}/token`),
  ],
  ['redirects elsewhere with 302', redirect(302)],
  ['redirects elsewhere with 307', redirect(307)],
  ['redirects elsewhere with 308', redirect(308)],
  [
    'answers 200 with a manifest that is not of its digest',
    answer(200, { 'content-type': GENUINE.mediaType, 'docker-content-digest': 'sha256:' }, '{}'),
  ],
];

describe('a registry that', () => {
  test.each(lies)('%s leads us nowhere: the push ends undetermined, never rogue', async (_, lie) => {
    registry.handle = honest;
    const path = `org/app${lies.findIndex(([, each]) => each === lie)}`;
    const signatures = { mode: 'require', authorities: [RELEASE_AUTHORITY] };
    const policy = { signatures, settleSeconds: 60, deadlineSeconds: 600 };
    const repository = await pushwarden.watch(`registry.example/${path}`, { policy });
    registry.handle = lie;
    registry.requests.length = 0;
    const event = distributionEvent({ repository: path, tag: '2.0.0', digest: NEXT.digest, actor: 'robot' });
    expect((await sendDistribution(pushwarden, repository.webhook, [event])).status).toBe(202);
    await pushwarden.advance(700);

    const push = (await pushwarden.pushes(repository.id)).find((each) => each.tag === '2.0.0');
    expect(push).toMatchObject({ verdict: 'undetermined', findings: [], wants: expect.arrayContaining(['digest']) });
    expect(registry.requests.length).toBeGreaterThan(0);
    expect(evil.requests).toEqual([]);
    const alerts = (await pushwarden.api('GET', '/alerts')).json.items.filter(
      (each: Json) => each.repository === repository.id,
    );
    expect(alerts).toEqual([]);
    const health = (await pushwarden.api('GET', '/health')).json.items;
    expect(health).toContainEqual(
      expect.objectContaining({ kind: 'registry-unreadable', subject: `registry.example/${path}`, state: 'open' }),
    );
    expect(JSON.stringify(health)).not.toContain(CREDENTIALS.password);
    expect(registry.requests.map(({ authorization }) => authorization)).toEqual(registry.requests.map(() => undefined));
  });
});

describe('addresses in payloads', () => {
  test('are never called: callback_url, repo_url, and the url and host of an event', async () => {
    registry.handle = honest;
    const hub = await pushwarden.watch('docker.io/org/callback');
    const { pathname } = new URL(hub.webhook.url);
    const body = JSON.stringify({
      callback_url: `${evil.url}/callback`,
      push_data: { tag: '1.0.0', pushed_at: 1_795_305_600, pusher: `${evil.url}/pusher` },
      repository: { repo_name: 'org/callback', repo_url: `${evil.url}/repo` },
    });
    const { status, json } = await pushwarden.request(pathname, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect([status, json.pushes]).toEqual([202, [expect.any(String)]]);

    const other = await pushwarden.watch('registry.example/org/callback');
    const event = distributionEvent({ repository: 'org/callback', tag: '1.0.0', digest: GENUINE.digest }) as Json; // to change its addresses
    event.target.url = `${evil.url}/v2/org/callback/manifests/1.0.0`;
    event.request.host = new URL(evil.url).host;
    event.source.addr = new URL(evil.url).host;
    expect((await sendDistribution(pushwarden, other.webhook, [event])).json.pushes).toHaveLength(1);
    registry.requests.length = 0;
    await pushwarden.advance(3600);
    expect(registry.requests.length).toBeGreaterThan(0);
    expect(evil.requests).toEqual([]);
  });
});
