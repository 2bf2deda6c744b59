import type { WebhookOrigin } from './evidence.ts';

/**
 * Where a registry posts to. GitHub signs what it sends, so that its address is no secret; of the others it is.
 *
 * @param base this installation's own address
 * @returns `null` if the secret is in it and not at hand
 */
export function webhookAddress(
  base: string,
  provider: WebhookOrigin,
  publicId: string,
  secret: string | null,
): string | null {
  const last = provider === 'github' ? publicId : secret;
  return last === null ? null : `${base}/webhooks/${provider}/${last}`;
}
