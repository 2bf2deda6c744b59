import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createCheckStore } from '../../src/store/checks.ts';
import { createFirstStepStore } from '../../src/store/first-steps.ts';
import { createInboxStore } from '../../src/store/inbox.ts';
import { createRuleStore } from '../../src/store/rules.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { watch } from '../fixtures/push-journey.ts';

/** What the pages about a new image, a rule and a burst cost. */

type Costs = Readonly<Record<string, Readonly<D1Counts>>>;

const ALERT = 1_000_000;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let few: Costs;
let many: Costs;

async function costs(real: D1Database): Promise<Costs> {
  const { db, cost } = countingD1(real);
  const inbox = createInboxStore(db);
  const alert = await inbox.alert(1, ALERT);
  if (alert === null) throw new Error('the alert is there');
  const matter = await createRuleStore(db).read(1, ALERT);
  const pushes = (matter?.pushes ?? []).map(({ push }) => ({ push, digest: push.digest }));
  expect(pushes.length).toBeGreaterThanOrEqual(50);
  return {
    firstSteps: await cost(() => createFirstStepStore(db).read(1, 1, `test-${crypto.randomUUID()}`)),
    rule: await cost(() => createRuleStore(db).read(1, ALERT)),
    pasts: await cost(() => createCheckStore(db).pasts(pushes)),
    burst: await cost(() => inbox.around(1, alert, 0, 51)),
  };
}

/** Closed alerts of the years, among them a burst of a thousand, and an open one. */
async function fillAlerts(db: D1Database, count: number): Promise<void> {
  await db
    .prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
       INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, closed_at, burst_id)
       SELECT 1, 1, 's' || i, 'closed', '{}', i, i, i, iif(i <= 1000, 1, NULL) FROM n`,
    )
    .run();
}

beforeAll(async () => {
  local = await openLocalD1();
  const { db } = local;
  await watch(db);
  await db.batch([
    db.prepare(
      "INSERT INTO channels (team_id, name, kind, sealed, for_alerts, created_at) VALUES (1, 'a', 'teams', 'x', 1, 0)",
    ),
    db
      .prepare(
        'INSERT INTO bursts (id, team_id, channel_id, severity, opened_at, joined_at) VALUES (1, 1, 1, ?1, 0, 0)',
      )
      .bind('high'),
    db
      .prepare(
        `INSERT INTO alerts (id, team_id, repository_id, subject, state, facts, opened_at, updated_at, burst_id)
         VALUES (?1, 1, 1, ?2, 'open', '{"findings":[],"tags":[]}', 0, 0, 1)`,
      )
      .bind(ALERT, 'ab'.repeat(32)),
  ]);
  await fillPushes(db, 'dockerhub', 1000);
  await fillAlerts(db, 1000);
  few = await costs(db);
  await fillPushes(db, 'dockerhub', 20_000);
  await fillAlerts(db, 5000);
  many = await costs(db);
}, 120_000);
afterAll(() => local.close());

it('waits for D1 once for each, so that no page waits more than three times', () => {
  for (const [name, { roundTrips }] of Object.entries(few)) expect([name, roundTrips]).toEqual([name, 1]);
});

it('reads as many rows with years of pushes and alerts stored as with a few', () => {
  for (const name of Object.keys(few)) expect([name, many[name]?.rowsRead]).toEqual([name, few[name]?.rowsRead]);
});

it('writes nothing by looking', () => {
  for (const [name, { rowsWritten }] of Object.entries(many)) expect([name, rowsWritten]).toEqual([name, 0]);
});

it('reads few rows', () => {
  expect(many.firstSteps?.rowsRead).toBeLessThanOrEqual(60);
  expect(many.burst?.rowsRead).toBeLessThanOrEqual(60);
  // Four statements look among 200 rows each, and take a handful by key for each of 50.
  expect(many.rule?.rowsRead).toBeLessThanOrEqual(1500);
  expect(many.pasts?.rowsRead).toBeLessThanOrEqual(1000);
});
