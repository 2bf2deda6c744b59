import type { RequestBudget } from '../usecases/ports.ts';

/** How long one request may take, its body included, in ms. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Most bytes read of a body. Distribution itself refuses manifests above 4 MiB. */
export const BODY_CAPS = { manifest: 4 << 20, tags: 4 << 20, token: 64 << 10 } as const;

export interface HttpOptions {
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body may have this many bytes; a longer one is `trouble`. */
  readonly maxBytes: number;
}

/** What came back. `body` is empty unless the status is 200. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Headers; readonly body: Uint8Array }
  /**
   * No usable answer. `reason` goes on after the server's name: "gave no answer within 10 s". Never has a secret.
   * `announced` has the headers of an answer whose `Content-Length` is more than `maxBytes`: unlike a body without end,
   * that is what somebody stored there.
   */
  | { readonly kind: 'trouble'; readonly reason: string; readonly announced?: Headers };

/** Sends one bounded request. Never throws. */
export type SendHttp = (request: HttpRequest) => Promise<HttpAnswer>;

const EMPTY = new Uint8Array();

/**
 * Requests that end: a time-out that covers the body, a cap on its bytes, and no redirects. A redirect is handed back
 * with its status: following it would carry our credentials to a host that configuration does not name.
 */
export function createHttp(options: HttpOptions): SendHttp {
  // workerd: fetch called as a method of another object fails with "Illegal invocation".
  const { fetch, userAgent, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return async ({ method, url, headers, maxBytes }) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const all = { ...headers, 'user-agent': userAgent };
      const response = await fetch(url, { method, headers: all, redirect: 'manual', signal });
      const { status } = response;
      if (method === 'HEAD' || status !== 200) {
        await response.body?.cancel();
        return { kind: 'answer', status, headers: response.headers, body: EMPTY };
      }
      const body = await readBody(response, maxBytes, signal);
      const tooLong = { kind: 'trouble', reason: `sent more than ${size(maxBytes)}` } as const;
      if (body === 'too-long') return tooLong;
      if (body === 'announced-too-long') return { ...tooLong, announced: response.headers };
      if (body === 'cut') return { kind: 'trouble', reason: 'cut its answer short' };
      return { kind: 'answer', status, headers: response.headers, body };
    } catch {
      // The error's text may hold the URL and what was sent; whether time was up is all that is told.
      const reason = signal.aborted
        ? `gave no full answer within ${timeoutMs / 1000} s`
        : 'could not be reached, or hung up';
      return { kind: 'trouble', reason };
    }
  };
}

/** Why something is left for another invocation, with a budget of its own. */
export const OVER_BUDGET = 'this image needs more requests than one invocation may make';

/** Sends as long as the budget lasts: each request takes one from it, whatever it is for. */
export function withinBudget(send: SendHttp, requests: RequestBudget): SendHttp {
  return async (request) =>
    requests.take() ? send(request) : { kind: 'trouble', reason: `was not asked: ${OVER_BUDGET}` };
}

/** `4096 KiB`, `300 bytes`. */
export function size(bytes: number): string {
  return bytes >= 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${bytes} bytes`;
}

/** Reads at most `maxBytes`, then hangs up: an endless body must not fill the memory. */
async function readBody(
  response: Response,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | 'announced-too-long' | 'too-long' | 'cut'> {
  const announced = contentLength(response.headers);
  if (announced !== null && announced > maxBytes) {
    await response.body?.cancel();
    return 'announced-too-long';
  }
  if (response.body === null) return announced === null || announced === 0 ? EMPTY : 'cut';
  const reader = response.body.getReader();
  // Not every runtime ends a pending read when the request's signal fires.
  const hangUp = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      length += value.byteLength;
      if (length > maxBytes) {
        hangUp();
        return 'too-long';
      }
      chunks.push(value);
    }
    return announced !== null && announced !== length ? 'cut' : concatenate(chunks, length);
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}

/** `null` if unknown, or if it counts compressed bytes while we see others. */
function contentLength(headers: Headers): number | null {
  const text = headers.get('content-length');
  return text !== null && /^\d{1,15}$/.test(text) && !headers.has('content-encoding') ? Number(text) : null;
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** What a status that answers nothing means, to follow the server's name: "answered 429 (too many requests)". */
export function refusal(status: number, headers: Headers): string {
  if (status === 429) {
    const after = retryAfter(headers);
    return `answered 429 (too many requests${after === null ? '' : `; Retry-After: ${after}`})`;
  }
  if (status === 401 || status === 403) return `answered ${status} (needs credentials)`;
  if (status === 0 || (status >= 300 && status < 400)) return 'answered with a redirect, which is never followed';
  return status >= 500 ? `answered ${status} (trouble of its own)` : `answered ${status}`;
}

/** Seconds or a date, nothing else: the text ends up in messages. */
function retryAfter(headers: Headers): string | null {
  const text = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return `${text} s`;
  const time = /^[A-Za-z0-9 ,:+-]{1,40}$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
