import type { Burst } from '../domain/burst.ts';
import type { Notification } from '../usecases/ports.ts';
import { burstWords } from './burst-words.ts';
import {
  actionButton,
  actions,
  context,
  fields,
  header,
  notificationText,
  type SlackMessage,
  section,
} from './slack-blocks.ts';
import { code, person, prose, shortName, slackDate } from './slack-text.ts';

/** One message for all alerts of a burst, as they stand. Where it cannot be updated, one for each state of it. */
export function burstMessage(notification: Notification, burst: Burst): SlackMessage {
  const words = burstWords(burst);
  const id = `B-${burst.id}`;
  const ids = context([`Burst ${code(id)}`, `Event ${code(notification.eventId, 200)}`]);
  if (words.over) {
    const text = `${id}: every alert of the burst is closed. ${words.title}`;
    return {
      text: notificationText(text),
      blocks: [section(`✅ *Over:* ${prose(words.title, 200)}, all closed.`), ids],
    };
  }
  const { acknowledged } = burst;
  const by = words.pusher === null ? '' : ` by ${code(words.pusher, 200)}`;
  const take = actionButton('I’m on it', 'burst.acknowledge', id, { primary: true });
  const taken = acknowledged !== null || notification.interactive !== true;
  return {
    text: notificationText(
      `ROGUE BURST: ${words.title}${words.pusher === null ? '' : ` by ${shortName(words.pusher)}`}.`,
      acknowledged === null ? 'Not acknowledged.' : `${acknowledged.by} is on it.`,
    ),
    blocks: [
      header(`🛑 Rogue burst: ${words.title}`),
      ...(acknowledged === null
        ? []
        : [section(`✋ *${person(acknowledged.by)} is on it* since ${slackDate(acknowledged.at)}.`)]),
      section(`*${words.title}*${by}: ${prose(words.what, 300)}`),
      section(repositoryList(words)),
      fields([
        `*First*\n${slackDate(words.firstAt)}`,
        `*Last*\n${slackDate(words.lastAt)}`,
        ...words.facts.map(({ label, value }) => `*${label}*\n${prose(value, 200)}`),
      ]),
      ...actions(taken ? [] : [take], [{ label: 'All, with safe digests', url: notification.link }]),
      ids,
    ],
  };
}

function repositoryList({ repositories, more }: ReturnType<typeof burstWords>): string {
  const lines = repositories.map(({ name, tags, closed }) => `• ${code(name, 250)} ${tags}${closed ? ', closed' : ''}`);
  return ['*Most tags first*', ...lines, ...(more === null ? [] : [more])].join('\n');
}
