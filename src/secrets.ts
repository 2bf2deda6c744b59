/** `prefix` and 256 random bits, base64url: unguessable, and short enough for Docker Hub's 255-character webhook URLs. */
export function newSecret(prefix = ''): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return prefix + base64Url(bytes);
}

/**
 * SHA-256 of a secret, which is what is stored and looked up. Looking up a hash takes the same time whatever part of a
 * guess is right: an attacker cannot steer the hash.
 */
export async function hashSecret(secret: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret)));
}

/**
 * A secret that signs outgoing webhooks: 256 random bits.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function newSigningSecret(): string {
  return `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
}

/**
 * A value that follows from a secret and tells nothing of it: HMAC-SHA-256, base64url. Other purposes, other values.
 */
export async function deriveSecret(secret: string, purpose: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  return base64Url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(purpose))));
}

/** Whether two texts are the same, in a time that tells nothing of where they differ. */
export function isSameSecret(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let n = 0; n < one.length; n += 1) difference |= one.charCodeAt(n) ^ other.charCodeAt(n);
  return difference === 0;
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
