import { afterAll, beforeAll, expect, it } from 'vitest';
import { createHealthStore } from '../../src/store/health.ts';
import { createHookStore } from '../../src/store/hooks.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { watch } from '../fixtures/push-journey.ts';

/** What it costs to keep a flood off: less than the flood. */

const HOUR = 3_600_000;
const limited = (hook: string) => ({ kind: 'webhook-limited', hook, registry: 'docker.io' }) as const;

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await local.db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
       INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at, closed_at)
       SELECT 1, 'webhook-limited', 's' || i, '{}', i, i, i FROM n`,
    )
    .run();
  const add = 'INSERT INTO hook_secrets (hook_id, hash, created_at, expires_at) VALUES (?1, ?2, 0, ?3)';
  await local.db.batch([
    local.db.prepare(add).bind(1, new Uint8Array([1, 2]), null),
    local.db.prepare(add).bind(1, new Uint8Array([3, 4]), HOUR),
    local.db.prepare(add).bind(2, new Uint8Array([5, 6]), 3 * HOUR),
  ]);
});
afterAll(() => local.close());

it('a flood that is over is closed once, by reading what is open', async () => {
  const { db, cost } = countingD1(local.db);
  const health = createHealthStore(db);
  await health.raise(1, limited('old'), HOUR);
  await health.raise(1, limited('new'), 2 * HOUR);
  await health.raise(1, { kind: 'no-channel', image: 'docker.io/a/b' }, HOUR);
  let isNews: boolean | null = null;
  const first = await cost(async () => {
    isNews = await health.settleQuiet('webhook-limited', 2 * HOUR, 3 * HOUR);
  });
  expect(isNews).toBe(true);
  expect(first.rowsRead).toBeLessThanOrEqual(20);
  const open = await local.db.prepare('SELECT subject FROM health_alerts WHERE closed_at IS NULL ORDER BY id').all();
  expect(open.results.map(({ subject }) => subject)).toEqual(['new', 'docker.io/a/b']);
  expect(await health.settleQuiet('webhook-limited', 2 * HOUR, 3 * HOUR)).toBe(false);
});

it('the roll has the hooks whose secrets still work, and is none where it would be too long', async () => {
  const hooks = createHookStore(local.db);
  const roll = await hooks.roll(2 * HOUR, 5);
  expect(roll?.hashes.map((hash) => [...hash])).toEqual([
    [1, 2],
    [5, 6],
  ]);
  expect(roll?.publicIds).toEqual(['hook-dockerhub', 'hook-github']);
  expect(await hooks.roll(2 * HOUR, 1)).toBeNull();
});
