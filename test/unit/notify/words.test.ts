import { describe, expect, it } from 'vitest';
import type { Want } from '../../../src/domain/finding.ts';
import { healthWords } from '../../../src/notify/health-words.ts';
import { findingWords, vouchWords, wantWords } from '../../../src/notify/words.ts';
import { FINDINGS, HEALTH_FACTS, PUSHED_AT, SAFE } from '../../fixtures/notifications.ts';

const PUSH = { tag: '3.4.0', safe: SAFE, pushedAt: PUSHED_AT, confirmed: true };

describe('words for findings', () => {
  it.each(FINDINGS)('$code has title, explanation and action in calm, plain words', (finding) => {
    const words = findingWords(finding, PUSH);
    expect(words.title).not.toBe('');
    expect(words.explanation).toMatch(/\.$/);
    expect(words.action).toMatch(/\.$/);
    expect(Object.values(words).join(' ')).not.toMatch(/!|verified|suspicious|undefined|null|<|`/i);
  });

  it('names the account, its stable id and who is expected', () => {
    const [finding] = FINDINGS;
    if (finding === undefined) throw new Error('no finding');
    expect(findingWords(finding, PUSH).explanation).toBe(
      'mallory (id 42) pushed 3.4.0; this repository expects kong-release and id:7.',
    );
  });

  it('lists five expected accounts and counts the rest', () => {
    const expected = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const finding = { code: 'unexpected-pusher', pusher: { name: 'm', id: null }, expected } as const;
    expect(findingWords(finding, PUSH).explanation).toContain('expects a, b, c, d, e and 2 more.');
    expect(findingWords({ ...finding, expected: [] }, PUSH).explanation).toContain('expects nobody.');
    expect(findingWords({ ...finding, expected: ['a'] }, PUSH).explanation).toContain('expects a.');
  });

  it('never guesses a digest to go back to', () => {
    const moved = { code: 'tag-moved', from: SAFE, to: null } as const;
    expect(findingWords(moved, PUSH).action).toContain(SAFE);
    expect(findingWords(moved, { ...PUSH, safe: null }).action).not.toContain('sha256:');
  });

  it('of a forgery say that no image is at risk, unless the registry had it once', () => {
    const forged = { code: 'forged-delivery' } as const;
    expect(findingWords(forged, { ...PUSH, confirmed: false }).action).toContain('No image is at risk');
    expect(findingWords(forged, PUSH).action).not.toContain('No image is at risk');
  });
});

describe('words for what is wanted', () => {
  const wants: Want[] = ['digest', 'webhook', 'ci', 'ci-lookup', 'signature', 'signature-verification', 'pusher'];
  it.each(wants)('%s says what is awaited, and what not knowing it does not mean', (want) => {
    const words = wantWords(want);
    expect(words.title).not.toBe('');
    expect(words.waiting).toMatch(/\.$/);
    expect(words.undetermined).toMatch(/could not/);
  });
});

describe('words for our own failures', () => {
  it.each(HEALTH_FACTS)('$kind says what may go unnoticed and what to do', (fact) => {
    const words = healthWords(fact);
    for (const text of [words.what, words.consequence, words.action]) expect(text).toMatch(/[.?]$/);
    expect(Object.values(words).join(' ')).not.toMatch(/!|undefined|null|rogue push:|<|`/i);
  });
});

describe('words for how CI vouches', () => {
  it('say that a run in progress is weak, and why, and that of nothing else', () => {
    const words = (['expected', 'announced', 'provenance', 'concurrent'] as const).map((how) =>
      vouchWords({ how, run: null }),
    );
    expect(words.map((each) => /weak/i.test(each))).toEqual([false, false, false, true]);
    expect(words[3]).toContain('Anyone who holds a token could have pushed meanwhile.');
    expect(words.join(' ')).not.toMatch(/!|verified|suspicious/i);
  });
});
