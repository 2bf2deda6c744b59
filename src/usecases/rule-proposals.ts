import { isKeyless } from '../domain/authority.ts';
import { unexpectedPusher } from '../domain/expected-pusher.ts';
import type { Finding, FindingCode, Verdict } from '../domain/finding.ts';
import { isImmutableTag, namePusher, type Policy } from '../domain/policy.ts';
import { missingLists, untrusted } from '../domain/trust.ts';
import { applyRules, judgeBy, type PastPush, RULE_FOR, type Rule, ruleId } from './rules.ts';
import { ciIdentityOf, signerGroups } from './signer-groups.ts';

/**
 * The rules that would make findings of an alert expected. Only those that would: each is tried on the alert's own
 * pushes, and what it was made for has to be found no more.
 *
 * @param own pushes of the alert
 */
export function proposeRules(policy: Policy, own: readonly PastPush[], now: number): Rule[] {
  const proposed = new Map<string, Rule>();
  for (const past of own) {
    const { findings } = judgeBy({ policy, expects: [] }, past, now);
    for (const rule of findings.flatMap((finding) => rulesFor(finding, policy, past))) {
      if (resolves(rule, policy, past, findings, now)) proposed.set(ruleId(rule), rule);
    }
  }
  return [...proposed.values()];
}

function resolves(rule: Rule, policy: Policy, past: PastPush, before: readonly Finding[], now: number): boolean {
  const codes = (findings: readonly Finding[]): Set<FindingCode> => new Set(findings.map(({ code }) => code));
  const after = codes(judgeBy(applyRules(policy, [rule]), past, now).findings);
  const known = codes(before);
  // What it brings up instead is no resolution.
  return (
    RULE_FOR[rule.kind].some((code) => known.has(code) && !after.has(code)) &&
    [...after].every((code) => known.has(code))
  );
}

function rulesFor(finding: Finding, policy: Policy, past: PastPush): Rule[] {
  switch (finding.code) {
    case 'unexpected-pusher': {
      const pusher = unexpectedPusher([finding]);
      return pusher === null ? [] : [{ kind: 'expect-pusher', pusher: namePusher(pusher), login: pusher.name }];
    }
    case 'unexpected-token':
      return finding.tokens.map((token) => ({ kind: 'expect-token', token }));
    case 'fresh-token-used':
      return [{ kind: 'expect-token', token: finding.token }];
    case 'untrusted-signer':
      return signerRules(policy, past);
    case 'ci-mismatch': {
      const { found } = finding;
      // What CI announced another digest for, or a run that cannot have made this, no rule makes right.
      if (found.kind === 'digest' || found.kind === 'run') return [];
      return [{ kind: 'name-workflow', identity: ciIdentityOf([found.claims]), repository: found.claims.repository }];
    }
    case 'tag-moved': {
      const { tag } = past.push;
      const patterns = policy.immutableTags.filter((pattern) =>
        isImmutableTag({ ...policy, immutableTags: [pattern] }, tag),
      );
      return [{ kind: 'let-tag-move', tag, patterns }];
    }
    case 'tag-rolled-back':
      return [{ kind: 'allow-rollbacks' }];
    default:
      return [];
  }
}

/** Whose valid signatures are there, as alternatives in each list that wants one. */
function signerRules(policy: Policy, { push, evidence }: PastPush): Rule[] {
  const { digest } = push;
  const { signatures } = evidence;
  if (digest === null || signatures === null) return [];
  const authorities = policy.signatures.authorities ?? [];
  const missing = missingLists(authorities, digest, signatures);
  const lists = authorities.flatMap((list, n) => (missing.includes(list) ? [n] : []));
  const strangers = untrusted(authorities, signatures).filter(({ state }) => state === 'valid');
  return signerGroups(strangers, []).flatMap(({ authority }): Rule[] =>
    isKeyless(authority) ? [{ kind: 'trust-signer', authority, lists }] : [],
  );
}

/** A push whose verdict a rule would change. */
export interface ChangedVerdict<P extends PastPush> {
  readonly past: P;
  readonly before: Verdict;
  readonly after: Verdict;
}

/** What pushes would be judged to be by these rules, where that is another thing than now. In the given order. */
export function previewRules<P extends PastPush>(
  policy: Policy,
  rules: readonly Rule[],
  pushes: readonly P[],
  now: number,
): ChangedVerdict<P>[] {
  const edit = applyRules(policy, rules);
  return pushes.flatMap((past) => {
    const before = judgeBy({ policy, expects: [] }, past, now).verdict;
    const after = judgeBy(edit, past, now).verdict;
    return before === after ? [] : [{ past, before, after }];
  });
}
