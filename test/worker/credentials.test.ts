import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { HubToken } from '../../scripts/simulate/world/dockerhub-accounts.ts';
import { sendDockerHub, sendGitHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

/** Docker Hub's account API and a registry around the whole Worker: which token pushed, and what is told of it. */

let pushwarden: TestInstallation;
let count = 0;

beforeAll(async () => {
  // Polled by hand: while the clock is advanced, Docker Hub's stands at the end already.
  const vars = { DOCKERHUB_POLL_MINUTES: '1440' };
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars });
  await pushwarden.connectSlack();
}, 60_000);
afterAll(() => pushwarden.stop());

/** An account of its own for each test, with its tokens, and an image. */
interface Scene {
  readonly user: string;
  readonly organization: string;
  readonly path: string;
  readonly repository: Json;
  readonly source: Json;
}

let scene: Scene;

beforeEach(() => {
  const { hub } = pushwarden;
  Object.assign(hub, { auditLagMs: 0, lastUsedLagMs: 0, actors: 'account' });
});

async function connect(plan: 'personal' | 'team', policy: object = {}, more: { tokens?: number } = {}): Promise<void> {
  count += 1;
  const user = `owner${count}`;
  const organization = plan === 'team' ? `acme${count}` : user;
  const { hub } = pushwarden;
  hub.addUser(user, { password: 'correct horse', plan: 'pro' });
  if (plan === 'team') hub.addOrganization(organization, { plan, owners: [user] });
  const path = `${organization}/app`;
  hub.addRepository(path);
  pushwarden.registry.push(path, 'latest', singleImage(`${path} baseline`));
  for (let n = 0; n < (more.tokens ?? 0); n += 1) hub.createToken(organization, { label: `t${n}` });
  const repository = await pushwarden.watch(`docker.io/${path}`, { policy });
  const body = {
    kind: 'dockerhub',
    account: user,
    secret: 'correct horse',
    ...(plan === 'team' ? { organization } : {}),
  };
  const source = (await pushwarden.api('POST', '/sources', body)).json;
  scene = { user, organization, path, repository, source };
  await pushwarden.run('poll');
}

/** Somebody pushes with a token: the registry has it, Docker Hub's log and lists know, and its webhook comes (or not). */
async function push(token: HubToken, tag: string, how: { webhook?: boolean; pusher?: string } = {}): Promise<string> {
  const { hub, registry } = pushwarden;
  const digest = registry.push(scene.path, tag, singleImage(`${scene.path} ${tag} ${Math.random()}`));
  hub.useToken(token.id, { push: { repository: scene.path, tag, digest } });
  if (how.webhook !== false) {
    const at = pushwarden.now();
    const { status } = await sendDockerHub(pushwarden, scene.repository.webhook, {
      path: scene.path,
      tag,
      pusher: how.pusher ?? token.account,
      at,
    });
    expect(status).toBe(202);
    await until('it is judged', async () => (await pushOf(tag))?.confirmedAt != null);
  }
  return digest;
}

const pushOf = async (tag: string): Promise<Json> =>
  (await pushwarden.pushes(scene.repository.id)).find((each) => each.tag === tag && each.origin !== 'baseline');

const credentials = async (query = ''): Promise<Json[]> =>
  (await pushwarden.api('GET', `/credentials?limit=200${query}`)).json.items;

async function credentialOf(token: HubToken): Promise<Json> {
  const found = (await credentials()).find((each) => each.externalId === token.id);
  expect(found, token.label).toBeDefined();
  return found;
}

async function mark(token: HubToken, change: object): Promise<void> {
  const { id } = await credentialOf(token);
  expect((await pushwarden.api('PATCH', `/credentials/${id}`, change)).status).toBe(200);
}

/** Polls of sources and what they change, some minutes later. */
async function minutesLater(minutes: number): Promise<void> {
  await pushwarden.advance(minutes * 60);
  await pushwarden.run('poll');
  await pushwarden.run('redrive');
}

const told = (): string[] =>
  pushwarden
    .messages('alerts')
    .filter((text) => text.includes(scene.path) || text.includes(scene.user) || text.includes(scene.organization));

describe('a login', () => {
  test('that does not work is refused when it is given, and is in no answer', async () => {
    await connect('personal');
    const wrong = { kind: 'dockerhub', account: `nobody${count}`, secret: 'dckr_pat_wrong-one' };
    const { status, json } = await pushwarden.api('POST', '/sources', wrong);
    expect([status, json.detail]).toEqual([400, expect.stringContaining(`does not let nobody${count} in`)]);
    expect(JSON.stringify(json)).not.toContain('wrong-one');
    expect((await pushwarden.api('PATCH', `/sources/${scene.source.id}`, { secret: 'wrong again' })).status).toBe(400);
    expect((await pushwarden.api('PATCH', `/sources/${scene.source.id}`, { secret: 'correct horse' })).status).toBe(
      200,
    );
  });

  test('is taken while Docker Hub does not answer', async () => {
    pushwarden.hub.fail('/v2/auth/token', { kind: 'status', status: 503 }, 1);
    const body = { kind: 'dockerhub', account: `later${count}`, secret: 'dckr_pat_unknown' };
    expect((await pushwarden.api('POST', '/sources', body)).status).toBe(201);
  });
});

describe('a token', () => {
  test('is known with its owner, label, scopes and times', async () => {
    await connect('personal');
    const token = pushwarden.hub.createToken(scene.user, {
      label: 'ci-publish',
      scopes: ['repo:write'],
      creatorIp: '203.0.113.7',
    });
    await minutesLater(6);
    expect(await credentialOf(token)).toMatchObject({
      kind: 'dockerhub-pat',
      name: 'ci-publish',
      account: scene.user,
      scopes: ['repo:write'],
      creatorIp: '203.0.113.7',
      active: true,
      lastUsedAt: null,
      mark: 'none',
    });
    pushwarden.hub.revoke(token.id);
    await minutesLater(6);
    expect(await credentialOf(token)).toMatchObject({ goneAt: expect.any(String) });
  });

  test('of an organization is known with what it may reach', async () => {
    await connect('team');
    const resources = [{ type: 'TYPE_REPO' as const, path: scene.path, scopes: ['scope-image-push'] }];
    const token = pushwarden.hub.createToken(scene.organization, { label: 'oat', resources });
    await minutesLater(6);
    expect(await credentialOf(token)).toMatchObject({
      kind: 'dockerhub-oat',
      account: scene.organization,
      createdBy: scene.user,
      resources: [{ type: 'repository', path: scene.path }],
    });
  });
});

describe('a push', () => {
  test('is deduced to be of the only token that was used then', async () => {
    await connect('personal');
    const { hub } = pushwarden;
    const [used, idle] = ['used', 'idle'].map((label) => hub.createToken(scene.user, { label }));
    await minutesLater(6);
    if (!used || !idle) throw new Error('two tokens');
    await push(used, '1.0.0');
    expect(await pushOf('1.0.0')).toMatchObject({ attribution: { strength: 'unknown' } });
    await minutesLater(6);
    const { id } = await credentialOf(used);
    expect(await pushOf('1.0.0')).toMatchObject({
      attribution: { strength: 'deduced', by: 'token-list', credentials: [id] },
    });
  });

  test('is ambiguous if two tokens were used then, and both are listed', async () => {
    await connect('personal');
    const { hub } = pushwarden;
    const tokens = ['one', 'two'].map((label) => hub.createToken(scene.user, { label }));
    await minutesLater(6);
    const [one, two] = tokens;
    if (!one || !two) throw new Error('two tokens');
    await push(one, '1.0.0');
    hub.useToken(two.id);
    await minutesLater(6);
    const ids = await Promise.all(tokens.map(async (token) => (await credentialOf(token)).id));
    const { attribution } = await pushOf('1.0.0');
    expect(attribution).toMatchObject({ strength: 'ambiguous', by: 'token-list' });
    expect(attribution.credentials.sort()).toEqual(ids.sort());
  });

  test('is named by the log, which comes late, and then it is rogue though it was trusted', async () => {
    await connect('team', { tokens: { mode: 'require' } });
    Object.assign(pushwarden.hub, { actors: 'label', auditLagMs: 50 * 60_000 });
    const release = pushwarden.hub.createToken(scene.organization, { label: 'release' });
    const old = pushwarden.hub.createToken(scene.organization, { label: 'old-laptop' });
    await minutesLater(6);
    await mark(release, { mark: 'expected' });
    const good = await push(release, '1.0.0');
    await minutesLater(6);
    expect(await pushOf('1.0.0')).toMatchObject({ verdict: 'trusted' });

    const bad = await push(old, '1.0.0-rc', {});
    await until('it is trusted', async () => (await pushOf('1.0.0-rc')).verdict === 'trusted');
    await minutesLater(6);
    // Used now and then besides, so that only the log tells.
    await minutesLater(60);
    const id = (await credentialOf(old)).id;
    await until('it is rogue', async () => (await pushOf('1.0.0-rc')).verdict === 'rogue');
    expect(await pushOf('1.0.0-rc')).toMatchObject({
      digest: bad,
      attribution: { strength: 'named', by: 'audit-log', credentials: [id] },
      findings: [{ code: 'unexpected-token', strength: 'named', tokens: [{ name: 'old-laptop' }] }],
    });
    expect(await pushOf('1.0.0')).toMatchObject({
      verdict: 'trusted',
      digest: good,
      attribution: { strength: 'named' },
    });
    await until('Slack has it', () => told().some((text) => text.includes('1.0.0-rc')));
  });

  test('whose webhook was lost is found through the log, with who made it', async () => {
    await connect('team', { pushers: ['nobody-else'] });
    Object.assign(pushwarden.hub, { actors: 'label' });
    const token = pushwarden.hub.createToken(scene.organization, { label: 'stolen' });
    await minutesLater(6);
    const digest = await push(token, '6.6.6', { webhook: false });
    await minutesLater(6);
    await until('it is found', async () => (await pushOf('6.6.6')) !== undefined);
    await minutesLater(6);
    expect(await pushOf('6.6.6')).toMatchObject({
      origin: 'audit-log',
      digest,
      verdict: 'rogue',
      attribution: { strength: 'named', credentials: [(await credentialOf(token)).id] },
      findings: expect.arrayContaining([expect.objectContaining({ code: 'unreported-push' })]),
    });
  });

  test('that was overwritten before we looked is found through the log', async () => {
    await connect('team', { immutableTags: ['*'] });
    const token = pushwarden.hub.createToken(scene.organization, { label: 'stolen' });
    await minutesLater(6);
    const bad = await push(token, 'latest', { webhook: false });
    pushwarden.registry.push(scene.path, 'latest', singleImage(`${scene.path} baseline`));
    await minutesLater(6);
    await until('it is found', async () => (await pushOf('latest')) !== undefined);
    await minutesLater(6);
    expect(await pushOf('latest')).toMatchObject({
      digest: bad,
      verdict: 'rogue',
      findings: expect.arrayContaining([expect.objectContaining({ code: 'tag-moved' })]),
    });
  });
});

describe('a token that is retired', () => {
  test('says nothing against what it pushed before, and is a finding of what it pushes then', async () => {
    await connect('team', { tokens: { mode: 'require' } });
    Object.assign(pushwarden.hub, { actors: 'label' });
    const token = pushwarden.hub.createToken(scene.organization, { label: `replaced-${count}` });
    await minutesLater(6);
    await mark(token, { mark: 'expected' });
    await push(token, '1.0.0', { webhook: false });
    await minutesLater(6);
    await minutesLater(6);
    expect(await pushOf('1.0.0')).toMatchObject({ verdict: 'rogue', findings: [{ code: 'unreported-push' }] });
    const alert = (await pushOf('1.0.0')).alert;
    await pushwarden.api('POST', `/alerts/${alert}/close`, { resolution: 'expected', reason: 'its webhook was lost' });
    await mark(token, { mark: 'retired' });
    await minutesLater(6);
    expect(await pushOf('1.0.0')).toMatchObject({ findings: [{ code: 'unreported-push' }], alert });
    await push(token, '1.0.1');
    await minutesLater(6);
    await until('it is rogue', async () => (await pushOf('1.0.1')).verdict === 'rogue');
    expect(await pushOf('1.0.1')).toMatchObject({ findings: [{ code: 'unexpected-token' }] });
  });

  test('nor against a push that is not decided yet', async () => {
    const identity = {
      oidcIssuer: 'https://token.actions.githubusercontent.com',
      repositoryId: '74',
      workflow: '.github/workflows/release.yml',
      refPattern: 'refs/tags/v*',
    };
    await connect('team', {
      tokens: { mode: 'require' },
      ci: { mode: 'require', announceFirst: false, identities: [identity] },
    });
    Object.assign(pushwarden.hub, { actors: 'label' });
    const token = pushwarden.hub.createToken(scene.organization, { label: `rotated-${count}` });
    await minutesLater(6);
    await mark(token, { mark: 'expected' });
    await push(token, '1.0.0');
    await minutesLater(6);
    expect(await pushOf('1.0.0')).toMatchObject({ verdict: 'pending', attribution: { strength: 'named' } });
    await mark(token, { mark: 'retired' });
    await mark(token, { note: 'replaced after the release' });
    await minutesLater(30);
    await until('it is decided', async () => (await pushOf('1.0.0')).verdict === 'rogue');
    expect((await pushOf('1.0.0')).findings.map(({ code }: Json) => code)).toEqual(['no-ci-run']);
  });
});

describe('a decoy', () => {
  test('that is used at all is an alert', async () => {
    await connect('personal');
    const bait = pushwarden.hub.createToken(scene.user, { label: 'backup-key' });
    await minutesLater(6);
    await mark(bait, { mark: 'canary' });
    await minutesLater(6);
    expect(told()).toEqual([]);
    pushwarden.hub.useToken(bait.id);
    await minutesLater(6);
    await until('Slack has it', () => pushwarden.messages('alerts').some((text) => text.includes('backup-key')));
    const [alert] = (await pushwarden.api('GET', '/alerts?state=open')).json.items.filter(
      (each: Json) => each.about === 'credential',
    );
    expect(alert).toMatchObject({ findings: [{ code: 'canary-used' }], repository: null, push: null });
    // Once more while it is open is no second message.
    const messages = pushwarden.messages('alerts').length;
    pushwarden.hub.useToken(bait.id);
    await minutesLater(6);
    expect(pushwarden.messages('alerts').length).toBe(messages);
    const [{ since, at, first }] = (await pushwarden.api('GET', `/alerts/${alert.id}`)).json.findings;
    const [before] = alert.findings;
    expect(before).not.toHaveProperty('first');
    expect({ first, isLater: since > before.at && at > since }).toEqual({ first: before.since, isLater: true });
    await pushwarden.api('POST', `/alerts/${alert.id}/close`, {
      resolution: 'incident',
      reason: 'the laptop was stolen',
    });
    pushwarden.hub.useToken(bait.id);
    await minutesLater(6);
    await until(
      'Slack has it again',
      () =>
        pushwarden.messages('alerts').filter((text) => text.startsWith('ALERT') && text.includes('backup-key'))
          .length === 2,
    );
  });
});

describe('a token that only CI uses', () => {
  test('is an alert if nothing explains its use, and none if a push does', async () => {
    await connect('personal');
    const token = pushwarden.hub.createToken(scene.user, { label: `only-ci-${count}` });
    await minutesLater(6);
    await mark(token, { ciOnly: true });
    await push(token, '1.0.0');
    await minutesLater(6);
    await minutesLater(20);
    const mine = () => pushwarden.messages('alerts').filter((text) => text.includes(`only-ci-${count}`));
    expect(mine()).toEqual([]);
    pushwarden.hub.useToken(token.id);
    await minutesLater(6);
    expect(mine()).toEqual([]);
    await minutesLater(20);
    await until('Slack has it', () => mine().length === 1);
    expect(mine()[0]).toContain('outside CI');
  });
});

describe('the token that we read with', () => {
  test('is not seen used each time that we sign in, but each time that somebody else does', async () => {
    await connect('personal');
    const reader = pushwarden.hub.createToken(scene.user, { label: 'for-pushwarden', scopes: ['repo:admin'] });
    await pushwarden.api('DELETE', `/sources/${scene.source.id}`);
    await pushwarden.api('POST', '/sources', { kind: 'dockerhub', account: scene.user, secret: reader.secret });
    await pushwarden.run('poll');
    for (let n = 0; n < 4; n += 1) await minutesLater(11);
    expect(reader.uses.length).toBeGreaterThan(3);
    const { id } = await credentialOf(reader);
    const uses = async () => (await pushwarden.api('GET', `/credentials/${id}/sightings`)).json.items;
    expect(await uses()).toEqual([]);
    await pushwarden.advance(60);
    pushwarden.hub.useToken(reader.id);
    await minutesLater(2);
    expect(await uses()).toMatchObject([{ action: 'use', source: 'token-list' }]);
  });
});

describe('a GitHub webhook that is deleted', () => {
  test('says so with its last delivery, and that is an alert, once', async () => {
    pushwarden.registry.push('octo/meta', 'latest', singleImage('octo/meta'));
    const { webhook } = await pushwarden.watch('ghcr.io/octo/meta');
    const repository = { full_name: 'octo/meta' };
    const body = JSON.stringify({
      action: 'deleted',
      hook_id: 1,
      hook: { id: 1 },
      repository,
      sender: { login: 'mallory', id: 6 },
    });
    const alerts = () => pushwarden.messages('alerts').filter((text) => text.includes('octo/meta'));
    for (let n = 0; n < 2; n += 1) {
      const delivery = { event: 'meta', id: '7d4c1d9e-6cf6-4bd7-9f1c-0d5a3f2e1b00', body };
      expect((await sendGitHub(pushwarden, webhook, delivery)).status).toBe(202);
    }
    await until('Slack has it', () => alerts().length === 1);
    expect(alerts()[0]).toContain('protection was taken away');
    const open = (await pushwarden.api('GET', '/alerts?state=open')).json.items;
    expect(
      open.find((each: Json) => each.about === 'settings' && JSON.stringify(each).includes('mallory')),
    ).toMatchObject({
      findings: [{ code: 'protection-disarmed', change: 'webhook-deleted', target: 'octo/meta', actor: 'mallory' }],
    });
  });

  test('by a request that is not signed is nothing', async () => {
    pushwarden.registry.push('octo/unsigned', 'latest', singleImage('octo/unsigned'));
    const { webhook } = await pushwarden.watch('ghcr.io/octo/unsigned');
    const body = JSON.stringify({ action: 'deleted', repository: { full_name: 'octo/unsigned' } });
    expect(
      (await sendGitHub(pushwarden, webhook, { event: 'meta', body, signature: `sha256=${'0'.repeat(64)}` })).status,
    ).toBe(401);
    expect(pushwarden.messages('alerts').filter((text) => text.includes('octo/unsigned'))).toEqual([]);
  });
});

describe('a protection that is taken away', () => {
  test('is an alert', async () => {
    await connect('team');
    await minutesLater(6);
    pushwarden.hub.setImmutableTags(scene.path, { enabled: false, rules: [] }, scene.user);
    await minutesLater(6);
    await until('Slack has it', () =>
      pushwarden
        .messages('alerts')
        .some((text) => text.includes('protection was taken away') && text.includes(scene.path)),
    );
  });
});
