import { type AnyAlertFacts, isWatchAlert } from '../domain/alert.ts';
import type { TagHistory } from '../domain/evidence.ts';
import type { Policy } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';
import { changeImage, type ImageDesk } from './change-image.ts';
import type { Handler } from './handle-alert.ts';
import { type CredentialDesk, expectCredential } from './mark-credential.ts';
import { pastPush } from './past-push.ts';
import { type ChangedVerdict, previewRules, proposeRules } from './rule-proposals.ts';
import { applyRules, type PastPush, type Rule, ruleId } from './rules.ts';
import type { DigestPast, PushToCheck } from './stores.ts';

/** A judged push with what only the preview of a rule asks of it. */
export interface RulePush {
  readonly push: PushToCheck;
  readonly previous: TagHistory['previous'];
  readonly alert: number | null;
  readonly isLive: boolean;
}

export interface Matter<P extends RulePush> {
  readonly alert: { readonly id: number; readonly facts: AnyAlertFacts };
  readonly image: {
    readonly id: number;
    readonly name: ImageName;
    readonly policy: Policy;
    readonly policyText: string;
    readonly channel: string | null;
    readonly channelId: number | null;
  };
  readonly pushes: readonly P[];
}

/** One rule, or all of them together, and what they would change. */
export interface RuleChoice<P extends RulePush> {
  /** Stands in the form. */
  readonly id: string;
  readonly rules: readonly Rule[];
  readonly changes: readonly ChangedVerdict<PastPush & { readonly of: P }>[];
}

export const ALL_RULES = 'all';

/** What can be chosen for an alert; empty: no rule would resolve any of its findings. */
export function ruleChoices<P extends RulePush>(
  { alert, image, pushes }: Matter<P>,
  pasts: readonly DigestPast[],
  now: number,
): RuleChoice<P>[] {
  if (isWatchAlert(alert.facts)) return [];
  const known = pushes.flatMap((of, n) => {
    const past = pasts[n];
    const judged = past === undefined ? null : pastPush(of.push, of.previous, past);
    return judged === null ? [] : [{ ...judged, of }];
  });
  const { policy } = image;
  const rules = proposeRules(
    policy,
    known.filter(({ of }) => of.alert === alert.id),
    now,
  );
  const choice = (id: string, chosen: readonly Rule[]): RuleChoice<P> => ({
    id,
    rules: chosen,
    changes: previewRules(policy, chosen, known, now),
  });
  const each = rules.map((rule) => choice(ruleId(rule), [rule]));
  return rules.length < 2 ? each : [...each, choice(ALL_RULES, rules)];
}

export interface RuleDesk extends ImageDesk, CredentialDesk {}

/** `changed`: the policy is not the one any more that the person saw; nothing was done. */
export async function makeRule<P extends RulePush>(
  desk: RuleDesk,
  by: Handler,
  { alert, image }: Matter<P>,
  { rules }: Pick<RuleChoice<P>, 'rules'>,
  reason: string,
): Promise<'done' | 'changed'> {
  const { policy, expects } = applyRules(image.policy, rules);
  const { policy: before, channel, channelId } = image;
  const because = { alert: `A-${alert.id}`, reason, rules: rules.map(ruleId) };
  if (rules.some(({ kind }) => kind !== 'expect-token')) {
    const after = { policy, channel, channelId };
    const change = { id: image.id, image: image.name, before: { policy: before, channel }, after, because };
    if (!(await changeImage(desk, by, { ...change, ifPolicy: image.policyText }))) return 'changed';
  }
  for (const credential of expects) await expectCredential(desk, by, credential, image.id, because);
  return 'done';
}
