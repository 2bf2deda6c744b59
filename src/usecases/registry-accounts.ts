import type { RequestBudget } from './ports.ts';

/** Who reads at Docker Hub: a user with a password or personal token, or an organization with an access token of its own. */
export interface HubLogin {
  /** User name, or the organization's name. */
  readonly identifier: string;
  readonly secret: string;
}

/** Signed in, for some minutes. Lives in memory only, and is never logged. */
export interface HubSession {
  readonly bearer: string;
  /** Until when it may be used (ms since the epoch). */
  readonly expiresAt: number;
}

/**
 * What a read of a registry account came to. Nothing but `found` says anything about tokens or pushes: what we could not
 * read is unknown, never absent.
 */
export type AccountAnswer<T> =
  | { readonly kind: 'found'; readonly value: T }
  /** 401: the login is wrong, revoked or expired. */
  | { readonly kind: 'signed-out'; readonly reason: string }
  /** 403 or 404: this login may not read that. */
  | { readonly kind: 'forbidden'; readonly reason: string }
  /** The account's plan does not have it. */
  | { readonly kind: 'not-on-plan'; readonly reason: string }
  /** Asked to wait until then (ms since the epoch). */
  | { readonly kind: 'later'; readonly at: number; readonly reason: string }
  /** No answer, 5xx, or an answer that is none: worth trying again. */
  | { readonly kind: 'unavailable'; readonly reason: string }
  /** This invocation has no requests left. Nothing was asked. */
  | { readonly kind: 'out-of-requests' };

/** A token as a list of tokens shows it, without its value. Times are ms since the epoch. */
export interface ListedToken {
  readonly kind: 'dockerhub-pat' | 'dockerhub-oat';
  /** `uuid` of a personal token, `id` of an organization's. At most 100 characters. */
  readonly id: string;
  /** At most 255 characters; may be empty. */
  readonly label: string;
  /** The organization's member who made it; `null` for a personal token, which is its account's own. */
  readonly createdBy: string | null;
  readonly createdAt: number | null;
  readonly creatorIp: string | null;
  readonly expiresAt: number | null;
  /** `null`: never. A last use that cannot be read makes the whole page `unavailable`. */
  readonly usedAt: number | null;
  /** True also if the registry does not say: it may be able to push. */
  readonly active: boolean;
  /** Open strings: `repo:write`, `scope-image-push`. `null`: the list does not say. */
  readonly scopes: readonly string[] | null;
}

/** What an organization's token may reach. */
export interface TokenResource {
  readonly type: 'repository' | 'organization';
  /** `org/app`, or with `*`; the organization's name. */
  readonly path: string;
  readonly scopes: readonly string[];
}

/** A page of tokens, whole: one that cannot be read makes the page `unavailable` rather than vanish from it. */
export interface TokenList {
  readonly tokens: readonly ListedToken[];
  /** The page to read next; `null`: this was the last one. */
  readonly next: number | null;
}

/** A row of an audit log. Texts have at most 255 characters, and but for `action` may be empty: the log does not say. */
export interface AuditRow {
  readonly account: string;
  /** `repo.tag.push` */
  readonly action: string;
  /** What it was done to: a repository's name, with or without its namespace. */
  readonly name: string;
  /** A user name, or what names a token. */
  readonly actor: string;
  readonly data: Readonly<Record<string, string>>;
  /** ms since the epoch */
  readonly at: number;
  readonly description: string;
}

/** A page of an audit log, whole: a row without a readable action or time makes it `unavailable`. */
export interface AuditPage {
  readonly rows: readonly AuditRow[];
  /** More may follow on the next page. */
  readonly more: boolean;
}

/**
 * Reads of Docker Hub's account API. They never throw. Each takes one from `requests` if it asks, and none if it does
 * not: a session that is over (`unavailable`), a rate limit that is known of (`later`), a name that cannot be one
 * (`forbidden`). Pages may go on without end: whoever reads them decides how far.
 * @see https://docs.docker.com/reference/api/hub/latest/
 */
export interface DockerHub {
  signIn(login: HubLogin, requests: RequestBudget): Promise<AccountAnswer<HubSession>>;
  /** A page (from 1) of the signed-in user's own tokens. */
  personalTokens(session: HubSession, page: number, requests: RequestBudget): Promise<AccountAnswer<TokenList>>;
  /** A page (from 1) of an organization's tokens. */
  organizationTokens(
    session: HubSession,
    organization: string,
    page: number,
    requests: RequestBudget,
  ): Promise<AccountAnswer<TokenList>>;
  /** What one of an organization's tokens may reach. */
  tokenResources(
    session: HubSession,
    organization: string,
    id: string,
    requests: RequestBudget,
  ): Promise<AccountAnswer<readonly TokenResource[]>>;
  /** A page (from 1) of an account's audit log, in whatever order the registry gives it. `from` and `to` in ms. */
  auditLog(
    session: HubSession,
    account: string,
    query: { readonly from: number; readonly to: number; readonly page: number },
    requests: RequestBudget,
  ): Promise<AccountAnswer<AuditPage>>;
}
