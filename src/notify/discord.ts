import * as z from 'zod';
import { type Destinations, isDestination } from '../domain/destination.ts';
import type { ChannelTarget, Notification, SendResult } from '../usecases/ports.ts';
import { type PlainMessage, plainMessage } from './plain-message.ts';
import { httpFailure, permanent, postJson, type SlackHttp, transient } from './slack-http.ts';
import { cleanName, cut } from './slack-text.ts';

/**
 * Discord's webhooks. A message can be changed afterwards, by its id.
 * @see https://docs.discord.com/developers/resources/webhook#execute-webhook
 */
export interface DiscordWebhooks extends SlackHttp {
  readonly discord: Destinations;
}

type DiscordTarget = Extract<ChannelTarget, { readonly kind: 'discord' | 'teams' }>;

const PATH = /^\/api(?:\/v[0-9]{1,2})?\/webhooks\/[0-9]{1,20}\/[A-Za-z0-9_-]{1,200}$/;

export async function sendToDiscord(
  http: DiscordWebhooks,
  target: DiscordTarget,
  notification: Notification,
): Promise<SendResult> {
  if (!isDestination(target.url, http.discord)) return permanent('webhook_host_not_allowed');
  const url = new URL(target.url);
  if (!PATH.test(url.pathname)) return permanent('not_a_discord_webhook');
  const { parent, content } = notification;
  const message = discordMessage(plainMessage(notification), notification.link);
  if (parent === null || content.kind === 'reminder') return post(http, url, message);
  const edited = await edit(http, url, parent.ts, message);
  if (!edited.ok && edited.reason === 'http_404') return post(http, url, message);
  // A changed message rings nobody: what got worse is said again.
  if (!edited.ok || content.kind !== 'worsened') return edited;
  const posted = await post(http, url, message);
  return posted.ok ? { ok: true, reference: parent } : posted;
}

async function post(http: DiscordWebhooks, url: URL, message: object): Promise<SendResult> {
  return answerOf(await postJson(http, `${url.origin}${url.pathname}?wait=true`, message));
}

async function edit(http: DiscordWebhooks, url: URL, id: string, message: object): Promise<SendResult> {
  return answerOf(await postJson(http, `${url.origin}${url.pathname}/messages/${id}`, message, {}, 'PATCH'));
}

const ANSWER = z.object({ id: z.string().regex(/^[0-9]{1,20}$/) });

// How Discord's answer tells the message's id; the rest repeats our message and may be longer than what is read of it.
const ID = /"id":"([0-9]{1,20})"/;

function answerOf(answer: Awaited<ReturnType<typeof postJson>>): SendResult {
  const failure = httpFailure(answer);
  if (failure !== null || answer.kind === 'failed') return failure ?? transient('network_error');
  const parsed = ANSWER.safeParse(parseJson(answer.body));
  const id = parsed.success ? parsed.data.id : answer.body.length > 60_000 ? ID.exec(answer.body)?.[1] : undefined;
  return id === undefined ? transient('unexpected_answer') : { ok: true, reference: { channel: 'discord', ts: id } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const COLOURS = { rogue: 0xb3230f, calm: 0x28779f, blind: 0x6f757d } as const;

/** @see https://docs.discord.com/developers/resources/message#embed-object-embed-limits */
const LIMITS = { content: 1900, title: 250, line: 400, description: 3000, field: 1000, fields: 8, why: 250 } as const;

/** A message and an embed of at most 6000 characters. `allowed_mentions` lets nothing in it ring anybody. */
export function discordMessage(message: PlainMessage, link: string | null): object {
  const title = markdown(message.title, LIMITS.title);
  const lines = message.lines.map((line) => markdown(line, LIMITS.line));
  const why = message.why.map((each) => `• **${markdown(each.title, 100)}** ${markdown(each.explanation, LIMITS.why)}`);
  const fields = message.facts.slice(0, LIMITS.fields).map(({ label, value, isCode }) => ({
    name: markdown(label, 100),
    value: isCode ? code(value, LIMITS.field) : markdown(value, LIMITS.field / 3),
  }));
  return {
    content: [title, ...lines.slice(0, 2)].join('\n').slice(0, LIMITS.content),
    allowed_mentions: { parse: [] },
    embeds: [
      {
        title,
        ...(link === null ? {} : { url: link }),
        color: COLOURS[message.tone],
        description: within([...lines, ...why], LIMITS.description),
        fields: withinFields(fields, 5900 - LIMITS.description - LIMITS.title - 300),
        footer: { text: cut(cleanName(message.ids), 300) },
      },
    ],
  };
}

/** Whole lines, as many as fit. */
function within(lines: readonly string[], max: number): string {
  const kept: string[] = [];
  let left = max;
  for (const line of lines) {
    left -= line.length + 1;
    if (left < 2) return [...kept, '…'].join('\n');
    kept.push(line);
  }
  return kept.length === 0 ? '–' : kept.join('\n');
}

interface Field {
  readonly name: string;
  readonly value: string;
}

/** Whole fields, as many as fit: the first ones say what to do. */
function withinFields(fields: readonly Field[], max: number): Field[] {
  let left = max;
  return fields.filter(({ name, value }) => {
    left -= name.length + value.length;
    return left >= 0;
  });
}

/** Text in which nothing is markup: every ASCII sign is escaped, so that no mention, link, emoji or format is left. */
export function markdown(text: string, max: number): string {
  let kept = '';
  for (const character of cleanName(text)) {
    const next = /[!-/:-@[-`{-~]/.test(character) ? `\\${character}` : character;
    if (kept.length + next.length > max - 1) return `${kept}…`;
    kept += next;
  }
  return kept === '' ? '–' : kept;
}

/** In a code span only a backtick means anything. */
function code(text: string, max: number): string {
  const clean = cut(cleanName(text).replaceAll('`', 'ˋ'), max - 2);
  return `\`${clean === '' ? '–' : clean}\``;
}
