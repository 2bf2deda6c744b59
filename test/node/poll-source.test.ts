import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HubToken } from '../../scripts/simulate/world/dockerhub-accounts.ts';
import { DockerHubDouble } from '../../scripts/simulate/world/dockerhub-api.ts';
import { createDockerHub } from '../../src/dockerhub/client.ts';
import type { HealthFact } from '../../src/domain/health.ts';
import { createSeal } from '../../src/seal.ts';
import { createAttributionStore } from '../../src/store/attributions.ts';
import { createHealthStore } from '../../src/store/health.ts';
import { createReviewStore } from '../../src/store/reviews.ts';
import { createSourceAdminStore } from '../../src/store/source-admin.ts';
import { createSourceStore } from '../../src/store/sources.ts';
import { attributePushes } from '../../src/usecases/attribute-pushes.ts';
import type { Source } from '../../src/usecases/credential-stores.ts';
import { pollSource, sealContext } from '../../src/usecases/poll-source.ts';
import type { Wakeups } from '../../src/usecases/ports.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';
import { tellChanges } from '../../src/usecases/review-credentials.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';

/** Polls of a Docker Hub account, with real D1 and HTTP, and a clock by hand. */

const MINUTE = 60_000;
const seal = createSeal(`k1:${btoa('k'.repeat(32))}`);
const wakeups: Wakeups = { checks: () => Promise.resolve(true), notifications: () => Promise.resolve(true) };

let local: Awaited<ReturnType<typeof openLocalD1>>;
let db: D1Database;
let hub: DockerHubDouble;
let now = Date.UTC(2026, 10, 1);
let count = 0;

beforeAll(async () => {
  local = await openLocalD1();
  ({ db } = local);
  hub = await DockerHubDouble.start({ clock: () => now, actors: 'label' });
}, 60_000);
afterAll(async () => {
  await local.close();
  await hub.close();
});

let user: string;
let organization: string;
let source: number;

/** Connects a new organization with its owner. */
async function connect(plan: 'team' | 'personal' = 'team', account?: string, secret = 'correct horse'): Promise<void> {
  count += 1;
  user = `owner${count}`;
  organization = plan === 'team' ? `acme${count}` : '';
  hub.addUser(user, { password: 'correct horse' });
  if (plan === 'team') hub.addOrganization(organization, { plan, owners: [user] });
  const admin = createSourceAdminStore(db);
  const sealed = await seal.seal(secret, sealContext(1));
  const audit = { teamId: 1, at: now, actor: 'test', action: 'x', target: 'x', detail: null };
  source = (await admin.add(1, { account: account ?? user, organization, sealed }, 'test', now, audit)) ?? 0;
}

beforeEach(async () => {
  hub.heal();
  Object.assign(hub, { requestsPerMinute: 100_000, auditLagMs: 0, lastUsedLagMs: 0 });
  now += 24 * 60 * MINUTE;
  await db.prepare('DELETE FROM health_alerts').run();
});

const read = async (): Promise<Source> => {
  const found = await createSourceStore(db).get(1, source);
  if (found === null) throw new Error('there is no such source');
  return found;
};

const sessions = new Map();

/** One invocation: a poll from where the last one stopped, and what comes of it. */
async function invocation(requests = 50): Promise<{ asked: number; statements: number; rowsRead: number }> {
  const counting = countingD1(db);
  const budget = createBudget(requests);
  const before = hub.requests.length;
  const clock = { now: () => now };
  const store = createSourceStore(counting.db);
  const account = createDockerHub({ apiUrl: hub.url, fetch, userAgent: 'test', clock: clock.now });
  const cost = await counting.cost(async () => {
    const [due] = (await store.due(now, 1000)).filter(({ id }) => id === source);
    if (due === undefined) return;
    const health = createHealthStore(counting.db);
    await pollSource(
      { store, hub: account, seal, health, requests: budget, clock, everyMs: 5 * MINUTE, sessions },
      due,
    );
    const polled = await store.get(1, source);
    if (polled === null) return;
    await attributePushes({ store: createAttributionStore(counting.db), wakeups, clock }, polled);
    await tellChanges({ store: createReviewStore(counting.db), wakeups, clock }, polled);
  });
  return { asked: hub.requests.length - before, statements: cost.statements, rowsRead: cost.rowsRead };
}

/** As many invocations, a minute apart, as a poll takes. */
async function poll(requests = 50): Promise<number> {
  for (let n = 1; n <= 100; n += 1) {
    await invocation(requests);
    const { progress, polledAt } = await read();
    if (progress === null && polledAt !== null) return n;
    now += MINUTE;
  }
  throw new Error('the poll does not end');
}

const rows = async (): Promise<number> =>
  (await db.prepare('SELECT count(*) AS n FROM audit_rows WHERE source_id = ?1').bind(source).first<{ n: number }>())
    ?.n ?? 0;
const open = async (): Promise<HealthFact[]> =>
  (await db.prepare('SELECT fact FROM health_alerts WHERE closed_at IS NULL').all<{ fact: string }>()).results.map(
    ({ fact }) => JSON.parse(fact),
  );
const sightings = async (token: HubToken): Promise<{ at: number; since: number | null; key: string }[]> =>
  (
    await db
      .prepare(
        'SELECT at, since, s.key FROM sightings s JOIN credentials c ON c.id = s.credential_id WHERE c.external_id = ?1 ORDER BY at',
      )
      .bind(token.id)
      .all<{ at: number; since: number | null; key: string }>()
  ).results;

describe('an account with 100 tokens and 1,000 rows', () => {
  it('is read within 50 requests and 50 statements an invocation, and nothing is lost or told twice', async () => {
    await connect();
    const tokens = Array.from({ length: 60 }, (_, n) => hub.createToken(organization, { label: `oat-${n}` }));
    const personal = Array.from({ length: 40 }, (_, n) => hub.createToken(user, { label: `pat-${n}` }));
    const costs = [];
    for (let n = 0; n < 12; n += 1) {
      costs.push(await invocation());
      now += MINUTE;
    }
    now += 10 * MINUTE;
    for (let n = 0; n < 1000; n += 1) {
      const at = now - 1000 + n;
      hub.record(
        organization,
        'repo.tag.delete',
        tokens[n % 60]?.label ?? '',
        { tag: `${n}` },
        `${organization}/app`,
        at,
      );
    }
    for (const token of [...tokens, ...personal]) hub.useToken(token.id);
    now += MINUTE;
    for (let n = 0; n < 12; n += 1) {
      costs.push(await invocation());
      now += MINUTE;
    }
    expect(Math.max(...costs.map(({ asked }) => asked))).toBeLessThanOrEqual(50);
    expect(Math.max(...costs.map(({ statements }) => statements))).toBeLessThanOrEqual(50);
    expect((await read()).progress).toBeNull();
    // Tokens that were made are rows of the log as well.
    expect(await rows()).toBe(1000 + 60);
    const uses = await Promise.all([...tokens, ...personal].map(sightings));
    expect(uses.flat().filter(({ key }) => key === 'u')).toHaveLength(100);
    expect(uses.flat().filter(({ key }) => key.startsWith('l'))).toHaveLength(1000);
  }, 120_000);

  it('goes on where the requests of an invocation ended', async () => {
    await connect();
    hub.createToken(organization, { label: 'one' });
    for (let n = 0; n < 450; n += 1)
      hub.record(organization, 'repo.update', user, { n: `${n}` }, organization, now - 450 + n);
    expect(await poll(4)).toBeGreaterThan(2);
    expect(await rows()).toBe(451);
    expect((await read()).cursor).toMatchObject({ at: now > 0 ? expect.any(Number) : 0 });
  }, 60_000);

  it('costs next to nothing when nothing has changed', async () => {
    await connect();
    for (let n = 0; n < 100; n += 1) hub.createToken(organization, { label: `t${n}` });
    // What each may reach is asked for once a day, as far as requests go.
    for (let n = 0; n < 4; n += 1) {
      await poll();
      now += 10 * MINUTE;
    }
    const before = await db.prepare('SELECT count(*) AS n FROM sightings').first();
    const { asked } = await invocation();
    expect(asked).toBeLessThanOrEqual(5);
    expect(await db.prepare('SELECT count(*) AS n FROM sightings').first()).toEqual(before);
  }, 60_000);
});

describe('what the source does not let us read', () => {
  it('is said of each part, and the rest is read', async () => {
    await connect('personal');
    const token = hub.createToken(user, { label: 'mine' });
    await poll();
    const { status } = await read();
    expect(status).toMatchObject({
      'personal-tokens': { state: 'ok' },
      'organization-tokens': { state: 'off' },
      'audit-log': { state: expect.stringMatching(/forbidden|not-on-plan/), reason: expect.any(String) },
    });
    expect(await open()).toEqual([]);
    hub.useToken(token.id);
    now += 6 * MINUTE;
    await poll();
    expect(await sightings(token)).toHaveLength(1);
    // What is not to be had is not asked for every five minutes.
    const asked = hub.requests.filter(({ path }) => path.includes('auditlogs')).length;
    now += 6 * MINUTE;
    await invocation();
    expect(hub.requests.filter(({ path }) => path.includes('auditlogs')).length).toBe(asked);
    now += 24 * 60 * MINUTE;
    await invocation();
    expect(hub.requests.filter(({ path }) => path.includes('auditlogs')).length).toBe(asked + 1);
  });

  it('is a health alert if the login does not work any more, until it does', async () => {
    await connect();
    await poll();
    hub.fail('/v2/auth/token', { kind: 'status', status: 401 });
    sessions.clear();
    now += 6 * MINUTE;
    await invocation();
    expect((await open()).map(({ kind }) => kind)).toEqual(['source-blind', 'source-blind', 'source-blind']);
    expect((await read()).status['audit-log']).toMatchObject({ state: 'signed-out' });
    hub.heal();
    now += 6 * MINUTE;
    await poll();
    expect(await open()).toEqual([]);
  });

  it('is a health alert if a right is taken away', async () => {
    await connect();
    await poll();
    hub.fail('/auditlogs', { kind: 'status', status: 403 });
    now += 6 * MINUTE;
    await invocation();
    expect(await open()).toMatchObject([{ kind: 'source-blind', part: 'audit-log' }]);
  });

  it('is no health alert after one time-out, and is one after half an hour of them', async () => {
    await connect();
    await poll();
    hub.fail('/access-tokens', { kind: 'status', status: 502 });
    now += 6 * MINUTE;
    await invocation();
    expect(await open()).toEqual([]);
    now += 30 * MINUTE;
    await invocation();
    expect((await open()).map((fact) => 'part' in fact && fact.part).sort()).toEqual([
      'organization-tokens',
      'personal-tokens',
    ]);
  });

  it('never makes a token look gone', async () => {
    await connect();
    hub.createToken(organization, { label: 'here' });
    await poll();
    hub.fail('/access-tokens', { kind: 'status', status: 502 });
    now += 6 * MINUTE;
    await invocation();
    const gone = await db
      .prepare('SELECT count(*) AS n FROM credentials WHERE source_id = ?1 AND gone_at IS NOT NULL')
      .bind(source)
      .first();
    expect(gone).toEqual({ n: 0 });
  });
});

describe('when Docker Hub asks us to wait', () => {
  it('waits until then, and goes on from there', async () => {
    await connect();
    for (let n = 0; n < 10; n += 1) hub.createToken(organization, { label: `t${n}` });
    hub.requestsPerMinute = 2;
    await invocation();
    const { nextPollAt, status, progress } = await read();
    expect(progress).not.toBeNull();
    expect(nextPollAt).toBeGreaterThan(now);
    expect(nextPollAt).toBeLessThanOrEqual(now + MINUTE);
    expect(Object.values(status).map(({ state }) => state)).toContain('waiting');
    const asked = hub.requests.length;
    await invocation();
    expect(hub.requests.length).toBe(asked);
    hub.requestsPerMinute = 100_000;
    now += 2 * MINUTE;
    await poll();
    expect(await open()).toEqual([]);
  });
});

describe('a log', () => {
  it('whose rows come an hour late loses none of them', async () => {
    await connect();
    hub.auditLagMs = 60 * MINUTE;
    hub.record(organization, 'repo.update', user, {}, organization);
    await poll();
    for (let n = 0; n < 20; n += 1) {
      hub.record(organization, 'repo.update', user, { n: `${n}` }, organization);
      now += 6 * MINUTE;
      hub.auditLagMs = n % 2 === 0 ? 0 : 60 * MINUTE;
      await poll();
    }
    now += 60 * MINUTE;
    await poll();
    expect(await rows()).toBe(21);
    expect(await open()).toEqual([]);
  }, 60_000);

  it('that has lost its rows is told, and read on', async () => {
    await connect();
    hub.record(organization, 'repo.update', user, { n: 'last' }, organization);
    await poll();
    hub.log.splice(0);
    now += 6 * MINUTE;
    hub.record(organization, 'repo.update', user, { n: 'new' }, organization);
    await poll();
    expect(await open()).toMatchObject([{ kind: 'audit-log-gap', account: organization }]);
    expect(await rows()).toBe(2);
    now += 6 * MINUTE;
    await poll();
    expect(await open()).toEqual([]);
  });

  it.each([
    ['is gone', 'NULL'],
    ['is not readable', `'{"at":'`],
    ['is something else', `'[]'`],
  ])('whose cursor %s is a health alert, and never a new beginning', async (_, cursor) => {
    await connect();
    await poll();
    await db.prepare(`UPDATE sources SET log_cursor = ${cursor} WHERE id = ?1`).bind(source).run();
    now += 6 * MINUTE;
    hub.record(organization, 'repo.immutable.tags.updated', 'mallory', {}, `${organization}/app`);
    now += MINUTE;
    await poll();
    expect(await open()).toMatchObject([{ kind: 'audit-log-gap', since: null }]);
    const alerts = await db
      .prepare(`SELECT count(*) AS n FROM alerts WHERE facts LIKE '%mallory%'`)
      .first<{ n: number }>();
    expect(alerts?.n).toBeGreaterThan(0);
  });

  it('is history where it tells of what was before us, and alarms nobody', async () => {
    count += 1;
    const name = `acme${count + 1}`;
    hub.addUser(`owner${count + 1}`, { password: 'x' });
    hub.addOrganization(name, { plan: 'team', owners: [`owner${count + 1}`] });
    hub.record(name, 'repo.immutable.tags.updated', 'long-ago', {}, `${name}/app`, now - 60 * MINUTE);
    await connect();
    await poll();
    expect(await rows()).toBe(1);
    expect(await db.prepare(`SELECT count(*) AS n FROM alerts WHERE facts LIKE '%long-ago%'`).first()).toEqual({
      n: 0,
    });
  });
});

it('knows OIDC connections by what the log tells of them', async () => {
  await connect();
  await poll();
  const known = async () =>
    (
      await db
        .prepare(
          `SELECT name, created_by AS by, gone_at IS NOT NULL AS gone FROM credentials WHERE source_id = ?1 AND kind = 'dockerhub-oidc'`,
        )
        .bind(source)
        .all()
    ).results;
  now += 6 * MINUTE;
  hub.record(organization, 'oidc.connection.create', user, { connection: 'ci' }, organization);
  hub.record(organization, 'oidc.connection.update', user, { nothing: 'x' }, organization);
  now += MINUTE;
  await poll();
  expect(await known()).toEqual([{ name: 'ci', by: user, gone: 0 }]);
  hub.record(organization, 'oidc.connection.delete', user, { connection: 'ci' }, organization);
  now += 6 * MINUTE;
  await poll();
  // The rows before are read again, and change nothing.
  now += 6 * MINUTE;
  await poll();
  expect(await known()).toEqual([{ name: 'ci', by: user, gone: 1 }]);
  hub.record(organization, 'oidc.connection.create', user, { connection: 'ci' }, organization);
  now += 6 * MINUTE;
  await poll();
  expect(await known()).toEqual([{ name: 'ci', by: user, gone: 0 }]);
});

it('reads a source only once when two invocations come at the same time', async () => {
  await connect();
  const token = hub.createToken(organization, { label: 'one' });
  await poll();
  hub.useToken(token.id);
  now += 6 * MINUTE;
  await Promise.all([invocation(), invocation()]);
  expect((await sightings(token)).filter(({ key }) => key === 'u')).toHaveLength(1);
});

it('keeps the login where nobody reads it', async () => {
  await connect('personal', undefined, 'dckr_pat_very-secret');
  const kept = await db.prepare('SELECT * FROM sources WHERE id = ?1').bind(source).first();
  expect(JSON.stringify(kept)).not.toContain('very-secret');
  await expect(seal.open(String(kept?.sealed), sealContext(2))).rejects.toThrow();
});
