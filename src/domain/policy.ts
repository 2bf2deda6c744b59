import type { AuthorityLists } from './authority.ts';
import { type CiClaims, type CiIdentity, ciMismatch } from './ci.ts';
import { matchesGlob } from './glob.ts';

/** How much a rule weighs: `require` makes findings, `observe` only shows what it saw. */
export type RuleMode = 'require' | 'observe' | 'off';

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
    /** Runs that provenance names are looked up at the provider's API: they must exist and fit. */
    readonly lookUpRun?: boolean | undefined;
    /**
     * `accept`: a run of an identity that was in progress at the time counts as CI's word, which is weak. Missing in
     * policies that were saved before: `ignore`.
     */
    readonly concurrentRuns?: 'accept' | 'ignore' | undefined;
  };
  readonly signatures: {
    readonly mode: RuleMode;
    /** Another repository of the same registry that holds the signatures (cosign's COSIGN_REPOSITORY). */
    readonly repository?: string | undefined;
    /** Who may sign: one of each list must have. Missing in policies that were saved before there were any. */
    readonly authorities?: AuthorityLists | undefined;
  };
  /** What is expected of the tokens that pushes are attributed to. Missing in policies that were saved before. */
  readonly tokens?: TokenPolicy | undefined;
  /** What may honestly arrive in any order is judged this long after the push, in seconds. */
  readonly settleSeconds: number;
  /** What may honestly be late is judged this long after the push, in seconds. */
  readonly deadlineSeconds: number;
}

export interface TokenPolicy {
  /** `require`: a token that is not marked as expected here must not push. */
  readonly mode: 'require' | 'off';
  /** A token that was not used for so many days and then pushes is told; 0: never. */
  readonly dormantDays: number;
  /** A token that is younger than so many minutes, made from where none was made before, is told; 0: never. */
  readonly freshMinutes: number;
}

export const DEFAULT_TOKENS: TokenPolicy = { mode: 'off', dormantDays: 90, freshMinutes: 60 };

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

/** How `pushers` names this account: by its stable id where there is one, since names can be taken over. */
export function namePusher({ name, id }: Pusher): string {
  return id === null ? name : `id:${id}`;
}

/** Whether any identity of the policy is this job. */
export function allowsCi(policy: Policy, claims: CiClaims): boolean {
  return policy.ci.identities.some((identity) => ciMismatch(identity, claims) === null);
}
