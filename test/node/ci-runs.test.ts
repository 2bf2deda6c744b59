import type { D1Database } from '@cloudflare/workers-types';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { WorkflowRun } from '../../src/domain/workflow-run.ts';
import { createCheckStore } from '../../src/store/checks.ts';
import { createCiRunStore, recordRun } from '../../src/store/ci-runs.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { WATCHED, watch } from '../fixtures/push-journey.ts';
import { endedRun, workflowRun } from '../fixtures/workflow-runs.ts';

const T = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TEAM = 1;
const HOOK = 2;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let db: D1Database;
let counting: ReturnType<typeof countingD1>;

beforeAll(async () => {
  local = await openLocalD1();
  counting = countingD1(local.db);
  db = counting.db;
  await watch(local.db);
});
afterAll(() => local.close());
beforeEach(() => local.db.prepare('DELETE FROM ci_runs').run());

const store = () => createCiRunStore(db);
const record = async (run: WorkflowRun, { team = TEAM, at = T } = {}) => recordRun(db, team, run, HOOK, at).run();
const recorded = async (): Promise<WorkflowRun[]> => store().activeRuns(TEAM, ['74'], 0, 9e15);

/** Fills the history of a source repository by SQL: `count` runs of `minutes` each, one after another, up to `until`. */
async function fill(count: number, until: number, minutes: number, source = 74, first = 1_000_000): Promise<void> {
  const end = `(${until} - i * ${minutes * MINUTE})`;
  await local.db
    .prepare(
      `INSERT INTO ci_runs (team_id, server, run_id, attempt, source_id, source, head_source_id, head_sha, event, state, created_at, started_at,
         updated_at, completed_at, hook_id, first_seen_at)
       SELECT ${TEAM}, 'https://github.com', ${first} + i, 1, ${source}, 'octo/app', ${source}, 'c0ffee', 'push', 2,
         ${end} - ${minutes * MINUTE}, ${end} - ${minutes * MINUTE}, ${end}, ${end}, ${HOOK}, ${end}
       FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n)`,
    )
    .run();
}

describe('a run that is recorded', () => {
  const requested = workflowRun(T, { state: 'requested', status: 'queued' });
  const running = workflowRun(T, { updatedAt: T + 5_000 });
  const ended = endedRun(T, T + 10 * MINUTE);

  test('comes back as it was told', async () => {
    await record(running);
    expect(await recorded()).toEqual([running]);
  });

  test('ends the same in whatever order, and however often, it is told', async () => {
    const waiting = workflowRun(T, { state: 'requested', status: 'waiting', updatedAt: T + 6_000 });
    const again = workflowRun(T, { updatedAt: T + 9_000, headBranch: 'v1.2.3' });
    const told = [requested, waiting, running, again, ended];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...told, ...told], { minLength: 10 }), async (order) => {
        await local.db.prepare('DELETE FROM ci_runs').run();
        for (const run of order) await record(run);
        expect(await recorded()).toEqual([ended]);
      }),
      { numRuns: 15 },
    );
  });

  test('keeps the latest news of a run that goes on', async () => {
    const later = { ...running, updatedAt: running.updatedAt + 1 };
    await record(later);
    await record(running);
    await record(requested);
    expect(await recorded()).toEqual([later]);
  });

  test('ends as the furthest state, if the news of two are of the same second or come with times that contradict them', async () => {
    for (const updatedAt of [T + 10 * MINUTE, T + 11 * MINUTE]) {
      const states = [{ ...requested, updatedAt }, { ...running, updatedAt }, ended];
      for (const order of [states, states.toReversed()]) {
        await local.db.prepare('DELETE FROM ci_runs').run();
        for (const run of order) await record(run);
        expect(await recorded()).toEqual([ended]);
      }
    }
  });

  test('has a row for each attempt, for each server and for each team', async () => {
    const attempts = [
      ended,
      workflowRun(T + HOUR, { attempt: 2 }),
      workflowRun(T, { server: 'https://git.example.org' }),
    ];
    for (const run of attempts) await record(run);
    await record(workflowRun(T, { actor: 'of another team' }), { team: 2 });
    expect(await recorded()).toHaveLength(3);
    expect(await recorded()).toEqual(expect.arrayContaining(attempts));
  });

  test('does not change hands: the same run told of another repository changes nothing', async () => {
    await record(running);
    await record({ ...ended, repositoryId: '75' });
    expect(await recorded()).toEqual([running]);
  });

  test('writes three rows when it is new, two when it goes on or ends, and none when it is told again', async () => {
    const long = endedRun(T, T + 2 * HOUR, { attempt: 2 });
    const steps: [WorkflowRun, number][] = [
      [requested, 3],
      [running, 2],
      [running, 0],
      [ended, 2],
      [ended, 0],
      [running, 0],
      [workflowRun(T, { attempt: 2 }), 3],
      [long, 3],
      [long, 0],
    ];
    for (const [run, rowsWritten] of steps)
      expect(await counting.cost(() => record(run))).toMatchObject({ rowsWritten });
  });
});

describe('runs during a time', () => {
  const from = T;
  const to = T + 10 * MINUTE;
  const during = async (): Promise<number[]> =>
    (await store().activeRuns(TEAM, ['74'], from, to)).map(({ id }) => id).sort((a, b) => a - b);

  test.each<[string, WorkflowRun, boolean]>([
    ['within it', endedRun(from + MINUTE, to - MINUTE), true],
    ['all around it', endedRun(from - MINUTE, to + MINUTE), true],
    ['that ended as it began', endedRun(from - MINUTE, from), true],
    ['that ended before', endedRun(from - MINUTE, from - 1), false],
    ['that began as it ended', endedRun(to, to + MINUTE), true],
    ['that began after', endedRun(to + 1, to + MINUTE), false],
    ['of 59 minutes around it', endedRun(to - MINUTE, to + 58 * MINUTE), true],
    ['of an hour and a moment, ended an hour later', endedRun(to - 1, to + HOUR), true],
    ['of hours around it', endedRun(from - 2 * HOUR, to + 5 * HOUR), true],
    ['of days around it', endedRun(from - 20 * DAY, to + 12 * DAY), true],
    ['of hours that began after', endedRun(to + 1, to + 5 * HOUR), false],
    ['that goes on', workflowRun(from - HOUR, { updatedAt: from - HOUR }), true],
    ['that goes on and began after', workflowRun(to + 1), false],
    ['whose end nobody told, a day before', workflowRun(from - DAY, { updatedAt: from - DAY }), true],
    ['whose end nobody told, more than a day before', workflowRun(from - DAY, { updatedAt: from - DAY - 1 }), false],
    ['of another source repository', workflowRun(from, { repositoryId: '75' }), false],
  ])('%s', async (_, run, isThere) => {
    await record(run);
    expect(await during()).toEqual(isThere ? [run.id] : []);
  });

  test('are those that a scan of everything finds, each once', async () => {
    const span = fc.record({
      start: fc.integer({ min: -50 * HOUR, max: 50 * HOUR }),
      length: fc.oneof(fc.integer({ min: 0, max: 2 * HOUR }), fc.integer({ min: 0, max: 80 * HOUR })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(span, { maxLength: 12 }), async (spans) => {
        await local.db.prepare('DELETE FROM ci_runs').run();
        const runs = spans.map(({ start, length }, n) => endedRun(T + start, T + start + length, { id: n + 1 }));
        for (const run of runs) await record(run);
        const wanted = runs.filter((run) => run.startedAt <= to && (run.completedAt ?? 0) >= from);
        expect(await during()).toEqual(wanted.map(({ id }) => id));
      }),
      { numRuns: 25 },
    );
  });

  test('of nobody, of what is no number, and of other teams are none', async () => {
    await record(workflowRun(from));
    expect(await store().activeRuns(TEAM, [], from, to)).toEqual([]);
    expect(await store().activeRuns(TEAM, ['octo/app', '74; DROP', '', '7'.repeat(20)], from, to)).toEqual([]);
    expect(await store().activeRuns(2, ['74'], from, to)).toEqual([]);
    expect(await store().activeRuns(TEAM, ['74', '74'], from, to)).toHaveLength(1);
  });

  test('take no more reading with a longer history, before or after', async () => {
    const reading = () => counting.cost(() => store().activeRuns(TEAM, ['74'], T, to));
    await fill(200, T + 30 * DAY, 720, 74);
    const few = await reading();
    await fill(20_000, T - DAY, 1, 74, 2_000_000);
    await fill(20_000, T + 40 * DAY, 1, 74, 3_000_000);
    await fill(5_000, T, 1, 75, 4_000_000);
    const many = await reading();
    expect(few.rowsRead).toBeLessThan(300);
    expect(many.rowsRead).toBeLessThan(few.rowsRead + 100);
  });
});

describe('what a push is judged with', () => {
  const policy = (ci: object) =>
    JSON.stringify({
      pushers: null,
      immutableTags: [],
      rollbacks: 'alert',
      ci: {
        mode: 'require',
        announceFirst: false,
        windowSeconds: 3600,
        identities: [
          { oidcIssuer: 'https://token.actions.githubusercontent.com', repositoryId: '74' },
          { oidcIssuer: 'https://token.actions.githubusercontent.com', repositoryId: '74', event: 'push' },
          { oidcIssuer: 'https://agent.buildkite.com', repositoryId: '74a0c5a0-1111-4222-8333-444444444444' },
        ],
        ...ci,
      },
      signatures: { mode: 'off' },
      settleSeconds: 120,
      deadlineSeconds: 1800,
    });
  const { id } = WATCHED.github;
  const setPolicy = (ci: object) =>
    local.db.prepare('UPDATE repositories SET policy = ?1 WHERE id = ?2').bind(policy(ci), id).run();
  const load = () => createCheckStore(db).load([{ repository: id, seq: 1 }]);

  beforeEach(async () => {
    await local.db
      .prepare(
        `INSERT OR REPLACE INTO pushes (repository_id, seq, tag, kind, origin, received_at, verdict, next_at) VALUES (?1, 1, 'latest', 0, 1, ?2, 0, ?2)`,
      )
      .bind(id, T)
      .run();
  });

  test('are the runs of the source repositories that its policy names, each once, if it accepts them', async () => {
    const running = workflowRun(T - MINUTE);
    await record(running);
    await record(endedRun(T - HOUR, T - 10 * MINUTE, { id: 8 }));
    await record(workflowRun(T - MINUTE, { id: 9, repositoryId: '75' }));
    await record(workflowRun(T - MINUTE, { id: 10 }), { team: 2 });
    await setPolicy({ concurrentRuns: 'accept' });
    expect((await load()).map(({ runs }) => runs)).toEqual([[running]]);
    for (const off of [{}, { concurrentRuns: 'ignore' }]) {
      await setPolicy(off);
      expect((await load()).map(({ runs }) => runs)).toEqual([[]]);
    }
  });

  test('come in the round trip that loads the push, and cost nothing where they are not accepted', async () => {
    await fill(5_000, T + DAY, 5);
    await setPolicy({});
    const without = await counting.cost(load);
    await setPolicy({ concurrentRuns: 'accept' });
    const accepting = await counting.cost(load);
    expect([without.roundTrips, accepting.roundTrips]).toEqual([1, 1]);
    await fill(5_000, T - 100 * DAY, 5, 74, 5_000_000);
    expect((await counting.cost(load)).rowsRead).toBe(accepting.rowsRead);
    await setPolicy({});
    expect((await counting.cost(load)).rowsRead).toBe(without.rowsRead);
    expect(accepting.rowsRead - without.rowsRead).toBeLessThan(80);
  });

  test('concern the repositories that accept them: the others are not even read', async () => {
    await setPolicy({ concurrentRuns: 'accept' });
    expect(await store().concerned(TEAM, '74')).toMatchObject([{ repository: id }]);
    expect(await store().concerned(TEAM, '7')).toEqual([]);
    expect(await store().concerned(2, '74')).toEqual([]);
    await setPolicy({});
    const { rowsRead } = await counting.cost(() => store().concerned(TEAM, '74'));
    expect(await store().concerned(TEAM, '74')).toEqual([]);
    expect(rowsRead).toBe(0);
  });
});

describe('pushes that a run wakes', () => {
  const { id } = WATCHED.github;
  const other = WATCHED.dockerhub.id;
  const add = (
    repository: number,
    seq: number,
    columns: { verdict: number; next: number | null; digest?: string; alert?: number },
  ) =>
    local.db
      .prepare(
        `INSERT OR REPLACE INTO pushes (repository_id, seq, tag, kind, origin, received_at, verdict, next_at, digest, alert_id)
         VALUES (?1, ?2, 'x' || ?2, 1, 1, ?3, ?4, ?5, unhex(?6), ?7)`,
      )
      .bind(repository, seq, T, columns.verdict, columns.next, columns.digest ?? null, columns.alert ?? null)
      .run();
  const woken = async (...repositories: number[]) =>
    (await store().toWake(repositories, T)).map(({ repository, seq }) => `${repository}-${seq}`).sort();

  beforeAll(async () => {
    const digest = 'ab'.repeat(32);
    await local.db.prepare('DELETE FROM pushes').run();
    await local.db
      .prepare(
        `INSERT INTO alerts (id, team_id, repository_id, subject, state, facts, opened_at, updated_at) VALUES (5, 1, ?1, ?2, 'open', '{}', ?3, ?3)`,
      )
      .bind(id, digest, T)
      .run();
    await add(id, 1, { verdict: 0, next: T + 1 });
    await add(id, 2, { verdict: 2, next: null, digest, alert: 5 });
    await add(id, 3, { verdict: 1, next: null, digest });
    await add(id, 4, { verdict: 2, next: T + 1, digest, alert: 5 });
    await add(other, 1, { verdict: 0, next: T + 1 });
  });

  test('are those that wait and those that alarm, each once, and of no other repository', async () => {
    expect(await woken(id)).toEqual([`${id}-1`, `${id}-2`, `${id}-4`]);
    expect(await woken(id, other)).toEqual([`${other}-1`, `${id}-1`, `${id}-2`, `${id}-4`].sort());
    expect(await woken(id + 100)).toEqual([]);
  });

  test('are found in one round trip, whatever the history and the number of repositories', async () => {
    const look = () =>
      counting.cost(() => store().toWake([id, other, ...Array.from({ length: 200 }, (_, n) => n + 100)], T));
    const few = await look();
    await local.db
      .prepare(
        `INSERT INTO pushes (repository_id, seq, tag, kind, origin, received_at, verdict, digest)
         SELECT ?1, 1000 + i, 'old', 1, 1, ?2, 1, randomblob(32) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n)`,
      )
      .bind(id, T)
      .run();
    // One more: the entry at which the search in the digests ends.
    expect((await look()).rowsRead).toBeLessThanOrEqual(few.rowsRead + 1);
    expect(few).toMatchObject({ roundTrips: 1, statements: 1 });
    expect(few.rowsRead).toBeLessThan(500);
  });
});

describe('runs by source repository', () => {
  test('come page by page: those that go on first, then by their end', async () => {
    for (let n = 1; n <= 5; n += 1) await record(endedRun(T, T + Math.ceil(n / 2) * MINUTE, { id: n }));
    await record(workflowRun(T, { id: 6 }));
    await record(workflowRun(T, { id: 7, repositoryId: '75' }));
    const first = await store().list(TEAM, '74', null, 2);
    expect(first.map(({ run }) => run.id)).toEqual([6, 5, 4]);
    const seen = first.slice(1);
    for (;;) {
      const last = seen.at(-1);
      if (last === undefined) throw new Error('a page is empty');
      const { completedAt, startedAt } = last.run;
      const page = await store().list(TEAM, '74', { completedAt: completedAt ?? 0, startedAt, id: last.id }, 2);
      if (page.length === 0) break;
      seen.push(...page);
    }
    expect(seen.map(({ run }) => run.id)).toEqual([5, 4, 3, 2, 1]);
  });

  test('take as much reading as a page has', async () => {
    await fill(5_000, T, 5);
    expect((await counting.cost(() => store().list(TEAM, '74', null, 50))).rowsRead).toBeLessThan(160);
  });
});

describe('old runs', () => {
  test('are dropped once they are older, the oldest first', async () => {
    await record(workflowRun(T, { id: 1 }), { at: T - 2 });
    await record(workflowRun(T, { id: 2 }), { at: T - 1 });
    await record(workflowRun(T, { id: 3 }), { at: T });
    await store().expire(T);
    expect((await recorded()).map(({ id }) => id)).toEqual([3]);
  });

  test('are dropped by thousands at most, and looking for them costs a row', async () => {
    await fill(25_000, T, 1);
    // By first_seen_at in the order of the key, as the product writes them.
    await local.db.prepare('UPDATE ci_runs SET first_seen_at = id').run();
    const { rowsRead } = await counting.cost(() => store().expire(0));
    expect(rowsRead).toBe(1);
    await store().expire(T);
    const left = await local.db.prepare('SELECT count(*) AS n FROM ci_runs').first<{ n: number }>();
    expect(left).toEqual({ n: 5_000 });
  });
});
