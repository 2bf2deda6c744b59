import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PushKind } from '../../src/domain/evidence.ts';
import type { Verdict } from '../../src/domain/finding.ts';
import { pushWeekOf, pushWeekStart, recentWeeks } from '../../src/domain/push-week.ts';
import { createCheckStore } from '../../src/store/checks.ts';
import { createDeliveryStore } from '../../src/store/deliveries.ts';
import { COUNTED_PUSH, countAnew, uncountPushes } from '../../src/store/push-weeks.ts';
import { createRepositoryStore } from '../../src/store/repositories.ts';
import { saveChecked } from '../../src/store/save-checked.ts';
import type { CheckedPush, KeptEvidence, PushKey } from '../../src/usecases/stores.ts';
import { migrationStatements, openLocalD1 } from '../fixtures/local-d1.ts';
import { deliveryOf, digestOf, journey, registryOf, Tags, WATCHED, watch } from '../fixtures/push-journey.ts';

const DAY = 86_400_000;
const { id: ID } = WATCHED.dockerhub;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let db: D1Database;

beforeAll(async () => {
  local = await openLocalD1();
  ({ db } = local);
  await watch(db);
}, 60_000);
afterAll(() => local.close());
beforeEach(async () => {
  for (const table of ['pushes', 'push_weeks', 'tags', 'deliveries', 'sightings', 'credential_days'])
    await db.prepare(`DELETE FROM ${table}`).run();
});

interface Row extends Record<Verdict | 'signed' | 'unsigned' | 'repository_id' | 'week', number> {}

const kept = async (): Promise<Row[]> =>
  (await db.prepare('SELECT * FROM push_weeks ORDER BY 1, 2').all<Row>()).results.filter(
    ({ repository_id: _, week: __, ...counts }) => Object.values(counts).some((count) => count !== 0),
  );

/** The table, which must be what counting all pushes anew says. */
async function weeks(): Promise<Row[]> {
  const rows = await kept();
  const anew = await db.prepare(`${countAnew(`pushes WHERE ${COUNTED_PUSH}`)} ORDER BY 1, 2`).all<Row>();
  expect(rows).toEqual(anew.results);
  return rows;
}

const total = async (): Promise<Omit<Row, 'repository_id' | 'week'>> => {
  const sum = { pending: 0, trusted: 0, rogue: 0, undetermined: 0, signed: 0, unsigned: 0 };
  for (const row of await weeks()) for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += row[name];
  return sum;
};

const NONE = { pending: 0, trusted: 0, rogue: 0, undetermined: 0, signed: 0, unsigned: 0 };

/** Records pushes as webhooks do, at a time. */
async function record(tags: readonly string[], at = Date.now()): Promise<PushKey[]> {
  const store = createDeliveryStore(db);
  const keys: PushKey[] = [];
  for (const tag of tags) {
    const delivery = deliveryOf('github', tag, digestOf(tag), at);
    keys.push(...(await store.record(delivery, 1)).pushes);
  }
  return keys;
}

type Change = Partial<Pick<CheckedPush, 'verdict' | 'kind' | 'evidence'>>;

const load = (keys: readonly PushKey[]) => createCheckStore(db).load(keys);

/** What a check saves of pushes that were loaded. */
async function save(
  loaded: Awaited<ReturnType<typeof load>>,
  change: Change,
  children: Parameters<typeof saveChecked>[3] = [],
): Promise<number> {
  const checked = loaded.map(
    (push): CheckedPush => ({
      push,
      digest: push.digest,
      kind: 'manifest' as PushKind,
      subject: null,
      confirmedAt: 1,
      verdict: 'trusted',
      findings: [],
      evidence: null,
      nextAt: null,
      attempts: push.attempts + 1,
      movesTag: null,
      trustsTag: false,
      distrustsTag: false,
      ...change,
    }),
  );
  const stale = await saveChecked(db, checked, [], children, Date.now());
  return stale.length;
}

const EVIDENCE: KeptEvidence = { history: null, readBack: null, announcement: null, signatures: null, wants: [] };
const signatures = (places: readonly string[], found: readonly string[]): KeptEvidence =>
  ({
    ...EVIDENCE,
    signatures: {
      places: places.map((state) => ({ place: 'sig-tag', state })),
      found: found.map((state) => ({ state })),
    },
  }) as unknown as KeptEvidence; // as much of it as is counted by

describe('the count of pushes by week', () => {
  it('follows each push through its verdicts, and counts it once', async () => {
    const keys = await record(['1.0.0', '1.0.1']);
    expect(await total()).toEqual(NONE);
    await save(await load(keys), { verdict: 'pending' });
    expect(await total()).toEqual({ ...NONE, pending: 2 });
    for (const verdict of ['pending', 'undetermined', 'rogue', 'trusted', 'rogue'] as const) {
      await save(await load(keys), { verdict });
      expect(await total()).toEqual({ ...NONE, [verdict]: 2 });
    }
    await save(await load(keys.slice(0, 1)), { verdict: 'trusted' });
    expect(await total()).toEqual({ ...NONE, trusted: 1, rogue: 1 });
  });

  it('is of the week in which we learnt of a push, whenever that is judged', async () => {
    const monday = pushWeekStart(pushWeekOf(Date.now()));
    const [before, after] = [await record(['old'], monday - 1), await record(['new'], monday)];
    await save(await load([...before, ...after]), {});
    const rows = await weeks();
    expect(rows.map(({ week, trusted }) => [week, trusted])).toEqual([
      [pushWeekOf(monday) - 1, 1],
      [pushWeekOf(monday), 1],
    ]);
    expect(new Date(monday).getUTCDay()).toBe(1);
  });

  it('counts only the save that won, however many judged the same push at once', async () => {
    const keys = await record(['raced']);
    const [first, second] = [await load(keys), await load(keys)];
    expect(await save(first, { verdict: 'rogue' })).toBe(0);
    expect(await save(second, { verdict: 'trusted' })).toBe(1);
    expect(await save(first, { verdict: 'rogue' })).toBe(1);
    expect(await total()).toEqual({ ...NONE, rogue: 1 });
  });

  it('leaves out signatures, and parts of an index once it is known that they are', async () => {
    const parts = await record(['', '']);
    const digest = digestOf('');
    await db.prepare("UPDATE pushes SET tag = ''").run();
    await save(await load(parts), { verdict: 'undetermined' });
    const artifact = await record(['sha256-x.sig']);
    await save(await load(artifact), { verdict: null, kind: 'artifact' });
    const before = await total();
    expect(before.undetermined).toBeGreaterThan(0);
    const index = await record(['multi']);
    await save(await load(index), {}, [{ repository: 2, index: digestOf('multi'), digests: [digest] }]);
    expect(await total()).toEqual({ ...NONE, trusted: 1 });
    // The index is read once more: nothing is taken out twice.
    await save(await load(index), {}, [{ repository: 2, index: digestOf('multi'), digests: [digest] }]);
    expect(await total()).toEqual({ ...NONE, trusted: 1 });
  });

  it('says of signatures only what was found out', async () => {
    const keys = await record(['a', 'b', 'c', 'd', 'e']);
    const [signed, unsigned, blind, unread, unasked] = await load(keys);
    const one = (push: typeof signed) => (push === undefined ? [] : [push]);
    await save(one(signed), { evidence: signatures(['present', 'unavailable'], ['invalid', 'valid']) });
    await save(one(unsigned), { evidence: signatures(['absent', 'present'], ['invalid', 'unsupported']) });
    await save(one(blind), { evidence: signatures(['absent', 'unavailable'], []) });
    await save(one(unread), { evidence: signatures(['present'], ['unavailable']) });
    await save(one(unasked), { evidence: null });
    expect(await total()).toEqual({ ...NONE, trusted: 5, signed: 1, unsigned: 1 });
    // Somebody signs it late.
    await save(await load(keys.slice(1, 2)), { evidence: signatures(['present'], ['valid']) });
    expect(await total()).toEqual({ ...NONE, trusted: 5, signed: 2, unsigned: 0 });
  });

  it('does not change when a delivery is told again', async () => {
    const tags = new Tags();
    const { accept, judge } = journey(db, registryOf(tags));
    const delivery = deliveryOf('dockerhub', 'again', tags.move('again'));
    await judge((await accept(delivery)).pushes);
    const once = await total();
    expect(once).toEqual({ ...NONE, trusted: 1 });
    for (let n = 0; n < 3; n += 1) {
      const { pushes } = await accept(delivery);
      await judge([...pushes, { repository: ID, seq: 1 }]);
    }
    expect(await total()).toEqual(once);
  });

  it('loses what is deleted, and all of an image that is watched no more', async () => {
    const old = await record(['old'], Date.now() - 40 * DAY);
    const fresh = await record(['new']);
    await save(await load(old), { evidence: signatures(['present'], ['valid']) });
    await save(await load(fresh), { evidence: signatures(['absent'], []) });
    const expired = `pushes.received_at < ${Date.now() - 30 * DAY}`;
    await db.batch([
      db.prepare(uncountPushes(`pushes WHERE ${expired} AND ${COUNTED_PUSH}`)),
      db.prepare(`DELETE FROM pushes WHERE ${expired}`),
    ]);
    expect(await total()).toEqual({ ...NONE, trusted: 1, unsigned: 1 });
    const audit = { teamId: 1, at: 0, actor: 'test', action: 'x', target: 'x', detail: null };
    await createRepositoryStore(db).remove(1, WATCHED.github.id, audit);
    expect(await kept()).toEqual([]);
    await db.prepare('DELETE FROM repositories').run();
    await db.prepare('DELETE FROM hooks').run();
    await watch(db);
  });

  it('is made by the migration of what was judged before it', async () => {
    const keys = await record(['a', 'b', 'c'], Date.now() - 20 * DAY);
    const [signed, ...rest] = await load([...keys, ...(await record(['d']))]);
    await save(signed === undefined ? [] : [signed], { evidence: signatures(['present'], ['valid']) });
    await save(rest.slice(0, 1), { verdict: 'pending', evidence: signatures(['absent'], []) });
    await save(rest.slice(1), { verdict: 'rogue', evidence: { ...EVIDENCE, signatures: { found: 'old' } as never } });
    const counted = await weeks();
    await db.prepare('DELETE FROM push_weeks').run();
    const fill = migrationStatements().find((statement) => statement.startsWith('INSERT INTO push_weeks'));
    await db.prepare(fill ?? '').run();
    expect(await kept()).toEqual(counted);
  });
});

describe('weeks of a chart', () => {
  it('are thirteen, the present one last, those without pushes too', () => {
    const now = Date.UTC(2026, 10, 18, 12);
    const one = {
      week: pushWeekOf(now) - 12,
      pending: 0,
      trusted: 4,
      rogue: 0,
      undetermined: 0,
      signed: 0,
      unsigned: 0,
    };
    const weeks = recentWeeks([one, { ...one, week: one.week - 1, trusted: 9 }], now);
    expect(weeks).toHaveLength(13);
    expect(weeks[0]).toEqual(one);
    expect(weeks.at(-1)).toMatchObject({ week: pushWeekOf(now), trusted: 0 });
    expect(new Date(pushWeekStart(pushWeekOf(now))).toISOString()).toBe('2026-11-16T00:00:00.000Z');
  });
});
