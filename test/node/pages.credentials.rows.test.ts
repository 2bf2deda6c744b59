import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlastRadiusStore } from '../../src/store/blast-radius.ts';
import {
  type CredentialFilter,
  type CredentialList,
  createCredentialListStore,
} from '../../src/store/credential-lists.ts';
import { createCredentialPageStore } from '../../src/store/credential-page.ts';
import { createHealthPageStore } from '../../src/store/health-page.ts';
import { createSourceAdminStore } from '../../src/store/source-admin.ts';
import { createTrustedRootStore } from '../../src/store/trusted-roots.ts';
import { blastRadius } from '../../src/usecases/blast-radius.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { watch } from '../fixtures/push-journey.ts';

/** What the pages about credentials cost, whatever the history: they are opened after a leak, when time is short. */

type Costs = Readonly<Record<string, Readonly<D1Counts>>>;

const DAY = 86_400_000;
/** The account that all pushes are by. */
const BUSY = 1;
const NO_FILTER: CredentialFilter = { kind: null, mark: null, account: '', text: '' };

let local: Awaited<ReturnType<typeof openLocalD1>>;
let few: Costs;
let many: Costs;
const now = Date.now();

async function costs(real: D1Database): Promise<Costs> {
  const { db, cost } = countingD1(real);
  const list = (filter: Partial<CredentialFilter>, before: number | null = null) =>
    cost(() => createCredentialListStore(db).read(1, { ...NO_FILTER, ...filter }, before, 50, now));
  const page = (from: number, to: number) =>
    cost(() => createCredentialPageStore(db).read(1, BUSY, { from, to }, null, 25, now));
  return {
    list: await list({}),
    older: await list({}, 500),
    marked: await list({ mark: 'canary' }),
    searched: await list({ text: 'no such name' }),
    credential: await page(0, now),
    narrowed: await page(now - DAY, now),
    sources: await cost(() => createSourceAdminStore(db).list(1)),
    health: await cost(() => createHealthPageStore(db).read(1, { registry: '', path: '' }, 50)),
    roots: await cost(() => createTrustedRootStore(db, { vendored: [], mirrors: [] }).list(1, now)),
  };
}

/** Tokens from `first` on; if `marked`, every tenth is, and every hundredth is bait. */
async function fillCredentials(db: D1Database, first: number, count: number, marked: 0 | 1): Promise<void> {
  const n = `WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${first + count})`;
  await db
    .prepare(
      `${n} INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at, account, mark, marked_at, expires_at)
       SELECT i, 1, 'dockerhub-pat', 'id-' || i, 'token-' || i, i, 'acme', CASE WHEN i % 100 = 0 AND ${marked} THEN 'canary' WHEN i % 10 = 0 AND ${marked} THEN 'expected' ELSE 'none' END, 5,
         iif(i % 100 = 1, ${now} + ${DAY}, NULL) FROM n`,
    )
    .run();
}

/** Alerts of a year, none about the busy account, and troubles that are over. */
async function fillAlerts(db: D1Database, count: number): Promise<void> {
  const n = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  await db.batch([
    db.prepare(
      `${n} INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, closed_at)
       SELECT 1, 1, 's' || i, 'closed', '{"push":"1-1","pushedAt":1}', ${now} - i, i, i FROM n`,
    ),
    db.prepare(
      `${n} INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at, closed_at)
       SELECT 1, 'no-channel', 's' || i, '{}', i, i, ${now} - i FROM n`,
    ),
  ]);
}

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  for (const provider of ['dockerhub', 'github'] as const) await fillPushes(local.db, provider, 200);
  await fillCredentials(local.db, 100, 1200, 1);
  await fillAlerts(local.db, 250);
  few = await costs(local.db);
  for (const provider of ['dockerhub', 'github'] as const) await fillPushes(local.db, provider, 20_000);
  await fillCredentials(local.db, 5000, 3000, 0);
  await fillAlerts(local.db, 3000);
  many = await costs(local.db);
}, 120_000);
afterAll(() => local.close());

describe('pages about credentials', () => {
  it('wait for D1 once', () => {
    for (const [name, { roundTrips }] of Object.entries(few)) expect([name, roundTrips]).toEqual([name, 1]);
  });

  it('read as many rows with years of pushes and thousands of credentials as with some', () => {
    // Not the busy account's own pages: they have more days.
    for (const name of ['list', 'older', 'marked', 'searched', 'sources', 'health', 'roots'])
      expect([name, many[name]?.rowsRead]).toEqual([name, few[name]?.rowsRead]);
  });

  it('read few rows', () => {
    expect(many.list?.rowsRead).toBeLessThanOrEqual(250);
    expect(many.older?.rowsRead).toBeLessThanOrEqual(200);
    // A thousand looked through twice: for what fits, and for where to go on.
    expect(many.searched?.rowsRead).toBeLessThanOrEqual(2100);
    expect(many.marked?.rowsRead).toBeLessThanOrEqual(250);
    // 25 uses with image and push, at most 200 alerts (counted apart) and their uses, at most 200 troubles, and the days of a year.
    expect(many.narrowed?.rowsRead).toBeLessThanOrEqual(25 * 3 + 3 * 200 + 200 + 2 * 366 + 40);
    expect(many.credential?.rowsRead).toBeLessThanOrEqual(25 * 3 + 3 * 200 + 200 + 2 * 366 + 40);
    expect(many.health?.rowsRead).toBeLessThanOrEqual(2 * 10 + 30);
  });

  it('write nothing by being looked at', () => {
    for (const [name, { rowsWritten }] of Object.entries(many)) expect([name, rowsWritten]).toEqual([name, 0]);
  });
});

describe('the days of a calendar', () => {
  it('are of a year, added up over images', async () => {
    const page = await createCredentialPageStore(local.db).read(1, BUSY, { from: 0, to: now }, null, 25, now);
    const total = page?.days.reduce((sum, { pushes }) => sum + pushes, 0);
    expect(total).toBe(2 * 20_200);
    expect(new Set(page?.days.map(({ day }) => day)).size).toBe(page?.days.length);
    expect(page?.countedSince).toBeNull();
    // There are more alerts than are looked through, and that is said.
    expect(page?.alarmsSince).toBe(now - 100);
  });

  it('that are too many to count are said not to be counted', async () => {
    await local.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)
         INSERT INTO credential_days (credential_id, day, repository_id, pushes, possible, uses)
         SELECT 150, ${Math.floor(now / DAY)} - i / 40, 1000 + i % 40, 1, 0, 0 FROM n`,
      )
      .run();
    const { db, cost } = countingD1(local.db);
    const store = createCredentialPageStore(db);
    const { rowsRead } = await cost(() => store.read(1, 150, { from: 0, to: now }, null, 25, now));
    expect(rowsRead).toBeLessThanOrEqual(5000 + 900);
    const page = await store.read(1, 150, { from: 0, to: now }, null, 25, now);
    expect(page?.countedSince).toBe(Math.floor(now / DAY) - 124);
  });
});

describe('a list of credentials', () => {
  const read = (filter: Partial<CredentialFilter>, before: number | null): Promise<CredentialList> =>
    createCredentialListStore(local.db).read(1, { ...NO_FILTER, ...filter }, before, 50, now);
  const all = async (filter: Partial<CredentialFilter>): Promise<number[]> => {
    const ids: number[] = [];
    for (let before: number | null = null, n = 0; n < 200; n += 1) {
      const { credentials, next } = await read(filter, before);
      ids.push(...credentials.map(({ id }) => id));
      if (next === null) return ids;
      before = next;
    }
    throw new Error('the list does not end');
  };

  it('has each once, newest first, page by page', async () => {
    const ids = await all({});
    expect(ids.length).toBe(4201);
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => b - a));
  });

  it('goes on behind a thousand in which nothing fits', async () => {
    expect(await all({ text: 'TOKEN-123' })).toEqual([1239, 1238, 1237, 1236, 1235, 1234, 1233, 1232, 1231, 1230, 123]);
    const first = await read({ text: 'token-123' }, null);
    expect(first.credentials).toEqual([]);
    expect(first.next).toBe(7000);
  });

  it('is of one mark, kind or account', async () => {
    expect((await all({ mark: 'canary' })).length).toBe(12);
    expect((await all({ mark: 'none', text: 'token-10' })).length).toBeGreaterThan(3);
    expect(await all({ kind: 'github-sender' })).toEqual([]);
    expect(await all({ account: 'acme-bot' })).toEqual([1]);
    expect((await all({ account: 'acme' })).length).toBe(4200);
  });

  it('puts bait that was used, and what ends soon, first; what was used before it was laid does not count', async () => {
    await local.db
      .prepare(
        `INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength) VALUES (200, ${now}, 'u', 0, 1, 1, 0), (300, 4, 'u', 0, 1, 1, 0)`,
      )
      .run();
    const { attention } = await read({}, null);
    const used = attention.filter(({ why }) => why === 'canary-used').map(({ credential }) => credential.id);
    expect(used).toEqual([200]);
    expect(attention.length).toBe(10);
    expect(attention.filter(({ why }) => why === 'expiring').length).toBe(9);
    expect((await read({}, 500)).attention).toEqual([]);
  });

  it('is another team’s: nothing', async () => {
    const theirs = await createCredentialListStore(local.db).read(2, NO_FILTER, null, 50, now);
    expect([theirs.credentials, theirs.attention, theirs.next]).toEqual([[], [], null]);
  });
});

describe('a blast radius on a page', () => {
  it('waits for D1 twice, and reads what was seen of the credential alone', async () => {
    const { db, cost } = countingD1(local.db);
    const span = { from: now - DAY, to: now };
    const asked = { teamId: 1, credential: 200, span, after: null, now, page: 25 };
    const { roundTrips, rowsRead, rowsWritten } = await cost(() => blastRadius(createBlastRadiusStore(db), asked));
    expect(roundTrips).toBeLessThanOrEqual(2);
    // Troubles that are over are looked for among the last 500.
    expect(rowsRead).toBeLessThanOrEqual(600);
    expect(rowsWritten).toBe(0);
    expect(await blastRadius(createBlastRadiusStore(db), { ...asked, teamId: 2 })).toBeNull();
  });

  it('has as many pushes as a page shows, and goes on after them', async () => {
    const store = createBlastRadiusStore(local.db);
    const asked = { teamId: 1, credential: BUSY, span: { from: 0, to: now }, now, page: 25 };
    const first = await blastRadius(store, { ...asked, after: null });
    const second = await blastRadius(store, { ...asked, after: first?.next ?? null });
    expect([first?.pushes.length, second?.pushes.length]).toEqual([25, 25]);
    const keys = [...(first?.pushes ?? []), ...(second?.pushes ?? [])].map(
      ({ key }) => `${key?.repository}-${key?.seq}`,
    );
    expect(new Set(keys).size).toBe(50);
  });
});
