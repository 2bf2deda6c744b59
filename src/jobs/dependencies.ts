import type { Services } from '../compose.ts';
import type { CheckDependencies } from '../usecases/check-pushes.ts';
import type { DeliverDependencies } from '../usecases/deliver-notifications.ts';
import type { SweepDependencies } from '../usecases/sweep.ts';

/** What the use cases ask for, from what this isolate has. */
export const checkDependencies = ({ checks, registry, health, wakeups, clock }: Services): CheckDependencies => ({
  store: checks,
  registry,
  health,
  wakeups,
  clock,
});

export const deliverDependencies = (services: Services): DeliverDependencies => ({
  store: services.notifications,
  notifier: services.notifier,
  health: services.health,
  seal: services.seal,
  wakeups: services.wakeups,
  clock: services.clock,
  publicUrl: services.settings.publicUrl,
});

export const sweepDependencies = (services: Services): SweepDependencies => ({
  store: services.sweeps,
  checks: services.checks,
  registry: services.registry,
  health: services.health,
  clock: services.clock,
  everyMs: services.settings.sweepEveryMs,
});
