import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/domain/evaluate.ts';
import type { PushEvidence, PushFacts } from '../../../src/domain/evidence.ts';
import type { Judgement } from '../../../src/domain/finding.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import {
  claims,
  evidence,
  history,
  MINUTE,
  NEW,
  OLD,
  OTHER,
  policy,
  push,
  releaseWorkflow,
  signature,
  signatures,
  T,
  unreadable,
} from './cases.ts';

const forged = signature({ state: 'invalid', problem: 'bad-signature', reason: 'no', signer: null });

const EVIL = { name: 'evil', id: null };

describe('whatever is known', () => {
  const digest = fc.constantFrom(NEW, OLD, OTHER);
  const time = fc.integer({ min: -120, max: 120 }).map((minutes) => T + minutes * MINUTE);
  const announcement = fc.record({
    id: fc.nat(),
    source: fc.constantFrom('ci', 'maintainer'),
    phase: fc.constantFrom('started', 'pushed', 'finished'),
    digest: fc.option(digest),
    tags: fc.subarray(['latest', '1.2.3']),
    allowed: fc.boolean(),
    run: fc.constantFrom('1/1', '2/1'),
    claims: fc.constantFrom(claims, null),
    at: time,
    expiresAt: time,
    closedAt: fc.option(time),
  });
  const state = fc.constantFrom(
    { state: 'absent' },
    { state: 'unavailable', reason: '' },
    { state: 'invalid', reason: '' },
  );
  const policies = fc
    .record({
      pushers: fc.constantFrom(null, [], ['acmebot']),
      rollbacks: fc.constantFrom('alert', 'allow'),
      mode: fc.constantFrom('require', 'observe', 'off'),
      announceFirst: fc.boolean(),
      signed: fc.constantFrom('require', 'off'),
    })
    .map(({ mode, announceFirst, signed, ...rest }) =>
      policy({ ...rest, ci: { mode, announceFirst }, signatures: { mode: signed, authorities: [[releaseWorkflow]] } }),
    );
  const pushes = fc.record({
    tag: fc.constantFrom('latest', '1.2.3', ''),
    digest: fc.option(digest),
    origin: fc.constantFrom('dockerhub', 'github', 'sweep'),
    pusher: fc.constantFrom(null, EVIL, { name: 'acmebot', id: '1' }),
    notBefore: fc.constantFrom(T, T - 5_000, T - 15 * MINUTE),
  });
  const histories = fc
    .record({
      previous: fc.option(fc.record({ digest, at: fc.constant(T - 60 * MINUTE) })),
      leftAt: fc.option(time),
      unchanged: fc.boolean(),
    })
    .map(history);
  const known = fc.record({
    readBack: fc.oneof(state, fc.constant({ state: 'present', value: { digest: NEW } } as const)),
    history: histories,
    announcements: fc.array(announcement, { maxLength: 4 }),
    signatures: fc.constantFrom(
      null,
      signatures(),
      unreadable(),
      signatures(signature()),
      signatures(forged, signature()),
    ),
    reported: fc.boolean(),
  });
  const cases = fc.tuple(policies, pushes.map(push), known.map(evidence));

  function always(
    check: (judged: Judgement, now: number, facts: PushFacts, evidenced: PushEvidence, given: Policy) => void,
  ) {
    fc.assert(
      fc.property(cases, time, ([given, facts, evidenced], now) => {
        check(evaluate(given, facts, evidenced, now), now, facts, evidenced, given);
      }),
      { numRuns: 1000 },
    );
  }

  test('the verdict follows from findings, wants and the time ahead', () => {
    always(({ verdict, findings, wants, next }, now) => {
      expect(verdict === 'rogue').toBe(findings.length > 0);
      if (verdict === 'trusted') expect({ wants, next }).toEqual({ wants: [], next: null });
      if (verdict === 'pending') expect(next).not.toBeNull();
      if (verdict === 'undetermined') expect(next).toBeNull();
      if (next !== null) expect(next).toBeGreaterThan(now);
    });
  });

  test('every push is decided in the end', () => {
    always((_, __, facts, evidenced, given) => {
      const late = evaluate(given, facts, evidenced, T + 1000 * MINUTE);
      expect(late.verdict).not.toBe('pending');
      expect(late.next).toBeNull();
    });
  });

  test('judging at every time it asks for ends where judging late does', () => {
    always(({ next }, _, facts, evidenced, given) => {
      let at = next;
      let last = evaluate(given, facts, evidenced, T + 1000 * MINUTE);
      for (let turns = 0; at !== null; turns += 1) {
        expect(turns).toBeLessThan(10);
        last = evaluate(given, facts, evidenced, at);
        at = last.next;
      }
      expect(last).toEqual(evaluate(given, facts, evidenced, T + 1000 * MINUTE));
    });
  });

  test('what a stranger announces never makes a push more trusted', () => {
    always((judged, now, facts, evidenced, given) => {
      const honest = evidenced.announcements.filter((one) => one.source === 'maintainer' || one.allowed);
      const without = evaluate(given, facts, { ...evidenced, announcements: honest }, now);
      if (judged.verdict === 'trusted') expect(without.verdict).toBe('trusted');
    });
  });

  test('a required signature that nobody named made never ends trusted', () => {
    always((judged, _, facts, evidenced, given) => {
      if (given.signatures.mode !== 'require' || facts.tag === '' || judged.verdict !== 'trusted') return;
      // What does not exist and was announced, is gone.
      if (facts.digest === null) return;
      expect(evidenced.signatures?.found.map(({ state }) => state)).toContain('valid');
    });
  });

  test('an immutable tag that moved is rogue at once unless a maintainer expected it', () => {
    always((judged, _, facts, { announcements, history: past }) => {
      const moved = facts.tag === '1.2.3' && facts.digest !== null && !past.unchanged && past.previous !== null;
      if (!moved || past.previous?.digest === facts.digest) return;
      if (announcements.some((one) => one.source === 'maintainer' && one.digest === facts.digest)) return;
      expect(judged.findings.map((finding) => finding.code)).toContain('tag-moved');
    });
  });
});
