/** What people of a team may do. Nobody sees or changes anything of another team. */
export type Role = 'owner' | 'maintainer' | 'viewer';

export const ROLES: readonly Role[] = ['owner', 'maintainer', 'viewer'];

export type Right =
  /** Everything that is watched, with its evidence. */
  | 'see'
  /** Take, close and put off alerts; say what is expected. */
  | 'handle-alerts'
  /** Watch an image, and say in its policy what is expected of it. */
  | 'watch-images'
  /** Who changed what. */
  | 'see-audit-log'
  /** Members, their roles, API keys, channels, and whose signatures count. */
  | 'manage-team';

const RIGHTS: Readonly<Record<Role, readonly Right[]>> = {
  owner: ['see', 'handle-alerts', 'watch-images', 'see-audit-log', 'manage-team'],
  maintainer: ['see', 'handle-alerts', 'watch-images', 'see-audit-log'],
  viewer: ['see'],
};

export function may(role: Role, right: Right): boolean {
  return RIGHTS[role].includes(right);
}

/** Who vouches for an identity: GitHub's numeric user id, or the `sub` of a Cloudflare Access token. */
export type IdentityProvider = 'github' | 'access';

/** Somebody whom a provider has just vouched for. */
export interface Identity {
  readonly provider: IdentityProvider;
  /** Stable for ever: never a login or an address, which change hands. */
  readonly externalId: string;
  /** GitHub's login or the e-mail address, as it is now; what invitations are written to. */
  readonly login: string;
}

/** Without use for so long a session ends, in ms; and after so long in any case. */
export const SESSION_IDLE_MS = 14 * 86_400_000;
export const SESSION_LIFE_MS = 30 * 86_400_000;
/** How long a one-time link waits to be used, in ms. */
export const LINK_LIFE_MS = 15 * 60_000;
