import type { PushEvidence, PushFacts } from './evidence.ts';
import type { Finding, Want } from './finding.ts';
import type { Policy } from './policy.ts';

/**
 * One rule's answer at one moment. `waiting` is undecided until a time (ms since the epoch) or a new fact;
 * `unavailable` is undecided for good, through no fault of the push.
 */
export type Outcome =
  | { readonly is: 'satisfied' }
  /** With `until`, what would undo it is still looked for until then. */
  | { readonly is: 'finding'; readonly finding: Finding; readonly until?: number }
  | { readonly is: 'waiting'; readonly want: Want; readonly until: number }
  | { readonly is: 'unavailable'; readonly want: Want };

/** Everything a rule may look at. No I/O, no clock: `now` is given. */
export interface Case {
  readonly policy: Policy;
  readonly push: PushFacts;
  readonly evidence: PushEvidence;
  readonly now: number;
}

export const SATISFIED: Outcome = { is: 'satisfied' };

export const settleAt = (c: Case): number => c.push.receivedAt + c.policy.settleSeconds * 1000;
export const deadlineAt = (c: Case): number => c.push.receivedAt + c.policy.deadlineSeconds * 1000;

/** The finding once `at` has come, until then a wait for what would make it unnecessary. */
export function findingAt(c: Case, at: number, want: Want, finding: Finding): Outcome {
  return c.now >= at ? { is: 'finding', finding } : { is: 'waiting', want, until: at };
}

/** Nothing more can be learnt after `at`: then it is our failure, never a finding. */
export function unavailableAt(c: Case, at: number, want: Want): Outcome {
  return c.now >= at ? { is: 'unavailable', want } : { is: 'waiting', want, until: at };
}
