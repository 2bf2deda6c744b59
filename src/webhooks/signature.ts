/**
 * GitHub's webhook signature: HMAC-SHA-256 of the body as it was sent.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */

/** A key made by `importHubKey`. */
export type HubKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

const HEADER = /^sha256=([0-9a-f]{64})$/i;

/**
 * Makes a webhook's secret ready for `verifyHubSignature`.
 * @throws TypeError if the secret is empty: anybody could sign with that.
 */
export async function importHubKey(secret: string): Promise<HubKey> {
  if (secret === '') throw new TypeError('A webhook secret is empty.');
  const bytes = new TextEncoder().encode(secret);
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

/**
 * Whether `X-Hub-Signature-256` was made with one of the keys (several while a secret is being rotated). `rawBytes` is
 * the body as received: a parsed and re-written one has another signature.
 */
export async function verifyHubSignature(
  keys: readonly HubKey[],
  header: string | null | undefined,
  rawBytes: Uint8Array,
): Promise<boolean> {
  const hex = HEADER.exec(header ?? '')?.[1];
  if (hex === undefined) return false;
  const signature = bytesOfHex(hex);
  // `verify` compares in constant time; every key is tried, so that time does not tell which one is live.
  const matches = await Promise.all(keys.map((key) => crypto.subtle.verify('HMAC', key, signature, rawBytes)));
  return matches.includes(true);
}

function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
