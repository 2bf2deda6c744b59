import type { RequestBudget } from '../usecases/ports.ts';

export interface GitHubOptions {
  /** `https://api.github.com` */
  readonly apiUrl: string;
  /** Raises the rate limit from 60 to 5000 requests an hour, and reads what is private. */
  readonly token?: string | undefined;
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** Per request, its body included. Default 10 s. */
  readonly timeoutMs?: number | undefined;
  /** Time in ms by which a rate limit is waited for. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

/** `reason` is a whole sentence part, with the server's name; never a secret. */
export type GitHubAnswer =
  | { readonly kind: 'found'; readonly body: Uint8Array; readonly headers: Headers }
  | { readonly kind: 'not-found' }
  /** It announces more bytes than it may have: unlike a body without end, that is what somebody stored there. */
  | { readonly kind: 'too-long'; readonly reason: string }
  | { readonly kind: 'trouble'; readonly reason: string };

/** Another status than 200. */
interface Refused {
  readonly kind: 'refused';
  readonly status: number;
  readonly headers: Headers;
}

/** GitHub names an hour at most; it must not blind us for longer, whatever it names. */
const LONGEST_PAUSE_MS = 15 * 60_000;

/**
 * Bounded requests to GitHub's API: none throws, follows a redirect, or is sent while GitHub wants none.
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
export class GitHubApi {
  readonly #options: GitHubOptions;
  #pausedUntil = 0;

  constructor(options: GitHubOptions) {
    this.#options = options;
  }

  /** @param path under the API's address, with its query */
  async get(path: string, maxBytes: number, requests: RequestBudget): Promise<GitHubAnswer> {
    const { apiUrl, token } = this.#options;
    if (this.#pausedUntil > this.#now()) {
      return trouble(`GitHub asked for no requests before ${new Date(this.#pausedUntil).toISOString()}`);
    }
    const headers = {
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    };
    const answer = await this.#send('GitHub', `${apiUrl.replace(/\/+$/, '')}${path}`, headers, maxBytes, requests);
    return answer.kind === 'refused' ? this.#refused(answer) : answer;
  }

  /** Reads an address that an answer of the API gave. Our token is for the API alone: it does not go along. */
  async download(url: URL, maxBytes: number, requests: RequestBudget): Promise<GitHubAnswer> {
    const answer = await this.#send(url.host, url.href, { accept: '*/*' }, maxBytes, requests);
    return answer.kind === 'refused' ? trouble(`${url.host} answered ${answer.status}`) : answer;
  }

  async #send(
    server: string,
    url: string,
    headers: Readonly<Record<string, string>>,
    maxBytes: number,
    requests: RequestBudget,
  ): Promise<GitHubAnswer | Refused> {
    if (!requests.take()) {
      return trouble(`${server} was not asked: this image needs more requests than one invocation may make`);
    }
    // workerd: fetch called as a method of another object fails with "Illegal invocation".
    const { fetch, userAgent, timeoutMs = 10_000 } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, {
        headers: { ...headers, 'user-agent': userAgent },
        redirect: 'manual',
        signal,
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        return { kind: 'refused', status: response.status, headers: response.headers };
      }
      const tooLong = `${server} sent more than ${maxBytes >> 10} KiB`;
      if (Number(response.headers.get('content-length')) > maxBytes) {
        await response.body?.cancel();
        return { kind: 'too-long', reason: tooLong };
      }
      const body = await readBody(response, maxBytes, signal);
      if (body === null) return trouble(tooLong);
      return { kind: 'found', body, headers: response.headers };
    } catch {
      // The error's text may hold the address, and that of a bundle is signed.
      return trouble(
        signal.aborted ? `${server} gave no full answer within ${timeoutMs / 1000} s` : `${server} was not reached`,
      );
    }
  }

  #refused({ status, headers }: Refused): GitHubAnswer {
    if (status === 404) return { kind: 'not-found' };
    const isLimited = status === 429 || headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0';
    if ((status === 403 || status === 429) && isLimited) {
      this.#pausedUntil = Math.max(this.#pausedUntil, this.#until(headers));
      const until = this.#pausedUntil > this.#now() ? ` until ${new Date(this.#pausedUntil).toISOString()}` : '';
      return trouble(`GitHub answered ${status} (rate limit${until})`);
    }
    if (status === 401 || status === 403) {
      const what = this.#options.token === undefined ? 'a GITHUB_TOKEN is needed' : 'GITHUB_TOKEN may not read this';
      return trouble(`GitHub answered ${status} (${what})`);
    }
    if (status === 0 || (status >= 300 && status < 400)) {
      return trouble('GitHub answered with a redirect, which is never followed: the repository may have been renamed');
    }
    return trouble(`GitHub answered ${status}${status >= 500 ? ' (trouble of its own)' : ''}`);
  }

  /** When GitHub wants to be asked again, in ms; now if it does not say. */
  #until(headers: Headers): number {
    const after = headers.get('retry-after')?.trim() ?? '';
    const reset = headers.get('x-ratelimit-reset')?.trim() ?? '';
    const now = this.#now();
    const until = isSeconds(after) ? now + Number(after) * 1000 : isSeconds(reset) ? Number(reset) * 1000 : now;
    return Math.min(until, now + LONGEST_PAUSE_MS);
  }

  #now(): number {
    return (this.#options.clock ?? Date.now)();
  }
}

/** The body's JSON; `undefined` if it is none. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** `null` if the body is longer: the rest is not read. */
async function readBody(response: Response, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | null> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const hangUp = () => void reader.cancel().catch(() => undefined);
  // Not every runtime ends a pending read when the request's signal fires.
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    const chunks: Uint8Array[] = [];
    for (let length = 0; ; ) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
      length += value.byteLength;
      if (length > maxBytes) {
        hangUp();
        return null;
      }
      chunks.push(value);
    }
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}

function isSeconds(text: string): boolean {
  return /^\d{1,12}$/.test(text);
}

function trouble(reason: string): GitHubAnswer {
  return { kind: 'trouble', reason };
}
