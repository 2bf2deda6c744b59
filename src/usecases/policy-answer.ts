import { UNATTRIBUTED } from '../domain/attribution.ts';
import { type Authority, authorityName } from '../domain/authority.ts';
import { type AuthorityMismatch, authorityMismatch } from '../domain/authority-mismatch.ts';
import type { Case, Outcome } from '../domain/case.ts';
import type { Digest } from '../domain/digest.ts';
import type { CiMismatchFound, Finding } from '../domain/finding.ts';
import type { Policy, RuleMode } from '../domain/policy.ts';
import { provenanceSays } from '../domain/provenance.ts';
import type { FoundSignature, SignatureEvidence } from '../domain/signature.ts';
import { isSigned, signaturesAreValid } from '../domain/signature-rules.ts';
import { isBy, isTrusted } from '../domain/trust.ts';

/** What a policy says of a digest that is not pushed just now: as if all waiting were over. */
export interface PolicyAnswer {
  readonly signatures: {
    readonly mode: RuleMode;
    /** As if signatures were required. `nobody-named`: the policy does not say who may sign. */
    readonly verdict: 'satisfied' | 'not-satisfied' | 'undetermined' | 'nobody-named';
    readonly findings: readonly Finding[];
    readonly lists: readonly ListAnswer[];
  };
  readonly ci: {
    readonly mode: RuleMode;
    /** By provenance alone: what CI announces is told of pushes only. */
    readonly provenance: 'allowed' | 'mismatch' | 'nothing' | 'unavailable';
    readonly found: CiMismatchFound | null;
  };
}

/** Whether one of a list's authorities signed, and how each compares with what was found. */
export interface ListAnswer {
  readonly satisfied: boolean;
  readonly authorities: readonly AuthorityAnswer[];
}

export interface AuthorityAnswer {
  readonly name: string;
  /** Signatures of this authority. */
  readonly signatures: readonly Source[];
  /** Of the others: the first condition that each does not meet. */
  readonly mismatches: readonly (Source & AuthorityMismatch)[];
}

/** Which signature: what holds it, and the digest that it is about. */
interface Source {
  readonly source: Digest;
  readonly about: Digest;
}

const MISMATCHES = 10;

/** `pushedAt` (ms): where the digest's push is known, provenance of an announced push has to be of its time. */
export function answerOf(
  policy: Policy,
  digest: Digest,
  signatures: SignatureEvidence,
  pushedAt: number | null,
  now: number,
): PolicyAnswer {
  const { mode, authorities = [] } = policy.signatures;
  const c = caseOf(policy, digest, signatures, pushedAt, now);
  const outcomes = authorities.length === 0 ? [] : [isSigned(c), signaturesAreValid(c)];
  const says = provenanceSays(policy, c.push, signatures);
  return {
    signatures: {
      mode,
      verdict: authorities.length === 0 ? 'nobody-named' : verdictOf(outcomes),
      findings: outcomes.flatMap((outcome) => (outcome.is === 'finding' ? [outcome.finding] : [])),
      lists: authorities.map((list) => ({
        satisfied: isTrusted([list], digest, signatures),
        authorities: list.map((authority) => authorityAnswer(authority, signatures.found)),
      })),
    },
    ci: { mode: policy.ci.mode, provenance: says.is, found: says.is === 'mismatch' ? says.found : null },
  };
}

function verdictOf(outcomes: readonly Outcome[]): 'satisfied' | 'not-satisfied' | 'undetermined' {
  if (outcomes.some(({ is }) => is === 'finding')) return 'not-satisfied';
  return outcomes.every(({ is }) => is === 'satisfied') ? 'satisfied' : 'undetermined';
}

/** A push of the digest whose deadline has just passed. */
function caseOf(
  policy: Policy,
  digest: Digest,
  signatures: SignatureEvidence,
  pushedAt: number | null,
  now: number,
): Case {
  const over = now - Math.max(policy.deadlineSeconds, policy.settleSeconds) * 1000;
  return {
    policy: { ...policy, signatures: { ...policy.signatures, mode: 'require' } },
    push: {
      tag: 'any',
      digest,
      kind: 'manifest',
      origin: 'read-back',
      receivedAt: over,
      notBefore: pushedAt ?? Number.NEGATIVE_INFINITY,
      pusher: null,
      repository: 0,
    },
    evidence: {
      readBack: { state: 'present', value: { digest } },
      history: { previous: null, leftAt: null, unchanged: false, safe: null },
      announcements: [],
      runs: [],
      signatures,
      account: null,
      attribution: UNATTRIBUTED,
      reported: true,
    },
    now,
  };
}

function authorityAnswer(authority: Authority, found: readonly FoundSignature[]): AuthorityAnswer {
  const sourceOf = ({ source, about }: FoundSignature): Source => ({ source, about });
  return {
    name: authorityName(authority),
    signatures: found.filter((one) => isBy(authority, one)).map(sourceOf),
    mismatches: found
      .flatMap((one) => {
        const mismatch = authorityMismatch(authority, one);
        return mismatch === null ? [] : [{ ...sourceOf(one), ...mismatch }];
      })
      .slice(0, MISMATCHES),
  };
}
