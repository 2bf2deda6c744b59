/** Limits are per minute: how long we wait if a 429 does not say. */
const DEFAULT_MS = 60_000;
/** Whatever it says, we are not blind for longer. */
const LONGEST_MS = 24 * 60 * 60_000;
/** A refusal whose time is over already: by another clock than ours. */
const SHORTEST_MS = 1000;

/**
 * Until when a 429 wants no requests (ms since the epoch). `X-Retry-After` is documented as a Unix timestamp in seconds;
 * what is too small for one, and `Retry-After`, are seconds from now.
 * @see https://docs.docker.com/reference/api/hub/latest/#tag/rate-limiting
 */
export function retryAt(headers: Headers, now: number): number {
  const at =
    instant(headers.get('x-retry-after'), now) ??
    httpDate(headers.get('retry-after')) ??
    instant(headers.get('retry-after'), now) ??
    instant(headers.get('x-ratelimit-reset'), now) ??
    now + DEFAULT_MS;
  return Math.min(Math.max(at, now + SHORTEST_MS), now + LONGEST_MS);
}

/** Until when an answer says that its successors will be refused (ms since the epoch); 0 if it does not. */
export function exhaustedUntil(headers: Headers, now: number): number {
  if (headers.get('x-ratelimit-remaining')?.trim() !== '0') return 0;
  return Math.min(instant(headers.get('x-ratelimit-reset'), now) ?? 0, now + LONGEST_MS);
}

/** A Unix timestamp in seconds (or ms, should they change their mind), or seconds from now. */
function instant(header: string | null, now: number): number | null {
  const text = header?.trim() ?? '';
  if (!/^\d{1,13}(?:\.\d{1,9})?$/.test(text)) return null;
  const value = Number(text);
  if (value > 1e11) return Math.ceil(value);
  return Math.ceil(value > 1e9 ? value * 1000 : now + value * 1000);
}

/** RFC 9110: `Sun, 06 Nov 1994 08:49:37 GMT` */
function httpDate(header: string | null): number | null {
  const text = header?.trim() ?? '';
  const at = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(at) ? null : at;
}
