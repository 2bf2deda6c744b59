import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import type { RequestBudget } from '../usecases/ports.ts';
import { endpointUrl, findEndpoint, type RegistryEndpoint, type RegistryEndpoints } from './endpoint.ts';
import { createHttp, type HttpAnswer, type HttpOptions, refusal, type SendHttp, withinBudget } from './http.ts';
import { RegistryPauses } from './pauses.ts';
import { isRedirect, readFromStorage } from './storage.ts';
import { RegistryTokens } from './tokens.ts';

export interface ClientOptions extends HttpOptions {
  readonly endpoints: RegistryEndpoints;
  /** Real time in ms, for the lifetime of tokens. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
  /** The time by which `Retry-After` is waited for, in ms. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

export interface ClientRequest {
  readonly method: 'GET' | 'HEAD';
  /** Under the endpoint's URL, with `/v2`, the query included. */
  readonly path: string;
  readonly accept: string;
  readonly maxBytes: number;
}

/** `reason` is a whole sentence part, with the registry's name; `announced` as in `HttpAnswer`. */
export type ClientAnswer =
  | { readonly kind: 'found'; readonly headers: Headers; readonly body: Uint8Array }
  | { readonly kind: 'not-found' }
  | {
      readonly kind: 'trouble';
      readonly status: number | null;
      readonly reason: string;
      readonly announced?: Headers | undefined;
    };

/** What is remembered of registries, whoever's budget the requests are taken from. */
interface Memory {
  readonly endpoints: RegistryEndpoints;
  readonly tokens: RegistryTokens;
  readonly pauses: RegistryPauses;
}

/** Talks to configured registries and signs in where they ask for it. Never throws. */
export class RegistryClient {
  readonly #memory: Memory;
  readonly #send: SendHttp;

  private constructor(memory: Memory, send: SendHttp) {
    this.#memory = memory;
    this.#send = send;
  }

  static create(options: ClientOptions): RegistryClient {
    const tokens = new RegistryTokens(options.now ?? Date.now);
    const pauses = new RegistryPauses(options.clock ?? Date.now);
    return new RegistryClient({ endpoints: options.endpoints, tokens, pauses }, createHttp(options));
  }

  /** The same client, with the same tokens and pauses, whose every request is taken from a budget. */
  within(requests: RequestBudget): RegistryClient {
    return new RegistryClient(this.#memory, withinBudget(this.#send, requests));
  }

  async request(image: ImageName, request: ClientRequest): Promise<ClientAnswer> {
    const asked = await this.#ask(image, request);
    return 'endpoint' in asked ? this.#conclude(image, asked.answer) : asked;
  }

  /** `GET` of a blob, from wherever the registry keeps it. Its bytes are the caller's to hash. */
  async blob(image: ImageName, digest: Digest, maxBytes: number): Promise<ClientAnswer> {
    const path = `/v2/${image.path}/blobs/${digest}`;
    const asked = await this.#ask(image, { method: 'GET', path, accept: '*/*', maxBytes });
    if (!('endpoint' in asked)) return asked;
    const { endpoint, answer } = asked;
    return this.#conclude(
      image,
      isRedirect(answer) ? await readFromStorage(this.#send, endpoint, image, answer, maxBytes) : answer,
    );
  }

  async #ask(
    image: ImageName,
    request: ClientRequest,
  ): Promise<{ readonly endpoint: RegistryEndpoint; readonly answer: HttpAnswer } | ClientAnswer> {
    const { endpoints, pauses } = this.#memory;
    const endpoint = findEndpoint(endpoints, image);
    if (endpoint === undefined) return trouble(`The registry ${image.registry} is not configured`);
    const pause = pauses.until(image.registry);
    if (pause !== null) {
      return trouble(`${image.registry} asked for no requests (429) before ${new Date(pause).toISOString()}`, 429);
    }
    return { endpoint, answer: await this.#signedIn(endpoint, image, request) };
  }

  #conclude(image: ImageName, answer: HttpAnswer): ClientAnswer {
    if (answer.kind === 'trouble') {
      return { ...trouble(`${image.registry} ${answer.reason}`), announced: answer.announced };
    }
    if (answer.status === 200) return { kind: 'found', headers: answer.headers, body: answer.body };
    if (answer.status === 404) return { kind: 'not-found' };
    if (answer.status === 429) this.#memory.pauses.note(image.registry, answer.headers);
    return trouble(`${image.registry} ${refusal(answer.status, answer.headers)}`, answer.status);
  }

  /** A 401 is answered once; after a token from the cache, which may have been revoked, with a new one. */
  async #signedIn(endpoint: RegistryEndpoint, image: ImageName, request: ClientRequest): Promise<HttpAnswer> {
    const { tokens } = this.#memory;
    const send = (authorization: string | null): Promise<HttpAnswer> =>
      this.#send({
        method: request.method,
        url: endpointUrl(endpoint, request.path),
        headers: { accept: request.accept, ...(authorization === null ? {} : { authorization }) },
        maxBytes: request.maxBytes,
      });
    const initial = await tokens.initial(this.#send, endpoint, image);
    if (initial?.kind === 'trouble') return initial;
    const first = await send(initial?.value ?? null);
    const refused = first.kind === 'answer' && first.status === 401;
    if (!refused || (initial !== null && !initial.cached)) return first;
    const next = await tokens.answer(this.#send, endpoint, image, first.headers.get('www-authenticate'));
    return next.kind === 'trouble' ? next : send(next.value);
  }
}

function trouble(reason: string, status: number | null = null): Extract<ClientAnswer, { kind: 'trouble' }> {
  return { kind: 'trouble', status, reason };
}
