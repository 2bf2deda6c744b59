import { describe, expect, test } from 'vitest';
import type { CiIdentity } from '../../../src/domain/ci.ts';
import { concurrentRun, mayVouch } from '../../../src/domain/concurrent-run.ts';
import type { PushEvidence } from '../../../src/domain/evidence.ts';
import * as rules from '../../../src/domain/rules.ts';
import type { WorkflowRun } from '../../../src/domain/workflow-run.ts';
import { endedRun, workflowRun } from '../../fixtures/workflow-runs.ts';
import {
  ask,
  DEADLINE,
  evidence,
  expected,
  type Given,
  history,
  MINUTE,
  NEW,
  OTHER,
  policy,
  push,
  pushed,
  SETTLED,
  signature,
  signatures,
  started,
  stranger,
  T,
  told,
} from './cases.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const release: CiIdentity = {
  oidcIssuer: GITHUB,
  repositoryId: '74',
  workflow: '.github/workflows/release.yml',
  refPattern: 'refs/tags/v*',
};
const accepting = (identity: Partial<CiIdentity> = {}, more: object = {}) =>
  policy({ ci: { mode: 'require', concurrentRuns: 'accept', identities: [{ ...release, ...identity }], ...more } });

/** Since five minutes before the push. */
const running = (differs: Partial<WorkflowRun> = {}) => workflowRun(T - 5 * MINUTE, differs);
const DAY = 24 * 60 * MINUTE;

describe('a run vouches', () => {
  test.each<[string, Partial<CiIdentity>, Partial<WorkflowRun>, boolean]>([
    ['for the identity that it is', {}, {}, true],
    ['only of that source repository', {}, { repositoryId: '7', headRepositoryId: '7' }, false],
    ['only of that workflow', {}, { workflow: '.github/workflows/test.yml' }, false],
    ['only with a workflow that is known', {}, { workflow: null }, false],
    ['for any workflow, if none is named', { workflow: undefined }, { workflow: null }, true],
    ['only of a ref that fits', {}, { headBranch: 'main' }, false],
    ['only of a ref that is known', {}, { headBranch: null }, false],
    ['for any ref, if none is named', { refPattern: undefined }, { headBranch: null }, true],
    ['for a branch by its name', { refPattern: undefined, ref: 'refs/heads/main' }, { headBranch: 'main' }, true],
    [
      'not for a branch whose name only begins like it',
      { refPattern: 'refs/heads/main' },
      { headBranch: 'main2' },
      false,
    ],
    [
      'not for a ref that is written into the name',
      { refPattern: 'refs/tags/v*' },
      { headBranch: 'refs/tags/v1' },
      false,
    ],
    ['for the tag of a release', { event: 'release' }, { event: 'release' }, true],
    [
      'not for a branch, if it is of a release',
      { refPattern: undefined, ref: 'refs/heads/v1.2.3' },
      { event: 'release' },
      false,
    ],
    ['not for a tag, if it is on schedule', {}, { event: 'schedule' }, false],
    ['for the default branch on schedule', { refPattern: 'refs/heads/*' }, { event: 'schedule' }, true],
    ['not by what another run is listed under', {}, { event: 'workflow_run' }, false],
    ['for what another run started, if no ref is named', { refPattern: undefined }, { event: 'workflow_run' }, true],
    ['only for that event', { event: 'release' }, {}, false],
    ['for that event', { event: 'push' }, {}, true],
    ['never for an environment, which it does not tell', { environment: 'release' }, {}, false],
    ['only for its own issuer', { oidcIssuer: 'https://gitlab.com' }, {}, false],
    ['for an issuer of an enterprise', { oidcIssuer: `${GITHUB}/acme` }, {}, true],
    ['not for an issuer that only begins like it', { oidcIssuer: `${GITHUB}.evil.example` }, {}, false],
    ['not of another server', {}, { server: 'https://git.example.org' }, false],
    [
      'of an Enterprise Server, for its issuer',
      { oidcIssuer: 'https://git.example.org/_services/token' },
      { server: 'https://git.example.org' },
      true,
    ],
    [
      'of GHE.com, for its issuer',
      { oidcIssuer: 'https://token.actions.acme.ghe.com' },
      { server: 'https://acme.ghe.com' },
      true,
    ],
    [
      'not of a name that only ends like GHE.com',
      { oidcIssuer: 'https://token.actions.acme.ghe.com.evil.example' },
      { server: 'https://acme.ghe.com.evil.example' },
      false,
    ],
    ["not with a fork's code", {}, { headRepositoryId: '666' }, false],
    ['not with the code of a fork that is gone', {}, { headRepositoryId: null }, false],
    ['not for a pull request', { refPattern: undefined }, { event: 'pull_request' }, false],
    [
      'not for a pull request, even if the policy names that event',
      { refPattern: undefined, event: 'pull_request_target' },
      { event: 'pull_request_target' },
      false,
    ],
    ['not before it has begun', {}, { state: 'requested', status: 'queued' }, false],
    ['though it failed later', {}, { state: 'completed', conclusion: 'failure' }, true],
    ['though it was cancelled', {}, { state: 'completed', conclusion: 'cancelled' }, true],
    ['not if it was skipped', {}, { state: 'completed', conclusion: 'skipped' }, false],
    ['not if it could not start', {}, { state: 'completed', conclusion: 'startup_failure' }, false],
    ['not if nobody approved it', {}, { state: 'completed', conclusion: 'action_required' }, false],
    ['when it is run again', {}, { attempt: 2 }, true],
  ])('%s', (_, identity, differs, does) => {
    expect(mayVouch(accepting(identity), running(differs))).toBe(does);
  });

  test('where the policy says so, and nowhere else', () => {
    for (const [more, does] of [
      [{}, true],
      [{ concurrentRuns: 'ignore' }, false],
      [{ concurrentRuns: undefined }, false],
      [{ announceFirst: true }, false],
      [{ identities: [] }, false],
    ] as const)
      expect(mayVouch(accepting({}, more), running())).toBe(does);
  });
});

describe('a run was in progress', () => {
  // Between these two the push was made.
  const { notBefore, receivedAt } = push();

  test.each<[string, WorkflowRun, boolean]>([
    ['that goes on', running(), true],
    ['that ended after the push', endedRun(T - MINUTE, T + MINUTE), true],
    ['that ended two minutes before it', endedRun(T - 9 * MINUTE, notBefore - 2 * MINUTE), true],
    ['that ended earlier than that', endedRun(T - 9 * MINUTE, notBefore - 2 * MINUTE - 1), false],
    ['that began half a minute after we heard of it', workflowRun(receivedAt + 30_000), true],
    ['that began later than that', workflowRun(receivedAt + 30_001), false],
    ['that was heard of a day before', workflowRun(T - 2 * DAY, { updatedAt: notBefore - 2 * MINUTE - DAY }), true],
    [
      'of which nothing was heard for longer',
      workflowRun(T - 2 * DAY, { updatedAt: notBefore - 2 * MINUTE - DAY - 1 }),
      false,
    ],
  ])('%s: %#', (_, run, was) => {
    expect(concurrentRun(accepting(), push(), [run])).toBe(was ? run : null);
  });

  test('if one of several was', () => {
    const [over, fork, right] = [
      endedRun(T - 60 * MINUTE, T - 30 * MINUTE),
      running({ headRepositoryId: '6' }),
      running(),
    ];
    expect(concurrentRun(accepting(), push(), [over, fork, right])).toBe(right);
  });
});

describe('CI made it, if a run was in progress', () => {
  const runs = [running()];
  const during = (...more: Parameters<typeof told>): Partial<PushEvidence> => ({ runs, ...told(...more) });
  const foreign = signature({ predicateType: null }, { certificate: { sourceRepositoryId: '666' } });

  test.each<[string, Given, string]>([
    ['at once', { evidence: during() }, 'waits ci 2'],
    ['once it has settled', { evidence: during(), now: SETTLED }, 'satisfied'],
    ['before it has settled', { evidence: during(), now: SETTLED - 1 }, 'waits ci 2'],
    ['a run that is told late', { evidence: during(), now: DEADLINE + 60 * MINUTE }, 'satisfied'],
    [
      'and where the policy does not accept it',
      { policy: policy({ ci: { mode: 'require' } }), evidence: during(), now: DEADLINE },
      'no-ci-run',
    ],
    ['no run by the deadline', { now: DEADLINE }, 'no-ci-run'],
    ['no run so far', { now: SETTLED }, 'waits ci 30'],
    [
      'another digest announced by CI itself',
      { evidence: during(pushed({ digest: OTHER })), now: SETTLED },
      'ci-mismatch',
    ],
    ['a stranger who announced it', { evidence: during(stranger), now: SETTLED }, 'ci-mismatch'],
    ['a stranger who announced it before it settled', { evidence: during(stranger), now: T }, 'waits ci 2'],
    ["a stranger's provenance", { evidence: { runs, signatures: signatures(foreign) }, now: SETTLED }, 'ci-mismatch'],
    [
      'a job that ended without naming it',
      { evidence: during(started({ closedAt: T + MINUTE })), now: DEADLINE },
      'no-ci-run',
    ],
    ['a window that is open', { evidence: during(started()), now: SETTLED }, 'waits ci 55'],
    ['announced as well', { evidence: during(pushed()) }, 'satisfied'],
    ['not resolved', { push: { digest: null }, evidence: during(), now: DEADLINE }, 'lacks digest'],
  ])('%s', (_, given, answer) => {
    expect(ask(rules.ciMadeIt, { policy: accepting(), ...given })).toBe(answer);
  });

  test('excuses no other rule', () => {
    const given = { policy: accepting(), evidence: { ...during(), history: history({ leftAt: T - 60 * MINUTE }) } };
    expect(ask(rules.tagDoesNotRollBack, { ...given, now: DEADLINE })).toBe('tag-rolled-back');
    const absent = { ...during(), readBack: { state: 'absent' } } as const;
    expect(ask(rules.registryHasIt, { ...given, evidence: absent, now: DEADLINE })).toBe('forged-delivery');
    expect(ask(rules.isReported, { ...given, evidence: { ...during(), reported: false }, now: DEADLINE })).toBe(
      'unreported-push',
    );
    expect(ask(rules.immutableTagStays, { ...given, push: { tag: '1.2.3' } })).toBe('tag-moved');
  });
});

describe('who vouches for a push', () => {
  const run = running();
  const vouch = (differs: Parameters<typeof evidence>[0], now = SETTLED) =>
    rules.ciVouch({ policy: accepting(), push: push(), evidence: evidence({ runs: [run], ...differs }), now });
  const url = 'https://github.com/octo/app/actions/runs/7/attempts/1';

  test('is told with its run, the strongest first', () => {
    const provenance = signatures(signature());
    expect(vouch({ ...told(expected(), pushed()), signatures: provenance })).toEqual({ how: 'expected', run: null });
    const claims = { ...pushed().claims, runUrl: 'https://github.com/octo/app/actions/runs/1' };
    const announced = pushed({ claims: claims as ReturnType<typeof pushed>['claims'] });
    expect(vouch({ ...told(announced), signatures: provenance })).toEqual({ how: 'announced', run: claims.runUrl });
    expect(vouch({ signatures: provenance })).toEqual({ how: 'provenance', run: url });
    expect(vouch({})).toEqual({ how: 'concurrent', run: url });
    expect(vouch({ runs: [] })).toBeNull();
  });

  test('is nobody yet while it settles, and nobody at all against what CI says', () => {
    expect(vouch({}, SETTLED - 1)).toBeNull();
    expect(vouch(told(stranger))).toBeNull();
    expect(vouch(told(pushed({ digest: OTHER })))).toBeNull();
    expect(
      vouch({ signatures: signatures(signature({ about: NEW }, { certificate: { sourceRepositoryId: '6' } })) }),
    ).toBeNull();
  });

  test('has no address where the names make none', () => {
    expect(vouch({ runs: [running({ repository: 'octo/app?x' })] })).toEqual({ how: 'concurrent', run: null });
  });
});
