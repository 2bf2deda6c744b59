import type { FindingCode } from '../domain/finding.ts';
import type { Rule } from '../usecases/rules.ts';
import { signerInWords, workflowInWords } from './proposal-words.ts';
import { shortName } from './slack-text.ts';

/** What rules are called, and what each gives up. Plain text with names as they came. */

export interface RuleWords {
  readonly title: string;
  /** What exactly is written down. */
  readonly exact: string;
  /** What raises no alarm any more. */
  readonly cost: string;
}

export function ruleWords(rule: Rule): RuleWords {
  switch (rule.kind) {
    case 'expect-pusher':
      return {
        title: `Expect pushes by ${shortName(rule.login)}`,
        exact: `pushers: ${rule.pusher} is added`,
        cost: 'Whoever holds a token of this account pushes without this alarm from now on.',
      };
    case 'expect-token':
      return {
        title: `Expect the token ${shortName(rule.token.name)} here`,
        exact: `credential C-${rule.token.id} (${rule.token.name}): marked as expected in this repository`,
        cost: 'Whoever holds this token pushes without this alarm from now on.',
      };
    case 'trust-signer': {
      const { name, exact } = signerInWords(rule.authority);
      return {
        title: `Trust signatures by ${shortName(name)}`,
        exact: `signatures.authorities: ${exact}`,
        cost: 'Whoever can run that workflow, or sign in as that identity, signs for this image from now on.',
      };
    }
    case 'name-workflow': {
      const { name, exact } = workflowInWords(rule.identity);
      return {
        title: `Let ${shortName(name)} of ${shortName(rule.repository)} release this image`,
        exact: `ci.identities: ${name} of ${rule.repository}, ${exact}`,
        cost: 'Whoever can run that workflow releases this image from now on.',
      };
    }
    case 'let-tag-move':
      return {
        title: `Let ${shortName(rule.tag)} move`,
        exact: `immutableTags: ${rule.patterns.join(', ')} ${rule.patterns.length === 1 ? 'is' : 'are'} taken out`,
        cost: 'Every tag that only this matched may be overwritten without this alarm: the one that attackers need most.',
      };
    case 'allow-rollbacks':
      return {
        title: 'Allow tags to go back to images they had',
        exact: 'rollbacks: allow',
        cost: 'An old image with known holes can be put under a tag without this alarm.',
      };
  }
}

/** Why a finding is no matter for a rule, and what to do instead. */
export function withoutRule(code: FindingCode): string {
  switch (code) {
    case 'unsigned':
      return 'Sign the digest now, and this clears. To do without signatures, change signatures.mode of the policy on purpose.';
    case 'no-ci-run':
      return 'Nothing that CI said can be named. Have the release job announce what it pushes, or sign it with provenance.';
    case 'ci-mismatch':
      return 'CI itself contradicts this push: no rule makes that right.';
    case 'invalid-signature':
      return 'A signature that fits nothing is never expected. Sign the digest again.';
    case 'unreported-push':
      return 'Mend the webhook. A rule would leave us blind to the next one.';
    case 'forged-delivery':
      return 'Change the webhook address. There is nothing to expect.';
    case 'dormant-token-used':
      return 'It is awake now and is not told again. How long tokens may sleep is tokens.dormantDays of the policy.';
    case 'canary-used':
    case 'token-used-outside-ci':
    case 'protection-disarmed':
      return 'What is said of a credential is said on its own page.';
    case 'unexpected-pusher':
    case 'unexpected-token':
    case 'fresh-token-used':
      return 'The policy expects it already, or somebody of yours has marked it: then change the mark, on its own page.';
    case 'untrusted-signer':
      return 'No signature there names an identity that could be trusted alone.';
    case 'tag-moved':
    case 'tag-rolled-back':
      return 'The present policy does not find this any more.';
  }
}
