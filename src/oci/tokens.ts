import * as z from 'zod';
import type { ImageName } from '../domain/reference.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type RegistryEndpoint } from './endpoint.ts';
import { BODY_CAPS, refusal, type SendHttp } from './http.ts';

/** An `Authorization` header's value, or why there is none (goes on after the registry's name). */
export type Authorization =
  | { readonly kind: 'header'; readonly value: string; readonly cached: boolean }
  | { readonly kind: 'trouble'; readonly reason: string };

/** How a registry wants to be talked to. */
type Scheme =
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string | undefined }
  | { readonly kind: 'basic' };

const DEFAULT_LIFETIME_SECONDS = 60;
const MAX_LIFETIME_SECONDS = 3600;
/** Given back this long before it expires, in ms. */
const MARGIN_MS = 10_000;
const MAX_TOKENS = 500;

/** Characters that may stand in a header, and no more of them than a header takes. */
const token = z.string().regex(/^[\x21-\x7e]{1,16384}$/);
const answerSchema = z.object({
  token: token.optional().catch(undefined),
  access_token: token.optional().catch(undefined),
  expires_in: z.number().optional().catch(undefined),
});

/**
 * Gets read tokens and keeps them in memory, one per repository, until shortly before they expire. Who asks brings the
 * means to send, since a request for a token is counted as theirs.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export class RegistryTokens {
  readonly #now: () => number;
  readonly #schemes = new Map<string, Scheme>();
  readonly #tokens = new Map<string, { readonly value: string; readonly until: number }>();

  /** @param now real time in ms */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What to send at first: nothing (`null`) until the registry has asked for something. */
  async initial(send: SendHttp, endpoint: RegistryEndpoint, image: ImageName): Promise<Authorization | null> {
    const scheme = this.#schemes.get(image.registry);
    return scheme === undefined ? null : this.#authorize(send, scheme, endpoint, image);
  }

  /** What to send after a 401 with this `WWW-Authenticate` header. */
  async answer(
    send: SendHttp,
    endpoint: RegistryEndpoint,
    image: ImageName,
    header: string | null,
  ): Promise<Authorization> {
    this.#tokens.delete(tokenKey(image));
    const scheme = chooseScheme(endpoint, parseChallenges(header));
    if ('reason' in scheme) return { kind: 'trouble', reason: scheme.reason };
    this.#schemes.set(image.registry, scheme);
    return this.#authorize(send, scheme, endpoint, image);
  }

  async #authorize(
    send: SendHttp,
    scheme: Scheme,
    endpoint: RegistryEndpoint,
    image: ImageName,
  ): Promise<Authorization> {
    if (scheme.kind === 'basic') {
      const value = basicAuthorization(endpoint);
      return value === null
        ? { kind: 'trouble', reason: refusal(401, new Headers()) }
        : { kind: 'header', value, cached: false };
    }
    const known = this.#tokens.get(tokenKey(image));
    if (known !== undefined && known.until > this.#now()) {
      return { kind: 'header', value: `Bearer ${known.value}`, cached: true };
    }
    return this.#fetchToken(send, scheme, endpoint, image);
  }

  async #fetchToken(
    send: SendHttp,
    scheme: Extract<Scheme, { kind: 'bearer' }>,
    endpoint: RegistryEndpoint,
    image: ImageName,
  ): Promise<Authorization> {
    const url = new URL(scheme.realm);
    if (scheme.service !== undefined) url.searchParams.set('service', scheme.service);
    url.searchParams.set('scope', `repository:${image.path}:pull`);
    const basic = basicAuthorization(endpoint);
    const headers = { accept: 'application/json', ...(basic === null ? {} : { authorization: basic }) };
    const answer = await send({ method: 'GET', url: url.href, headers, maxBytes: BODY_CAPS.token });
    if (answer.kind === 'trouble') return fromTokenServer(answer.reason);
    if (answer.status !== 200) return fromTokenServer(refusal(answer.status, answer.headers));
    const parsed = parseToken(answer.body);
    if (parsed === null) return fromTokenServer('answered without a token');
    this.#keep(tokenKey(image), parsed);
    return { kind: 'header', value: `Bearer ${parsed.value}`, cached: false };
  }

  #keep(key: string, { value, seconds }: { readonly value: string; readonly seconds: number }): void {
    const until = this.#now() + seconds * 1000 - MARGIN_MS;
    this.#tokens.delete(key);
    if (until <= this.#now()) return;
    this.#tokens.set(key, { value, until });
    // A Map lists its keys in the order they were set: the first is the oldest.
    const oldest = this.#tokens.keys().next().value;
    if (this.#tokens.size > MAX_TOKENS && oldest !== undefined) this.#tokens.delete(oldest);
  }
}

function tokenKey(image: ImageName): string {
  return `${image.registry}/${image.path}`;
}

function fromTokenServer(reason: string): Authorization {
  return { kind: 'trouble', reason: `could not be read: its token server ${reason}` };
}

/**
 * Threat: a `realm` in an answer sends whoever follows it, credentials in hand, to a host of the answer's choosing.
 * It is only ever compared with the configured one, or with the registry's own origin if none is configured.
 */
function chooseScheme(endpoint: RegistryEndpoint, challenges: readonly Challenge[]): Scheme | { reason: string } {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) {
    const realm = parseUrl(bearer.parameters.get('realm'));
    const configured = parseUrl(endpoint.tokenRealm);
    const own = parseUrl(endpoint.url);
    const isOurs = configured === null ? realm?.origin === own?.origin : realm?.href === configured.href;
    if (realm === null || !isOurs) return { reason: 'names another token server than the configured one' };
    return { kind: 'bearer', realm: realm.href, service: endpoint.tokenService ?? bearer.parameters.get('service') };
  }
  if (challenges.some(({ scheme }) => scheme === 'basic')) return { kind: 'basic' };
  return { reason: refusal(401, new Headers()) };
}

function parseUrl(text: string | undefined): URL | null {
  return text === undefined ? null : URL.parse(text);
}

function parseToken(body: Uint8Array): { readonly value: string; readonly seconds: number } | null {
  try {
    const answer = answerSchema.parse(JSON.parse(new TextDecoder().decode(body)));
    const value = answer.token ?? answer.access_token;
    if (value === undefined) return null;
    const seconds = Math.min(Math.max(answer.expires_in ?? DEFAULT_LIFETIME_SECONDS, 0), MAX_LIFETIME_SECONDS);
    return { value, seconds };
  } catch {
    return null;
  }
}
