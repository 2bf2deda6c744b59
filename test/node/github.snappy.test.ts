import fc from 'fast-check';
import { compress } from 'snappyjs';
import { expect, test } from 'vitest';
import { snappyBlock } from '../../scripts/simulate/world/github.ts';
import { uncompressSnappy } from '../../src/github/snappy.ts';

const LIMIT = 1 << 20;

test('what another library compressed is the same again', () => {
  // Few different bytes make copies of every kind, near and far.
  const bytes = fc.uint8Array({ maxLength: 5000, max: 3 });
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 60 }), (part, times) => {
      const whole = new Uint8Array(Buffer.concat(new Array(times).fill(part)));
      expect(uncompressSnappy(compress(whole), LIMIT)).toEqual(whole);
    }),
    { numRuns: 300 },
  );
});

test('so is what the double of GitHub compressed', () => {
  for (const length of [0, 1, 59, 60, 61, 127, 128, 16_384, 100_000]) {
    const bytes = new Uint8Array(length).map((_, at) => at % 251);
    expect(uncompressSnappy(new Uint8Array(snappyBlock(bytes)), LIMIT)).toEqual(bytes);
  }
});

test.each<[string, readonly number[], string]>([
  ['nothing', [], 'invalid'],
  ['a length without end', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 'invalid'],
  ['a length of 33 bits', [0x80, 0x80, 0x80, 0x80, 0x20], 'invalid'],
  ['a length of 4 GiB', [0xff, 0xff, 0xff, 0xff, 0x0f], 'too-long'],
  ['more than it may', [0x81, 0x80, 0x40], 'too-long'],
  ['less than it says', [3, 0x00, 0x61], 'invalid'],
  ['more than it says', [1, 0x04, 0x61, 0x62], 'invalid'],
  ['a literal that is cut off', [4, 0x0c, 0x61], 'invalid'],
  ['a literal whose length is cut off', [4, 0xf0], 'invalid'],
  // The library's endless loop: a length of -5 leads back to the element itself.
  ['a literal of 4 GiB', [100, 0xfc, 0xfa, 0xff, 0xff, 0xff, 0, 0], 'invalid'],
  ['a copy of nothing', [4, 0x01, 0x00], 'invalid'],
  ['a copy from before the beginning', [5, 0x00, 0x61, 0x01, 0x02], 'invalid'],
  ['a copy that is cut off', [5, 0x00, 0x61, 0x02, 0x01], 'invalid'],
  ['a long copy that is cut off', [5, 0x00, 0x61, 0x03, 0x01, 0, 0], 'invalid'],
  ['a copy from 4 GiB back', [5, 0x00, 0x61, 0x0f, 0xff, 0xff, 0xff, 0xff], 'invalid'],
  ['a copy beyond the end', [3, 0x00, 0x61, 0x01, 0x01], 'invalid'],
])('%s is refused', (_, block, why) => {
  expect(uncompressSnappy(Uint8Array.from(block), LIMIT)).toBe(why);
});

test('a copy that reaches into itself repeats', () => {
  expect(uncompressSnappy(Uint8Array.of(6, 0x04, 0x61, 0x62, 0x01, 0x02), LIMIT)).toEqual(
    new TextEncoder().encode('ababab'),
  );
});

test('no bytes at all make it throw or run on', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (block) => {
      const found = uncompressSnappy(block, 10_000);
      expect(typeof found === 'string' || found.byteLength <= 10_000).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
