import { type CiIdentity, ciMismatch } from './ci.ts';
import type { PushFacts } from './evidence.ts';
import type { Policy } from './policy.ts';
import { RUN_END_SKEW_MS, RUN_SILENCE_MS, RUN_START_SKEW_MS, type WorkflowRun } from './workflow-run.ts';

/** Conclusions of runs of which nothing ran. */
const NOTHING_RAN: readonly string[] = ['skipped', 'action_required', 'startup_failure', 'stale'];
/** A stranger's pull request starts these. */
const PULL_REQUEST = /^pull_request/;
/** Runs on a branch or tag of their own, whatever GitHub lists them under. */
const ELSEWHERE: readonly string[] = ['workflow_run', 'issue_comment'];

/**
 * The run that was in progress when the push was made, by an identity that the policy names; `null`: none is known.
 * Weak evidence: it says that a release job ran, not that it made this push.
 */
export function concurrentRun(policy: Policy, push: PushFacts, runs: readonly WorkflowRun[]): WorkflowRun | null {
  return runs.find((run) => wasInProgress(run, push) && mayVouch(policy, run)) ?? null;
}

/** Whether a run is by an identity of a policy that accepts runs as evidence, whenever it took place. */
export function mayVouch(policy: Policy, run: WorkflowRun): boolean {
  if (policy.ci.concurrentRuns !== 'accept' || policy.ci.announceFirst) return false;
  if (run.headRepositoryId !== run.repositoryId || PULL_REQUEST.test(run.event)) return false;
  if (run.state === 'requested' || (run.conclusion !== null && NOTHING_RAN.includes(run.conclusion))) return false;
  return policy.ci.identities.some((identity) => isBy(identity, run));
}

/** Not before its start, and not after its end, for a push between `notBefore` and `receivedAt`. */
function wasInProgress({ startedAt, updatedAt, completedAt }: WorkflowRun, push: PushFacts): boolean {
  if (startedAt > push.receivedAt + RUN_START_SKEW_MS) return false;
  return (completedAt ?? updatedAt + RUN_SILENCE_MS) >= push.notBefore - RUN_END_SKEW_MS;
}

/** A run does not tell the environments of its jobs: an identity with one is never met. */
function isBy(identity: CiIdentity, run: WorkflowRun): boolean {
  const issuer = issuerOf(run.server);
  // An enterprise may have a path of its own under GitHub's issuer.
  if (identity.oidcIssuer !== issuer && !identity.oidcIssuer.startsWith(`${issuer}/`)) return false;
  return possibleRefs(run).some(
    (ref) =>
      ciMismatch(identity, {
        oidcIssuer: identity.oidcIssuer,
        repositoryId: run.repositoryId,
        repository: run.repository,
        workflow: run.workflow,
        ref,
        environment: null,
        event: run.event,
        run: `${run.id}/${run.attempt}`,
        runUrl: null,
        commit: run.headSha,
        actor: run.triggeringActor,
      }) === null,
  );
}

/** Full refs that the short name may stand for. */
function possibleRefs({ event, headBranch }: WorkflowRun): readonly (string | null)[] {
  if (headBranch === null || ELSEWHERE.includes(event)) return [null];
  const branch = `refs/heads/${headBranch}`;
  const tag = `refs/tags/${headBranch}`;
  if (event === 'release') return [tag];
  // Both run on the default branch.
  return event === 'schedule' || event === 'repository_dispatch' ? [branch] : [branch, tag];
}

/** Issuer of the OIDC tokens of a server's jobs: github.com, a subdomain of GHE.com, or an Enterprise Server. */
function issuerOf(server: string): string {
  if (server === 'https://github.com') return 'https://token.actions.githubusercontent.com';
  const subdomain = /^https:\/\/([a-z0-9-]+\.ghe\.com)$/.exec(server)?.[1];
  return subdomain === undefined ? `${server}/_services/token` : `https://token.actions.${subdomain}`;
}
