import type { Delivery } from '../domain/delivery.ts';
import { type RunDependencies, wakeForRun } from './ci-runs.ts';
import type { CheckMessage } from './ports.ts';
import type { DeliveryStore, HealthStore, PushKey } from './stores.ts';

export interface ReceiveDependencies extends RunDependencies {
  readonly deliveries: DeliveryStore;
  readonly health: HealthStore;
}

export interface Received {
  /** Pushes recorded now. */
  readonly pushes: readonly PushKey[];
  /** Images that are not watched. */
  readonly unwatched: readonly string[];
  readonly repeated: boolean;
  /** `false`: a repeat could not be looked at, and nothing but the sender's retry will make us look soon. */
  readonly looked: boolean;
}

/**
 * Records an authenticated delivery and wakes the checks. When this returns, the database has it: a wake-up that the
 * queue did not take is found by cron.
 */
export async function receiveDelivery(
  deps: ReceiveDependencies,
  hook: { readonly teamId: number; readonly publicId: string },
  delivery: Delivery,
): Promise<Received> {
  const recorded = await deps.deliveries.record(delivery, hook.teamId);
  if (delivery.content.kind === 'not-understood') {
    const fact = { kind: 'delivery-not-understood', hook: hook.publicId, problem: delivery.content.problem } as const;
    await deps.health.raise(hook.teamId, fact, delivery.receivedAt);
  }
  if (delivery.content.kind === 'ci-run')
    await wakeForRun(deps, hook.teamId, delivery.content.run, delivery.receivedAt);
  if (delivery.content.kind === 'hook-deleted') await deps.wakeups.notifications();
  if (recorded.unwatched.length > 0) await newsOfUnwatched(deps, hook.teamId, delivery, recorded.unwatched);
  const checks = recorded.pushes.map((check): CheckMessage => ({ check }));
  const looks = recorded.looks.map((look): CheckMessage => ({ look }));
  const taken = checks.length + looks.length === 0 || (await deps.wakeups.checks([...checks, ...looks]));
  return {
    pushes: recorded.pushes,
    unwatched: recorded.unwatched.map(({ image }) => image),
    repeated: recorded.repeated,
    looked: taken || looks.length === 0,
  };
}

/** One delivery makes this much news at most; the list has the rest. */
const MAX_NEWS = 3;

/** A new image under your name is news, once. */
async function newsOfUnwatched(
  deps: ReceiveDependencies,
  teamId: number,
  delivery: Delivery,
  unwatched: readonly { readonly image: string; readonly tag: string; readonly pusher: string | null }[],
): Promise<void> {
  const fresh = await deps.deliveries.noteUnwatched(teamId, delivery.hookId, unwatched, delivery.receivedAt);
  for (const image of fresh.slice(0, MAX_NEWS)) {
    const pusher = unwatched.find((each) => each.image === image)?.pusher ?? null;
    await deps.health.raise(teamId, { kind: 'unwatched-image', image, pusher }, delivery.receivedAt);
  }
}
