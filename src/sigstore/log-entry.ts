import type { TransparencyLogEntry } from '@sigstore/bundle';
import { crypto, pem } from '@sigstore/core';
import type { SignedEntity, TrustMaterial } from '@sigstore/verify';
import { verifyTLogBody, verifyTLogInclusion } from '@sigstore/verify/dist/tlog/index.js';
import { sameBytes } from './der.ts';
import { at, isBase64 } from './json.ts';
import { Refused } from './refused.ts';

type Log = TrustMaterial['tlogs'][number];

export function logOf({ tlogs }: TrustMaterial, { logId }: TransparencyLogEntry): Log | undefined {
  return tlogs.find(({ logID }) => sameBytes(logID, logId.keyId));
}

/** A promise of the log's comes with its time. */
export function isTimed({ inclusionPromise, integratedTime }: TransparencyLogEntry): boolean {
  return inclusionPromise !== undefined && integratedTime !== '0';
}

/** The log's signature on it, and its place in the log. @throws Error */
export function verifyInclusion(entry: TransparencyLogEntry, { tlogs }: TrustMaterial): void {
  verifyTLogInclusion(entry, tlogs);
}

/** It is about this signature. @throws Error */
export function verifyBody(entry: TransparencyLogEntry, content: SignedEntity['signature']): void {
  verifyTLogBody(entry, content);
}

/** As it is shown and looked up: of the whole log if the log signed that number, else of the part that proves it. */
export function indexOf({ inclusionPromise, inclusionProof, logIndex }: TransparencyLogEntry): string {
  return inclusionPromise === undefined ? (inclusionProof?.logIndex ?? logIndex) : logIndex;
}

/** Cosign logged its attestations so before v2; @sigstore/verify knows only the form that came after. */
export function isFirstIntoto({ kindVersion }: TransparencyLogEntry): boolean {
  return kindVersion.kind === 'intoto' && kindVersion.version === '0.0.1';
}

/**
 * The entry is about this envelope.
 * @throws Refused
 * @see https://github.com/sigstore/rekor/blob/main/pkg/types/intoto/v0.0.1/intoto_v0_0_1_schema.json
 */
export function checkFirstIntoto(entry: TransparencyLogEntry, envelope: Uint8Array | null): void {
  const body = bodyOf(entry);
  const hash = at(body, 'spec', 'content', 'hash');
  const isSame =
    envelope !== null &&
    at(body, 'kind') === 'intoto' &&
    at(body, 'apiVersion') === '0.0.1' &&
    at(hash, 'algorithm') === 'sha256' &&
    at(hash, 'value') === crypto.digest('sha256', envelope).toString('hex');
  if (!isSame) throw new Refused('transparency-log', 'its log entry is about something else');
}

/** Where entries of each kind and version keep the signer's certificate or key. */
const VERIFIERS: Readonly<Record<string, readonly (string | number)[]>> = {
  'hashedrekord 0.0.1': ['spec', 'signature', 'publicKey', 'content'],
  'dsse 0.0.1': ['spec', 'signatures', 0, 'verifier'],
  'intoto 0.0.1': ['spec', 'publicKey'],
  'intoto 0.0.2': ['spec', 'content', 'envelope', 'signatures', 0, 'publicKey'],
  'hashedrekord 0.0.2': ['spec', 'hashedRekordV002', 'signature', 'verifier'],
  'dsse 0.0.2': ['spec', 'dsseV002', 'signatures', 0, 'verifier'],
};

/**
 * The certificate or public key with which the log checked the signature, in DER; `null` if it cannot be told. The
 * library does not compare it: without that, whoever can get a certificate for somebody's name could log the signature
 * under another one, where nobody who watches the log for that name would see it.
 */
export function verifierOf(entry: TransparencyLogEntry): Uint8Array | null {
  const path = VERIFIERS[`${entry.kindVersion.kind} ${entry.kindVersion.version}`];
  if (path === undefined) return null;
  const found = at(bodyOf(entry), ...path);
  const raw = at(found, 'x509Certificate', 'rawBytes') ?? at(found, 'publicKey', 'rawBytes');
  const text = raw ?? found;
  if (typeof text !== 'string' || !isBase64(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  return raw === undefined ? firstBlock(bytes.toString('latin1')) : bytes;
}

function firstBlock(text: string): Uint8Array | null {
  const [block] = /-----BEGIN ([A-Z0-9 ]{1,64})-----[A-Za-z0-9+/=\s]+-----END \1-----/.exec(text) ?? [];
  return block === undefined ? null : pem.toDER(block.replaceAll('\r', ''));
}

/** Of a signature of a prehashed Ed25519, which the log names by its SHA-512. */
export function isPrehashed(entry: TransparencyLogEntry): boolean {
  const body = bodyOf(entry);
  return (
    at(body, 'spec', 'data', 'hash', 'algorithm') === 'sha512' ||
    at(body, 'spec', 'hashedRekordV002', 'data', 'algorithm') === 'SHA2_512'
  );
}

function bodyOf({ canonicalizedBody }: TransparencyLogEntry): unknown {
  try {
    return JSON.parse(canonicalizedBody.toString('utf8'));
  } catch {
    return null;
  }
}
