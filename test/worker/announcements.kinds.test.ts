import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { OidcDouble } from '../../scripts/simulate/world/oidc.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Answer, type Json, TestInstallation, until } from '../fixtures/worker.ts';

const AUDIENCE = 'http://127.0.0.1:8787';
const PROJECT = '76543210-ba98-4edc-8210-edcba0987654';
const WORKFLOW = '2b3c4d5e-6f7a-4b8c-9d0e-1f2a3b4c5d6e';

let circle: OidcDouble;
let buildkite: OidcDouble;
let pushwarden: TestInstallation;

beforeAll(async () => {
  [circle, buildkite] = await Promise.all([OidcDouble.start(), OidcDouble.start()]);
  const issuers = [
    { issuer: circle.issuer, kind: 'circleci', jwksUrl: circle.jwksUrl },
    { issuer: buildkite.issuer, kind: 'buildkite' },
  ];
  pushwarden = await TestInstallation.start({
    bundle: inject('bundle'),
    vars: { OIDC_ISSUERS: JSON.stringify(issuers) },
  });
});
afterAll(async () => {
  await pushwarden.stop();
  await Promise.all([circle.close(), buildkite.close()]);
});

const circleClaims = (differs: object = {}) => ({
  jti: undefined,
  'oidc.circleci.com/project-id': PROJECT,
  'oidc.circleci.com/workflow-id': WORKFLOW,
  'oidc.circleci.com/vcs-origin': 'github.com/org/app',
  'oidc.circleci.com/vcs-ref': 'refs/tags/v1.0.0',
  'oidc.circleci.com/ssh-rerun': false,
  ...differs,
});
const buildkiteClaims = (differs: object = {}) => ({
  jti: undefined,
  organization_slug: 'org',
  pipeline_slug: 'app',
  pipeline_id: PROJECT,
  build_number: 7,
  build_branch: 'main',
  build_tag: 'v1.0.0',
  build_source: 'webhook',
  ...differs,
});

function announce(token: string, body: Json): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return pushwarden.request('/ci/announcements', { method: 'POST', headers, body: JSON.stringify(body) });
}

describe.each([
  ['CircleCI', () => circle, circleClaims, { repository: 'github.com/org/app' }],
  ['Buildkite', () => buildkite, buildkiteClaims, { event: 'webhook' }],
] as const)('a job of %s', (name, issuer, claims, more) => {
  const path = `org/${name.toLowerCase()}`;
  const image = `docker.io/${path}`;
  const started = { phase: 'started', image };
  const mint = (differs: object = {}) => issuer().mint(claims(differs), { audience: AUDIENCE });
  let repository: Json;

  beforeAll(async () => {
    const identity = { oidcIssuer: issuer().issuer, repositoryId: PROJECT, refPattern: 'refs/tags/v*', ...more };
    repository = await pushwarden.watch(image, { policy: { ci: { announceFirst: true, identities: [identity] } } });
  });

  test('announces what it pushes', async () => {
    expect(await announce(await mint(), started)).toMatchObject({ status: 201, json: { repositories: 1 } });
    const digest = pushwarden.registry.push(path, '1.0.0', singleImage(path));
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: '1.0.0', pusher: 'release-bot' });
    // Of the same second, it would be the token of before.
    const token = await mint({ iat: Math.floor(Date.now() / 1000) - 1 });
    expect(await announce(token, { phase: 'pushed', image, digest, tags: ['1.0.0'] })).toMatchObject({ status: 201 });
    await until('the push is trusted', async () => {
      const [push] = await pushwarden.pushes(repository.id);
      return push?.verdict === 'trusted' && push.evidence?.ci?.how === 'announced';
    });
  });

  test('is heard once per token, however its signature is written', async () => {
    const token = await mint({ iat: Math.floor(Date.now() / 1000) - 2 });
    expect(await announce(token, started)).toMatchObject({ status: 201 });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = token.slice(0, -1) + alphabet[alphabet.indexOf(token.slice(-1)) ^ 1];
    for (const again of [token, twin]) expect(await announce(again, started)).toMatchObject({ status: 401 });
  });

  test('of another project is not named', async () => {
    const other = PROJECT.replace('7', '8');
    const token = await mint({ 'oidc.circleci.com/project-id': other, pipeline_id: other });
    expect(await announce(token, started)).toMatchObject({ status: 403 });
  });
});

test("a fork's job of the same CircleCI project is not named, and one with a person inside is refused", async () => {
  const started = { phase: 'started', image: 'docker.io/org/circleci' };
  const of = (differs: object) => circle.mint(circleClaims(differs), { audience: AUDIENCE });
  const fork = await of({ 'oidc.circleci.com/vcs-origin': 'github.com/mallory/app' });
  expect(await announce(fork, started)).toMatchObject({ status: 403 });
  for (const ssh of [true, 'false', undefined]) {
    const answer = await announce(await of({ 'oidc.circleci.com/ssh-rerun': ssh }), started);
    expect(answer).toMatchObject({ status: 401, json: { detail: expect.stringContaining('ssh-rerun') } });
  }
});
