import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cost, costOfPush, ROW_TARGETS, SIZES } from '../fixtures/cost-of-push.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import {
  deliveryOf,
  journey,
  registryOf,
  Tags,
  WATCHED,
  type WatchedProvider,
  watch,
} from '../fixtures/push-journey.ts';

const PROVIDERS: readonly WatchedProvider[] = ['dockerhub', 'github'];

describe.each(PROVIDERS)('a push told by %s', (provider) => {
  let local: Awaited<ReturnType<typeof openLocalD1>>;
  let few: Cost;
  let many: Cost;

  beforeAll(async () => {
    local = await openLocalD1();
    await watch(local.db);
    await fillPushes(local.db, provider, SIZES[0]);
    few = await costOfPush(local.db, provider);
    await fillPushes(local.db, provider, SIZES[1] - SIZES[0]);
    many = await costOfPush(local.db, provider);
  }, 120_000);
  afterAll(() => local.close());

  it('writes nine rows from webhook to verdict, and one more for its account’s first push of a day', () => {
    expect(few.accept.rowsWritten + few.check.rowsWritten).toBe(10);
    expect(many.accept.rowsWritten + many.check.rowsWritten).toBe(9);
  });

  it('writes one row when it is delivered again', () => {
    expect(few.duplicate.rowsWritten).toBe(ROW_TARGETS.duplicateWritten);
  });

  it('waits for D1 twice to be accepted and three times to be judged', () => {
    expect(few.accept.roundTrips).toBe(ROW_TARGETS.acceptRoundTrips);
    expect(few.check.roundTrips).toBe(3);
  });

  it('reads as many rows with 100,000 pushes stored as with 100', () => {
    expect(many.accept.rowsRead).toBe(few.accept.rowsRead);
    expect(many.check.rowsRead).toBe(few.check.rowsRead);
    expect(many.duplicate.rowsRead).toBe(few.duplicate.rowsRead);
  });

  it('is stored as the rows that stand for many pushes', async () => {
    const tags = new Tags();
    const { accept, judge } = journey(local.db, registryOf(tags));
    const delivery = deliveryOf(provider, 'shape', tags.move('shape'));
    await judge((await accept(delivery)).pushes);
    const { id, hook } = WATCHED[provider];
    const tables = [
      ['pushes', `repository_id = ${id} AND previous IS NULL ORDER BY`, 'seq'],
      ['deliveries', `hook_id = ${hook} ORDER BY`, 'received_at'],
      ['sightings', `repository_id = ${id} ORDER BY`, 'at'],
      ['tags', `repository_id = ${id} AND previous_digest IS NULL ORDER BY`, 'changed_at'],
    ] as const;
    for (const [table, where, order] of tables) {
      const read = (direction: string) =>
        local.db.prepare(`SELECT * FROM ${table} WHERE ${where} ${order} ${direction} LIMIT 1`).first();
      expect(shapeOf(await read('DESC')), table).toEqual(shapeOf(await read('ASC')));
    }
  });
});

/** What a row's columns are; of BLOBs also how long, and of words and small codes what they say. */
function shapeOf(row: Record<string, unknown> | null): Record<string, string> {
  const shape = ([name, value]: [string, unknown]): [string, string] => {
    if (Array.isArray(value)) return [name, `blob of ${value.length}`];
    if (name === 'event' || name === 'user_agent') return [name, String(value)];
    if (typeof value === 'number')
      return [
        name,
        value < 10 && name !== 'seq' && name !== 'push_seq' && name !== 'actor_id' ? String(value) : 'number',
      ];
    return [name, value === null ? 'null' : typeof value];
  };
  return Object.fromEntries(Object.entries(row ?? {}).map(shape));
}
