import { matchesGlob } from './glob.ts';

/**
 * A CI workflow that may release this image, told by claims of its OIDC token. Every field that is given must match
 * exactly; only the fields named `…Pattern` take `*`. `repositoryId` is the CI's own stable id, since names can be
 * taken over after a rename, and `sub` changes its format.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export interface CiIdentity {
  /** Token issuer, exact: `https://token.actions.githubusercontent.com`. */
  readonly oidcIssuer: string;
  /** GitHub `repository_id`, GitLab `project_id`, CircleCI project UUID, Buildkite pipeline UUID or `org/pipeline`. */
  readonly repositoryId: string;
  /** Its name as the CI tells it: of CircleCI the repository that is built, which of a fork's build is the fork. */
  readonly repository?: string | undefined;
  /** Path of the workflow file in that repository: `.github/workflows/release.yml`. */
  readonly workflow?: string | undefined;
  /** Full git ref: `refs/heads/main`. */
  readonly ref?: string | undefined;
  /** Full git ref with `*`: `refs/tags/v*`. */
  readonly refPattern?: string | undefined;
  /** Deployment environment of the job. */
  readonly environment?: string | undefined;
  /** Event that started the run: `push`, `release`, `workflow_dispatch`. */
  readonly event?: string | undefined;
}

/** What is known of a CI job, taken from its verified token or from the signature that it made. */
export interface CiClaims {
  readonly oidcIssuer: string;
  readonly repositoryId: string;
  /** `octo-org/app`, for people. */
  readonly repository: string;
  readonly workflow: string | null;
  readonly ref: string | null;
  readonly environment: string | null;
  readonly event: string | null;
  /** Identifies the run (and its attempt) within the issuer. */
  readonly run: string;
  readonly runUrl: string | null;
  readonly commit: string | null;
  readonly actor: string | null;
}

/** A claim that a policy asks for and the token does not have. */
export interface ClaimMismatch {
  readonly claim: 'oidcIssuer' | 'repositoryId' | 'repository' | 'workflow' | 'ref' | 'environment' | 'event';
  readonly found: string | null;
}

/** The first claim that keeps this job from being the named identity, or `null` if it is. */
export function ciMismatch(identity: CiIdentity, claims: CiClaims): ClaimMismatch | null {
  const exact = ['oidcIssuer', 'repositoryId', 'repository', 'workflow', 'ref', 'environment', 'event'] as const;
  for (const claim of exact) {
    const wanted = identity[claim];
    if (wanted !== undefined && wanted !== claims[claim]) return { claim, found: claims[claim] };
  }
  const { refPattern } = identity;
  if (refPattern !== undefined && (claims.ref === null || !matchesGlob(refPattern, claims.ref))) {
    return { claim: 'ref', found: claims.ref };
  }
  return null;
}
