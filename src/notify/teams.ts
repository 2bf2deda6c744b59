import { type Destinations, isDestination } from '../domain/destination.ts';
import type { ChannelTarget, Notification, SendResult } from '../usecases/ports.ts';
import { type PlainMessage, plainMessage } from './plain-message.ts';
import { httpFailure, permanent, postJson, type SlackHttp } from './slack-http.ts';
import { cleanName, cut, webAddress } from './slack-text.ts';

/**
 * Microsoft Teams, through a Workflows webhook ("When a Teams webhook request is received"), which posts an Adaptive Card.
 * Its messages cannot be changed. (Connectors at `webhook.office.com` are gone since May 2026.)
 * @see https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
 */
export interface TeamsWebhooks extends SlackHttp {
  readonly teams: Destinations;
}

type TeamsTarget = Extract<ChannelTarget, { readonly kind: 'discord' | 'teams' }>;

export async function sendToTeams(
  http: TeamsWebhooks,
  target: TeamsTarget,
  notification: Notification,
): Promise<SendResult> {
  if (!isDestination(target.url, http.teams)) return permanent('webhook_host_not_allowed');
  const answer = await postJson(http, target.url, teamsMessage(plainMessage(notification), notification.link));
  return httpFailure(answer) ?? { ok: true, reference: null };
}

/** Teams refuses messages above 28 KB. */
const LARGEST_BYTES = 24 * 1024;

/** @see https://adaptivecards.io/explorer/RichTextBlock.html (Teams knows version 1.5 of the schema) */
export function teamsMessage(message: PlainMessage, link: string | null): object {
  const full = cardOf(message, link, { why: 600, value: 1500 });
  if (new TextEncoder().encode(JSON.stringify(full)).length <= LARGEST_BYTES) return full;
  return cardOf(message, link, { why: 0, value: 500 });
}

/** Characters of an explanation (0: none) and of a value. */
interface Room {
  readonly why: number;
  readonly value: number;
}

function cardOf(message: PlainMessage, link: string | null, room: Room): object {
  const address = link === null ? null : webAddress(link);
  const body = [
    block([run(message.title, 250, { size: 'Large', weight: 'Bolder', ...colourOf(message) })]),
    ...message.lines.slice(0, 16).map((line) => block([run(line, 600)])),
    ...message.facts.flatMap(({ label, value, isCode }) => [
      block([run(label, 100, { weight: 'Bolder' })]),
      block([run(value, room.value, isCode ? { fontType: 'Monospace' } : {})], 'None'),
    ]),
    ...message.why.map(({ title, explanation }) =>
      block([run(`• ${title}. `, 110, { weight: 'Bolder' }), ...(room.why === 0 ? [] : [run(explanation, room.why)])]),
    ),
    block([run(message.ids, 300, { isSubtle: true, size: 'Small' })]),
  ];
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body,
    ...(address === null ? {} : { actions: [{ type: 'Action.OpenUrl', title: 'See evidence', url: address }] }),
    msteams: { width: 'Full' },
  };
  const contentType = 'application/vnd.microsoft.card.adaptive';
  return { type: 'message', attachments: [{ contentType, contentUrl: null, content: card }] };
}

const colourOf = ({ tone }: PlainMessage): object => (tone === 'rogue' ? { color: 'Attention' } : {});

/** A text run is shown as it is: unlike a TextBlock it knows no Markdown, and no mention without an entity. */
function run(text: string, max: number, look: object = {}): object {
  const clean = cut(cleanName(text), max);
  return { type: 'TextRun', text: clean === '' ? '–' : clean, ...look };
}

function block(inlines: readonly object[], spacing?: 'None'): object {
  return { type: 'RichTextBlock', inlines, ...(spacing === undefined ? {} : { spacing }) };
}
