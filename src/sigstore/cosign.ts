import type { TransparencyLogEntry } from '@sigstore/bundle';
import { pem } from '@sigstore/core';
import type { Digest } from '../domain/digest.ts';
import type { CosignAnnotations } from '../usecases/ports.ts';
import { Content } from './content.ts';
import { at, readBase64, readObject } from './json.ts';
import { Refused } from './refused.ts';
import { checkEntries, readCertificate, readTimestamps, type Signed } from './signed.ts';
import { IN_TOTO_PAYLOAD, readSimpleSigning, readStatement } from './statement.ts';

/**
 * Cosign's first layout: one layer of the manifest behind a `.sig` or `.att` tag, with the rest in its annotations.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */

const MAX_ENVELOPE = 16 << 20;
const MAX_ANNOTATION = 1 << 20;

/** @throws Refused */
export function readCosignSignature(payload: Uint8Array, annotations: CosignAnnotations, about: Digest): Signed {
  if (annotations.signature === null) throw new Refused('malformed', 'it has no signature');
  const says = readSimpleSigning(payload, about);
  const content = Content.ofMessage(readBase64(annotations.signature, 'its signature'), payload);
  return { content, says, envelope: null, ...readMaterial(annotations) };
}

/** @throws Refused */
export function readCosignAttestation(envelope: Uint8Array, annotations: CosignAnnotations, about: Digest): Signed {
  const json = readObject(envelope, MAX_ENVELOPE, 'its envelope');
  const payloadType = at(json, 'payloadType');
  if (payloadType !== IN_TOTO_PAYLOAD) throw new Refused('malformed', 'its payload is no in-toto statement');
  const signatures = at(json, 'signatures');
  if (!Array.isArray(signatures) || signatures.length !== 1)
    throw new Refused('malformed', 'it has not exactly one signature');
  const payload = readBase64(at(json, 'payload'), 'its payload');
  const signature = readBase64(at(signatures, 0, 'sig'), 'its signature');
  const says = readStatement(payload, about);
  // Cosign has the whole envelope stamped; the signature is part of it.
  const content = Content.ofEnvelope(signature, payloadType, payload, envelope);
  return { content, says, envelope, ...readMaterial(annotations) };
}

function readMaterial({
  certificate,
  bundle,
  timestamp,
}: CosignAnnotations): Pick<Signed, 'by' | 'entries' | 'timestamps'> {
  const entries = isGiven(bundle) ? [readEntry(bundle)] : [];
  checkEntries(entries);
  const stamp = isGiven(timestamp) ? [readTimestamp(timestamp)] : [];
  return {
    by: isGiven(certificate) ? { kind: 'certificate', certificate: readLeaf(certificate) } : { kind: 'key', hint: '' },
    entries,
    timestamps: readTimestamps(stamp),
  };
}

function isGiven(annotation: string | null): annotation is string {
  return annotation !== null && annotation !== '';
}

/** The first one only: others, and those of the chain's annotation, would be the signer's own choice of trust. */
function readLeaf(text: string): ReturnType<typeof readCertificate> {
  const [block] = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/.exec(
    text.slice(0, MAX_ANNOTATION),
  ) ?? [''];
  if (block === '') throw new Refused('malformed', 'its certificate is not PEM');
  return readCertificate(pem.toDER(block.replaceAll('\r', '')));
}

/** @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#properties `bundle` */
function readEntry(text: string): TransparencyLogEntry {
  const json = readObject(Buffer.from(text), MAX_ANNOTATION, 'its log entry');
  const body = readBase64(at(json, 'Payload', 'body'), 'the body of its log entry');
  const kinds = readObject(body, MAX_ANNOTATION, 'the body of its log entry');
  const kind = at(kinds, 'kind');
  const version = at(kinds, 'apiVersion');
  const logId = at(json, 'Payload', 'logID');
  if (typeof kind !== 'string' || typeof version !== 'string')
    throw new Refused('malformed', 'the body of its log entry does not say what it is');
  if (typeof logId !== 'string' || !/^(?:[0-9a-fA-F]{2}){4,64}$/.test(logId))
    throw new Refused('malformed', 'its log entry names no log');
  return {
    logIndex: count(at(json, 'Payload', 'logIndex')),
    logId: { keyId: Buffer.from(logId, 'hex') },
    kindVersion: { kind, version },
    integratedTime: count(at(json, 'Payload', 'integratedTime')),
    inclusionPromise: {
      signedEntryTimestamp: readBase64(at(json, 'SignedEntryTimestamp'), 'the promise of its log entry'),
    },
    inclusionProof: undefined,
    canonicalizedBody: body,
  };
}

/** What is none becomes a text that is none, which is refused with the others of its kind. */
function count(value: unknown): string {
  return typeof value === 'number' ? String(value) : '';
}

function readTimestamp(text: string): Uint8Array {
  const json = readObject(Buffer.from(text), MAX_ANNOTATION, 'its timestamp');
  return readBase64(at(json, 'SignedRFC3161Timestamp'), 'its timestamp');
}
