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
