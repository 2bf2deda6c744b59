import * as z from 'zod';
import { namesCredential } from '../domain/severity.ts';
import type {
  ChannelTarget,
  MessageReference,
  Notification,
  NotificationContent,
  SendResult,
} from '../usecases/ports.ts';
import type { SlackMessage } from './slack-blocks.ts';
import {
  errorWord,
  httpFailure,
  permanent,
  postJson,
  refusesBlocks,
  type SlackAnswer,
  type SlackHttp,
  transient,
} from './slack-http.ts';
import { slackMessage, slackParentMessage } from './slack-message.ts';

/**
 * A bot's messages: later edges answer in the thread of the alert's first message, and update it.
 * @see https://docs.slack.dev/reference/methods/chat.postMessage
 * @see https://docs.slack.dev/reference/methods/chat.update
 */
export interface SlackBots extends SlackHttp {
  /** `https://slack.com/api`, without a slash at the end. */
  readonly apiUrl: string;
}

type BotTarget = Extract<ChannelTarget, { readonly kind: 'slack-bot' }>;

const TRANSIENT = new Set([
  'ratelimited',
  'rate_limited',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);

/** What the first message says as well: nobody needs to be called for it. */
const UPDATES_ONLY: ReadonlySet<string> = new Set<NotificationContent['kind']>([
  'acknowledged',
  'watch-acknowledged',
  'burst',
]);

/** The first message is gone, or the bot may not touch it any more. */
const MESSAGE_GONE = new Set([
  'message_not_found',
  'cant_update_message',
  'edit_window_closed',
  'thread_not_found',
  'cannot_reply_to_message',
]);
/** The channel the first message is in; the one to write to now may be another. */
const CHANNEL_GONE = new Set(['channel_not_found', 'is_archived', 'not_in_channel']);

export async function sendByBot(bots: SlackBots, target: BotTarget, notification: Notification): Promise<SendResult> {
  // A line break in a header throws; a token that holds one will never do.
  if (!/^[\x21-\x7e]+$/.test(target.token)) return permanent('invalid_auth');
  const { parent, content, thread = null } = notification;
  const update = parent === null ? null : slackParentMessage(notification);
  if (parent === null && thread !== null) return answerIn(bots, target, notification, thread);
  if (parent !== null && content.kind === 'reminder') return answerIn(bots, target, notification, parent);
  if (parent === null || update === null) return post(bots, target, notification);

  if (UPDATES_ONLY.has(content.kind)) {
    const updated = await updateMessage(bots, target, parent, update);
    return isGone(updated, parent, target) ? post(bots, target, notification) : updated;
  }
  const sent = await reply(bots, target, notification, parent);
  // People were told by the reply: a stale first message is no reason to tell them twice.
  if (sent.ok) await updateMessage(bots, target, parent, update);
  return sent;
}

/** An answer that leaves the first message as it is, and that nothing later refers to. */
async function answerIn(
  bots: SlackBots,
  target: BotTarget,
  notification: Notification,
  thread: MessageReference,
): Promise<SendResult> {
  const sent = await reply(bots, target, notification, thread);
  return sent.ok ? { ok: true, reference: null } : sent;
}

/** A new message in the channel. */
async function post(bots: SlackBots, target: BotTarget, notification: Notification): Promise<SendResult> {
  const message = slackMessage({ ...notification, parent: null });
  return sendMessage(bots, target, message, { channel: target.channel, metadata: metadataOf(notification) });
}

/** A message in the thread, or in the channel if there is no such thread any more. */
async function reply(
  bots: SlackBots,
  target: BotTarget,
  notification: Notification,
  parent: MessageReference,
): Promise<SendResult> {
  const sent = await sendMessage(bots, target, slackMessage(notification), {
    channel: parent.channel,
    thread_ts: parent.ts,
    ...(isForEveryone(notification.content) ? { reply_broadcast: true } : {}),
    metadata: metadataOf(notification),
  });
  return isGone(sent, parent, target) ? post(bots, target, notification) : sent;
}

/** Which credential it was changes what everybody does next, and a reminder is for whoever has not seen the alert. */
function isForEveryone(content: NotificationContent): boolean {
  if (content.kind === 'worsened') return content.newFindings.some(namesCredential);
  return content.kind === 'reminder' || content.kind === 'opened';
}

function isGone(result: SendResult, parent: MessageReference, target: BotTarget): boolean {
  if (result.ok) return false;
  return MESSAGE_GONE.has(result.reason) || (CHANNEL_GONE.has(result.reason) && parent.channel !== target.channel);
}

/** Lets a reader of the channel's history recognise a repeat. */
function metadataOf({ eventId, alertId }: Notification): object {
  return {
    event_type: 'pushwarden_alert',
    event_payload: { event_id: eventId, ...(alertId === null ? {} : { alert_id: alertId }) },
  };
}

async function sendMessage(
  bots: SlackBots,
  target: BotTarget,
  message: SlackMessage,
  rest: object,
): Promise<SendResult> {
  const body = { ...rest, text: message.text, unfurl_links: false, unfurl_media: false };
  const sent = await call(bots, target, 'chat.postMessage', { ...body, blocks: message.blocks });
  return refusesBlocks(sent) ? call(bots, target, 'chat.postMessage', body) : sent;
}

async function updateMessage(
  bots: SlackBots,
  target: BotTarget,
  { channel, ts }: MessageReference,
  message: SlackMessage,
): Promise<SendResult> {
  const body = { channel, ts, text: message.text };
  const updated = await call(bots, target, 'chat.update', { ...body, blocks: message.blocks });
  // Without `blocks` an update would keep the old ones.
  return refusesBlocks(updated) ? call(bots, target, 'chat.update', { ...body, blocks: [] }) : updated;
}

async function call(bots: SlackBots, target: BotTarget, method: string, body: object): Promise<SendResult> {
  const headers = { authorization: `Bearer ${target.token}` };
  return readAnswer(await postJson(bots, `${bots.apiUrl}/${method}`, body, headers));
}

const ANSWER = z.union([
  z.object({ ok: z.literal(true), channel: z.string().min(1), ts: z.string().min(1) }),
  z.object({ ok: z.literal(false), error: z.unknown().optional() }),
]);

// How Slack's answer begins. The rest repeats our message and may be longer than what is read of it.
const POSTED = /^\{"ok":true,"channel":"([A-Z0-9]{1,32})","ts":"([0-9.]{1,32})",/;

/** Slack answers 200 also when it refuses: `ok` tells. */
function readAnswer(answer: SlackAnswer): SendResult {
  const failure = httpFailure(answer);
  if (failure !== null || answer.kind === 'failed') return failure ?? transient('network_error');
  const parsed = ANSWER.safeParse(parseJson(answer.body));
  if (!parsed.success) {
    const [, channel, ts] = POSTED.exec(answer.body) ?? [];
    if (channel === undefined || ts === undefined) return transient('unexpected_answer');
    return { ok: true, reference: { channel, ts } };
  }
  if (parsed.data.ok) return { ok: true, reference: { channel: parsed.data.channel, ts: parsed.data.ts } };
  const reason = errorWord(parsed.data.error, 'unknown_error');
  return TRANSIENT.has(reason) ? transient(reason, answer.retryAfterMs) : permanent(reason);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
