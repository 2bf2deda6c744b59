import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSweepStore } from '../../src/store/sweeps.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { WATCHED, watch } from '../fixtures/push-journey.ts';

/** What it costs to find that a tag is gone, also where that is no news. */

const { id } = WATCHED.dockerhub;
const NOW = Date.now();

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await fillPushes(local.db, 'dockerhub', 20_000);
  await local.db
    .prepare(
      "INSERT INTO tags (repository_id, name, digest, push_seq, changed_at) VALUES (?1, 'never-read', NULL, 0, 0)",
    )
    .bind(id)
    .run();
}, 60_000);
afterAll(() => local.close());

async function costOfDeleting(tag: string, now: number): Promise<Readonly<D1Counts>> {
  const { db, cost } = countingD1(local.db);
  return cost(() => createSweepStore(db).recordDeleted(id, tag, now));
}

const tagRow = (name: string) =>
  local.db
    .prepare(
      'SELECT t.deleted_at, t.push_seq, p.kind, p.tag FROM tags t LEFT JOIN pushes p ON p.repository_id = t.repository_id AND p.seq = t.push_seq WHERE t.repository_id = ?1 AND t.name = ?2',
    )
    .bind(id, name)
    .first();

it('a deleted tag is recorded once, with its own push', async () => {
  const cost = await costOfDeleting('latest-7', NOW);
  expect(cost).toMatchObject({ roundTrips: 1, rowsWritten: 2 });
  expect(cost.rowsRead).toBeLessThanOrEqual(10);
  expect(await tagRow('latest-7')).toEqual({ deleted_at: NOW, push_seq: 20_001, kind: 6, tag: 'latest-7' });
});

it('a tag that a registry goes on listing after its deletion costs as little, and is no second deletion', async () => {
  const store = createSweepStore(local.db);
  await store.addTags(id, ['latest-7'], NOW + 1);
  const cost = await costOfDeleting('latest-7', NOW + 2);
  expect(cost.rowsRead).toBeLessThanOrEqual(10);
  expect(await tagRow('latest-7')).toEqual({ deleted_at: NOW + 2, push_seq: 20_001, kind: 6, tag: 'latest-7' });
});

it('a tag that was never read is gone without a push', async () => {
  const cost = await costOfDeleting('never-read', NOW + 3);
  expect(cost.rowsRead).toBeLessThanOrEqual(10);
  expect(await tagRow('never-read')).toEqual({ deleted_at: NOW + 3, push_seq: 0, kind: null, tag: null });
});

it('two tags that go in the same moment have a push each', async () => {
  for (const tag of ['latest-8', 'latest-9']) await costOfDeleting(tag, NOW + 4);
  expect(await tagRow('latest-8')).toMatchObject({ push_seq: 20_002, tag: 'latest-8' });
  expect(await tagRow('latest-9')).toMatchObject({ push_seq: 20_003, tag: 'latest-9' });
});
