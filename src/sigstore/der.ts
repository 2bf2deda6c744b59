import { ASN1Obj, crypto } from '@sigstore/core';

/**
 * ASN.1 in DER that remembers the bytes it was read from. The library writes a node anew each time it needs its bytes,
 * byte by byte, which is most of the time of a verification; DER has one form only, so the bytes it was read from are
 * what it would write. A test proves that of every certificate and timestamp there is.
 * @see https://www.itu.int/rec/T-REC-X.690
 */
export class Der extends ASN1Obj {
  #oid: string | undefined;

  /** @throws Error if it is not DER. */
  static read(bytes: Uint8Array): Der {
    return new Der(ASN1Obj.parseBuffer(Buffer.from(bytes)));
  }

  constructor(node: ASN1Obj) {
    super(
      node.tag,
      node.value,
      node.subs.map((sub) => new Der(sub)),
    );
  }

  /** The bytes it was read from, shared: not to be changed. */
  get bytes(): Uint8Array {
    const { buffer, byteOffset, length } = this.value;
    const header = headerLength(length);
    return new Uint8Array(buffer, byteOffset - header, header + length);
  }

  /** A copy: the library changes what it gets here. */
  override toDER(): ReturnType<ASN1Obj['toDER']> {
    return Buffer.from(this.bytes);
  }

  override toOID(): string {
    this.#oid ??= super.toOID();
    return this.#oid;
  }
}

/** Of a tag of one byte and a length in its shortest form: the reader accepts no other. */
function headerLength(length: number): number {
  let header = 2;
  if (length >= 128) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) header += 1;
  return header;
}

/**
 * A node whose children may be taken out, as the library does to check a certificate's promise of being logged; it is
 * written anew, its children are not.
 */
export function editable(node: ASN1Obj, subs: readonly ASN1Obj[] = node.subs): ASN1Obj {
  return new ASN1Obj(node.tag, node.value, [...subs]);
}

/** Asked of the lengths first, since the library tells by an exception that they differ. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && crypto.bufferEqual(Buffer.from(a), Buffer.from(b));
}
