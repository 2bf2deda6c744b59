/** `prefix` and 256 random bits, base64url: unguessable, and short enough for Docker Hub's 255-character webhook URLs. */
export function newSecret(prefix = ''): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return (
    prefix +
    btoa(String.fromCharCode(...bytes))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replace(/=+$/, '')
  );
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
