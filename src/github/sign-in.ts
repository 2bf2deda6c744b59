import * as z from 'zod';
import type { Identity } from '../domain/person.ts';
import { IdentityUnavailable } from '../usecases/ports.ts';
import { GitHubApi, type GitHubOptions, parseJson } from './api.ts';

export interface GitHubSignInOptions extends GitHubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where people authorise and codes are exchanged: `https://github.com/login/oauth`. */
  readonly oauthUrl: string;
}

/** What an authorisation was started with; kept by the browser alone, until it comes back. */
export interface Authorisation {
  readonly state: string;
  /** PKCE: the code is worth nothing to whoever does not know it. */
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

export interface GitHubSignIn {
  /** Where to send the browser. */
  authoriseUrl(authorisation: Authorisation): Promise<string>;
  /**
   * Whose code it is. The token it is exchanged for reads that one answer and is forgotten. `null`: GitHub does not know
   * the code.
   * @throws IdentityUnavailable
   */
  identify(code: string, authorisation: Authorisation): Promise<Identity | null>;
}

const TOKEN_BYTES = 16 * 1024;
const USER_BYTES = 64 * 1024;

const tokenAnswer = z.object({ access_token: z.string().min(1).max(512), token_type: z.string().max(64) });
const refusal = z.object({ error: z.string().max(200) });
const user = z.object({
  id: z.int().positive(),
  login: z.string().regex(/^[A-Za-z0-9-]{1,100}(?:_[A-Za-z0-9]+)?$|^[A-Za-z0-9-]{1,80}\[bot\]$/),
});

/**
 * Signs people in with GitHub. No scope is asked for: public facts are enough.
 * @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#web-application-flow
 * @see https://github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication
 */
export function createGitHubSignIn(options: GitHubSignInOptions): GitHubSignIn {
  const { clientId, clientSecret, oauthUrl } = options;
  return {
    async authoriseUrl({ state, codeVerifier, redirectUri }) {
      const url = new URL(`${oauthUrl}/authorize`);
      const query = {
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: await challengeOf(codeVerifier),
        code_challenge_method: 'S256',
        allow_signup: 'false',
      };
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return url.href;
    },

    async identify(code, { codeVerifier, redirectUri }) {
      const form = new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        code,
        redirect_uri: redirectUri,
        code_verifier: codeVerifier,
      });
      const token = await exchange(options, form);
      if (token === null) return null;
      const api = new GitHubApi({ ...options, token });
      const answer = await api.get('/user', USER_BYTES, { take: () => true, left: 1 });
      if (answer.kind !== 'found') throw new IdentityUnavailable('GitHub did not tell whose token it gave.');
      return identityOf(parseJson(answer.body));
    },
  };
}

/** An account by its login, as it is now. */
export async function findGitHubAccount(
  options: GitHubOptions,
  login: string,
): Promise<Identity | 'none' | 'unavailable'> {
  if (!user.shape.login.safeParse(login).success) return 'none';
  const path = `/users/${encodeURIComponent(login)}`;
  const answer = await new GitHubApi(options).get(path, USER_BYTES, { take: () => true, left: 1 });
  if (answer.kind === 'not-found') return 'none';
  if (answer.kind !== 'found') return 'unavailable';
  const found = user.safeParse(parseJson(answer.body));
  if (!found.success) return 'unavailable';
  // A renamed account answers under its old login, too, which anybody may have tomorrow.
  if (found.data.login.toLowerCase() !== login.toLowerCase()) return 'none';
  return { provider: 'github', externalId: String(found.data.id), login: found.data.login };
}

function identityOf(body: unknown): Identity {
  const found = user.safeParse(body);
  if (!found.success) throw new IdentityUnavailable('GitHub’s answer about a user is not understood.');
  return { provider: 'github', externalId: String(found.data.id), login: found.data.login };
}

/** The token for a code. An error's text may hold the code or the secret: none is passed on. */
async function exchange(options: GitHubSignInOptions, form: URLSearchParams): Promise<string | null> {
  // workerd: fetch called as a method of another object fails with "Illegal invocation".
  const { fetch, userAgent, timeoutMs = 10_000, oauthUrl } = options;
  let body: unknown;
  try {
    const response = await fetch(`${oauthUrl}/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'user-agent': userAgent },
      body: form,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (response.status !== 200 || Number(response.headers.get('content-length')) > TOKEN_BYTES) {
      await response.body?.cancel();
      throw new IdentityUnavailable(`GitHub answered ${response.status} to a code.`);
    }
    body = parseJson(await readBounded(response));
  } catch (error) {
    if (error instanceof IdentityUnavailable) throw error;
    throw new IdentityUnavailable('GitHub was not reached.');
  }
  const token = tokenAnswer.safeParse(body);
  if (token.success) return token.data.access_token;
  // Errors come with status 200: a wrong or used code, or a wrong secret of ours.
  const error = refusal.safeParse(body);
  if (error.success && error.data.error === 'bad_verification_code') return null;
  throw new IdentityUnavailable('GitHub refused to exchange a code: check GITHUB_OAUTH_CLIENT_ID and its secret.');
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > TOKEN_BYTES) throw new IdentityUnavailable('GitHub’s answer to a code is too long.');
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

async function challengeOf(verifier: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
  return btoa(String.fromCharCode(...hash))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
