import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseImageReference } from '../../../src/domain/image-reference.ts';
import { InvalidReference } from '../../../src/domain/reference.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('an image with a tag or digest', () => {
  test.each([
    ['nginx:1.27', 'docker.io', 'library/nginx', '1.27', null],
    ['ghcr.io/org/app:v1.2.3', 'ghcr.io', 'org/app', 'v1.2.3', null],
    [`ghcr.io/org/app@${DIGEST}`, 'ghcr.io', 'org/app', null, DIGEST],
    [`ghcr.io/org/app:1.2@${DIGEST}`, 'ghcr.io', 'org/app', '1.2', DIGEST],
    ['127.0.0.1:5000/org/app:latest', '127.0.0.1:5000', 'org/app', 'latest', null],
    [`127.0.0.1:5000/org/app@${DIGEST}`, '127.0.0.1:5000', 'org/app', null, DIGEST],
    ['  index.docker.io/org/app:a_b-C.d ', 'docker.io', 'org/app', 'a_b-C.d', null],
  ])('%s', (text, registry, path, tag, digest) =>
    expect(parseImageReference(text)).toEqual({ image: { registry, path }, tag, digest }),
  );

  test.each([
    ['ghcr.io/org/app', /Name a tag or a digest/],
    ['127.0.0.1:5000/org/app', /Name a tag or a digest/],
    ['', /image name is missing/],
    [':1.2', /image name is missing/],
    [`@${DIGEST}`, /image name is missing/],
    ['ghcr.io/org/app:', /After : a tag is expected/],
    ['ghcr.io/org/app:.1', /After : a tag is expected/],
    ['ghcr.io/org/app:1:2', /After : a tag is expected/],
    ['ghcr.io/org/app@', /After @ a digest is expected/],
    ['ghcr.io/org/app@sha256:00', /After @ a digest is expected/],
    [`ghcr.io/org/app@${DIGEST.toUpperCase()}`, /After @ a digest is expected/],
    [`ghcr.io/org/app@${DIGEST}@${DIGEST}`, /After @ a digest is expected/],
    [`ghcr.io/org/app@sha512:${'0'.repeat(128)}`, /After @ a digest is expected/],
    ['https://ghcr.io/org/app:1', /without a scheme/],
    ['ghcr.io/Org/app:1', /upper-case/],
    ['ghcr.io/../app:1', /not an OCI repository name/],
    ['x'.repeat(1025), /longer than 1024/],
  ])('%s is refused with the reason', (text, reason) => {
    expect(() => parseImageReference(text)).toThrow(InvalidReference);
    expect(() => parseImageReference(text)).toThrow(reason);
  });

  test('of whatever text: refused with a reason, or read', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab:@/.- sha256Ü\n') }), (text) => {
        try {
          const { image, tag, digest } = parseImageReference(text);
          expect(image.path).not.toMatch(/[:@\s]/);
          expect(tag ?? digest).not.toBeNull();
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidReference);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
