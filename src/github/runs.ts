import * as z from 'zod';
import type { CiClaims } from '../domain/ci.ts';
import type { CiRun } from '../domain/signature.ts';
import type { CiRuns, RequestBudget } from '../usecases/ports.ts';
import { GitHubApi, type GitHubOptions, parseJson } from './api.ts';

export interface RunsOptions extends GitHubOptions {
  /** Where its runs are shown, and the only server whose runs are looked up. Default `https://github.com`. */
  readonly serverUrl?: string | undefined;
  /** Issuer of its jobs' tokens. Default `https://token.actions.githubusercontent.com`. */
  readonly oidcIssuer?: string | undefined;
}

/** A run that the address of another names. */
interface RunAddress {
  readonly owner: string;
  readonly repository: string;
  readonly id: string;
  /** `null`: the last one. */
  readonly attempt: string | null;
}

/** A run is some 15 KiB, most of it its repository's addresses. */
const RUN_BYTES = 1 << 20;
/** Clocks of registries and of GitHub may differ by so much, in ms. */
const SKEW_MS = 2 * 60_000;

const text = z.string().max(1024).nullish();
const time = z
  .string()
  .max(64)
  .refine((value) => !Number.isNaN(Date.parse(value)));
const runSchema = z.object({
  id: z.int(),
  run_attempt: z.int().nullish(),
  head_sha: z.string().max(128),
  head_branch: text,
  event: z.string().max(128),
  conclusion: text,
  path: z.string().max(1024),
  created_at: time,
  run_started_at: time.nullish().catch(null),
  repository: z.object({ id: z.int(), full_name: z.string().max(300) }),
  actor: z.object({ login: z.string().max(128) }).nullish(),
  triggering_actor: z.object({ login: z.string().max(128) }).nullish(),
});

type Run = z.infer<typeof runSchema>;

/** Nothing of such a run has run. */
const NOTHING_RAN: readonly string[] = ['skipped', 'action_required', 'startup_failure'];

/** What GitHub says a job's commit and ref are is not what its run is listed under. */
const ELSEWHERE = /^(?:pull_request|workflow_run$|issue_comment$)/;

/**
 * Looks up runs of GitHub Actions that signatures and provenance name. Never throws.
 * @see https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run
 */
export function createCiRuns(options: RunsOptions): CiRuns {
  const api = new GitHubApi(options);
  const server = (options.serverUrl ?? 'https://github.com').replace(/\/+$/, '');
  const issuer = options.oidcIssuer ?? 'https://token.actions.githubusercontent.com';
  return {
    async lookUp(claims, pushedAt, requests) {
      const { runUrl } = claims;
      if (runUrl === null || !runUrl.startsWith(`${server}/`)) return null;
      const address = parseRunUrl(runUrl.slice(server.length));
      if (address === null) return mismatch(runUrl, 'what it names is not the address of a run', null);
      const answer = await api.get(runPath(address), RUN_BYTES, requests);
      if (answer.kind === 'not-found') return explainMissing(api, runUrl, address, requests);
      if (answer.kind !== 'found') return unavailable(runUrl, answer.reason);
      const run = runSchema.safeParse(parseJson(answer.body));
      if (!run.success) return unavailable(runUrl, 'GitHub answered with something that is no run');
      const told = claimsOf(run.data, claims, issuer);
      const reason = contradiction(run.data, address, claims, pushedAt);
      if (reason !== null) return mismatch(runUrl, reason, told);
      return { runUrl, state: 'confirmed', reason: null, claims: told };
    },
  };
}

/** Strict: these parts become a path of the API, which our token may read. */
function parseRunUrl(path: string): RunAddress | null {
  const match =
    /^\/([A-Za-z0-9_-]{1,100})\/([A-Za-z0-9._-]{1,100})\/actions\/runs\/([1-9]\d{0,18})(?:\/attempts\/([1-9]\d{0,4}))?$/.exec(
      path,
    );
  const [, owner, repository, id, attempt = null] = match ?? [];
  if (owner === undefined || repository === undefined || id === undefined) return null;
  return repository === '.' || repository === '..' ? null : { owner, repository, id, attempt };
}

function runPath({ owner, repository, id, attempt }: RunAddress): string {
  const run = `/repos/${owner}/${repository}/actions/runs/${id}`;
  return `${attempt === null ? run : `${run}/attempts/${attempt}`}?exclude_pull_requests=true`;
}

/**
 * A run that is not there is `absent` only if we could have seen it: GitHub answers 404 for everything in a repository
 * that our token may not read.
 */
async function explainMissing(
  api: GitHubApi,
  runUrl: string,
  { owner, repository }: RunAddress,
  requests: RequestBudget,
): Promise<CiRun> {
  const answer = await api.get(`/repos/${owner}/${repository}/actions/runs?per_page=1`, RUN_BYTES, requests);
  switch (answer.kind) {
    case 'found':
      return {
        runUrl,
        state: 'absent',
        reason: `GitHub has no such run of ${owner}/${repository}; it may have been deleted`,
        claims: null,
      };
    case 'not-found':
      return unavailable(
        runUrl,
        `GitHub shows no repository ${owner}/${repository}: if it is private, give GITHUB_TOKEN the permission to read its Actions`,
      );
    case 'too-long':
    case 'trouble':
      return unavailable(runUrl, answer.reason);
  }
}

/** Why this run cannot have made the push; `null` if it can. */
function contradiction(run: Run, address: RunAddress, claims: CiClaims, pushedAt: number): string | null {
  if (String(run.id) !== address.id) return `GitHub answered with run ${run.id}`;
  const other = otherRepository(run, claims);
  if (other !== null) return other;
  if (run.conclusion !== null && run.conclusion !== undefined && NOTHING_RAN.includes(run.conclusion)) {
    return `the run did not take place (${run.conclusion})`;
  }
  if (!ELSEWHERE.test(run.event)) {
    if (claims.commit !== null && claims.commit.toLowerCase() !== run.head_sha.toLowerCase()) {
      return `the run was of commit ${run.head_sha}, not ${claims.commit}`;
    }
    const ref = fullRef(claims);
    if (ref !== null && !isRefOf(ref, run)) return `the run was of ${run.head_branch}, not ${ref}`;
  }
  // A run that is started again keeps when it was created; its attempts begin at times of their own.
  const began = Date.parse((address.attempt === null ? null : run.run_started_at) ?? run.created_at);
  if (began > pushedAt + SKEW_MS) return `the run began at ${new Date(began).toISOString()}, after the push`;
  return null;
}

/** Its number counts, where it is known: names change. */
function otherRepository(run: Run, claims: CiClaims): string | null {
  const { id, full_name: name } = run.repository;
  if (claims.repositoryId !== '') {
    return claims.repositoryId === String(id) ? null : `the run is one of ${name} (${id}), not ${claims.repositoryId}`;
  }
  const claimed = claims.repository.replace(/\.git$/, '');
  return claimed.toLowerCase() === name.toLowerCase() ? null : `the run is one of ${name}, not ${claimed}`;
}

/** Provenance of a build from a URL may name a branch in short, or a commit, where a ref belongs. */
function fullRef({ ref }: CiClaims): string | null {
  return ref?.startsWith('refs/') === true ? ref : null;
}

function isRefOf(ref: string, { head_branch: name }: Run): boolean {
  return name === null || name === undefined || ref === `refs/heads/${name}` || ref === `refs/tags/${name}`;
}

/**
 * What GitHub tells of the run. It does not tell two things, which stay as the signature told them: the deployment
 * environment, and whether the ref it names is a branch or a tag (a release is always of a tag).
 */
function claimsOf(run: Run, claims: CiClaims, issuer: string): CiClaims {
  const { repository, head_branch: name, event } = run;
  const attempt = run.run_attempt ?? 1;
  const isIssuer = claims.oidcIssuer === issuer || claims.oidcIssuer.startsWith(`${issuer}/`);
  return {
    // An enterprise may have a path of its own under GitHub's issuer.
    oidcIssuer: isIssuer ? claims.oidcIssuer : issuer,
    repositoryId: String(repository.id),
    repository: repository.full_name,
    workflow: run.path.replace(/@.*$/s, ''),
    ref: fullRef(claims) ?? (event === 'release' && typeof name === 'string' ? `refs/tags/${name}` : null),
    environment: claims.environment,
    event,
    run: `${run.id}/${attempt}`,
    runUrl: claims.runUrl,
    commit: ELSEWHERE.test(event) ? (claims.commit ?? run.head_sha) : run.head_sha,
    actor: run.triggering_actor?.login ?? run.actor?.login ?? null,
  };
}

function mismatch(runUrl: string, reason: string, claims: CiClaims | null): CiRun {
  return { runUrl, state: 'mismatch', reason, claims };
}

function unavailable(runUrl: string, reason: string): CiRun {
  return { runUrl, state: 'unavailable', reason, claims: null };
}
