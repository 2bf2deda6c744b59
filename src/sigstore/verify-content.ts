import type { Digest } from '../domain/digest.ts';
import type { FoundSignature, SignatureProblem } from '../domain/signature.ts';
import type { SignatureMaterial } from '../usecases/ports.ts';
import { readBundle } from './bundle.ts';
import { readCosignAttestation, readCosignSignature } from './cosign.ts';
import { Refused, refusalOf } from './refused.ts';
import type { Signed } from './signed.ts';
import { type NamedRoot, type TrustedKey, type Verified, verifySigned } from './verify-signed.ts';

/** What was read. */
export type SignatureContent = SignatureMaterial['content'];

/** What verification makes of it: all of `FoundSignature` but where it was found. */
export type Judged = Omit<FoundSignature, 'place' | 'image' | 'about' | 'source'>;

/** Verifies one signature of one digest. Never throws. */
export function verifyContent(
  content: SignatureContent,
  about: Digest,
  roots: readonly NamedRoot[],
  keys: readonly TrustedKey[],
): Judged {
  const format = formatOf(content);
  let signed: Signed | null = null;
  try {
    signed = readContent(content, about);
    return judged(format, signed, verifySigned(signed, roots, keys));
  } catch (error) {
    return refused(format, refusalOf(error), signed?.says.predicateType ?? null);
  }
}

/** @throws Refused */
function readContent(content: SignatureContent, about: Digest): Signed {
  switch (content.kind) {
    case 'bundle':
      return readBundle(content.bytes, about, content.artifact ?? null);
    case 'simple-signing':
      return readCosignSignature(content.payload, content.annotations, about);
    case 'dsse':
      return readCosignAttestation(content.envelope, content.annotations, about);
    case 'notation':
      throw new Refused('unsupported', 'signatures of Notation are recognised, not verified');
    case 'broken':
      throw new Refused(content.problem, content.reason);
    case 'unreadable':
      throw new Refused('unreadable', content.reason);
  }
}

/** By where it was: what is in it may be anything. */
export function formatOf({ kind }: SignatureContent): FoundSignature['format'] {
  switch (kind) {
    case 'bundle':
      return 'sigstore-bundle';
    case 'simple-signing':
      return 'cosign-signature';
    case 'dsse':
      return 'cosign-attestation';
    case 'notation':
      return 'notation';
    case 'broken':
    case 'unreadable':
      return 'unknown';
  }
}

function judged(format: Judged['format'], { says }: Signed, verified: Verified): Judged {
  return { format, state: 'valid', problem: null, reason: null, ...verified, ...says };
}

/** Without a verdict on it, or with one that is not good. */
export function refused(format: Judged['format'], { problem, message }: Refused, predicateType: string | null): Judged {
  return {
    format,
    state: stateOf(problem),
    problem,
    reason: message,
    signer: null,
    trustedRoot: null,
    predicateType,
    provenance: null,
    signedAt: null,
    logIndex: null,
  };
}

function stateOf(problem: SignatureProblem): 'invalid' | 'unavailable' | 'unsupported' {
  switch (problem) {
    case 'malformed':
    case 'wrong-digest':
    case 'other-subject':
    case 'bad-signature':
    case 'unknown-key':
    case 'certificate':
    case 'transparency-log':
    case 'timestamp':
      return 'invalid';
    case 'trusted-root':
    case 'self-test':
    case 'unreadable':
      return 'unavailable';
    case 'unsupported':
      return 'unsupported';
  }
}
