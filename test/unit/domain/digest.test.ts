import { describe, expect, test } from 'vitest';
import { artifactTagSubject, digestHex, isDigest, shortDigest } from '../../../src/domain/digest.ts';

const HEX = 'a00659df8f4c2b1d7e6a5948372615049d8c7b6a5f4e3d2c1b0a998877c75d43';
const DIGEST = `sha256:${HEX}` as const;

describe('a digest', () => {
  test.each([
    [DIGEST, true],
    [`sha256:${'0'.repeat(64)}`, true],
    [`sha256:${'A'.repeat(64)}`, false],
    [`sha256:${'a'.repeat(63)}`, false],
    [`sha256:${'a'.repeat(65)}`, false],
    [`sha512:${'a'.repeat(128)}`, false],
    [`sha256-${'a'.repeat(64)}`, false],
    [`${DIGEST}\n`, false],
    [` ${DIGEST}`, false],
    [HEX, false],
    ['', false],
  ])('%j: %s', (text, is) => {
    expect(isDigest(text)).toBe(is);
  });

  test('gives its hex digits, and a short form for running text', () => {
    expect(digestHex(DIGEST)).toBe(HEX);
    expect(shortDigest(DIGEST)).toBe('sha256:a00659df…c75d43');
  });
});

describe("an artifact's tag", () => {
  test.each([`sha256-${HEX}`, `sha256-${HEX}.sig`, `sha256-${HEX}.att`, `sha256-${HEX}.sbom`])(
    '%s speaks about its digest',
    (tag) => {
      expect(artifactTagSubject(tag)).toBe(DIGEST);
    },
  );

  test.each([
    'latest',
    `sha256-${HEX}.sig.sig`,
    `sha256-${HEX}.exe`,
    `sha256-${HEX.slice(1)}`,
    `sha256-${HEX}0`,
    `sha256-${HEX.toUpperCase()}.sig`,
    `v1-sha256-${HEX}.sig`,
    `sha256:${HEX}`,
  ])('%s speaks about none', (tag) => {
    expect(artifactTagSubject(tag)).toBeNull();
  });
});
