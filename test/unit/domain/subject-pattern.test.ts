import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidPattern } from '../../../src/domain/pattern-syntax.ts';
import { escapePattern, matchesPattern, patternProblem, patternStart } from '../../../src/domain/subject-pattern.ts';

const RELEASE =
  '^https://github\\.com/octo-org/[^/]+/\\.github/workflows/release\\.ya?ml@refs/tags/v\\d+(?:\\.\\d+){2}$';

describe('a pattern over identities', () => {
  const of = (repository: string, file: string, ref: string): string =>
    `https://github.com/${repository}/.github/workflows/${file}@${ref}`;
  test.each([
    [of('octo-org/app', 'release.yml', 'refs/tags/v1.2.3'), true],
    [of('octo-org/app', 'release.yaml', 'refs/tags/v10.20.30'), true],
    [of('octo-org/app', 'release.yml', 'refs/tags/v1.2'), false],
    [of('octo-org/app', 'release.yml', 'refs/tags/v1.2.3-rc.1'), false],
    [of('octo-org-evil/app', 'release.yml', 'refs/tags/v1.2.3'), false],
    [of('octo-org/app/x', 'release.yml', 'refs/tags/v1.2.3'), false],
    [`x${of('octo-org/app', 'release.yml', 'refs/tags/v1.2.3')}`, false],
    [`${of('octo-org/app', 'release.yml', 'refs/tags/v1.2.3')}\n`, false],
    ['', false],
  ])('%j: %s', (subject, matches) => expect(matchesPattern(RELEASE, subject)).toBe(matches));

  const refused: [string, RegExp][] = [
    ['https://github\\.com/o/r$', /not anchored/],
    ['^https://github\\.com/o/r', /not anchored/],
    ['^https://github\\.com/o/r\\$', /not anchored/],
    ['', /not anchored/],
    ['^', /not anchored/],
    ['^$', /no identity/],
    ['^a|b$', /put the alternatives in a group/],
    ['^a^b$', /in its middle/],
    ['^a$b$', /in its middle/],
    ['^(a+)+$', /exponential/],
    ['^(a*)*$', /exponential/],
    ['^(?:\\.[\\d.]+)*$', /exponential/],
    ['^(?:[^/]+[^a])+$', /exponential/],
    ['^(?:a[^a]+a)+$', /exponential/],
    ['^(?:(?:ab)+c)+$', /exponential/],
    ['^(?:a?){30}$', /exponential/],
    ['^(a|a)*$', /exponential/],
    ['^((ab)*c)+$', /exponential/],
    ['^(.*)\\1$', /exponential/],
    ['^(?<x>a)\\k<x>$', /no look-around, no names/],
    ['^(?=a)a$', /no look-around/],
    ['^(?!a)b$', /no look-around/],
    ['^(?<=a)b$', /no look-around/],
    ['^(?<!a)b$', /no look-around/],
    ['^(?i)a$', /no flags/],
    ['^(?P<x>a)$', /no names/],
    ['^a**$', /repeats a repetition/],
    ['^a+{2}$', /repeats a repetition/],
    ['^*a$', /nothing to repeat/],
    ['^a(?:)|*b$', /nothing to repeat/],
    ['^{2}$', /nothing to repeat/],
    ['^a{3,1}$', /count/],
    ['^a{1,256}$', /count/],
    ['^a{x}$', /count/],
    ['^(?:a{200}b{200}){1}(?:.{200}){20}$', /exponential/],
    [`^${'.{255}'.repeat(9)}$`, /too large/],
    ['^[]$', /middle|brackets/],
    ['^[^]$', /middle|brackets/],
    ['^[z-a]$', /range/],
    ['^[a-\\d]$', /range/],
    ['^[[:alpha:]]$', /\\\[/],
    ['^[a$', /middle of something/],
    ['^(a$', /does not close/],
    ['^a)$', /did not open/],
    ['^a]$', /alone/],
    ['^a}$', /alone/],
    ['^\\p{L}$', /not supported/],
    ['^\\bx$', /not supported/],
    ['^a\\-b$', /not supported/],
    ['^\\u0061$', /not supported/],
    [`^${'('.repeat(11)}a${')'.repeat(11)}$`, /deeper/],
    [`^${'a'.repeat(511)}$`, /longer/],
  ];
  test.each(refused)('%s is refused, with the reason', (pattern, reason) => {
    expect(patternProblem(pattern)).toMatch(reason);
    expect(() => matchesPattern(pattern, 'a')).toThrow(InvalidPattern);
  });

  test('with half a character is refused', () => expect(patternProblem('^\uD83D$')).toMatch(/half a character/));

  test.each([
    RELEASE,
    '^.*$',
    '^(?:\\.\\d+)*$',
    '^(?:[^/]+/)+x$',
    '^(?:-[a-z0-9]+)*$',
    '^(?:[a-z]{1,3}\\.){2}$',
    '^a{0}b$',
    '^[\\]-]$',
    '^[a-]$',
    '^\\$$',
    '^a\\\\$',
    '^(?:ab){2,3}c$',
    '^a??b$',
  ])('%s is taken', (pattern) => expect(patternProblem(pattern)).toBeNull());

  test('is matched in linear time: what takes other engines for ever ends', () => {
    const many = 'a'.repeat(1000);
    expect(matchesPattern(`^${'a?'.repeat(120)}${'a'.repeat(120)}$`, 'a'.repeat(120))).toBe(true);
    expect(matchesPattern(`^${'.*'.repeat(100)}x$`, many)).toBe(false);
    expect(matchesPattern(`^${'(?:a|a)'.repeat(60)}x$`, many)).toBe(false);
    expect(matchesPattern(`^${'a*'.repeat(200)}b$`, many)).toBe(false);
  });
});

/** A part of a pattern, written so that the engine's own matcher reads it in the same way. */
const char = fc.constantFrom(
  'a',
  'b',
  'c',
  '/',
  '\\.',
  '\\$',
  '[ab]',
  '[^a]',
  '[a-c/]',
  '[\\w-]',
  '.',
  '\\d',
  '\\W',
  '🛑',
);
const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '+?');
const plain = fc.array(char, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(''));
const pieces = fc.array(
  fc.oneof(
    fc.tuple(char, quantifier).map(([one, many]) => one + many),
    fc.tuple(plain, quantifier).map(([one, many]) => `(?:${one})${many}`),
    fc.tuple(quantifier, quantifier).map(([one, many]) => `(?:-[ab7]${one})${many}`),
    fc.tuple(quantifier, quantifier).map(([one, many]) => `([^/]${one}/)${many}`),
    fc.tuple(plain, plain, fc.constantFrom('', '?')).map(([one, other, maybe]) => `(${one}|${other})${maybe}`),
  ),
  { minLength: 1, maxLength: 5 },
);
const text = fc
  .array(fc.constantFrom('a', 'b', 'c', '/', '.', '$', '-', '7', '\n', '🛑'), { maxLength: 8 })
  .map((all) => all.join(''));

describe('whatever the pattern', () => {
  test('it matches what the engine’s own matcher does', () => {
    fc.assert(
      fc.property(pieces, fc.array(text, { minLength: 1, maxLength: 5 }), (parts, texts) => {
        const pattern = `^${parts.join('')}$`;
        expect(patternProblem(pattern)).toBeNull();
        const own = new RegExp(pattern, 'u');
        for (const each of texts) expect([each, matchesPattern(pattern, each)]).toEqual([each, own.test(each)]);
      }),
      { numRuns: 2000 },
    );
  });

  test('it is refused or it works: nothing else is thrown, nothing hangs', () => {
    const some = fc
      .array(fc.constantFrom(...'^$\\.*+?()[]{}|/,:-=!<>kd12ab🛑'), { maxLength: 30 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          some,
          some.map((inner) => `^${inner}$`),
          fc.string(),
        ),
        (pattern) => {
          if (patternProblem(pattern) !== null) return;
          expect([true, false]).toContain(matchesPattern(pattern, 'aab1/🛑'));
          // What is taken is an expression for the engine, too, that means the same.
          expect(matchesPattern(pattern, 'ab')).toBe(new RegExp(pattern, 'u').test('ab'));
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('an escaped text matches itself and nothing longer', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 60 }), (some) => {
        const pattern = `^${escapePattern(some)}$`;
        expect(matchesPattern(pattern, some)).toBe(true);
        expect(matchesPattern(pattern, `${some}x`)).toBe(false);
        expect(patternStart(pattern)).toBe(some);
      }),
    );
  });
});

describe('the start of a pattern', () => {
  test.each([
    [RELEASE, 'https://github.com/octo-org/'],
    ['^https://github.com/octo-org/.*$', 'https://github.com/octo-org/'],
    ['^.*$', ''],
    ['^(?:a|b)c$', ''],
    ['^[ab]c$', ''],
    ['^ab?$', 'a'],
  ])('%s: %s', (pattern, start) => expect(patternStart(pattern)).toBe(start));
});
