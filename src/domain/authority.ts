import type { Digest } from './digest.ts';
import { matchesPattern, patternProblem } from './subject-pattern.ts';

/**
 * Who may sign, in the vocabulary of sigstore's policy-controller. Every condition that is given must hold.
 * @see https://docs.sigstore.dev/policy-controller/overview/
 */
export type Authority = KeylessAuthority | KeyAuthority;

interface AuthorityBase {
  /** For people. */
  readonly name?: string | undefined;
  /**
   * Statements that count, by predicate type. Without it an image signature or SLSA provenance counts: both say "I made
   * this image", which an SBOM or a scan report does not.
   */
  readonly attestations?: readonly { readonly predicateType: string }[] | undefined;
}

/** A short-lived certificate for an OpenID Connect identity. */
export interface KeylessAuthority extends AuthorityBase {
  readonly keyless: {
    /** Exact. */
    readonly oidcIssuer: string;
    readonly identity: {
      /** Exact. */
      readonly subject?: string | undefined;
      /** Anchored at both ends: `^https://github\.com/octo-org/app/.*$`. */
      readonly subjectRegExp?: string | undefined;
    };
    /** `https://github.com/octo-org/app`, exact. */
    readonly sourceRepository?: string | undefined;
    readonly sourceRepositoryId?: string | undefined;
    /** Full git ref, exact. */
    readonly ref?: string | undefined;
    /** Full git ref with `*`. */
    readonly refPattern?: string | undefined;
    /** Path of the workflow file: `.github/workflows/release.yml`. */
    readonly workflow?: string | undefined;
    /** `github-hosted` or `self-hosted`. */
    readonly runnerEnvironment?: string | undefined;
  };
  /** `public-good` (default), `github`, or the name of one that was added. */
  readonly trustedRoot?: string | undefined;
}

/** A key pair of the maintainer's. */
export interface KeyAuthority extends AuthorityBase {
  readonly key: {
    /** PEM, SubjectPublicKeyInfo: ECDSA P-256 or P-384, RSA, Ed25519. */
    readonly data: string;
    /** sha256 of the SubjectPublicKeyInfo; written when the policy is saved. */
    readonly fingerprint: Digest;
    /** Whether each signature must stand in a transparency log, which tells when it was made. */
    readonly transparencyLog: 'require' | 'ignore';
  };
  readonly trustedRoot?: string | undefined;
}

export const PUBLIC_GOOD = 'public-good';

export function isKeyless(authority: Authority): authority is KeylessAuthority {
  return 'keyless' in authority;
}

/** Any one authority of a list is enough; every list wants one. */
export type AuthorityLists = readonly (readonly Authority[])[];

const MAX_SUBJECT = 1024;

/** In time linear in the subject, which whoever signs chooses. A pattern that a policy could not have been saved with matches nothing. */
export function matchesSubject(pattern: string, subject: string): boolean {
  return subject.length <= MAX_SUBJECT && patternProblem(pattern) === null && matchesPattern(pattern, subject);
}

/** `.github/workflows/release.yml` of `https://github.com/o/r/.github/workflows/release.yml@refs/heads/main`. */
export function workflowPath(buildConfigUri: string | null, sourceRepository: string | null): string | null {
  if (buildConfigUri === null || sourceRepository === null) return null;
  if (!buildConfigUri.startsWith(`${sourceRepository}/`)) return null;
  // GitLab writes two slashes: https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main
  const path = buildConfigUri.slice(sourceRepository.length + 1).replace(/^\//, '');
  const at = path.indexOf('@');
  return at < 0 ? path : path.slice(0, at);
}

/** The authority in a few words, for alerts. */
export function authorityName(authority: Authority): string {
  if (authority.name !== undefined) return authority.name;
  if (!isKeyless(authority)) return `key ${authority.key.fingerprint.slice(0, 'sha256:'.length + 12)}`;
  const { subject, subjectRegExp } = authority.keyless.identity;
  return subject ?? subjectRegExp ?? authority.keyless.oidcIssuer;
}
