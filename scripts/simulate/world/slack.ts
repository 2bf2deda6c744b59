import { createHmac, randomUUID } from 'node:crypto';
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

/** A Slack app with interactivity, as its settings page has it. */
export interface SlackApp {
  readonly signingSecret: string;
  /** Where Slack sends pressed buttons. */
  readonly requestUrl: string;
}

export interface SlackPerson {
  readonly id: string;
  readonly name: string;
  readonly workspace: string;
}

/** How a press differs from what Slack would send. */
export interface PressChanges {
  /** Of a menu: the option chosen, by its value's end. */
  readonly option?: string;
  /** Seconds since the epoch. */
  readonly timestamp?: number;
  readonly signature?: string;
  readonly responseUrl?: string;
  readonly value?: string;
}

/** A press as it goes over the wire: it can be sent again, which is a replay. */
export interface SignedPress {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const element = z.looseObject({
  action_id: z.string(),
  value: z.string().optional(),
  options: z.array(z.looseObject({ value: z.string() })).optional(),
});
const blocks = z.object({
  blocks: z.array(z.looseObject({ type: z.string(), elements: z.array(z.unknown()).optional() })),
});

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
  /** What people were told for their eyes only. */
  readonly replies: string[] = [];
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

  /** Somebody presses a button of a message: what Slack sends for it, signed. */
  press(
    app: SlackApp,
    message: SlackMessage,
    actionId: string,
    person: SlackPerson,
    changes: PressChanges = {},
  ): SignedPress {
    const found = actionOf(message, actionId);
    const chosen = found.options?.find(({ value }) => value.endsWith(changes.option ?? ''));
    const action = {
      action_id: actionId,
      block_id: 'b',
      type: found.options === undefined ? 'button' : 'static_select',
      action_ts: `${Date.now() / 1000}`,
      ...(found.options === undefined ? { value: changes.value ?? found.value } : { selected_option: chosen }),
    };
    const isWebhook = message.method === 'webhook';
    const channel = isWebhook ? 'C0WEBHOOK' : message.channel;
    const payload = {
      type: 'block_actions',
      user: { id: person.id, username: person.name, name: person.name, team_id: person.workspace },
      api_app_id: 'A0APP',
      token: 'legacy',
      container: { type: 'message', message_ts: message.ts, channel_id: channel, is_ephemeral: false },
      trigger_id: randomUUID(),
      team: { id: person.workspace, domain: 'example' },
      channel: { id: channel, name: 'alerts' },
      response_url: changes.responseUrl ?? `${this.url}/actions/T1/1/x`,
      actions: [action],
    };
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const timestamp = `${changes.timestamp ?? Math.floor(Date.now() / 1000)}`;
    const mac = createHmac('sha256', app.signingSecret).update(`v0:${timestamp}:${body}`).digest('hex');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': changes.signature ?? `v0=${mac}`,
      'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    };
    return { url: app.requestUrl, body, headers };
  }

  /** Sends a press. Answers with the status. */
  async deliver({ url, body, headers }: SignedPress): Promise<number> {
    const answer = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(10_000) });
    await answer.arrayBuffer();
    return answer.status;
  }

  /** Presses a button. */
  click(...press: Parameters<SlackDouble['press']>): Promise<number> {
    return this.deliver(this.press(...press));
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
    if (path.startsWith('/actions/')) {
      this.replies.push(readBody(body)?.text ?? '');
      return response.writeHead(200).end('ok');
    }
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

/** A message's button or menu; a person can only press what is there. */
function actionOf(message: SlackMessage, actionId: string): z.infer<typeof element> {
  const elements = blocks.parse(JSON.parse(message.json)).blocks.flatMap((block) => block.elements ?? []);
  const found = elements.map((each) => element.safeParse(each)).find(({ data }) => data?.action_id === actionId);
  if (found?.data === undefined) throw new Error(`The message has no button ${actionId}: ${message.text}`);
  return found.data;
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
