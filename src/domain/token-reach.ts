import { matchesGlob } from './glob.ts';

/** Something a token may reach. Scopes are the registry's own words, an open list. */
export interface Resource {
  readonly type: 'repository' | 'organization';
  /** `org/app`, with `*` for anything; an organization's name. */
  readonly path: string;
  readonly scopes: readonly string[];
}

/** What a registry says a token may do. */
export interface TokenScope {
  /** `null`: the registry does not say. */
  readonly scopes: readonly string[] | null;
  /** `null`: everything its account reaches, or not known. */
  readonly resources: readonly Resource[] | null;
}

/**
 * Words with which a scope lets its token push: `repo:write`, `repo:admin`, `scope-image-push`, `repo-push`. Scopes are not
 * a closed list: one that we do not know and that does not say "read" or "pull" is taken to let it.
 */
export function letsPush(scope: string): boolean {
  if (/write|push|admin/i.test(scope)) return true;
  return !/read|pull|list/i.test(scope);
}

/** Whether a token may push to a repository, as far as we know: a token is ruled out only by what its registry says. */
export function mayPush({ scopes, resources }: TokenScope, path: string): boolean {
  if (scopes !== null && scopes.length > 0 && !scopes.some(letsPush)) return false;
  if (resources === null) return true;
  return resources.some(
    (resource) => reaches(resource, path) && (resource.scopes.length === 0 || resource.scopes.some(letsPush)),
  );
}

/** Whether the registry says that this resource is, or holds, the repository. */
export function reaches({ type, path: granted }: Resource, path: string): boolean {
  if (type === 'repository') return matchesGlob(granted.toLowerCase(), path);
  return path.startsWith(`${granted.toLowerCase()}/`);
}
