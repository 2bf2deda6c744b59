import type { Services } from '../compose.ts';
import { OPERATORS } from '../domain/health.ts';
import type { AttributeDependencies } from '../usecases/attribute-pushes.ts';
import type { CheckDependencies } from '../usecases/check-pushes.ts';
import type { EventDependencies } from '../usecases/deliver-events.ts';
import type { DeliverDependencies } from '../usecases/deliver-notifications.ts';
import type { PollDependencies } from '../usecases/poll-steps.ts';
import type { RequestBudget } from '../usecases/ports.ts';
import type { ContentsDependencies } from '../usecases/read-contents.ts';
import type { RefreshDependencies } from '../usecases/refresh-roots.ts';
import { createBudget } from '../usecases/request-budget.ts';
import type { ReviewDependencies } from '../usecases/review-credentials.ts';
import type { SummarizeDependencies } from '../usecases/summarize-week.ts';
import type { SweepDependencies } from '../usecases/sweep.ts';

/** What the use cases ask for, from what this isolate has. */
export const checkDependencies = (
  { checks, registry, signatures, health, wakeups, clock, settings }: Services,
  /** How many requests this invocation may make. */
  limit = settings.subrequests,
): CheckDependencies => ({
  store: checks,
  registry,
  signatures,
  requests: createBudget(limit),
  health,
  wakeups,
  clock,
});

export const contentsDependencies = (
  { contents, registry, wakeups, clock }: Services,
  /** Of the invocation. */
  requests: RequestBudget,
): ContentsDependencies => ({ store: contents, reader: registry, requests, wakeups, clock });

export const deliverDependencies = (services: Services): DeliverDependencies => ({
  store: services.notifications,
  notifier: services.notifier,
  health: services.health,
  seal: services.seal,
  wakeups: services.wakeups,
  clock: services.clock,
  publicUrl: services.settings.publicUrl,
  bursts: services.bursts,
  interactive: services.settings.slackSigningSecret !== '',
});

export const eventDependencies = ({ events, eventSender, ...services }: Services): EventDependencies => ({
  store: events,
  sender: eventSender,
  health: services.health,
  seal: services.seal,
  wakeups: services.wakeups,
  clock: services.clock,
});

export const sweepDependencies = (services: Services): SweepDependencies => ({
  store: services.sweeps,
  checks: services.checks,
  registry: services.registry,
  health: services.health,
  clock: services.clock,
  everyMs: services.settings.sweepEveryMs,
});

export const pollDependencies = (services: Services, requests: RequestBudget): PollDependencies => ({
  store: services.sources,
  hub: services.hub,
  seal: services.seal,
  health: services.health,
  requests,
  clock: services.clock,
  everyMs: services.settings.dockerHubPollMs,
  sessions: services.hubSessions,
});

export const attributeDependencies = (services: Services): AttributeDependencies => ({
  store: services.attributions,
  wakeups: services.wakeups,
  clock: services.clock,
});

export const reviewDependencies = (services: Services): ReviewDependencies => ({
  store: services.reviews,
  wakeups: services.wakeups,
  clock: services.clock,
});

export const summaryDependencies = ({ digests, wakeups, clock }: Services): SummarizeDependencies => ({
  store: digests,
  wakeups,
  clock,
});

export const rootDependencies = (services: Services): RefreshDependencies => ({
  mirrors: services.tufMirrors,
  client: services.tuf,
  store: services.mirrors,
  health: services.health,
  check: services.checkTrustedRoot,
  operators: OPERATORS,
  clock: services.clock,
});
