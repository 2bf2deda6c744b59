import type { Outcome } from './case.ts';
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
  pusherIsExpected,
  immutableTagStays,
  ciMadeIt,
  isSigned,
  signaturesAreValid,
  tagDoesNotRollBack,
  isReported,
  registryHasIt,
] as const;

/**
 * Judges a push by a policy with what is known at `now` (ms since the epoch). Pure: any new fact or the passing of
 * `next` just runs it again. A push is `trusted` only if nothing is found, nothing is awaited and nothing is
 * unavailable.
 */
export function evaluate(policy: Policy, push: PushFacts, evidence: PushEvidence, now: number): Judgement {
  const outcomes = RULES.map((rule): Outcome => rule({ policy, push, evidence, now }));
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
