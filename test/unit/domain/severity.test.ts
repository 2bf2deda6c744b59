import { describe, expect, it } from 'vitest';
import { isAtLeast, namesCredential, severityOfFindings } from '../../../src/domain/severity.ts';
import { FINDINGS } from '../../fixtures/notifications.ts';

const HIGH = [
  'tag-rolled-back',
  'ci-mismatch',
  'unsigned',
  'untrusted-signer',
  'invalid-signature',
  'unreported-push',
  'forged-delivery',
  'dormant-token-used',
  'protection-disarmed',
];

describe('how urgent an alert is', () => {
  it.each(FINDINGS.map((finding) => [finding.code, finding] as const))('with %s alone', (code, finding) => {
    expect(severityOfFindings([finding])).toBe(HIGH.includes(code) ? 'high' : 'critical');
  });

  it('depends on announcing first where no CI run is known', () => {
    expect(severityOfFindings([{ code: 'no-ci-run', announceFirst: false }])).toBe('high');
    expect(severityOfFindings([{ code: 'no-ci-run', announceFirst: true }])).toBe('critical');
  });

  it('is that of its worst finding', () => {
    expect(severityOfFindings([{ code: 'unsigned' }, { code: 'tag-moved' }, { code: 'ci-mismatch' }])).toBe('critical');
    expect(severityOfFindings([{ code: 'canary-used' }])).toBe('critical');
    expect(severityOfFindings([])).toBe('high');
  });

  it('is compared in this order', () => {
    const order = ['notice', 'high', 'critical'] as const;
    for (const [n, one] of order.entries())
      for (const [m, other] of order.entries()) expect(isAtLeast(one, other)).toBe(n >= m);
  });
});

it('only findings about an account or a token name a credential', () => {
  const named = FINDINGS.map(({ code }) => code).filter(namesCredential);
  expect([...new Set(named)].sort()).toEqual([
    'canary-used',
    'dormant-token-used',
    'fresh-token-used',
    'token-used-outside-ci',
    'unexpected-pusher',
    'unexpected-token',
  ]);
});
