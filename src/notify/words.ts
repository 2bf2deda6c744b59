import type { CiClaims } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import type { CiVouch } from '../domain/evidence.ts';
import type { CiMismatchFound, Finding, FindingCode, Want } from '../domain/finding.ts';
import type { Pusher } from '../domain/policy.ts';
import { explainCredential } from './credential-words.ts';
import { explainSignature, listInWords } from './signature-words.ts';
import { utcMinute } from './utc.ts';

/**
 * The words for people, the same in Slack and on pages. Each switch is exhaustive: what has no words does not compile.
 * Plain text: names of tags, accounts and workflows are put in as they came, hostile ones too. Whoever renders them
 * escapes them.
 */

export interface FindingWords {
  readonly title: string;
  readonly explanation: string;
  /** What to do now. */
  readonly action: string;
}

/** What a finding's words need to know of its push. */
export interface PushInWords {
  /** Empty for a manifest pushed by digest. */
  readonly tag: string;
  readonly safe: Digest | null;
  /** Ms since the epoch. */
  readonly pushedAt: number;
  /** The registry showed us the digest, now or earlier. */
  readonly confirmed: boolean;
}

const FINDING_TITLES: Readonly<Record<FindingCode, string>> = {
  'canary-used': 'A bait token was used',
  'unexpected-pusher': 'Pushed by an account you do not expect',
  'unexpected-token': 'A token that should not push here',
  'fresh-token-used': 'A token made minutes ago pushed',
  'dormant-token-used': 'A sleeping token woke up',
  'token-used-outside-ci': 'A CI token was used outside CI',
  'protection-disarmed': 'A protection was taken away',
  'tag-moved': 'A release tag was moved',
  'tag-rolled-back': 'A tag went back to an old image',
  'no-ci-run': 'No CI run made this',
  'ci-mismatch': 'Another CI run than the one you named',
  unsigned: 'Nobody signed it in time',
  'untrusted-signer': 'Signed, but not by you',
  'invalid-signature': 'The signature does not fit this image',
  'unreported-push': 'Found by our own sweep',
  'forged-delivery': 'A webhook claimed what the registry does not have',
};

export function findingTitle(code: FindingCode): string {
  return FINDING_TITLES[code];
}

export function findingWords(finding: Finding, push: PushInWords): FindingWords {
  return { title: findingTitle(finding.code), ...explainFinding(finding, push) };
}

type Explained = Omit<FindingWords, 'title'>;

function explainFinding(finding: Finding, push: PushInWords): Explained {
  const tag = tagInWords(push.tag);
  switch (finding.code) {
    case 'unexpected-pusher':
      return {
        explanation: explainPusher(finding, tag),
        action:
          'Nobody knows this account? Remove its access, restore the tag. A new colleague? Add the account to the policy.',
      };
    case 'tag-moved':
      return {
        explanation: `Your policy says ${tag} never changes once published. It now points at another image.`,
        action: `Revoke first, then ${restoreInWords(tag, push.safe)}.`,
      };
    case 'tag-rolled-back':
      return {
        explanation: `${tag} points at a digest it had left on ${utcMinute(finding.leftAt)}. The image may be genuine; CI announced no such move.`,
        action: `Ask who rolled back. Nobody? Then ${restoreInWords(tag, push.safe)}, and check the old image for known holes.`,
      };
    case 'no-ci-run':
      return {
        explanation: explainNoRun(finding.announceFirst, finding.jobEnded),
        action: `Ask the team once: "who pushed ${tag} at ${utcMinute(push.pushedAt)}?" No answer in minutes: revoke and restore.`,
      };
    case 'ci-mismatch':
      return explainMismatch(finding.found, tag);
    case 'unsigned':
    case 'untrusted-signer':
    case 'invalid-signature':
      return explainSignature(finding);
    case 'unexpected-token':
    case 'fresh-token-used':
    case 'dormant-token-used':
    case 'canary-used':
    case 'token-used-outside-ci':
    case 'protection-disarmed':
      return explainCredential(finding);
    case 'unreported-push':
      return {
        explanation: 'The registry holds a digest that no webhook told us about.',
        action: 'Check that the webhook still exists: someone may have removed it. Then judge the push itself.',
      };
    case 'forged-delivery':
      return explainForged(tag, push.confirmed);
  }
}

function explainPusher(finding: Extract<Finding, { readonly code: 'unexpected-pusher' }>, tag: string): string {
  const { pusher, marked, expected } = finding;
  const pushed = `${accountInWords(pusher)} pushed ${tag}`;
  if (marked !== undefined) return `${pushed}; somebody of yours marked this account as ${marked}.`;
  return `${pushed}; this repository expects ${listInWords(expected)}.`;
}

function explainNoRun(announceFirst: boolean, jobEnded: boolean): string {
  if (jobEnded) return 'A release job ran, and it ended without naming this digest.';
  return announceFirst
    ? 'Your CI announces each release first. None was announced when this push came.'
    : 'No announcement by your CI and no provenance signed by it matches this push.';
}

function explainMismatch(found: CiMismatchFound, tag: string): Explained {
  const job = jobInWords(found.claims);
  const run = found.claims.runUrl === null ? 'the run' : `the run (${found.claims.runUrl})`;
  const action = `Open ${run}. Not yours: revoke and restore. Renamed workflow: change the policy.`;
  switch (found.kind) {
    case 'workflow':
      return { explanation: `${job} announced this; your policy does not name that job.`, action };
    case 'digest':
      return { explanation: `${job} announced ${found.digest} for ${tag}, and that is not what was pushed.`, action };
    case 'provenance':
      return {
        explanation: `${job} made this, says provenance signed by ${found.signer}; your policy does not name that job.`,
        action,
      };
    case 'run':
      return {
        explanation: `Provenance names a run of ${job}, and that run cannot have made this: ${found.reason}.`,
        action: `Open ${run}. If its provider knows nothing of this image, revoke and restore.`,
      };
  }
}

/** What the registry had and has no longer was no forgery: someone pushed it and took it away. */
function explainForged(tag: string, confirmed: boolean): Explained {
  if (confirmed) {
    return {
      explanation: `A delivery named ${tag}; the registry had it when we first looked and has it no longer.`,
      action: 'Look at what the tag points at now: someone may have pushed an image and removed it again.',
    };
  }
  return {
    explanation: `A delivery named ${tag}; the registry knows no such thing.`,
    action:
      'No image is at risk. Someone knows your webhook address: change it (while both addresses work, no delivery is lost).',
  };
}

/** How CI vouches for a push, for pages that show evidence. What is weak says so, and why. */
export function vouchWords({ how }: CiVouch): string {
  switch (how) {
    case 'expected':
      return 'A maintainer expected this tag at this digest.';
    case 'announced':
      return 'A CI job that your policy names announced this digest.';
    case 'provenance':
      return 'Signed provenance names a CI job of your policy.';
    case 'concurrent':
      return 'Weak: a run of a CI job that your policy names was in progress. Anyone who holds a token could have pushed meanwhile.';
  }
}

function tagInWords(tag: string): string {
  return tag === '' ? 'a manifest without a tag' : tag;
}

function accountInWords(pusher: Pusher): string {
  return pusher.id === null ? pusher.name : `${pusher.name} (id ${pusher.id})`;
}

function jobInWords(claims: CiClaims): string {
  const workflow = claims.workflow === null ? '' : ` ${claims.workflow}`;
  return `${claims.repository}${workflow}${claims.ref === null ? '' : ` at ${claims.ref}`}`;
}

function restoreInWords(tag: string, safe: Digest | null): string {
  return safe === null ? `look up the right digest of ${tag} in your release log` : `point ${tag} back at ${safe}`;
}

export interface WantWords {
  /** What is missing, as a noun: `a signature`. */
  readonly title: string;
  /** While it is pending. */
  readonly waiting: string;
  /** Once it cannot be decided: what we do not know, and what that does not mean. */
  readonly undetermined: string;
}

export function wantWords(want: Want): WantWords {
  switch (want) {
    case 'digest':
      return {
        title: 'the digest',
        waiting: 'We wait for the registry to say what was pushed.',
        undetermined: 'We could not find out what was pushed. That is not the same as a forged webhook.',
      };
    case 'webhook':
      return {
        title: 'a webhook',
        waiting: 'We wait for a webhook that reports this push.',
        undetermined: 'We could not find out whether a webhook reported this push.',
      };
    case 'ci':
      return {
        title: 'a CI run',
        waiting: 'We wait for your CI to announce this digest, or for provenance of it.',
        undetermined: 'We could not find out whether your CI made this. That is not the same as a push from elsewhere.',
      };
    case 'ci-lookup':
      return {
        title: 'what the CI provider knows of the run',
        waiting: 'We wait for the CI provider to tell of the run that made this.',
        undetermined: 'We could not look up the run that made this. That is not the same as no such run.',
      };
    case 'signature':
      return {
        title: 'a signature',
        waiting: 'We wait for a signature.',
        undetermined: 'We could not find out whether it is signed. That is not the same as unsigned.',
      };
    case 'signature-verification':
      return {
        title: 'whose signature it is',
        waiting: 'The policy names nobody who may sign; whose signatures count remains to be said.',
        undetermined:
          'We could not tell whose signature counts, as the policy names nobody who may sign. That is not the same as a wrong signature.',
      };
    case 'pusher':
      return {
        title: 'the account that pushed',
        waiting: 'We wait to learn which account pushed.',
        undetermined: 'We could not find out which account pushed. That is not the same as an unexpected account.',
      };
  }
}
