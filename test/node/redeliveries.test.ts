import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { deliveryOf, digestOf, journey, registryOf, Tags, WATCHED, watch } from '../fixtures/push-journey.ts';

const DAY = 86_400_000;
/** A day's last second: the next one belongs to another day. */
const LATE = 20_000 * DAY - 1000;

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
});
afterAll(() => local.close());

/** What becomes of a delivery that comes a second time so much later. */
async function redelivered(tag: string, later: number) {
  const { accept } = journey(local.db, registryOf(new Tags()));
  const delivery = deliveryOf('github', tag, digestOf(tag), LATE);
  expect((await accept(delivery)).pushes).toHaveLength(1);
  const again = await accept({ ...delivery, receivedAt: LATE + later });
  const rows = await local.db
    .prepare('SELECT count(*) AS n FROM deliveries WHERE hook_id = ?1 AND body_sha256 = ?2')
    .bind(WATCHED.github.hook, delivery.bodySha256)
    .first<{ n: number }>();
  return { repeated: again.repeated, pushes: again.pushes.length, rows: rows?.n };
}

// GitHub redelivers for 3 days, GitHub Enterprise Server for 7.
it.each([2.6, 3, 4, 7, 7.9])('a delivery that comes again %f days later is no second push', async (days) => {
  expect(await redelivered(`v-${days}`, days * DAY)).toEqual({ repeated: true, pushes: 0, rows: 1 });
});

it('a delivery that comes again after nobody redelivers any more is looked at like a new one', async () => {
  expect(await redelivered('v-old', 9.1 * DAY)).toEqual({ repeated: false, pushes: 1, rows: 2 });
});
