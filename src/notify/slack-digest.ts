import type { WeeklySummary } from '../domain/weekly-summary.ts';
import type { Notification } from '../usecases/ports.ts';
import { digestWords } from './digest-words.ts';
import { context, fields, linkButtons, notificationText, type SlackMessage, section } from './slack-blocks.ts';
import { code, prose } from './slack-text.ts';

/** The week, in the health channel. No headline: it must never look like an alarm. */
export function digestMessage(notification: Notification, summary: WeeklySummary): SlackMessage {
  const words = digestWords(summary);
  return {
    text: notificationText(`${words.title}. ${words.what}`),
    blocks: [
      section(`🟦 *${prose(words.title, 100)}.* ${prose(words.what, 500)}`),
      fields(words.facts.map(({ label, value }) => `*${label}*\n${prose(value, 1500)}`)),
      ...linkButtons([{ label: 'See health', url: notification.link }]),
      context([words.footer, `Event ${code(notification.eventId, 200)}`]),
    ],
  };
}
