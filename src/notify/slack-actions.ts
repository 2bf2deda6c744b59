import { type AlertFacts, type AnyAlertFacts, isWatchAlert } from '../domain/alert.ts';
import type { Pusher } from '../domain/policy.ts';
import type { Notification } from '../usecases/ports.ts';
import { type ActionElement, actionButton, actionMenu, actions, type SlackBlock } from './slack-blocks.ts';
import { cleanName, cut } from './slack-text.ts';

/** The buttons of an alert. Their ids are read by `src/webhooks/slack.ts`. */
export function alertActions(
  notification: Notification,
  alert: AnyAlertFacts,
  links: readonly { readonly label: string; readonly url: string | null }[] = [],
): SlackBlock[] {
  const pages = [{ label: 'See evidence', url: notification.link }, ...links];
  const { alertId } = notification;
  if (notification.interactive !== true || alertId === null) return actions([], pages);
  const taken = alert.acknowledged !== undefined;
  const elements = [
    ...(taken ? [] : [actionButton('I’m on it', 'alert.acknowledge', alertId, { primary: true })]),
    ...(isWatchAlert(alert) ? [] : expectedButton(alertId, alert)),
    ...(taken ? [] : [snoozeMenu(alertId)]),
  ];
  return actions(elements, pages);
}

/**
 * Its value says how much the alert told when the button was drawn: nobody marks as expected what they have not seen.
 * A signer is added by a person who reads the policy, and a forged webhook was nobody's work: no button for those.
 */
function expectedButton(alertId: string, alert: AlertFacts): ActionElement[] {
  if (alert.findings.some(({ code }) => code === 'untrusted-signer' || code === 'forged-delivery')) return [];
  const accounts = alert.findings.flatMap((finding) =>
    finding.code === 'unexpected-pusher' ? [accountName(finding.pusher)] : [],
  );
  const policy =
    accounts.length === 0
      ? 'The policy stays as it is.'
      : `From now on ${accounts.join(' and ')} may push to this repository.`;
  const value = `${alertId}/${alert.findings.length}/${alert.tags.length}`;
  const confirm = {
    title: 'Was this push yours?',
    text: `Closes the alert as expected and records your name. ${policy}`,
    yes: 'Yes, it was ours',
  };
  return [actionButton('Mark expected', 'alert.expected', value, { confirm })];
}

const accountName = ({ name, id }: Pusher): string =>
  `${cut(cleanName(name), 100)}${id === null ? '' : ` (id ${cut(cleanName(id), 20)})`}`;

function snoozeMenu(alertId: string): ActionElement {
  return actionMenu('Snooze', 'alert.snooze', [
    ['Remind in 1 hour', `${alertId} 1h`],
    ['Remind in 4 hours', `${alertId} 4h`],
    ['Remind tomorrow, 08:00 UTC', `${alertId} tomorrow`],
  ]);
}
