import { describe, expect, test } from 'vitest';
import { evaluate } from '../../../src/domain/evaluate.ts';
import type { PushEvidence, PushFacts } from '../../../src/domain/evidence.ts';
import type { FindingCode, Verdict } from '../../../src/domain/finding.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import {
  claims,
  DEADLINE,
  evidence,
  expected,
  history,
  MINUTE,
  OLD,
  OTHER,
  policy,
  push,
  pushed,
  SETTLED,
  signature,
  signatures,
  started,
  T,
  told,
} from './cases.ts';

const RELEASED_BY_CI = policy({ pushers: ['acmebot'], ci: { mode: 'require' } });
const CI_FIRST = policy({ pushers: ['acmebot'], ci: { mode: 'require', announceFirst: true } });
const EVIL = { name: 'evil', id: null };

/** What is known from a moment on (ms after the push), and what must come of it. */
type Step = readonly [after: number, known: Partial<PushEvidence>, verdict: Verdict, findings?: readonly FindingCode[]];

function story(given: Policy, facts: Partial<PushFacts>, steps: readonly Step[]): void {
  for (const [after, known, verdict, findings = []] of steps) {
    const judged = evaluate(given, push(facts), evidence(known), T + after);
    expect({ after, verdict: judged.verdict, findings: judged.findings.map((finding) => finding.code) }).toEqual({
      after,
      verdict,
      findings,
    });
  }
}

describe('an honest release is trusted', () => {
  test('with the account that always pushes', () => {
    story(policy({ pushers: ['acmebot'] }), {}, [[0, {}, 'trusted']]);
  });

  test('once CI announces it', () => {
    story(RELEASED_BY_CI, {}, [
      [0, {}, 'pending'],
      [DEADLINE - T - 1, {}, 'pending'],
      [DEADLINE - T - 1, told(pushed()), 'trusted'],
      [DEADLINE - T, told(pushed()), 'trusted'],
    ]);
  });

  test('of a new version, announced first', () => {
    const facts = { tag: '1.2.4' };
    const isNew = { history: history({ previous: null }) };
    const opened = started({ tags: [] });
    story(CI_FIRST, facts, [
      [0, { ...isNew, ...told(opened) }, 'pending'],
      [MINUTE, { ...isNew, ...told(opened, pushed({ tags: ['1.2.4'] })) }, 'trusted'],
      [
        DEADLINE - T,
        { ...isNew, ...told({ ...opened, closedAt: T + 2 * MINUTE }, pushed({ tags: ['1.2.4'] })) },
        'trusted',
      ],
    ]);
  });

  test('of a mutable tag that the named CI moves again and again', () => {
    for (const previous of [OLD, OTHER]) {
      const known = {
        history: history({ previous: { digest: previous, at: T - MINUTE } }),
        ...told(pushed({ at: T - 1_000 })),
      };
      story(CI_FIRST, {}, [[0, known, 'trusted']]);
    }
  });

  test('that Docker Hub tells without a digest, before and after it is resolved', () => {
    const opened = started();
    story(CI_FIRST, { digest: null }, [
      [0, { readBack: { state: 'unavailable', reason: 'time-out' }, ...told(opened) }, 'pending'],
    ]);
    story(CI_FIRST, {}, [[MINUTE, told(opened, pushed()), 'trusted']]);
  });

  test('that only the sweep saw, vouched for by CI', () => {
    const facts = { origin: 'sweep', pusher: null, notBefore: T - 15 * MINUTE } as const;
    story(CI_FIRST, facts, [
      [
        0,
        {
          reported: false,
          ...told(started({ at: T - 20 * MINUTE, closedAt: T - 10 * MINUTE }), pushed({ at: T - 11 * MINUTE })),
        },
        'trusted',
      ],
    ]);
  });

  test('that a maintainer expected: the cure of a moved tag raises no alarm', () => {
    const facts = { tag: '1.2.3', pusher: { name: 'maintainer', id: null } };
    const back = { history: history({ previous: { digest: OTHER, at: T - 60 * MINUTE }, leftAt: T - 60 * MINUTE }) };
    story(CI_FIRST, facts, [
      [0, { ...back, ...told(expected({ tags: ['1.2.3'] })) }, 'trusted'],
      [DEADLINE - T, { ...back, ...told(expected({ tags: ['1.2.3'] })) }, 'trusted'],
      [0, back, 'rogue', ['unexpected-pusher', 'tag-moved', 'no-ci-run']],
    ]);
  });

  test('that pushes the same digest again', () => {
    story(CI_FIRST, {}, [[0, { history: history({ unchanged: true }) }, 'trusted']]);
  });
});

describe('an attack is rogue', () => {
  test('at once, when a release tag is overwritten by another account', () => {
    story(policy({ pushers: ['acmebot'] }), { tag: '3.4.0', pusher: EVIL }, [
      [0, {}, 'rogue', ['unexpected-pusher', 'tag-moved']],
    ]);
  });

  test('at once, when a release tag is overwritten by the right account', () => {
    story(policy({ pushers: ['acmebot'] }), { tag: '3.4.0' }, [[0, {}, 'rogue', ['tag-moved']]]);
  });

  test('at once, when CI announces first and a new version appears outside of every window', () => {
    story(CI_FIRST, { tag: '0.69.5' }, [[0, { history: history({ previous: null }) }, 'rogue', ['no-ci-run']]]);
  });

  test('at once, also before the registry has told the digest', () => {
    story(CI_FIRST, { digest: null }, [
      [0, { readBack: { state: 'unavailable', reason: '429' } }, 'rogue', ['no-ci-run']],
    ]);
  });

  test('at the deadline, when no CI announces the new version', () => {
    const isNew = { history: history({ previous: null }) };
    story(RELEASED_BY_CI, { tag: '0.69.5' }, [
      [0, isNew, 'pending'],
      [DEADLINE - T - 1, isNew, 'pending'],
      [DEADLINE - T, isNew, 'rogue', ['no-ci-run']],
    ]);
  });

  test('when it hides in a window: at the end of the job', () => {
    const opened = started();
    story(CI_FIRST, {}, [
      [0, told(opened), 'pending'],
      [MINUTE, told({ ...opened, closedAt: T + MINUTE }, pushed({ digest: OTHER })), 'rogue', ['ci-mismatch']],
      [55 * MINUTE, told(opened), 'rogue', ['no-ci-run']],
    ]);
  });

  test('when settled, if a tag goes back to an old and genuine image', () => {
    const back = { history: history({ leftAt: T - 60 * MINUTE }) };
    story(policy(), {}, [
      [0, back, 'pending'],
      [SETTLED - T - 1, back, 'pending'],
      [SETTLED - T, back, 'rogue', ['tag-rolled-back']],
    ]);
  });

  test('when settled, if a strange workflow vouches for it', () => {
    const stranger = pushed({ allowed: false, at: T, claims: { ...claims, repositoryId: '666' } });
    story(RELEASED_BY_CI, {}, [
      [0, told(stranger), 'pending'],
      [SETTLED - T, told(stranger), 'rogue', ['ci-mismatch']],
    ]);
  });

  test('when settled, if only the sweep saw it and nobody vouches', () => {
    const facts = { origin: 'sweep', pusher: null, notBefore: T - 15 * MINUTE } as const;
    story(policy({ pushers: ['acmebot'] }), facts, [
      [0, { reported: false }, 'pending'],
      [SETTLED - T, { reported: false }, 'rogue', ['unreported-push']],
      [SETTLED - T, { reported: true }, 'trusted'],
    ]);
  });

  test('when settled, if the delivery was forged', () => {
    const absent = { readBack: { state: 'absent' } } as const;
    story(policy(), { digest: null }, [
      [0, absent, 'pending'],
      [SETTLED - T, absent, 'rogue', ['forged-delivery']],
    ]);
  });

  test('at the deadline, if signatures are required and none came', () => {
    story(policy({ signatures: { mode: 'require' } }), {}, [
      [DEADLINE - T - 1, {}, 'pending'],
      [DEADLINE - T, {}, 'rogue', ['unsigned']],
    ]);
  });

  test('and lists what is worst first', () => {
    const all = policy({ pushers: [], ci: { mode: 'require' }, signatures: { mode: 'require' } });
    const known = { reported: false, readBack: { state: 'absent' } } as const;
    story(all, { tag: '1.2.3', pusher: EVIL }, [
      [
        DEADLINE - T,
        known,
        'rogue',
        ['unexpected-pusher', 'tag-moved', 'no-ci-run', 'unsigned', 'unreported-push', 'forged-delivery'],
      ],
    ]);
  });
});

describe('what we could not find out is undetermined', () => {
  const down = { state: 'unavailable', reason: '503' } as const;

  test('and never a finding', () => {
    const strict = policy({ pushers: ['acmebot'], ci: { mode: 'require' }, signatures: { mode: 'require' } });
    const judged = evaluate(
      strict,
      push({ digest: null, pusher: null }),
      evidence({ readBack: down, signatures: null }),
      DEADLINE,
    );
    expect(judged).toEqual({
      verdict: 'undetermined',
      findings: [],
      wants: ['pusher', 'digest', 'signature'],
      next: null,
    });
  });

  test('as long as signatures are required and the policy names nobody who may sign', () => {
    const known = { signatures: signatures(signature()) };
    story(policy({ signatures: { mode: 'require' } }), {}, [[0, known, 'undetermined']]);
  });

  test('but a finding is a finding, whatever else is unknown', () => {
    story(policy({ pushers: [] }), { pusher: EVIL }, [
      [DEADLINE - T, { readBack: down }, 'rogue', ['unexpected-pusher']],
    ]);
  });
});

describe('an untagged manifest', () => {
  test('waits for its index until things settle', () => {
    story(policy({ pushers: ['acmebot'] }), { tag: '', kind: 'untagged', pusher: EVIL }, [
      [0, {}, 'pending'],
      [SETTLED - T, {}, 'rogue', ['unexpected-pusher']],
    ]);
  });

  test('by the right account needs neither CI nor signature of its own', () => {
    const strict = policy({
      pushers: ['acmebot'],
      ci: { mode: 'require', announceFirst: true },
      signatures: { mode: 'require' },
    });
    story(strict, { tag: '', kind: 'untagged' }, [[DEADLINE - T, {}, 'trusted']]);
  });
});

describe('a judgement says when to judge again', () => {
  const next = (given: Policy, known: Partial<PushEvidence>, now: number): number | null =>
    evaluate(given, push(), evidence(known), now).next;

  test('at the earliest time that can change it', () => {
    const both = policy({ ci: { mode: 'require' }, signatures: { mode: 'require' } });
    expect(next(both, {}, T)).toBe(SETTLED);
    expect(next(both, {}, SETTLED)).toBe(DEADLINE);
    expect(next(both, {}, DEADLINE)).toBeNull();
    expect(next(both, told(started()), T)).toBe(DEADLINE);
    expect(next(CI_FIRST, told(started()), T)).toBe(T + 55 * MINUTE);
  });

  test('also of a rogue push that can still worsen', () => {
    const judged = evaluate(
      policy({ pushers: [], signatures: { mode: 'require' } }),
      push({ pusher: EVIL }),
      evidence(),
      T,
    );
    expect(judged).toMatchObject({ verdict: 'rogue', wants: ['signature'], next: DEADLINE });
  });
});
