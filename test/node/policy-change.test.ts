import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRepositoryStore } from '../../src/store/repositories.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { watch } from '../fixtures/push-journey.ts';

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
});
afterAll(() => local.close());

const stored = async () =>
  (await local.db.prepare('SELECT policy FROM repositories WHERE id = 1').first<{ policy: string }>())?.policy ?? '';
const recorded = async () => (await local.db.prepare('SELECT id FROM audit_log').all()).results.length;

test('a change overwrites no policy but the one that it is a change of, and only what was done is recorded', async () => {
  const repositories = createRepositoryStore(local.db);
  const before = await stored();
  const first = { ...JSON.parse(before), pushers: ['first'] };
  const second = { ...JSON.parse(before), pushers: ['second'] };
  const audit = { teamId: 1, at: 1, actor: 'test', action: 'repository.changed', target: 'x', detail: null };
  expect(await repositories.change(1, 1, first, null, audit, before)).toBe(true);
  expect(await repositories.change(1, 1, second, null, audit, before)).toBe(false);
  expect([JSON.parse(await stored()).pushers, await recorded()]).toEqual([['first'], 1]);
  expect(await repositories.change(2, 1, second, null, audit)).toBe(false);
  expect(await repositories.change(1, 1, second, null, audit)).toBe(true);
  expect([JSON.parse(await stored()).pushers, await recorded()]).toEqual([['second'], 2]);
});
