import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type WeeklySummary, weekDue } from '../../src/domain/weekly-summary.ts';
import { createDigestStore } from '../../src/store/digests.ts';
import { summarizeWeek } from '../../src/usecases/summarize-week.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';

/** A Monday, 08:01 UTC. */
const NOW = Date.parse('2026-11-23T08:01:00Z');
const DAY = 86_400_000;
const WEEK = weekDue(NOW) ?? { name: '', start: 0, end: 0 };
const VERDICTS = { pending: 0, trusted: 1, rogue: 2, undetermined: 3 } as const;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let woken = 0;

beforeAll(async () => {
  local = await openLocalD1();
});
afterAll(() => local.close());
beforeEach(async () => {
  woken = 0;
  const tables = ['pushes', 'repositories', 'hooks', 'alerts', 'health_alerts', 'notifications', 'digests'];
  await local.db.batch([
    ...tables.map((table) => local.db.prepare(`DELETE FROM ${table}`)),
    local.db.prepare('UPDATE teams SET created_at = 0, tested_at = NULL, test_seen_at = NULL'),
    local.db.prepare(
      `INSERT INTO hooks (id, team_id, public_id, provider, registry, created_at) VALUES (1, 1, 'p', 'dockerhub', 'docker.io', 0)`,
    ),
  ]);
});

async function watch(id: number): Promise<void> {
  await local.db
    .prepare(
      `INSERT INTO repositories (id, team_id, hook_id, registry, path, policy, created_at, next_sweep_at) VALUES (?1, 1, 1, 'docker.io', 'app' || ?2, '{}', 0, 0)`,
    )
    .bind(id, String(id))
    .run();
}

/** Pushes in order, each with when it came and its verdict (null: not judged). */
async function push(
  repository: number,
  many: readonly (readonly [at: number, verdict: number | null])[],
): Promise<void> {
  const rows = JSON.stringify(many);
  await local.db
    .prepare(
      `INSERT INTO pushes (repository_id, seq, tag, kind, origin, received_at, verdict)
       SELECT ?1, coalesce((SELECT max(seq) FROM pushes WHERE repository_id = ?1), 0) + key + 1, 't', 1, 0, value ->> 0, value ->> 1 FROM json_each(?2)`,
    )
    .bind(repository, rows)
    .run();
}

const spread = (n: number, from: number, to: number, verdict: number | null) =>
  Array.from({ length: n }, (_, each) => [from + Math.floor(((to - from) * each) / n), verdict] as const);

/** Every step that cron makes, minutes apart, with what it cost. */
async function steps(now = NOW): Promise<D1Counts[]> {
  const counting = countingD1(local.db);
  const store = createDigestStore(counting.db);
  const notifications = (): Promise<boolean> => {
    woken += 1;
    return Promise.resolve(true);
  };
  const wakeups = { checks: () => Promise.resolve(true), notifications };
  const costs: D1Counts[] = [];
  for (let n = 0; n < 100; n += 1) {
    let isMore = false;
    costs.push(
      await counting.cost(async () => {
        isMore = await summarizeWeek({ store, wakeups, clock: { now: () => now } });
      }),
    );
    if (!isMore) return costs;
  }
  throw new Error('It does not end.');
}

async function told(): Promise<{ event: string; summary: WeeklySummary }[]> {
  const { results } = await local.db
    .prepare('SELECT event, route, content FROM notifications ORDER BY id')
    .all<{ event: string; route: string; content: string }>();
  return results.map(({ event, route, content }) => {
    expect(route).toBe('health');
    return { event, summary: JSON.parse(content).digest as WeeklySummary }; // as the store wrote it
  });
}

describe('the weekly summary', () => {
  it('counts the pushes of that week and no others, by verdict', async () => {
    await watch(1);
    await watch(2);
    await push(1, [
      ...spread(300, WEEK.start - 90 * DAY, WEEK.start, VERDICTS.rogue),
      ...spread(37, WEEK.start, WEEK.end, VERDICTS.trusted),
      [WEEK.end - 1, null],
      ...spread(5, WEEK.end, NOW, VERDICTS.rogue),
    ]);
    await push(2, [
      [WEEK.start - 1, VERDICTS.rogue],
      [WEEK.start, VERDICTS.rogue],
      [WEEK.start + DAY, VERDICTS.undetermined],
      [WEEK.end - 1, VERDICTS.pending],
      [WEEK.end, VERDICTS.rogue],
    ]);
    await steps();
    const [only, ...others] = await told();
    expect(others).toEqual([]);
    expect(only?.event).toBe('digest-1-2026-W47');
    expect(only?.summary).toMatchObject({
      repositories: 2,
      pushes: { trusted: 37, rogue: 1, undetermined: 1, pending: 1 },
      alerts: { opened: 0 },
      tested: null,
    });
    expect(woken).toBe(1);
  });

  it('comes also when nothing happened, once a week, whatever asks again', async () => {
    await watch(1);
    await steps();
    await steps(NOW + 3_600_000);
    expect(await told()).toHaveLength(1);
    await steps(NOW + 7 * DAY);
    expect((await told()).map(({ event }) => event)).toEqual(['digest-1-2026-W47', 'digest-1-2026-W48']);
  });

  it('comes not on other days, nor to a team that has no images or was not there yet', async () => {
    await steps();
    await watch(1);
    await steps(NOW - DAY);
    await steps(NOW + DAY);
    await local.db.prepare('UPDATE teams SET created_at = ?1').bind(WEEK.end).run();
    await steps();
    expect(await told()).toEqual([]);
  });

  it('is exact for a very busy repository too: it takes more steps, each of a bounded size', async () => {
    await watch(1);
    await watch(2);
    await push(1, spread(7_321, WEEK.start, WEEK.end, VERDICTS.trusted));
    await push(2, spread(11, WEEK.start, WEEK.end, VERDICTS.rogue));
    const costs = await steps();
    expect((await told())[0]?.summary.pushes).toMatchObject({ trusted: 7_321, rogue: 11 });
    expect(costs.length).toBeGreaterThan(4);
    for (const { statements, rowsRead } of costs) {
      expect(statements).toBeLessThanOrEqual(15);
      // Each row of a walk is read by its key, and once more as the one that the next is looked up from.
      expect(rowsRead).toBeLessThan(10_000);
    }
  });

  it('reads as many rows with a year of pushes before that week as with a day', async () => {
    await watch(1);
    await push(1, spread(80, WEEK.start - DAY, WEEK.start - 3_600_000, VERDICTS.trusted));
    await push(1, spread(577, WEEK.start, WEEK.end, VERDICTS.trusted));
    const [few] = await steps();
    await local.db.batch(['pushes', 'notifications'].map((table) => local.db.prepare(`DELETE FROM ${table}`)));
    await push(1, spread(30_000, WEEK.start - 365 * DAY, WEEK.start - 3_600_000, VERDICTS.trusted));
    await push(1, spread(577, WEEK.start, WEEK.end, VERDICTS.trusted));
    const [many] = await steps();
    expect(many?.rowsRead).toBe(few?.rowsRead);
    expect(many?.rowsRead).toBeLessThan(577 * 4);
  });

  it('tells how alerts ended, what could not be seen, and when the alarm was last tested', async () => {
    await watch(1);
    const alert = (at: number, resolution: string | null) =>
      local.db
        .prepare(
          `INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, resolution)
           VALUES (1, 1, hex(randomblob(8)), iif(?2 IS NULL, 'open', 'closed'), '{}', ?1, ?1, ?2)`,
        )
        .bind(at, resolution);
    const health = (kind: string, from: number, to: number | null) =>
      local.db
        .prepare(
          `INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at, closed_at) VALUES (1, ?1, hex(randomblob(8)), ?2, ?3, ?3, ?4)`,
        )
        .bind(kind, JSON.stringify({ kind, image: 'x', reason: 'HTTP 429' }), from, to);
    await local.db.batch([
      alert(WEEK.start - 1, null),
      alert(WEEK.start, null),
      alert(WEEK.start + 1, 'cleared'),
      alert(WEEK.start + 2, 'incident'),
      alert(WEEK.end - 1, 'incident'),
      alert(WEEK.end, 'expected'),
      health('registry-unreadable', WEEK.start - 9 * DAY, WEEK.start - 8 * DAY),
      health('registry-unreadable', WEEK.start - DAY, WEEK.start + 5),
      health('no-channel', WEEK.start + DAY, null),
      health('unwatched-image', WEEK.start + DAY, null),
      health('registry-unreadable', WEEK.end + 1, null),
      local.db.prepare('UPDATE teams SET tested_at = 5, test_seen_at = 6, test_seen_by = ?1').bind('ana'),
    ]);
    await steps();
    const [only] = await told();
    expect(only?.summary.alerts).toEqual({ opened: 4, open: 1, closed: { cleared: 1, expected: 0, incident: 2 } });
    expect(only?.summary.blind.map(({ fact, from, to }) => [fact.kind, from, to])).toEqual([
      ['registry-unreadable', WEEK.start - DAY, WEEK.start + 5],
      ['no-channel', WEEK.start + DAY, null],
    ]);
    expect(only?.summary.tested).toEqual({ at: 5, seenBy: 'ana' });
  });
});
