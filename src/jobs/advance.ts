import type { Services } from '../compose.ts';
import { everyMinute, expire, redrive, sweepDue, sweepOne } from './scheduled.ts';

/** Enough for any honest use; a loop that never ends would hang the request instead of failing it. */
const MAX_STEPS = 5000;
/** The outside world stands still while the clock is advanced: after two sweeps the next ones see nothing new. */
const MAX_SWEEPS = 2;

/**
 * Advances a local installation's clock, stopping at every moment in between at which something is due (deadlines,
 * retries, messages, sweeps) and doing it, as if that time had passed.
 */
export async function advanceClock(services: Services, byMs: number): Promise<void> {
  const { clock } = services;
  const target = clock.now() + byMs;
  let sweeps = 0;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const nextSweep = sweeps < MAX_SWEEPS ? await services.sweeps.nextDue() : null;
    const times = [await services.checks.nextDue(), await services.notifications.nextDue(), nextSweep].filter(
      (at) => at !== null,
    );
    const next = times.length === 0 ? target : Math.min(...times);
    if (next > target) break;
    await setTo(services, Math.max(next, clock.now()));
    await redrive(services);
    if (nextSweep !== null && nextSweep <= clock.now()) {
      await sweepDue(services);
      // An unfinished sweep goes on at once; a finished one counts.
      const after = await services.sweeps.nextDue();
      if (after !== null && after > clock.now()) sweeps += 1;
    }
    if (times.length === 0) break;
  }
  await setTo(services, Math.max(target, clock.now()));
  await redrive(services);
}

async function setTo(services: Services, at: number): Promise<void> {
  services.clock.offsetMs += Math.max(0, Math.round(at - services.clock.now()));
  await services.clockStore.setOffset(services.clock.offsetMs);
}

/** Runs a job of cron's now, whatever its schedule. */
export async function runJob(services: Services, job: 'sweep' | 'redrive' | 'retention' | 'cron'): Promise<void> {
  switch (job) {
    case 'cron':
      return everyMinute(services, services.clock.now());
    case 'redrive':
      return redrive(services);
    case 'retention':
      return expire(services);
    case 'sweep': {
      for (const id of await services.sweeps.all()) {
        const target = await services.sweeps.target(id);
        if (target !== null) await sweepOne(services, target, { requests: Number.MAX_SAFE_INTEGER });
      }
    }
  }
}
