import { afterAll, beforeAll, expect, it } from 'vitest';
import { createBlastRadiusStore } from '../../src/store/blast-radius.ts';
import type { ReportCredential } from '../../src/usecases/blast-radius-report.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { WATCHED, watch } from '../fixtures/push-journey.ts';

/** What the digests to go back to cost, where one credential has made every push there is: a busy CI token that leaks. */

const SPAN = { from: 0, to: 9e15 };

let local: Awaited<ReturnType<typeof openLocalD1>>;
let credential: ReportCredential;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await fillPushes(local.db, 'dockerhub', 6000);
  const before = { at: SPAN.to, key: '' };
  const facts = await createBlastRadiusStore(local.db).read(1, 1, SPAN, before, { uses: 1, images: 1 });
  if (facts === null) throw new Error('there is no credential');
  ({ credential } = facts);
});
afterAll(() => local.close());

async function rowsReadFor(seqs: readonly number[]): Promise<number> {
  const { db, cost } = countingD1(local.db);
  const keys = seqs.map((seq) => ({ repository: WATCHED.dockerhub.id, seq }));
  const { rowsRead } = await cost(async () => {
    const details = await createBlastRadiusStore(db).details(1, credential, SPAN, keys);
    expect(details.filter((each) => each !== null)).toHaveLength(seqs.length);
  });
  return rowsRead;
}

it('a push is read by key with its tag’s chain, at most 50 pushes back, and nothing else of its image', async () => {
  // A chain of tags that move every 97 pushes: 61 links long.
  const seq = 5999;
  const rows = await rowsReadFor([seq]);
  // A chain's push is read to go on and once more to be told, each with the use that made it.
  expect(rows).toBeLessThanOrEqual(6 * 50 + 10);
  await fillPushes(local.db, 'dockerhub', 14_000);
  expect(await rowsReadFor([seq])).toBe(rows);
});
