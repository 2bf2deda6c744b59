import { describe, expect, test } from 'vitest';
import type { CredentialMark } from '../../../src/domain/credential.ts';
import type { Audit } from '../../../src/usecases/handle-alert.ts';
import { type CredentialDesk, expectCredential, type Marking } from '../../../src/usecases/mark-credential.ts';

const BY = { teamId: 1, name: 'github:alex', now: 1000 };
const BECAUSE = { alert: 'A-1', reason: 'a new laptop' };

/** A desk with one credential, which remembers what was saved. */
function deskWith(mark: CredentialMark, expectedOn: readonly number[] | null = null) {
  const saved: { readonly change: Marking; readonly audit: Audit }[] = [];
  const checked: unknown[] = [];
  const desk: CredentialDesk = {
    credentials: {
      get: async (_, id) => (id === 7 ? { id, mark, expectedOn, ciOnly: true, note: 'of the runner' } : null),
      mark: async (_team, _id, change, _by, _now, audit) => void saved.push({ change, audit }),
      concerned: async () => [{ repository: 3, seq: 4 }],
    },
    wakeups: {
      checks: async (wakeups) => checked.push(...wakeups) > 0,
      notifications: async () => true,
    },
  };
  return { desk, saved, checked };
}

describe('a credential that a rule expects', () => {
  test.each<[CredentialMark, readonly number[] | null, readonly number[] | null]>([
    ['none', null, [3]],
    ['none', [9], [3]],
    ['expected', [9], [9, 3]],
    ['expected', [3], [3]],
    ['expected', null, null],
  ])('and was %s on %j is expected on %j, with why', async (mark, before, after) => {
    const { desk, saved, checked } = deskWith(mark, before);
    await expectCredential(desk, BY, 7, 3, BECAUSE);
    expect(saved).toMatchObject([
      {
        change: { mark: 'expected', expectedOn: after, ciOnly: true, note: 'of the runner' },
        audit: { actor: 'github:alex', action: 'credential.marked', target: 'C-7', detail: BECAUSE },
      },
    ]);
    expect(checked).toEqual([{ check: { repository: 3, seq: 4 } }]);
  });

  test.each<CredentialMark>(['canary', 'retired', 'unexpected'])(
    'and was marked %s meanwhile stays so',
    async (mark) => {
      const { desk, saved, checked } = deskWith(mark);
      await expectCredential(desk, BY, 7, 3, BECAUSE);
      expect([saved, checked]).toEqual([[], []]);
    },
  );

  test('and is not the team’s is left alone', async () => {
    const { desk, saved } = deskWith('none');
    await expectCredential(desk, BY, 8, 3, BECAUSE);
    expect(saved).toEqual([]);
  });
});
