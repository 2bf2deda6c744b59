import { type Destinations, isDestination } from '../domain/destination.ts';
import type { ChannelTarget, Notification, SendResult } from '../usecases/ports.ts';
import { httpFailure, permanent, postJson, refusesBlocks, type SlackHttp, transient } from './slack-http.ts';
import { slackMessage } from './slack-message.ts';

/**
 * Incoming webhooks: one message each, which can neither be updated nor threaded.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export interface SlackWebhooks extends SlackHttp {
  /** Where the address of a webhook may lead: it comes from a maintainer, the list from the installation. */
  readonly webhooks: Destinations;
}

type WebhookTarget = Extract<ChannelTarget, { readonly kind: 'slack-webhook' }>;

export async function sendByWebhook(
  webhooks: SlackWebhooks,
  target: WebhookTarget,
  notification: Notification,
): Promise<SendResult> {
  if (!isDestination(target.url, webhooks.webhooks)) return permanent('webhook_host_not_allowed');
  const message = slackMessage({ ...notification, parent: null, thread: null });
  const sent = await post(webhooks, target.url, message);
  return refusesBlocks(sent) ? post(webhooks, target.url, { text: message.text }) : sent;
}

async function post(webhooks: SlackWebhooks, url: string, message: object): Promise<SendResult> {
  const answer = await postJson(webhooks, url, { ...message, unfurl_links: false, unfurl_media: false });
  const failure = httpFailure(answer);
  if (failure !== null) return failure;
  // Anything but `ok` did not come from Slack: a proxy's page says nothing about the message.
  const isSlack = answer.kind === 'answer' && answer.body.trim() === 'ok';
  return isSlack ? { ok: true, reference: null } : transient('unexpected_answer');
}
