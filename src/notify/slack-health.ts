import type { HealthFact } from '../domain/health.ts';
import type { Notification, NotificationContent } from '../usecases/ports.ts';
import { healthWords } from './health-words.ts';
import type { HealthWords } from './health-words-shape.ts';
import { idsOf } from './slack-alert-parts.ts';
import {
  actionButton,
  actions,
  context,
  fields,
  header,
  linkButtons,
  notificationText,
  type SlackBlock,
  type SlackMessage,
  section,
} from './slack-blocks.ts';
import { code, prose, slackDate } from './slack-text.ts';
import { wantWords } from './words.ts';

type Content<Kind extends NotificationContent['kind']> = Extract<NotificationContent, { readonly kind: Kind }>;

/** Messages about ourselves. No headline, no octagon, no safe digest: none may be taken for an attack. */

const OURSELVES = 'About Pushwarden itself: our problem, not an attack';

/** Of an image that nobody watches, and of a flood, we cannot say that it is no attack. */
function about(fact: HealthFact): string {
  if (fact.kind === 'unwatched-image') return 'About Pushwarden itself: it does not look at this image';
  return fact.kind === 'webhook-limited' ? 'About Pushwarden itself: it cannot take all that comes' : OURSELVES;
}

/** Blind (we cannot see, or cannot speak) or merely puzzled. */
function mark(fact: HealthFact): '🙈' | '❔' {
  switch (fact.kind) {
    case 'registry-unreadable':
    case 'webhook-silent':
    case 'webhook-limited':
    case 'channel-refused':
    case 'no-channel':
    case 'signature-self-test':
    case 'source-blind':
    case 'audit-log-gap':
      return '🙈';
    case 'delivery-not-understood':
    case 'dead-letter':
    case 'unwatched-image':
    case 'trusted-root-stale':
    case 'event-subscription-failing':
      return '❔';
  }
}

export function healthOpenedMessage(notification: Notification, { fact, at }: Content<'health-opened'>): SlackMessage {
  const words = healthWords(fact);
  return {
    text: notificationText(`${mark(fact)} ${words.title}. ${words.what}`, `${about(fact)}.`),
    blocks: [
      section(`${mark(fact)} *${prose(words.title, 600)}*\n${prose(words.what, 1200)}\n_${about(fact)}._`),
      consequences(words),
      ...details(notification),
      context([...idsOf(notification), `Since ${slackDate(at)}`]),
    ],
  };
}

function consequences(words: HealthWords): SlackBlock {
  return fields([
    `*What may go unnoticed*\n${prose(words.consequence, 1000)}`,
    `*What you can do*\n${prose(words.action, 1000)}`,
  ]);
}

export function healthClosedMessage(
  notification: Notification,
  { fact, openedAt, at }: Content<'health-closed'>,
): SlackMessage {
  const words = healthWords(fact);
  return {
    text: notificationText(`${mark(fact)} Over: ${words.title}`, `${about(fact)}.`),
    blocks: [
      section(`${mark(fact)} *Over: ${prose(words.title, 600)}*\n_${about(fact)}._`),
      section(`*While it lasted*\n${prose(words.consequence, 1000)}`),
      ...details(notification),
      context([...idsOf(notification), `From ${slackDate(openedAt)} to ${slackDate(at)}`]),
    ],
  };
}

const REASONS_LISTED = 8;

export function undeterminedMessage(notification: Notification, content: Content<'undetermined'>): SlackMessage {
  const name = content.tag === '' ? content.image : `${content.image}:${content.tag}`;
  const unknown = content.wants.map((want) => wantWords(want).undetermined);
  const by = content.pusher === null ? '' : ` by ${code(content.pusher, 200)}`;
  return {
    text: notificationText(`❔ Could not decide: ${name}. ${unknown.join(' ')}`, `${OURSELVES}.`),
    blocks: [
      section(`❔ *Could not decide:* ${code(name, 700)}\n${unknown.join('\n')}\n_${OURSELVES}._`),
      ...(content.digest === null ? [] : [section(`*Digest*\n${code(content.digest)}`)]),
      ...(content.reasons.length === 0 ? [] : [section(reasonsWords(content.reasons))]),
      ...details(notification),
      context([
        ...idsOf(notification),
        `Push ${code(content.push, 100)}`,
        `Pushed ${slackDate(content.pushedAt)}${by}`,
      ]),
    ],
  };
}

function reasonsWords(reasons: readonly string[]): string {
  const more = reasons.length - REASONS_LISTED;
  const listed = reasons.slice(0, REASONS_LISTED).map((reason) => `• ${prose(reason, 250)}`);
  return ['*What the sources said*', ...listed, ...(more > 0 ? [`… and ${more} more`] : [])].join('\n');
}

export function testMessage(notification: Notification, { image, by, at }: Content<'test'>): SlackMessage {
  const reaching = image === null ? 'Messages' : `Alerts about ${code(image)}`;
  return {
    text: notificationText(
      `🧪 TEST: nothing happened. ${image === null ? 'Messages' : `Alerts about ${image}`}`,
      'reach this channel.',
    ),
    blocks: [
      header('🧪 Test alert: nothing happened'),
      section(
        `${reaching} reach this channel. Asked for by ${code(by, 200)}.\nA real alert starts with 🛑 and “Rogue push”, and names the safe digest and what to revoke.`,
      ),
      ...seenButton(notification),
      context([...idsOf(notification), `Test of ${slackDate(at)}`]),
    ],
  };
}

/** Pressing it proves that answers reach Pushwarden too. */
function seenButton(notification: Notification): SlackBlock[] {
  const seen = notification.interactive === true ? [actionButton('I saw it', 'test.seen', notification.eventId)] : [];
  return actions(seen, [{ label: 'See details', url: notification.link }]);
}

function details(notification: Notification): SlackBlock[] {
  return linkButtons([{ label: 'See details', url: notification.link }]);
}
