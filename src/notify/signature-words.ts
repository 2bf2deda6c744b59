import type { Finding, SignatureFound } from '../domain/finding.ts';
import type { SignaturePlaceName, SignatureProblem } from '../domain/signature.ts';

/** Words about signatures, for whoever explains a finding: plain text, names as they came. */

type SignatureFinding = Extract<Finding, { readonly code: 'unsigned' | 'untrusted-signer' | 'invalid-signature' }>;

/** The place, as a noun. */
export function placeWords(place: SignaturePlaceName): string {
  switch (place) {
    case 'referrers-api':
      return 'the referrers API';
    case 'fallback-tag':
      return 'the tag sha256-… for referrers';
    case 'sig-tag':
      return 'cosign’s tag sha256-….sig';
    case 'att-tag':
      return 'cosign’s tag sha256-….att';
    case 'github-attestations':
      return 'GitHub’s attestations';
  }
}

/** What is wrong with a signature, to follow "it" or "which says that it". */
export function problemWords(problem: SignatureProblem): string {
  switch (problem) {
    case 'malformed':
      return 'cannot be read as what it says it is';
    case 'wrong-digest':
      return 'is not what its own digest says';
    case 'other-subject':
      return 'is about another image';
    case 'bad-signature':
      return 'does not fit what it signs';
    case 'unknown-key':
      return 'was made by none of the keys that your policy names';
    case 'certificate':
      return 'has a certificate that no trusted authority gave, or that was not valid when it signed';
    case 'transparency-log':
      return 'has no good entry in the transparency log';
    case 'timestamp':
      return 'has no time that can be believed';
    case 'trusted-root':
      return 'needs something that our trusted root lacks';
    case 'self-test':
      return 'could not be checked, as our cryptography failed its own test';
    case 'unreadable':
      return 'could not be read just now';
    case 'unsupported':
      return 'is of a kind that is not checked here';
  }
}

export function explainSignature(finding: SignatureFinding): { readonly explanation: string; readonly action: string } {
  switch (finding.code) {
    case 'unsigned':
      return {
        explanation: `Every place where a signature may be kept answered before the deadline; none has one.${insteadInWords(finding.instead)}`,
        action:
          'Look at the release job. If it did not run, revoke and restore; if signing broke, sign the digest now and this clears.',
      };
    case 'untrusted-signer':
      return {
        explanation: `${strangerInWords(finding)} You named ${listInWords(finding.expected)}.`,
        action:
          'Not yours: treat the image as rogue, revoke and restore. A new workflow or key of yours: add exactly that to signatures.authorities.',
      };
    case 'invalid-signature':
      return {
        explanation: `A signature is attached to this digest and is worth nothing: it ${failureInWords(finding.found)}.`,
        action:
          'Do not use the image. If you signed it again by hand, sign once more, and this clears; else restore the tag.',
      };
  }
}

/** Only of a signature whose signer is known it is certain that it is sound. */
function strangerInWords({ found, expected }: SignatureFinding & { readonly code: 'untrusted-signer' }): string {
  const known = found.find(({ signer }) => signer !== null);
  if (known?.signer === undefined || known.signer === null) {
    return 'A signature is there, and none of the keys that you named made it.';
  }
  if (expected.includes(known.signer)) {
    return `The signature is sound and by ${known.signer}, whom you named; it does not meet what else your policy asks of that signer.`;
  }
  const more = new Set(found.flatMap(({ signer }) => (signer === null || signer === known.signer ? [] : [signer])))
    .size;
  const others = more === 0 ? '' : `, and there ${more === 1 ? 'is one other' : `are ${more} others`}`;
  return `The signature is sound; its signer ${known.signer} is not one you named${others}.`;
}

function failureInWords(found: readonly SignatureFound[]): string {
  const [first] = found;
  if (first === undefined || first.problem === null) return 'cannot be read as what it says it is';
  return problemWords(first.problem);
}

function insteadInWords(kinds: readonly string[]): string {
  if (kinds.length === 0) return '';
  return ` What is there instead: ${listInWords(kinds.map(kindInWords))}.`;
}

function kindInWords(kind: string): string {
  switch (kind) {
    case 'notation':
      return 'a Notation signature, which is not checked here';
    case 'unknown':
      return 'something that is not known here';
    default:
      return `a statement (${kind})`;
  }
}

const NAMES_IN_A_SENTENCE = 5;

/** `a, b and c`; `nobody`; over five: `a, b, c, d, e and 3 more`. */
export function listInWords(names: readonly string[]): string {
  if (names.length === 0) return 'nobody';
  const shown = names.slice(0, NAMES_IN_A_SENTENCE);
  const more = names.length - shown.length;
  const last = more > 0 ? `${more} more` : shown.pop();
  return shown.length === 0 ? `${last}` : `${shown.join(', ')} and ${last}`;
}
