import type { AlertFacts } from '../domain/alert.ts';
import type { Notification, NotificationContent } from '../usecases/ports.ts';
import { alertActions } from './slack-actions.ts';
import {
  alertContext,
  findingBullet,
  isForgery,
  plainReference,
  pushInWords,
  reference,
  safeDigest,
  tagList,
} from './slack-alert-parts.ts';
import { linkButtons, notificationText, type SlackBlock, type SlackMessage, section } from './slack-blocks.ts';
import { signatureBlocks } from './slack-signatures.ts';
import { link, person, prose, slackDate } from './slack-text.ts';
import { findingTitle } from './words.ts';

type Content<Kind extends NotificationContent['kind']> = Extract<NotificationContent, { readonly kind: Kind }>;

/** Where nothing can be threaded or updated, a message begins with its alert's id. */
function lead(notification: Notification): string {
  return notification.parent === null && notification.alertId !== null
    ? `*${prose(notification.alertId, 100)}* · `
    : '';
}

function named(notification: Notification, text: string): string {
  return notification.alertId === null ? text : `${notification.alertId}: ${text}`;
}

/** What got worse, in a line for the parent and the lead of the follow-up. */
export function worseStatus(content: Content<'worsened'>): string {
  const titles = content.newFindings.map(findingTitle);
  const tags = content.newTags.length === 0 ? [] : [`also at ${tagList(content.newTags)}`];
  return `🛑 *Worse:* ${[...titles, ...tags].join('; ') || 'new evidence'}.`;
}

export function worsenedMessage(notification: Notification, content: Content<'worsened'>): SlackMessage {
  const { alert, newFindings } = content;
  const push = pushInWords(alert);
  const fresh = alert.findings.filter((finding) => newFindings.includes(finding.code));
  const why = fresh.map((finding) => findingBullet(finding, push, true));
  return {
    text: notificationText(
      named(notification, `WORSE: ${plainReference(alert)}. ${worseText(content)}`),
      alert.safe === null || isForgery(alert) ? '' : `Safe digest of ${alert.tags[0] ?? 'it'}: ${alert.safe.digest}`,
    ),
    blocks: [
      section(`${lead(notification)}${worseStatus(content)}\n${reference(alert)}`),
      ...(why.length === 0 ? [] : [section(['*New*', ...why].join('\n'))]),
      ...signatureBlocks(fresh),
      safetyOf(alert),
      ...linkButtons([{ label: 'See evidence', url: notification.link }]),
      alertContext(notification, alert),
    ],
  };
}

function worseText({ newFindings, newTags }: Content<'worsened'>): string {
  const more = newTags.length > 1 ? ` and ${newTags.length - 1} more` : '';
  const tags = newTags[0] === undefined ? [] : [`Also at ${newTags[0]}${more}`];
  return `${[...newFindings.map(findingTitle), ...tags].join('. ') || 'New evidence'}.`;
}

function safetyOf(alert: AlertFacts): SlackBlock {
  return section(isForgery(alert) ? '*No image is at risk.* The registry has no such thing.' : safeDigest(alert));
}

/** Nobody has taken it, though somebody wanted to be reminded. */
export function reminderMessage(notification: Notification, alert: AlertFacts, openedAt: number): SlackMessage {
  return {
    text: notificationText(named(notification, `STILL OPEN: ${plainReference(alert)}. Nobody has it.`)),
    blocks: [
      section(
        `${lead(notification)}⏰ *Still open, and nobody has it:* ${reference(alert)}, since ${slackDate(openedAt)}.`,
      ),
      safetyOf(alert),
      ...alertActions(notification, alert),
      alertContext(notification, alert),
    ],
  };
}

/** Who has it, for the parent. */
export function acknowledgedStatus({ by, at }: { readonly by: string; readonly at: number }): string {
  return `✋ *${person(by)} is on it* since ${slackDate(at)}. Worsening and clearing still show here; reminders stop.`;
}

export function acknowledgedText(notification: Notification, content: Content<'acknowledged'>): string {
  return notificationText(named(notification, `${content.by} is on it. ${plainReference(content.alert)}`));
}

/** For channels whose messages cannot be updated. */
export function acknowledgedMessage(notification: Notification, content: Content<'acknowledged'>): SlackMessage {
  return {
    text: acknowledgedText(notification, content),
    blocks: [
      section(
        `${lead(notification)}✋ *${person(content.by)} is on it* since ${slackDate(content.at)}.\n${reference(content.alert)}`,
      ),
      safetyOf(content.alert),
      alertContext(notification, content.alert, evidenceLink(notification)),
    ],
  };
}

export function closedMessage(notification: Notification, content: Content<'closed'>): SlackMessage {
  const { alert, resolution } = content;
  const incident = resolution === 'incident' && !isForgery(alert);
  return {
    text: closedText(notification, content),
    blocks: [
      section(`${lead(notification)}${closedStatus(content)}\n${closedWhy(content)}`),
      ...(incident ? [section(safeDigest(alert))] : []),
      closedContext(notification, content),
    ],
  };
}

/** The parent of a closed alert: two lines, so that the channel shows what is still open. */
export function closedParent(notification: Notification, content: Content<'closed'>): SlackMessage {
  return {
    text: closedText(notification, content),
    blocks: [section(closedStatus(content)), closedContext(notification, content)],
  };
}

function closedStatus({ alert, resolution }: Content<'closed'>): string {
  switch (resolution) {
    case 'cleared':
      return `✅ *Cleared:* ${reference(alert)} is trusted.`;
    case 'expected':
      return `✅ *Expected:* ${reference(alert)} was yours.`;
    case 'incident':
      return `📁 *Closed as an incident:* ${reference(alert)} was not yours.`;
  }
}

function closedText(notification: Notification, { alert, resolution }: Content<'closed'>): string {
  switch (resolution) {
    case 'cleared':
      return notificationText(named(notification, `Cleared: ${plainReference(alert)}`), 'is trusted.');
    case 'expected':
      return notificationText(named(notification, `Expected: ${plainReference(alert)}`), 'was yours.');
    case 'incident':
      return notificationText(named(notification, `Closed as an incident: ${plainReference(alert)}`), 'was not yours.');
  }
}

function closedWhy({ by, reason, resolution }: Content<'closed'>): string {
  const who = by === null ? 'Late evidence closed it' : `Closed by ${person(by)}`;
  if (reason !== null && reason.trim() !== '') return `${who}: ${prose(reason, 1000)}`;
  return resolution === 'cleared' && by === null ? 'Late evidence answered every finding.' : `${who}.`;
}

function closedContext(notification: Notification, content: Content<'closed'>): SlackBlock {
  const open = `Open ${slackDate(content.openedAt)} to ${slackDate(content.closedAt)}`;
  return alertContext(notification, { ...content.alert, nextDecisionAt: null }, [open, ...evidenceLink(notification)]);
}

function evidenceLink(notification: Notification): string[] {
  return notification.link === null ? [] : [link(notification.link, 'See evidence')];
}
