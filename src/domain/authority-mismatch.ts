import {
  type Authority,
  isKeyless,
  type KeyAuthority,
  type KeylessAuthority,
  matchesSubject,
  PUBLIC_GOOD,
  workflowPath,
} from './authority.ts';
import { matchesGlob } from './glob.ts';
import { type FoundSignature, isImageSignature, isProvenance, type Signer } from './signature.ts';

/** The first condition of an authority that a signature does not meet. `null`: there is nothing to compare. */
export interface AuthorityMismatch {
  readonly condition:
    | 'state'
    | 'predicateType'
    | 'kind'
    | 'oidcIssuer'
    | 'subject'
    | 'subjectRegExp'
    | 'sourceRepository'
    | 'sourceRepositoryId'
    | 'ref'
    | 'refPattern'
    | 'workflow'
    | 'runnerEnvironment'
    | 'fingerprint'
    | 'transparencyLog'
    | 'trustedRoot';
  readonly expected: string | null;
  readonly found: string | null;
}

/** Why a signature is not this authority's, or does not count; `null`: it is, and counts. */
export function authorityMismatch(authority: Authority, found: FoundSignature): AuthorityMismatch | null {
  return stateMismatch(found) ?? statementMismatch(authority, found) ?? signerMismatch(authority, found);
}

/** Why this authority did not make it, whatever it says; `null`: it did. */
export function signerMismatch(authority: Authority, found: FoundSignature): AuthorityMismatch | null {
  const mismatch = isKeyless(authority) ? identityMismatch(authority, found) : keyMismatch(authority, found);
  return stateMismatch(found) ?? mismatch;
}

function stateMismatch({ state, problem }: FoundSignature): AuthorityMismatch | null {
  return state === 'valid' ? null : { condition: 'state', expected: 'valid', found: problem ?? state };
}

function statementMismatch({ attestations }: Authority, found: FoundSignature): AuthorityMismatch | null {
  const counts =
    attestations === undefined
      ? isImageSignature(found) || isProvenance(found)
      : attestations.some(({ predicateType }) => predicateType === found.predicateType);
  if (counts) return null;
  const expected = (attestations ?? []).map(({ predicateType }) => predicateType).join(', ');
  return { condition: 'predicateType', expected: expected === '' ? null : expected, found: found.predicateType };
}

function keyMismatch(authority: KeyAuthority, found: FoundSignature): AuthorityMismatch | null {
  const { signer } = found;
  if (signer?.kind !== 'key') return { condition: 'kind', expected: 'key', found: signer?.kind ?? null };
  const { fingerprint, transparencyLog } = authority.key;
  if (signer.fingerprint !== fingerprint) {
    return { condition: 'fingerprint', expected: fingerprint, found: signer.fingerprint };
  }
  if (transparencyLog === 'ignore') return null;
  if (!signer.logged) return { condition: 'transparencyLog', expected: transparencyLog, found: null };
  return rootMismatch(authority, found);
}

function rootMismatch({ trustedRoot = PUBLIC_GOOD }: Authority, found: FoundSignature): AuthorityMismatch | null {
  if (found.trustedRoot === trustedRoot) return null;
  return { condition: 'trustedRoot', expected: trustedRoot, found: found.trustedRoot };
}

type Keyless = Signer & { readonly kind: 'keyless' };

function identityMismatch(authority: KeylessAuthority, found: FoundSignature): AuthorityMismatch | null {
  const { signer } = found;
  if (signer?.kind !== 'keyless') return { condition: 'kind', expected: 'keyless', found: signer?.kind ?? null };
  const { keyless } = authority;
  if (signer.oidcIssuer !== keyless.oidcIssuer) {
    return { condition: 'oidcIssuer', expected: keyless.oidcIssuer, found: signer.oidcIssuer };
  }
  return subjectMismatch(keyless.identity, signer) ?? claimMismatch(keyless, signer) ?? rootMismatch(authority, found);
}

function subjectMismatch(
  { subject, subjectRegExp }: KeylessAuthority['keyless']['identity'],
  signer: Keyless,
): AuthorityMismatch | null {
  if (subject === undefined && subjectRegExp === undefined) {
    return { condition: 'subject', expected: null, found: signer.subject };
  }
  if (subject !== undefined && subject !== signer.subject) {
    return { condition: 'subject', expected: subject, found: signer.subject };
  }
  if (subjectRegExp === undefined || matchesSubject(subjectRegExp, signer.subject)) return null;
  return { condition: 'subjectRegExp', expected: subjectRegExp, found: signer.subject };
}

function claimMismatch(keyless: KeylessAuthority['keyless'], { certificate }: Keyless): AuthorityMismatch | null {
  const workflow = workflowPath(certificate.buildConfigUri, certificate.sourceRepository);
  const claims = [
    ['sourceRepository', keyless.sourceRepository, certificate.sourceRepository],
    ['sourceRepositoryId', keyless.sourceRepositoryId, certificate.sourceRepositoryId],
    ['ref', keyless.ref, certificate.sourceRepositoryRef],
    ['runnerEnvironment', keyless.runnerEnvironment, certificate.runnerEnvironment],
    ['workflow', keyless.workflow, workflow],
  ] as const;
  for (const [condition, expected, found] of claims) {
    if (expected !== undefined && expected !== found) return { condition, expected, found };
  }
  const { refPattern } = keyless;
  const ref = certificate.sourceRepositoryRef;
  if (refPattern === undefined || (ref !== null && matchesGlob(refPattern, ref))) return null;
  return { condition: 'refPattern', expected: refPattern, found: ref };
}
