import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../../src/domain/glob.ts';

describe('a pattern', () => {
  test.each([
    ['1.2.3', '1.2.3', true],
    ['1.2.3', '1x2x3', false],
    ['1.2.3', '1.2.34', false],
    ['', '', true],
    ['', 'a', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['**', 'a', true],
    ['v*', 'v', true],
    ['v*', 'v1', true],
    ['v*', 'xv1', false],
    ['*-rc', '1-rc', true],
    ['*-rc', '1-rc2', false],
    ['*.*.*', '1.2.3', true],
    ['*.*.*', '1.2.3-alpine', true],
    ['*.*.*', 'v1.2.3.4', true],
    ['*.*.*', '1.2', false],
    ['*.*.*', 'latest', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['a*b*a', 'aba', true],
    ['a*b*a', 'aa', false],
    ['*ab*ab', 'abab', true],
    ['*ab*ab', 'ab', false],
    ['refs/tags/v*', 'refs/tags/v1.0', true],
    ['refs/tags/v*', 'refs/heads/refs/tags/v1', false],
    ['[0-9]+', '5', false],
    ['a?', 'ab', false],
    ['V*', 'v1', false],
  ])('%j on %j: %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches);
  });

  test('agrees with the regular expression it stands for', () => {
    const short = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    const plain = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 10 });
    fc.assert(
      fc.property(short, plain, (pattern, text) => {
        const source = pattern
          .split('*')
          .map((part) => part.replaceAll('.', '\\.'))
          .join('.*');
        expect(matchesGlob(pattern, text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
      { numRuns: 1000 },
    );
  });

  test('made to be slow is not', () => {
    const started = performance.now();
    expect(matchesGlob(`${'a*'.repeat(60)}b`, 'a'.repeat(128))).toBe(false);
    expect(performance.now() - started).toBeLessThan(50);
  });
});
