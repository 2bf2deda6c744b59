import { crypto, dsse } from '@sigstore/core';
import type { SignedEntity } from '@sigstore/verify';
import { sameBytes } from './der.ts';

type LibraryContent = SignedEntity['signature'];
type Bytes = LibraryContent['signature'];
type Key = Parameters<LibraryContent['verifySignature']>[0];

/** Digests by their length in bytes: what a log entry records says so which it is. */
const HASH_OF_LENGTH: Readonly<Record<number, string>> = { 32: 'sha256', 48: 'sha384', 64: 'sha512' };

/** By curve; older cosign signed with SHA-256 whatever the curve. */
const CURVE_HASHES: Readonly<Record<string, readonly string[]>> = {
  prime256v1: ['sha256'],
  secp384r1: ['sha384', 'sha256'],
  secp521r1: ['sha512', 'sha256'],
};

/**
 * What was signed, in the form that @sigstore/verify checks. Its own forms know SHA-256 only, where cosign signs with
 * the digest that fits the key, and hand a digest to Ed25519, which takes none.
 */
export class Content implements LibraryContent {
  /** What a timestamp is about: the signature, except in cosign's first attestations. */
  readonly signature: Bytes;
  readonly #made: Bytes;
  readonly #signed: Bytes;
  readonly #payload: Bytes;
  readonly #digests = new Map<string, Bytes>();
  readonly #verdicts = new WeakMap<Key, boolean>();

  private constructor(made: Uint8Array, signed: Bytes, payload: Uint8Array, stamped: Uint8Array) {
    this.#made = Buffer.from(made);
    this.#signed = signed;
    this.#payload = Buffer.from(payload);
    this.signature = Buffer.from(stamped);
  }

  /** Signed as it is. */
  static ofMessage(signature: Uint8Array, message: Uint8Array): Content {
    return new Content(signature, Buffer.from(message), message, signature);
  }

  /** @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
  static ofEnvelope(signature: Uint8Array, payloadType: string, payload: Uint8Array, stamped = signature): Content {
    return new Content(signature, dsse.preAuthEncoding(payloadType, Buffer.from(payload)), payload, stamped);
  }

  compareSignature(signature: Uint8Array): boolean {
    return sameBytes(signature, this.#made);
  }

  /** With a digest of the payload. */
  compareDigest(digest: Uint8Array): boolean {
    return this.#isDigest('payload', this.#payload, digest);
  }

  /** With a digest of the bytes that the signature is over. */
  compareSignedDigest(digest: Uint8Array): boolean {
    return this.#isDigest('signed', this.#signed, digest);
  }

  verifySignature(key: Key): boolean {
    let verdict = this.#verdicts.get(key);
    if (verdict === undefined) {
      verdict = hashesFor(key).some((hash) => crypto.verify(this.#signed, key, this.#made, hash));
      this.#verdicts.set(key, verdict);
    }
    return verdict;
  }

  #isDigest(what: string, bytes: Bytes, digest: Uint8Array): boolean {
    const hash = HASH_OF_LENGTH[digest.length];
    if (hash === undefined) return false;
    const name = `${what} ${hash}`;
    let own = this.#digests.get(name);
    if (own === undefined) {
      own = crypto.digest(hash, bytes);
      this.#digests.set(name, own);
    }
    return sameBytes(own, digest);
  }
}

/** Digests to try. Ed25519 has one of its own; of RSA, PKCS #1 v1.5 with SHA-256 is what Sigstore's tools make. */
function hashesFor(key: Key): readonly (string | undefined)[] {
  if (key.asymmetricKeyType === 'ec') return CURVE_HASHES[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? ['sha256'];
  return key.asymmetricKeyType === 'rsa' ? ['sha256'] : [undefined];
}
