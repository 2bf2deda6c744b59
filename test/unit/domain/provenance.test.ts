import { describe, expect, test } from 'vitest';
import { ciMadeIt, isReported } from '../../../src/domain/rules.ts';
import type { CiRun, FoundSignature, Provenance } from '../../../src/domain/signature.ts';
import {
  ask,
  claims,
  DEADLINE,
  type Given,
  MINUTE,
  OTHER,
  policy,
  pushed,
  releaseWorkflow,
  SETTLED,
  signature,
  signatures,
  T,
  told,
} from './cases.ts';

const identities = [{ oidcIssuer: claims.oidcIssuer, repositoryId: '74', workflow: '.github/workflows/release.yml' }];
const ci = policy({ ci: { mode: 'require', identities } });
const ciFirst = policy({ ci: { mode: 'require', identities, announceFirst: true } });
const lookUp = policy({ ci: { mode: 'require', identities, lookUpRun: true } });

const SLSA = 'https://slsa.dev/provenance/v1';
const elsewhere = { sourceRepository: 'https://github.com/evil/app', sourceRepositoryId: '666' };
const said: Provenance = {
  buildType: 'https://actions.github.io/buildtypes/workflow/v1',
  builderId: null,
  sourceRepository: 'https://github.com/octo/app',
  sourceRepositoryId: null,
  commit: 'c0ffee',
  workflow: '.github/workflows/release.yml',
  ref: null,
  event: null,
  runUrl: 'https://github.com/octo/app/actions/runs/7/attempts/1',
};
const run = (state: CiRun['state'], over: Partial<typeof claims> = {}): CiRun => ({
  runUrl: said.runUrl ?? '',
  state,
  reason: state === 'confirmed' ? null : 'head SHA differs',
  claims: state === 'confirmed' ? { ...claims, ...over } : null,
});
const byKey = signature({
  signer: { kind: 'key', fingerprint: OTHER, logged: true },
  predicateType: SLSA,
  provenance: said,
});

describe('verified provenance answers for CI', () => {
  const of = (...found: FoundSignature[]) => ({ evidence: { signatures: signatures(...found) } });

  test.each<[string, FoundSignature[], number, string]>([
    ['a signature of the named workflow', [signature()], T, 'satisfied'],
    ['its provenance', [signature({ predicateType: SLSA, provenance: said })], T, 'satisfied'],
    ['a release of long ago, moved to another tag', [signature({ signedAt: T - 9999 * MINUTE })], T, 'satisfied'],
    [
      'an SBOM of the named workflow',
      [signature({ predicateType: 'https://spdx.dev/Document' })],
      DEADLINE,
      'no-ci-run',
    ],
    ['a forgery', [signature({ state: 'invalid', problem: 'certificate' })], DEADLINE, 'no-ci-run'],
    ['about another digest', [signature({ about: OTHER })], DEADLINE, 'no-ci-run'],
    [
      'another repository, before things settle',
      [signature({}, { certificate: elsewhere })],
      SETTLED - 1,
      'waits ci 2',
    ],
    ['another repository', [signature({}, { certificate: elsewhere })], SETTLED, 'ci-mismatch'],
    [
      'a renamed repository of another id',
      [signature({}, { certificate: { sourceRepositoryId: '75' } })],
      SETTLED,
      'ci-mismatch',
    ],
    [
      'another workflow',
      [signature({}, { certificate: { buildConfigUri: 'https://github.com/octo/app/.github/workflows/x.yml@main' } })],
      SETTLED,
      'ci-mismatch',
    ],
    [
      'another repository, beside the right one',
      [signature({}, { certificate: elsewhere }), signature()],
      SETTLED,
      'satisfied',
    ],
    ['a person', [signature({}, { certificate: { sourceRepository: null } })], DEADLINE, 'no-ci-run'],
    [
      'provenance that names another repository than its certificate',
      [signature({ predicateType: SLSA, provenance: { ...said, sourceRepository: 'https://github.com/evil/app' } })],
      SETTLED,
      'ci-mismatch',
    ],
    ['provenance by key that does not say the repository’s id', [byKey], SETTLED, 'ci-mismatch'],
  ])('%s', (_, found, now, answer) => {
    expect(ask(ciMadeIt, { policy: ci, ...of(...found), now })).toBe(answer);
  });

  test('of a re-run, or of BuildKit about what it built, names what its certificate does not', () => {
    const rerun = { ...said, runUrl: 'https://github.com/octo/app/actions/runs/7/attempts/2' };
    const packaged = { ...said, workflow: null, sourceRepository: 'https://github.com/upstream/tool', commit: 'beef' };
    for (const provenance of [rerun, packaged])
      expect(ask(ciMadeIt, { policy: ci, ...of(signature({ predicateType: SLSA, provenance })) })).toBe('satisfied');
    const other = { ...said, runUrl: 'https://github.com/octo/app/actions/runs/8/attempts/1' };
    const mixed = of(signature({ predicateType: SLSA, provenance: other }));
    expect(ask(ciMadeIt, { policy: ci, ...mixed, now: SETTLED })).toBe('ci-mismatch');
  });

  test('an announcement is enough, whatever provenance says', () => {
    const given = {
      evidence: { ...told(pushed()), signatures: signatures(signature({}, { certificate: elsewhere })) },
    };
    expect(ask(ciMadeIt, { policy: ci, ...given, now: SETTLED })).toBe('satisfied');
  });

  test('where CI announces first, only provenance of this time counts: a token could move a tag to any old image', () => {
    expect(ask(ciMadeIt, { policy: ciFirst, ...of(signature({ signedAt: T - 61 * MINUTE })) })).toBe('no-ci-run');
    expect(ask(ciMadeIt, { policy: ciFirst, ...of(signature({ signedAt: null })) })).toBe('no-ci-run');
    expect(ask(ciMadeIt, { policy: ciFirst, ...of(signature()) })).toBe('satisfied');
    // Anybody can log or stamp a key's old signature again.
    const known = { ...byKey, provenance: { ...said, sourceRepositoryId: '74' } };
    expect(ask(ciMadeIt, { policy: ci, ...of(known) })).toBe('satisfied');
    expect(ask(ciMadeIt, { policy: ciFirst, ...of(known) })).toBe('no-ci-run');
  });
});

describe('a run that is looked up', () => {
  test.each<[string, FoundSignature, CiRun[], string]>([
    ['exists', signature(), [run('confirmed')], 'satisfied'],
    ['completes what a key’s provenance does not say', byKey, [run('confirmed')], 'satisfied'],
    ['is of another workflow', byKey, [run('confirmed', { workflow: '.github/workflows/x.yml' })], 'ci-mismatch'],
    ['is of another commit', signature(), [run('mismatch')], 'ci-mismatch'],
    ['does not exist', signature(), [run('absent')], 'ci-mismatch'],
    ['could not be looked up', signature(), [run('unavailable')], 'lacks ci-lookup'],
    ['was not looked up', signature(), [], 'lacks ci-lookup'],
  ])('%s', (_, found, runs, answer) => {
    const evidence = { signatures: { ...signatures(found), runs } };
    expect(ask(ciMadeIt, { policy: lookUp, evidence, now: DEADLINE })).toBe(answer);
  });
});

describe('a push whose webhook was lost', () => {
  const WINDOW = 60 * MINUTE;
  const lost = (...found: FoundSignature[]) => ({
    push: { origin: 'sweep' as const },
    evidence: { reported: false, signatures: signatures(...found) },
  });
  const signed = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow]] } });
  const atNotBefore = T - 5_000;

  test.each<[string, Given, string]>([
    ['provenance of the named workflow', { policy: ci, ...lost(signature()) }, 'satisfied'],
    ['a signature of a named signer', { policy: signed, ...lost(signature()) }, 'satisfied'],
    [
      'the earliest that can be of this push',
      { policy: signed, ...lost(signature({ signedAt: atNotBefore - WINDOW })) },
      'satisfied',
    ],
    [
      'provenance of before',
      { policy: ci, ...lost(signature({ signedAt: atNotBefore - WINDOW - 1 })) },
      'waits webhook 30',
    ],
    [
      'a signature of before',
      { policy: signed, ...lost(signature({ signedAt: atNotBefore - WINDOW - 1 })), now: DEADLINE },
      'unreported-push',
    ],
    [
      'a signature that nobody says when it was made',
      { policy: signed, ...lost(byKey), now: DEADLINE },
      'unreported-push',
    ],
    ['nothing, while a signature may come', { policy: signed, ...lost(), now: DEADLINE - 1 }, 'waits webhook 30'],
    ['nothing', { policy: signed, ...lost(), now: DEADLINE }, 'unreported-push'],
    [
      'a forgery',
      { policy: signed, ...lost(signature({ state: 'invalid', problem: 'certificate' })), now: DEADLINE },
      'unreported-push',
    ],
    [
      'one that the policy does not ask for',
      { policy: policy(), ...lost(signature()), now: SETTLED },
      'unreported-push',
    ],
    [
      'about another digest',
      { policy: signed, ...lost(signature({ about: OTHER })), now: DEADLINE },
      'unreported-push',
    ],
  ])('is vouched for, or not, by %s', (_, given, answer) => {
    expect(ask(isReported, given)).toBe(answer);
  });
});
