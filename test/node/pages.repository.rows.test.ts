import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushWeekOf } from '../../src/domain/push-week.ts';
import { createDigestPageStore } from '../../src/store/digest-page.ts';
import { createOverviewStore } from '../../src/store/overview.ts';
import { createRepositoryListStore } from '../../src/store/repository-list.ts';
import { createRepositoryPageStore, type PushFilter } from '../../src/store/repository-pages.ts';
import { createTagPageStore } from '../../src/store/tag-page.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { WATCHED, watch } from '../fixtures/push-journey.ts';
import { hexOf, type PastPush, writePast } from '../fixtures/pushed-history.ts';

/** What the pages of images cost, with a few thousand pushes and with many more. */

type Costs = Readonly<Record<string, Readonly<D1Counts>>>;

const DAY = 86_400_000;
const { image } = WATCHED.dockerhub;
const ALL: PushFilter = { verdict: null, tag: null, since: null, until: null, before: null };

let local: Awaited<ReturnType<typeof openLocalD1>>;
let few: Costs;
let many: Costs;

async function costs(real: D1Database): Promise<Costs> {
  const { db, cost } = countingD1(real);
  const now = Date.now();
  const pages = createRepositoryPageStore(db);
  const digest = await real
    .prepare('SELECT lower(hex(digest)) AS hex FROM pushes WHERE repository_id = 1 AND seq = 7')
    .first<{ hex: string }>();
  return {
    list: await cost(() => createRepositoryListStore(db).list(1, '', null, 51)),
    page: await cost(() => pages.page(1, image, ALL, now)),
    'rare verdict': await cost(() => pages.page(1, image, { ...ALL, verdict: 'rogue' }, now)),
    'rare tag': await cost(() => pages.page(1, image, { ...ALL, tag: 'nowhere' }, now)),
    'older page': await cost(() => pages.page(1, image, { ...ALL, before: 1500 }, now)),
    deliveries: await cost(() => pages.deliveries(1, image, now)),
    policy: await cost(() => pages.image(1, image, now)),
    tag: await cost(() => createTagPageStore(db).page(1, image, 'reflog', { before: null, limit: 40, now })),
    digest: await cost(() => createDigestPageStore(db).page(1, `sha256:${digest?.hex}`)),
    overview: await cost(() => createOverviewStore(db).read(1, now)),
  };
}

/** The same tag, moved again and again. */
const moves = (count: number, from: number): PastPush[] =>
  Array.from({ length: count }, (_, n) => ({
    tag: 'reflog',
    digest: `reflog ${from + n}`,
    at: Date.now() - 60_000 + n,
    verdict: 'trusted',
  }));

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await fillPushes(local.db, 'dockerhub', 3000);
  await writePast(local.db, 1, moves(500, 0));
  few = await costs(local.db);
  await fillPushes(local.db, 'dockerhub', 40_000);
  await local.db.prepare("DELETE FROM tags WHERE name = 'reflog'").run();
  await writePast(local.db, 1, moves(500, 500));
  many = await costs(local.db);
}, 120_000);
afterAll(() => local.close());

describe('the pages of images', () => {
  it('wait for D1 once', () => {
    for (const [name, { roundTrips }] of Object.entries(few)) expect([name, roundTrips]).toEqual([name, 1]);
  });

  it('read as many rows with 43,000 pushes stored as with 3,000', () => {
    for (const name of Object.keys(few)) expect([name, many[name]?.rowsRead]).toEqual([name, few[name]?.rowsRead]);
  });

  it('write nothing by looking', () => {
    for (const [name, { rowsWritten }] of Object.entries(many)) expect([name, rowsWritten]).toEqual([name, 0]);
  });

  it('read no more than what they look through', () => {
    const limits = { list: 20, policy: 10, digest: 12, tag: 330, deliveries: 700, page: 1800, 'rare verdict': 2800 };
    for (const [name, limit] of Object.entries(limits)) expect(many[name]?.rowsRead, name).toBeLessThanOrEqual(limit);
  });

  it('find a day by a few steps, wherever it is', async () => {
    const { db, cost } = countingD1(local.db);
    const pages = createRepositoryPageStore(db);
    const plain = await cost(() => pages.page(1, image, ALL, Date.now()));
    const day = await cost(() => pages.page(1, image, { ...ALL, until: Date.now() - 15 * DAY }, Date.now()));
    // Halving is done twice, with two rows a step and 16 steps for 44,000 pushes.
    expect(day.rowsRead - plain.rowsRead).toBeLessThanOrEqual(2 * 4 * 17);
  });
});

describe('a page of pushes', () => {
  it('has what was asked for, newest first, and says where to go on', async () => {
    const pages = createRepositoryPageStore(local.db);
    const page = await pages.page(1, image, ALL, Date.now());
    expect(page?.pushes).toHaveLength(31);
    expect(page?.walk.isMore).toBe(true);
    const seqs = page?.pushes.map(({ seq }) => seq) ?? [];
    expect(seqs).toEqual(seqs.toSorted((a, b) => b - a));
    const next = await pages.page(1, image, { ...ALL, before: seqs[29] ?? 0 }, Date.now());
    expect(next?.pushes[0]?.seq).toBe(seqs[30]);
    const none = await pages.page(1, image, { ...ALL, tag: 'nowhere' }, Date.now());
    expect([none?.pushes, none?.walk.isMore]).toEqual([[], true]);
    const end = await pages.page(1, image, { ...ALL, tag: 'nowhere', before: 900 }, Date.now());
    expect([end?.pushes, end?.walk.isMore]).toEqual([[], false]);
  });

  it('ends at the day that was asked for', async () => {
    const pages = createRepositoryPageStore(local.db);
    const [since, until] = [Date.now() - 29.99 * DAY, Date.now() - 29.98 * DAY];
    const found = await pages.page(1, image, { ...ALL, since, until }, Date.now());
    const all = await local.db
      .prepare('SELECT count(*) AS n FROM pushes WHERE repository_id = 1 AND received_at >= ?1 AND received_at < ?2')
      .bind(since, until)
      .first<{ n: number }>();
    expect(all?.n).toBeGreaterThan(31);
    expect(found?.pushes).toHaveLength(31);
    for (const { receivedAt } of found?.pushes ?? []) expect(receivedAt >= since && receivedAt < until).toBe(true);
    const nothing = await pages.page(1, image, { ...ALL, since: 1, until: 2 }, Date.now());
    expect([nothing?.pushes, nothing?.walk.isMore]).toEqual([[], false]);
  });

  it('shows another team nothing of it', async () => {
    const now = Date.now();
    const pages = createRepositoryPageStore(local.db);
    expect(await pages.page(2, image, ALL, now)).toBeNull();
    expect(await pages.deliveries(2, image, now)).toBeNull();
    expect(await pages.image(2, image, now)).toBeNull();
    expect(await createTagPageStore(local.db).page(2, image, 'reflog', { before: null, limit: 9, now })).toBeNull();
    expect(await createDigestPageStore(local.db).page(2, `sha256:${hexOf('reflog 3')}`)).toEqual({
      pushes: [],
      isCut: false,
    });
    expect(await createRepositoryListStore(local.db).list(2, '', null, 9)).toEqual([]);
  });

  it('does not take another tag’s push for a cursor', async () => {
    const page = await createTagPageStore(local.db).page(1, image, 'reflog', { before: 5, limit: 9, now: Date.now() });
    expect(page?.moves).toEqual([]);
  });
});

it('the list is worst first, then by last push, and goes on after any place', async () => {
  const { db } = local;
  await db
    .prepare(
      "INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at) VALUES (1, 2, 's', 'open', '{}', 0, 0)",
    )
    .run();
  const store = createRepositoryListStore(db);
  const [first, second] = await store.list(1, '', null, 9);
  expect([first?.registry, first?.alerts, second?.registry, second?.last?.verdict]).toEqual([
    'ghcr.io',
    1,
    'docker.io',
    'trusted',
  ]);
  expect(await store.list(1, '', first?.place ?? null, 9)).toEqual([second]);
  expect(await store.list(1, 'GHCR', null, 9)).toEqual([first]);
  expect(await store.list(1, '%', null, 9)).toEqual([]);
});

describe('the overview', () => {
  it('takes the time to detect from the earliest moment of the push to the alert, of alerts about pushes alone', async () => {
    const { db } = local;
    const alert = (facts: object, openedAt: number) =>
      db
        .prepare(
          "INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at) VALUES (1, 1, ?1, 'closed', ?2, ?3, ?3)",
        )
        .bind(`s${openedAt}`, JSON.stringify(facts), openedAt);
    await db.batch([
      db.prepare('DELETE FROM alerts'),
      db.prepare('UPDATE pushes SET not_before = 1000 WHERE repository_id = 1 AND seq = 7'),
      alert({ push: '1-7', pushedAt: 5000 }, 9000),
      alert({ push: '1-8', pushedAt: 5000 }, 5500),
      alert({ push: '1-999999999', pushedAt: 5000 }, 7000),
      alert({ about: 'credential', at: 1 }, 99_000),
    ]);
    const { detected } = await createOverviewStore(db).read(1, Date.now());
    expect(detected).toEqual([8000, 2000, 500]);
  });

  it('counts the last thirteen weeks over all images, and signatures by image', async () => {
    const { db } = local;
    const now = Date.UTC(2026, 10, 24);
    const add = (repository: number, weeksAgo: number, trusted: number, signed: number, unsigned: number) =>
      db
        .prepare('INSERT INTO push_weeks (repository_id, week, trusted, signed, unsigned) VALUES (?1, ?2, ?3, ?4, ?5)')
        .bind(repository, pushWeekOf(now) - weeksAgo, trusted, signed, unsigned);
    await db.batch([
      db.prepare('DELETE FROM push_weeks'),
      add(1, 0, 3, 1, 1),
      add(2, 0, 4, 0, 0),
      add(1, 12, 5, 2, 0),
      add(1, 13, 9, 9, 9),
    ]);
    const { weeks, signed } = await createOverviewStore(db).read(1, now);
    expect(weeks.map(({ week, trusted }) => [pushWeekOf(now) - week, trusted])).toEqual([
      [12, 5],
      [0, 7],
    ]);
    expect(signed.get(1)).toMatchObject({ signed: 3, unsigned: 1 });
    expect((await createOverviewStore(db).read(2, now)).weeks).toEqual([]);
  });
});
