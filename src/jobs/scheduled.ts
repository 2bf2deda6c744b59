import type { Services } from '../compose.ts';
import { checkPushes } from '../usecases/check-pushes.ts';
import { deliverNotifications } from '../usecases/deliver-notifications.ts';
import { sweep } from '../usecases/sweep.ts';
import { checkDependencies, deliverDependencies, sweepDependencies } from './dependencies.ts';

const DELIVERIES_KEPT_MS = 30 * 86_400_000;
const SWEEPS_AT_ONCE = 50;

/** Every minute: whatever is overdue, then sweeps; once a day what is kept no longer. One failing job stops no other. */
export async function everyMinute(services: Services, scheduledTime: number): Promise<void> {
  const jobs: [name: string, job: () => Promise<unknown>][] = [
    ['redrive', () => redrive(services)],
    ['sweep', () => sweepDue(services)],
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
export async function redrive(services: Services): Promise<void> {
  const due = await services.checks.due(services.clock.now(), services.settings.sweepRequestsPerRun);
  if (due.length > 0) await checkPushes(checkDependencies(services), due);
  await deliverNotifications(deliverDependencies(services));
}

/** Sweeps what is due, within one run's budget of registry requests, and checks what was found. */
export async function sweepDue(services: Services): Promise<void> {
  const budget = { requests: services.settings.sweepRequestsPerRun };
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
  if (found.length > 0) await checkPushes(checkDependencies(services), found);
}

/** Drops deliveries older than 30 days, and CI tokens that have expired. */
export async function expire(services: Services): Promise<void> {
  await services.deliveries.expire(services.clock.now() - DELIVERIES_KEPT_MS);
}
