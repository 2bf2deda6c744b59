import type { TransparencyLogEntry } from '@sigstore/bundle';
import type { Provenance } from '../domain/signature.ts';
import { Certificate } from './certificate.ts';
import type { Content } from './content.ts';
import { Refused, refusalOf } from './refused.ts';
import { Timestamp } from './timestamp.ts';

/** A signature, whatever form it came in. Nothing of it is verified but that it speaks of what was asked about. */
export interface Signed {
  readonly content: Content;
  readonly by:
    | { readonly kind: 'certificate'; readonly certificate: Certificate }
    | { readonly kind: 'key'; readonly hint: string };
  readonly entries: readonly TransparencyLogEntry[];
  readonly timestamps: readonly Timestamp[];
  /** The bytes of a DSSE envelope as cosign logged them, for log entries that name their hash. */
  readonly envelope: Uint8Array | null;
  readonly says: Said;
}

/** What the signer said, worth nothing before the signature is verified. */
export interface Said {
  /** `null`: the image itself was signed. */
  readonly predicateType: string | null;
  readonly provenance: Provenance | null;
}

/** Log entries, timestamps, certificates: honest ones have one or two of each, and each costs a few checks. */
export const MAX_MEMBERS = 16;
const MAX_CERTIFICATE = 32 * 1024;
const MAX_TIMESTAMP = 64 * 1024;
const MAX_ENTRY = 1 << 20;
const MAX_CHECKPOINT = 64 * 1024;
const MAX_HASHES = 64;

/** @throws Refused */
export function readCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > MAX_CERTIFICATE) throw new Refused('malformed', 'its certificate is too long');
  try {
    const certificate = Certificate.read(bytes);
    // Looked at here, so that it fails here if the bytes are another structure.
    if (certificate.publicKey.length === 0 || Number.isNaN(certificate.notAfter.getTime())) throw new Error();
    return certificate;
  } catch {
    throw new Refused('malformed', 'its certificate cannot be read');
  }
}

/** @throws Refused */
export function readTimestamps(all: readonly Uint8Array[]): Timestamp[] {
  return all.map((bytes) => {
    if (bytes.length > MAX_TIMESTAMP) throw new Refused('malformed', 'a timestamp of it is too long');
    try {
      const timestamp = Timestamp.read(bytes);
      if (timestamp.signerIssuer === undefined || Number.isNaN(timestamp.signingTime.getTime())) throw new Error();
      return timestamp;
    } catch {
      throw new Refused('malformed', 'a timestamp of it cannot be read');
    }
  });
}

/** @throws Refused */
export function checkEntries(entries: readonly TransparencyLogEntry[]): void {
  for (const { logIndex, integratedTime, canonicalizedBody, inclusionProof } of entries) {
    if (!isCount(logIndex) || (inclusionProof !== undefined && !isCount(inclusionProof.logIndex)))
      throw new Refused('transparency-log', 'the index of its log entry is negative or no number');
    if (!isCount(integratedTime)) throw new Refused('transparency-log', 'the time of its log entry is no time');
    const isLarge =
      canonicalizedBody.length > MAX_ENTRY ||
      (inclusionProof?.hashes.length ?? 0) > MAX_HASHES ||
      (inclusionProof?.checkpoint?.envelope.length ?? 0) > MAX_CHECKPOINT;
    if (isLarge) throw new Refused('malformed', 'its log entry is too long');
  }
}

/** A number of a protobuf, as text: 64 bits and not negative. */
function isCount(text: string): boolean {
  return /^(?:0|[1-9]\d{0,18})$/.test(text);
}

/** Runs what reads a stranger's bytes: whatever it throws is a refusal. @throws Refused */
export function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}
