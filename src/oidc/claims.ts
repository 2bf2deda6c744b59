import type { JWTPayload } from 'jose';
import type { CiClaims } from '../domain/ci.ts';
import { InvalidCiToken } from '../usecases/ports.ts';
import type { OidcIssuer } from './issuer.ts';

/**
 * What a verified token says about its job. `sub` is not read: its format changes with settings and repository age.
 * @throws InvalidCiToken if it does not say which repository or run it belongs to.
 */
export function claimsOf(issuer: OidcIssuer, payload: JWTPayload): CiClaims {
  return issuer.kind === 'github' ? githubClaims(issuer.issuer, payload) : gitlabClaims(issuer.issuer, payload);
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
