import * as z from 'zod';

const problem = z.looseObject({ title: z.string().optional(), detail: z.string().optional() });
const webhook = z.looseObject({ url: z.string(), secret: z.string().nullish() });
const registered = z.looseObject({
  id: z.number(),
  image: z.string(),
  baseline: z.looseObject({ state: z.enum(['reading', 'done']), tags: z.number().optional() }),
  webhook: webhook.optional(),
});
const push = z.looseObject({
  id: z.string(),
  image: z.string(),
  tag: z.string(),
  digest: z.string().nullable(),
  kind: z.string(),
  origin: z.string(),
  receivedAt: z.string(),
  verdict: z.string().nullable(),
  findings: z.array(z.looseObject({ code: z.string() })),
  wants: z.array(z.string()).nullish(),
  alert: z.string().nullable(),
});
const alert = z.looseObject({ id: z.string(), state: z.string(), image: z.string(), tags: z.array(z.string()) });
const clock = z.looseObject({ now: z.string(), offsetSeconds: z.number() });

const page = z.looseObject({ items: z.array(z.unknown()), next: z.string().nullable() });

type Page = z.infer<typeof page>;
export type Push = z.infer<typeof push>;
export type Alert = z.infer<typeof alert>;

export interface Repository {
  readonly id: number;
  readonly image: string;
  readonly webhookUrl: string;
  readonly webhookSecret: string;
}

export interface Announcement {
  readonly phase: 'started' | 'pushed' | 'finished';
  readonly image: string;
  readonly digest?: string;
  readonly tags?: readonly string[];
}

/** Pushwarden answered otherwise than the story needs. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
  readonly status: number;

  constructor(request: string, status: number, detail: string) {
    super(`${request} answered ${status}: ${detail}`);
    this.status = status;
  }
}

/** Pushwarden from outside: its documented HTTP API and the clock of a local installation. */
export class PushwardenApi {
  readonly url: string;
  readonly #key: string;
  #offsetSeconds = 0;

  constructor(url: string, key: string) {
    this.url = url.replace(/\/$/, '');
    this.#key = key;
  }

  /** How far the installation's clock is ahead. */
  get offsetSeconds(): number {
    return this.#offsetSeconds;
  }

  /** The installation's time, ms since the epoch. */
  now(): number {
    return Date.now() + this.#offsetSeconds * 1000;
  }

  /** @throws UnexpectedAnswer with status 404 if it is not a local installation */
  async readClock(): Promise<void> {
    this.#offsetSeconds = clock.parse(await this.#call('GET', '/local/clock')).offsetSeconds;
  }

  /** Advances the clock, after everything that falls due in between has run. */
  async advance(seconds: number): Promise<void> {
    const answer = await this.#call('POST', '/local/clock', { advanceSeconds: seconds });
    this.#offsetSeconds = clock.parse(answer).offsetSeconds;
  }

  async run(job: 'sweep' | 'redrive' | 'retention'): Promise<void> {
    await this.#call('POST', '/local/run', { job });
  }

  async makeChannel(channel: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#call('POST', '/api/v1/channels', channel);
  }

  async register(image: string, policy: object, alertChannel: string, provider?: string): Promise<Repository> {
    const body = { image, policy, alertChannel, ...(provider === undefined ? {} : { provider }) };
    const answer = registered.parse(await this.#call('POST', '/api/v1/repositories', body));
    if (answer.webhook === undefined) throw new Error('A registration answers with its webhook.');
    // The address is made from PUBLIC_URL, which may be a tunnel's.
    const { pathname } = new URL(answer.webhook.url);
    const { id, image: name, webhook: made } = answer;
    return { id, image: name, webhookUrl: `${this.url}${pathname}`, webhookSecret: made.secret ?? '' };
  }

  async baseline(id: number): Promise<{ readonly state: 'reading' | 'done'; readonly tags?: number | undefined }> {
    return registered.parse(await this.#call('GET', `/api/v1/repositories/${id}`)).baseline;
  }

  /** Every push of a repository, newest first; `folded`: also parts of indexes, and signatures. */
  async pushes(id: number, folded = false): Promise<Push[]> {
    const all: Push[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const answer: Page = await this.#page(`/api/v1/repositories/${id}/pushes?limit=100&folded=${folded}`, cursor);
      all.push(...z.array(push).parse(answer.items));
      cursor = answer.next;
    }
    return all;
  }

  async openAlerts(image: string): Promise<Alert[]> {
    const all = z.array(alert).parse((await this.#page('/api/v1/alerts?state=open', '')).items);
    return all.filter((each) => each.image === image);
  }

  async alert(id: string): Promise<Alert> {
    return alert.parse(await this.#call('GET', `/api/v1/alerts/${id}`));
  }

  /** @param token of the CI job */
  async announce(token: string, announcement: Announcement): Promise<void> {
    await this.#call('POST', '/ci/announcements', announcement, token);
  }

  /** Delivers a webhook. @returns `performance.now()` when it was sent */
  async deliver(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<number> {
    const at = performance.now();
    const answer = await fetch(url, { method: 'POST', body, headers, signal: AbortSignal.timeout(30_000) });
    const text = await answer.text();
    if (!answer.ok) throw new UnexpectedAnswer('The webhook', answer.status, text.slice(0, 500));
    return at;
  }

  async #page(path: string, cursor: string): Promise<Page> {
    const separator = path.includes('?') ? '&' : '?';
    const query = cursor === '' ? '' : `${separator}cursor=${encodeURIComponent(cursor)}`;
    return page.parse(await this.#call('GET', `${path}${query}`));
  }

  async #call(method: string, path: string, body?: object, bearer = this.#key): Promise<unknown> {
    const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' };
    const request = { method, headers, signal: AbortSignal.timeout(300_000) };
    const answer = await fetch(
      `${this.url}${path}`,
      body === undefined ? request : { ...request, body: JSON.stringify(body) },
    );
    const text = await answer.text();
    if (answer.ok) return text === '' ? {} : JSON.parse(text);
    const { title, detail } = readProblem(text);
    throw new UnexpectedAnswer(`${method} ${path}`, answer.status, detail ?? title ?? text.slice(0, 500));
  }
}

function readProblem(text: string): z.infer<typeof problem> {
  try {
    return problem.parse(JSON.parse(text));
  } catch {
    return {};
  }
}
