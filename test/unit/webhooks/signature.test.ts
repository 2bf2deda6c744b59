import { describe, expect, test } from 'vitest';
import { importHubKey, verifyHubSignature } from '../../../src/webhooks/signature.ts';

// GitHub's published test vector.
const SECRET = "It's a Secret to Everybody";
const BODY = new TextEncoder().encode('Hello, World!');
const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';

describe('the signature of a GitHub webhook', () => {
  test("verifies GitHub's test vector", async () => {
    expect(await verifyHubSignature([await importHubKey(SECRET)], SIGNATURE, BODY)).toBe(true);
  });

  test('is accepted from any live secret', async () => {
    const keys = [await importHubKey('the new secret'), await importHubKey(SECRET)];
    expect(await verifyHubSignature(keys, SIGNATURE, BODY)).toBe(true);
    expect(await verifyHubSignature([...keys].reverse(), SIGNATURE, BODY)).toBe(true);
  });

  test('is refused without a secret, with another secret and for another body', async () => {
    expect(await verifyHubSignature([], SIGNATURE, BODY)).toBe(false);
    expect(await verifyHubSignature([await importHubKey('another')], SIGNATURE, BODY)).toBe(false);
    const key = await importHubKey(SECRET);
    expect(await verifyHubSignature([key], SIGNATURE, new TextEncoder().encode('Hello, World?'))).toBe(false);
    expect(await verifyHubSignature([key], SIGNATURE, new Uint8Array())).toBe(false);
  });

  test.each([
    ['a missing header', null],
    ['an undefined header', undefined],
    ['an empty header', ''],
    ['only the prefix', 'sha256='],
    ['no prefix', SIGNATURE.slice(7)],
    ['the SHA-1 header', 'sha1=757107ea0eb2509fc211221cce984b8a37570b6d'],
    ['one digit less', SIGNATURE.slice(0, -1)],
    ['one digit more', `${SIGNATURE}0`],
    ['a character that is not hex', `${SIGNATURE.slice(0, -1)}g`],
    ['a line break at the end', `${SIGNATURE}\n`],
    ['one wrong bit', `${SIGNATURE.slice(0, -1)}6`],
  ])('is refused with %s', async (_, header) => {
    expect(await verifyHubSignature([await importHubKey(SECRET)], header, BODY)).toBe(false);
  });

  test('an empty secret cannot be made a key', async () => {
    await expect(importHubKey('')).rejects.toThrow(TypeError);
  });
});
