import { mayVouch } from '../domain/concurrent-run.ts';
import type { Policy } from '../domain/policy.ts';
import type { WorkflowRun } from '../domain/workflow-run.ts';
import type { CheckMessage, Wakeups } from './ports.ts';
import type { PushKey } from './stores.ts';

/** Runs of CI by team. They are written with the deliveries that tell of them (`DeliveryStore.record`). */
export interface CiRunStore {
  /**
   * Runs of these source repositories (numeric ids) that went on at some time from `from` to `to` (ms, both included),
   * the latest start first, at most 2000. Everything is there that was told: forks' runs and what waits to begin too.
   */
  activeRuns(teamId: number, repositoryIds: readonly string[], from: number, to: number): Promise<WorkflowRun[]>;
  /** Runs of a source repository, newest end first; without `before` after those that go on. */
  list(teamId: number, repositoryId: string, before: RunCursor | null, limit: number): Promise<ListedRun[]>;
  /** Watched repositories whose policy accepts runs of this source repository as evidence. */
  concerned(
    teamId: number,
    repositoryId: string,
  ): Promise<readonly { readonly repository: number; readonly policy: Policy }[]>;
  /** Pushes of these repositories that wait and were received since then (ms), and those of live alerts. */
  toWake(repositories: readonly number[], since: number): Promise<readonly PushKey[]>;
  /** Drops runs first heard of before `before` (ms), the oldest first and not endlessly many at once. */
  expire(before: number): Promise<void>;
}

/** Where a page of runs ends. */
export interface RunCursor {
  readonly completedAt: number;
  readonly startedAt: number;
  readonly id: number;
}

export interface ListedRun {
  /** Of the row, for the cursor. */
  readonly id: number;
  readonly run: WorkflowRun;
}

export interface RunDependencies {
  readonly runs: CiRunStore;
  readonly wakeups: Wakeups;
}

const RECENT_MS = 48 * 3_600_000;

/**
 * Wakes the pushes that a run may vouch for: those that wait for CI, and those that alarm since none was known. Every
 * pending push is judged at its deadline in any case, so a lost wake-up only makes that later.
 */
export async function wakeForRun(deps: RunDependencies, teamId: number, run: WorkflowRun, now: number): Promise<void> {
  const concerned = await deps.runs.concerned(teamId, run.repositoryId);
  const repositories = concerned.filter(({ policy }) => mayVouch(policy, run)).map(({ repository }) => repository);
  if (repositories.length === 0) return;
  const keys = await deps.runs.toWake(repositories, now - RECENT_MS);
  if (keys.length > 0) await deps.wakeups.checks(keys.map((key): CheckMessage => ({ check: key })));
}
