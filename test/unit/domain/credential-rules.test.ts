import { describe, expect, test } from 'vitest';
import {
  type Attribution,
  attributionOf,
  type CredentialFacts,
  type PossiblePusher,
  UNATTRIBUTED,
} from '../../../src/domain/attribution.ts';
import {
  canaryIsNotUsed,
  tokenIsAwake,
  tokenIsExpected,
  tokenIsNotFresh,
} from '../../../src/domain/credential-rules.ts';
import { evaluate, evaluatePusher } from '../../../src/domain/evaluate.ts';
import { pusherIsExpected } from '../../../src/domain/rules.ts';
import { ask, evidence, MINUTE, NEW, policy, push, pushed, T } from './cases.ts';

const DAY = 1440 * MINUTE;

const token = (differs: Partial<PossiblePusher> = {}): PossiblePusher => ({
  id: 7,
  kind: 'dockerhub-pat',
  name: 'ci-publish',
  account: 'acmebot',
  mark: 'none',
  expectedOn: null,
  createdAt: T - 400 * DAY,
  createdBy: null,
  creatorIp: '203.0.113.7',
  usedBefore: T - DAY,
  newCreator: false,
  ...differs,
});

const account = (differs: Partial<CredentialFacts> = {}): CredentialFacts => ({
  ...token({ id: 3, kind: 'dockerhub-account', name: 'acmebot', account: null, createdAt: null, creatorIp: null }),
  ...differs,
});

const by = (strength: Attribution['strength'], ...credentials: PossiblePusher[]): Attribution => ({
  strength,
  by: strength === 'named' ? 'audit-log' : 'token-list',
  account: null,
  credentials,
});

const told = (attribution: Attribution, more: object = {}) => ({ evidence: evidence({ attribution, ...more }) });
const strict = policy({ tokens: { mode: 'require', dormantDays: 90, freshMinutes: 60 } });
const vouched = { announcements: [pushed()] };

describe('the token is one that may push here', () => {
  test.each([
    ['not attributed', { policy: strict, ...told(UNATTRIBUTED) }, 'satisfied'],
    ['named, marked expected', { policy: strict, ...told(by('named', token({ mark: 'expected' }))) }, 'satisfied'],
    [
      'expected here',
      { policy: strict, ...told(by('named', token({ mark: 'expected', expectedOn: [1] }))) },
      'satisfied',
    ],
    [
      'expected elsewhere',
      { policy: strict, ...told(by('named', token({ mark: 'expected', expectedOn: [2] }))) },
      'unexpected-token',
    ],
    [
      'expected elsewhere, no token is required',
      told(by('named', token({ mark: 'expected', expectedOn: [2] }))),
      'satisfied',
    ],
    ['named, not marked', { policy: strict, ...told(by('named', token())) }, 'unexpected-token'],
    ['deduced, not marked', { policy: strict, ...told(by('deduced', token())) }, 'unexpected-token'],
    ['not marked, no token is required', told(by('named', token())), 'satisfied'],
    ['retired, no token is required', told(by('deduced', token({ mark: 'retired' }))), 'unexpected-token'],
    ['marked unexpected, no token is required', told(by('named', token({ mark: 'unexpected' }))), 'unexpected-token'],
    [
      'one of two may',
      { policy: strict, ...told(by('ambiguous', token(), token({ id: 8, mark: 'expected' }))) },
      'satisfied',
    ],
    ['neither of two may', { policy: strict, ...told(by('ambiguous', token(), token({ id: 8 }))) }, 'unexpected-token'],
    ['one of two is retired', told(by('ambiguous', token(), token({ id: 8, mark: 'retired' }))), 'satisfied'],
    ['announced by CI', { policy: strict, ...told(by('named', token()), vouched) }, 'satisfied'],
    [
      'an account, which is not a token',
      { policy: strict, ...told(by('named', { ...token(), ...account() })) },
      'satisfied',
    ],
  ])('%s', (_, given, answer) => {
    expect(ask(tokenIsExpected, given)).toBe(answer);
  });

  test('tells how surely it is known, and every token that it may have been', () => {
    const attribution = by('ambiguous', token(), token({ id: 8, name: 'old' }));
    const { findings } = evaluate(strict, push(), evidence({ attribution }), T);
    expect(findings).toMatchObject([
      {
        code: 'unexpected-token',
        strength: 'ambiguous',
        tokens: [
          { id: 7, name: 'ci-publish' },
          { id: 8, name: 'old' },
        ],
      },
    ]);
  });
});

describe('a decoy', () => {
  test.each([
    ['is named', told(by('named', token({ mark: 'canary' }))), 'canary-used'],
    ['is deduced', told(by('deduced', token({ mark: 'canary' }))), 'canary-used'],
    ['is one of several that fit', told(by('ambiguous', token({ mark: 'canary' }), token({ id: 8 }))), 'satisfied'],
    ['is the account itself', { evidence: evidence({ account: account({ mark: 'canary' }) }) }, 'canary-used'],
    ['pushes what CI announced', told(by('named', token({ mark: 'canary' })), vouched), 'canary-used'],
    ['is another one', told(by('named', token())), 'satisfied'],
  ])('%s', (_, given, answer) => {
    expect(ask(canaryIsNotUsed, given)).toBe(answer);
  });
});

describe('a token that has slept', () => {
  test.each([
    ['89 days', told(by('named', token({ usedBefore: T - 90 * DAY + 1 }))), 'satisfied'],
    ['90 days', told(by('named', token({ usedBefore: T - 90 * DAY }))), 'dormant-token-used'],
    ['90 days, deduced', told(by('deduced', token({ usedBefore: T - 90 * DAY }))), 'dormant-token-used'],
    [
      '90 days, one of several',
      told(by('ambiguous', token({ usedBefore: 0 }), token({ id: 8, usedBefore: 0 }))),
      'satisfied',
    ],
    ['90 days, and CI announces the release', told(by('named', token({ usedBefore: 0 })), vouched), 'satisfied'],
    ['for ever: it was never used', told(by('named', token({ usedBefore: null }))), 'satisfied'],
    [
      '90 days, and nobody asks',
      {
        policy: policy({ tokens: { mode: 'off', dormantDays: 0, freshMinutes: 60 } }),
        ...told(by('named', token({ usedBefore: 0 }))),
      },
      'satisfied',
    ],
    [
      'two days, with two days asked for',
      {
        policy: policy({ tokens: { mode: 'off', dormantDays: 2, freshMinutes: 60 } }),
        ...told(by('named', token({ usedBefore: T - 2 * DAY }))),
      },
      'dormant-token-used',
    ],
  ])('%s', (_, given, answer) => {
    expect(ask(tokenIsAwake, given)).toBe(answer);
  });
});

describe('a token made minutes ago', () => {
  const fresh = (differs: Partial<PossiblePusher> = {}) =>
    token({ createdAt: T - 59 * MINUTE, newCreator: true, usedBefore: null, ...differs });
  test.each([
    ['from where none was made before', told(by('named', fresh())), 'fresh-token-used'],
    ['deduced', told(by('deduced', fresh())), 'fresh-token-used'],
    ['from where others were made', told(by('named', fresh({ newCreator: false }))), 'satisfied'],
    ['an hour ago', told(by('named', fresh({ createdAt: T - 60 * MINUTE }))), 'satisfied'],
    ['one of several', told(by('ambiguous', fresh(), token({ id: 8 }))), 'satisfied'],
    ['pushes what CI announced', told(by('named', fresh()), vouched), 'satisfied'],
    ['marked expected', told(by('named', fresh({ mark: 'expected' }))), 'satisfied'],
    ['by a clock that is ahead of ours', told(by('named', fresh({ createdAt: T + MINUTE }))), 'fresh-token-used'],
    [
      'nobody asks',
      { policy: policy({ tokens: { mode: 'off', dormantDays: 90, freshMinutes: 0 } }), ...told(by('named', fresh())) },
      'satisfied',
    ],
  ])('%s', (_, given, answer) => {
    expect(ask(tokenIsNotFresh, given)).toBe(answer);
  });
});

describe('the account', () => {
  const listed = policy({ pushers: ['acmebot'] });
  const logged = (name: string, differs: Partial<CredentialFacts> = {}): Attribution => ({
    strength: 'named',
    by: 'audit-log',
    account: name,
    credentials: [{ ...account({ name, ...differs }), usedBefore: null, newCreator: false }],
  });
  test.each([
    [
      'is marked unexpected, and any may push',
      { evidence: evidence({ account: account({ mark: 'unexpected' }) }) },
      'unexpected-pusher',
    ],
    [
      'is retired, and on the list',
      { policy: listed, evidence: evidence({ account: account({ mark: 'retired' }) }) },
      'unexpected-pusher',
    ],
    ['is on the list; the log names another', { policy: listed, ...told(logged('mallory')) }, 'unexpected-pusher'],
    [
      'is not on the list; the log names one that is',
      { policy: listed, push: push({ pusher: { name: 'forged', id: null } }), ...told(logged('acmebot')) },
      'satisfied',
    ],
    [
      'is unknown; the log names one that is not on the list',
      { policy: listed, push: push({ pusher: null }), ...told(logged('mallory')) },
      'unexpected-pusher',
    ],
    ['is named by the log, and any may push', told(logged('mallory')), 'satisfied'],
    ['is named by the log and marked', told(logged('mallory', { mark: 'unexpected' })), 'unexpected-pusher'],
  ])('%s', (_, given, answer) => {
    expect(ask(pusherIsExpected, given)).toBe(answer);
  });
});

describe('what a push is attributed to', () => {
  const known = new Map([[7, token()]]);
  test('is the sender of a signed webhook', () => {
    const sender = account({ kind: 'github-sender', name: 'github-actions[bot]' });
    expect(attributionOf(sender, null, known)).toMatchObject({
      strength: 'named',
      by: 'webhook',
      credentials: [{ id: 3 }],
    });
  });

  test('is unknown where Docker Hub names only the account', () => {
    expect(attributionOf(account(), null, known)).toEqual(UNATTRIBUTED);
  });

  test('is what was found out later, with the credential as it is marked now', () => {
    const kept = {
      strength: 'deduced',
      by: 'token-list',
      account: null,
      uses: [{ credential: 7, usedBefore: 5, newCreator: true }],
    } as const;
    expect(attributionOf(account(), kept, new Map([[7, token({ mark: 'retired' })]]))).toMatchObject({
      strength: 'deduced',
      credentials: [{ id: 7, mark: 'retired', usedBefore: 5, newCreator: true }],
    });
  });
});

describe('a push that was trusted', () => {
  test('is judged again by who pushed it, and by nothing else', () => {
    const moved = {
      history: { previous: { digest: NEW, at: 0 }, leftAt: 0, unchanged: false, safe: null },
      reported: false,
    };
    const unsigned = policy({ signatures: { mode: 'require', authorities: [] }, ci: { mode: 'require' } });
    expect(evaluatePusher(unsigned, push({ tag: '1.0.0' }), evidence(moved), T + DAY).findings).toEqual([]);
    const attribution = by('named', token({ mark: 'retired' }));
    expect(evaluatePusher(unsigned, push(), evidence({ ...moved, attribution }), T + DAY)).toMatchObject({
      verdict: 'rogue',
      findings: [{ code: 'unexpected-token' }],
      next: null,
    });
  });
});
