import type { CredentialKind } from '../domain/credential.ts';
import type { DisarmedChange, Finding, TokenFound } from '../domain/finding.ts';
import { listInWords } from './signature-words.ts';
import { utcMinute } from './utc.ts';

/** Words for findings about tokens and accounts. Plain text, as in words.ts: whoever renders it escapes it. */

type CredentialFinding = Extract<
  Finding,
  {
    readonly code:
      | 'unexpected-token'
      | 'fresh-token-used'
      | 'dormant-token-used'
      | 'canary-used'
      | 'token-used-outside-ci'
      | 'protection-disarmed';
  }
>;

interface Explained {
  readonly explanation: string;
  readonly action: string;
}

export function explainCredential(finding: CredentialFinding): Explained {
  switch (finding.code) {
    case 'unexpected-token':
      return explainUnexpected(finding);
    case 'fresh-token-used':
      return {
        explanation: `${tokenInWords(finding.token)} was created ${finding.minutes} min before this push, by ${creatorInWords(finding)}.`,
        action:
          'Nobody made it: the account is taken. Change its password, end its sessions, revoke all of its tokens.',
      };
    case 'dormant-token-used':
      return {
        explanation: `${tokenInWords(finding.token)} was used after ${finding.days} days without use (last on ${utcMinute(finding.usedBefore)}).`,
        action: 'Yours? Say so. Else revoke it now; tokens that sleep should be deleted anyway.',
      };
    case 'canary-used':
      return {
        explanation: `${tokenInWords(finding.token)} exists only as bait; nothing honest uses it. It was used ${whenInWords(finding)}${finding.use === null ? '' : `, for ${finding.use}`}.`,
        action: 'Whoever read the place where it lay has the rest too: rotate all secrets kept there.',
      };
    case 'token-used-outside-ci':
      return {
        explanation: `${tokenInWords(finding.token)} was used ${whenInWords(finding)} while no release job ran.`,
        action: `Revoke ${tokenInWords(finding.token)}, rotate it in CI, read the logs of the last runs for a leak.`,
      };
    case 'protection-disarmed':
      return explainDisarmed(finding);
  }
}

function explainUnexpected({ strength, tokens }: Extract<Finding, { readonly code: 'unexpected-token' }>): Explained {
  const [first] = tokens;
  if (tokens.length === 1 && first !== undefined) {
    const how =
      strength === 'named'
        ? `The registry's log names ${tokenInWords(first)}`
        : `Only ${tokenInWords(first)} fits by its last use`;
    return {
      explanation: `${how}; it is not among the tokens this repository expects.`,
      action: `Revoke ${tokenInWords(first)}, then see what else it could have pushed.`,
    };
  }
  return {
    explanation: `Several tokens fit by their last use, and this repository expects none of them: ${listInWords(tokens.map(tokenInWords))}.`,
    action: 'Not named: to be sure, revoke all of them, then see what they could have pushed.',
  };
}

export const KIND_WORDS: Readonly<Record<CredentialKind, string>> = {
  'dockerhub-account': 'account',
  'github-sender': 'account',
  'distribution-actor': 'account',
  'dockerhub-pat': 'personal token',
  'dockerhub-oat': 'organization token',
  'dockerhub-oidc': 'OIDC connection',
};

/** `personal token ci-publish` */
export function tokenInWords({ kind, name }: Pick<TokenFound, 'kind' | 'name'>): string {
  return `${KIND_WORDS[kind]} ${name === '' ? 'without a label' : name}`;
}

interface Times {
  readonly since: number | null;
  readonly at: number;
  readonly first?: number;
}

/** A last-used time tells when a token was used last, not how often since we looked before. */
function whenInWords({ since, at, first }: Times): string {
  if (first !== undefined && first < (since ?? at)) return `on ${utcMinute(at)}, and before, since ${utcMinute(first)}`;
  return since === null || since >= at
    ? `on ${utcMinute(at)}`
    : `on ${utcMinute(at)} (and perhaps before, since ${utcMinute(since)})`;
}

function creatorInWords({
  createdBy,
  creatorIp,
}: {
  readonly createdBy: string | null;
  readonly creatorIp: string | null;
}): string {
  const who = createdBy ?? 'its account';
  return creatorIp === null ? who : `${who} from ${creatorIp}, where none was created before`;
}

const DISARMED: Readonly<Record<DisarmedChange, { readonly what: string; readonly action: string }>> = {
  'webhook-deleted': {
    what: 'The webhook that tells us of pushes was deleted',
    action:
      'Set the webhook up again. Nobody of yours deleted it? Then somebody is about to push unseen: look at what was pushed since.',
  },
  'immutable-tags-changed': {
    what: 'The rules that keep tags from being overwritten were changed',
    action:
      'Look at the rules at the registry. Nobody of yours changed them? Put them back and revoke what this account can do.',
  },
  'oidc-connection-deleted': {
    what: 'The connection with which CI pushes without a token was deleted',
    action:
      'Nobody of yours deleted it? Somebody may want you to go back to tokens. Restore it and look at who has owner rights.',
  },
};

function explainDisarmed(finding: Extract<Finding, { readonly code: 'protection-disarmed' }>): Explained {
  const { what, action } = DISARMED[finding.change];
  const by = finding.actor === null ? '' : ` by ${finding.actor}`;
  return { explanation: `${what} (${finding.target})${by} on ${utcMinute(finding.at)}.`, action };
}
