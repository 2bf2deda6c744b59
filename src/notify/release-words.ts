import type { KeptAttribution } from '../domain/attribution.ts';
import type { AttributionStrength } from '../domain/credential.ts';
import { shortDigest } from '../domain/digest.ts';
import type { CiVouch, PushOrigin } from '../domain/evidence.ts';
import type { FoundSignature } from '../domain/signature.ts';
import type { KeptEvidence } from '../usecases/stores.ts';
import { shortName } from './slack-text.ts';

/** What a list says of a push's evidence, in a few words each. Plain text, names as they came. */

/** How surely we know which token pushed. */
export function strengthInWords(strength: AttributionStrength, by: KeptAttribution['by'] | 'webhook' | null): string {
  switch (strength) {
    case 'named':
      return by === 'webhook' ? 'named by the webhook' : 'named by the registry’s log';
    case 'deduced':
      return 'deduced: only its last use fits';
    case 'ambiguous':
      return 'not named: one of these';
    case 'unknown':
      return 'token not named';
  }
}

/** A signed webhook names the sender; Docker Hub's names an account that may have many tokens. */
export function strengthOf(
  attribution: KeptAttribution | null,
  origin: PushOrigin,
  isNamed: boolean,
): { readonly strength: AttributionStrength; readonly by: KeptAttribution['by'] | 'webhook' | null } {
  if (attribution !== null) return attribution;
  const isSigned = isNamed && (origin === 'github' || origin === 'distribution');
  return isSigned ? { strength: 'named', by: 'webhook' } : { strength: 'unknown', by: null };
}

/** What is known of signatures. "Not looked for" and "none" are never the same. */
export function signatureInBrief(evidence: KeptEvidence | null): string {
  const signatures = evidence?.signatures ?? null;
  // Rows written before signatures were verified hold another shape.
  if (signatures === null || !Array.isArray(signatures.found) || !Array.isArray(signatures.places))
    return 'Signature not looked for';
  const { found, places } = signatures;
  const valid = found.find(({ state }) => state === 'valid');
  if (valid !== undefined) return `Signed by ${signerInBrief(valid)}`;
  if ([...found, ...places].some(({ state }) => state === 'unavailable')) return 'Signatures could not be read';
  if (found.some(({ state }) => state === 'invalid')) return 'A signature that is worth nothing';
  return found.length === 0 ? 'No signature' : 'A signature of a kind that is not checked here';
}

function signerInBrief({ signer }: FoundSignature): string {
  if (signer === null) return 'somebody';
  if (signer.kind === 'key') return `key ${shortDigest(signer.fingerprint)}`;
  // The workflow's file and ref say more, in less room, than the address before them.
  const [, file] = /^https:\/\/.*\/\.github\/workflows\/([^/@]+@.+)$/.exec(signer.subject) ?? [];
  return shortName(file ?? signer.subject);
}

const VOUCHED: Readonly<Record<CiVouch['how'], string>> = {
  expected: 'Expected by a maintainer',
  announced: 'Announced by CI',
  provenance: 'Provenance names the CI run',
  concurrent: 'A release job ran then, which is weak',
};

/** How CI vouches for it. */
export function ciInBrief(evidence: KeptEvidence | null): string {
  if (evidence?.ci != null) return VOUCHED[evidence.ci.how];
  return evidence?.announcement == null ? 'No CI run known' : VOUCHED.announced;
}
