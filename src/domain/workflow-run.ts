/** `requested` has not begun: it is queued, or waits for somebody's approval. */
export type CiRunState = 'requested' | 'in-progress' | 'completed';

/**
 * One attempt of a workflow run, as GitHub's signed `workflow_run` webhooks tell of it. Times are ms since the epoch.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_run
 */
export interface WorkflowRun {
  /** Origin of the GitHub that it runs on: `https://github.com`. */
  readonly server: string;
  readonly id: number;
  /** 1, and one more each time that it is run again. */
  readonly attempt: number;
  /** Numeric id of the source repository, as text. */
  readonly repositoryId: string;
  /** `octo-org/app`, for people. */
  readonly repository: string;
  /** Whose code it runs: of a fork's pull request the fork; `null`: that repository is gone. */
  readonly headRepositoryId: string | null;
  /** Path of the workflow file, without a ref. */
  readonly workflow: string | null;
  readonly name: string | null;
  /** Short name of a branch or tag: GitHub does not say which of both. */
  readonly headBranch: string | null;
  readonly headSha: string;
  /** What started it: `push`, `release`, `workflow_dispatch`. */
  readonly event: string;
  readonly state: CiRunState;
  /** GitHub's own words. */
  readonly status: string | null;
  readonly conclusion: string | null;
  readonly actor: string | null;
  readonly triggeringActor: string | null;
  /** Of the run, not of the attempt. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly completedAt: number | null;
}

/** A run may have begun so much later than a push that it made: clocks differ, and GitHub rounds to seconds. */
export const RUN_START_SKEW_MS = 30_000;
/** ... and have ended so long before we heard of the push: a webhook takes its time. */
export const RUN_END_SKEW_MS = 2 * 60_000;
/** An unfinished run of which nothing was heard for so long has ended: GitHub does not send a lost webhook again. */
export const RUN_SILENCE_MS = 24 * 3_600_000;

/** Address of a run's attempt for people; `null` if its names do not make one. */
export function runUrl({ server, repository, id, attempt }: WorkflowRun): string | null {
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) return null;
  return `${server}/${repository}/actions/runs/${id}/attempts/${attempt}`;
}
