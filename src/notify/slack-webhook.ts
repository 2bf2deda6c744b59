import type { ChannelTarget, Notification, SendResult } from '../usecases/ports.ts';
import { httpFailure, permanent, postJson, refusesBlocks, type SlackHttp, transient } from './slack-http.ts';
import { slackMessage } from './slack-message.ts';

/**
 * Incoming webhooks: one message each, which can neither be updated nor threaded.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export interface SlackWebhooks extends SlackHttp {
  /** `hooks.slack.com`, or with a port. The address comes from a maintainer, the list from the installation. */
  readonly webhookHosts: readonly string[];
  readonly allowLoopbackHttp: boolean;
}

type WebhookTarget = Extract<ChannelTarget, { readonly kind: 'slack-webhook' }>;

export async function sendByWebhook(
  webhooks: SlackWebhooks,
  target: WebhookTarget,
  notification: Notification,
): Promise<SendResult> {
  if (!isAllowed(webhooks, target.url)) return permanent('webhook_host_not_allowed');
  const message = slackMessage({ ...notification, parent: null });
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

/** A webhook address is where our server sends requests to: only hosts of the list, or it could reach inside. */
function isAllowed({ webhookHosts, allowLoopbackHttp }: SlackWebhooks, address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') return false;
  if (url.protocol === 'https:') return webhookHosts.includes(url.host);
  return url.protocol === 'http:' && allowLoopbackHttp && isLoopback(url.hostname);
}

/** As `URL` writes host names: `[::1]`, and every spelling of 127.0.0.1 in dots. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}
