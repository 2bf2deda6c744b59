import { type Destinations, isDestination } from '../domain/destination.ts';
import { signatureHeader, WEBHOOK_SECRET } from '../standard-webhook.ts';
import type { ChannelTarget, Notification, NotificationContent, SendResult } from '../usecases/ports.ts';
import { httpFailure, permanent, postJson, type SlackHttp } from './slack-http.ts';

/**
 * Anybody's endpoint: JSON, signed as Standard Webhooks says.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export interface StandardWebhooks extends SlackHttp {
  readonly standard: Destinations;
  /** Ms since the epoch, by which receivers tell an old request. */
  readonly now: () => number;
}

type WebhookTarget = Extract<ChannelTarget, { readonly kind: 'webhook' }>;

export async function sendToWebhook(
  http: StandardWebhooks,
  target: WebhookTarget,
  notification: Notification,
): Promise<SendResult> {
  if (!isDestination(target.url, http.standard)) return permanent('webhook_host_not_allowed');
  if (!WEBHOOK_SECRET.test(target.secret)) return permanent('invalid_secret');
  const { eventId, alertId, link, content } = notification;
  const seconds = Math.floor(http.now() / 1000);
  const timestamp = new Date(seconds * 1000).toISOString();
  const body = JSON.stringify({
    type: typeOf(content),
    timestamp,
    data: { event: eventId, alertId, link, ...content },
  });
  const signed = { id: eventId, timestamp: seconds, body: new TextEncoder().encode(body) };
  const headers = {
    'webhook-id': eventId,
    'webhook-timestamp': `${seconds}`,
    'webhook-signature': await signatureHeader([target.secret], signed),
  };
  return httpFailure(await postJson(http, target.url, body, headers)) ?? { ok: true, reference: null };
}

const TYPES = {
  opened: 'alert.opened',
  worsened: 'alert.worsened',
  reminder: 'alert.reminder',
  acknowledged: 'alert.acknowledged',
  closed: 'alert.closed',
  'watch-opened': 'alert.opened',
  'watch-acknowledged': 'alert.acknowledged',
  'watch-closed': 'alert.closed',
  burst: 'burst.changed',
  undetermined: 'push.undetermined',
  digest: 'summary.weekly',
  test: 'test',
  'health-opened': 'health.opened',
  'health-closed': 'health.closed',
} as const satisfies Readonly<Record<NotificationContent['kind'], string>>;

const typeOf = ({ kind }: NotificationContent): string => TYPES[kind];
