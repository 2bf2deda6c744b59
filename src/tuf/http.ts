/** How long one request may take, its body included, in ms. */
const TIMEOUT_MS = 10_000;

export interface TufHttpOptions {
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** Default 10 s. */
  readonly timeoutMs?: number | undefined;
}

/** What cannot be believed or had, in words that name the file. Never has a secret. */
export class TufTrouble extends Error {
  override readonly name = 'TufTrouble';
}

/** Reads files of one repository, and counts. */
export interface TufFiles {
  readonly requests: number;
  /**
   * A file of at most `maxBytes`, which is text in UTF-8; `null` if there is none (404, or 403 as object stores say).
   * @throws TufTrouble
   */
  read(path: string, maxBytes: number): Promise<string | null>;
}

/** Requests that end: a time-out that covers the body, a cap on its bytes, and no redirects. */
export function createTufFiles(url: string, options: TufHttpOptions): TufFiles {
  const { fetch, userAgent, timeoutMs = TIMEOUT_MS } = options;
  let requests = 0;
  return {
    get requests() {
      return requests;
    },
    async read(path, maxBytes) {
      requests += 1;
      const signal = AbortSignal.timeout(timeoutMs);
      const trouble = (why: string) => new TufTrouble(`${path}: ${why}`);
      let bytes: Uint8Array | null;
      try {
        const headers = { 'user-agent': userAgent };
        const response = await fetch(`${url}/${path}`, { headers, redirect: 'manual', signal });
        if (response.status !== 200) {
          await response.body?.cancel();
          if (response.status === 404 || response.status === 403) return null;
          throw trouble(refusal(response.status));
        }
        bytes = await readAtMost(response, maxBytes, signal);
      } catch (error) {
        if (error instanceof TufTrouble) throw error;
        // The error's own text may hold anything; whether time was up is all that is told.
        throw trouble(signal.aborted ? `no full answer within ${timeoutMs / 1000} s` : 'no connection, or cut short');
      }
      if (bytes === null) throw trouble(`longer than ${maxBytes} bytes`);
      try {
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        throw trouble('not UTF-8');
      }
    },
  };
}

function refusal(status: number): string {
  const isRedirect = status === 0 || (status >= 300 && status < 400);
  return isRedirect ? 'answered with a redirect, which is never followed' : `answered ${status}`;
}

/** The body, or `null` (and no more read) once it is longer than `limit`. */
async function readAtMost(response: Response, limit: number, signal: AbortSignal): Promise<Uint8Array | null> {
  if (response.body === null) return new Uint8Array();
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
      if (length > limit) {
        hangUp();
        return null;
      }
      chunks.push(value);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}
