import type { Finding } from '../domain/finding.ts';
import { isImageSignature, isProvenance } from '../domain/signature.ts';
import type { EvidenceInBrief } from './blast-radius-report.ts';
import type { KeptEvidence } from './stores.ts';

/** What is kept of a push's evidence, in a word each. What could not be found out is never `absent`. */
export function evidenceInBrief(kept: KeptEvidence | null, findings: readonly Finding[]): EvidenceInBrief {
  return { ci: ciOf(kept, findings), signature: signatureOf(kept, findings) };
}

function ciOf(kept: KeptEvidence | null, findings: readonly Finding[]): EvidenceInBrief['ci'] {
  if (findings.some(({ code }) => code === 'ci-mismatch')) return 'mismatch';
  if (findings.some(({ code }) => code === 'no-ci-run')) return 'absent';
  if (kept === null) return 'unknown';
  if (kept.announcement !== null) return 'announced';
  if (foundIn(kept).some((found) => found.state === 'valid' && isProvenance(found))) return 'provenance';
  return kept.wants.includes('ci') ? 'awaited' : 'unknown';
}

function signatureOf(kept: KeptEvidence | null, findings: readonly Finding[]): EvidenceInBrief['signature'] {
  if (findings.some(({ code }) => code === 'invalid-signature')) return 'invalid';
  if (findings.some(({ code }) => code === 'untrusted-signer')) return 'untrusted';
  const signatures = kept?.signatures ?? null;
  if (signatures === null || kept === null) return 'not-looked-for';
  const found = foundIn(kept).filter(isImageSignature);
  if (found.some(({ state }) => state === 'valid')) return 'valid';
  if (signatures.places.some(({ state }) => state === 'unavailable')) return 'unavailable';
  if (found.some(({ state }) => state === 'unavailable' || state === 'unsupported')) return 'unavailable';
  return found.length > 0 ? 'invalid' : 'absent';
}

// Rows written before signatures were verified hold another shape.
const foundIn = ({ signatures }: KeptEvidence) => (Array.isArray(signatures?.found) ? signatures.found : []);
