/**
 * An answer to a request that cannot be served, as RFC 9457 writes it. Everything in it may be shown to the sender.
 * @see https://www.rfc-editor.org/rfc/rfc9457
 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly more: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: keyof typeof TITLES,
    detail: string,
    more: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.status = status;
    this.title = TITLES[status];
    this.detail = detail;
    this.more = more;
    this.headers = headers;
  }

  response(): Response {
    const body = { type: 'about:blank', title: this.title, status: this.status, detail: this.detail, ...this.more };
    const headers = { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...this.headers };
    return new Response(JSON.stringify(body), { status: this.status, headers });
  }
}

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

/** The one answer for everything that is not there, whoever asks for whatever reason. */
export const notFound = (): Problem => new Problem(404, 'There is nothing here.');
