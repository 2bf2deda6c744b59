import { type AuthorityLists, authorityName } from '../domain/authority.ts';
import type { Finding } from '../domain/finding.ts';
import type { FoundSignature, SignatureEvidence } from '../domain/signature.ts';
import { isBy } from '../domain/trust.ts';

export interface StoryFacts {
  /** What the push was alarmed for. */
  readonly findings: readonly Finding[];
  /** As they are now. */
  readonly signatures: SignatureEvidence;
  readonly authorities: AuthorityLists;
  /** When the alert was opened (ms). */
  readonly openedAt: number;
  readonly now: number;
}

const LONGEST_NAME = 200;

/**
 * How late signatures cleared an alert, in a sentence or two: who signed first, who then, how much later. Plain text with
 * names as they came. `null`: signatures did not clear it.
 */
export function signatureStory({ findings, signatures, authorities, openedAt, now }: StoryFacts): string | null {
  const before = findings.find(isAboutSignatures);
  if (before === undefined) return null;
  const right = firstRight(authorities, signatures.found);
  if (right === null) return null;
  const late = sinceAlert(right.found, openedAt, now);
  switch (before.code) {
    case 'unsigned':
      return `Nobody had signed it in time; ${right.name} ${late}.`;
    case 'invalid-signature':
      return `A signature that is worth nothing came first; ${right.name} ${late}.`;
    case 'untrusted-signer': {
      const stranger = before.found[0]?.signer ?? null;
      const first = stranger === null ? 'another key' : named(stranger);
      const delay = delayAfter(stranger, right.found, signatures.found);
      if (delay === null)
        return `A signature by ${first} came first; the right one, by ${right.name}, was found ${span(now - openedAt)} after the alert.`;
      return `A signature by ${first} came first; the right one, by ${right.name}, followed ${span(delay)} later.`;
    }
  }
}

type SignatureFinding = Extract<Finding, { readonly code: 'unsigned' | 'untrusted-signer' | 'invalid-signature' }>;

function isAboutSignatures(finding: Finding): finding is SignatureFinding {
  return finding.code === 'unsigned' || finding.code === 'untrusted-signer' || finding.code === 'invalid-signature';
}

/** The earliest signature that counts, and its signer by the name that people gave, or else the identity. */
function firstRight(
  authorities: AuthorityLists,
  found: readonly FoundSignature[],
): { readonly found: FoundSignature; readonly name: string } | null {
  const right = found.flatMap((one) => {
    const authority = authorities.flat().find((each) => isBy(each, one));
    return authority === undefined ? [] : [{ found: one, name: named(signerOf(one) ?? authorityName(authority)) }];
  });
  const at = ({ signedAt }: FoundSignature): number => signedAt ?? Number.POSITIVE_INFINITY;
  return right.sort((a, b) => at(a.found) - at(b.found))[0] ?? null;
}

/** Of a key its fingerprint says less than the name that the policy gives it. */
function signerOf({ signer }: FoundSignature): string | null {
  return signer?.kind === 'keyless' ? signer.subject : null;
}

function sinceAlert({ signedAt }: FoundSignature, openedAt: number, now: number): string {
  return signedAt !== null && signedAt > openedAt
    ? `signed it ${span(signedAt - openedAt)} after the alert`
    : `has signed it, which was found ${span(now - openedAt)} after the alert`;
}

/** How much later the right one was made, if their times are known and in that order. */
function delayAfter(stranger: string | null, right: FoundSignature, found: readonly FoundSignature[]): number | null {
  const wrong = found.find(({ signer }) => signer?.kind === 'keyless' && signer.subject === stranger);
  if (wrong === undefined || wrong.signedAt === null || right.signedAt === null) return null;
  return right.signedAt > wrong.signedAt ? right.signedAt - wrong.signedAt : null;
}

function named(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}

/** `40 s`, `12 min`, `5 h`, `3 days`. */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
