import { matchesGlob } from './glob.ts';

/** How much a rule weighs: `require` makes findings, `observe` only shows what it saw. */
export type RuleMode = 'require' | 'observe' | 'off';

/**
 * A CI workflow that may release this image, told by claims of its OIDC token. Every field that is given must match
 * exactly; only the fields named `…Pattern` take `*`. `repositoryId` is the CI's own stable id, since names can be
 * taken over after a rename, and `sub` changes its format.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export interface CiIdentity {
  /** Token issuer, exact: `https://token.actions.githubusercontent.com`. */
  readonly oidcIssuer: string;
  /** GitHub `repository_id`, GitLab `project_id`. */
  readonly repositoryId: string;
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

/** What a maintainer expects of pushes to one repository. Everything else is told to them. */
export interface Policy {
  /** Accounts that may push: a login, or `id:` and GitHub's numeric id. `null`: any account may. */
  readonly pushers: readonly string[] | null;
  /** Tags that never change once published, with `*` as wildcard. */
  readonly immutableTags: readonly string[];
  /** Whether a tag that goes back to a digest it had before is a finding. */
  readonly rollbacks: 'alert' | 'allow';
  readonly ci: {
    readonly mode: RuleMode;
    /** CI opens a window (`started`) before it pushes: a push outside every window is rogue at once. */
    readonly announceFirst: boolean;
    /** How long a window stays open without `finished`, in seconds. */
    readonly windowSeconds: number;
    /** Any one of these may release the image. */
    readonly identities: readonly CiIdentity[];
  };
  readonly signatures: {
    readonly mode: RuleMode;
    /** Another repository of the same registry that holds the signatures (cosign's COSIGN_REPOSITORY). */
    readonly repository?: string | undefined;
  };
  /** What may honestly arrive in any order is judged this long after the push, in seconds. */
  readonly settleSeconds: number;
  /** What may honestly be late is judged this long after the push, in seconds. */
  readonly deadlineSeconds: number;
}

/** Whether the policy says that this tag never moves once published. */
export function isImmutableTag(policy: Policy, tag: string): boolean {
  return policy.immutableTags.some((pattern) => matchesGlob(pattern, tag));
}

/** An account that pushed, as the registry names it. */
export interface Pusher {
  /** Login or actor name. */
  readonly name: string;
  /** The provider's stable id (GitHub's numeric user id), where it gives one. */
  readonly id: string | null;
}

/** Whether the policy expects this account. Logins are compared without case, as both registries do. */
export function expectsPusher(policy: Policy, pusher: Pusher): boolean {
  if (policy.pushers === null) return true;
  return policy.pushers.some((expected) =>
    expected.startsWith('id:')
      ? pusher.id !== null && expected === `id:${pusher.id}`
      : expected.toLowerCase() === pusher.name.toLowerCase(),
  );
}

/** What is known of the CI job that made an announcement, taken from its verified token. */
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
  readonly claim: 'oidcIssuer' | 'repositoryId' | 'workflow' | 'ref' | 'environment' | 'event';
  readonly found: string | null;
}

/** The first claim that keeps this job from being the named identity, or `null` if it is. */
export function ciMismatch(identity: CiIdentity, claims: CiClaims): ClaimMismatch | null {
  const exact = ['oidcIssuer', 'repositoryId', 'workflow', 'ref', 'environment', 'event'] as const;
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

/** Whether any identity of the policy is this job. */
export function allowsCi(policy: Policy, claims: CiClaims): boolean {
  return policy.ci.identities.some((identity) => ciMismatch(identity, claims) === null);
}
