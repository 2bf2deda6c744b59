import { errors, jwtVerify } from 'jose';
import type { Identity } from '../domain/person.ts';
import { IdentityUnavailable } from '../usecases/ports.ts';
import { CiIssuerUnavailable, issuerKeys } from './keys.ts';

export interface AccessOptions {
  /** `https://TEAM.cloudflareaccess.com`: the exact `iss`. */
  readonly issuer: string;
  /** The application's AUD tag. */
  readonly audience: string;
  readonly fetch: typeof fetch;
}

export interface AccessTokens {
  /**
   * Whom Cloudflare Access lets through with this `Cf-Access-Jwt-Assertion`. `null`: nobody, or a service token.
   * @throws IdentityUnavailable if its keys cannot be read
   */
  identify(assertion: string, now: number): Promise<Identity | null>;
}

const LONGEST = 16 * 1024;
const EMAIL = /^[^\s@\p{C}]{1,100}@[^\s@\p{C}]{1,150}$/u;

/**
 * Verifies what Cloudflare Access says of whoever made a request. The header alone proves nothing: whoever reaches the
 * Worker by another address can send one.
 * @see https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
 */
export function createAccessTokens({ issuer, audience, fetch }: AccessOptions): AccessTokens {
  const keys = issuerKeys({ issuer, kind: 'github', jwksUrl: `${issuer}/cdn-cgi/access/certs` }, fetch);
  return {
    async identify(assertion, now) {
      if (assertion.length > LONGEST) return null;
      try {
        const { payload } = await jwtVerify(assertion, keys, {
          issuer,
          audience,
          algorithms: ['RS256'],
          clockTolerance: 30,
          currentDate: new Date(now),
          requiredClaims: ['exp', 'iat', 'sub'],
        });
        const { sub, email } = payload;
        // A service token's `sub` is empty, and it has no address.
        if (typeof sub !== 'string' || sub === '' || sub.length > 256) return null;
        if (typeof email !== 'string' || !EMAIL.test(email)) return null;
        return { provider: 'access', externalId: sub, login: email.toLowerCase() };
      } catch (error) {
        if (error instanceof CiIssuerUnavailable) throw new IdentityUnavailable(error.message);
        if (error instanceof errors.JOSEError) return null;
        throw new IdentityUnavailable('A signing key of Cloudflare Access cannot be used.');
      }
    },
  };
}
