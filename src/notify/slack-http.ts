import type { SendResult } from '../usecases/ports.ts';

/** Requests to Slack and to other webhooks, and what their failures mean. No reason ever holds an address, a token or free text. */

export interface SlackHttp {
  readonly fetch: typeof fetch;
  /** For a request and its answer together. */
  readonly timeoutMs: number;
}

export type SlackAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** The first 64 KiB. */
      readonly body: string;
      readonly retryAfterMs: number | null;
    }
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'network_error' };

export type SendFailure = Extract<SendResult, { readonly ok: false }>;

const USER_AGENT = 'pushwarden (+https://github.com/pushwarden/pushwarden)';
const ANSWER_BYTES = 64 * 1024;
const LONGEST_RETRY_AFTER_MS = 60 * 60 * 1000;

/**
 * POSTs JSON; a text is JSON already. Never throws, never follows a redirect (it would carry our message and token
 * elsewhere).
 */
export async function postJson(
  http: SlackHttp,
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  method: 'POST' | 'PATCH' = 'POST',
): Promise<SlackAnswer> {
  // Called bare: workerd's own fetch refuses to be called as a method of another object.
  const { fetch, timeoutMs } = http;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, 'content-type': 'application/json; charset=utf-8', 'user-agent': USER_AGENT },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      redirect: 'manual',
      signal,
    });
    const text = await readCapped(response);
    return { kind: 'answer', status: response.status, body: text, retryAfterMs: retryAfter(response.headers) };
  } catch {
    return { kind: 'failed', reason: signal.aborted ? 'timeout' : 'network_error' };
  }
}

async function readCapped(response: Response): Promise<string> {
  if (response.body === null) return '';
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let left = ANSWER_BYTES;
  while (left > 0) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, left), { stream: true });
    left -= value.length;
  }
  await reader.cancel().catch(() => undefined);
  return text;
}

/** Seconds, as Slack sends it, in ms and at most an hour; `null` if it is missing or something else. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after');
  if (value === null || !/^[0-9]{1,9}$/.test(value)) return null;
  return Math.min(Number(value) * 1000, LONGEST_RETRY_AFTER_MS);
}

/** Slack's error word if it is one, else `instead`. */
export function errorWord(text: unknown, instead: string): string {
  return typeof text === 'string' && /^[a-z_]{1,64}$/.test(text) ? text : instead;
}

/** What an answer outside 2xx means; `null` for one inside. Only 408, 429 and 5xx may pass by themselves. */
export function httpFailure(answer: SlackAnswer): SendFailure | null {
  if (answer.kind === 'failed') return transient(answer.reason);
  const { status, body, retryAfterMs } = answer;
  if (status >= 200 && status < 300) return null;
  // Status 0 is how a browser-like fetch shows a redirect that it did not follow.
  if (status === 0 || (status >= 300 && status < 400)) return permanent('redirected');
  const reason = errorWord(body.trim(), `http_${status}`);
  return status === 408 || status === 429 || status >= 500 ? transient(reason, retryAfterMs) : permanent(reason);
}

export function transient(reason: string, retryAfterMs: number | null = null): SendFailure {
  return { ok: false, permanent: false, reason, retryAfterMs };
}

export function permanent(reason: string): SendFailure {
  return { ok: false, permanent: true, reason, retryAfterMs: null };
}

// Slack's words for "I do not take these blocks".
const BLOCKS_REFUSED = new Set([
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_payload',
  'msg_blocks_too_long',
  'msg_too_long',
]);

/** An alarm must not be lost over its layout: then the text goes alone, which is enough. */
export function refusesBlocks(result: SendResult): boolean {
  return !result.ok && BLOCKS_REFUSED.has(result.reason);
}
