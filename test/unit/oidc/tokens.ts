/** Keys, tokens and a key server for the tests of CI tokens; everything is made here. */
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export const ISSUER = 'https://token.actions.githubusercontent.com';
export const GITLAB = 'https://gitlab.com';
export const AUDIENCE = 'https://pushwarden.example';
/** 2026-11-21T12:00:00Z, in ms. */
export const NOW = Date.UTC(2026, 10, 21, 12);
const SECONDS = NOW / 1000;

export interface TestKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly jwk: JWK;
}

export async function makeKey(kid: string, alg = 'RS256'): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Claims as a stranger may write them: of any type, or (`undefined`) left out. */
export type AnyClaims = Record<string, unknown>;

/** Claims as GitHub's documentation lists them. */
export function githubClaims(differs: AnyClaims = {}): JWTPayload {
  return {
    jti: 'a1b2',
    sub: 'repo:octo/app:environment:release',
    aud: AUDIENCE,
    iss: ISSUER,
    iat: SECONDS - 10,
    nbf: SECONDS - 10,
    exp: SECONDS + 290,
    repository: 'octo/app',
    repository_id: '74',
    workflow: 'release',
    workflow_ref: 'octo/app/.github/workflows/release.yml@refs/heads/main',
    ref: 'refs/heads/main',
    ref_type: 'branch',
    environment: 'release',
    event_name: 'push',
    run_id: '1234567',
    run_attempt: '2',
    sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    actor: 'octocat',
    ...differs,
  };
}

/** Claims as GitLab's documentation lists them. */
export function gitlabClaims(differs: AnyClaims = {}): JWTPayload {
  return {
    jti: 'c3d4',
    aud: AUDIENCE,
    iss: GITLAB,
    iat: SECONDS - 10,
    nbf: SECONDS - 15,
    exp: SECONDS + 3590,
    project_id: '28',
    project_path: 'group/sub/app',
    ci_config_ref_uri: 'gitlab.com/group/sub/app//.gitlab-ci.yml@refs/heads/main',
    ref: 'main',
    ref_type: 'branch',
    environment: 'production',
    pipeline_source: 'push',
    pipeline_id: '455',
    sha: '714a629c0b401fdce83e847fc9589983fc6f46bc',
    user_login: 'root',
    ...differs,
  };
}

export const CIRCLE_ORG = '0f2e4a6b-1c3d-4e5f-8a9b-0c1d2e3f4a5b';
export const CIRCLE = `https://oidc.circleci.com/org/${CIRCLE_ORG}`;
export const CIRCLE_PROJECT = '76543210-ba98-4edc-8210-edcba0987654';

/** Claims of a token that `circleci run oidc get` makes, as CircleCI's documentation lists them: there is no `jti`. */
export function circleClaims(differs: AnyClaims = {}): JWTPayload {
  const user = '5e6f7a8b-9c0d-4e1f-a2b3-c4d5e6f7a8b9';
  return {
    iss: CIRCLE,
    sub: `org/${CIRCLE_ORG}/project/${CIRCLE_PROJECT}/user/${user}/vcs-origin/github.com/octo/app/vcs-ref/refs/heads/main`,
    aud: AUDIENCE,
    iat: SECONDS - 10,
    exp: SECONDS + 3590,
    'oidc.circleci.com/org-id': CIRCLE_ORG,
    'oidc.circleci.com/project-id': CIRCLE_PROJECT,
    'oidc.circleci.com/pipeline-definition-id': '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
    'oidc.circleci.com/pipeline-id': '9f8e7d6c-5b4a-4c3d-8e2f-1a0b9c8d7e6f',
    'oidc.circleci.com/workflow-id': '2b3c4d5e-6f7a-4b8c-9d0e-1f2a3b4c5d6e',
    'oidc.circleci.com/job-id': '1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9',
    'oidc.circleci.com/context-ids': ['7b6a5c4d-3e2f-4a1b-8c9d-0e1f2a3b4c5d'],
    'oidc.circleci.com/vcs-origin': 'github.com/octo/app',
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    'oidc.circleci.com/ssh-rerun': false,
    ...differs,
  };
}

export const BUILDKITE = 'https://agent.buildkite.com';

/** Claims as Buildkite's documentation lists them: there is no `jti`. */
export function buildkiteClaims(differs: AnyClaims = {}): JWTPayload {
  return {
    iss: BUILDKITE,
    sub: 'organization:octo-inc:pipeline:app-release:ref:refs/heads/main:commit:9f3182061f1e2cca4702c368cbc039b7dc9d4485:step:build',
    aud: AUDIENCE,
    iat: SECONDS - 10,
    nbf: SECONDS - 10,
    exp: SECONDS + 290,
    organization_slug: 'octo-inc',
    pipeline_slug: 'app-release',
    build_number: 175,
    build_branch: 'main',
    build_commit: '9f3182061f1e2cca4702c368cbc039b7dc9d4485',
    step_key: 'build',
    job_id: '0184990a-477b-4fa8-9968-496074483cee',
    agent_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
    build_source: 'webhook',
    runner_environment: 'buildkite-hosted',
    ...differs,
  };
}

export async function sign(key: TestKey, claims: JWTPayload, header: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);
}

export function base64url(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** A fetch that answers with a key set, or with whatever is put in `answer`, and writes down what was asked. */
export function keyServer(...keys: TestKey[]) {
  const server = {
    keys,
    requests: [] as { url: string; init: RequestInit | undefined }[],
    answer: null as ((init: RequestInit | undefined) => Promise<Response>) | null,
    fetch: async (input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
      server.requests.push({ url: String(input), init });
      if (server.answer !== null) return server.answer(init);
      return Response.json({ keys: server.keys.map((key) => key.jwk) });
    },
  };
  return server;
}
