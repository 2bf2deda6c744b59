import type { ImageName } from '../domain/reference.ts';
import { endpointUrl, findEndpoint, type RegistryEndpoint, type RegistryEndpoints } from './endpoint.ts';
import { createHttp, type HttpAnswer, type HttpOptions, refusal, type SendHttp } from './http.ts';
import { RegistryPauses } from './pauses.ts';
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

/** `reason` is a whole sentence part, with the registry's name. */
export type ClientAnswer =
  | { readonly kind: 'found'; readonly headers: Headers; readonly body: Uint8Array }
  | { readonly kind: 'not-found' }
  | { readonly kind: 'trouble'; readonly status: number | null; readonly reason: string };

/** Talks to configured registries and signs in where they ask for it. Never throws. */
export class RegistryClient {
  readonly #endpoints: RegistryEndpoints;
  readonly #send: SendHttp;
  readonly #tokens: RegistryTokens;
  readonly #pauses: RegistryPauses;

  constructor(options: ClientOptions) {
    this.#endpoints = options.endpoints;
    this.#send = createHttp(options);
    this.#tokens = new RegistryTokens(this.#send, options.now ?? Date.now);
    this.#pauses = new RegistryPauses(options.clock ?? Date.now);
  }

  async request(image: ImageName, request: ClientRequest): Promise<ClientAnswer> {
    const endpoint = findEndpoint(this.#endpoints, image);
    if (endpoint === undefined) return trouble(`The registry ${image.registry} is not configured`);
    const pause = this.#pauses.until(image.registry);
    if (pause !== null) {
      return trouble(`${image.registry} asked for no requests (429) before ${new Date(pause).toISOString()}`, 429);
    }
    const answer = await this.#signedIn(endpoint, image, request);
    if (answer.kind === 'trouble') return trouble(`${image.registry} ${answer.reason}`);
    if (answer.status === 200) return { kind: 'found', headers: answer.headers, body: answer.body };
    if (answer.status === 404) return { kind: 'not-found' };
    if (answer.status === 429) this.#pauses.note(image.registry, answer.headers);
    return trouble(`${image.registry} ${refusal(answer.status, answer.headers)}`, answer.status);
  }

  /** A 401 is answered once; after a token from the cache, which may have been revoked, with a new one. */
  async #signedIn(endpoint: RegistryEndpoint, image: ImageName, request: ClientRequest): Promise<HttpAnswer> {
    const send = (authorization: string | null): Promise<HttpAnswer> =>
      this.#send({
        method: request.method,
        url: endpointUrl(endpoint, request.path),
        headers: { accept: request.accept, ...(authorization === null ? {} : { authorization }) },
        maxBytes: request.maxBytes,
      });
    const initial = await this.#tokens.initial(endpoint, image);
    if (initial?.kind === 'trouble') return initial;
    const first = await send(initial?.value ?? null);
    const refused = first.kind === 'answer' && first.status === 401;
    if (!refused || (initial !== null && !initial.cached)) return first;
    const next = await this.#tokens.answer(endpoint, image, first.headers.get('www-authenticate'));
    return next.kind === 'trouble' ? next : send(next.value);
  }
}

function trouble(reason: string, status: number | null = null): ClientAnswer {
  return { kind: 'trouble', status, reason };
}
