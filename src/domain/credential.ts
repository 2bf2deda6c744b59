/**
 * What can push: an account as webhooks name it, or a token that the registry lists. A Docker Hub webhook names only the
 * account; a GitHub sender and a Distribution actor are all that there is to know.
 */
export type CredentialKind =
  | 'dockerhub-account'
  | 'github-sender'
  | 'distribution-actor'
  /** Personal access token. @see https://docs.docker.com/security/access-tokens/ */
  | 'dockerhub-pat'
  /** Organization access token. @see https://docs.docker.com/enterprise/security/access-tokens/ */
  | 'dockerhub-oat'
  /** OIDC connection. @see https://docs.docker.com/enterprise/security/oidc-connections/ */
  | 'dockerhub-oidc';

/**
 * What a maintainer says of a credential. `retired`: used no more, so a use is unexpected. `canary`: a decoy that lies
 * where only a thief looks, so that any use at all is an alert.
 */
export type CredentialMark = 'none' | 'expected' | 'unexpected' | 'retired' | 'canary';

/** Whether a rule may make it expected: what somebody has said otherwise is taken back on its own page only. */
export const mayBecomeExpected = (mark: CredentialMark): boolean => mark === 'none' || mark === 'expected';

/** How surely a push (or another use) is a credential's. Never shown as more than it is. */
export type AttributionStrength =
  /** The registry's own log, or a signed webhook, names it. */
  | 'named'
  /** The only active token of the account whose last use fits. */
  | 'deduced'
  /** Several fit. */
  | 'ambiguous'
  /** Only the account is known. */
  | 'unknown';

/** Whether it is a token (one of several that an account may have) rather than an account. */
export function isToken(kind: CredentialKind): boolean {
  return kind === 'dockerhub-pat' || kind === 'dockerhub-oat' || kind === 'dockerhub-oidc';
}
