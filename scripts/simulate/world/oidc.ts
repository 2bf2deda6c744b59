import { randomUUID } from 'node:crypto';
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWK, SignJWT } from 'jose';
import { HttpDouble, type SeenRequest, sendJson } from './http-double.ts';

type Algorithm = 'RS256' | 'ES256' | 'HS256' | 'none';

export interface MintOptions {
  readonly audience: string | readonly string[];
  /** Default `RS256`. `HS256` uses the published public key as the shared secret: the classic confusion. */
  readonly alg?: Algorithm;
  /** How long the token lives, in seconds; default 300, as GitHub's. Negative: expired already. */
  readonly lifetimeSeconds?: number;
  /** Added to the real time, in seconds: for an installation whose clock was advanced. */
  readonly offsetSeconds?: number;
  /** Signs with a key that the issuer never published. */
  readonly strangerKey?: boolean;
  /** Default: this issuer. */
  readonly issuer?: string;
}

interface Key {
  readonly kid: string;
  readonly pair: GenerateKeyPairResult;
  readonly jwk: JWK;
}

/**
 * A CI's token issuer: discovery, keys, and tokens with any claims.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 */
export class OidcDouble {
  readonly #http = new HttpDouble((request, response) => {
    const path = new URL(request.url ?? '/', this.issuer).pathname;
    if (path === '/.well-known/jwks') return sendJson(response, 200, { keys: this.#published.map(({ jwk }) => jwk) });
    if (path !== '/.well-known/openid-configuration') return sendJson(response, 404, {});
    return sendJson(response, 200, { issuer: this.issuer, jwks_uri: this.jwksUrl });
  });
  #published: Key[] = [];
  #stranger: Key | null = null;

  static async start(options: { readonly port?: number } = {}): Promise<OidcDouble> {
    const double = new OidcDouble();
    await double.rotateKeys();
    await double.#http.listen(options.port ?? 0);
    return double;
  }

  /** The `iss` of its tokens. */
  get issuer(): string {
    return this.#http.url;
  }

  get jwksUrl(): string {
    return `${this.issuer}/.well-known/jwks`;
  }

  get requests(): readonly SeenRequest[] {
    return this.#http.requests;
  }

  counts(): Readonly<Record<string, number>> {
    return this.#http.counts();
  }

  /** Requests for keys fail with this status, `times` times or until `heal`; `hang` never answers. */
  fail(failure: number | 'hang', times?: number): void {
    this.#http.fail(() => true, failure === 'hang' ? { kind: 'hang' } : { kind: 'status', status: failure }, times);
  }

  heal(): void {
    this.#http.heal();
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** Publishes new keys and forgets the old ones. */
  async rotateKeys(): Promise<void> {
    this.#published = [await makeKey('RS256'), await makeKey('ES256')];
    this.#stranger = await makeKey('RS256');
  }

  /** A token with these claims; `jti`, `iss`, `aud`, `iat`, `nbf` and `exp` are added unless given. */
  async mint(claims: Readonly<Record<string, unknown>>, options: MintOptions): Promise<string> {
    const { alg = 'RS256', lifetimeSeconds = 300, offsetSeconds = 0, issuer = this.issuer, audience } = options;
    const now = Math.floor(Date.now() / 1000) + offsetSeconds;
    const payload = {
      jti: randomUUID(),
      iss: issuer,
      aud: typeof audience === 'string' ? audience : [...audience],
      iat: now,
      nbf: now - 10,
      exp: now + lifetimeSeconds,
      ...claims,
    };
    const key = this.#keyFor(alg, options.strangerKey ?? false);
    if (alg === 'none') return `${base64url({ alg, typ: 'JWT' })}.${base64url(payload)}.`;
    const secret = alg === 'HS256' ? new TextEncoder().encode(JSON.stringify(key.jwk)) : key.pair.privateKey;
    return new SignJWT(payload).setProtectedHeader({ alg, typ: 'JWT', kid: key.kid }).sign(secret);
  }

  #keyFor(alg: Algorithm, stranger: boolean): Key {
    const wanted = alg === 'ES256' ? 'ES256' : 'RS256';
    const key = stranger ? this.#stranger : this.#published.find(({ jwk }) => jwk.alg === wanted);
    if (!key) throw new Error(`There is no ${wanted} key.`);
    return key;
  }
}

async function makeKey(alg: 'RS256' | 'ES256'): Promise<Key> {
  const pair = await generateKeyPair(alg, { extractable: true });
  const kid = randomUUID();
  return { kid, pair, jwk: { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' } };
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
