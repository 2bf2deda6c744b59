import { type ASN1Obj, crypto, X509Certificate } from '@sigstore/core';
import { Der, editable, sameBytes } from './der.ts';

type PublicKey = ReturnType<typeof crypto.createPublicKey>;

/**
 * The library's certificate, which does nothing twice: it keeps its bytes and its key, and remembers which issuer it was
 * checked against. Certificates do not change, and those of authorities live as long as their trusted root.
 */
export class Certificate extends X509Certificate {
  readonly #der: Der;
  readonly #issuedBy = new WeakMap<X509Certificate, boolean>();
  #key: PublicKey | undefined;

  /** @throws Error if it is no certificate in DER. */
  static read(bytes: Uint8Array): Certificate {
    return new Certificate(Der.read(bytes));
  }

  constructor(root: ASN1Obj) {
    const der = root instanceof Der ? root : new Der(root);
    super(der);
    this.#der = der;
  }

  get bytes(): Uint8Array {
    return this.#der.bytes;
  }

  get key(): PublicKey {
    this.#key ??= crypto.createPublicKey(this.publicKey);
    return this.#key;
  }

  override verify(issuer: X509Certificate = this): boolean {
    let known = this.#issuedBy.get(issuer);
    if (known === undefined) {
      known =
        issuer instanceof Certificate
          ? crypto.verify(this.tbsCertificate.toDER(), issuer.key, this.signatureValue, this.signatureAlgorithm)
          : super.verify(issuer);
      this.#issuedBy.set(issuer, known);
    }
    return known;
  }

  override equals(other: X509Certificate): boolean {
    return other instanceof Certificate ? sameBytes(this.bytes, other.bytes) : super.equals(other);
  }

  /** For the library to take the SCT out of its extensions and write the rest: RFC 6962, section 3.2. */
  override clone(): X509Certificate {
    const [tbs, ...rest] = this.root.subs;
    if (tbs === undefined) return super.clone();
    const parts = tbs.subs.map((part) =>
      part.tag.isContextSpecific(3)
        ? editable(
            part,
            part.subs.map((list) => editable(list)),
          )
        : part,
    );
    return new X509Certificate(editable(this.root, [editable(tbs, parts), ...rest]));
  }
}
