import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { API_ROUTES } from '../../src/http/api.ts';
import { recordRun } from '../../src/store/ci-runs.ts';
import { SEEDS } from '../../src/tuf/seeds.ts';
import { snapshot } from '../fixtures/database.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { ADMIN_KEY, type Answer, addKey, type Json, TestInstallation, until } from '../fixtures/worker.ts';
import { workflowRun } from '../fixtures/workflow-runs.ts';

const keys = {
  'team 1 read': `pwk_${'r'.repeat(43)}`,
  'team 2 admin': `pwk_${'b'.repeat(43)}`,
  'team 2 read': `pwk_${'c'.repeat(43)}`,
  revoked: `pwk_${'x'.repeat(43)}`,
} as const;

/** What team 1 has, by which the table addresses it. */
const one = {
  repository: 0,
  push: '',
  alert: '',
  channel: 0,
  spareKey: 0,
  hook: 0,
  digest: '',
  credential: '',
  source: 0,
  subscription: 0,
};

interface Entry {
  /** Below /api/v1, with team 1's ids. */
  readonly path: () => string;
  readonly body?: () => Json;
  /**
   * What team 2 gets for it: nothing that is there (`404`), an empty list, no lines, a list of its own (nothing of team 1's), or
   * something made for itself.
   */
  readonly other: '404' | 'empty' | 'no lines' | 'own list' | 'makes its own' | 'makes its own, unlisted';
}

const repository =
  (rest = ''): (() => string) =>
  () =>
    `/repositories/${one.repository}${rest}`;

/** Every route of the API. In this order team 1 uses them in the end: what deletes comes last. */
const table: Readonly<Record<string, Entry>> = {
  'GET /repositories': { path: () => '/repositories', other: 'empty' },
  'GET /repositories/{id}': { path: repository(), other: '404' },
  'PATCH /repositories/{id}': {
    path: repository(),
    body: () => ({ policy: { pushers: ['release-bot'] } }),
    other: '404',
  },
  'POST /repositories/{id}/rotate-secret': {
    path: repository('/rotate-secret'),
    body: () => ({ overlapMinutes: 5 }),
    other: '404',
  },
  'POST /repositories/{id}/sweep': { path: repository('/sweep'), other: '404' },
  'POST /repositories/{id}/test-alert': { path: repository('/test-alert'), other: '404' },
  'POST /repositories/{id}/expectations': {
    path: repository('/expectations'),
    body: () => ({ tag: '1.0.0', digest: one.digest, minutes: 5, reason: 'by hand' }),
    other: '404',
  },
  'GET /repositories/{id}/pushes': { path: repository('/pushes'), other: '404' },
  'GET /repositories/{id}/tags': { path: repository('/tags'), other: '404' },
  'GET /repositories/{id}/tags/{tag}/history': { path: repository('/tags/1.0.0/history'), other: '404' },
  'GET /pushes/{id}': { path: () => `/pushes/${one.push}`, other: '404' },
  'GET /pushes/{id}/changes': { path: () => `/pushes/${one.push}/changes`, other: '404' },
  'POST /pushes/{id}/changes': { path: () => `/pushes/${one.push}/changes`, other: '404' },
  'GET /alerts': { path: () => '/alerts', other: 'empty' },
  'GET /alerts/{id}': { path: () => `/alerts/${one.alert}`, other: '404' },
  'POST /alerts/{id}/acknowledge': { path: () => `/alerts/${one.alert}/acknowledge`, other: '404' },
  'POST /alerts/{id}/close': {
    path: () => `/alerts/${one.alert}/close`,
    body: () => ({ resolution: 'incident', reason: 'x' }),
    other: '404',
  },
  'GET /credentials': { path: () => '/credentials', other: 'empty' },
  'GET /credentials/{id}': { path: () => `/credentials/${one.credential}`, other: '404' },
  'PATCH /credentials/{id}': {
    path: () => `/credentials/${one.credential}`,
    body: () => ({ mark: 'expected', expectedOn: [one.repository] }),
    other: '404',
  },
  'GET /credentials/{id}/sightings': { path: () => `/credentials/${one.credential}/sightings`, other: '404' },
  'GET /credentials/{id}/days': { path: () => `/credentials/${one.credential}/days`, other: '404' },
  'GET /credentials/{id}/blast-radius': { path: () => `/credentials/${one.credential}/blast-radius`, other: '404' },
  'GET /repositories/{id}/credential-days': { path: repository('/credential-days'), other: '404' },
  'GET /repositories/{id}/sightings': {
    path: () => `/repositories/${one.repository}/sightings?day=${new Date().toISOString().slice(0, 10)}`,
    other: '404',
  },
  'GET /sources': { path: () => '/sources', other: 'empty' },
  'GET /sources/{id}': { path: () => `/sources/${one.source}`, other: '404' },
  'PATCH /sources/{id}': {
    path: () => `/sources/${one.source}`,
    body: () => ({ secret: 'dckr_pat_of-team-one' }),
    other: '404',
  },
  'POST /sources/{id}/poll': { path: () => `/sources/${one.source}/poll`, other: '404' },
  'GET /bursts/{id}': { path: () => '/bursts/B-1', other: '404' },
  'GET /slack-users': { path: () => '/slack-users', other: 'empty' },
  'GET /channels': { path: () => '/channels', other: 'empty' },
  'PATCH /channels/{id}': { path: () => `/channels/${one.channel}`, body: () => ({ health: true }), other: '404' },
  'GET /api-keys': { path: () => '/api-keys', other: 'own list' },
  'GET /hooks': { path: () => '/hooks', other: 'empty' },
  'GET /deliveries': { path: () => `/deliveries?hook=${one.hook}`, other: 'empty' },
  'GET /ci-runs': { path: () => '/ci-runs?repository=74', other: 'empty' },
  'GET /unwatched-images': { path: () => '/unwatched-images', other: 'empty' },
  'GET /health': { path: () => '/health', other: 'empty' },
  // The same for anyone: what registries tell. Of one's own images also what one's policy says, see verify.test.ts.
  'GET /verify': { path: () => '/verify?image=docker.io/org/made:1.0.0', other: 'own list' },
  'GET /policy-suggestion': { path: () => '/policy-suggestion?image=docker.io/org/made', other: 'own list' },
  'GET /audit-log': { path: () => '/audit-log', other: 'own list' },
  'GET /trusted-roots': { path: () => '/trusted-roots', other: 'own list' },
  'GET /export/pushes': { path: () => '/export/pushes', other: 'no lines' },
  'GET /export/findings': { path: () => '/export/findings', other: 'no lines' },
  'GET /export/sightings': { path: () => '/export/sightings', other: 'no lines' },
  'GET /event-subscriptions': { path: () => '/event-subscriptions', other: 'empty' },
  'PATCH /event-subscriptions/{id}': {
    path: () => `/event-subscriptions/${one.subscription}`,
    body: () => ({ enabled: true }),
    other: '404',
  },
  'POST /event-subscriptions/{id}/rotate-secret': {
    path: () => `/event-subscriptions/${one.subscription}/rotate-secret`,
    body: () => ({ overlapMinutes: 5 }),
    other: '404',
  },
  'POST /event-subscriptions/{id}/test': {
    path: () => `/event-subscriptions/${one.subscription}/test`,
    other: '404',
  },
  'POST /repositories': {
    path: () => '/repositories',
    body: () => ({ image: 'docker.io/org/made' }),
    other: 'makes its own',
  },
  'POST /sources': {
    path: () => '/sources',
    body: () => ({ kind: 'dockerhub', account: 'made', secret: 'dckr_pat_of-team-one' }),
    other: 'makes its own',
  },
  'POST /channels': {
    path: () => '/channels',
    body: () => ({ name: 'made', kind: 'slack-bot', token: 'xoxb-made-by-test', channel: 'C1' }),
    other: 'makes its own',
  },
  'POST /api-keys': { path: () => '/api-keys', body: () => ({ name: 'made', scope: 'read' }), other: 'makes its own' },
  'POST /sign-in-links': { path: () => '/sign-in-links', other: 'makes its own, unlisted' },
  'POST /trusted-roots': {
    path: () => '/trusted-roots',
    body: () => ({ name: 'made', trustedRoot: trustedRoot(0) }),
    other: 'makes its own',
  },
  'POST /event-subscriptions': {
    path: () => '/event-subscriptions',
    body: () => ({ name: 'made', url: 'http://127.0.0.1:9/made' }),
    other: 'makes its own',
  },
  'DELETE /event-subscriptions/{id}': { path: () => `/event-subscriptions/${one.subscription}`, other: '404' },
  'POST /slack-users': {
    path: () => '/slack-users',
    body: () => ({ workspace: 'T0MADE', user: 'U0MADE', name: 'made', role: 'admin' }),
    other: 'makes its own',
  },
  'DELETE /slack-users/{workspace}/{user}': { path: () => '/slack-users/T0ONE/U0ONE', other: '404' },
  'DELETE /trusted-roots/{name}': { path: () => '/trusted-roots/of-alerts', other: '404' },
  'DELETE /sources/{id}': { path: () => `/sources/${one.source}`, other: '404' },
  'DELETE /channels/{id}': { path: () => `/channels/${one.channel}`, other: '404' },
  'DELETE /api-keys/{id}': { path: () => `/api-keys/${one.spareKey}`, other: '404' },
  'DELETE /repositories/{id}': { path: repository(), other: '404' },
};

/** Public good's, with so many of its logs. */
function trustedRoot(logs: number): Json {
  const root = JSON.parse(SEEDS[0]?.trustedRoot?.json ?? '{}');
  return { ...root, ctlogs: root.ctlogs.slice(0, logs) };
}

const routes = Object.entries(table).map(([name, entry]) => ({ name, ...entry }));

let pushwarden: TestInstallation;
let document: Json;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  const { db } = pushwarden;
  await addKey(db, 1, 'reader', keys['team 1 read'], 'read');
  await addKey(db, 1, 'revoked', keys.revoked);
  await addKey(db, 1, 'spare', `pwk_${'s'.repeat(43)}`);
  await addKey(db, 2, 'other', keys['team 2 admin']);
  await addKey(db, 2, 'their second', keys['team 2 read'], 'read');
  const listed = (await pushwarden.api('GET', '/api-keys')).json.items;
  await pushwarden.api('DELETE', `/api-keys/${listed.find((each: Json) => each.name === 'revoked').id}`);
  one.spareKey = listed.find((each: Json) => each.name === 'spare').id;
  await fillTeam1();
  document = (await pushwarden.request('/api/v1/openapi.json')).json;
});
afterAll(() => pushwarden.stop());

/** Something of team 1's behind every route: a rogue push with its alert, an unwatched image, a health alert, channels. */
async function fillTeam1(): Promise<void> {
  await pushwarden.connectSlack();
  await pushwarden.api('POST', '/trusted-roots', { name: 'of-alerts', trustedRoot: trustedRoot(1) });
  for (const path of ['org/app', 'org/made']) pushwarden.registry.push(path, '1.0.0', singleImage('genuine'));
  const { id, webhook } = await pushwarden.watch('docker.io/org/app', { alertChannel: 'alerts' });
  one.digest = pushwarden.registry.push('org/app', '1.0.0', singleImage('miner'));
  const { json } = await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: '1.0.0', pusher: 'mallory' });
  await sendDockerHub(pushwarden, webhook, { path: 'org/unwatched', tag: '1', pusher: 'mallory' });
  await until(
    'the alert is sent',
    () => pushwarden.messages('alerts').length > 0 && pushwarden.messages('health').length > 0,
  );
  await recordRun(pushwarden.db, 1, workflowRun(Date.now()), webhook.id, Date.now()).run();
  Object.assign(one, { repository: id, hook: webhook.id, push: json.pushes[0] });
  one.credential = (await pushwarden.api('GET', '/credentials')).json.items[0].id;
  for (const name of ['org', 'made']) pushwarden.hub.addUser(name, { password: 'dckr_pat_of-team-one' });
  const source = { kind: 'dockerhub', account: 'org', secret: 'dckr_pat_of-team-one' };
  one.source = (await pushwarden.api('POST', '/sources', source)).json.id;
  one.subscription = (
    await pushwarden.api('POST', '/event-subscriptions', { name: 'of alerts', url: 'http://127.0.0.1:9/alerts' })
  ).json.id;
  // A log may tell of it so late: then it is settled, and exported.
  await pushwarden.advance(3 * 3600);
  await pushwarden.api('POST', '/slack-users', { workspace: 'T0ONE', user: 'U0ONE', name: 'alerts', role: 'admin' });
  await pushwarden.db.batch([
    pushwarden.db.prepare(
      `INSERT INTO bursts (team_id, channel_id, severity, opened_at, joined_at) VALUES (1, 1, 'critical', 0, 0)`,
    ),
    pushwarden.db.prepare('UPDATE alerts SET burst_id = 1'),
  ]);
  one.alert = (await pushwarden.api('GET', '/alerts')).json.items[0].id;
  one.channel = (await pushwarden.api('GET', '/channels')).json.items.find((each: Json) => each.name === 'alerts').id;
}

function call(
  { name, path, body }: { name: string } & Pick<Entry, 'path' | 'body'>,
  key: string | null,
): Promise<Answer> {
  const [method = ''] = name.split(' ');
  const headers: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key}` };
  const given = body?.() ?? (method === 'POST' ? {} : null);
  return pushwarden.request(`/api/v1${path()}`, {
    method,
    headers,
    body: given === null ? null : JSON.stringify(given),
  });
}

const isLines = ({ headers }: Answer): boolean =>
  headers.get('content-type')?.startsWith('application/x-ndjson') === true;

/** One line was read as JSON, several as text. */
const linesOf = ({ json }: Answer): Json[] =>
  typeof json === 'string'
    ? json
        .trimEnd()
        .split('\n')
        .map((each) => JSON.parse(each))
    : [json];

/** The operation as the document describes it. */
function described(name: string): { scope: string; success: number } {
  const [method = '', path = ''] = name.split(' ');
  const operation = document.paths[`/api/v1${path}`][method.toLowerCase()];
  const success = Object.keys(operation.responses).find((status) => status.startsWith('2'));
  return { scope: operation.security[0].apiKey[0], success: Number(success) };
}

async function changesNothing<T>(act: () => Promise<T>, keep?: Parameters<typeof snapshot>[1]): Promise<T> {
  const before = await snapshot(pushwarden.db, keep);
  expect(before).toContain('org/app');
  const result = await act();
  expect(await snapshot(pushwarden.db, keep)).toBe(before);
  return result;
}

describe('the API', () => {
  test('has exactly the routes of this table', () => {
    const operations = Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/^\/api\/v1/, '')}`),
    );
    // CI jobs come with a token of their own; test/worker/attacks.ci.test.ts is about that.
    expect(operations.filter((each) => each !== 'POST /ci/announcements').sort()).toEqual(Object.keys(table).sort());
    expect(operations).toContain('POST /ci/announcements');
  });

  test('takes no API key in the place of a CI token', async () => {
    for (const key of [ADMIN_KEY, ...Object.values(keys)]) {
      const headers = { authorization: `Bearer ${key}` };
      const body = JSON.stringify({ phase: 'started', image: 'docker.io/org/app' });
      const announced = await changesNothing(() =>
        pushwarden.request('/ci/announcements', { method: 'POST', headers, body }),
      );
      expect(announced.status).toBe(401);
    }
  });

  const strangers: [string, string | null][] = [
    ['no key', null],
    ['a revoked key', keys.revoked],
    ['an unknown key', `pwk_${'z'.repeat(43)}`],
    ['an empty key', ''],
    ['a key with a letter more', `${ADMIN_KEY}a`],
    ['the hash of a key', 'pwk_'],
    ['SQL', "' OR 1=1 --"],
  ];
  test.each(routes)('answers 401 on $name without a key that lives, and does nothing', async (route) => {
    const answers = await changesNothing(() => Promise.all(strangers.map(([, key]) => call(route, key))));
    expect(answers.map(({ status }) => status)).toEqual(strangers.map(() => 401));
    expect(answers[0]?.headers.get('www-authenticate')).toContain('Bearer');
  });

  test.each(routes)('lets a reader use $name if it is for reading, and otherwise does nothing', async (route) => {
    const { scope, success } = described(route.name);
    expect(scope === 'read').toBe(
      route.name.startsWith('GET') &&
        !['GET /api-keys', 'GET /audit-log', 'GET /event-subscriptions'].includes(route.name),
    );
    const { status } = await changesNothing(() => call(route, keys['team 1 read']));
    expect(status).toBe(scope === 'read' ? success : 403);
  });

  /** Rows of team 1, and all rows that do not say whose they are. */
  const notOfTeam2 = (_: string, row: Json): boolean => row.team_id !== 2;

  test.each(routes.filter(({ other }) => !other.startsWith('makes its own')))(
    'shows team 2 nothing of team 1’s on $name, and lets it change nothing',
    async (route) => {
      const { scope, success } = described(route.name);
      const reader = await changesNothing(() => call(route, keys['team 2 read']));
      const { status, json } = await changesNothing(() => call(route, keys['team 2 admin']));
      if (scope === 'admin') expect(reader.status).toBe(403);
      else expect(reader.json).toEqual(json);
      if (route.other === '404') {
        expect([status, json]).toEqual([
          404,
          { type: 'about:blank', title: 'Not Found', status: 404, detail: 'There is nothing here.' },
        ]);
        return;
      }
      expect(status).toBe(success);
      if (route.other === 'empty') expect(json.items).toEqual([]);
      if (route.other === 'no lines') expect(json).toBeNull();
      expect(JSON.stringify(json)).not.toMatch(/org\/app|org\/unwatched|reader"|"spare|alerts/);
    },
  );

  test.each(routes.filter(({ other }) => other.startsWith('makes its own')))(
    'makes on $name what is team 2’s, and changes nothing of team 1’s',
    async (route) => {
      const byTeam = (table: string, row: Json): boolean => notOfTeam2(table, row) && 'team_id' in row;
      const { status, json } = await changesNothing(() => call(route, keys['team 2 admin']), byTeam);
      expect(status).toBe(described(route.name).success);
      if (route.other === 'makes its own, unlisted') return;
      const [, path = ''] = route.name.split(' ');
      const ids = async (key: string): Promise<number[]> =>
        (await pushwarden.api('GET', path, undefined, key)).json.items.map((each: Json) => each.id);
      expect(await ids(keys['team 2 admin'])).toContain(json.id);
      expect(await ids(ADMIN_KEY)).not.toContain(json.id);
    },
  );

  test('does not let team 2 use team 1’s hook or channel by naming them', async () => {
    for (const more of [{ hook: one.hook }, { alertChannel: 'alerts' }]) {
      const { status, json } = await changesNothing(() =>
        pushwarden.api('POST', '/repositories', { image: 'docker.io/org/taken', ...more }, keys['team 2 admin']),
      );
      expect([status, json.detail]).toEqual([400, expect.stringMatching(/^(hook|alertChannel): there is no/)]);
    }
  });

  test.each(routes)('serves team 1 on $name as the document says', async (route) => {
    const answer = await call(route, ADMIN_KEY);
    expect([answer.status, answer.json]).toEqual([described(route.name).success, expect.anything()]);
    const [method = '', path = ''] = route.name.split(' ');
    const definition = API_ROUTES.find(
      (each) => each.method === method.toLowerCase() && each.path === path.replaceAll(/\{(\w+)\}/g, ':$1'),
    );
    // The schema drops what it does not describe: what comes out the same was described.
    for (const each of isLines(answer) ? linesOf(answer) : [answer.json])
      expect(definition?.response.parse(each)).toEqual(each);
    if (method === 'GET' && !isLines(answer) && 'items' in answer.json) expect(answer.json.items).not.toEqual([]);
  });
});
