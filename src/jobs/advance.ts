import type { Services } from '../compose.ts';
import { refreshRoots } from '../usecases/refresh-roots.ts';
import { summarizeWeek } from '../usecases/summarize-week.ts';
import { rootDependencies, summaryDependencies } from './dependencies.ts';
import { everyMinute, expire, redrive, sweepOne } from './scheduled.ts';

/** Enough for any honest use; a loop that never ends would hang the request instead of failing it. */
const MAX_STEPS = 5000;
/** The outside world stands still while the clock is advanced: after two sweeps of a repository a third sees nothing new. */
const MAX_SWEEPS = 2;

/**
 * Advances a local installation's clock, stopping at every moment in between at which something is due (deadlines,
 * retries, messages, sweeps) and doing it, as if that time had passed.
 */
export async function advanceClock(services: Services, byMs: number): Promise<void> {
  const target = services.clock.now() + byMs;
  const swept = new Map<number, number>();
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const sweeps = (await services.sweeps.due(target, 1000)).filter(({ id }) => (swept.get(id) ?? 0) < MAX_SWEEPS);
    const due = [
      await services.checks.nextDue(),
      await services.notifications.nextDue(),
      ...sweeps.map((each) => each.nextSweepAt),
    ];
    const next = Math.min(...due.filter((at) => at !== null));
    if (next > target) break;
    await setTo(services, next);
    await redrive(services, Number.POSITIVE_INFINITY);
    for (const each of sweeps.filter(({ nextSweepAt }) => nextSweepAt <= services.clock.now())) {
      await sweepOne(services, each, { requests: Number.MAX_SAFE_INTEGER });
      swept.set(each.id, (swept.get(each.id) ?? 0) + 1);
    }
  }
  await setTo(services, target);
  await redrive(services, Number.POSITIVE_INFINITY);
}

/** Never backwards: time passes while things are done. */
async function setTo(services: Services, at: number): Promise<void> {
  services.clock.offsetMs += Math.max(0, Math.round(at - services.clock.now()));
  await services.clockStore.setOffset(services.clock.offsetMs);
}

export const JOBS = ['sweep', 'redrive', 'retention', 'roots', 'summary', 'cron'] as const;

/** Runs a job of cron's now, whatever its schedule. */
export async function runJob(services: Services, job: (typeof JOBS)[number]): Promise<void> {
  switch (job) {
    case 'cron':
      return everyMinute(services, services.clock.now());
    case 'redrive':
      await redrive(services, Number.POSITIVE_INFINITY);
      return;
    case 'retention':
      return expire(services);
    case 'roots':
      await refreshRoots(rootDependencies(services), true);
      return;
    case 'summary': {
      let isMore = true;
      while (isMore) isMore = await summarizeWeek(summaryDependencies(services));
      return;
    }
    case 'sweep': {
      for (const id of await services.sweeps.all()) {
        const target = await services.sweeps.target(id);
        if (target !== null) await sweepOne(services, target, { requests: Number.MAX_SAFE_INTEGER });
      }
    }
  }
}
