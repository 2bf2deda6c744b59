import type { Digest } from './digest.ts';
import type { CiClaims, Pusher } from './policy.ts';

/**
 * A rule that is not satisfied, with the facts its explanation needs. A tagged union: text for people is one
 * exhaustive switch in `notify`, so that a new finding does not compile until it has words.
 */
export type Finding =
  | { readonly code: 'unexpected-pusher'; readonly pusher: Pusher; readonly expected: readonly string[] }
  | { readonly code: 'tag-moved'; readonly from: Digest; readonly to: Digest | null }
  | { readonly code: 'tag-rolled-back'; readonly to: Digest; readonly leftAt: number }
  | { readonly code: 'no-ci-run'; readonly announceFirst: boolean; readonly jobEnded: boolean }
  | { readonly code: 'ci-mismatch'; readonly found: CiMismatchFound }
  | { readonly code: 'unsigned' }
  | { readonly code: 'unreported-push' }
  | { readonly code: 'forged-delivery' };

/** Either a job that the policy does not name, or a named job that announced something else for this tag. */
export type CiMismatchFound =
  | { readonly kind: 'workflow'; readonly claims: CiClaims }
  | { readonly kind: 'digest'; readonly digest: Digest; readonly claims: CiClaims };

export type FindingCode = Finding['code'];

/** `pending` waits with its deadline ahead; `undetermined` could not be decided, which is our failure. */
export type Verdict = 'pending' | 'trusted' | 'rogue' | 'undetermined';

/** What a pending push waits for, or an undetermined one never got. */
export type Want = 'digest' | 'webhook' | 'ci' | 'signature' | 'signature-verification' | 'pusher';

/** The outcome of judging a push with what is known at one moment. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly wants: readonly Want[];
  /** When to judge again even if nothing new is learnt (ms since the epoch); `null`: only new facts can change it. */
  readonly next: number | null;
}
