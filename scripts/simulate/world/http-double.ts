import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** How a double misbehaves. `hang` never answers. */
export type Failure =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number; readonly body?: string }
  | { readonly kind: 'hang' };

/** A request that a double received. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly userAgent: string;
  readonly authorization: string | undefined;
  /** ms on the clock of `performance.now()` */
  readonly at: number;
}

interface FailureRule {
  readonly matches: (request: SeenRequest) => boolean;
  readonly failure: Failure;
  left: number;
}

/** Answers one request whose body was read whole; returns the response as proof that it was ended. */
export type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => ServerResponse;

/** A small server on 127.0.0.1 that stands for somebody else's: it counts what it is asked and fails on command. */
export class HttpDouble {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  #rules: FailureRule[] = [];
  #url = '';

  constructor(handle: Handler) {
    this.#server = createServer((request, response) => {
      void this.#answer(handle, request, response);
    });
  }

  /** `http://127.0.0.1:<port>`, without a slash at its end. */
  get url(): string {
    return this.#url;
  }

  /** @param port 0: any free one */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('A TCP server has a port.');
    this.#url = `http://127.0.0.1:${address.port}`;
  }

  /** How often each method was asked for. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { method } of this.requests) counts[method] = (counts[method] ?? 0) + 1;
    return counts;
  }

  /** The next `times` requests that match fail. Rules are asked in the order in which they were made. */
  fail(matches: (request: SeenRequest) => boolean, failure: Failure, times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ matches, failure, left: times });
  }

  /** Ends all failures. */
  heal(): void {
    this.#rules = [];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(handle: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const userAgent = request.headers['user-agent'] ?? '';
    const { authorization } = request.headers;
    const seen: SeenRequest = { method, path, userAgent, authorization, at: performance.now() };
    this.requests.push(seen);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const rule = this.#rules.find((candidate) => candidate.left > 0 && candidate.matches(seen));
    if (rule === undefined) {
      handle(request, response, Buffer.concat(chunks));
      return;
    }
    rule.left -= 1;
    if (rule.failure.kind === 'hang') return;
    const { status, retryAfterSeconds, body = '' } = rule.failure;
    if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
    response.writeHead(status).end(body);
  }
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  type = 'application/json',
): ServerResponse {
  return response.writeHead(status, { 'content-type': type }).end(JSON.stringify(value));
}
