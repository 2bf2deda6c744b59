/** `whsec_` and base64, as Standard Webhooks writes secrets. */
export const WEBHOOK_SECRET = /^whsec_([A-Za-z0-9+/]{32,88}={0,2})$/;

/**
 * The `webhook-signature` of a message, by each secret: a receiver takes the one that it can verify, so that a secret can
 * be changed without losing a message.
 * @throws TypeError if one is not a `WEBHOOK_SECRET`
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export async function signatureHeader(
  secrets: readonly string[],
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: Uint8Array },
): Promise<string> {
  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const content = new Uint8Array(head.length + body.length);
  content.set(head);
  content.set(body, head.length);
  const signatures = await Promise.all(secrets.map((secret) => sign(secret, content)));
  return signatures.map((signature) => `v1,${signature}`).join(' ');
}

async function sign(secret: string, content: Uint8Array<ArrayBuffer>): Promise<string> {
  const base64 = WEBHOOK_SECRET.exec(secret)?.[1];
  if (base64 === undefined) throw new TypeError('not a secret of a webhook');
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.sign('HMAC', key, content))));
}
