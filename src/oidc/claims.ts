import type { JWTPayload } from 'jose';
import type { CiClaims } from '../domain/ci.ts';
import { InvalidCiToken } from '../usecases/ports.ts';
import type { OidcIssuer } from './issuer.ts';

/**
 * What a verified token says about its job. `sub` is not read: its format changes with settings and repository age.
 * @throws InvalidCiToken if it does not say which repository or run it belongs to.
 */
export function claimsOf({ kind, issuer }: OidcIssuer, payload: JWTPayload): CiClaims {
  switch (kind) {
    case 'github':
      return githubClaims(issuer, payload);
    case 'gitlab':
      return gitlabClaims(issuer, payload);
    case 'circleci':
      return circleClaims(issuer, payload);
    case 'buildkite':
      return buildkiteClaims(issuer, payload);
  }
}

/** @see https://docs.github.com/en/actions/reference/security/oidc#oidc-token-claims */
function githubClaims(oidcIssuer: string, payload: JWTPayload): CiClaims {
  const repositoryId = required(payload, 'repository_id');
  const repository = text(payload, 'repository') ?? repositoryId;
  const runId = required(payload, 'run_id');
  const attempt = text(payload, 'run_attempt') ?? '1';
  return {
    oidcIssuer,
    repositoryId,
    repository,
    workflow: pathInRepository(text(payload, 'workflow_ref'), `${repository}/`),
    ref: text(payload, 'ref'),
    environment: text(payload, 'environment'),
    event: text(payload, 'event_name'),
    run: `${runId}/${attempt}`,
    runUrl: githubRunUrl(oidcIssuer, repository, runId, attempt),
    commit: text(payload, 'sha'),
    actor: text(payload, 'actor'),
  };
}

/** @see https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload */
function gitlabClaims(oidcIssuer: string, payload: JWTPayload): CiClaims {
  const repositoryId = required(payload, 'project_id');
  const repository = text(payload, 'project_path') ?? repositoryId;
  const run = required(payload, 'pipeline_id');
  const url = new URL(oidcIssuer);
  const linkable = isDigits(run) && /^[\w.-]+(?:\/[\w.-]+)+$/.test(repository);
  return {
    oidcIssuer,
    repositoryId,
    repository,
    workflow: pathInRepository(text(payload, 'ci_config_ref_uri'), `${url.host}/${repository}//`),
    ref: gitlabRef(text(payload, 'ref'), text(payload, 'ref_type')),
    environment: text(payload, 'environment'),
    event: text(payload, 'pipeline_source'),
    run,
    runUrl: linkable ? `${url.origin}/${repository}/-/pipelines/${run}` : null,
    commit: text(payload, 'sha'),
    actor: text(payload, 'user_login'),
  };
}

/**
 * CircleCI tells neither commit nor event, and no address of the run. Its pipeline definition stands for the workflow file.
 * A job that was run again with SSH may have had a person inside: whatever it says, no pipeline said it.
 * @see https://circleci.com/docs/guides/permissions-authentication/openid-connect-tokens/
 */
function circleClaims(oidcIssuer: string, payload: JWTPayload): CiClaims {
  if (payload['oidc.circleci.com/ssh-rerun'] !== false) {
    throw new InvalidCiToken('The token is not of a normal job: its oidc.circleci.com/ssh-rerun is not false.');
  }
  const repositoryId = requiredUuid(payload, 'oidc.circleci.com/project-id');
  return {
    oidcIssuer,
    repositoryId,
    // The repository that is built: of a fork's pull request the fork, though the project is the same.
    repository: text(payload, 'oidc.circleci.com/vcs-origin') ?? repositoryId,
    workflow: text(payload, 'oidc.circleci.com/pipeline-definition-id'),
    ref: fullRef(text(payload, 'oidc.circleci.com/vcs-ref')),
    environment: null,
    event: null,
    run: requiredUuid(payload, 'oidc.circleci.com/workflow-id'),
    runUrl: null,
    commit: null,
    actor: null,
  };
}

/** @see https://buildkite.com/docs/agent/cli/reference/oidc#claims */
function buildkiteClaims(oidcIssuer: string, payload: JWTPayload): CiClaims {
  const repository = `${requiredSlug(payload, 'organization_slug')}/${requiredSlug(payload, 'pipeline_slug')}`;
  const run = required(payload, 'build_number');
  const branch = text(payload, 'build_branch');
  const tag = text(payload, 'build_tag');
  const linkable = oidcIssuer === 'https://agent.buildkite.com' && isDigits(run);
  return {
    oidcIssuer,
    // The id is there only if the job asked for it. A name, which somebody else can take, differs from it by its slash.
    repositoryId: text(payload, 'pipeline_id') === null ? repository : requiredUuid(payload, 'pipeline_id'),
    repository,
    workflow: null,
    ref: tag !== null ? `refs/tags/${tag}` : branch !== null ? `refs/heads/${branch}` : null,
    environment: null,
    event: text(payload, 'build_source'),
    run,
    runUrl: linkable ? `https://buildkite.com/${repository}/builds/${run}` : null,
    commit: text(payload, 'build_commit'),
    actor: null,
  };
}

function requiredUuid(payload: JWTPayload, claim: string): string {
  const value = required(payload, claim).toLowerCase();
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return value;
  throw new InvalidCiToken(`The token's ${claim} is not a UUID.`);
}

function requiredSlug(payload: JWTPayload, claim: string): string {
  const value = required(payload, claim).toLowerCase();
  if (/^[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?$/.test(value)) return value;
  throw new InvalidCiToken(`The token's ${claim} is not a slug.`);
}

/** What is no full ref could be read as one that it is not. */
function fullRef(ref: string | null): string | null {
  return ref?.startsWith('refs/') === true ? ref : null;
}

/** A claim as text (ids come as strings or numbers); `null` if it is missing or empty. */
function text(payload: JWTPayload, claim: string): string | null {
  const value = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function required(payload: JWTPayload, claim: string): string {
  const value = text(payload, claim);
  if (value === null) throw new InvalidCiToken(`The token has no ${claim}.`);
  return value;
}

/**
 * `.github/workflows/release.yml` out of `octo/app/.github/workflows/release.yml@refs/heads/main`. A file of another
 * repository keeps its whole path, so that it cannot pass for one of this. A workflow's file name has no `/`: the first
 * `@refs/` is where the ref begins, whatever `@` the names of the file or of the ref contain.
 */
function pathInRepository(reference: string | null, repositoryPrefix: string): string | null {
  if (reference === null) return null;
  const ref = reference.indexOf('@refs/');
  const end = ref >= 0 ? ref : reference.lastIndexOf('@');
  const path = end >= 0 ? reference.slice(0, end) : reference;
  return path.startsWith(repositoryPrefix) ? path.slice(repositoryPrefix.length) : path;
}

/** GitLab gives refs by their short name. The prefix is always put, as a branch may itself be called `refs/heads/main`. */
function gitlabRef(ref: string | null, type: string | null): string | null {
  if (ref === null) return null;
  if (type === 'branch') return `refs/heads/${ref}`;
  return type === 'tag' ? `refs/tags/${ref}` : null;
}

function githubRunUrl(oidcIssuer: string, repository: string, runId: string, attempt: string): string | null {
  const server = githubServer(new URL(oidcIssuer));
  if (server === null || !isDigits(runId) || !isDigits(attempt) || !/^[\w.-]+\/[\w.-]+$/.test(repository)) return null;
  return `${server}/${repository}/actions/runs/${runId}/attempts/${attempt}`;
}

/** The GitHub that an issuer belongs to: github.com, a GHE.com subdomain, or an Enterprise Server. */
function githubServer(issuer: URL): string | null {
  if (issuer.host === 'token.actions.githubusercontent.com') return 'https://github.com';
  const subdomain = /^token\.actions\.([a-z0-9-]+\.ghe\.com)$/.exec(issuer.host)?.[1];
  if (subdomain !== undefined) return `https://${subdomain}`;
  return issuer.pathname.startsWith('/_services/token') ? issuer.origin : null;
}

function isDigits(value: string): boolean {
  return /^[0-9]{1,20}$/.test(value);
}
