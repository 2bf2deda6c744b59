import { HttpDouble, type SeenRequest } from './http-double.ts';

/** A request that was taken. */
export interface Taken {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Takes whatever is posted to it: a Teams workflow (202), somebody's webhook, a mail server's other side. */
export class InboxDouble {
  readonly taken: Taken[] = [];
  readonly #http: HttpDouble;

  private constructor(status: number) {
    this.#http = new HttpDouble((request, response, body) => {
      this.taken.push({ path: request.url ?? '/', headers: request.headers, body: body.toString() });
      return response.writeHead(status).end();
    });
  }

  /** @param status of every answer; a Teams workflow answers 202 */
  static async start(status = 200): Promise<InboxDouble> {
    const inbox = new InboxDouble(status);
    await inbox.#http.listen(0);
    return inbox;
  }

  get url(): string {
    return this.#http.url;
  }

  get requests(): readonly SeenRequest[] {
    return this.#http.requests;
  }

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
}
