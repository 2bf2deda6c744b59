import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { may, ROLES, type Role } from '../../src/domain/person.ts';
import type { PageRoute } from '../../src/pages/page.ts';
import { PAGE_ROUTES } from '../../src/pages/routes.tsx';
import { SEEDS } from '../../src/tuf/seeds.ts';
import { snapshot } from '../fixtures/database.ts';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { addSignedIn, type Forged, type Page, Visitor } from '../fixtures/visitor.ts';
import { ADMIN_KEY, addKey, type Json, TestInstallation } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
const people = new Map<string, Visitor>();

/** What team 1 has, by which the table addresses it. */
const one = {
  alert: '',
  push: '',
  digest: '',
  policy: '',
  watched: 0,
  member: 0,
  invitation: 0,
  key: 0,
  session: 0,
  channel: 0,
  credential: 0,
  source: 0,
};

/** Sigstore's own, under another name. */
const ROOT = SEEDS.find(({ name }) => name === 'public-good')?.trustedRoot?.json ?? '';

interface Entry {
  /** With team 1's ids. */
  readonly path?: () => string;
  readonly form?: Readonly<Record<string, string>> | (() => Readonly<Record<string, string>>);
  /** What stands on the page for team 1, and on no page of team 2's. */
  readonly shows?: string;
  /** What a member of team 2 gets who sends the same: nothing is there, or their own page or change. */
  readonly other: '404' | 'own';
}

/** Every page and form. Team 1 uses them in the end, in the order of the routes. */
const table: Readonly<Record<string, Entry>> = {
  'get /': { shows: 'org/watched', other: 'own' },
  'get /alerts': { shows: 'org/watched', other: 'own' },
  'get /alerts/:id': { path: () => `/alerts/${one.alert}`, shows: 'org/watched', other: '404' },
  'get /search': { path: () => '/search?q=org/watched', shows: 'docker.io/org/watched', other: 'own' },
  'post /alerts/:id/snooze': { path: () => `/alerts/${one.alert}/snooze`, form: { until: '1h' }, other: '404' },
  'post /alerts/:id/take': { path: () => `/alerts/${one.alert}/take`, other: '404' },
  'post /alerts/:id/expect': { path: () => `/alerts/${one.alert}/expect`, other: '404' },
  'post /alerts/:id/close': {
    path: () => `/alerts/${one.alert}/close`,
    form: { resolution: 'incident', reason: 'revoked and restored' },
    other: '404',
  },
  'get /repositories': { shows: 'org/watched', other: 'own' },
  'get /r/:registry/:repository{.+}': {
    path: () => '/r/docker.io/org/watched',
    shows: 'org/watched',
    other: '404',
  },
  'get /d/:digest': { path: () => `/d/${one.digest}`, shows: 'org/watched', other: 'own' },
  'get /alerts/:id/rule': { path: () => `/alerts/${one.alert}/rule`, shows: 'org/watched', other: '404' },
  'post /alerts/:id/rule': {
    path: () => `/alerts/${one.alert}/rule`,
    form: () => ({ rule: 'expect-pusher thief', reason: 'a new colleague', policy: one.policy }),
    other: '404',
  },
  'get /welcome': { shows: 'Image you publish', other: 'own' },
  'post /welcome': {
    form: { image: 'docker.io/org/made', offer: '{"pushers":[],"signers":[],"workflows":[]}', 'other-pushers': 'bot' },
    other: 'own',
  },
  'get /welcome/:id': { path: () => `/welcome/${one.watched}`, shows: 'org/watched', other: '404' },
  'post /welcome/:id/secret': { path: () => `/welcome/${one.watched}/secret`, other: '404' },
  'post /welcome/:id/test': { path: () => `/welcome/${one.watched}/test`, other: '404' },
  'post /welcome/:id/channel': {
    path: () => `/welcome/${one.watched}/channel`,
    form: { kind: 'slack-bot', token: 'xoxb-of-the-form', channel: 'C2' },
    other: '404',
  },
  'get /settings': { shows: 'of-team-one', other: 'own' },
  'get /settings/keys': { shows: 'spare', other: 'own' },
  'get /settings/channels': { shows: 'channel-one', other: 'own' },
  'get /settings/sessions': { shows: 'this browser', other: 'own' },
  'get /audit': { shows: 'channel-one', other: 'own' },
  'post /settings/team': { form: { team: '1' }, other: '404' },
  'post /settings/invitations': { form: { by: 'link', login: 'made', role: 'viewer' }, other: 'own' },
  'post /settings/keys': { form: { name: 'made', scope: 'read' }, other: 'own' },
  'post /settings/members/:id/role': {
    path: () => `/settings/members/${one.member}/role`,
    form: { role: 'viewer' },
    other: '404',
  },
  'post /settings/members/:id/link': { path: () => `/settings/members/${one.member}/link`, other: '404' },
  'post /settings/members/:id/remove': { path: () => `/settings/members/${one.member}/remove`, other: '404' },
  'post /settings/invitations/:id/withdraw': {
    path: () => `/settings/invitations/${one.invitation}/withdraw`,
    other: '404',
  },
  'post /settings/sessions/:id/end': { path: () => `/settings/sessions/${one.session}/end`, other: '404' },
  'get /settings/channels/new': { other: 'own' },
  'get /settings/channels/:id': { path: () => `/settings/channels/${one.channel}`, shows: 'channel-one', other: '404' },
  'post /settings/channels': {
    form: { kind: 'slack-bot', token: 'xoxb-made-here', channel: 'C2', name: 'made', minSeverity: 'notice' },
    other: 'own',
  },
  'post /settings/channels/:id': {
    path: () => `/settings/channels/${one.channel}`,
    form: { name: 'channel-one', minSeverity: 'high', default: 'on' },
    other: '404',
  },
  'post /settings/channels/:id/address': {
    path: () => `/settings/channels/${one.channel}/address`,
    form: { token: 'xoxb-another', channel: 'C3' },
    other: '404',
  },
  'post /settings/channels/:id/images': {
    path: () => `/settings/channels/${one.channel}/images`,
    form: { image: 'docker.io/org/watched' },
    other: '404',
  },
  'post /settings/channels/:id/test': { path: () => `/settings/channels/${one.channel}/test`, other: '404' },
  'post /settings/channels/:id/remove': { path: () => `/settings/channels/${one.channel}/remove`, other: '404' },
  'get /settings/issuers': { shows: 'root-of-one', other: 'own' },
  'post /settings/issuers/roots': { form: { name: 'made', trustedRoot: ROOT }, other: 'own' },
  'post /settings/issuers/roots/:name/remove': {
    path: () => '/settings/issuers/roots/root-of-one/remove',
    other: '404',
  },
  'get /settings/retention': { shows: 'Retention', other: 'own' },
  'get /p/:id': { path: () => `/p/${one.push}`, shows: 'docker.io/org/watched', other: '404' },
  'post /p/:id/compare': { path: () => `/p/${one.push}/compare`, other: '404' },
  'post /settings/keys/:id/revoke': { path: () => `/settings/keys/${one.key}/revoke`, other: '404' },
  'get /credentials': { shows: 'token-of-one', other: 'own' },
  'get /credentials/:id': { path: () => `/credentials/C-${one.credential}`, shows: 'token-of-one', other: '404' },
  'get /credentials/:id/blast-radius': {
    path: () => `/credentials/C-${one.credential}/blast-radius`,
    shows: 'token-of-one',
    other: '404',
  },
  'get /credentials/:id/blast-radius.csv': {
    path: () => `/credentials/C-${one.credential}/blast-radius.csv`,
    shows: 'docker.io/org/watched',
    other: '404',
  },
  'get /credentials/:id/blast-radius.json': {
    path: () => `/credentials/C-${one.credential}/blast-radius.json`,
    shows: 'token-of-one',
    other: '404',
  },
  'get /credentials/:id/blast-radius.md': {
    path: () => `/credentials/C-${one.credential}/blast-radius.md`,
    shows: 'token-of-one',
    other: '404',
  },
  'post /credentials/:id/mark': {
    path: () => `/credentials/C-${one.credential}/mark`,
    form: { mark: 'canary', where: 'everywhere', note: 'lies in the old wiki' },
    other: '404',
  },
  'get /health': { shows: 'org/watched', other: 'own' },
  'get /settings/sources': { shows: 'hub-of-one', other: 'own' },
  'post /settings/sources': { form: { account: 'new-hub', organization: '', secret: 'correct horse' }, other: 'own' },
  'post /settings/sources/:id/poll': { path: () => `/settings/sources/${one.source}/poll`, other: '404' },
  'post /settings/sources/:id/login': {
    path: () => `/settings/sources/${one.source}/login`,
    form: { secret: 'correct horse' },
    other: '404',
  },
  'post /settings/sources/:id/remove': { path: () => `/settings/sources/${one.source}/remove`, other: '404' },
};

const nameOf = ({ method, path }: PageRoute): string => `${method} ${path}`;
const entryOf = (route: PageRoute): Entry => table[nameOf(route)] ?? { other: '404' };
const pathOf = (route: PageRoute): string => entryOf(route).path?.() ?? route.path;

function formOf(route: PageRoute): Readonly<Record<string, string>> | undefined {
  const { form } = entryOf(route);
  return typeof form === 'function' ? form() : form;
}

const visitorOf = (who: string): Visitor => {
  const found = people.get(who);
  if (found === undefined) throw new Error(`nobody is ${who}`);
  return found;
};

async function call(route: PageRoute, who: string, forged: Forged = {}): Promise<Page> {
  const visitor = visitorOf(who);
  return route.method === 'get'
    ? visitor.get(pathOf(route), forged)
    : visitor.post(pathOf(route), formOf(route), forged);
}

/** Everything but that somebody looked. */
const state = (): Promise<string> => snapshot(pushwarden.db, (name) => name !== 'sessions' && name !== 'notifications');

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  const { db } = pushwarden;
  await addKey(db, 1, 'spare', `pwk_${'s'.repeat(43)}`);
  await addKey(db, 2, 'theirs', `pwk_${'b'.repeat(43)}`);
  const channel = { name: 'channel-one', kind: 'slack-bot', token: 'xoxb-of-the-test', channel: 'C1' };
  one.channel = (await pushwarden.api('POST', '/channels', channel)).json.id;
  await pushwarden.api('POST', '/trusted-roots', { name: 'root-of-one', trustedRoot: JSON.parse(ROOT) });
  one.alert = await makeAlert(pushwarden, 'docker.io/org/watched');
  const alert = (await pushwarden.api('GET', `/alerts/${one.alert}`)).json;
  one.digest = alert.digest;
  one.push = alert.push;
  one.watched = (await pushwarden.api('GET', '/repositories')).json.items[0].id;
  for (const [team, role] of [1, 2].flatMap((team) => ROLES.map((role) => [team, role] as const))) {
    const visitor = new Visitor(pushwarden.url);
    await visitor.resume((await addSignedIn(db, team, `${role}-${team}`, role)).token);
    people.set(`${role} of team ${team}`, visitor);
  }
  const { html } = await visitorOf('owner of team 1').get(`/alerts/${one.alert}/rule`);
  one.policy = /name="policy" value="([0-9a-f]{32})"/.exec(html)?.[1] ?? '';
  const target = await addSignedIn(db, 1, 'of-team-one', 'viewer');
  one.member = target.person;
  one.session = (await addSignedIn(db, 1, 'of-team-one-too', 'viewer')).session;
  const id = async (sql: string) => (await db.prepare(sql).first<{ id: number }>())?.id ?? 0;
  one.key = await id("SELECT id FROM api_keys WHERE name = 'spare'");
  for (const name of ['hub-of-one', 'new-hub'])
    pushwarden.hub.addUser(name, { password: 'correct horse', plan: 'pro' });
  const login = { kind: 'dockerhub', account: 'hub-of-one', secret: 'correct horse' };
  one.source = (await pushwarden.api('POST', '/sources', login)).json.id;
  one.credential = await id(
    `INSERT INTO credentials (team_id, kind, external_id, name, first_seen_at, account, source_id)
     VALUES (1, 'dockerhub-pat', 'of-one', 'token-of-one', 0, 'org', ${one.source}) RETURNING id`,
  );
  one.invitation = await id(
    "INSERT INTO invitations (team_id, role, provider, login, expires_at, created_at, created_by) VALUES (1, 'viewer', 'github', 'octocat', 9e15, 0, 'test') RETURNING id",
  );
});
afterAll(() => pushwarden.stop());

test('the table knows every page, and no other', () => {
  expect(Object.keys(table).sort()).toEqual(PAGE_ROUTES.map(nameOf).sort());
});

const routes = PAGE_ROUTES.map((route) => ({ name: nameOf(route), route }));
const posts = routes.filter(({ route }) => route.method === 'post');
const gets = routes.filter(({ route }) => route.method === 'get');

describe('every answer for a browser', () => {
  const addresses = ['/signin', '/nowhere', '/signin/link/x', `/signin/link/${'a'.repeat(43)}`, '/signin/github'];

  test.each([...addresses, ...gets.map(({ name }) => name.slice(4))])(
    '%s brings the rules for browsers',
    async (path) => {
      for (const visitor of [new Visitor(pushwarden.url), visitorOf('owner of team 1')]) {
        const { headers, html } = await visitor.get(path);
        expect(headers.get('content-security-policy')).toBe(
          "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        );
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('referrer-policy')).toBe('same-origin');
        expect(headers.get('cache-control')).toBe('no-store');
        // What that policy would block anyway does not stand there.
        expect(html).not.toMatch(/<[^>]+ style=|<style|<script(?! src="\/assets\/)|<[^>]+ on[a-z]+=|javascript:/i);
      }
    },
  );

  test('answers of the API keep their own', async () => {
    const { headers } = await pushwarden.api('GET', '/repositories');
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('style and script are kept for ever under the name of their contents, and small', async () => {
    const { html } = await new Visitor(pushwarden.url).get('/signin');
    const [style = ''] = /\/assets\/style-[0-9a-f]{8}\.css/.exec(html) ?? [];
    const [script = ''] = /\/assets\/page-[0-9a-f]{8}\.js/.exec(html) ?? [];
    for (const [path, type, most] of [
      [style, 'text/css', 24_000],
      [script, 'text/javascript', 1024],
    ] as const) {
      const answer = await fetch(new URL(path, pushwarden.url));
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(Buffer.byteLength(await answer.text())).toBeLessThanOrEqual(most);
    }
  });
});

describe('a form', () => {
  const forgeries: readonly (readonly [string, Forged])[] = [
    ['from another site, says Origin', { headers: { origin: 'https://evil.example' } }],
    ['from another port of this host', { headers: { origin: 'http://127.0.0.1:1' } }],
    ['without an Origin', { headers: { origin: null } }],
    ['with an opaque Origin', { headers: { origin: 'null' } }],
    ['from another site, says the browser', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['from a neighbour', { headers: { 'sec-fetch-site': 'same-site' } }],
    ['that nobody’s page sent', { headers: { 'sec-fetch-site': 'none' } }],
    ['without the token', { csrf: null }],
    ['with another’s token', { csrf: 'a'.repeat(43) }],
    ['with half the token', { csrf: 'half' }],
    ['as text', { headers: { 'content-type': 'text/plain' } }],
    ['as JSON', { headers: { 'content-type': 'application/json' } }],
  ];

  test.each(forgeries.flatMap(([how, forged]) => posts.map(({ name, route }) => ({ how, name, route, forged }))))(
    '$name $how changes nothing',
    async ({ route, forged }) => {
      const visitor = visitorOf('owner of team 1');
      const half = forged.csrf === 'half' ? { csrf: (visitor.csrf ?? '').slice(0, 20) } : forged;
      const before = await state();
      const page = await call(route, 'owner of team 1', half);
      expect(page.status).toBe(403);
      expect(page.html).toContain('Nothing was changed.');
      expect(await state()).toBe(before);
    },
  );

  test.each(['/signin', '/signin/link', '/signin/access', '/signout'])('%s takes no forgery either', async (path) => {
    for (const [, forged] of forgeries) {
      const visitor = new Visitor(pushwarden.url);
      await visitor.get('/signin');
      const page = await visitor.post(path, { key: ADMIN_KEY }, forged);
      expect(page.status).toBe(403);
      expect(page.setCookies).toEqual([]);
    }
  });

  test('of one session is not good in another of the same person', async () => {
    const [first, second] = [new Visitor(pushwarden.url), new Visitor(pushwarden.url)];
    await first.signInWithKey(ADMIN_KEY);
    await second.signInWithKey(ADMIN_KEY);
    const csrf = first.csrf;
    expect(csrf).not.toBe(second.csrf);
    expect((await second.post('/signout', {}, { csrf })).status).toBe(403);
  });

  test('that is longer than 16 KiB is not read', async () => {
    const page = await visitorOf('owner of team 1').post('/settings/keys', { name: 'x'.repeat(17_000) });
    expect(page.status).toBe(413);
  });

  test('that is too old gives back what was typed, as text, and no secret', async () => {
    const visitor = new Visitor(pushwarden.url);
    await visitor.get('/signin');
    const typed = { reason: '<b>by hand</b>', key: ADMIN_KEY };
    const page = await visitor.post('/settings/keys', typed, { csrf: 'old' });
    expect(page.status).toBe(403);
    expect(page.html).toContain('&lt;b&gt;by hand&lt;/b&gt;');
    expect(page.html).not.toContain(ADMIN_KEY);
  });
});

describe('another team', () => {
  test.each(routes)('$name shows and changes nothing of team 1 for an owner of team 2', async ({ route }) => {
    const other = (text: string): string =>
      text
        .split('\n')
        .filter((line) => !line.includes('"team_id":2'))
        .join('\n');
    const before = await state();
    const page = await call(route, 'owner of team 2');
    if (entryOf(route).other === '404') {
      expect(page.status).toBe(404);
      expect(page.html).toContain('We do not watch this');
    } else {
      expect([200, 303]).toContain(page.status);
    }
    expect(page.html).not.toMatch(/watched:|org\/watched<|of-team-one|-of-one|channel-one|spare|octocat|-1 \(|owner-1/);
    const after = await state();
    // People and secrets of hooks have no team of their own: those that team 2 made are new, and nothing else is.
    const made = (text: string): string =>
      other(text)
        .split('\n')
        .filter((line) => !/^people |^hook_secrets \{"id":\d+,"hook_id":(?!1,)/.test(line))
        .join('\n');
    expect(made(after)).toBe(made(before));
  });
});

describe('roles', () => {
  const cases = routes.flatMap(({ name, route }) => ROLES.map((role) => ({ name, route, role })));

  test.each(cases.filter(({ route, role }) => !may(role, route.right)))(
    '$name is refused to a $role, and changes nothing',
    async ({ route, role }) => {
      const before = await state();
      const page = await call(route, `${role} of team 1`);
      expect(page.status).toBe(403);
      expect(page.html).toContain('This needs another role than yours');
      expect(await state()).toBe(before);
    },
  );

  test.each(cases.filter(({ route, role }) => route.method === 'get' && may(role, route.right)))(
    '$name is shown to a $role',
    async ({ route, role }) => {
      const page = await call(route, `${role} of team 1`);
      expect(page.status).toBe(200);
      const { shows } = entryOf(route);
      if (shows !== undefined && (role === 'owner' || !shows.includes('browser'))) expect(page.html).toContain(shows);
    },
  );

  test.each(posts.filter(({ name }) => name !== 'post /settings/team'))(
    '$name does what it says for an owner',
    async ({ route }) => {
      const before = await state();
      const sessions = await rows('sessions');
      const page = await call(route, 'owner of team 1');
      expect([200, 303]).toContain(page.status);
      const changed = (await state()) !== before || (await rows('sessions')) !== sessions;
      expect(changed).toBe(true);
      const [last] = (await pushwarden.api('GET', '/audit-log?limit=1')).json.items as Json[];
      expect(last.actor).toBe('person:owner-1');
    },
  );

  const rows = async (name: string): Promise<number> =>
    (await pushwarden.db.prepare(`SELECT count(*) AS n FROM ${name}`).first<{ n: number }>())?.n ?? 0;

  test('a viewer ends their own sessions and no other', async () => {
    const other = await addSignedIn(pushwarden.db, 1, 'somebody', 'viewer');
    const mine = new Visitor(pushwarden.url);
    const me = await addSignedIn(pushwarden.db, 1, 'me', 'viewer');
    await mine.resume(me.token);
    expect((await mine.get('/settings/sessions')).html).not.toContain('person:somebody');
    expect((await mine.post(`/settings/sessions/${other.session}/end`)).status).toBe(404);
    expect((await mine.post(`/settings/sessions/${me.session}/end`)).status).toBe(303);
    expect((await mine.get('/')).location).toBe('/signin');
  });
});

describe('who manages a team', () => {
  const signIn = async (team: number, name: string, role: Role) => {
    const made = await addSignedIn(pushwarden.db, team, name, role);
    const visitor = new Visitor(pushwarden.url);
    await visitor.resume(made.token);
    return { ...made, visitor };
  };

  test('a member whose role changes has to sign in again, also in the middle of a form', async () => {
    const changed = await signIn(1, 'promoted', 'viewer');
    const owner = visitorOf('owner of team 1');
    await owner.get('/settings');
    expect((await owner.post(`/settings/members/${changed.person}/role`, { role: 'owner' })).status).toBe(303);
    expect((await changed.visitor.get('/')).location).toBe('/signin');
    await owner.post(`/settings/members/${changed.person}/role`, { role: 'viewer' });
  });

  test('a removed member is out at once, and their links are too', async () => {
    const removed = await signIn(1, 'leaver', 'maintainer');
    const owner = visitorOf('owner of team 1');
    const shown = await owner.post(`/settings/members/${removed.person}/link`);
    const [, link = ''] = /\/signin\/link\/([A-Za-z0-9_-]{43})/.exec(shown.html) ?? [];
    expect(link).not.toBe('');
    expect((await owner.post(`/settings/members/${removed.person}/remove`)).status).toBe(303);
    expect((await removed.visitor.get('/')).location).toBe('/signin');
    const other = new Visitor(pushwarden.url);
    await other.get(`/signin/link/${link}`);
    expect((await other.post('/signin/link', { link })).status).toBe(403);
  });

  test('the last owner stays: neither made less nor removed', async () => {
    const only = await signIn(7, 'only', 'owner');
    for (const [what, form] of [
      ['role', { role: 'viewer' }],
      ['remove', {}],
    ] as const) {
      const page = await only.visitor.post(`/settings/members/${only.person}/${what}`, form);
      expect([page.status, page.html]).toEqual([409, expect.stringContaining('only owner')]);
    }
    expect((await only.visitor.get('/')).status).toBe(200);
  });

  test('no link is made for somebody with an account of their own or another team: an owner never is another person', async () => {
    const { db } = pushwarden;
    const known = await signIn(1, 'known', 'viewer');
    await db
      .prepare(
        "INSERT INTO identities (person_id, provider, external_id, login, created_at) VALUES (?1, 'github', '77', 'known', 0)",
      )
      .bind(known.person)
      .run();
    const shared = await signIn(1, 'shared', 'viewer');
    await db
      .prepare(
        "INSERT INTO memberships (team_id, person_id, role, created_at, created_by) VALUES (2, ?1, 'owner', 0, 'test')",
      )
      .bind(shared.person)
      .run();
    const owner = visitorOf('owner of team 1');
    await owner.get('/settings');
    for (const { person } of [known, shared]) {
      expect((await owner.post(`/settings/members/${person}/link`)).status).toBe(409);
    }
  });

  test('who is in two teams goes from one to the other under a new token, and only there', async () => {
    const both = await signIn(1, 'both', 'viewer');
    await pushwarden.db
      .prepare(
        "INSERT INTO memberships (team_id, person_id, role, created_at, created_by) VALUES (2, ?1, 'maintainer', 0, 'test')",
      )
      .bind(both.person)
      .run();
    const page = await both.visitor.get('/settings');
    expect(page.html).toContain('Your teams');
    expect((await both.visitor.post('/settings/team', { team: '3' })).status).toBe(404);
    expect((await both.visitor.post('/settings/team', { team: '2' })).status).toBe(303);
    expect((await both.visitor.get('/')).html).toContain('person:both (maintainer) in team team 2');
    expect((await new Visitor(pushwarden.url).resume(both.token)).location).toBe('/signin');
  });

  test('a key is shown once, works, and only its hash is kept', async () => {
    const owner = visitorOf('owner of team 1');
    await owner.get('/settings/keys');
    const page = await owner.post('/settings/keys', { name: 'shown once', scope: 'read' });
    const [key = ''] = /pwk_[A-Za-z0-9_-]{43}/.exec(page.html) ?? [];
    expect((await pushwarden.api('GET', '/repositories', undefined, key)).status).toBe(200);
    expect((await owner.get('/settings/keys')).html).not.toContain(key);
  });

  test('names of strangers are text, wherever they stand', async () => {
    const owner = visitorOf('owner of team 1');
    const name = '"><script src=//evil.example></script><!channel>';
    await pushwarden.db.prepare('UPDATE people SET name = ?1 WHERE id = ?2').bind(name, one.member).run();
    await pushwarden.db
      .prepare('INSERT INTO audit_log (team_id, at, actor, action, target, detail) VALUES (1, 0, ?1, ?1, ?1, ?2)')
      .bind(name, JSON.stringify({ name }))
      .run();
    for (const path of ['/settings', '/audit', '/settings/sessions']) {
      expect((await owner.get(path)).html).not.toContain('<script src=//evil');
    }
  });
});
