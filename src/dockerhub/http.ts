export interface HttpOptions {
  /** `https://hub.docker.com` */
  readonly apiUrl: string;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** Per request, its body included. Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

export interface HttpRequest {
  /** Under the API's address, with its query. */
  readonly path: string;
  readonly bearer?: string;
  /** Posted as JSON; without it the request is a GET. */
  readonly json?: unknown;
}

export type HttpAnswer =
  /** `body`: of another status than 200, `null` if it was too long or never came: the status counts all the same. */
  | { readonly kind: 'answer'; readonly status: number; readonly headers: Headers; readonly body: string | null }
  /** No usable answer. `reason` is a whole sentence part; never has a secret. */
  | { readonly kind: 'trouble'; readonly reason: string };

/** Sends one bounded request. Never throws. */
export type SendHttp = (request: HttpRequest) => Promise<HttpAnswer>;

/** A page of 100 tokens is some 60 KiB, one of 100 rows of an audit log some 50 KiB. */
const BODY_BYTES = 2 << 20;
/** What is read of a refusal, for the message in it. */
const REFUSAL_BYTES = 16 << 10;

/**
 * Requests that end: a time-out that covers the body, a cap on its bytes, and no redirects, which would carry our
 * bearer or login to a host that configuration does not name.
 */
export function createHttp(options: HttpOptions): SendHttp {
  // workerd: fetch called as a method of another object fails with "Illegal invocation".
  const { fetch, timeoutMs = 10_000 } = options;
  const base = options.apiUrl.replace(/\/+$/, '');
  return async (request) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${base}${request.path}`, { ...initOf(request, options.userAgent), signal });
      const { status, headers } = response;
      if (status !== 200) return { kind: 'answer', status, headers, body: await readRefusal(response, signal) };
      const body = await readText(response, BODY_BYTES, signal);
      if (body === null) return { kind: 'trouble', reason: `Docker Hub sent more than ${BODY_BYTES >> 10} KiB` };
      return { kind: 'answer', status, headers, body };
    } catch {
      // The error's text may hold what was sent; whether time was up is all that is told.
      const reason = signal.aborted
        ? `Docker Hub gave no full answer within ${timeoutMs / 1000} s`
        : 'Docker Hub was not reached, or hung up';
      return { kind: 'trouble', reason };
    }
  };
}

function initOf({ bearer, json }: HttpRequest, userAgent: string) {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': userAgent };
  if (bearer !== undefined) headers.authorization = `Bearer ${bearer}`;
  if (json === undefined) return { method: 'GET', headers, redirect: 'manual' } as const;
  headers['content-type'] = 'application/json';
  return { method: 'POST', headers, redirect: 'manual', body: JSON.stringify(json) } as const;
}

/** A refusal is one whatever comes after its status: only its message is lost. */
async function readRefusal(response: Response, signal: AbortSignal): Promise<string | null> {
  try {
    return await readText(response, REFUSAL_BYTES, signal);
  } catch {
    return null;
  }
}

/** `null` if the body is longer: the rest is not read. An endless body must not fill the memory. */
async function readText(response: Response, maxBytes: number, signal: AbortSignal): Promise<string | null> {
  if (response.body === null) return '';
  const reader = response.body.getReader();
  const hangUp = () => void reader.cancel().catch(() => undefined);
  // Not every runtime ends a pending read when the request's signal fires.
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    const decoder = new TextDecoder();
    let text = '';
    for (let length = 0; ; ) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return text + decoder.decode();
      length += value.byteLength;
      if (length > maxBytes) {
        hangUp();
        return null;
      }
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}

/** `undefined` if it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
