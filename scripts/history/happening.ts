import type { PackageEvent } from '../simulate/github-webhook.ts';
import type { Image } from '../simulate/images.ts';
import type { PlannedOwner, PlannedRepository, PlannedToken } from './world-plan.ts';

/** What happens in a history. Times are ms since its beginning. */

/** Why a rogue act must be noticed: codes of findings. */
export type Rule =
  | 'no-ci-run'
  | 'ci-mismatch'
  | 'tag-moved'
  | 'tag-rolled-back'
  | 'unexpected-pusher'
  | 'unexpected-token'
  | 'canary-used'
  | 'dormant-token-used'
  | 'fresh-token-used'
  | 'token-used-outside-ci'
  | 'unreported-push';

/** Something that an attacker does, as the score knows it. */
export interface Act {
  readonly n: number;
  readonly way: string;
  readonly at: number;
  /** Each must be among the findings of its alerts. */
  readonly rules: readonly Rule[];
  /** What it pushes; `null`: nothing. */
  readonly target: { readonly image: string; readonly tag: string; readonly digest: string } | null;
  /** Digests of the same image that it also touches: an alert about them is about the act. */
  readonly touches: readonly string[];
  /** Label of the token that it uses, which an alert may be about. */
  readonly token: string | null;
}

export type By =
  | { readonly kind: 'token'; readonly token: PlannedToken }
  /** With a password, or as somebody who signs in at GitHub. */
  | { readonly kind: 'account'; readonly name: string };

/** What becomes of the webhooks of a push. */
export type WebhookFate = 'sent' | 'late' | 'lost' | 'suppressed';

export interface PlannedPush {
  readonly at: number;
  readonly repository: PlannedRepository;
  readonly tag: string;
  readonly image: Image;
  /** Manifests that its index lists. */
  readonly children: readonly Image[];
  readonly by: By;
  /** From the push to its row in the audit log, in ms. */
  readonly logLag: number;
  readonly fate: WebhookFate;
  readonly act: Act | null;
  /** What it is, for people: `release`, `nightly`. */
  readonly what: string;
}

export type Deed =
  | { readonly kind: 'push'; readonly push: PlannedPush }
  | {
      readonly kind: 'webhook';
      readonly push: PlannedPush;
      /** `null`: of the tag; else of a manifest without one. */
      readonly child: Image | null;
      readonly event: PackageEvent | null;
      readonly repeats: boolean;
    }
  | {
      readonly kind: 'announce';
      readonly repository: PlannedRepository;
      readonly run: number;
      readonly phase: 'started' | 'pushed' | 'finished';
      readonly tags: readonly string[];
      readonly digest: string | null;
    }
  | { readonly kind: 'expect'; readonly repository: PlannedRepository; readonly tag: string; readonly digest: string }
  | { readonly kind: 'use'; readonly token: PlannedToken }
  | { readonly kind: 'make-token'; readonly token: PlannedToken }
  | { readonly kind: 'mark'; readonly token: PlannedToken; readonly as: 'expected' | 'retired' }
  | { readonly kind: 'revoke'; readonly token: PlannedToken }
  | { readonly kind: 'delete-tag'; readonly repository: PlannedRepository; readonly tag: string }
  | { readonly kind: 'poll'; readonly owner: PlannedOwner }
  /** Maintainers look at what is open and close it. */
  | { readonly kind: 'tidy' };

export interface Happening {
  readonly at: number;
  readonly deed: Deed;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
