import type { Attribution, CredentialFacts } from './attribution.ts';
import type { CiClaims } from './ci.ts';
import type { Digest } from './digest.ts';
import type { Pusher } from './policy.ts';
import type { SignatureEvidence } from './signature.ts';
import type { WorkflowRun } from './workflow-run.ts';

/**
 * One kind of evidence. What we could not find out is `unavailable`, never `absent`: a registry's 429, 5xx or
 * time-out says nothing about the image.
 */
export type Evidence<T> =
  | { readonly state: 'present'; readonly value: T }
  | { readonly state: 'absent' }
  | { readonly state: 'invalid'; readonly reason: string }
  | { readonly state: 'unavailable'; readonly reason: string };

/** How we came to know of a push. */
export type PushOrigin = 'dockerhub' | 'github' | 'distribution' | 'read-back' | 'sweep' | 'baseline' | 'audit-log';

/** Who tells of pushes by webhook. */
export type WebhookOrigin = Extract<PushOrigin, 'dockerhub' | 'github' | 'distribution'>;

/** What kind of thing the digest is, once read: `manifest` is a single image, `index` a multi-platform one. */
export type PushKind = 'unresolved' | 'manifest' | 'index' | 'artifact' | 'child' | 'untagged' | 'deleted';

/** A CI job's or a maintainer's word about a tag and digest. Times are ms since the epoch. */
export interface Announcement {
  readonly id: number;
  readonly source: 'ci' | 'maintainer';
  readonly phase: 'started' | 'pushed' | 'finished';
  /** `null` in a `started` that does not know the digest yet. */
  readonly digest: Digest | null;
  /** Empty: whatever tags the job pushes. */
  readonly tags: readonly string[];
  /** The job is one that the policy names (always true of a maintainer's). */
  readonly allowed: boolean;
  /** Identifies the job: announcements of one run belong together. */
  readonly run: string;
  readonly claims: CiClaims | null;
  readonly at: number;
  /** A window's or an expectation's end. */
  readonly expiresAt: number;
  /** When `finished` closed the window. */
  readonly closedAt: number | null;
}

/**
 * How CI, or a maintainer, vouches for a push. `concurrent` is weak: a release job ran at that time, and anyone who holds
 * a token could have pushed meanwhile.
 */
export interface CiVouch {
  readonly how: 'expected' | 'announced' | 'provenance' | 'concurrent';
  /** Address of the run, where it is known. */
  readonly run: string | null;
}

/** What the tag's past says about this push. */
export interface TagHistory {
  /** The digest before this push; `null` if the tag was new. */
  readonly previous: { readonly digest: Digest; readonly at: number } | null;
  /** If the tag had this very digest earlier: when it left it. */
  readonly leftAt: number | null;
  /** The tag pointed at this digest already when the push came. */
  readonly unchanged: boolean;
  /** Last digest of the tag with verdict `trusted`, or as it was found at registration. */
  readonly safe: { readonly digest: Digest; readonly at: number; readonly how: 'trusted' | 'baseline' } | null;
}

/** A push as the judge sees it. Times are ms since the epoch. */
export interface PushFacts {
  /** Empty for a manifest pushed by digest. */
  readonly tag: string;
  /** `null` while the registry has not told. */
  readonly digest: Digest | null;
  readonly kind: PushKind;
  readonly origin: PushOrigin;
  /** When we first learnt of it. */
  readonly receivedAt: number;
  /** Since when it can have happened at the earliest: the last look that did not show it. */
  readonly notBefore: number;
  readonly pusher: Pusher | null;
  /** The watched repository's id. */
  readonly repository: number;
}

/** All that is known about a push at one moment. */
export interface PushEvidence {
  /** What the registry says the tag (or, for an untagged push, the digest) is. */
  readonly readBack: Evidence<{ readonly digest: Digest }>;
  readonly history: TagHistory;
  readonly announcements: readonly Announcement[];
  /** Of source repositories that the policy names, around the time of the push; none unless it accepts them. */
  readonly runs: readonly WorkflowRun[];
  /** `null`: not looked for (yet). */
  readonly signatures: SignatureEvidence | null;
  /** The account that a webhook names, as a credential; `null`: none is named. */
  readonly account: CredentialFacts | null;
  readonly attribution: Attribution;
  /** A webhook told of this tag at this digest (false for what only a sweep saw). */
  readonly reported: boolean;
}

/** Whether a webhook told of it. */
export function isWebhook(origin: PushOrigin): origin is WebhookOrigin {
  return origin === 'dockerhub' || origin === 'github' || origin === 'distribution';
}
