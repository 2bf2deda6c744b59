import { createHash } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { FakeServer } from '../fixtures/fake-server.ts';
import { type Page, Visitor } from '../fixtures/visitor.ts';
import { ADMIN_KEY, TestInstallation } from '../fixtures/worker.ts';

const AUDIENCE = 'a'.repeat(64);
const SECRET = 'oauth-secret-of-the-test';

/** GitHub, as far as signing in goes: it hands out a code, checks PKCE, and knows who is who. */
class GitHubDouble extends FakeServer {
  users = new Map<string, { id: number; login: string }>();
  readonly codes = new Map<string, { login: string; challenge: string; redirectUri: string }>();
  readonly exchanged: URLSearchParams[] = [];
  down = false;

  constructor() {
    super();
    this.handle = (request, response) => {
      const json = (value: unknown, status = 200) =>
        void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
      const { pathname } = new URL(request.url ?? '', 'http://github');
      if (this.down) return json({}, 503);
      if (pathname.startsWith('/users/')) {
        const user = this.users.get(decodeURIComponent(pathname.slice('/users/'.length)).toLowerCase());
        return user === undefined ? json({}, 404) : json(user);
      }
      if (pathname === '/user') {
        const login = /^Bearer gho_(.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
        return json(this.users.get(login));
      }
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => json(this.#exchange(new URLSearchParams(body))));
    };
  }

  #exchange(form: URLSearchParams): unknown {
    this.exchanged.push(form);
    const code = this.codes.get(form.get('code') ?? '');
    this.codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const isRight =
      code !== undefined &&
      code.challenge === challenge &&
      code.redirectUri === form.get('redirect_uri') &&
      form.get('client_secret') === SECRET;
    return isRight
      ? { access_token: `gho_${code.login}`, token_type: 'bearer', scope: '' }
      : { error: 'bad_verification_code' };
  }

  /** A person authorises: GitHub sends the browser back with this. */
  authorise(location: string, login: string): string {
    const asked = new URL(location).searchParams;
    const code = `code${this.codes.size}${login}`;
    this.codes.set(code, {
      login,
      challenge: asked.get('code_challenge') ?? '',
      redirectUri: asked.get('redirect_uri') ?? '',
    });
    return `/signin/github/callback?${new URLSearchParams({ code, state: asked.get('state') ?? '' })}`;
  }
}

const github = new GitHubDouble();
const accessKeys = new FakeServer();
let signer: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let pushwarden: TestInstallation;
let visitor: Visitor;
let owner: Visitor;

beforeAll(async () => {
  await github.start();
  await accessKeys.start();
  const pair = await generateKeyPair('RS256', { extractable: true });
  signer = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'access', alg: 'RS256', use: 'sig' };
  accessKeys.handle = (_, response) => void response.end(JSON.stringify({ keys: [jwk] }));
  pushwarden = await TestInstallation.start({
    bundle: inject('bundle'),
    vars: {
      PUBLIC_URL: '',
      GITHUB_API_URL: github.url,
      GITHUB_OAUTH_URL: github.url,
      GITHUB_OAUTH_CLIENT_ID: 'client',
      GITHUB_OAUTH_CLIENT_SECRET: SECRET,
      ACCESS_TEAM_DOMAIN: accessKeys.url,
      ACCESS_AUD: AUDIENCE,
    },
  });
  owner = new Visitor(pushwarden.url);
  await owner.signInWithKey(ADMIN_KEY);
});
afterAll(async () => {
  await pushwarden.stop();
  await Promise.all([github.stop(), accessKeys.stop()]);
});
beforeEach(async () => {
  github.down = false;
  github.users = new Map([
    ['octocat', { id: 583231, login: 'Octocat' }],
    ['stranger', { id: 7, login: 'stranger' }],
  ]);
  visitor = new Visitor(pushwarden.url);
  await pushwarden.db.prepare('DELETE FROM invitations').run();
  await pushwarden.db.prepare('DELETE FROM sessions WHERE person_id IS NOT NULL').run();
  await pushwarden.db.prepare('DELETE FROM identities').run();
  await pushwarden.db.prepare('DELETE FROM memberships').run();
  await pushwarden.advance(61);
});

const invite = async (by: string, login: string, role = 'viewer'): Promise<Page> => {
  await owner.get('/settings');
  return owner.post('/settings/invitations', { by, login, role });
};

describe('signing in with GitHub', () => {
  const goThrough = async (login: string, to = ''): Promise<Page> => {
    const { location } = await visitor.get(`/signin/github${to}`);
    return visitor.get(github.authorise(location ?? '', login), { headers: { 'sec-fetch-site': 'cross-site' } });
  };

  test('asks for no scope, with PKCE and a state, and comes back to where one wanted to go', async () => {
    await invite('github', 'octocat', 'maintainer');
    const started = await visitor.get('/signin/github?to=/settings');
    const url = new URL(started.location ?? '');
    expect(url.origin).toBe(github.url);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'client',
      redirect_uri: `${new URL(pushwarden.url).origin}/signin/github/callback`,
      state: expect.stringMatching(/^[\w-]{43}\.%2Fsettings$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
      allow_signup: 'false',
    });
    const back = await visitor.get(github.authorise(started.location ?? '', 'octocat'));
    expect([back.status, back.location]).toEqual([303, '/settings']);
    expect((await visitor.get('/')).html).toContain('github:octocat (maintainer) in team default');
    // Whoever reads the database finds no token that opens anything at GitHub.
    const everything = JSON.stringify(
      await Promise.all(
        ['people', 'identities', 'sessions', 'audit_log'].map(
          async (name) => (await pushwarden.db.prepare(`SELECT * FROM ${name}`).all()).results,
        ),
      ),
    );
    expect(everything).not.toMatch(/gho_|oauth-secret/);
  });

  test('lets in nobody who was not invited, and leaves nothing of them', async () => {
    const page = await goThrough('stranger');
    expect(page.status).toBe(403);
    expect(page.html).toContain('Nobody has invited this account');
    const people = await pushwarden.db.prepare("SELECT 1 FROM identities WHERE external_id = '7'").first();
    expect(people).toBeNull();
    expect((await visitor.get('/')).location).toBe('/signin');
  });

  test('an invitation is for the account that has the login now: one that takes the login over is not let in', async () => {
    await invite('github', 'octocat');
    github.users.set('octocat', { id: 666, login: 'octocat' });
    expect((await goThrough('octocat')).status).toBe(403);
    // And the invited one is, under whatever name.
    github.users.set('renamed', { id: 583231, login: 'renamed' });
    expect((await goThrough('renamed')).status).toBe(303);
  });

  test('a member who renames stays a member; who takes the old login is a stranger', async () => {
    await invite('github', 'octocat');
    expect((await goThrough('octocat')).status).toBe(303);
    github.users.set('octocat', { id: 666, login: 'octocat' });
    github.users.set('renamed', { id: 583231, login: 'renamed' });
    visitor = new Visitor(pushwarden.url);
    expect((await goThrough('octocat')).status).toBe(403);
    expect((await goThrough('renamed')).status).toBe(303);
    expect((await visitor.get('/')).html).toContain('github:renamed');
  });

  test('nobody is invited under a login that GitHub does not have, or that redirects to another', async () => {
    github.users.set('old-name', { id: 9, login: 'new-name' });
    for (const login of ['no-such', 'old-name']) {
      const page = await invite('github', login);
      expect([page.status, page.html]).toEqual([400, expect.stringContaining('GitHub has no account')]);
    }
  });

  test('while GitHub cannot be asked the invitation is open for three days, and then not', async () => {
    github.down = true;
    const page = await invite('github', 'octocat');
    expect(page.location).toBe('/settings?done=invited-open');
    expect((await owner.get('/settings?done=invited-open')).html).toContain('the first who signs in under this name');
    github.down = false;
    await pushwarden.advance(3 * 86_400 + 1);
    expect((await goThrough('octocat')).status).toBe(403);
    github.down = true;
    await invite('github', 'octocat');
    github.down = false;
    expect((await goThrough('octocat')).status).toBe(303);
  });

  test('an invitation opens once: who was removed needs another', async () => {
    await invite('github', 'octocat');
    expect((await goThrough('octocat')).status).toBe(303);
    await pushwarden.db.prepare('DELETE FROM memberships').run();
    expect((await visitor.get('/')).location).toBe('/signin');
    expect((await goThrough('octocat')).status).toBe(403);
  });

  test('an answer that this browser did not ask for is refused, and its code is not even exchanged', async () => {
    await invite('github', 'octocat');
    const attacker = new Visitor(pushwarden.url);
    const { location } = await attacker.get('/signin/github');
    const callback = github.authorise(location ?? '', 'octocat');
    const before = github.exchanged.length;
    expect((await visitor.get(callback)).status).toBe(403);
    await visitor.get('/signin/github');
    expect((await visitor.get(callback)).status).toBe(403);
    expect((await visitor.get('/signin/github/callback?code=x&state=')).status).toBe(403);
    expect(github.exchanged.length).toBe(before);
  });

  test('a state whose destination was changed is refused', async () => {
    const { location } = await visitor.get('/signin/github?to=/settings');
    const callback = github.authorise(location ?? '', 'octocat').replace('%252Fsettings', '%252Faudit');
    expect(callback).toContain('audit');
    expect((await visitor.get(callback)).status).toBe(403);
  });

  test('an answer is good once', async () => {
    await invite('github', 'octocat');
    const { location } = await visitor.get('/signin/github');
    const callback = github.authorise(location ?? '', 'octocat');
    expect((await visitor.get(callback)).status).toBe(303);
    expect((await visitor.get(callback)).status).toBe(403);
  });

  test('while GitHub does not answer nobody gets in, and the page blames nobody', async () => {
    await invite('github', 'octocat');
    const { location } = await visitor.get('/signin/github');
    const callback = github.authorise(location ?? '', 'octocat');
    github.down = true;
    const page = await visitor.get(callback);
    expect([page.status, page.html]).toEqual([503, expect.stringContaining('Try again in a minute')]);
  });

  test('an account in two teams gets one person with two memberships, and each team sees its own only', async () => {
    await invite('github', 'octocat');
    expect((await goThrough('octocat')).status).toBe(303);
    await pushwarden.db.batch([
      pushwarden.db.prepare("INSERT OR IGNORE INTO teams (id, name, created_at) VALUES (2, 'second', 0)"),
      pushwarden.db.prepare(
        "INSERT INTO invitations (team_id, role, provider, login, external_id, expires_at, created_at, created_by) VALUES (2, 'owner', 'github', 'octocat', '583231', 9e15, 0, 'test')",
      ),
    ]);
    expect((await goThrough('octocat')).status).toBe(303);
    const people = await pushwarden.db
      .prepare('SELECT count(DISTINCT person_id) AS people, count(*) AS memberships FROM memberships')
      .first();
    expect(people).toEqual({ people: 1, memberships: 2 });
    expect((await visitor.get('/settings')).html).toContain('Your teams');
  });
});

describe('signing in with Cloudflare Access', () => {
  const assertion = (claims: JWTPayload = {}, more: { aud?: string; iss?: string; alg?: string; exp?: number } = {}) =>
    new SignJWT({ email: 'Alex@Example.org', type: 'app', ...claims })
      .setProtectedHeader({ alg: more.alg ?? 'RS256', kid: 'access' })
      .setIssuer(more.iss ?? accessKeys.url)
      .setAudience([more.aud ?? AUDIENCE])
      .setSubject(typeof claims.sub === 'string' ? claims.sub : 'user-1')
      .setIssuedAt(at())
      .setExpirationTime(more.exp ?? at() + 600)
      .sign(signer);
  let offset = 0;
  const at = (): number => Math.floor(Date.now() / 1000) + offset;
  beforeEach(async () => {
    offset = (await pushwarden.request('/local/clock')).json.offsetSeconds;
  });
  const withAssertion = (token: string) => ({ headers: { 'cf-access-jwt-assertion': token } });

  test('an invited address gets in with one click, and each request is checked again', async () => {
    await invite('access', 'alex@example.org', 'maintainer');
    const token = await assertion();
    const page = await visitor.get('/signin?to=/settings', withAssertion(token));
    expect(page.html).toContain('Continue as alex@example.org');
    const answer = await visitor.post('/signin/access?to=%2Fsettings', {}, withAssertion(token));
    expect([answer.status, answer.location]).toEqual([303, '/settings']);
    expect((await visitor.get('/', withAssertion(token))).html).toContain('access:alex@example.org (maintainer)');
    // The cookie alone is worth nothing: by another address one comes past Access, and may be shut out there by now.
    expect((await visitor.get('/')).location).toBe('/signin');
    const another = await assertion({ sub: 'user-2', email: 'eve@example.org' });
    expect((await visitor.get('/', withAssertion(another))).location).toBe('/signin');
  });

  const wrong: readonly (readonly [string, () => Promise<string>])[] = [
    ['for another application', () => assertion({}, { aud: 'b'.repeat(64) })],
    ['of another team', () => assertion({}, { iss: 'https://other.cloudflareaccess.com' })],
    ['that has expired', () => assertion({}, { exp: at() - 60 })],
    ['of a service token', () => assertion({ sub: '', email: undefined, common_name: 'robot' })],
    ['of nobody', () => assertion({ sub: '' })],
    ['without an address', () => assertion({ email: undefined })],
    ['whose signature was cut', async () => (await assertion()).slice(0, -10)],
    [
      'that is not signed',
      async () => `${btoa('{"alg":"none"}').replace(/=+$/, '')}.${(await assertion()).split('.')[1]}.`,
    ],
    ['that is too long', async () => 'x'.repeat(17_000)],
    ['that is none', async () => 'nonsense'],
  ];
  test.each(wrong)('an assertion %s lets nobody in', async (_, make) => {
    await invite('access', 'alex@example.org');
    const token = await make();
    const page = await visitor.get('/signin', withAssertion(token));
    expect(page.html).not.toContain('Continue as');
    expect((await visitor.post('/signin/access', {}, withAssertion(token))).status).toBe(403);
  });

  test('a person is their `sub`: a new one with the old address is a stranger', async () => {
    await invite('access', 'alex@example.org');
    const token = await assertion();
    await visitor.get('/signin', withAssertion(token));
    expect((await visitor.post('/signin/access', {}, withAssertion(token))).status).toBe(303);
    const successor = await assertion({ sub: 'user-3' });
    visitor = new Visitor(pushwarden.url);
    await visitor.get('/signin', withAssertion(successor));
    expect((await visitor.post('/signin/access', {}, withAssertion(successor))).status).toBe(403);
  });

  test('an invitation for GitHub is none for Access', async () => {
    github.down = true;
    await invite('github', 'alex');
    const token = await assertion({ email: 'alex@example.org' });
    await visitor.get('/signin', withAssertion(token));
    expect((await visitor.post('/signin/access', {}, withAssertion(token))).status).toBe(403);
  });
});
