import type { Services } from '../compose.ts';
import { checkPushes } from '../usecases/check-pushes.ts';
import { deliverNotifications } from '../usecases/deliver-notifications.ts';
import { refreshRoots } from '../usecases/refresh-roots.ts';
import { sweep } from '../usecases/sweep.ts';
import { checkDependencies, deliverDependencies, rootDependencies, sweepDependencies } from './dependencies.ts';

const DELIVERIES_KEPT_MS = 30 * 86_400_000;
const SWEEPS_AT_ONCE = 50;

/**
 * Every minute: whatever is overdue, then trusted roots and sweeps; once a day what is kept no longer. One failing job
 * stops no other.
 */
export async function everyMinute(services: Services, scheduledTime: number): Promise<void> {
  // What the roots took of the invocation's requests, the sweeps do without.
  let taken = 0;
  const jobs: [name: string, job: () => Promise<unknown>][] = [
    ['redrive', () => redrive(services)],
    ['roots', async () => (taken = await refreshRoots(rootDependencies(services)))],
    ['sweep', () => sweepDue(services, taken)],
  ];
  const isMidnight = Math.floor(scheduledTime / 60_000) % 1440 === 0;
  if (isMidnight) jobs.push(['retention', () => expire(services)]);
  const failed: unknown[] = [];
  for (const [name, job] of jobs) {
    try {
      await job();
    } catch (error) {
      console.error('scheduled job failed', name, String(error));
      failed.push(error);
    }
  }
  if (failed.length > 0) throw new AggregateError(failed, 'scheduled jobs failed');
}

/** Checks pushes and sends messages whose next step is overdue, whatever became of their queue messages. */
export async function redrive(services: Services, limit?: number): Promise<void> {
  const due = await services.checks.due(services.clock.now(), services.settings.sweepRequestsPerRun);
  if (due.length > 0) await checkPushes(checkDependencies(services, limit), due);
  await deliverNotifications(deliverDependencies(services));
}

/** Sweeps what is due, within one run's budget of registry requests, and checks what was found. */
export async function sweepDue(services: Services, taken = 0): Promise<void> {
  const budget = { requests: services.settings.sweepRequestsPerRun - taken };
  const targets = await services.sweeps.due(services.clock.now(), SWEEPS_AT_ONCE);
  for (const target of targets) {
    if (budget.requests <= 0) return;
    await sweepOne(services, target, budget);
  }
}

/** Sweeps one repository now; answers whether the sweep is complete. */
export async function sweepOne(
  services: Services,
  target: Parameters<typeof sweep>[1],
  budget: { requests: number },
): Promise<void> {
  const found = await sweep(sweepDependencies(services), target, budget);
  const limit = Math.max(services.settings.subrequests, budget.requests);
  if (found.length > 0) await checkPushes(checkDependencies(services, limit), found);
}

/** Drops deliveries older than 30 days, and CI tokens that have expired. */
export async function expire(services: Services): Promise<void> {
  await services.deliveries.expire(services.clock.now() - DELIVERIES_KEPT_MS);
}
