import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { HttpDouble, type SeenRequest, sendJson } from './http-double.ts';

/** A message that Discord took, or a change of one. */
export interface DiscordMessage {
  readonly method: 'POST' | 'PATCH';
  readonly id: string;
  /** Its `content`. */
  readonly text: string;
  /** The whole request as JSON text. */
  readonly json: string;
}

const posted = z.looseObject({ content: z.string().max(2000), embeds: z.array(z.unknown()).max(10).optional() });

/**
 * Discord's webhooks.
 * @see https://docs.discord.com/developers/resources/webhook#execute-webhook
 */
export class DiscordDouble {
  readonly messages: DiscordMessage[] = [];
  readonly #http = new HttpDouble((request, response, body) => this.#route(request, response, body));
  #count = 0;

  static async start(): Promise<DiscordDouble> {
    const discord = new DiscordDouble();
    await discord.#http.listen(0);
    return discord;
  }

  get webhookUrl(): string {
    return `${this.#http.url}/api/webhooks/123456789/token-of-the-webhook`;
  }

  get requests(): readonly SeenRequest[] {
    return this.#http.requests;
  }

  /** The next `times` requests fail. */
  refuse(status: number, retryAfterSeconds?: number, times = Number.POSITIVE_INFINITY): void {
    const more = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    this.#http.fail(() => true, { kind: 'status', status, ...more }, times);
  }

  heal(): void {
    this.#http.heal();
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  #route(request: IncomingMessage, response: ServerResponse, body: Buffer): ServerResponse {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.#http.url);
    const [, edited] =
      /^\/api\/webhooks\/123456789\/token-of-the-webhook(?:\/messages\/([0-9]+))?$/.exec(pathname) ?? [];
    const method = request.method === 'PATCH' ? 'PATCH' : 'POST';
    if (!pathname.startsWith('/api/webhooks/123456789/token-of-the-webhook'))
      return sendJson(response, 404, { message: 'Unknown Webhook', code: 10015 });
    const message = posted.safeParse(JSON.parse(body.toString()));
    if (!message.success) return sendJson(response, 400, { code: 50035, message: 'Invalid Form Body' });
    if (method === 'PATCH' && !this.messages.some(({ id }) => id === edited))
      return sendJson(response, 404, { message: 'Unknown Message', code: 10008 });
    this.#count += 1;
    const id = method === 'PATCH' ? `${edited}` : `9000${this.#count}`;
    this.messages.push({ method, id, text: message.data.content, json: body.toString() });
    // Without `wait` Discord tells nothing of the message.
    if (method === 'POST' && searchParams.get('wait') !== 'true') return response.writeHead(204).end();
    return sendJson(response, 200, { id, content: message.data.content });
  }
}
