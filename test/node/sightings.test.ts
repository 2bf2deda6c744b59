import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCredentialStore } from '../../src/store/credentials.ts';
import { addSightings, removeSightings } from '../../src/store/sightings.ts';
import type { NewSighting } from '../../src/usecases/credential-stores.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';

const DAY = 86_400_000;
const T = Date.UTC(2026, 0, 1);

let local: Awaited<ReturnType<typeof openLocalD1>>;
let db: D1Database;

beforeAll(async () => {
  local = await openLocalD1();
  ({ db } = local);
  await db.prepare(`INSERT INTO teams (id, name, created_at) VALUES (2, 'other', 0)`).run();
  await db
    .prepare(
      `INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at, mark, ci_only) VALUES (1, 1, 'dockerhub-pat', 'a', 'a', 0, 'none', 0),
       (2, 1, 'dockerhub-pat', 'b', 'b', 0, 'canary', 0), (3, 1, 'dockerhub-pat', 'c', 'c', 0, 'none', 1), (4, 2, 'dockerhub-pat', 'd', 'd', 0, 'none', 0),
       (5, 1, 'dockerhub-pat', 'e', 'e', 0, 'none', 0)`,
    )
    .run();
}, 60_000);
afterAll(() => local.close());

const sighting = (differs: Partial<NewSighting> = {}): NewSighting => ({
  credential: 1,
  at: T,
  key: 'p7-1',
  since: null,
  source: 'webhook',
  action: 'push',
  strength: 'named',
  repository: 7,
  seq: 1,
  detail: null,
  ...differs,
});

const write = async (...sightings: NewSighting[]) => db.batch([...addSightings(db, sightings, T)]);
const days = (credential: number) => createCredentialStore(db).days(1, credential, { from: 0, to: T + 400 * DAY });

describe('the count by day', () => {
  it('is of what was seen, however often it is told', async () => {
    const seen = [
      sighting(),
      sighting({ at: T + 1, key: 'p7-2', seq: 2 }),
      sighting({ at: T + 2, key: 'p7-3', seq: 3, strength: 'ambiguous' }),
      sighting({ at: T + 3, key: 'u', action: 'use', repository: null, seq: null }),
      sighting({ at: T + DAY, key: 'p8-1', repository: 8 }),
    ];
    for (let n = 0; n < 3; n += 1) await write(...seen, ...seen);
    for (const one of seen) await write(one);
    expect(await days(1)).toEqual([
      { credential: 1, day: T / DAY, repository: 0, pushes: 0, possible: 0, uses: 1 },
      { credential: 1, day: T / DAY, repository: 7, pushes: 2, possible: 1, uses: 0 },
      { credential: 1, day: T / DAY + 1, repository: 8, pushes: 1, possible: 0, uses: 0 },
    ]);
  });

  it('goes with a use that turns out to be surer, or another’s', async () => {
    const vague = sighting({ at: T + 2, key: 'p7-3', seq: 3, strength: 'ambiguous' });
    await db.batch([...removeSightings(db, [vague, vague]), ...addSightings(db, [{ ...vague, strength: 'named' }], T)]);
    expect((await days(1))[1]).toMatchObject({ pushes: 3, possible: 0 });
    await db.batch([...removeSightings(db, [vague])]);
    await db.batch([...removeSightings(db, [vague])]);
    expect((await days(1))[1]).toMatchObject({ pushes: 2, possible: 0 });
  });

  it('writes two rows for a use, three for the first of a day, none for a repeat', async () => {
    const written = async (one: NewSighting) =>
      (await write(one)).reduce((sum, { meta }) => sum + (meta.rows_written ?? 0), 0);
    expect(await written(sighting({ at: T + 9 * DAY, key: 'p7-9' }))).toBe(3);
    expect(await written(sighting({ at: T + 9 * DAY + 1, key: 'p7-10' }))).toBe(2);
    expect(await written(sighting({ at: T + 9 * DAY + 1, key: 'p7-10' }))).toBe(0);
  });

  it('is read over a year in as many rows with 20,000 pushes as with 400', async () => {
    const year = async (perDay: number): Promise<number> => {
      for (let day = 0; day < 365; day += 40) {
        const batch = Array.from({ length: 40 * perDay }, (_, n) => {
          const at = T + (day + Math.floor(n / perDay)) * DAY + (n % perDay);
          return sighting({ credential: 5, at, key: `p7-${day * perDay + n}-${perDay}` });
        });
        await write(...batch.filter(({ at }) => at < T + 365 * DAY));
      }
      const counting = countingD1(db);
      const { rowsRead } = await counting.cost(async () => {
        const found = await createCredentialStore(counting.db).days(1, 5, { from: T, to: T + 364 * DAY });
        expect(found).toHaveLength(365);
      });
      return rowsRead;
    };
    const few = await year(1);
    expect(await year(54)).toBe(few);
    expect(few).toBeLessThanOrEqual(2 * 366);
  }, 60_000);
});

describe('a watched credential', () => {
  const due = async (id: number) =>
    (await db.prepare('SELECT review_at AS at FROM credentials WHERE id = ?1').bind(id).first<{ at: number | null }>())
      ?.at;
  it('is due for review when it is used, and others are not', async () => {
    await write(sighting({ credential: 1, at: T + 50 }));
    await write(sighting({ credential: 2, at: T + 50 }), sighting({ credential: 3, at: T + 50 }));
    expect([await due(1), await due(2), await due(3)]).toEqual([null, T, null]);
    await write(sighting({ credential: 3, at: T + 60, action: 'use', key: 'u' }));
    expect(await due(3)).toBe(T + 600_000);
  });

  it('is not due because it may have been one of several', async () => {
    await db.prepare('UPDATE credentials SET review_at = NULL').run();
    await write(sighting({ credential: 2, at: T + 70, key: 'p7-70', strength: 'ambiguous' }));
    expect(await due(2)).toBeNull();
    await write(sighting({ credential: 2, at: T + 50 }));
    expect(await due(2)).toBeNull();
  });
});

it('shows another team nothing', async () => {
  expect(await createCredentialStore(db).days(2, 1, { from: 0, to: T + 400 * DAY })).toEqual([]);
  expect(await createCredentialStore(db).sightings(2, 1, { from: 0, to: T + DAY }, null, 10)).toEqual([]);
});
