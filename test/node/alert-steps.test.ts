import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createAlertStore } from '../../src/store/alerts.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { alertFacts } from '../fixtures/notifications.ts';

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
});
afterAll(() => local.close());
beforeEach(async () => {
  await local.db.batch([
    local.db.prepare('DELETE FROM notifications'),
    local.db.prepare('DELETE FROM alerts'),
    local.db
      .prepare(
        `INSERT INTO alerts (id, team_id, repository_id, subject, state, facts, opened_at, updated_at) VALUES (1, 1, 1, 's', 'open', ?1, 100, 100)`,
      )
      .bind(JSON.stringify(alertFacts())),
  ]);
});

const audit = (at: number) => ({ teamId: 1, at, actor: 'key:ann', action: 'alert', target: 'A-1', detail: null });
const alert = { id: 1, facts: alertFacts(), openedAt: 100 };
const acknowledge = (by: string, now: number) =>
  createAlertStore(local.db).acknowledge(1, 1, alert.facts, by, now, audit(now));
const close = (by: string, now: number) =>
  createAlertStore(local.db).close(1, alert, { resolution: 'expected', reason: 'mine', by, now }, audit(now));
const told = async () =>
  (await local.db.prepare('SELECT event FROM notifications ORDER BY id').all<{ event: string }>()).results.map(
    ({ event }) => event,
  );

it('who is second to take it is told so, and nobody else is told anything', async () => {
  expect(await acknowledge('key:ann', 200)).toBe(true);
  expect(await acknowledge('key:bob', 300)).toBe(false);
  expect(await told()).toEqual(['alert-1-acknowledged']);
});

it('a closed alert is not told to be taken', async () => {
  expect(await close('key:ann', 200)).toBe(true);
  expect(await acknowledge('key:bob', 300)).toBe(false);
  expect(await close('key:bob', 400)).toBe(false);
  expect(await told()).toEqual(['alert-1-closed']);
});
