const SLUG = '[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?';
const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const DIGITS = '\\d{1,20}';

/** Any form of id that some CI gives. */
export const REPOSITORY_ID = `^(?:${DIGITS}|${UUID}|${SLUG}/${SLUG})$`;

const GITHUB =
  /^https:\/\/token\.actions\.(?:githubusercontent\.com|[a-z0-9-]+\.ghe\.com)(?:\/|$)|\/_services\/token(?:\/|$)/;
const NUMERIC = "expected the CI's numeric repository id, as text (GitHub: gh api repos/OWNER/REPO --jq .id)";

/** What an issuer's tokens have for an id, and how to say so. An id of another form would never match. */
function formOf(oidcIssuer: string): { readonly pattern: string; readonly error: string } {
  if (GITHUB.test(oidcIssuer) || oidcIssuer === 'https://gitlab.com') return { pattern: DIGITS, error: NUMERIC };
  if (/^https:\/\/oidc\.circleci\.com(?:\/|$)/.test(oidcIssuer))
    return { pattern: UUID, error: "expected CircleCI's project id, a UUID" };
  if (oidcIssuer === 'https://agent.buildkite.com')
    return {
      pattern: `${UUID}|${SLUG}/${SLUG}`,
      error: "expected the UUID of Buildkite's pipeline, or organization/pipeline",
    };
  return { pattern: `${DIGITS}|${UUID}`, error: `${NUMERIC}, or a UUID` };
}

/** Why tokens of this issuer can never have this id, or `null`. */
export function repositoryIdProblem(oidcIssuer: string, repositoryId: string): string | null {
  const { pattern, error } = formOf(oidcIssuer);
  return new RegExp(`^(?:${pattern})$`).test(repositoryId) ? null : error;
}
