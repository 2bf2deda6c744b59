import type { CiClaims } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import type { CiVouch } from '../domain/evidence.ts';
import type { CiMismatchFound, Finding, FindingCode, Want } from '../domain/finding.ts';
import type { HealthFact } from '../domain/health.ts';
import type { Pusher } from '../domain/policy.ts';
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
  'unexpected-pusher': 'Pushed by an account you do not expect',
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
        explanation: `${accountInWords(finding.pusher)} pushed ${tag}; this repository expects ${listInWords(finding.expected)}.`,
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
    case 'unreported-push':
      return {
        explanation: 'The registry holds a digest that no webhook told us about.',
        action: 'Check that the webhook still exists: someone may have removed it. Then judge the push itself.',
      };
    case 'forged-delivery':
      return explainForged(tag, push.confirmed);
  }
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

export interface HealthWords {
  readonly title: string;
  /** What is the matter. */
  readonly what: string;
  /** What may go unnoticed. */
  readonly consequence: string;
  /** What to do. */
  readonly action: string;
}

export function healthWords(fact: HealthFact): HealthWords {
  switch (fact.kind) {
    case 'delivery-not-understood':
      return {
        title: 'We do not understand a webhook',
        what: `A request to hook ${fact.hook} had the right secret, and we could not read it: ${fact.problem}.`,
        consequence: 'A push that only this request tells of goes unnoticed until the next sweep.',
        action: 'Check which events the webhook sends. If it looks right, report it to the makers of Pushwarden.',
      };
    case 'registry-unreadable':
      return {
        title: `We are blind: ${fact.image}`,
        what: `The registry does not let us read ${fact.image}: ${fact.reason}.`,
        consequence: 'A rogue push there may go unnoticed until this ends, and honest ones stay undecided.',
        action:
          'Nothing, unless it lasts. Then check that the image still exists and that our registry credentials work.',
      };
    case 'webhook-silent':
      return {
        title: `No webhook comes from ${fact.image}`,
        what: `${fact.missed === 1 ? 'A tag' : `${fact.missed} tags`} changed and no webhook said so. ${lastDelivery(fact.lastDeliveryAt)}`,
        consequence: 'Only the sweep sees pushes there now: minutes later, without the account, and not all of them.',
        action: 'Check that the webhook still exists at the registry and has the right address.',
      };
    case 'trusted-root-stale':
    case 'signature-self-test':
      return signatureHealthWords(fact);
    default:
      return deliveryHealthWords(fact);
  }
}

type FactAboutSignatures = Extract<HealthFact, { readonly kind: 'trusted-root-stale' | 'signature-self-test' }>;

function signatureHealthWords(fact: FactAboutSignatures): HealthWords {
  switch (fact.kind) {
    case 'trusted-root-stale':
      return {
        title: `The trusted root ${fact.root} is not kept up to date`,
        what: `It could not be refreshed from ${fact.url}: ${fact.reason}. ${freshness(fact.freshUntil)}`,
        consequence:
          'A signature that needs a newer root stays undecided, and a key that was withdrawn still counts as good.',
        action:
          'Check that this installation can reach that address. If it can, ask whoever runs it: one that stands still may be held back by an attacker.',
      };
    case 'signature-self-test':
      return {
        title: 'Our check of signatures fails its own test',
        what: `It does not tell a known good signature from a known bad one: ${fact.reason}.`,
        consequence: 'Every signature is undetermined until it works: none clears a push, and none convicts one.',
        action: 'Deploy the latest release of Pushwarden, or go back to the one before. If it lasts, report it.',
      };
  }
}

function freshness(until: number | null): string {
  return until === null
    ? 'It never could be: we use the one that came with this release, if there is one.'
    : `The one we have, and go on using, was vouched for until ${utcMinute(until)}.`;
}

type FactAboutOurselves = Exclude<
  HealthFact,
  {
    readonly kind: 'delivery-not-understood' | 'registry-unreadable' | 'webhook-silent' | FactAboutSignatures['kind'];
  }
>;

function deliveryHealthWords(fact: FactAboutOurselves): HealthWords {
  switch (fact.kind) {
    case 'channel-refused':
      return {
        title: `Channel ${fact.channel} refuses our messages`,
        what: `Messages to ${fact.channel} are refused for good: ${fact.reason}.`,
        consequence: 'Alerts that go to this channel reach nobody.',
        action: 'Repair or replace the channel, then send a test alert.',
      };
    case 'no-channel':
      return {
        title: `An alert about ${fact.image} had nowhere to go`,
        what: `No channel is set for ${fact.image}, and there is no default channel.`,
        consequence: 'Alerts about this image reach nobody.',
        action: 'Add a channel, or make one the default, then send a test alert.',
      };
    case 'dead-letter':
      return {
        title: 'Work keeps failing',
        what: `${fact.count === 1 ? 'A message' : `${fact.count} messages`} of queue ${fact.queue} failed as often as allowed.`,
        consequence: 'What they were about is late: the schedule tries it again, minutes apart.',
        action: 'Look at the log of the Worker. If it goes on, report it to the makers of Pushwarden.',
      };
    case 'unwatched-image':
      return {
        title: `Nobody watches ${fact.image}`,
        what: `Webhooks name ${fact.image}${fact.pusher === null ? '' : `, pushed by ${fact.pusher}`}; it is not registered here.`,
        consequence: 'Nobody is told of any push to it.',
        action: 'Yours? Register it. Not yours, and it carries your name? Find out who made it.',
      };
  }
}

function lastDelivery(at: number | null): string {
  return at === null ? 'None ever came.' : `The last one came on ${utcMinute(at)}.`;
}
