import type { HealthFact } from '../domain/health.ts';
import type { HealthWords } from './health-words-shape.ts';
import { type FactAboutSources, sourceHealthWords } from './source-words.ts';
import { utcMinute } from './utc.ts';

/** Words about ourselves: what we cannot see or do, and what that may hide. Plain text, as in words.ts. */

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
    case 'webhook-limited':
      return {
        title: `Webhooks of ${fact.registry} are refused: too many come`,
        what: `Thousands of requests a minute come to hook ${fact.hook}, all with its secret. What is too much is refused.`,
        consequence:
          'A push that only a refused request tells of is found by the next sweep: minutes later, and without the account.',
        action:
          'No release of yours is that large? Then somebody has the secret: rotate it. Afterwards let GitHub redeliver what was refused.',
      };
    case 'trusted-root-stale':
    case 'signature-self-test':
      return signatureHealthWords(fact);
    case 'source-blind':
    case 'audit-log-gap':
      return sourceHealthWords(fact);
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
    readonly kind:
      | 'delivery-not-understood'
      | 'registry-unreadable'
      | 'webhook-silent'
      | 'webhook-limited'
      | FactAboutSignatures['kind']
      | FactAboutSources['kind'];
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
    case 'event-subscription-failing':
      return {
        title: `Events do not reach ${fact.subscription}`,
        what: `${fact.host} ${fact.gone ? 'wants no events any more' : 'did not take an event, however often we tried'}: ${fact.reason}.`,
        consequence: `${fact.gone ? 'What happens from now on' : 'What it did not take'} is missing in the system behind it. Slack is told all the same.`,
        action: `Repair the receiver or change the subscription${fact.gone ? ', enable it again' : ''}, and read what is missing from the export.`,
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
