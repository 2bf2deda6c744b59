import { describe, expect, test } from 'vitest';
import type { Announcement } from '../../../src/domain/evidence.ts';
import * as rules from '../../../src/domain/rules.ts';
import {
  ask,
  claims,
  DEADLINE,
  evidence,
  expected,
  type Given,
  history,
  MINUTE,
  OTHER,
  policy,
  push,
  pushed,
  SETTLED,
  started,
  stranger,
  T,
  told,
} from './cases.ts';

describe('CI made it, announcing by the deadline', () => {
  const ci = policy({ ci: { mode: 'require' } });
  const since = T - 5_000 - 60 * MINUTE;
  const elsewhere = pushed({ digest: OTHER });

  test.each<[string, Given, string]>([
    ['not required', { policy: policy(), now: DEADLINE }, 'satisfied'],
    ['only observed', { policy: policy({ ci: { mode: 'observe' } }), now: DEADLINE }, 'satisfied'],
    ['untagged', { push: { tag: '' }, now: DEADLINE }, 'satisfied'],
    ['unchanged', { evidence: { history: history({ unchanged: true }) }, now: DEADLINE }, 'satisfied'],
    ['announced before', { evidence: told(pushed({ at: T - MINUTE })) }, 'satisfied'],
    ['announced after', { evidence: told(pushed({ at: T + 29 * MINUTE })), now: DEADLINE }, 'satisfied'],
    ['announced for all its tags', { evidence: told(pushed({ tags: [] })) }, 'satisfied'],
    ['announced an hour before it can have happened', { evidence: told(pushed({ at: since })) }, 'satisfied'],
    ['announced earlier than that', { evidence: told(pushed({ at: since - 1 })), now: DEADLINE }, 'no-ci-run'],
    ['announced for another tag', { evidence: told(pushed({ tags: ['edge'] })), now: DEADLINE }, 'no-ci-run'],
    [
      'announced before the tag left this digest',
      { evidence: { history: history({ leftAt: T }), ...told(pushed({ at: T - 1 })) }, now: DEADLINE },
      'no-ci-run',
    ],
    ['expected by a maintainer', { evidence: told(expected()), now: DEADLINE }, 'satisfied'],
    ['not announced, at once', {}, 'waits ci 2'],
    ['not announced, settled', { now: SETTLED }, 'waits ci 30'],
    ['not announced, before the deadline', { now: DEADLINE - 1 }, 'waits ci 30'],
    ['not announced, at the deadline', { now: DEADLINE }, 'no-ci-run'],
    ['announced by a stranger, at once', { evidence: told(stranger) }, 'waits ci 2'],
    ['announced by a stranger, settled', { evidence: told(stranger), now: SETTLED }, 'ci-mismatch'],
    ['announced by a stranger and by the named job', { evidence: told(stranger, pushed()), now: SETTLED }, 'satisfied'],
    ['announced at another digest, at once', { evidence: told(elsewhere) }, 'waits ci 2'],
    ['announced at another digest, settled', { evidence: told(elsewhere), now: SETTLED }, 'ci-mismatch'],
    ['announced at this and another digest', { evidence: told(elsewhere, pushed()), now: SETTLED }, 'satisfied'],
    [
      'another digest announced long before',
      { evidence: told(pushed({ digest: OTHER, at: T - 20 * MINUTE })), now: SETTLED },
      'waits ci 30',
    ],
    ['not resolved', { push: { digest: null } }, 'waits digest 30'],
    ['not resolved, at the deadline', { push: { digest: null }, now: DEADLINE }, 'lacks digest'],
    ['a window open past the deadline', { evidence: told(started()), now: DEADLINE }, 'waits ci 55'],
    ['a window run out', { evidence: told(started()), now: T + 55 * MINUTE }, 'no-ci-run'],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.ciMadeIt, { policy: ci, ...given })).toBe(answer);
  });
});

describe('CI made it, announcing first', () => {
  const first = policy({ ci: { mode: 'require', announceFirst: true } });
  const closed = (at: number) => started({ closedAt: at });

  test.each<[string, Given, string]>([
    ['outside every window, at once', {}, 'no-ci-run'],
    ['outside every window, not resolved, at once', { push: { digest: null } }, 'no-ci-run'],
    ['inside one', { evidence: told(started()) }, 'waits ci 55'],
    ['inside one, not resolved', { evidence: told(started()), push: { digest: null } }, 'waits ci 55'],
    ['inside the later of two', { evidence: told(started(), started({ at: T - MINUTE })) }, 'waits ci 59'],
    ['inside one for all tags', { evidence: told(started({ tags: [] })) }, 'waits ci 55'],
    ['inside one for another tag', { evidence: told(started({ tags: ['edge'] })) }, 'no-ci-run'],
    ["inside a stranger's", { evidence: told(started({ allowed: false })) }, 'no-ci-run'],
    ['opened at the same moment', { evidence: told(started({ at: T })) }, 'waits ci 60'],
    ['opened too late', { evidence: told(started({ at: T + 1 })) }, 'no-ci-run'],
    ['announced inside', { evidence: told(started(), pushed({ at: T })) }, 'satisfied'],
    ['announced without a window', { evidence: told(pushed({ at: T - MINUTE })) }, 'satisfied'],
    ['the last moment of a window', { evidence: told(started()), now: T + 55 * MINUTE - 1 }, 'waits ci 55'],
    ['a window that ran out', { evidence: told(started()), now: T + 55 * MINUTE }, 'no-ci-run'],
    ['a job that ended without it', { evidence: told(closed(T + MINUTE)), now: T + MINUTE }, 'no-ci-run'],
    [
      'a job that ended with another digest',
      { evidence: told(closed(T + MINUTE), pushed({ digest: OTHER })), now: T + MINUTE },
      'ci-mismatch',
    ],
    ['a job that ended with it', { evidence: told(closed(T + MINUTE), pushed()), now: T + MINUTE }, 'satisfied'],
    ['another digest announced, no window', { evidence: told(pushed({ digest: OTHER, at: T })) }, 'no-ci-run'],
    [
      'a window closed while we did not look',
      { evidence: told(closed(T - 5_000), pushed({ at: T - 6_000 })) },
      'satisfied',
    ],
    ['a window closed before the last look', { evidence: told(closed(T - 5_001)) }, 'no-ci-run'],
    [
      'not resolved, told after the job ended',
      { evidence: told(closed(T - 1_000), pushed({ at: T - 2_000 })), push: { digest: null } },
      'waits digest 30',
    ],
    [
      'not resolved by the deadline, but announced',
      { evidence: told(pushed({ at: T - 2_000 })), push: { digest: null }, now: DEADLINE },
      'lacks digest',
    ],
    ['expected by a maintainer', { evidence: told(expected()) }, 'satisfied'],
    [
      'a tag new to the repository',
      { push: { tag: '1.2.4' }, evidence: { history: history({ previous: null }) } },
      'no-ci-run',
    ],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.ciMadeIt, { policy: first, ...given })).toBe(answer);
  });

  test('a finding says whether a job had been announced and ended', () => {
    const judge = (...announcements: Announcement[]) =>
      rules.ciMadeIt({ policy: first, push: push(), evidence: evidence({ announcements }), now: T + 2 });
    const finding = (jobEnded: boolean) => ({ finding: { code: 'no-ci-run', announceFirst: true, jobEnded } });
    expect(judge()).toMatchObject(finding(false));
    expect(judge(closed(T + 1))).toMatchObject(finding(true));
    expect(judge(closed(T - 5_000))).toMatchObject(finding(true));
    expect(judge(closed(T - 5_001))).toMatchObject(finding(false));
  });
});

describe('a mismatch', () => {
  const ci = policy({ ci: { mode: 'require' } });
  const judge = (...announcements: Announcement[]) =>
    rules.ciMadeIt({ policy: ci, push: push(), evidence: evidence({ announcements }), now: SETTLED });

  test('names the strange job', () => {
    const found = { kind: 'workflow', claims: { repositoryId: '666' } };
    expect(judge(stranger)).toMatchObject({ finding: { code: 'ci-mismatch', found } });
  });

  test('names the other digest', () => {
    const found = { kind: 'digest', digest: OTHER, claims };
    expect(judge(pushed({ digest: OTHER }))).toMatchObject({ finding: { code: 'ci-mismatch', found } });
  });
});
