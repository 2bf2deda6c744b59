import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';
import { keysUrl, type OidcIssuer } from './issuer.ts';

/** The issuer's keys cannot be read at this moment: our trouble or theirs, and no fault of the token. */
export class CiIssuerUnavailable extends Error {
  override readonly name = 'CiIssuerUnavailable';
}

const USER_AGENT = 'pushwarden (+https://github.com/pushwarden/pushwarden)';
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 256 * 1024;
/** How long keys are used before they are read again. */
const KEEP_MS = 10 * 60_000;
/** A token with an unknown key makes us read the keys again, but not more often than this. */
const COOL_DOWN_MS = 30_000;
/** After a failure: tokens need no valid signature to make us ask, and must not make us ask for each. */
const FAILURE_COOL_DOWN_MS = 5_000;

/**
 * The issuer's public keys, kept in memory and read again when they are old or a token names a new one. Reading: at
 * most 5 s and 256 KiB, redirects are not followed. Time-outs and cool-downs go by the real clock.
 */
export function issuerKeys(issuer: OidcIssuer, fetcher: typeof fetch): JWTVerifyGetKey {
  let failedAt = Number.NEGATIVE_INFINITY;
  const read: FetchImplementation = async (url, options) => {
    if (Date.now() < failedAt + FAILURE_COOL_DOWN_MS) throw unavailable(issuer, 'failed a moment ago');
    try {
      return await readKeys(issuer, fetcher, url, options);
    } catch (error) {
      failedAt = Date.now();
      throw error;
    }
  };
  return createRemoteJWKSet(keysUrl(issuer), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOL_DOWN_MS,
    cacheMaxAge: KEEP_MS,
    headers: { 'user-agent': USER_AGENT },
    [customFetch]: read,
  });
}

function unavailable(issuer: OidcIssuer, why: string): CiIssuerUnavailable {
  return new CiIssuerUnavailable(`The signing keys of ${issuer.issuer} cannot be read: ${why}.`);
}

/** The key set as a response that jose may read without limits. */
async function readKeys(
  issuer: OidcIssuer,
  fetcher: typeof fetch,
  ...[url, options]: Parameters<FetchImplementation>
): Promise<Response> {
  let bytes: Uint8Array | null;
  try {
    const response = await fetcher(url, options);
    if (response.status !== 200) {
      await response.body?.cancel();
      throw unavailable(issuer, `status ${response.status}`);
    }
    bytes = await readAtMost(response, MOST_BYTES);
  } catch (error) {
    if (error instanceof CiIssuerUnavailable) throw error;
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    throw unavailable(issuer, timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : 'no connection');
  }
  if (bytes === null) throw unavailable(issuer, `more than ${MOST_BYTES / 1024} KiB`);
  if (!isKeySet(bytes)) throw unavailable(issuer, 'not a JSON Web Key Set');
  return new Response(bytes, { status: 200 });
}

/** The body, or `null` (and no more read) once it is longer than `limit`. */
async function readAtMost(response: Response, limit: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function isKeySet(bytes: Uint8Array): boolean {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return (
      typeof json === 'object' &&
      json !== null &&
      'keys' in json &&
      Array.isArray(json.keys) &&
      json.keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
    );
  } catch {
    return false;
  }
}
