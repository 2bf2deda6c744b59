import type { CredentialKind } from './credential.ts';
import { isToken } from './credential.ts';
import { formatImageName, type ImageName } from './reference.ts';
import { letsPush, mayPush, type Resource } from './token-reach.ts';

/**
 * Why a credential can write to a repository. `granted`: its registry lists it among what the token may push to.
 * `account`: it lies in the namespace of the account, all of which the credential writes to. `seen`: it was seen pushing
 * there, or its account was.
 */
export type ReachReason = 'granted' | 'account' | 'seen';

/** A watched image. Times are ms since the epoch. */
export interface WatchedImage {
  readonly id: number;
  readonly image: ImageName;
  /** Since when it is watched. */
  readonly createdAt: number;
}

/** Pushes that a credential was seen making in an image. */
export interface SeenPushing extends WatchedImage {
  /** The credential itself, rather than its account. */
  readonly itself: boolean;
  readonly pushes: number;
  /** Those that others may have made as well. */
  readonly possible: number;
  /** The last day (ms since the epoch, its beginning). */
  readonly lastDay: number;
}

export interface ReachedRepository extends WatchedImage {
  /** At least one. */
  readonly why: readonly ReachReason[];
  readonly seen: readonly Omit<SeenPushing, keyof WatchedImage>[];
}

/** A grant that says more than the watched images: nobody knows here what else it was used for. */
export interface OpenGrant {
  readonly type: 'repository' | 'pattern' | 'organization';
  readonly path: string;
}

export interface Reach {
  /** `false`: its registry says that it has no scope that lets it push. `null`: the registry does not say. */
  readonly mayPush: boolean | null;
  readonly repositories: readonly ReachedRepository[];
  /** Granted, and watched by nobody (a repository) or not to be told from the outside (the others). */
  readonly open: readonly OpenGrant[];
  /** An organization's token, and what it may reach was never read. */
  readonly resourcesUnknown: boolean;
}

export interface CredentialScope {
  readonly kind: CredentialKind;
  readonly name: string;
  readonly account: string | null;
  readonly scopes: readonly string[] | null;
  readonly resources: readonly Resource[] | null;
}

/** The namespace that a credential writes to because it is its account's; `null`: no such thing is known. */
export function namespaceOf({ kind, name, account }: CredentialScope): string | null {
  if (kind === 'dockerhub-account') return name.toLowerCase();
  return isToken(kind) ? (account?.toLowerCase() ?? null) : null;
}

/** Every watched repository that the credential can write, each with why, by name; and the grants that go beyond. */
export function reachOf(
  credential: CredentialScope,
  watched: readonly WatchedImage[],
  seen: readonly SeenPushing[],
): Reach {
  const all = new Map<number, WatchedImage>([...watched, ...seen].map((each) => [each.id, each]));
  const repositories = [...all.values()].flatMap(({ id, image, createdAt }): ReachedRepository[] => {
    const own = seen.filter((each) => each.id === id);
    const why = [...grantOf(credential, image), ...(own.length > 0 ? (['seen'] as const) : [])];
    const uses = own.map(({ itself, pushes, possible, lastDay }) => ({ itself, pushes, possible, lastDay }));
    return why.length === 0 ? [] : [{ id, image, createdAt, why, seen: uses }];
  });
  return {
    mayPush: scopeOf(credential),
    repositories: repositories.sort((a, b) => (formatImageName(a.image) < formatImageName(b.image) ? -1 : 1)),
    open: openGrants(credential, watched),
    resourcesUnknown: isShared(credential) && credential.resources === null,
  };
}

/** Whether it is a token whose registry lists what it may reach. */
const isShared = ({ kind }: CredentialScope): boolean => kind === 'dockerhub-oat' || kind === 'dockerhub-oidc';

/** Tokens and accounts that we read are Docker Hub's. */
function grantOf(credential: CredentialScope, { registry, path }: ImageName): ReachReason[] {
  if (registry !== 'docker.io' || !mayPush(credential, path)) return [];
  if (credential.resources !== null) return ['granted'];
  const namespace = namespaceOf(credential);
  return namespace !== null && path.startsWith(`${namespace}/`) ? ['account'] : [];
}

function scopeOf({ kind, scopes, resources }: CredentialScope): boolean | null {
  if (!isToken(kind)) return true;
  const said = [...(scopes ?? []), ...(resources ?? []).flatMap((each) => each.scopes)];
  if (said.length === 0) return resources !== null && resources.length === 0 ? false : null;
  if (scopes !== null && scopes.length > 0 && !scopes.some(letsPush)) return false;
  return resources === null || resources.some(lets);
}

const lets = ({ scopes }: Resource): boolean => scopes.length === 0 || scopes.some(letsPush);

function openGrants(credential: CredentialScope, watched: readonly WatchedImage[]): OpenGrant[] {
  if (scopeOf(credential) === false) return [];
  const paths = new Set(watched.filter(({ image }) => image.registry === 'docker.io').map(({ image }) => image.path));
  return (credential.resources ?? []).filter(lets).flatMap(({ type, path }): OpenGrant[] => {
    if (type === 'organization') return [{ type, path }];
    if (path.includes('*')) return [{ type: 'pattern', path }];
    return paths.has(path.toLowerCase()) ? [] : [{ type: 'repository', path }];
  });
}
