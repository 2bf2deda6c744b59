import { isWatchAlert } from '../domain/alert.ts';
import type { Notification } from '../usecases/ports.ts';
import { alertMessage } from './slack-alert.ts';
import type { SlackMessage } from './slack-blocks.ts';
import { burstMessage } from './slack-burst.ts';
import { digestMessage } from './slack-digest.ts';
import {
  acknowledgedMessage,
  acknowledgedStatus,
  acknowledgedText,
  closedMessage,
  closedParent,
  reminderMessage,
  worsenedMessage,
  worseStatus,
} from './slack-follow-up.ts';
import { healthClosedMessage, healthOpenedMessage, testMessage, undeterminedMessage } from './slack-health.ts';
import { watchAcknowledgedMessage, watchClosedMessage, watchMessage, watchReminderMessage } from './slack-watch.ts';

/** The message to post: in the channel, or in the thread of `notification.parent`. */
export function slackMessage(notification: Notification): SlackMessage {
  const { content } = notification;
  switch (content.kind) {
    case 'opened':
      return alertMessage(notification, content.alert, null);
    case 'worsened':
      return worsenedMessage(notification, content);
    case 'acknowledged':
      return acknowledgedMessage(notification, content);
    case 'closed':
      return closedMessage(notification, content);
    case 'watch-opened':
      return watchMessage(notification, content.alert, null);
    case 'watch-acknowledged':
      return watchAcknowledgedMessage(notification, content);
    case 'watch-closed':
      return watchClosedMessage(notification, content);
    case 'reminder':
      return isWatchAlert(content.alert)
        ? watchReminderMessage(notification, content.alert, content.openedAt)
        : reminderMessage(notification, content.alert, content.openedAt);
    case 'burst':
      return burstMessage(notification, content.burst);
    case 'digest':
      return digestMessage(notification, content.digest);
    case 'undetermined':
      return undeterminedMessage(notification, content);
    case 'test':
      return testMessage(notification, content);
    case 'health-opened':
      return healthOpenedMessage(notification, content);
    case 'health-closed':
      return healthClosedMessage(notification, content);
  }
}

/** What the alert's first message becomes, so that it shows the present state; `null`: it stays as it is. */
export function slackParentMessage(notification: Notification): SlackMessage | null {
  const { content } = notification;
  switch (content.kind) {
    case 'worsened': {
      const { acknowledged } = content.alert;
      const status = [worseStatus(content), ...(acknowledged === undefined ? [] : [acknowledgedStatus(acknowledged)])];
      return alertMessage(notification, content.alert, status.join('\n'));
    }
    case 'acknowledged': {
      const message = alertMessage(notification, content.alert, acknowledgedStatus(content));
      return { ...message, text: acknowledgedText(notification, content) };
    }
    case 'closed':
      return closedParent(notification, content);
    case 'watch-acknowledged':
      return watchMessage(notification, content.alert, acknowledgedStatus(content));
    case 'watch-closed':
      return watchClosedMessage(notification, content);
    case 'burst':
      return burstMessage(notification, content.burst);
    case 'opened':
    case 'watch-opened':
    case 'reminder':
    case 'digest':
    case 'undetermined':
    case 'test':
    case 'health-opened':
    case 'health-closed':
      return null;
  }
}
