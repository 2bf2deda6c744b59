import type { Services } from '../compose.ts';
import type { Source } from '../usecases/credential-stores.ts';
import { refreshRoots } from '../usecases/refresh-roots.ts';
import { createBudget } from '../usecases/request-budget.ts';
import { reviewCredentials } from '../usecases/review-credentials.ts';
import { summarizeWeek } from '../usecases/summarize-week.ts';
import { reviewDependencies, rootDependencies, summaryDependencies } from './dependencies.ts';
import {
  everyMinute,
  expire,
  pollOne,
  readOverdueContents,
  redrive,
  redriveEvents,
  settleFloods,
  sweepOne,
} from './scheduled.ts';

/** Enough for any honest use; a loop that never ends would hang the request instead of failing it. */
const MAX_STEPS = 5000;
/** The outside world stands still while the clock is advanced: after two sweeps or polls a third sees nothing new. */
const MAX_TIMES = 2;
const EVENTS_AT_ONCE = 1000;

/**
 * Advances a local installation's clock, stopping at every moment in between at which something is due (deadlines,
 * retries, messages, polls, sweeps) and doing it, as if that time had passed.
 */
export async function advanceClock(services: Services, byMs: number): Promise<void> {
  const target = services.clock.now() + byMs;
  const swept = new Map<number, number>();
  const polled = new Map<number, number>();
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const sweeps = within(await services.sweeps.due(target, 1000), swept);
    const polls = within(await services.sources.due(target, 1000), polled);
    const due = [
      await services.checks.nextDue(),
      await services.notifications.nextDue(),
      await services.reviews.nextDue(),
      await services.contents.nextDue(),
      ...polls.map((each) => each.nextPollAt),
      await services.events.nextDue(),
      ...sweeps.map((each) => each.nextSweepAt),
    ];
    const next = Math.min(...due.filter((at) => at !== null));
    if (next > target) break;
    await setTo(services, next);
    await pollThese(
      services,
      polls.filter(({ nextPollAt }) => nextPollAt <= services.clock.now()),
      polled,
    );
    await redrive(services, Number.POSITIVE_INFINITY);
    await readOverdueContents(services, Number.POSITIVE_INFINITY);
    await redriveEvents(services, EVENTS_AT_ONCE);
    for (const each of sweeps.filter(({ nextSweepAt }) => nextSweepAt <= services.clock.now())) {
      await sweepOne(services, each, { requests: Number.MAX_SAFE_INTEGER });
      swept.set(each.id, (swept.get(each.id) ?? 0) + 1);
    }
  }
  await setTo(services, target);
  // What a log shows late is seen at the end.
  await pollThese(services, await services.sources.due(target, 1000), polled);
  await redrive(services, Number.POSITIVE_INFINITY);
  await redriveEvents(services, EVENTS_AT_ONCE);
}

const within = <T extends { readonly id: number }>(due: readonly T[], done: ReadonlyMap<number, number>): T[] =>
  due.filter(({ id }) => (done.get(id) ?? 0) < MAX_TIMES);

async function pollThese(services: Services, sources: readonly Source[], polled: Map<number, number>): Promise<void> {
  for (const source of sources) {
    await pollOne(services, source, createBudget(Number.POSITIVE_INFINITY));
    polled.set(source.id, (polled.get(source.id) ?? 0) + 1);
  }
  await reviewCredentials(reviewDependencies(services));
}

/** Never backwards: time passes while things are done. */
async function setTo(services: Services, at: number): Promise<void> {
  services.clock.offsetMs += Math.max(0, Math.round(at - services.clock.now()));
  await services.clockStore.setOffset(services.clock.offsetMs);
}

export const JOBS = ['sweep', 'poll', 'redrive', 'retention', 'roots', 'summary', 'cron'] as const;

/** Runs a job of cron's now, whatever its schedule. */
export async function runJob(services: Services, job: (typeof JOBS)[number]): Promise<void> {
  switch (job) {
    case 'cron':
      return everyMinute(services, services.clock.now());
    case 'redrive':
      await redrive(services, Number.POSITIVE_INFINITY);
      await redriveEvents(services, EVENTS_AT_ONCE);
      return;
    case 'retention':
      await settleFloods(services);
      return expire(services);
    case 'roots':
      await refreshRoots(rootDependencies(services), true);
      return;
    case 'poll':
      return pollThese(services, await services.sources.all(), new Map());
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
