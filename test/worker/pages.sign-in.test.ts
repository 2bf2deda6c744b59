import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { addSignedIn, sha256, Visitor } from '../fixtures/visitor.ts';
import { ADMIN_KEY, addKey, TestInstallation } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let visitor: Visitor;

const READ_KEY = `pwk_${'r'.repeat(43)}`;
const OTHER_KEY = `pwk_${'b'.repeat(43)}`;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await addKey(pushwarden.db, 1, 'reader', READ_KEY, 'read');
  await addKey(pushwarden.db, 2, 'other', OTHER_KEY);
});
afterAll(() => pushwarden.stop());
beforeEach(async () => {
  visitor = new Visitor(pushwarden.url);
  // Another minute: attempts are limited.
  await pushwarden.advance(61);
});

const sessions = async (): Promise<number> =>
  (await pushwarden.db.prepare('SELECT count(*) AS n FROM sessions').first<{ n: number }>())?.n ?? 0;

describe('without a session', () => {
  test.each([
    ['/', '/signin'],
    ['/settings', '/signin?to=%2Fsettings'],
    ['/audit?before=7', '/signin?to=%2Faudit%3Fbefore%3D7'],
    ['/r/docker.io/org/app', '/signin?to=%2Fr%2Fdocker.io%2Forg%2Fapp'],
  ])('%s asks to sign in and comes back', async (path, to) => {
    const page = await visitor.get(path);
    expect([page.status, page.location]).toEqual([303, to]);
  });

  test('a path that is not there says nothing of what is', async () => {
    const page = await visitor.get('/images/docker.io/org/app');
    expect(page.status).toBe(404);
    expect(page.html).toContain('There is nothing here');
    expect(page.html).not.toContain('aria-label="Main"');
  });

  test.each(['/api/v2', '/webhooks/nothing', '/ci/nothing', '/healthz/x'])(
    '%s answers machines with data',
    async (path) => {
      const page = await visitor.get(path);
      expect([page.status, page.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
    },
  );
});

describe('an admin key', () => {
  test('signs in as owner of its team, and the cookie is for this browser alone', async () => {
    const { location, status, setCookies } = await visitor.signInWithKey(ADMIN_KEY);
    expect([status, location]).toEqual([303, '/']);
    const cookie = setCookies.find((line) => line.startsWith(`${visitor.cookieName}=`)) ?? '';
    expect(cookie).toMatch(/^[^=]+=[A-Za-z0-9_-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
    const page = await visitor.get('/settings');
    expect(page.html).toContain('key:test (owner) in team default');
  });

  test('is kept nowhere, and neither is the token', async () => {
    await visitor.signInWithKey(ADMIN_KEY);
    const token = visitor.cookies.get(visitor.cookieName) ?? '';
    const row = await pushwarden.db.prepare('SELECT hash FROM sessions WHERE hash = ?1').bind(sha256(token)).first();
    expect(row).not.toBeNull();
    const dump = JSON.stringify((await pushwarden.db.prepare('SELECT * FROM sessions').all()).results);
    expect(dump).not.toContain(token);
    expect(dump).not.toContain(ADMIN_KEY);
  });

  test.each([
    ['of scope read', READ_KEY],
    ['that nobody made', `pwk_${'z'.repeat(43)}`],
    ['that is none', "' OR 1=1 --"],
  ])('%s is refused like any other', async (_, key) => {
    const before = await sessions();
    await visitor.get('/signin');
    const page = await visitor.post('/signin', { key });
    expect(page.status).toBe(403);
    expect(page.html).toContain('That is not the admin key of a team here');
    expect(page.html).not.toContain(key);
    expect(await sessions()).toBe(before);
  });

  test('that is revoked ends the sessions it opened', async () => {
    const key = `pwk_${'k'.repeat(43)}`;
    await addKey(pushwarden.db, 1, 'short-lived', key);
    await visitor.signInWithKey(key);
    expect((await visitor.get('/')).status).toBe(200);
    await pushwarden.db.prepare("UPDATE api_keys SET revoked_at = 1 WHERE name = 'short-lived'").run();
    expect((await visitor.get('/')).location).toBe('/signin');
  });

  test('of scope read opens nothing, by whatever way a session of it came to be', async () => {
    const { db } = pushwarden;
    const now = Date.parse((await pushwarden.request('/local/clock')).json.now);
    await db
      .prepare(
        "INSERT INTO sessions (hash, team_id, key_id, created_at, seen_at, user_agent) SELECT ?1, 1, id, ?2, ?2, 'test' FROM api_keys WHERE name = 'reader'",
      )
      .bind(sha256('q'.repeat(43)), now)
      .run();
    expect((await visitor.resume('q'.repeat(43))).location).toBe('/signin');
  });

  test('may be tried 20 times a minute from one address, then no more, not even the right one', async () => {
    // Minutes are counted from the epoch: begin with one.
    const now = Date.parse((await pushwarden.request('/local/clock')).json.now);
    await pushwarden.advance(60 - (Math.floor(now / 1000) % 60));
    await visitor.get('/signin');
    for (let n = 0; n < 20; n += 1) expect((await visitor.post('/signin', { key: 'wrong' })).status).toBe(403);
    expect((await visitor.post('/signin', { key: ADMIN_KEY })).status).toBe(429);
    await pushwarden.advance(61);
    expect((await visitor.post('/signin', { key: ADMIN_KEY })).status).toBe(303);
  });
});

describe('a session', () => {
  test('gets a new token at each sign-in, and the one before is worth nothing', async () => {
    await visitor.signInWithKey(ADMIN_KEY);
    const first = visitor.cookies.get(visitor.cookieName) ?? '';
    const before = await sessions();
    await visitor.get('/signin');
    await visitor.post('/signin', { key: ADMIN_KEY });
    expect(visitor.cookies.get(visitor.cookieName)).not.toBe(first);
    expect(await sessions()).toBe(before);
    const thief = new Visitor(pushwarden.url);
    expect((await thief.resume(first)).location).toBe('/signin');
  });

  test('is not one that somebody else chose', async () => {
    const planted = 'p'.repeat(43);
    visitor.cookies.set(visitor.cookieName, planted);
    await visitor.get('/signin');
    await visitor.post('/signin', { key: ADMIN_KEY });
    expect(visitor.cookies.get(visitor.cookieName)).not.toBe(planted);
    expect((await new Visitor(pushwarden.url).resume(planted)).location).toBe('/signin');
  });

  test('ends 14 days after its last use, and each use counts', async () => {
    await visitor.signInWithKey(ADMIN_KEY);
    await pushwarden.advance(13 * 86_400);
    expect((await visitor.get('/')).status).toBe(200);
    await pushwarden.advance(14 * 86_400);
    expect((await visitor.get('/')).location).toBe('/signin');
  });

  test('ends after 30 days however much it is used, and its row goes with the daily job', async () => {
    await visitor.signInWithKey(ADMIN_KEY);
    for (let n = 0; n < 3; n += 1) {
      await pushwarden.advance(9 * 86_400);
      expect((await visitor.get('/')).status).toBe(200);
    }
    await pushwarden.advance(4 * 86_400);
    expect((await visitor.get('/')).location).toBe('/signin');
    await pushwarden.run('retention');
    expect(await sessions()).toBe(0);
  });

  test('ends by signing out, for whoever copied its token too', async () => {
    await visitor.signInWithKey(ADMIN_KEY);
    const token = visitor.cookies.get(visitor.cookieName) ?? '';
    const page = await visitor.post('/signout');
    expect([page.status, page.location]).toEqual([303, '/signin']);
    expect(visitor.cookies.has(visitor.cookieName)).toBe(false);
    expect((await new Visitor(pushwarden.url).resume(token)).location).toBe('/signin');
  });

  test('writes that it is in use once a minute, not with every page', async () => {
    const now = Date.now() + ((await pushwarden.request('/local/clock')).json.offsetSeconds as number) * 1000;
    const { session, token } = await addSignedIn(pushwarden.db, 1, 'counted', 'viewer', now);
    const seen = async () =>
      (
        await pushwarden.db
          .prepare('SELECT seen_at AS at FROM sessions WHERE id = ?1')
          .bind(session)
          .first<{ at: number }>()
      )?.at;
    await visitor.resume(token);
    await visitor.get('/settings');
    expect(await seen()).toBe(now);
    await pushwarden.advance(61);
    await visitor.get('/settings');
    await expect.poll(seen).toBeGreaterThan(now + 60_000);
  });
});

describe('a one-time link', () => {
  const token = 'l'.repeat(43);
  const make = async (secondsLeft: number) => {
    const offset = (await pushwarden.request('/local/clock')).json.offsetSeconds as number;
    const now = Date.now() + offset * 1000;
    await pushwarden.db
      .prepare(
        "INSERT OR REPLACE INTO sign_in_links (hash, team_id, key_id, expires_at, created_at, created_by) SELECT ?1, team_id, id, ?2, ?3, 'test' FROM api_keys WHERE name = 'test'",
      )
      .bind(sha256(token), now + secondsLeft * 1000, now)
      .run();
  };

  test('is not used up by looking at it, opens once, and then never', async () => {
    await make(900);
    for (let n = 0; n < 3; n += 1) expect((await visitor.get(`/signin/link/${token}`)).status).toBe(200);
    const opened = await visitor.post('/signin/link', { link: token });
    expect([opened.status, opened.location]).toEqual([303, '/']);
    expect((await visitor.get('/')).status).toBe(200);

    const second = new Visitor(pushwarden.url);
    await second.get(`/signin/link/${token}`);
    const refused = await second.post('/signin/link', { link: token });
    expect(refused.status).toBe(403);
    expect(refused.html).toContain('was used already');
  });

  test('opens for one of two who come at the same time', async () => {
    await make(900);
    const [one, other] = [new Visitor(pushwarden.url), new Visitor(pushwarden.url)];
    await Promise.all([one.get(`/signin/link/${token}`), other.get(`/signin/link/${token}`)]);
    const answers = await Promise.all([
      one.post('/signin/link', { link: token }),
      other.post('/signin/link', { link: token }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403]);
  });

  test('is too old after 15 minutes', async () => {
    await make(900);
    await visitor.get(`/signin/link/${token}`);
    await pushwarden.advance(901);
    expect((await visitor.post('/signin/link', { link: token })).status).toBe(403);
  });
});

describe('where one goes after signing in', () => {
  test.each([
    ['/settings', '/settings'],
    ['/alerts?state=open', '/alerts?state=open'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/%2fevil.example', '/'],
    ['/%5cevil.example', '/'],
    ['/%252fevil.example', '/%252fevil.example'],
    ['///evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/a/..//evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/\n//evil.example', '/'],
    ['/%09/evil.example', '/'],
    ['https://evil.example/', '/'],
    ['https:evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['evil.example', '/'],
    ['\\\\evil.example', '/'],
    ['/@evil.example', '/@evil.example'],
    ['/signout', '/signout'],
    ['/signin', '/'],
    ['/%', '/'],
    ['/ü', '/'],
    [`/${'a'.repeat(2000)}`, '/'],
    ['', '/'],
  ])('%j leads to %j', async (to, expected) => {
    await visitor.get('/signin');
    const answer = await visitor.post(`/signin?to=${encodeURIComponent(to)}`, { key: ADMIN_KEY });
    expect([answer.status, answer.location]).toEqual([303, expected]);
  });
});

describe('deployed', () => {
  test('cookies are for this host, over https, and not for scripts', async () => {
    const deployed = await TestInstallation.start({
      bundle: inject('bundle'),
      vars: {
        LOCAL: 'false',
        PUBLIC_URL: 'https://pushwarden.example',
        REGISTRIES: '',
        GITHUB_API_URL: 'https://api.github.example',
        SLACK_API_URL: 'https://slack.example',
        DOCKERHUB_API_URL: 'https://hub.example',
        OIDC_ISSUERS: '',
      },
    });
    const browser = new Visitor(deployed.url);
    const { setCookies } = await browser.get('/signin');
    expect(setCookies).toEqual([
      expect.stringMatching(
        /^__Host-pushwarden-before=[\w-]{43}; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
    // A tunnel or a proxy in front: the browser knows the public address only.
    const answer = await browser.post(
      '/signin',
      { key: ADMIN_KEY },
      { headers: { origin: 'https://pushwarden.example' } },
    );
    expect(answer.status).toBe(303);
    expect(answer.setCookies).toContainEqual(
      expect.stringMatching(/^__Host-pushwarden=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    );
    await deployed.stop();
  });
});
