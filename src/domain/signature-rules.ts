import { type AuthorityLists, authorityName } from './authority.ts';
import { type Case, deadlineAt, findingAt, type Outcome, SATISFIED, settleAt, unavailableAt } from './case.ts';
import type { Digest } from './digest.ts';
import type { SignatureFound } from './finding.ts';
import { type FoundSignature, isImageSignature, isProvenance, type SignatureEvidence } from './signature.ts';
import { isBy, missingLists, untrusted } from './trust.ts';

/** What the signatures of the push's digest come to. */
type Standing =
  /** The policy does not ask, or is satisfied. */
  | { readonly is: 'settled' }
  /** We cannot tell, through a fault that is not the push's. */
  | { readonly is: 'unknown' }
  /** The policy names nobody who could sign. */
  | { readonly is: 'nobody-named' }
  | {
      readonly is: 'untrusted';
      /** Names of the authorities of whom one is missing. */
      readonly expected: readonly string[];
      readonly strangers: readonly FoundSignature[];
      readonly invalid: readonly FoundSignature[];
    };

function standing({ policy, push, evidence }: Case): Standing {
  const { mode, authorities = [] } = policy.signatures;
  if (mode !== 'require' || push.tag === '') return { is: 'settled' };
  // What does not exist is signed by nobody: `registryHasIt` answers for it.
  if (push.digest === null && evidence.readBack.state === 'absent') return { is: 'settled' };
  const { signatures } = evidence;
  if (signatures === null || push.digest === null) return { is: 'unknown' };
  if (authorities.length === 0 && signatures.found.length > 0) return { is: 'nobody-named' };
  const missing = missingLists(authorities, push.digest, signatures);
  if (authorities.length > 0 && missing.length === 0) return { is: 'settled' };
  // A trusted one may be where we could not look.
  if (!isComplete(signatures, missing)) return { is: 'unknown' };
  return {
    is: 'untrusted',
    expected: [...new Set(missing.flat().map(authorityName))].slice(0, 10),
    strangers: strangers(authorities, signatures),
    invalid: invalid(authorities, signatures),
  };
}

/**
 * Whether everything was read that could still show a trusted signature. An index is covered through its children only
 * if each is signed, so one child that was read and is not decides: whoever pushes an index could otherwise list so many
 * that they are never all read.
 */
function isComplete(evidence: SignatureEvidence, missing: AuthorityLists): boolean {
  const { children } = evidence;
  const isRead = (concerns: (about: Digest | undefined) => boolean): boolean =>
    evidence.places.every(({ state, about }) => state !== 'unavailable' || !concerns(about)) &&
    evidence.found.every(({ state, about }) => state !== 'unavailable' || !concerns(about));
  if (!isRead((about) => about === undefined || !children.includes(about))) return false;
  const isUnsigned = (child: Digest): boolean =>
    isRead((about) => about === child) &&
    missing.every((list) => !evidence.found.some((one) => one.about === child && list.some((each) => isBy(each, one))));
  return children.some(isUnsigned) || isRead(() => true);
}

/**
 * Whether it is somebody's attempt to sign the image: a signature, provenance, or a statement that an authority has to
 * make. An SBOM by another key, or of another Sigstore, says nothing about a signature that is still to come.
 */
function isAttempt(authorities: AuthorityLists, found: FoundSignature): boolean {
  const wanted = authorities.flat().flatMap(({ attestations = [] }) => attestations);
  const isWanted = wanted.some(({ predicateType }) => predicateType === found.predicateType);
  return isImageSignature(found) || isProvenance(found) || isWanted;
}

function strangers(authorities: AuthorityLists, evidence: SignatureEvidence): FoundSignature[] {
  return untrusted(authorities, evidence).filter((found) => isAttempt(authorities, found));
}

function invalid(authorities: AuthorityLists, { found }: SignatureEvidence): FoundSignature[] {
  return found.filter(
    (each) => each.state === 'invalid' && each.problem !== 'unknown-key' && isAttempt(authorities, each),
  );
}

/**
 * Somebody whom the policy names signed the digest. Decided when honest signatures have had time to arrive in any order:
 * a stranger's after the settle time, none at the deadline.
 */
export function isSigned(c: Case): Outcome {
  const found = standing(c);
  switch (found.is) {
    case 'settled':
      return SATISFIED;
    case 'nobody-named':
      return { is: 'unavailable', want: 'signature-verification' };
    case 'unknown':
      return unavailableAt(c, deadlineAt(c), 'signature');
    case 'untrusted':
      if (found.strangers.length > 0) {
        const told = found.strangers.slice(0, TOLD).map(tell);
        const finding = { code: 'untrusted-signer', found: told, expected: found.expected } as const;
        return { ...findingAt(c, settleAt(c), 'signature', finding), ...lookingOn(c) };
      }
      // What is there and worth nothing has a finding of its own.
      if (found.invalid.length > 0) return SATISFIED;
      return findingAt(c, deadlineAt(c), 'signature', {
        code: 'unsigned',
        expected: found.expected,
        instead: instead(c.evidence.signatures),
      });
  }
}

/** No signature is there that fails verification, unless a trusted one is there too. */
export function signaturesAreValid(c: Case): Outcome {
  const found = standing(c);
  if (found.is !== 'untrusted' || found.invalid.length === 0) return SATISFIED;
  const finding = { code: 'invalid-signature', found: found.invalid.slice(0, TOLD).map(tell) } as const;
  return { ...findingAt(c, settleAt(c), 'signature', finding), ...lookingOn(c) };
}

/** Signatures that are listed in a finding. */
const TOLD = 3;

/** The right signer may still come after the wrong one. */
function lookingOn(c: Case): { readonly until?: number } {
  if (c.now < settleAt(c)) return { until: settleAt(c) };
  return c.now < deadlineAt(c) ? { until: deadlineAt(c) } : {};
}

function tell({ place, signer, problem, reason }: FoundSignature): SignatureFound {
  return {
    place,
    signer: signer === null ? null : signer.kind === 'key' ? signer.fingerprint : signer.subject,
    oidcIssuer: signer?.kind === 'keyless' ? signer.oidcIssuer : null,
    problem,
    reason,
  };
}

/** What an unsigned image carries instead of a signature: each kind once. */
function instead(evidence: SignatureEvidence | null): string[] {
  const kinds = (evidence?.found ?? []).map((found) =>
    found.state === 'unsupported' ? found.format : (found.predicateType ?? found.format),
  );
  return [...new Set(kinds)].slice(0, 10);
}
