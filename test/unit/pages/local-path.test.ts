import fc from 'fast-check';
import { expect, it } from 'vitest';
import { localPath } from '../../../src/pages/local-path.ts';

const HERE = 'https://pushwarden.example';

/** Text that is made of what redirect tricks are made of. */
const tricky = fc
  .array(
    fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '//',
      'evil.example',
      ':',
      '@',
      '%2f',
      '%5c',
      '%252f',
      '%09',
      '%0a',
      '\t',
      '\n',
      ' ',
      '?',
      '#',
      'https:',
      'a',
      '\u3002',
      '；',
      '[',
      ']',
      '%',
      '%00',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

it('never leads to another host, whatever is asked, also when a browser or a proxy decodes it once more', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        tricky,
        tricky.map((text) => `/${text}`),
        fc.string({ unit: 'binary' }),
      ),
      (given) => {
        const path = localPath(given);
        expect(new URL(path, HERE).origin).toBe(HERE);
        expect(new URL(decodeURIComponent(path), HERE).origin).toBe(HERE);
        expect(path).toMatch(/^\/(?![/\\])/);
      },
    ),
    { numRuns: 5000, examples: [['/./%2fevil.example']] },
  );
});

it('keeps the addresses of our own pages', () => {
  for (const path of [
    '/',
    '/alerts?state=closed&before=7',
    '/alerts/A-12',
    '/search?q=docker.io/org/app:1.0.0@sha256:ab',
  ])
    expect(localPath(path)).toBe(path);
});
