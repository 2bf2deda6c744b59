import type { Services } from '../compose.ts';
import {
  CI_RUNS_KEPT_MS,
  DELIVERIES_KEPT_MS,
  SLACK_REQUESTS_KEPT_MS,
  USED_TOKENS_KEPT_MS,
} from '../domain/retention.ts';
import { attributePushes } from '../usecases/attribute-pushes.ts';
import { checkPushes } from '../usecases/check-pushes.ts';
import type { Source } from '../usecases/credential-stores.ts';
import { deliverEvents } from '../usecases/deliver-events.ts';
import { deliverNotifications } from '../usecases/deliver-notifications.ts';
import { pollSource } from '../usecases/poll-source.ts';
import type { RequestBudget } from '../usecases/ports.ts';
import { CONTENTS_REQUESTS, readDueContents } from '../usecases/read-contents.ts';
import { refreshRoots } from '../usecases/refresh-roots.ts';
import { createBudget } from '../usecases/request-budget.ts';
import { reviewCredentials, tellChanges } from '../usecases/review-credentials.ts';
import { summarizeWeek } from '../usecases/summarize-week.ts';
import { sweep } from '../usecases/sweep.ts';
import {
  attributeDependencies,
  checkDependencies,
  contentsDependencies,
  deliverDependencies,
  eventDependencies,
  pollDependencies,
  reviewDependencies,
  rootDependencies,
  summaryDependencies,
  sweepDependencies,
} from './dependencies.ts';

const SWEEPS_AT_ONCE = 50;
/** A source with many tokens and a busy log takes most of what the Free plan allows an invocation. */
const SUBREQUESTS_PER_POLL = 50;
const FEWEST_TO_POLL = 3;
/** Requests of an invocation that overdue pushes leave alone. */
const FOR_SWEEPS = 15;
/** ... and that are kept for events, if there are any to send. */
const FOR_EVENTS = 10;

/**
 * Every minute: whatever is overdue, then trusted roots and sweeps; once a day what is kept no longer. One failing job
 * stops no other.
 */
export async function everyMinute(services: Services, scheduledTime: number): Promise<void> {
  // Of the invocation's requests each does without what those before it took. Pushes that stay undecided must not keep
  // sweeps from finding what no webhook tells.
  let { subrequests: left } = services.settings;
  let forEvents = 0;
  const jobs: [name: string, job: () => Promise<unknown>][] = [
    ['events due', async () => (left -= forEvents = await eventShare(services))],
    ['redrive', async () => (left = FOR_SWEEPS + (await redrive(services, left - FOR_SWEEPS)))],
    ['roots', async () => (left -= await refreshRoots(rootDependencies(services)))],
    ['poll', async () => (left -= await pollDue(services, left - FOR_SWEEPS))],
    ['contents', async () => (left -= await readOverdueContents(services, left - FOR_SWEEPS))],
    ['review', () => reviewCredentials(reviewDependencies(services))],
    ['sweep', () => sweepDue(services, left)],
    ['summary', () => summarizeWeek(summaryDependencies(services))],
    // Last: receivers may be slow, and nothing here waits for them.
    ['events', async () => forEvents > 0 && redriveEvents(services, forEvents)],
  ];
  const minute = Math.floor(scheduledTime / 60_000);
  if (minute % 60 === 0) jobs.push(['floods that are over', () => settleFloods(services)]);
  if (minute % 1440 === 0) jobs.push(['retention', () => expire(services)]);
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

/** Reads sources that are due; answers with how many requests that took. */
async function pollDue(services: Services, limit: number): Promise<number> {
  const requests = createBudget(limit);
  const atOnce = Math.max(1, Math.floor(services.settings.subrequests / SUBREQUESTS_PER_POLL));
  for (const source of await services.sources.due(services.clock.now(), atOnce)) {
    if (requests.left < FEWEST_TO_POLL) break;
    await pollOne(services, source, requests);
  }
  return limit - requests.left;
}

/** Reads a source, and says of pushes who made them as far as it tells. */
export async function pollOne(services: Services, source: Source, requests: RequestBudget): Promise<void> {
  await pollSource(pollDependencies(services, requests), source);
  const read = await services.sources.get(source.teamId, source.id);
  if (read === null) return;
  await attributePushes(attributeDependencies(services), read);
  await tellChanges(reviewDependencies(services), read);
}

/** Reads what images hold whose turn has come and gone; answers with how many requests that took. */
export async function readOverdueContents(services: Services, limit: number): Promise<number> {
  const requests = createBudget(limit);
  const due = await services.contents.nextDue();
  if (due === null || due > services.clock.now() || limit < CONTENTS_REQUESTS) return 0;
  await readDueContents(contentsDependencies(services, requests));
  return limit - requests.left;
}

/** Requests that sending events takes from an invocation. */
async function eventShare(services: Services): Promise<number> {
  const due = await services.events.nextDue();
  return due !== null && due <= services.clock.now() ? FOR_EVENTS : 0;
}

/** Sends events whose next step is overdue, to slow receivers too. */
export function redriveEvents(services: Services, limit: number): Promise<void> {
  return deliverEvents(eventDependencies(services), { limit, slowToo: true });
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

/** Reads the tags of an image at once, as far as one run goes; cron goes on with what is left. */
export async function readTags(services: Services, repository: number): Promise<void> {
  const target = await services.sweeps.target(repository);
  if (target !== null) await sweepOne(services, target, { requests: services.settings.sweepRequestsPerRun });
}

/** A flood that did not go on for so long is over. */
const FLOOD_OVER_MS = 3_600_000;

export async function settleFloods({ health, clock }: Services): Promise<void> {
  await health.settleQuiet('webhook-limited', clock.now() - FLOOD_OVER_MS, clock.now());
}

/** Drops what is kept no longer: deliveries, CI tokens, runs of CI, events, sessions, links, invitations, Slack's requests. */
export async function expire(services: Services): Promise<void> {
  const now = services.clock.now();
  await services.events.expire(now);
  await services.deliveries.expire(now - DELIVERIES_KEPT_MS, now - USED_TOKENS_KEPT_MS);
  await services.runs.expire(now - CI_RUNS_KEPT_MS);
  await services.sessions.expire(now);
  await services.slackActions.expire(now - SLACK_REQUESTS_KEPT_MS);
}
