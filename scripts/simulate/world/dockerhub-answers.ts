import type { HubAccounts, HubLogRow, HubRepository, HubTag, HubToken } from './dockerhub-accounts.ts';

/** What the API says. */
export interface Answer {
  readonly status: number;
  /** `null`: no body. */
  readonly body: object | null;
}

/** Docker's error: `errinfo` is there and empty. */
export function refuse(status: number, message: string): Answer {
  return { status, body: { message, errinfo: {} } };
}

export const ok = (body: object): Answer => ({ status: 200, body });

export function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}

/** `page` and `page_size` of a query; `null` if they are none. */
export function pageOf(url: URL, defaultSize: number, maxSize: number): { page: number; size: number } | null {
  const page = Number(url.searchParams.get('page') ?? 1);
  const asked = Number(url.searchParams.get('page_size') ?? defaultSize);
  const isSane = Number.isInteger(page) && page >= 1 && Number.isInteger(asked) && asked >= 1;
  return isSane ? { page, size: Math.min(asked, maxSize) } : null;
}

/** One page of a list, with the addresses of its neighbours. */
export function paged(url: URL, all: readonly object[], { page, size }: { page: number; size: number }) {
  const at = (wanted: number) => {
    const address = new URL(url);
    address.searchParams.set('page', String(wanted));
    address.searchParams.set('page_size', String(size));
    return address.href;
  };
  return {
    next: page * size < all.length ? at(page + 1) : null,
    previous: page > 1 ? at(page - 1) : null,
    results: all.slice((page - 1) * size, page * size),
  };
}

/** @see https://docs.docker.com/reference/api/hub/latest/#tag/access-tokens */
export function personalToken(hub: HubAccounts, token: HubToken): object {
  return {
    uuid: token.id,
    client_id: 'HUB',
    creator_ip: token.creatorIp,
    creator_ua: 'some user agent',
    created_at: iso(token.createdAt),
    last_used: iso(hub.lastUsed(token)),
    generated_by: 'manual',
    is_active: token.active,
    token: '',
    token_label: token.label,
    scopes: token.scopes,
    expires_at: iso(token.expiresAt),
  };
}

/** @see https://docs.docker.com/reference/api/hub/latest/#tag/org-access-tokens */
export function organizationToken(hub: HubAccounts, token: HubToken): object {
  return {
    id: token.id,
    label: token.label,
    created_by: token.createdBy,
    is_active: token.active,
    created_at: iso(token.createdAt),
    expires_at: iso(token.expiresAt),
    last_used_at: iso(hub.lastUsed(token)),
  };
}

export function auditRow({ account, action, name, actor, data, at, description }: HubLogRow): object {
  return { account, action, name, actor, data, timestamp: iso(at), action_description: description };
}

export function tagAnswer({ id }: HubRepository, name: string, { digest, pushedAt, by }: HubTag): object {
  const image = { architecture: 'amd64', features: '', variant: null, digest, os: 'linux', size: 1, status: 'active' };
  return {
    creator: 1,
    id: 1,
    images: [{ ...image, last_pulled: null, last_pushed: iso(pushedAt) }],
    last_updated: iso(pushedAt),
    last_updater: 1,
    last_updater_username: by,
    name,
    repository: id,
    full_size: 1,
    v2: true,
    tag_status: 'active',
    tag_last_pulled: null,
    tag_last_pushed: iso(pushedAt),
    media_type: 'application/vnd.oci.image.index.v1+json',
    content_type: 'image',
    digest,
  };
}

export function repositoryAnswer({ path, isPrivate, immutable }: HubRepository): object {
  const [namespace, name] = path.split('/');
  return { namespace, name, is_private: isPrivate, immutable_tags_settings: immutable };
}
