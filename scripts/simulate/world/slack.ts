import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { HttpDouble, type SeenRequest, sendJson } from './http-double.ts';

/** A message that Slack took. */
export interface SlackMessage {
  readonly method: 'webhook' | 'chat.postMessage' | 'chat.update';
  /** Channel id; for an incoming webhook the path of its URL. */
  readonly channel: string;
  /** The message's own id; an update has the id of what it changes. */
  readonly ts: string;
  readonly threadTs: string | null;
  /** The notification's text. */
  readonly text: string;
  /** The whole request as JSON text: what anything a person can read stands in. */
  readonly json: string;
  /** ms on the clock of `performance.now()` */
  readonly at: number;
}

/** How Slack refuses: with `status`, an error word (`channel_not_found`, `ratelimited`, …) and maybe `Retry-After`. */
export interface SlackRefusal {
  readonly error: string;
  /** Default 200 for API methods, which answer `{"ok": false}`; 404 for webhooks. */
  readonly status?: number;
  readonly retryAfterSeconds?: number;
}

const posted = z.looseObject({
  channel: z.string().optional(),
  ts: z.string().optional(),
  thread_ts: z.string().optional(),
  text: z.string().optional(),
  blocks: z.array(z.unknown()).optional(),
});

type Posted = z.infer<typeof posted>;

const METHODS = ['chat.postMessage', 'chat.update'] as const;

/**
 * Slack's incoming webhooks (`/services/…`) and Web API (`/api/chat.postMessage`, `/api/chat.update`).
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * @see https://docs.slack.dev/reference/methods/chat.postMessage
 */
export class SlackDouble {
  /** In the order of arrival. */
  readonly messages: SlackMessage[] = [];
  readonly #http = new HttpDouble((request, response, body) => this.#route(request, response, body));
  readonly #waiting = new Set<() => void>();
  #refusals: { readonly refusal: SlackRefusal; left: number }[] = [];
  #count = 0;

  static async start(options: { readonly port?: number } = {}): Promise<SlackDouble> {
    const slack = new SlackDouble();
    await slack.#http.listen(options.port ?? 0);
    return slack;
  }

  get url(): string {
    return this.#http.url;
  }

  /** What SLACK_API_URL should be. */
  get apiUrl(): string {
    return `${this.url}/api`;
  }

  /** An incoming webhook's URL. */
  webhookUrl(name: string): string {
    return `${this.url}/services/${name}`;
  }

  get requests(): readonly SeenRequest[] {
    return this.#http.requests;
  }

  counts(): Readonly<Record<string, number>> {
    return this.#http.counts();
  }

  /** The next `times` messages are refused in Slack's words. */
  refuse(refusal: SlackRefusal, times = Number.POSITIVE_INFINITY): void {
    this.#refusals.push({ refusal, left: times });
  }

  /** The next `times` requests are never answered. */
  hang(times = Number.POSITIVE_INFINITY): void {
    this.#http.fail(() => true, { kind: 'hang' }, times);
  }

  heal(): void {
    this.#refusals = [];
    this.#http.heal();
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** Messages to one channel. */
  inChannel(channel: string): SlackMessage[] {
    return this.messages.filter((message) => message.channel === channel);
  }

  /** The first message that matches, waiting up to `timeoutMs` for it; `null` if none comes. */
  async waitFor(matches: (message: SlackMessage) => boolean, timeoutMs: number): Promise<SlackMessage | null> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.messages.find(matches);
      const left = deadline - performance.now();
      if (found !== undefined || left <= 0) return found ?? null;
      await this.#nextMessage(left);
    }
  }

  async #nextMessage(timeoutMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.#waiting.add(wake);
    });
  }

  #route(request: IncomingMessage, response: ServerResponse, body: Buffer): ServerResponse {
    const at = performance.now();
    const path = new URL(request.url ?? '/', this.url).pathname;
    const isWebhook = path.startsWith('/services/');
    const method = METHODS.find((name) => path === `/api/${name}`);
    if (!isWebhook && method === undefined) return sendJson(response, 200, { ok: false, error: 'unknown_method' });
    const refused = this.#refusals.find(({ left }) => left > 0);
    if (refused !== undefined) {
      refused.left -= 1;
      return answerRefusal(response, isWebhook, refused.refusal);
    }
    const message = readBody(body);
    if (message === null || (message.text === undefined && message.blocks === undefined)) {
      const refusal = {
        error: message === null ? 'invalid_payload' : 'no_text',
        ...(isWebhook ? { status: 400 } : {}),
      };
      return answerRefusal(response, isWebhook, refusal);
    }
    if (method !== undefined) return this.#callMethod(method, request, response, message, body, at);
    this.#take('webhook', path.slice('/services/'.length), message, body, at);
    return response.writeHead(200, { 'content-type': 'text/html' }).end('ok');
  }

  #callMethod(
    method: 'chat.postMessage' | 'chat.update',
    request: IncomingMessage,
    response: ServerResponse,
    message: Posted,
    body: Buffer,
    at: number,
  ): ServerResponse {
    const error = (word: string) => answerRefusal(response, false, { error: word });
    if (!/^Bearer xoxb-/.test(request.headers.authorization ?? '')) return error('not_authed');
    const { channel } = message;
    if (channel === undefined) return error('channel_not_found');
    const known = this.messages.some((earlier) => earlier.ts === message.ts && earlier.channel === channel);
    if (method === 'chat.update' && !known) return error('message_not_found');
    const ts = this.#take(method, channel, message, body, at);
    return sendJson(response, 200, { ok: true, channel, ts, message: { text: message.text, ts } });
  }

  #take(method: SlackMessage['method'], channel: string, message: Posted, body: Buffer, at: number): string {
    this.#count += 1;
    const ts = method === 'chat.update' && message.ts !== undefined ? message.ts : this.#newTs();
    const { text = '', thread_ts: threadTs = null } = message;
    this.messages.push({ method, channel, ts, threadTs, text, json: body.toString(), at });
    for (const wake of [...this.#waiting]) wake();
    return ts;
  }

  #newTs(): string {
    return `${Math.floor(Date.now() / 1000)}.${String(this.#count).padStart(6, '0')}`;
  }
}

function readBody(body: Buffer): Posted | null {
  try {
    return posted.parse(JSON.parse(body.toString()));
  } catch {
    return null;
  }
}

function answerRefusal(response: ServerResponse, isWebhook: boolean, refusal: SlackRefusal): ServerResponse {
  const { error, retryAfterSeconds } = refusal;
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  if (isWebhook) return response.writeHead(refusal.status ?? 404, { 'content-type': 'text/html' }).end(error);
  return sendJson(response, refusal.status ?? 200, { ok: false, error });
}
