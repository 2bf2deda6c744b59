import * as z from 'zod';
import type { Digest } from '../domain/digest.ts';
import type { SignaturePlace } from '../domain/evidence.ts';
import type { ImageName } from '../domain/reference.ts';

export interface AttestationsOptions {
  /** `https://api.github.com` */
  readonly apiUrl: string;
  /** Raises the rate limit from 60 to 5000 requests an hour, and reads private repositories' attestations. */
  readonly token?: string | undefined;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** Default 10 s, the body included. */
  readonly timeoutMs?: number | undefined;
}

/** One attestation is asked for; its bundle is some 15 KB. */
const MAX_BYTES = 1 << 20;

const answerSchema = z.object({ attestations: z.array(z.unknown()) });

/**
 * Whether GitHub holds artifact attestations of the image that `actions/attest-build-provenance` and the like made,
 * in any repository of the image's owner. They are signed provenance, so they count as `present`; none is verified.
 * Never throws.
 * @see https://docs.github.com/en/rest/users/attestations
 */
export function createAttestations(
  options: AttestationsOptions,
): (image: ImageName, digest: Digest) => Promise<SignaturePlace> {
  // workerd: fetch called as a method of another object fails with "Illegal invocation".
  const { apiUrl, token, fetch, userAgent, timeoutMs = 10_000 } = options;
  const headers = {
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    'user-agent': userAgent,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return async (image, digest) => {
    const owner = image.path.split('/')[0] ?? '';
    const url = `${apiUrl.replace(/\/+$/, '')}/users/${encodeURIComponent(owner)}/attestations/${digest}?per_page=1`;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { headers, redirect: 'manual', signal });
      if (response.status !== 200) {
        await response.body?.cancel();
        return fromStatus(response);
      }
      return fromBody(await readBody(response, signal));
    } catch {
      return unavailable(
        signal.aborted ? `GitHub gave no answer within ${timeoutMs / 1000} s` : 'GitHub was not reached',
      );
    }
  };
}

function fromStatus({ status, headers }: Response): SignaturePlace {
  if (status === 404) return { place: 'github-attestations', state: 'absent' };
  const isLimited = status === 429 || (status === 403 && headers.get('x-ratelimit-remaining') === '0');
  return unavailable(`GitHub answered ${status}${isLimited ? ' (too many requests)' : ''}`);
}

function fromBody(text: string | null): SignaturePlace {
  if (text === null) return unavailable('GitHub sent more than 1 MiB');
  const answer = answerSchema.safeParse(parseJson(text));
  if (!answer.success) return unavailable('GitHub answered with something that is no list of attestations');
  if (answer.data.attestations.length === 0) return { place: 'github-attestations', state: 'absent' };
  const detail = 'GitHub artifact attestation (presence only, not verified)';
  return { place: 'github-attestations', state: 'present', detail };
}

/** `null` if the body is longer than 1 MiB: the rest is not read. */
async function readBody(response: Response, signal: AbortSignal): Promise<string | null> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const hangUp = () => void reader.cancel().catch(() => undefined);
  // Not every runtime ends a pending read when the request's signal fires.
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    let text = '';
    for (let length = 0; ; ) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return text + decoder.decode();
      length += value.byteLength;
      if (length > MAX_BYTES) {
        hangUp();
        return null;
      }
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable(detail: string): SignaturePlace {
  return { place: 'github-attestations', state: 'unavailable', detail };
}
