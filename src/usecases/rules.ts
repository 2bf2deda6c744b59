import { isExpectedOn } from '../domain/attribution.ts';
import { authorityName, type KeylessAuthority } from '../domain/authority.ts';
import type { CiIdentity } from '../domain/ci.ts';
import { mayBecomeExpected } from '../domain/credential.ts';
import { evaluate } from '../domain/evaluate.ts';
import type { PushEvidence, PushFacts } from '../domain/evidence.ts';
import type { FindingCode, Judgement, TokenFound } from '../domain/finding.ts';
import { isImmutableTag, type Policy } from '../domain/policy.ts';
import { heldAgainst } from '../domain/vouching.ts';

/** A change by which what an alert found is expected from now on. Words for it are in `notify`. */
export type Rule =
  /** As `pushers` names it; the login is for people. */
  | { readonly kind: 'expect-pusher'; readonly pusher: string; readonly login: string }
  /** In this repository; not a part of the policy but of what is known of the token. */
  | { readonly kind: 'expect-token'; readonly token: TokenFound }
  /** `lists`: places of the lists that want a signature which this one is. */
  | { readonly kind: 'trust-signer'; readonly authority: KeylessAuthority; readonly lists: readonly number[] }
  /** Name of the source repository, for people. */
  | { readonly kind: 'name-workflow'; readonly identity: CiIdentity; readonly repository: string }
  /** No pattern that matches this tag stays. */
  | { readonly kind: 'let-tag-move'; readonly tag: string; readonly patterns: readonly string[] }
  | { readonly kind: 'allow-rollbacks' };

/** The finding that a rule is made for. */
export const RULE_FOR: Readonly<Record<Rule['kind'], readonly FindingCode[]>> = {
  'expect-pusher': ['unexpected-pusher'],
  'expect-token': ['unexpected-token', 'fresh-token-used'],
  'trust-signer': ['untrusted-signer'],
  'name-workflow': ['ci-mismatch', 'no-ci-run'],
  'let-tag-move': ['tag-moved'],
  'allow-rollbacks': ['tag-rolled-back'],
};

/** Tells a rule from the others of its alert; stands in a form. */
export function ruleId(rule: Rule): string {
  switch (rule.kind) {
    case 'expect-pusher':
      return `${rule.kind} ${rule.pusher}`;
    case 'expect-token':
      return `${rule.kind} ${rule.token.id}`;
    case 'trust-signer':
      return `${rule.kind} ${rule.authority.keyless.oidcIssuer} ${authorityName(rule.authority)}`;
    case 'name-workflow': {
      const { oidcIssuer, repositoryId, workflow = '', ref, refPattern } = rule.identity;
      return `${rule.kind} ${oidcIssuer} ${repositoryId} ${workflow} ${ref ?? refPattern ?? ''}`;
    }
    case 'let-tag-move':
      return `${rule.kind} ${rule.tag}`;
    case 'allow-rollbacks':
      return rule.kind;
  }
}

/** What rules come to: another policy, and tokens that are expected in the repository. */
export interface RuleEdit {
  readonly policy: Policy;
  readonly expects: readonly number[];
}

export function applyRules(policy: Policy, rules: readonly Rule[]): RuleEdit {
  const expects = rules.flatMap((rule) => (rule.kind === 'expect-token' ? [rule.token.id] : []));
  return { policy: rules.reduce(withRule, policy), expects };
}

function withRule(policy: Policy, rule: Rule): Policy {
  const { ci, signatures } = policy;
  switch (rule.kind) {
    case 'expect-pusher':
      return { ...policy, pushers: policy.pushers === null ? null : [...policy.pushers, rule.pusher] };
    case 'expect-token':
      return policy;
    case 'trust-signer': {
      const authorities = (signatures.authorities ?? []).map((list, n) =>
        rule.lists.includes(n) ? [...list, rule.authority] : list,
      );
      return { ...policy, signatures: { ...signatures, authorities } };
    }
    case 'name-workflow':
      return { ...policy, ci: { ...ci, identities: [...ci.identities, rule.identity] } };
    case 'let-tag-move':
      return {
        ...policy,
        immutableTags: policy.immutableTags.filter(
          (pattern) => !isImmutableTag({ ...policy, immutableTags: [pattern] }, rule.tag),
        ),
      };
    case 'allow-rollbacks':
      return { ...policy, rollbacks: 'allow' };
  }
}

/** A push with the evidence that was kept of it. */
export interface PastPush {
  readonly push: PushFacts;
  readonly evidence: PushEvidence;
}

/** Judges a push again as if the rules held. */
export function judgeBy({ policy, expects }: RuleEdit, { push, evidence }: PastPush, now: number): Judgement {
  return evaluate(policy, push, evidenceBy({ policy, expects }, push.repository, evidence), now);
}

function evidenceBy({ policy, expects }: RuleEdit, repository: number, evidence: PushEvidence): PushEvidence {
  const expected = <C extends PushEvidence['attribution']['credentials'][number]>(credential: C): C =>
    expects.includes(credential.id) && mayBecomeExpected(credential.mark) && !isExpectedOn(credential, repository)
      ? { ...credential, mark: 'expected', expectedOn: [...(credential.expectedOn ?? []), repository] }
      : credential;
  const { attribution } = evidence;
  return {
    ...evidence,
    announcements: evidence.announcements.map((announcement) => heldAgainst(policy, announcement)),
    attribution: { ...attribution, credentials: attribution.credentials.map(expected) },
  };
}
