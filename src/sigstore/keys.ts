import { crypto } from '@sigstore/core';
import type { Digest } from '../domain/digest.ts';
import type { CheckedKey, KeyChecker } from '../usecases/ports.ts';

/** Why a public key cannot be used, in words for the person who gave it. Never contains the key. */
export class UnfitKey extends Error {
  override readonly name = 'UnfitKey';
}

/** A public key that can verify signatures. */
export interface PublicKey {
  readonly key: ReturnType<typeof crypto.createPublicKey>;
  /** sha256 of its SubjectPublicKeyInfo. */
  readonly fingerprint: Digest;
  /** SubjectPublicKeyInfo in DER. */
  readonly spki: Uint8Array;
}

const MAX_PEM = 16 * 1024;
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 8192;
const CURVES = ['prime256v1', 'secp384r1'];

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;

/**
 * Reads a public key: PEM of a SubjectPublicKeyInfo with ECDSA P-256 or P-384, RSA of 2048 bits or more, or Ed25519.
 * @throws UnfitKey
 * @see https://www.rfc-editor.org/rfc/rfc7468#section-13
 */
export function readKey(pem: string): PublicKey {
  const der = derOf(pem);
  let key: PublicKey['key'];
  try {
    key = crypto.createPublicKey(der);
  } catch {
    throw new UnfitKey('it is no public key that is supported: ECDSA P-256 or P-384, RSA, Ed25519');
  }
  const problem = problemOf(key);
  if (problem !== null) throw new UnfitKey(problem);
  // Written anew, so that one key has one fingerprint, however it was encoded.
  const spki: Uint8Array = key.export({ type: 'spki', format: 'der' });
  return { key, spki, fingerprint: `sha256:${crypto.digest('sha256', spki).toString('hex')}` };
}

function derOf(pem: string): ReturnType<typeof Buffer.from> {
  if (pem.length > MAX_PEM) throw new UnfitKey('it is longer than a public key');
  const [block, more] = [...pem.matchAll(PEM_BLOCK)];
  if (block === undefined) throw new UnfitKey('it is not PEM, which begins with -----BEGIN PUBLIC KEY-----');
  const [all, label = '', body = ''] = block;
  if (label.includes('PRIVATE KEY'))
    throw new UnfitKey('it is a private key: give the public key, and replace this one, since it has left its place');
  if (label.includes('CERTIFICATE')) throw new UnfitKey('it is a certificate: give its public key');
  if (label === 'RSA PUBLIC KEY')
    throw new UnfitKey('it is in the older form of RSA keys: openssl rsa -RSAPublicKey_in -pubout converts it');
  if (label !== 'PUBLIC KEY') throw new UnfitKey('it is PEM of something else than a public key');
  if (more !== undefined) throw new UnfitKey('it has more than one key: give each an authority of its own');
  if (pem.replace(all, '').trim() !== '') throw new UnfitKey('it has something before or after the key');
  return Buffer.from(body, 'base64');
}

function problemOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: PublicKey['key']): string | null {
  switch (type) {
    case 'ec':
      return CURVES.includes(details?.namedCurve ?? '')
        ? null
        : 'its elliptic curve is not supported: P-256 and P-384 are';
    case 'rsa': {
      const bits = details?.modulusLength ?? 0;
      if (bits < MIN_RSA_BITS) return `it is RSA with ${bits} bits, which is too short: ${MIN_RSA_BITS} at least`;
      return bits > MAX_RSA_BITS ? `it is RSA with more than ${MAX_RSA_BITS} bits` : null;
    }
    case 'ed25519':
      return null;
    default:
      return 'its type is not supported: ECDSA P-256 and P-384, RSA and Ed25519 are';
  }
}

/** sha256 of the key's SubjectPublicKeyInfo. @throws UnfitKey */
export function keyFingerprint(pem: string): Digest {
  return readKey(pem).fingerprint;
}

/** The key's fingerprint, or why it cannot be used. */
export function checkKey(pem: string): CheckedKey {
  try {
    return { ok: true, fingerprint: keyFingerprint(pem) };
  } catch (error) {
    if (error instanceof UnfitKey) return { ok: false, reason: error.message };
    throw error;
  }
}

export const keyChecker: KeyChecker = { check: async (pem) => checkKey(pem) };

/** Names by which signatures hint at a key: cosign's, and those of other tools. */
export function isHintOf(hint: string, { fingerprint }: PublicKey): boolean {
  const hash = Buffer.from(fingerprint.slice('sha256:'.length), 'hex');
  return [
    hash.toString('base64'),
    hash.toString('hex'),
    `SHA256:${hash.toString('base64').replace(/=+$/, '')}`,
  ].includes(hint);
}
