import { type Destinations, isDestination } from '../domain/destination.ts';
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
  const { eventId, alertId, link, content } = notification;
  const seconds = Math.floor(http.now() / 1000);
  const timestamp = new Date(seconds * 1000).toISOString();
  const body = JSON.stringify({
    type: typeOf(content),
    timestamp,
    data: { event: eventId, alertId, link, ...content },
  });
  const signature = await sign(target.secret, `${eventId}.${seconds}.${body}`);
  if (signature === null) return permanent('invalid_secret');
  const headers = { 'webhook-id': eventId, 'webhook-timestamp': `${seconds}`, 'webhook-signature': `v1,${signature}` };
  return httpFailure(await postJson(http, target.url, body, headers)) ?? { ok: true, reference: null };
}

const TYPES = {
  opened: 'alert.opened',
  worsened: 'alert.worsened',
  reminder: 'alert.reminder',
  acknowledged: 'alert.acknowledged',
  closed: 'alert.closed',
  burst: 'burst.changed',
  undetermined: 'push.undetermined',
  digest: 'summary.weekly',
  test: 'test',
  'health-opened': 'health.opened',
  'health-closed': 'health.closed',
} as const satisfies Readonly<Record<NotificationContent['kind'], string>>;

const typeOf = ({ kind }: NotificationContent): string => TYPES[kind];

/** Base64 of the HMAC-SHA-256; `null` if the secret is not `whsec_` and base64. */
async function sign(secret: string, text: string): Promise<string | null> {
  const base64 = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/.exec(secret)?.[1];
  if (base64 === undefined) return null;
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...mac));
}
