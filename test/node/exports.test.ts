import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sightingActionCode, sightingSourceCode, strengthCode } from '../../src/store/codec.ts';
import { createExportStore, type FoundPush, type SightingKey } from '../../src/store/exports.ts';
import type { PushKey } from '../../src/usecases/stores.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes, fillSql } from '../fixtures/many-pushes.ts';
import { WATCHED, watch } from '../fixtures/push-journey.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 24, 12);

let local: Awaited<ReturnType<typeof openLocalD1>>;
beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await local.db.batch([
    local.db.prepare("INSERT INTO teams (id, name, created_at) VALUES (2, 'other', 0)"),
    local.db.prepare(
      `INSERT INTO hooks (id, team_id, public_id, provider, registry, created_at) VALUES (3, 2, 'other', 'dockerhub', 'docker.io', 0)`,
    ),
    local.db.prepare(
      `INSERT INTO repositories (id, team_id, hook_id, registry, path, policy, created_at, next_sweep_at) VALUES (3, 2, 3, 'docker.io', 'other/app', '{}', 0, 9e15)`,
    ),
  ]);
}, 120_000);
afterAll(() => local.close());

/** `count` pushes of a repository, a second apart, the last one at `until`. */
async function push(repository: number, count: number, until: number): Promise<void> {
  await local.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, verdict)
       SELECT ?1, (SELECT coalesce(max(seq), 0) FROM pushes WHERE repository_id = ?1) + i, 'v' || i, randomblob(32), 1, 0, ?3 - (?2 - i) * 1000, 1 FROM n`,
    )
    .bind(repository, count, until)
    .run();
}

const clear = () =>
  local.db.batch(
    ['pushes', 'sightings', 'credentials', 'sources', 'tags', 'deliveries'].map((table) =>
      local.db.prepare(`DELETE FROM ${table}`),
    ),
  );

/** Every page of a slice. */
async function allPushes(slice: { from: number; to: number }, limit: number, team = 1): Promise<FoundPush[]> {
  const store = createExportStore(local.db);
  const found: FoundPush[] = [];
  let after: PushKey | null = null;
  for (;;) {
    const page: FoundPush[] = await store.findPushes(team, slice, after, limit);
    found.push(...page);
    if (page.length < limit) return found.filter((each) => each.receivedAt >= slice.from && each.receivedAt < slice.to);
    after = page.at(-1) ?? null;
  }
}

const keys = (found: readonly FoundPush[]): string[] => found.map(({ repository, seq }) => `${repository}-${seq}`);

describe('the pushes of a slice', () => {
  beforeAll(async () => {
    await clear();
    await push(1, 50, NOW - 3 * DAY);
    await push(1, 30, NOW - 2 * DAY);
    await push(1, 40, NOW - DAY);
    await push(2, 10, NOW - 2 * DAY);
    await push(3, 10, NOW - 2 * DAY);
  });

  it.each([1, 3, 7, 1000])('are all there once, by image, newest first, in pages of %i', async (limit) => {
    const slice = { from: NOW - 2 * DAY - HOUR, to: NOW - 2 * DAY + HOUR };
    const expected = [
      ...Array.from({ length: 30 }, (_, n) => `1-${80 - n}`),
      ...Array.from({ length: 10 }, (_, n) => `2-${10 - n}`),
    ];
    expect(keys(await allPushes(slice, limit))).toEqual(expected);
  });

  it('begin and end at the very moment that the slice does', async () => {
    const slice = { from: NOW - 2 * DAY - 10_000, to: NOW - 2 * DAY - 5_000 };
    expect(keys(await allPushes(slice, 3))).toEqual([
      '1-74',
      '1-73',
      '1-72',
      '1-71',
      '1-70',
      '2-4',
      '2-3',
      '2-2',
      '2-1',
    ]);
  });

  it('are those of the team alone, wherever a page begins', async () => {
    const all = { from: 0, to: NOW };
    expect(new Set(keys(await allPushes(all, 7)).map((key) => key.split('-')[0]))).toEqual(new Set(['1', '2']));
    expect(keys(await allPushes(all, 7, 2))).toHaveLength(10);
    const store = createExportStore(local.db);
    expect(await store.findPushes(1, all, { repository: 3, seq: 11 }, 100)).toEqual([]);
    expect(await store.readPushes(1, [{ repository: 3, seq: 1 }])).toEqual([]);
  });

  it('are found though the last ones were written in another order than they came', async () => {
    await clear();
    await push(1, 5, NOW - HOUR);
    // Two isolates: what was received first is written last, on either side of the slice's begin.
    await push(1, 1, NOW);
    await push(1, 1, NOW - 3000);
    await push(1, 1, NOW + 3000);
    await push(1, 1, NOW - 1);
    for (const limit of [1, 100])
      expect(keys(await allPushes({ from: NOW, to: NOW + DAY }, limit))).toEqual(['1-8', '1-6']);
    expect(keys(await allPushes({ from: 0, to: NOW }, 2))).toEqual(['1-9', '1-7', '1-5', '1-4', '1-3', '1-2', '1-1']);
  });
});

describe('a slice ends', () => {
  const settled = (team = 1) => createExportStore(local.db).settledUntil(team, NOW);
  const pending = (repository: number, receivedAt: number, verdict = 0) =>
    local.db
      .prepare(
        `INSERT INTO pushes (repository_id, seq, tag, kind, origin, received_at, verdict, next_at)
         VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM pushes WHERE repository_id = ?1), 't', 0, 0, ?2, ?3, ?2)`,
      )
      .bind(repository, receivedAt, verdict)
      .run();

  it('a minute ago, since what is being written now may be older than what is there', async () => {
    await clear();
    expect(await settled()).toBe(NOW - 60_000);
  });

  it('before the oldest pending push of the team, of no other, and of none that is merely tried again', async () => {
    await clear();
    await pending(3, NOW - 5 * HOUR);
    await pending(1, NOW - 4 * HOUR, 3);
    expect(await settled()).toBe(NOW - 60_000);
    await pending(2, NOW - HOUR);
    await pending(1, NOW - 2 * HOUR);
    expect(await settled()).toBe(NOW - 2 * HOUR);
    expect(await settled(2)).toBe(NOW - 5 * HOUR);
  });

  it('two hours ago where an audit log tells of uses late', async () => {
    await clear();
    await local.db
      .prepare(
        `INSERT INTO sources (team_id, kind, account, organization, sealed, created_at, created_by, next_poll_at, status)
         VALUES (1, 'dockerhub', 'a', 'o', '', 0, '', 0, '{}')`,
      )
      .run();
    expect([await settled(), await settled(2)]).toEqual([NOW - 2 * HOUR, NOW - 60_000]);
  });

  it('a day ago if more is due than is looked through', async () => {
    await clear();
    await local.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO pushes (repository_id, seq, tag, kind, origin, received_at, verdict, next_at) SELECT 3, i, '', 0, 0, ?1, 3, ?1 FROM n`,
      )
      .bind(NOW)
      .run();
    expect(await settled()).toBe(NOW - 25 * HOUR);
  });
});

describe('reading a slice', () => {
  const recent = { from: NOW - HOUR, to: NOW + HOUR };
  const older = { from: NOW - 3 * DAY - HOUR, to: NOW - 3 * DAY + HOUR };

  async function cost(slice: { from: number; to: number }) {
    const counting = countingD1(local.db);
    const store = createExportStore(counting.db);
    let found: FoundPush[] = [];
    const walk = await counting.cost(async () => {
      found = await store.findPushes(1, slice, null, 1000);
    });
    const read = await counting.cost(() => store.readPushes(1, found));
    return {
      found: found.length,
      walked: walk.rowsRead,
      read: read.rowsRead,
      written: walk.rowsWritten + read.rowsWritten,
    };
  }

  it('reads as many rows with 20,000 older pushes as with 100, and writes none', async () => {
    await clear();
    await push(1, 100, NOW - 3 * DAY);
    await push(1, 50, NOW);
    const few = await cost(recent);
    await clear();
    await push(1, 20_000, NOW - 3 * DAY);
    await push(1, 50, NOW);
    const many = await cost(recent);
    expect(many).toEqual(few);
    expect(few).toMatchObject({ found: 50, written: 0 });
    // Two to find a push, one for its size, two of the walk's own list; and some for each image.
    expect(few.walked).toBeLessThanOrEqual(50 * 5 + 10);
  });

  it('skips what is newer by halving: 20,000 newer pushes cost some dozens of rows', async () => {
    await clear();
    await push(1, 50, NOW - 3 * DAY);
    await push(1, 100, NOW);
    const few = await cost(older);
    await push(1, 20_000, NOW + 10 * HOUR);
    const many = await cost(older);
    expect([few.found, many.found]).toEqual([50, 50]);
    expect(many.walked - few.walked).toBeLessThan(100);
  });

  it('costs nothing per push of the rows that stand for many', async () => {
    await clear();
    await fillPushes(local.db, 'dockerhub', 100);
    expect(fillSql('dockerhub', 1, 1, NOW)).toHaveLength(6);
    const { id } = WATCHED.dockerhub;
    expect(keys(await allPushes({ from: 0, to: Number.MAX_SAFE_INTEGER }, 40))).toEqual(
      Array.from({ length: 100 }, (_, n) => `${id}-${100 - n}`),
    );
  });
});

describe('the sightings of a slice', () => {
  async function sight(credential: number, at: number, key: string): Promise<void> {
    await local.db
      .prepare(
        `INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength, repository_id, seq, detail) VALUES (?1, ?2, ?3, ?2, ?4, ?5, ?6, 1, 1, '{"ip":"192.0.2.1"}')`,
      )
      .bind(credential, at, key, sightingSourceCode('audit-log'), sightingActionCode('push'), strengthCode('named'))
      .run();
  }

  async function all(limit: number, slice: { from: number; to: number }, team = 1): Promise<string[]> {
    const store = createExportStore(local.db);
    const found: string[] = [];
    let after: SightingKey | null = null;
    for (;;) {
      const page: (SightingKey & { image: string | null })[] = await store.sightings(team, slice, after, limit);
      found.push(...page.map(({ credential, at, key }) => `${credential} ${at} ${key}`));
      if (page.length < limit) return found;
      after = page.at(-1) ?? null;
    }
  }

  beforeAll(async () => {
    await clear();
    await local.db.batch(
      [
        [1, 1],
        [2, 1],
        [3, 2],
        [4, 1],
      ].map(([id, team]) =>
        local.db
          .prepare(
            "INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at) VALUES (?1, ?3, 'dockerhub-pat', ?2, ?2, 0)",
          )
          .bind(id, `token ${id}`, team),
      ),
    );
    for (const credential of [1, 3, 4]) {
      for (const [at, key] of [
        [10, 'p'],
        [20, 'a'],
        [20, 'b'],
        [30, 'a'],
        [40, 'a'],
      ] as const)
        await sight(credential, at, key);
    }
  });

  it.each([1, 2, 3, 100])('are all there once, by credential and time, in pages of %i', async (limit) => {
    const expected = [1, 4].flatMap((credential) => ['20 a', '20 b', '30 a'].map((each) => `${credential} ${each}`));
    expect(await all(limit, { from: 20, to: 40 })).toEqual(expected);
    expect(await all(limit, { from: 20, to: 40 }, 2)).toEqual(['3 20 a', '3 20 b', '3 30 a']);
  });

  it('say of another team’s image nothing', async () => {
    const [one] = await createExportStore(local.db).sightings(2, { from: 0, to: 100 }, null, 1);
    expect(one).toMatchObject({ name: 'token 3', image: null, source: 'audit-log', detail: { ip: '192.0.2.1' } });
    const [own] = await createExportStore(local.db).sightings(1, { from: 0, to: 100 }, null, 1);
    expect(own).toMatchObject({ image: 'docker.io/acme/app', action: 'push', strength: 'named' });
  });

  it('read as many rows however many are older or newer', async () => {
    const counting = countingD1(local.db);
    const store = createExportStore(counting.db);
    const read = () => counting.cost(() => store.sightings(1, { from: 20, to: 40 }, null, 1000));
    const few = await read();
    await local.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength) SELECT 1, iif(i % 2, -i, 100 + i), 'x', 0, 0, 0, 0 FROM n`,
      )
      .run();
    expect((await read()).rowsRead).toBe(few.rowsRead);
  });
});
