/**
 * Issuers of CI tokens that this installation believes.
 * @see https://docs.github.com/en/actions/reference/security/oidc
 * @see https://docs.gitlab.com/ci/secrets/id_token_authentication/
 * @see https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/
 * @see https://buildkite.com/docs/agent/cli/reference/oidc
 */

/** Whose claims a token has. */
export type CiKind = 'github' | 'gitlab' | 'circleci' | 'buildkite';

/** Who signs tokens for CI jobs, and how to read their claims. */
export interface OidcIssuer {
  /** Exact `iss`: `https://token.actions.githubusercontent.com`. CircleCI's is one per organization. */
  readonly issuer: string;
  readonly kind: CiKind;
  /** Where its keys are; by default the usual place of its kind under the issuer. */
  readonly jwksUrl?: string | undefined;
  /** Signature algorithms to accept, `['RS256']` by default. */
  readonly algorithms?: readonly string[] | undefined;
}

/** Asymmetric only: with `HS…` the issuer's public key would be a secret anybody can sign with. */
export const SIGNATURE_ALGORITHMS: readonly string[] = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'];

const KEYS_PATH: Readonly<Record<CiKind, string>> = {
  github: '/.well-known/jwks',
  gitlab: '/oauth/discovery/keys',
  circleci: '/.well-known/jwks-pub.json',
  buildkite: '/.well-known/jwks',
};

/**
 * Where the issuer publishes its keys. No discovery: one request less, and no URL from a document.
 * @throws TypeError if it is not a URL.
 */
export function keysUrl(issuer: OidcIssuer): URL {
  return new URL(issuer.jwksUrl ?? `${issuer.issuer.replace(/\/$/, '')}${KEYS_PATH[issuer.kind]}`);
}

/** Tokens of the others have no `jti`, by their documentation: they are known by what is signed. */
export function hasTokenId({ kind }: OidcIssuer): boolean {
  return kind === 'github' || kind === 'gitlab';
}

/**
 * The algorithms to accept from the issuer.
 * @throws TypeError if one is not among `SIGNATURE_ALGORITHMS`, or none is left.
 */
export function acceptedAlgorithms(issuer: OidcIssuer): string[] {
  const algorithms = issuer.algorithms ?? ['RS256'];
  const unfit = algorithms.find((algorithm) => !SIGNATURE_ALGORITHMS.includes(algorithm));
  if (unfit !== undefined || algorithms.length === 0) {
    throw new TypeError(`${issuer.issuer}: "${unfit ?? ''}" is not one of ${SIGNATURE_ALGORITHMS.join(', ')}.`);
  }
  return [...algorithms];
}
