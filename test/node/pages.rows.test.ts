import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createInboxStore } from '../../src/store/inbox.ts';
import { createOverviewStore } from '../../src/store/overview.ts';
import { createPeopleStore } from '../../src/store/people.ts';
import { createSearchStore } from '../../src/store/search.ts';
import { createSessionStore } from '../../src/store/sessions.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { watch } from '../fixtures/push-journey.ts';
import { addSignedIn, sha256 } from '../fixtures/visitor.ts';

/** What pages cost: they are opened at night, when there is no time for a table scan. */

type Costs = Readonly<Record<string, Readonly<D1Counts>>>;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let token: string;
let few: Costs;
let many: Costs;

const digest = `sha256:${'ab'.repeat(32)}` as const;

/** Every read of a page, by the page. */
async function costs(real: D1Database): Promise<Costs> {
  const { db, cost } = countingD1(real);
  const now = Date.now();
  const hash = sha256(token);
  return {
    session: await cost(() => createSessionStore(db).byHash(hash, now)),
    overview: await cost(() => createOverviewStore(db).read(1, now)),
    search: await cost(() => createSearchStore(db).find(1, digest, digest)),
    alerts: await cost(() => createInboxStore(db).alerts(1, 'closed', Number.MAX_SAFE_INTEGER, 50)),
    troubles: await cost(() => createInboxStore(db).health(1, 50)),
    team: await cost(() => createPeopleStore(db).team(1, now)),
  };
}

/** Closed alerts and health alerts that are over: what piles up over the years. */
async function fillAlerts(db: D1Database, count: number): Promise<void> {
  const n = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;
  await db.batch([
    db.prepare(
      `${n} INSERT INTO alerts (team_id, repository_id, subject, state, facts, opened_at, updated_at, closed_at)
       SELECT 1, 1, 's' || i, 'closed', '{}', i, i, i FROM n`,
    ),
    db.prepare(
      `${n} INSERT INTO health_alerts (team_id, kind, subject, fact, opened_at, last_seen_at, closed_at)
       SELECT 1, 'no-channel', 's' || i, '{}', i, i, i FROM n`,
    ),
  ]);
}

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  ({ token } = await addSignedIn(local.db, 1, 'reader', 'viewer'));
  for (const provider of ['dockerhub', 'github'] as const) await fillPushes(local.db, provider, 100);
  await fillAlerts(local.db, 100);
  few = await costs(local.db);
  for (const provider of ['dockerhub', 'github'] as const) await fillPushes(local.db, provider, 20_000);
  await fillAlerts(local.db, 5_000);
  many = await costs(local.db);
}, 120_000);
afterAll(() => local.close());

it('waits for D1 once for the session and once for the page', () => {
  for (const [name, { roundTrips }] of Object.entries(few)) expect([name, roundTrips]).toEqual([name, 1]);
});

it('reads as many rows with years of pushes and alerts stored as with a few', () => {
  for (const name of Object.keys(few)) expect([name, many[name]?.rowsRead]).toEqual([name, few[name]?.rowsRead]);
});

it('writes nothing by looking', () => {
  for (const [name, { rowsWritten }] of Object.entries(many)) expect([name, rowsWritten]).toEqual([name, 0]);
});

it('reads few rows', () => {
  expect(few.session?.rowsRead).toBeLessThanOrEqual(20);
  expect(few.search?.rowsRead).toBeLessThanOrEqual(20);
});
