/**
 * Decompresses one raw Snappy block. Written out here since the library for it can be sent into an endless loop: it takes
 * the four-byte length of a literal for a signed number, and a negative one leads back to where it stands.
 *
 * @returns why not, if the block is not valid or announces more than `maxBytes`
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function uncompressSnappy(block: Uint8Array, maxBytes: number): Uint8Array | 'invalid' | 'too-long' {
  const header = readLength(block);
  if (header === null) return 'invalid';
  if (header.length > maxBytes) return 'too-long';
  const output = new Uint8Array(header.length);
  let { at } = header;
  let written = 0;
  while (at < block.length) {
    const element = readElement(block, at);
    if (element === null || element.length > output.length - written || !write(output, written, block, element)) {
      return 'invalid';
    }
    at = element.offset === null ? element.next + element.length : element.next;
    written += element.length;
  }
  return written === output.length ? output : 'invalid';
}

/** `false`: the element names bytes that are not there. */
function write(output: Uint8Array, at: number, block: Uint8Array, { offset, length, next }: Element): boolean {
  if (offset === null) {
    if (length > block.length - next) return false;
    output.set(block.subarray(next, next + length), at);
    return true;
  }
  if (offset === 0 || offset > at) return false;
  // Byte by byte: a copy may reach into what it has just written, and repeats it.
  for (let i = at; i < at + length; i += 1) output[i] = output[i - offset] ?? 0;
  return true;
}

/** The length of the whole, in groups of seven bits, the lowest first: at most 32 bits. */
function readLength(block: Uint8Array): { readonly length: number; readonly at: number } | null {
  let length = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at];
    if (byte === undefined) return null;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return length < 2 ** 32 ? { length, at: at + 1 } : null;
  }
  return null;
}

interface Element {
  /** How far back the bytes stand that are copied; `null`: they follow in the block. */
  readonly offset: number | null;
  readonly length: number;
  /** Where the element's own bytes end. */
  readonly next: number;
}

/** A literal or a copy. Each of the four tags says how many bytes its numbers have. */
function readElement(block: Uint8Array, at: number): Element | null {
  const tag = block[at] ?? 0;
  const high = tag >> 2;
  if ((tag & 3) === 0) {
    if (high < 60) return { offset: null, length: high + 1, next: at + 1 };
    const bytes = high - 59;
    const length = littleEndian(block, at + 1, bytes);
    return length === null ? null : { offset: null, length: length + 1, next: at + 1 + bytes };
  }
  if ((tag & 3) === 1) {
    const low = block[at + 1];
    return low === undefined ? null : { offset: ((tag >> 5) << 8) | low, length: (high & 7) + 4, next: at + 2 };
  }
  const bytes = (tag & 3) === 2 ? 2 : 4;
  const offset = littleEndian(block, at + 1, bytes);
  return offset === null ? null : { offset, length: high + 1, next: at + 1 + bytes };
}

/** `null` if the block ends before. Never negative. */
function littleEndian(block: Uint8Array, at: number, bytes: number): number | null {
  if (at + bytes > block.length) return null;
  let value = 0;
  for (let i = bytes - 1; i >= 0; i -= 1) value = value * 256 + (block[at + i] ?? 0);
  return value;
}
