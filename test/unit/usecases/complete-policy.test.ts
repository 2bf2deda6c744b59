import { describe, expect, test } from 'vitest';
import { completePolicy, type DraftAuthority } from '../../../src/usecases/complete-policy.ts';
import type { KeyChecker, TrustedRoots } from '../../../src/usecases/ports.ts';
import { policy } from '../domain/cases.ts';

const UNKNOWN =
  'there is no trusted root "theirs": give it with POST /api/v1/trusted-roots, or follow it with TUF_MIRRORS';
const FINGERPRINTS = { A: `sha256:${'a'.repeat(64)}`, B: `sha256:${'b'.repeat(64)}` } as const;

/** Knows two keys by their data. */
const signingKeys: KeyChecker = {
  check: async (pem) =>
    pem === 'A' || pem === 'B' || pem === 'A again'
      ? { ok: true, fingerprint: FINGERPRINTS[pem === 'B' ? 'B' : 'A'] }
      : { ok: false, reason: 'it is no PEM' },
};

const asked: unknown[] = [];
const trustedRoots: TrustedRoots = {
  get: async (teamId, names, now) => {
    asked.push([teamId, names, now]);
    return names
      .filter((name) => ['github', 'ours'].includes(name))
      .map((name) => ({ name, id: FINGERPRINTS.A, json: '{}', stale: false }));
  },
};

const key = (data: string, more: Partial<DraftAuthority> = {}): DraftAuthority =>
  ({ key: { data, transparencyLog: 'require' }, ...more }) as DraftAuthority; // `more` has no key
const keyless = (trustedRoot?: string): DraftAuthority => ({
  keyless: { oidcIssuer: 'https://accounts.google.com', identity: { subject: 'a@example.org' } },
  trustedRoot,
});

const complete = (authorities: readonly (readonly DraftAuthority[])[]) =>
  completePolicy({ signingKeys, trustedRoots }, { ...policy(), signatures: { mode: 'require', authorities } }, 7, 1000);

describe('a policy that is saved', () => {
  test('keeps the fingerprint of each key, and everything else as it was', async () => {
    const draft = [
      [key('A', { name: 'ours' }), keyless()],
      [key('B'), key('A')],
    ];
    const completed = await complete(draft);
    expect(completed).toEqual({
      policy: {
        ...policy(),
        signatures: {
          mode: 'require',
          authorities: [
            [{ name: 'ours', key: { data: 'A', transparencyLog: 'require', fingerprint: FINGERPRINTS.A } }, keyless()],
            [
              { key: { data: 'B', transparencyLog: 'require', fingerprint: FINGERPRINTS.B } },
              { key: { data: 'A', transparencyLog: 'require', fingerprint: FINGERPRINTS.A } },
            ],
          ],
        },
      },
    });
  });

  const slsa = { attestations: [{ predicateType: 'https://slsa.dev/provenance/v1' }] };
  test.each<[string, DraftAuthority[][], string[]]>([
    ['a key that cannot be used', [[keyless(), key('C')]], ['signatures.authorities.0.1.key.data: it is no PEM']],
    [
      'the same key twice, written differently',
      [[key('B')], [key('A'), key('A again')]],
      ['signatures.authorities.1.1.key.data: the same key stands in this list already'],
    ],
    [
      'a root that nobody added',
      [[keyless('github'), keyless('theirs')], [keyless('ours')]],
      [`signatures.authorities.0.1.trustedRoot: ${UNKNOWN}`],
    ],
    [
      'several of these, all told at once',
      [[key('C', { trustedRoot: 'theirs' })], [key('D')]],
      [
        'signatures.authorities.0.0.key.data: it is no PEM',
        'signatures.authorities.1.0.key.data: it is no PEM',
        `signatures.authorities.0.0.trustedRoot: ${UNKNOWN}`,
      ],
    ],
    ['the same key for other statements', [[key('A'), key('A', slsa)]], []],
    ['the same key in two lists', [[key('A')], [key('A')]], []],
  ])('with %s: what can never match is refused', async (_, authorities, problems) => {
    const completed = await complete(authorities);
    const found = 'problems' in completed ? completed.problems.map((one) => `${one.field}: ${one.problem}`) : [];
    expect(found).toEqual(problems);
  });

  test('asks for the roots of its own team, each once, and not for the one that is always there', async () => {
    asked.length = 0;
    await complete([
      [keyless('ours'), keyless('ours')],
      [keyless('public-good'), keyless()],
    ]);
    expect(asked).toEqual([[7, ['ours'], 1000]]);
    await complete([[keyless()]]);
    expect(asked).toHaveLength(1);
  });
});
