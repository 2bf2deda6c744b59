import type { WatchAlertFacts } from '../domain/alert.ts';
import type { WatchFinding } from '../domain/finding.ts';
import type { Notification, NotificationContent } from '../usecases/ports.ts';
import { watchedName as nameOf } from './alert-words.ts';
import { explainCredential } from './credential-words.ts';
import { idsOf } from './slack-alert-parts.ts';
import { context, header, linkButtons, notificationText, type SlackMessage, section } from './slack-blocks.ts';
import { code, link, prose, shortName, slackDate } from './slack-text.ts';
import { findingTitle } from './words.ts';

type Content<Kind extends NotificationContent['kind']> = Extract<NotificationContent, { readonly kind: Kind }>;

/** Where Docker Hub's tokens are revoked. The addresses are ours, never from a payload. */
const REVOKE = {
  'dockerhub-pat': 'https://app.docker.com/settings/personal-access-tokens',
  'dockerhub-oat': 'https://app.docker.com',
} as const;

/** Alerts about a credential or a setting. There is no tag to restore and no digest to go back to. */
export function watchMessage(notification: Notification, alert: WatchAlertFacts, status: string | null): SlackMessage {
  const [worst] = alert.findings;
  const title = worst === undefined ? 'A watched credential was used' : findingTitle(worst.code);
  return {
    text: notificationText(
      `ALERT: ${title}. ${nameOf(alert)}`,
      worst === undefined ? '' : explainCredential(worst).explanation,
    ),
    blocks: [
      header(`🛑 ${title}: ${shortName(nameOf(alert))}`),
      ...(status === null ? [] : [section(status)]),
      ...alert.findings.map((finding) => section(findingWords(finding))),
      section(`*Do now*\n${steps(alert)}`),
      ...linkButtons([
        { label: 'See evidence', url: notification.link },
        { label: 'Revoke at Docker Hub', url: revokePage(alert) },
      ]),
      context([...idsOf(notification), ...credentialId(alert), `Last ${slackDate(alert.at)}`]),
    ],
  };
}

const findingWords = (finding: WatchFinding): string =>
  `*${prose(findingTitle(finding.code), 100)}.* ${prose(explainCredential(finding).explanation, 900)}`;

/** What could it have pushed is the next question, and has an answer. */
function steps({ findings, credential }: WatchAlertFacts): string {
  const actions = findings.map((finding) => prose(explainCredential(finding).action, 600));
  const reach =
    credential === null
      ? []
      : [`What could it have pushed? ${code(`GET /api/v1/credentials/C-${credential.id}/blast-radius`)}`];
  return [...new Set([...actions, ...reach])].map((line, n) => `${n + 1}. ${line}`).join('\n');
}

function revokePage({ credential }: WatchAlertFacts): string | null {
  const kind = credential?.kind;
  return kind === 'dockerhub-pat' || kind === 'dockerhub-oat' ? REVOKE[kind] : null;
}

const credentialId = ({ credential }: WatchAlertFacts): string[] =>
  credential === null ? [] : [`Credential ${code(`C-${credential.id}`, 100)}`];

const named = (notification: Notification, text: string): string =>
  notification.alertId === null ? text : `${notification.alertId}: ${text}`;

/** For channels whose messages cannot be updated. */
export function watchAcknowledgedMessage(
  notification: Notification,
  { alert, by, at }: Content<'watch-acknowledged'>,
): SlackMessage {
  return {
    text: notificationText(named(notification, `${by} is on it. ${nameOf(alert)}`)),
    blocks: [
      section(`✋ *${code(by, 200)} is on it* since ${slackDate(at)}.\n${code(nameOf(alert), 300)}`),
      context([...idsOf(notification), ...credentialId(alert)]),
    ],
  };
}

export function watchClosedMessage(notification: Notification, content: Content<'watch-closed'>): SlackMessage {
  const { alert, resolution, by, reason, openedAt, closedAt } = content;
  const status =
    resolution === 'incident'
      ? `📁 *Closed as an incident:* ${code(nameOf(alert), 300)}.`
      : `✅ *Expected:* ${code(nameOf(alert), 300)} was yours.`;
  const why = `Closed by ${code(by ?? 'Pushwarden', 200)}${reason === null ? '' : `: ${prose(reason, 1000)}`}`;
  const evidence = notification.link === null ? [] : [link(notification.link, 'See evidence')];
  return {
    text: notificationText(
      named(notification, `${resolution === 'incident' ? 'Closed as an incident' : 'Expected'}: ${nameOf(alert)}`),
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
