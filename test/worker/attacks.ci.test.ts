import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { MintOptions } from '../../scripts/simulate/world/oidc.ts';
import { snapshot } from '../fixtures/database.ts';
import { answer, FakeServer } from '../fixtures/fake-server.ts';
import { type Answer, type Json, TestInstallation } from '../fixtures/worker.ts';

/** PUBLIC_URL of the test installation. */
const AUDIENCE = 'http://127.0.0.1:8787';
const IMAGE = 'ghcr.io/org/app';
const DIGEST = singleImage('org/app genuine').digest;
const CLAIMS = {
  repository: 'org/app',
  repository_id: '42',
  run_id: '7',
  run_attempt: '1',
  workflow_ref: 'org/app/.github/workflows/release.yml@refs/tags/v1.0.0',
  ref: 'refs/tags/v1.0.0',
  event_name: 'push',
};

let pushwarden: TestInstallation;
/** A server of the attacker's: nobody may ever ask it anything. */
const evil = new FakeServer();

beforeAll(async () => {
  await evil.start();
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), consumers: false });
  pushwarden.registry.push('org/app', '1.0.0', singleImage('org/app genuine'));
  const identity = {
    oidcIssuer: pushwarden.oidc.issuer,
    repositoryId: '42',
    workflow: '.github/workflows/release.yml',
    refPattern: 'refs/tags/v*',
    event: 'push',
  };
  await pushwarden.watch(IMAGE, { policy: { ci: { identities: [identity] } } });
});
afterAll(async () => {
  await pushwarden.stop();
  await evil.stop();
});

function announce(token: string | null, body: Json = { phase: 'started', image: IMAGE }): Promise<Answer> {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  const headers = { 'content-type': 'application/json', ...authorization };
  return pushwarden.request('/ci/announcements', { method: 'POST', headers, body: JSON.stringify(body) });
}

const mint = (claims: Json = {}, options: Partial<MintOptions> = {}): Promise<string> =>
  pushwarden.oidc.mint({ ...CLAIMS, ...claims }, { audience: AUDIENCE, ...options });

async function refused(status: number, token: string | null, body?: Json): Promise<Json> {
  const before = await snapshot(pushwarden.db);
  const given = await announce(token, body);
  expect([given.status, given.json]).toEqual([status, expect.objectContaining({ detail: expect.any(String) })]);
  expect(await snapshot(pushwarden.db)).toBe(before);
  return given.json;
}

const announcements = async (): Promise<Json[]> =>
  (await pushwarden.db.prepare('SELECT phase, allowed, closed_at AS closed FROM announcements').all<Json>()).results;

/** Signed with a key of the attacker's, under the id of a published one, with hints where to find it. */
async function selfSigned(): Promise<string> {
  const [published] = ((await (await fetch(pushwarden.oidc.jwksUrl)).json()) as Json).keys;
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: published.kid, alg: 'RS256' };
  evil.handle = answer(200, { 'content-type': 'application/json' }, JSON.stringify({ keys: [jwk] }));
  return new SignJWT({ ...CLAIMS, jti: randomUUID() })
    .setProtectedHeader({ alg: 'RS256', kid: published.kid, jku: `${evil.url}/jwks`, x5u: `${evil.url}/x5u`, jwk })
    .setIssuer(pushwarden.oidc.issuer)
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
}

async function withOtherClaims(): Promise<string> {
  const [header, , signature] = (await mint()).split('.');
  const [, payload] = (await mint({ repository_id: '43' })).split('.');
  return `${header}.${payload}.${signature}`;
}

describe('a token that is not one of the named job’s', () => {
  const invalid: [string, () => Promise<string> | null][] = [
    ['none at all', () => null],
    ['no token', async () => 'let-me-in'],
    ['alg none', () => mint({}, { alg: 'none' })],
    ['HS256 with the public key as the secret', () => mint({}, { alg: 'HS256' })],
    ['an algorithm that was not configured', () => mint({}, { alg: 'ES256' })],
    ['another audience', () => mint({}, { audience: 'https://elsewhere.example' })],
    ['an audience that only begins like ours', () => mint({}, { audience: `${AUDIENCE}.elsewhere.example` })],
    ['no audience', () => mint({ aud: undefined })],
    ['its time over', () => mint({}, { lifetimeSeconds: -60 })],
    ['no end', () => mint({ exp: undefined })],
    ['a start in the future', () => mint({ nbf: Math.floor(Date.now() / 1000) + 3600 })],
    ['an age of two days, and no end yet', () => mint({ iat: Math.floor(Date.now() / 1000) - 2 * 86_400 })],
    ['no jti', () => mint({ jti: undefined })],
    ['an issuer that is not configured', () => mint({}, { issuer: 'https://token.actions.githubusercontent.com' })],
    ['an issuer at the attacker’s', () => mint({}, { issuer: evil.url })],
    ['a key that was never published', () => mint({}, { strangerKey: true })],
    ['a key of its own under a published id', selfSigned],
    ['claims that were changed after signing', withOtherClaims],
    ['no repository', () => mint({ repository_id: undefined })],
  ];
  test.each(invalid)('is refused with 401 for %s; nothing is written, and nobody else is asked', async (_, token) => {
    await refused(401, await token());
    expect(evil.requests).toEqual([]);
  });

  const strangers: [string, Json][] = [
    ['another repository’s id', { repository_id: '43' }],
    ['another repository with our name', { repository_id: '4242' }],
    ['another workflow', { workflow_ref: 'org/app/.github/workflows/test.yml@refs/tags/v1.0.0' }],
    ['the workflow of another repository', { workflow_ref: 'evil/app/.github/workflows/release.yml@refs/tags/v1.0.0' }],
    ['a branch', { ref: 'refs/heads/main' }],
    ['a branch that is named like the tag', { ref: 'refs/heads/refs/tags/v1.0.0' }],
    ['a pull request', { event_name: 'pull_request' }],
  ];
  test.each(strangers)('is refused with 403 for %s, and opens nothing', async (_, claims) => {
    const { job } = await refused(403, await mint(claims));
    expect(job).toMatchObject({ repository: 'org/app' });
  });

  test('is told the same about an image that is not watched', async () => {
    const claims = { repository_id: '43' };
    const watched = await refused(403, await mint(claims));
    const unwatched = await refused(403, await mint(claims), { phase: 'started', image: 'ghcr.io/org/unwatched' });
    expect(unwatched).toEqual(watched);
  });

  test('is told of a broken body with 400, and writes nothing', async () => {
    await refused(400, await mint(), { phase: 'pushed', image: IMAGE });
    await refused(400, await mint(), { phase: 'started', image: 'ghcr.io/Org/App' });
    await refused(400, await mint(), { phase: 'over', image: IMAGE });
  });
});

describe('the named job’s own token', () => {
  test('is taken once: the same again, or for another phase, is refused and records nothing', async () => {
    const token = await mint();
    expect(await announcements()).toEqual([]);
    expect((await announce(token)).status).toBe(201);
    expect(await announcements()).toEqual([{ phase: 'started', allowed: 1, closed: null }]);
    await refused(401, token);
    await refused(401, token, { phase: 'pushed', image: IMAGE, digest: DIGEST, tags: ['1.0.0'] });
    await refused(401, token, { phase: 'finished', image: IMAGE });
    expect(await announcements()).toEqual([{ phase: 'started', allowed: 1, closed: null }]);
    const uses = await pushwarden.db.prepare('SELECT count(*) AS n FROM ci_token_uses').first('n');
    expect(uses).toBe(1);
  });

  test('is taken once by five requests at the same time', async () => {
    const token = await mint({ run_id: '8' });
    const before = (await announcements()).length;
    const statuses = (await Promise.all(Array.from({ length: 5 }, () => announce(token)))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 401, 401, 401, 401]);
    expect(await announcements()).toHaveLength(before + 1);
  });

  test('does not end another run’s window', async () => {
    expect((await announce(await mint({ run_id: '9' }), { phase: 'finished', image: IMAGE })).status).toBe(201);
    const started = (await announcements()).filter(({ phase }) => phase === 'started');
    expect(started.map(({ closed }) => closed)).toEqual([null, null]);
  });

  test('cannot be replaced by a new one with the same jti', async () => {
    const jti = randomUUID();
    expect((await announce(await mint({ jti, run_id: '10' }))).status).toBe(201);
    await refused(401, await mint({ jti, run_id: '11' }));
  });
});
