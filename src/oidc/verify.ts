import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { type CiTokens, InvalidCiToken, type VerifiedCiToken } from '../usecases/ports.ts';
import { claimsOf } from './claims.ts';
import { acceptedAlgorithms, hasTokenId, type OidcIssuer } from './issuer.ts';
import { CiIssuerUnavailable, issuerKeys } from './keys.ts';

export { CiIssuerUnavailable };

/** GitHub's are about 2 KiB. */
const LONGEST_TOKEN = 16 * 1024;
const LONGEST_JTI = 256;
/** Tokens of CI jobs live minutes; what claims to live longer than this is not one. */
const LONGEST_LIFE_SECONDS = 24 * 60 * 60;

export interface CiTokensOptions {
  readonly issuers: readonly OidcIssuer[];
  /** The `aud` that jobs have to ask for: this installation. */
  readonly audience: string;
  readonly fetch: typeof fetch;
  /** By how much clocks may differ, 30 by default. */
  readonly clockSkewSeconds?: number | undefined;
}

/** An issuer with what is needed to check its signatures. */
interface Trusted {
  readonly issuer: OidcIssuer;
  readonly algorithms: string[];
  readonly keys: JWTVerifyGetKey;
}

/**
 * Verifies CI tokens of the given issuers. Keys come from where the configuration says; `jku`, `x5u` and `jwk` in a
 * token's header are ignored. `verify` throws `InvalidCiToken`, or `CiIssuerUnavailable` if the keys cannot be read.
 * @throws TypeError for an issuer with an unfit URL or algorithm, or given twice, and for an empty audience.
 * @see https://www.rfc-editor.org/rfc/rfc8725 JSON Web Token best current practices
 */
export function createCiTokens(options: CiTokensOptions): CiTokens {
  const { audience, clockSkewSeconds = 30 } = options;
  if (audience === '') throw new TypeError('The OIDC audience is empty.');
  const trusted = new Map<string, Trusted>();
  for (const issuer of options.issuers) {
    if (trusted.has(issuer.issuer)) throw new TypeError(`The OIDC issuer ${issuer.issuer} is given twice.`);
    const algorithms = acceptedAlgorithms(issuer);
    new URL(issuer.issuer); // Links to runs are made from it: it has to be a URL even if its keys are elsewhere.
    trusted.set(issuer.issuer, { issuer, algorithms, keys: issuerKeys(issuer, options.fetch) });
  }
  return {
    async verify(token, now) {
      const by = trusted.get(issuerOf(token));
      if (by === undefined) {
        const accepted = [...trusted.keys()].join(', ') || 'none';
        throw new InvalidCiToken(`The token's issuer is not configured here; accepted: ${accepted}.`);
      }
      const payload = await verifiedPayload(token, by, audience, clockSkewSeconds, now);
      const id = hasTokenId(by.issuer) ? payload.jti : await signedContent(token);
      return verifiedToken(payload, id, by.issuer, clockSkewSeconds);
    },
  };
}

/** Who the token says it is from. Not verified: it only selects whose keys to check it with, before any network. */
function issuerOf(token: string): string {
  if (token.length > LONGEST_TOKEN) throw new InvalidCiToken(`The token is longer than ${LONGEST_TOKEN / 1024} KiB.`);
  try {
    const { iss } = decodeJwt(token);
    if (typeof iss === 'string') return iss;
  } catch {
    throw new InvalidCiToken('The token is not a JSON Web Token.');
  }
  throw new InvalidCiToken('The token has no iss.');
}

async function verifiedPayload(
  token: string,
  { issuer, algorithms, keys }: Trusted,
  audience: string,
  clockTolerance: number,
  now: number,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: issuer.issuer,
      audience,
      algorithms,
      clockTolerance,
      currentDate: new Date(now),
      maxTokenAge: LONGEST_LIFE_SECONDS,
      requiredClaims: hasTokenId(issuer) ? ['exp', 'iat', 'jti'] : ['exp', 'iat'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new InvalidCiToken(reasonOf(error, issuer, audience));
    if (error instanceof CiIssuerUnavailable) throw error;
    // Not about the token: WebCrypto does not take a key as the issuer publishes it.
    throw new CiIssuerUnavailable(`A signing key of ${issuer.issuer} cannot be used.`);
  }
}

/** Words for jose's errors. Their own messages and causes may carry the claims, which belong in no log. */
function reasonOf(error: errors.JOSEError, issuer: OidcIssuer, audience: string): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired: ask for a new one in the step that uses it.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === 'missing') return `The token has no ${error.claim}.`;
    if (error.claim === 'aud') return `The token is for another audience: ask for one with audience "${audience}".`;
    if (error.reason === 'invalid') return `The token's ${error.claim} is not a number.`;
    return `The token is not valid yet (${error.claim}): one of the clocks is wrong.`;
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return `The token's signature algorithm is not accepted from ${issuer.issuer}.`;
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return `The token is not signed with a key of ${issuer.issuer}.`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature is wrong.";
  return 'The token is not a valid signed JSON Web Token.';
}

/**
 * What makes a token without `jti` one of its own: header and claims, as they are signed. Not the whole token, as a
 * signature can be written in several ways (the last bits of base64url, the other `s` of ECDSA) and replayed in each.
 */
async function signedContent(token: string): Promise<string> {
  const signed = new TextEncoder().encode(token.slice(0, token.lastIndexOf('.')));
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', signed));
  return `sha256:${[...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function verifiedToken(
  payload: JWTPayload,
  jti: string | undefined,
  issuer: OidcIssuer,
  clockSkewSeconds: number,
): VerifiedCiToken {
  const { exp, iat } = payload;
  if (exp === undefined || iat === undefined) throw new InvalidCiToken('The token has no exp or iat.');
  if (exp - iat > LONGEST_LIFE_SECONDS) throw new InvalidCiToken('The token is valid for more than a day.');
  // A `jti` from outside is a database key: it has to be a string, and not a long one.
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI) {
    throw new InvalidCiToken('The token has no usable jti.');
  }
  return { claims: claimsOf(issuer, payload), jti, expiresAt: (exp + clockSkewSeconds) * 1000 };
}
