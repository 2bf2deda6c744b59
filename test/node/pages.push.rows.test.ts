import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/domain/comparison.ts';
import type { ImageContents } from '../../src/domain/image-contents.ts';
import { createComparisonStore } from '../../src/store/comparisons.ts';
import { createContentsStore } from '../../src/store/image-contents.ts';
import { createPushPageStore } from '../../src/store/push-page.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { digestOf, WATCHED, watch } from '../fixtures/push-journey.ts';

const { id } = WATCHED.dockerhub;

let local: Awaited<ReturnType<typeof openLocalD1>>;
beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
});
afterAll(() => local.close());

/** A push of tag `release` as the product writes it; answers with its number. */
async function push(seq: number, digest: string, verdict: number | null, previous: number | null): Promise<number> {
  await local.db
    .prepare(
      `INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, previous, verdict, confirmed_at)
       VALUES (?1, ?2, 'release', unhex(?3), 1, 0, ?2, ?4, ?5, ?2)`,
    )
    .bind(id, seq, digestOf(digest).slice(7), previous, verdict)
    .run();
  return seq;
}

const [TRUSTED, ROGUE, PENDING] = [1, 2, 0];

describe('what a push is compared with', () => {
  const against = async (seq: number) => {
    const read = await createComparisonStore(local.db).read(1, { repository: id, seq });
    return read?.against === null || read === null ? null : [read.against.seq, read.against.back];
  };

  it('is the image before; a rogue one in between is passed over, as is the same image', async () => {
    await push(1_000_001, 'a', null, null);
    expect(await against(1_000_001)).toBe(null);
    await push(1_000_002, 'b', TRUSTED, 1_000_001);
    expect(await against(1_000_002)).toEqual([1_000_001, 1]);
    await push(1_000_003, 'evil', ROGUE, 1_000_002);
    expect(await against(1_000_003)).toEqual([1_000_002, 1]);
    await push(1_000_004, 'evil 2', ROGUE, 1_000_003);
    expect(await against(1_000_004)).toEqual([1_000_002, 2]);
    await push(1_000_005, 'evil 2', ROGUE, 1_000_004);
    expect(await against(1_000_005)).toEqual([1_000_002, 3]);
    await push(1_000_006, 'c', TRUSTED, 1_000_005);
    expect(await against(1_000_006)).toEqual([1_000_002, 4]);
  });

  it('is an undecided one only where there is no better one, and a rogue one at last', async () => {
    await push(1_000_011, 'evil', ROGUE, null);
    await push(1_000_012, 'evil 2', ROGUE, 1_000_011);
    expect(await against(1_000_012)).toEqual([1_000_011, 1]);
    await push(1_000_013, 'p', PENDING, 1_000_011);
    await push(1_000_014, 'evil 3', ROGUE, 1_000_013);
    expect(await against(1_000_014)).toEqual([1_000_013, 1]);
    await push(1_000_021, 'a', TRUSTED, null);
    await push(1_000_022, 'p', PENDING, 1_000_021);
    await push(1_000_023, 'evil', ROGUE, 1_000_022);
    expect(await against(1_000_023)).toEqual([1_000_021, 2]);
  });

  it('is nothing of another team, and nothing of what is no image', async () => {
    const store = createComparisonStore(local.db);
    expect(await store.read(2, { repository: id, seq: 1_000_002 })).toBe(null);
    expect(await createPushPageStore(local.db).read(2, { repository: id, seq: 1_000_002 })).toBe(null);
    await local.db.prepare('UPDATE pushes SET kind = 3 WHERE seq = 1000002').run();
    expect(await store.read(1, { repository: id, seq: 1_000_002 })).toBe(null);
    await local.db.prepare('UPDATE pushes SET kind = 1 WHERE seq = 1000002').run();
  });

  it('is looked for 20 pushes back at most', async () => {
    await push(1_000_100, 'a', TRUSTED, null);
    for (let n = 1; n <= 30; n += 1) await push(1_000_100 + n, `evil ${n}`, ROGUE, 1_000_100 + n - 1);
    expect(await against(1_000_120)).toEqual([1_000_100, 20]);
    expect(await against(1_000_121)).toEqual([1_000_120, 1]);
  });
});

describe('contents that are wanted', () => {
  const store = () => createContentsStore(local.db);
  const audit = { teamId: 1, at: 1, actor: 'test', action: 'push.compared', target: 'x', detail: null };
  const image: ImageContents = {
    kind: 'image',
    configDigest: null,
    config: { state: 'unavailable', reason: 'no answer' },
    layers: [],
    layerCount: 0,
    size: 0,
    spelling: { oddKeys: [], repeats: false },
  };
  const key = { repository: id, seq: 1_000_003 };

  it('are taken by one at a time, kept, and what an index lists is next', async () => {
    await store().want(key, 1000, audit);
    const taken = await store().take(1000, 60_000, 10);
    expect(taken.map(({ digest }) => digest).sort()).toEqual([digestOf('b'), digestOf('evil')].sort());
    expect(await store().take(1000, 60_000, 10)).toEqual([]);
    const [first, second] = taken;
    if (first === undefined || second === undefined) throw new Error('two are wanted');
    await store().fail(first, 'no answer', 5000, 1000);
    const platforms = [{ platform: 'linux/amd64', digest: digestOf('child') }];
    const index = { kind: 'index', platforms, platformCount: 1, spelling: image.spelling } as const;
    await store().save(second, index, { digests: [digestOf('child')], againAt: null }, 1000);
    expect(await store().nextDue()).toBe(1000);
    const [child] = await store().takeOf(key, 1000, 60_000, 10);
    expect(child).toMatchObject({ digest: digestOf('child'), attempts: 1, image: { path: 'acme/app' } });
    if (child !== undefined) await store().save(child, image, { digests: [], againAt: 9000 }, 1000);
    const comparison = await createComparisonStore(local.db).read(1, key);
    expect(comparison?.contents.size).toBe(3);
    if (comparison !== null)
      expect([compare(comparison).after.state, compare(comparison).before?.state].sort()).toEqual([
        'present',
        'unavailable',
      ]);
  });

  it('are wanted again by a person where they could not be read, and not where they were', async () => {
    await store().want(key, 2000, audit);
    expect((await store().takeOf(key, 2000, 60_000, 10)).map(({ attempts }) => attempts)).toEqual([1]);
  });
});

describe('a push’s page', () => {
  let few: Readonly<D1Counts>;
  let many: Readonly<D1Counts>;

  async function costs(db: D1Database, seq: number): Promise<Readonly<D1Counts>> {
    const counting = countingD1(db);
    return counting.cost(() => createPushPageStore(counting.db).read(1, { repository: id, seq }));
  }

  beforeAll(async () => {
    await fillPushes(local.db, 'dockerhub', 200);
    few = await costs(local.db, 1_000_022);
    await fillPushes(local.db, 'dockerhub', 20_000);
    many = await costs(local.db, 1_000_022);
  }, 120_000);

  it('waits for D1 once, reads few rows however many are stored, and writes none', () => {
    expect(few.roundTrips).toBe(1);
    expect(many.rowsRead).toBe(few.rowsRead);
    expect(few.rowsRead).toBeLessThanOrEqual(80);
    expect(many.rowsWritten).toBe(0);
  });

  it('reads at most 50 rows more of a tag that moved often since', async () => {
    // `latest-5` moves with each 97th push.
    const first = await local.db
      .prepare("SELECT min(seq) AS seq FROM pushes WHERE repository_id = ?1 AND tag = 'latest-5'")
      .bind(id)
      .first<{ seq: number }>();
    expect((await costs(local.db, first?.seq ?? 0)).rowsRead).toBeLessThanOrEqual(250);
  });
});
