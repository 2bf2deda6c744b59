import { describe, expect, test } from 'vitest';
import type { Authority } from '../../../src/domain/authority.ts';
import { evaluate } from '../../../src/domain/evaluate.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { policyInput } from '../../../src/http/schemas/policy.ts';
import { previewRules, proposeRules } from '../../../src/usecases/rule-proposals.ts';
import { applyRules, judgeBy, type PastPush, ruleId } from '../../../src/usecases/rules.ts';
import {
  claims,
  DEADLINE,
  evidence,
  history,
  NEW,
  OLD,
  OTHER,
  policy,
  push,
  pushed,
  releaseWorkflow,
  signature,
  signatures,
  stranger,
  T,
} from '../domain/cases.ts';

const NOW = DEADLINE + 1;

const past = (differs: {
  readonly push?: Parameters<typeof push>[0];
  readonly evidence?: Parameters<typeof evidence>[0];
}): PastPush => ({ push: push(differs.push), evidence: evidence(differs.evidence) });

const ids = (of: Policy, ...own: PastPush[]): string[] => proposeRules(of, own, NOW).map(ruleId);

const token = {
  id: 7,
  kind: 'dockerhub-pat',
  name: 'ci-publish',
  account: 'acmebot',
  mark: 'none',
  expectedOn: null,
  createdAt: null,
  createdBy: null,
  creatorIp: null,
  usedBefore: null,
  newCreator: false,
} as const;

describe('a rule is proposed for', () => {
  test('an account nobody expects, by its stable id where it has one', () => {
    const expects = policy({ pushers: ['acmebot'] });
    const bob = { name: 'bob', id: null };
    expect(ids(expects, past({ push: { pusher: bob } }))).toEqual(['expect-pusher bob']);
    expect(ids(expects, past({ push: { pusher: { name: 'bob', id: '77' } } }))).toEqual(['expect-pusher id:77']);
  });

  test('no account that somebody marked: a policy would not make it expected', () => {
    const account = { ...token, kind: 'dockerhub-account', name: 'bob', account: null, mark: 'unexpected' } as const;
    const marked = past({ push: { pusher: { name: 'bob', id: null } }, evidence: { account } });
    expect(judgeBy({ policy: policy({ pushers: ['acmebot'] }), expects: [] }, marked, NOW).verdict).toBe('rogue');
    expect(ids(policy({ pushers: ['acmebot'] }), marked)).toEqual([]);
  });

  test('a token that should not push here, and it is then expected here only', () => {
    const of = policy({ tokens: { mode: 'require', dormantDays: 0, freshMinutes: 0 } });
    const attribution = { strength: 'deduced', by: 'token-list', account: null, credentials: [token] } as const;
    const used = past({ evidence: { attribution } });
    const [rule] = proposeRules(of, [used], NOW);
    expect(rule).toEqual({ kind: 'expect-token', token: { id: 7, kind: 'dockerhub-pat', name: 'ci-publish' } });
    const edit = applyRules(of, rule === undefined ? [] : [rule]);
    expect(edit).toEqual({ policy: of, expects: [7] });
    expect(judgeBy(edit, used, NOW).verdict).toBe('trusted');
    expect(judgeBy(edit, past({ push: { repository: 2 }, evidence: { attribution } }), NOW).verdict).toBe('trusted');
    const other = { ...attribution, credentials: [{ ...token, id: 8 }] };
    expect(judgeBy(edit, past({ evidence: { attribution: other } }), NOW).verdict).toBe('rogue');
  });

  test.each(['unexpected', 'retired', 'canary'] as const)('no token that somebody marked: %s', (mark) => {
    const of = policy({ tokens: { mode: 'require', dormantDays: 0, freshMinutes: 60 } });
    // Made a moment ago by somebody new, so that more than its mark speaks against it.
    const credentials = [{ ...token, mark, createdAt: T - 1, newCreator: true }];
    const used = past({
      evidence: { attribution: { strength: 'named', by: 'audit-log', account: null, credentials } },
    });
    expect(judgeBy({ policy: of, expects: [] }, used, NOW).findings.map(({ code }) => code)).toContain(
      'fresh-token-used',
    );
    expect(ids(of, used)).toEqual([]);
    expect(judgeBy({ policy: of, expects: [token.id] }, used, NOW).verdict).toBe('rogue');
  });

  test('a tag that moved: every pattern that holds it goes, and no other', () => {
    const of = policy({ immutableTags: ['*.*.*', '1.2.*', 'stable'] });
    const moved = past({ push: { tag: '1.2.3' } });
    expect(ids(of, moved)).toEqual(['let-tag-move 1.2.3']);
    expect(applyRules(of, proposeRules(of, [moved], NOW)).policy.immutableTags).toEqual(['stable']);
  });

  test('a tag that went back', () => {
    expect(ids(policy(), past({ evidence: { history: history({ leftAt: T - 1 }) } }))).toEqual(['allow-rollbacks']);
  });

  test('a job that announced it and is not named: its word counts once it is', () => {
    const of = policy({ ci: { mode: 'require' } });
    const announced = past({ evidence: { announcements: [stranger] } });
    const rules = proposeRules(of, [announced], NOW);
    expect(rules.map(ruleId)).toEqual([
      'name-workflow https://token.actions.githubusercontent.com 666 .github/workflows/release.yml refs/tags/v*',
    ]);
    expect(judgeBy(applyRules(of, rules), announced, NOW).verdict).toBe('trusted');
  });

  test('a workflow whose provenance signs it', () => {
    const of = policy({ ci: { mode: 'require', identities: [] } });
    const signed = past({ evidence: { signatures: signatures(signature()) } });
    const rules = proposeRules(of, [signed], NOW);
    expect(rules.map(({ kind }) => kind)).toEqual(['name-workflow']);
    expect(judgeBy(applyRules(of, rules), signed, NOW).verdict).toBe('trusted');
  });

  test('a signer that is another’s: as one more in the lists that want one, and in no list that has one', () => {
    const subject = 'https://github.com/octo/mirror/.github/workflows/sign.yml@refs/tags/v1.0.0';
    const mirror = signature(
      {},
      { subject, certificate: { sourceRepository: 'https://github.com/octo/mirror', buildConfigUri: subject } },
    );
    const fits: Authority = {
      keyless: {
        oidcIssuer: claims.oidcIssuer,
        identity: { subject: 'https://github.com/octo/else/.github/workflows/x.yml@refs/heads/main' },
      },
    };
    const of = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow], [fits]] } });
    const signed = past({ evidence: { signatures: signatures(signature(), mirror) } });
    const rules = proposeRules(of, [signed], NOW);
    const [rule] = rules;
    expect(rules).toHaveLength(1);
    expect(rule).toMatchObject({ kind: 'trust-signer', lists: [1] });
    const edited = applyRules(of, rules).policy;
    expect(edited.signatures.authorities?.map((list) => list.length)).toEqual([1, 2]);
    expect(judgeBy({ policy: edited, expects: [] }, signed, NOW).verdict).toBe('trusted');
    expect(policyInput.safeParse(edited).success).toBe(true);
  });
});

describe('no rule is proposed for', () => {
  test.each([
    ['what CI contradicts', policy({ ci: { mode: 'require' } }), { announcements: [pushed({ digest: OTHER })] }],
    ['what nobody signed', policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow]] } }), {}],
    ['what only a sweep saw', policy(), { reported: false }],
    ['what the registry does not have', policy(), { readBack: { state: 'absent' } }],
    [
      'a signature that fits nothing',
      policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow]] } }),
      { signatures: signatures(signature({ state: 'invalid', problem: 'bad-signature', reason: 'x', signer: null })) },
    ],
    ['what is trusted', policy(), {}],
  ] as const)('%s', (_, of, differs) => {
    expect(ids(of, past({ evidence: differs }))).toEqual([]);
  });

  test('a finding that it would only exchange for another', () => {
    // Told by nobody whom the policy names, and the job that speaks contradicts itself.
    const of = policy({ ci: { mode: 'require' } });
    const twice = [stranger, { ...stranger, id: 2, digest: OLD, at: stranger.at + 1, run: '2/1' }];
    for (const rule of proposeRules(of, [past({ evidence: { announcements: twice } })], NOW)) {
      const { findings } = judgeBy(applyRules(of, [rule]), past({ evidence: { announcements: twice } }), NOW);
      expect(findings.filter(({ code }) => code !== 'ci-mismatch')).toEqual([]);
    }
  });
});

describe('a preview', () => {
  const of = policy({ pushers: ['acmebot'] });
  const byBob = past({ push: { pusher: { name: 'bob', id: null } } });
  const moved = past({ push: { tag: '1.2.3', pusher: { name: 'bob', id: null } } });
  const honest = past({});
  const [rule] = proposeRules(of, [byBob], NOW);
  const rules = rule === undefined ? [] : [rule];

  test('lists what changes, with both verdicts, and nothing else', () => {
    expect(previewRules(of, rules, [byBob, moved, honest], NOW)).toEqual([
      { past: byBob, before: 'rogue', after: 'trusted' },
    ]);
  });

  test('says what the judge says of the same facts', () => {
    for (const each of [byBob, moved, honest]) {
      const { policy: edited } = applyRules(of, rules);
      expect(judgeBy(applyRules(of, rules), each, NOW)).toEqual(evaluate(edited, each.push, each.evidence, NOW));
    }
  });

  test('shows the other direction too: a named job that contradicts what was believed', () => {
    const believes = policy({ ci: { mode: 'require' } });
    const contradicted = past({
      evidence: { announcements: [{ ...stranger, digest: OTHER, tags: ['latest'] }] },
    });
    const waiting = {
      ...contradicted,
      push: { ...contradicted.push, receivedAt: NOW - 5 * 60_000, notBefore: NOW - 5 * 60_000 },
    };
    const spoken = waiting.evidence.announcements.map((each) => ({ ...each, at: NOW - 60_000 }));
    const named = proposeRules(believes, [past({ evidence: { announcements: [stranger] } })], NOW);
    expect(
      previewRules(
        believes,
        named,
        [{ ...waiting, evidence: { ...waiting.evidence, announcements: spoken } }],
        NOW,
      ).map(({ before, after }) => [before, after]),
    ).toEqual([['pending', 'rogue']]);
  });

  test('keeps the evidence as it is: a digest that is not the alert’s stays what it was', () => {
    expect(byBob.push.digest).toBe(NEW);
    expect(previewRules(of, [], [byBob, moved, honest], NOW)).toEqual([]);
  });
});
