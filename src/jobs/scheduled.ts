import type { Services } from '../compose.ts';
import { checkPushes } from '../usecases/check-pushes.ts';
import { deliverNotifications } from '../usecases/deliver-notifications.ts';
import { refreshRoots } from '../usecases/refresh-roots.ts';
import { summarizeWeek } from '../usecases/summarize-week.ts';
import { sweep } from '../usecases/sweep.ts';
import {
  checkDependencies,
  deliverDependencies,
  rootDependencies,
  summaryDependencies,
  sweepDependencies,
} from './dependencies.ts';

const DELIVERIES_KEPT_MS = 30 * 86_400_000;
/** Slack's own requests are refused when they are older than five minutes, by a real clock. */
const SLACK_REQUESTS_KEPT_MS = 3_600_000;
const SWEEPS_AT_ONCE = 50;
/** Requests of an invocation that overdue pushes leave alone. */
const FOR_SWEEPS = 15;

/**
 * Every minute: whatever is overdue, then trusted roots and sweeps; once a day what is kept no longer. One failing job
 * stops no other.
 */
export async function everyMinute(services: Services, scheduledTime: number): Promise<void> {
  // Of the invocation's requests each does without what those before it took. Pushes that stay undecided must not keep
  // sweeps from finding what no webhook tells.
  let { subrequests: left } = services.settings;
  const jobs: [name: string, job: () => Promise<unknown>][] = [
    ['redrive', async () => (left = FOR_SWEEPS + (await redrive(services, left - FOR_SWEEPS)))],
    ['roots', async () => (left -= await refreshRoots(rootDependencies(services)))],
    ['sweep', () => sweepDue(services, left)],
    ['summary', () => summarizeWeek(summaryDependencies(services))],
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

/**
 * Checks pushes and sends messages whose next step is overdue, whatever became of their queue messages. Answers with how
 * many requests are left.
 */
export async function redrive(services: Services, limit?: number): Promise<number> {
  const due = await services.checks.due(services.clock.now(), services.settings.sweepRequestsPerRun);
  const dependencies = checkDependencies(services, limit);
  if (due.length > 0) await checkPushes(dependencies, due);
  await services.notifications.remind(services.clock.now());
  await deliverNotifications(deliverDependencies(services));
  return dependencies.requests.left;
}

/** Sweeps what is due, within one run's budget of registry requests, and checks what was found. */
export async function sweepDue(services: Services, left: number): Promise<void> {
  const budget = { requests: Math.min(services.settings.sweepRequestsPerRun, left) };
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

/** Drops deliveries older than 30 days, CI tokens that have expired, and Slack's requests that are too old to be replayed. */
export async function expire(services: Services): Promise<void> {
  await services.deliveries.expire(services.clock.now() - DELIVERIES_KEPT_MS);
  await services.slackActions.expire(services.clock.now() - SLACK_REQUESTS_KEPT_MS);
}
