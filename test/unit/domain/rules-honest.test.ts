import { describe, expect, test } from 'vitest';
import * as rules from '../../../src/domain/rules.ts';
import {
  ask,
  DEADLINE,
  expected,
  type Given,
  history,
  MINUTE,
  OLD,
  OTHER,
  policy,
  pushed,
  SETTLED,
  started,
  T,
  told,
} from './cases.ts';

/** Honest things that look odd: each of these was a false alarm or a missed push when it was tried. */
describe('what honest pipelines do', () => {
  const ci = policy({ ci: { mode: 'require' } });
  const first = policy({ ci: { mode: 'require', announceFirst: true } });
  const strict = policy({ pushers: ['acmebot'], ci: { mode: 'require', announceFirst: true } });
  const unresolved = { digest: null, kind: 'unresolved' } as const;
  const down = { readBack: { state: 'unavailable', reason: '429' } } as const;
  const wentBack = history({ leftAt: T - MINUTE });

  test.each<[string, Parameters<typeof ask>[0], Given, string]>([
    [
      'the announcement of the release before contradicts nothing',
      rules.ciMadeIt,
      { policy: ci, evidence: told(pushed({ digest: OLD, at: T - MINUTE })), now: SETTLED },
      'waits ci 30',
    ],
    [
      'an announcement without tags contradicts no tag',
      rules.ciMadeIt,
      { policy: ci, evidence: told(pushed({ digest: OTHER, tags: [] })), now: SETTLED },
      'waits ci 30',
    ],
    [
      'a rollback by a job that has not ended is not judged before it ends',
      rules.tagDoesNotRollBack,
      { policy: ci, evidence: { history: wentBack, ...told(started()) }, now: SETTLED },
      'waits ci 55',
    ],
    [
      'a tag that a maintainer expects waits for its digest, whoever pushed it',
      rules.pusherIsExpected,
      {
        policy: strict,
        push: { ...unresolved, pusher: { name: 'alice', id: null } },
        evidence: { ...down, ...told(expected()) },
      },
      'waits digest 30',
    ],
    [
      'and for CI too',
      rules.ciMadeIt,
      { policy: strict, push: unresolved, evidence: { ...down, ...told(expected()) } },
      'waits digest 30',
    ],
    [
      'the expected digest may be pushed before its tag',
      rules.pusherIsExpected,
      {
        policy: strict,
        push: { tag: '', pusher: { name: 'alice', id: null } },
        evidence: told(expected()),
        now: SETTLED,
      },
      'satisfied',
    ],
    [
      'a tag that CI announced and that is gone again was not forged',
      rules.registryHasIt,
      { policy: ci, evidence: { readBack: { state: 'absent' }, ...told(pushed()) }, now: SETTLED },
      'satisfied',
    ],
    [
      'what the registry does not have was made by nobody',
      rules.ciMadeIt,
      { policy: first, push: unresolved, evidence: { readBack: { state: 'absent' } } },
      'satisfied',
    ],
    [
      'what the registry does not tell, outside every window, is rogue at once',
      rules.ciMadeIt,
      { policy: first, push: unresolved, evidence: down },
      'no-ci-run',
    ],
    [
      'a return that only the sweep saw is not vouched for by what was said before the tag left',
      rules.isReported,
      {
        policy: ci,
        push: { origin: 'sweep' },
        evidence: { reported: false, history: wentBack, ...told(pushed({ at: T - 5 * MINUTE })) },
        now: DEADLINE,
      },
      'unreported-push',
    ],
    [
      'a rollback is not judged before CI had its time to announce it',
      rules.tagDoesNotRollBack,
      { policy: ci, evidence: { history: wentBack }, now: SETTLED },
      'waits ci 30',
    ],
    [
      'and is judged then',
      rules.tagDoesNotRollBack,
      { policy: ci, evidence: { history: wentBack }, now: DEADLINE },
      'tag-rolled-back',
    ],
    [
      'what only the sweep saw is not judged before CI had its time to vouch for it',
      rules.isReported,
      { policy: ci, push: { origin: 'sweep' }, evidence: { reported: false }, now: SETTLED },
      'waits webhook 30',
    ],
    [
      'and where CI announces first, only until things have settled',
      rules.isReported,
      { policy: first, push: { origin: 'sweep' }, evidence: { reported: false }, now: SETTLED },
      'unreported-push',
    ],
    [
      'what only the sweep saw is not judged before the job ends that said it would push it',
      rules.isReported,
      { policy: ci, push: { origin: 'sweep' }, evidence: { reported: false, ...told(started()) }, now: SETTLED },
      'waits webhook 55',
    ],
    [
      'what only the sweep saw is vouched for by CI',
      rules.isReported,
      { policy: ci, push: { origin: 'sweep' }, evidence: { reported: false, ...told(pushed()) }, now: DEADLINE },
      'satisfied',
    ],
  ])('%s', (_, rule, given, answer) => {
    expect(ask(rule, given)).toBe(answer);
  });
});
