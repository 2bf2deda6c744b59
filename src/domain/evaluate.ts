import type { Case, Outcome } from './case.ts';
import { canaryIsNotUsed, tokenIsAwake, tokenIsExpected, tokenIsNotFresh } from './credential-rules.ts';
import type { PushEvidence, PushFacts } from './evidence.ts';
import type { Finding, Judgement, Want } from './finding.ts';
import type { Policy } from './policy.ts';
import {
  ciMadeIt,
  immutableTagStays,
  isReported,
  pusherIsExpected,
  registryHasIt,
  tagDoesNotRollBack,
} from './rules.ts';
import { isSigned, signaturesAreValid } from './signature-rules.ts';

/** Worst first: the order in which a maintainer reads them. */
const RULES = [
  canaryIsNotUsed,
  pusherIsExpected,
  tokenIsExpected,
  tokenIsNotFresh,
  tokenIsAwake,
  immutableTagStays,
  ciMadeIt,
  isSigned,
  signaturesAreValid,
  tagDoesNotRollBack,
  isReported,
  registryHasIt,
] as const;

/** Rules about who pushed: what they look at may become known long after a push was decided. */
const PUSHER_RULES: readonly Rule[] = [
  canaryIsNotUsed,
  pusherIsExpected,
  tokenIsExpected,
  tokenIsNotFresh,
  tokenIsAwake,
];

type Rule = (c: Case) => Outcome;

/**
 * Judges a push that was trusted once more, as far as who pushed it goes: what else was decided stays decided, whatever
 * the tag has become since.
 */
export function evaluatePusher(policy: Policy, push: PushFacts, evidence: PushEvidence, now: number): Judgement {
  return judged(PUSHER_RULES.map((rule) => rule({ policy, push, evidence, now })).filter(({ is }) => is === 'finding'));
}

/**
 * Judges a push by a policy with what is known at `now` (ms since the epoch). Pure: any new fact or the passing of
 * `next` just runs it again. A push is `trusted` only if nothing is found, nothing is awaited and nothing is
 * unavailable.
 */
export function evaluate(policy: Policy, push: PushFacts, evidence: PushEvidence, now: number): Judgement {
  return judged(RULES.map((rule): Outcome => rule({ policy, push, evidence, now })));
}

function judged(outcomes: readonly Outcome[]): Judgement {
  const findings: Finding[] = [];
  const wants: Want[] = [];
  let next: number | null = null;
  let unavailable = false;
  for (const outcome of outcomes) {
    switch (outcome.is) {
      case 'satisfied':
        break;
      case 'finding':
        findings.push(outcome.finding);
        if (outcome.until !== undefined) {
          wants.push('signature');
          next = next === null ? outcome.until : Math.min(next, outcome.until);
        }
        break;
      case 'waiting':
        wants.push(outcome.want);
        next = next === null ? outcome.until : Math.min(next, outcome.until);
        break;
      case 'unavailable':
        unavailable = true;
        wants.push(outcome.want);
        break;
    }
  }
  const verdict = findings.length > 0 ? 'rogue' : next !== null ? 'pending' : unavailable ? 'undetermined' : 'trusted';
  return { verdict, findings, wants: [...new Set(wants)], next };
}
