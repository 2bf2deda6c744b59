import { describe, expect, it } from 'vitest';
import { minimatch } from '../../../src/tuf/minimatch.ts';

describe('the stand-in for minimatch', () => {
  const table: [pattern: string, text: string, matches: boolean][] = [
    ['trusted_root.json', 'trusted_root.json', true],
    ['trusted_root.json', 'trusted_root_json', false],
    ['*.json', 'trusted_root.json', true],
    ['*.json', 'trusted_root.jsonl', false],
    ['*', 'anything', true],
    ['?rusted', 'trusted', false],
    ['[a-z]', 'a', false],
    ['{a,b}', 'a', false],
    ['!a', 'b', false],
  ];
  it.each(table)('%s on %s: %s', (pattern, text, matches) => {
    expect(minimatch(text, pattern)).toBe(matches);
  });
});
