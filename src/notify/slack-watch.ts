import type { WatchAlertFacts } from '../domain/alert.ts';
import type { WatchFinding } from '../domain/finding.ts';
import type { Notification, NotificationContent } from '../usecases/ports.ts';
import { explainCredential } from './credential-words.ts';
import { alertActions } from './slack-actions.ts';
import { idsOf } from './slack-alert-parts.ts';
import { context, header, notificationText, type SlackMessage, section } from './slack-blocks.ts';
import { code, link, person, prose, shortName, slackDate } from './slack-text.ts';
import { reachPath, revokePage, watchActions, watchSubject, watchTitle } from './watch-words.ts';
import { findingTitle } from './words.ts';

type Content<Kind extends NotificationContent['kind']> = Extract<NotificationContent, { readonly kind: Kind }>;

/** Alerts about a credential or a setting. There is no tag to restore and no digest to go back to. */
export function watchMessage(notification: Notification, alert: WatchAlertFacts, status: string | null): SlackMessage {
  const [worst] = alert.findings;
  const title = watchTitle(alert);
  return {
    text: notificationText(
      `ALERT: ${title}. ${watchSubject(alert)}`,
      worst === undefined ? '' : explainCredential(worst).explanation,
    ),
    blocks: [
      header(`🛑 ${title}: ${shortName(watchSubject(alert))}`),
      ...(status === null ? [] : [section(status)]),
      ...alert.findings.map((finding) => section(findingWords(finding))),
      section(`*Do now*\n${steps(alert)}`),
      ...alertActions(notification, alert, [{ label: 'Revoke at Docker Hub', url: revokePage(alert) }]),
      context([...idsOf(notification), ...credentialId(alert), `Last ${slackDate(alert.at)}`]),
    ],
  };
}

const findingWords = (finding: WatchFinding): string =>
  `*${prose(findingTitle(finding.code), 100)}.* ${prose(explainCredential(finding).explanation, 900)}`;

/** What could it have pushed is the next question, and has an answer. */
function steps(alert: WatchAlertFacts): string {
  const actions = watchActions(alert).map((action) => prose(action, 600));
  const path = reachPath(alert);
  const reach = path === null ? [] : [`What could it have pushed? ${code(`GET ${path}`)}`];
  return [...actions, ...reach].map((line, n) => `${n + 1}. ${line}`).join('\n');
}

const credentialId = ({ credential }: WatchAlertFacts): string[] =>
  credential === null ? [] : [`Credential ${code(`C-${credential.id}`, 100)}`];

const named = (notification: Notification, text: string): string =>
  notification.alertId === null ? text : `${notification.alertId}: ${text}`;

/** Nobody has taken it, though somebody wanted to be reminded. */
export function watchReminderMessage(
  notification: Notification,
  alert: WatchAlertFacts,
  openedAt: number,
): SlackMessage {
  return {
    text: notificationText(
      named(notification, `STILL OPEN: ${watchTitle(alert)}. Nobody has it. ${watchSubject(alert)}`),
    ),
    blocks: [
      section(
        `⏰ *Still open, and nobody has it:* ${prose(watchTitle(alert), 100)}, ${code(watchSubject(alert), 300)}, since ${slackDate(openedAt)}.`,
      ),
      ...alertActions(notification, alert, [{ label: 'Revoke at Docker Hub', url: revokePage(alert) }]),
      context([...idsOf(notification), ...credentialId(alert)]),
    ],
  };
}

/** For channels whose messages cannot be updated. */
export function watchAcknowledgedMessage(
  notification: Notification,
  { alert, by, at }: Content<'watch-acknowledged'>,
): SlackMessage {
  return {
    text: notificationText(named(notification, `${by} is on it. ${watchSubject(alert)}`)),
    blocks: [
      section(`✋ *${person(by)} is on it* since ${slackDate(at)}.\n${code(watchSubject(alert), 300)}`),
      context([...idsOf(notification), ...credentialId(alert)]),
    ],
  };
}

export function watchClosedMessage(notification: Notification, content: Content<'watch-closed'>): SlackMessage {
  const { alert, resolution, by, reason, openedAt, closedAt } = content;
  const status =
    resolution === 'incident'
      ? `📁 *Closed as an incident:* ${code(watchSubject(alert), 300)}.`
      : `✅ *Expected:* ${code(watchSubject(alert), 300)} was yours.`;
  const why = `Closed by ${by === null ? 'Pushwarden' : person(by)}${reason === null ? '' : `: ${prose(reason, 1000)}`}`;
  const evidence = notification.link === null ? [] : [link(notification.link, 'See evidence')];
  return {
    text: notificationText(
      named(
        notification,
        `${resolution === 'incident' ? 'Closed as an incident' : 'Expected'}: ${watchSubject(alert)}`,
      ),
    ),
    blocks: [
      section(`${status}\n${why}`),
      context([
        ...idsOf(notification),
        ...credentialId(alert),
        `Open ${slackDate(openedAt)} to ${slackDate(closedAt)}`,
        ...evidence,
      ]),
    ],
  };
}
