import type { CiClaims } from './ci.ts';
import type { AttributionStrength, CredentialKind } from './credential.ts';
import type { Digest } from './digest.ts';
import type { Pusher } from './policy.ts';
import type { SignaturePlaceName, SignatureProblem } from './signature.ts';

/**
 * A rule that is not satisfied, with the facts its explanation needs. A tagged union: text for people is one
 * exhaustive switch in `notify`, so that a new finding does not compile until it has words.
 */
export type Finding =
  | {
      readonly code: 'unexpected-pusher';
      readonly pusher: Pusher;
      readonly expected: readonly string[];
      /** A maintainer said so of this very account. */
      readonly marked?: 'unexpected' | 'retired';
    }
  | {
      readonly code: 'unexpected-token';
      readonly strength: AttributionStrength;
      /** One, or all that it may have been. */
      readonly tokens: readonly TokenFound[];
    }
  | {
      readonly code: 'dormant-token-used';
      readonly token: TokenFound;
      readonly usedBefore: number;
      readonly days: number;
    }
  | {
      readonly code: 'fresh-token-used';
      readonly token: TokenFound;
      readonly minutes: number;
      readonly createdBy: string | null;
      readonly creatorIp: string | null;
    }
  | { readonly code: 'tag-moved'; readonly from: Digest; readonly to: Digest | null }
  | { readonly code: 'tag-rolled-back'; readonly to: Digest; readonly leftAt: number }
  | { readonly code: 'no-ci-run'; readonly announceFirst: boolean; readonly jobEnded: boolean }
  | { readonly code: 'ci-mismatch'; readonly found: CiMismatchFound }
  | {
      readonly code: 'unsigned';
      /** Of whom one should have signed. */
      readonly expected: readonly string[];
      /** What is there instead: kinds that are not verified here, statements that are no signature. */
      readonly instead: readonly string[];
    }
  | {
      readonly code: 'untrusted-signer';
      readonly found: readonly SignatureFound[];
      readonly expected: readonly string[];
    }
  | { readonly code: 'invalid-signature'; readonly found: readonly SignatureFound[] }
  | { readonly code: 'unreported-push' }
  | { readonly code: 'forged-delivery' }
  | WatchFinding;

/**
 * What is told of a credential or a setting, whether or not a push goes with it. Times are ms since the epoch; `since`
 * is the earliest moment it can have been. `first`, where an alert tells of several uses: the earliest moment of the first.
 */
export type WatchFinding =
  | {
      readonly code: 'canary-used';
      readonly token: TokenFound;
      readonly since: number | null;
      readonly at: number;
      readonly first?: number;
      /** What it was used for, where the registry tells. */
      readonly use: string | null;
    }
  | {
      readonly code: 'token-used-outside-ci';
      readonly token: TokenFound;
      readonly since: number | null;
      readonly at: number;
      readonly first?: number;
    }
  | {
      readonly code: 'protection-disarmed';
      readonly change: DisarmedChange;
      /** What was changed, by the registry's own name. */
      readonly target: string;
      readonly actor: string | null;
      readonly at: number;
    };

/** A change of settings that takes a protection away. */
export type DisarmedChange = 'webhook-deleted' | 'immutable-tags-changed' | 'oidc-connection-deleted';

/** A credential as a finding tells of it. */
export interface TokenFound {
  /** `C-12` in the API. */
  readonly id: number;
  readonly kind: CredentialKind;
  readonly name: string;
}

/** A signature as a finding tells of it. */
export interface SignatureFound {
  readonly place: SignaturePlaceName;
  /** Identity, or fingerprint of the key; `null` if none could be made sure of. */
  readonly signer: string | null;
  readonly oidcIssuer: string | null;
  readonly problem: SignatureProblem | null;
  /** The verifier's own words. */
  readonly reason: string | null;
}

/**
 * A job that the policy does not name; a named job that announced something else for this tag; provenance by a job that
 * the policy does not name; a run that cannot have made this.
 */
export type CiMismatchFound =
  | { readonly kind: 'provenance'; readonly claims: CiClaims; readonly signer: string }
  | { readonly kind: 'run'; readonly claims: CiClaims; readonly reason: string }
  | { readonly kind: 'workflow'; readonly claims: CiClaims }
  | { readonly kind: 'digest'; readonly digest: Digest; readonly claims: CiClaims };

export type FindingCode = Finding['code'];

/** `pending` waits with its deadline ahead; `undetermined` could not be decided, which is our failure. */
export type Verdict = 'pending' | 'trusted' | 'rogue' | 'undetermined';

/** What a pending push waits for, or an undetermined one never got. */
export type Want = 'digest' | 'webhook' | 'ci' | 'ci-lookup' | 'signature' | 'signature-verification' | 'pusher';

/** The outcome of judging a push with what is known at one moment. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly wants: readonly Want[];
  /** When to judge again even if nothing new is learnt (ms since the epoch); `null`: only new facts can change it. */
  readonly next: number | null;
}
