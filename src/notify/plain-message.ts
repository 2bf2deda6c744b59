import { type AlertFacts, isWatchAlert, type WatchAlertFacts } from '../domain/alert.ts';
import type { Notification, NotificationContent } from '../usecases/ports.ts';
import { burstWords } from './burst-words.ts';
import { explainCredential } from './credential-words.ts';
import { digestWords } from './digest-words.ts';
import { healthWords } from './health-words.ts';
import { restoreOf } from './restore.ts';
import { revocationOf } from './revocation.ts';
import { headlineName, isForgery, plainReference, pushInWords, whatHappened } from './slack-alert-parts.ts';
import { utcSecond } from './utc.ts';
import { reachPath, revokePage, watchActions, watchHeadline, watchSubject, watchTitle } from './watch-words.ts';
import { findingTitle, findingWords, wantWords } from './words.ts';

/**
 * A message for media without a layout of their own here: plain text, with names of others as they came. Whoever renders
 * it makes every piece inert in its medium.
 */
export interface PlainMessage {
  /** Attack, over or handled, about ourselves, nothing. */
  readonly tone: 'rogue' | 'calm' | 'blind';
  readonly title: string;
  readonly lines: readonly string[];
  readonly facts: readonly PlainFact[];
  readonly why: readonly { readonly title: string; readonly explanation: string }[];
  readonly ids: string;
}

export interface PlainFact {
  readonly label: string;
  readonly value: string;
  /** To be copied as it stands. */
  readonly isCode: boolean;
  /** Made by us, of what follows a grammar to the letter: it must not be altered. */
  readonly isCommand?: boolean;
}

type Content<Kind extends NotificationContent['kind']> = Extract<NotificationContent, { readonly kind: Kind }>;

/** What a message says; of an earlier one that can be changed: what it says now. */
export function plainMessage(notification: Notification): PlainMessage {
  const { content, alertId } = notification;
  const id = alertId === null ? '' : `${alertId}: `;
  switch (content.kind) {
    case 'opened':
      return alertMessage(notification, content.alert, null);
    case 'worsened': {
      const titles = content.newFindings.map(findingTitle);
      const tags = content.newTags.length === 0 ? [] : [`also at ${content.newTags.slice(0, 5).join(', ')}`];
      return alertMessage(
        notification,
        content.alert,
        `${id}Worse: ${[...titles, ...tags].join('; ') || 'new evidence'}.`,
      );
    }
    case 'reminder': {
      const still = `${id}Still open, and nobody has it.`;
      return isWatchAlert(content.alert)
        ? watchMessage(notification, content.alert, still)
        : alertMessage(notification, content.alert, still);
    }
    case 'watch-opened':
      return watchMessage(notification, content.alert, null);
    case 'watch-acknowledged': {
      const taken = `${id}${content.by} is on it since ${utcSecond(content.at)}.`;
      return { ...watchMessage(notification, content.alert, taken), tone: 'calm' };
    }
    case 'watch-closed':
      return watchClosedMessage(notification, content);
    case 'acknowledged': {
      const taken = `${id}${content.by} is on it since ${utcSecond(content.at)}.`;
      return { ...alertMessage(notification, content.alert, taken), tone: 'calm' };
    }
    case 'closed':
      return closedMessage(notification, content);
    case 'burst':
      return burstMessage(notification, content);
    case 'digest': {
      const { title, what, facts, footer } = digestWords(content.digest);
      return own(notification, title, [what, footer], facts, 'calm');
    }
    case 'test': {
      const reaching = content.image === null ? 'Messages' : `Alerts about ${content.image}`;
      const asked = `${reaching} reach this channel. Asked for by ${content.by}.`;
      return own(notification, '🧪 Test alert: nothing happened', [asked], [], 'calm');
    }
    case 'undetermined':
    case 'health-opened':
    case 'health-closed':
      return healthMessage(notification, content);
  }
}

const OURSELVES = 'About Pushwarden itself: our problem, not an attack.';

function healthMessage(
  notification: Notification,
  content: Content<'undetermined' | 'health-opened' | 'health-closed'>,
): PlainMessage {
  if (content.kind === 'undetermined') {
    const name = content.tag === '' ? content.image : `${content.image}:${content.tag}`;
    const unknown = content.wants.map((want) => wantWords(want).undetermined);
    const digest = content.digest === null ? [] : [{ label: 'Digest', value: content.digest }];
    return own(notification, `❔ Could not decide: ${name}`, [...unknown, OURSELVES], digest, 'blind');
  }
  const { title, what, consequence, action } = healthWords(content.fact);
  const about = ['unwatched-image', 'webhook-limited'].includes(content.fact.kind) ? [] : [OURSELVES];
  if (content.kind === 'health-closed') return own(notification, `Over: ${title}`, about, [], 'calm');
  const facts = [
    { label: 'What may go unnoticed', value: consequence },
    { label: 'What you can do', value: action },
  ];
  return own(notification, `🙈 ${title}`, [what, ...about], facts, 'blind');
}

function own(
  { eventId }: Notification,
  title: string,
  lines: readonly string[],
  facts: readonly { readonly label: string; readonly value: string }[],
  tone: PlainMessage['tone'],
): PlainMessage {
  const plain = facts.map(({ label, value }) => ({ label, value, isCode: false }));
  return { tone, title, lines, facts: plain, why: [], ids: `Event ${eventId}` };
}

const idsOf = ({ alertId, eventId }: Notification): string =>
  `${alertId === null ? '' : `Alert ${alertId} · `}Event ${eventId}`;

function alertMessage(notification: Notification, alert: AlertFacts, status: string | null): PlainMessage {
  const forged = isForgery(alert);
  const by = alert.pusher === null ? '' : ` by ${alert.pusher.name}`;
  const happened = `${plainReference(alert)} ${whatHappened(alert)}${by}, ${utcSecond(alert.pushedAt)}.`;
  const real =
    alert.confirmedAt === null
      ? 'So far only a webhook says so.'
      : `The registry confirmed it, ${utcSecond(alert.confirmedAt)}.`;
  const push = pushInWords(alert);
  return {
    tone: 'rogue',
    title: `🛑 ${forged ? 'Forged webhook' : 'Rogue push'}: ${headlineName(alert)}`,
    lines: [...(status === null ? [] : [status]), happened, forged ? 'No image is at risk.' : real],
    facts: forged ? [] : alertFacts(notification, alert),
    why: alert.findings.map((finding) => findingWords(finding, push)),
    ids: `${idsOf(notification)} · Push ${alert.push}`,
  };
}

function alertFacts(notification: Notification, alert: AlertFacts): PlainFact[] {
  const { safe } = alert;
  const restore = restoreOf(alert, notification.alertId, notification.link);
  const code = (label: string, value: string | null | undefined): PlainFact[] =>
    value === null || value === undefined ? [] : [{ label, value, isCode: true }];
  const unknown = {
    label: 'Safe digest',
    value: 'We know no trusted digest for this tag. Do not guess one: look it up in your release log.',
    isCode: false,
  };
  const how = safe?.how === 'trusted' ? 'last trusted' : 'as found when Pushwarden started watching, judged by nobody';
  return [
    ...(safe === null ? [unknown] : code(`Safe digest (${how})`, safe.digest)),
    { label: 'Revoke', value: revokeWords(alert), isCode: false },
    ...code('Expect it first', restore?.expect).map(command),
    ...code('Then restore', restore?.command).map(command),
    ...code('Before', alert.previous),
    ...code('Now', alert.digest),
    ...(alert.tags.length > 1 ? code('Tags at this digest', tagList(alert.tags)) : []),
  ];
}

const command = (fact: PlainFact): PlainFact => ({ ...fact, isCommand: true });

function tagList(tags: readonly string[]): string {
  const listed = tags.slice(0, 10).join(', ');
  return tags.length > 10 ? `${listed} and ${tags.length - 10} more` : listed;
}

function revokeWords({ image, pusher }: AlertFacts): string {
  const { registry, pages } = revocationOf(image);
  const whose = pusher === null ? '' : ` of ${pusher.name}`;
  const where = pages[0] === undefined ? '' : `: ${pages[0].url}`;
  return `The token${whose} that pushed, at ${registry}${where}. In doubt, all that can push here.`;
}

function closedMessage(notification: Notification, content: Content<'closed'>): PlainMessage {
  const { alert, resolution, by, reason } = content;
  const name = plainReference(alert);
  const title = {
    cleared: `✅ Cleared: ${name} is trusted`,
    expected: `✅ Expected: ${name} was yours`,
    incident: `📁 Closed as an incident: ${name} was not yours`,
  }[resolution];
  const why = `${by === null ? 'Late evidence closed it' : `Closed by ${by}`}${reason === null ? '' : `: ${reason}`}`;
  const facts =
    resolution === 'incident' && alert.safe !== null
      ? [{ label: 'Safe digest', value: alert.safe.digest, isCode: true }]
      : [];
  return { tone: 'calm', title, lines: [why], facts, why: [], ids: idsOf(notification) };
}

/** About a credential or a setting: there is no digest to go back to. */
function watchMessage(notification: Notification, alert: WatchAlertFacts, status: string | null): PlainMessage {
  const page = revokePage(alert);
  const reach = reachPath(alert);
  return {
    tone: 'rogue',
    title: `🛑 ${watchHeadline(alert)}`,
    lines: [
      ...(status === null ? [] : [status]),
      `${watchTitle(alert)}: ${watchSubject(alert)}, last ${utcSecond(alert.at)}.`,
      'No push goes with it: there is no tag to restore.',
    ],
    facts: [
      ...(page === null
        ? []
        : [{ label: 'Revoke', value: `${watchSubject(alert)}, at Docker Hub: ${page}`, isCode: false }]),
      ...watchActions(alert).map((value) => ({ label: 'Do now', value, isCode: false })),
      ...(reach === null ? [] : [{ label: 'What could it have pushed?', value: `GET ${reach}`, isCode: true }]),
    ],
    why: alert.findings.map((finding) => ({ title: findingTitle(finding.code), ...explainCredential(finding) })),
    ids: idsOf(notification),
  };
}

function watchClosedMessage(notification: Notification, content: Content<'watch-closed'>): PlainMessage {
  const { alert, resolution, by, reason } = content;
  const name = watchSubject(alert);
  const title = resolution === 'incident' ? `📁 Closed as an incident: ${name}` : `✅ Expected: ${name} was yours`;
  const why = `Closed by ${by ?? 'Pushwarden'}${reason === null ? '' : `: ${reason}`}`;
  return { tone: 'calm', title, lines: [why], facts: [], why: [], ids: idsOf(notification) };
}

function burstMessage(notification: Notification, { burst }: Content<'burst'>): PlainMessage {
  const words = burstWords(burst);
  const { acknowledged } = burst;
  const ids = `Burst B-${burst.id} · Event ${notification.eventId}`;
  if (words.over)
    return { tone: 'calm', title: `✅ Burst over: ${words.title}`, lines: ['All closed.'], facts: [], why: [], ids };
  const by = words.pusher === null ? '' : ` By ${words.pusher}.`;
  const taken = acknowledged === null ? [] : [`${acknowledged.by} is on it since ${utcSecond(acknowledged.at)}.`];
  const list = words.repositories.map(({ name, tags, closed }) => `• ${name}: ${tags}${closed ? ', closed' : ''}`);
  return {
    tone: acknowledged === null ? 'rogue' : 'calm',
    title: `🛑 Rogue burst: ${words.title}`,
    lines: [
      ...taken,
      `${words.what}${by} First ${utcSecond(words.firstAt)}, last ${utcSecond(words.lastAt)}.`,
      ...list,
      ...(words.more === null ? [] : [words.more]),
    ],
    facts: words.facts.map(({ label, value }) => ({ label, value, isCode: false })),
    why: [],
    ids,
  };
}
