import { type DestinationRules, eventDestination } from '../domain/event-destination.ts';
import { signatureHeader } from '../standard-webhook.ts';
import type { EventRequest, EventResult, EventSender } from '../usecases/events.ts';

export interface EventSenderOptions extends DestinationRules {
  readonly fetch: typeof fetch;
  readonly userAgent: string;
  /** For a request and its answer together; 15 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
/** Read so that the connection can be used again, and thrown away. */
const ANSWER_BYTES = 4096;
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;

/**
 * Sends events as Standard Webhooks say, with CloudEvents in structured mode. Redirects are failures: they would carry
 * what we tell to an address that nobody gave.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
 */
export function createEventSender(options: EventSenderOptions): EventSender {
  return {
    async send(request) {
      const destination = eventDestination(request.url, options);
      if (!destination.ok) return failed('destination_not_allowed');
      const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
      try {
        return await post(options, destination.url, request, signal);
      } catch {
        return failed(signal.aborted ? 'timeout' : 'network_error');
      }
    },
  };
}

async function post(
  // Called bare: workerd's own fetch refuses to be called as a method of another object.
  { fetch, userAgent }: EventSenderOptions,
  url: URL,
  { id, body, secrets }: EventRequest,
  signal: AbortSignal,
): Promise<EventResult> {
  const bytes = new TextEncoder().encode(body);
  // Of this attempt, by the true clock: receivers refuse what is older than some minutes.
  const timestamp = Math.floor(Date.now() / 1000);
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/cloudevents+json',
      'user-agent': userAgent,
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': await signatureHeader(secrets, { id, timestamp, body: bytes }),
    },
    body: bytes,
    redirect: 'manual',
    signal,
  });
  const result = resultOf(response);
  // Its status is the answer: what becomes of the rest of it changes nothing.
  await discard(response).catch(() => undefined);
  return result;
}

function resultOf({ status, headers }: Response): EventResult {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  if (status === 410) return { kind: 'gone' };
  // Status 0 is how a browser-like fetch shows a redirect that it did not follow.
  if (status === 0 || (status >= 300 && status < 400)) return failed('redirected');
  return failed(`http_${status}`, status === 429 || status === 503 ? retryAfter(headers) : null);
}

async function discard(response: Response): Promise<void> {
  if (response.body === null) return;
  const reader: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  for (let left = ANSWER_BYTES; left > 0; ) {
    const { done, value } = await reader.read();
    if (done) return;
    left -= value.length;
  }
  await reader.cancel();
}

/**
 * Seconds or a date, in ms and at most a day; `null` if it is missing or something else.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : null;
}

const failed = (reason: string, retryAfterMs: number | null = null): EventResult => ({
  kind: 'failed',
  reason,
  retryAfterMs,
});
