import { afterAll, beforeAll, expect, it } from 'vitest';
import { createChannelStore } from '../../src/store/channels.ts';
import { createTrustedRootStore } from '../../src/store/trusted-roots.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { watch } from '../fixtures/push-journey.ts';

/** What the settings pages cost where a team watches thousands of images. */

const CHANNEL = `INSERT INTO channels (id, team_id, name, kind, sealed, created_at) VALUES (?1, ?2, ?3, 'discord', 'x', 0)`;

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await local.db.batch([
    local.db.prepare("INSERT INTO teams (id, name, created_at) VALUES (2, 'other', 0)"),
    local.db.prepare(CHANNEL).bind(1, 1, 'few'),
    local.db.prepare(CHANNEL).bind(2, 1, 'many'),
    local.db.prepare(CHANNEL).bind(3, 2, 'theirs'),
    local.db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 3099)
       INSERT INTO repositories (id, team_id, hook_id, registry, path, policy, channel_id, created_at, next_sweep_at)
       SELECT i, 1, 1, 'docker.io', 'org/app-' || i, '{}', CASE WHEN i % 1000 = 0 THEN 1 WHEN i % 2 = 0 THEN 2 END, 0, 9e15 FROM n`,
    ),
  ]);
});
afterAll(() => local.close());

async function costs<T>(ask: (db: Parameters<typeof createChannelStore>[0]) => Promise<T>) {
  const { db, cost } = countingD1(local.db);
  const answers: T[] = [];
  const counts: D1Counts = await cost(async () => void answers.push(await ask(db)));
  return { ...counts, answer: answers[0] };
}

it('a channel with its images is one round trip, by what is shown', async () => {
  const few = await costs((db) => createChannelStore(db).withImages(1, 1, 0, 51));
  expect(few.answer?.images.map(({ id }) => id)).toEqual([1000, 2000, 3000]);
  expect(few).toMatchObject({ roundTrips: 1, rowsWritten: 0 });
  expect(few.rowsRead).toBeLessThanOrEqual(8);
  const many = await costs((db) => createChannelStore(db).withImages(1, 2, 0, 51));
  expect(many.answer?.images).toHaveLength(51);
  expect(many.rowsRead).toBeLessThanOrEqual(2 * 51 + 2);
  const next = await costs((db) => createChannelStore(db).withImages(1, 2, many.answer?.images.at(49)?.id ?? 0, 51));
  expect(next.answer?.images[0]?.id).toBe(many.answer?.images[50]?.id);
});

it('another team’s channel is not there', async () => {
  expect(await createChannelStore(local.db).withImages(1, 3, 0, 51)).toBeNull();
});

it('deleting a channel takes it from its images without looking at the others', async () => {
  const audit = { teamId: 1, at: 0, actor: 'test', action: 'channel.deleted', target: 'few', detail: null };
  const removed = await costs((db) => createChannelStore(db).remove(1, 1, audit));
  expect(removed.rowsRead).toBeLessThanOrEqual(20);
  const left = await local.db.prepare('SELECT count(*) AS n FROM repositories WHERE channel_id = 1').first();
  expect(left).toEqual({ n: 0 });
});

it('channels and trusted roots are one round trip each', async () => {
  const channels = await costs((db) => createChannelStore(db).list(1));
  expect(channels).toMatchObject({ roundTrips: 1, rowsWritten: 0 });
  const roots = await costs((db) => createTrustedRootStore(db, { vendored: [], mirrors: [] }).list(1, 0));
  expect(roots).toMatchObject({ roundTrips: 1, rowsWritten: 0 });
});
