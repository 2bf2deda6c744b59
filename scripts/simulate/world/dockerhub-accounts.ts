import { randomBytes, randomUUID } from 'node:crypto';
import type { HubAction } from './dockerhub-actions.ts';

export type HubPlan = 'personal' | 'pro' | 'team' | 'business';

export interface HubAccount {
  readonly name: string;
  readonly kind: 'user' | 'organization';
  plan: HubPlan;
  /** A user's; an organization has none. */
  readonly password: string | null;
  readonly owners: readonly string[];
  readonly members: readonly string[];
}

/** What an organization's token may reach, in the API's words. */
export interface HubResource {
  readonly type: string;
  /** `acme/app`, `acme/*`, `acme` */
  readonly path: string;
  readonly scopes: readonly string[];
}

export interface NewHubToken {
  readonly label: string;
  /** Of a personal token: `repo:admin`, `repo:write`, `repo:read`, `repo:public_read`. Default `repo:write`. */
  readonly scopes?: readonly string[];
  /** Of an organization's. Default: push to all of its repositories. */
  readonly resources?: readonly HubResource[];
  /** The owner who makes an organization's token. Default: the first. */
  readonly createdBy?: string;
  readonly createdAt?: number;
  readonly expiresAt?: number;
  readonly creatorIp?: string;
}

/** A personal token, or an organization's. Times are ms since the epoch. */
export interface HubToken {
  readonly kind: 'pat' | 'oat';
  readonly id: string;
  /** What one signs in with: `dckr_pat_…`, `dckr_oat_…`. */
  readonly secret: string;
  /** The user or organization whose token it is. */
  readonly account: string;
  readonly createdBy: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly resources: readonly HubResource[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly creatorIp: string;
  active: boolean;
  /** When it was used, in order. */
  readonly uses: number[];
}

export interface HubPush {
  /** `acme/app` */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

export interface HubTag {
  readonly digest: string;
  readonly pushedAt: number;
  readonly by: string;
}

export interface HubRepository {
  readonly path: string;
  readonly id: number;
  isPrivate: boolean;
  immutable: { readonly enabled: boolean; readonly rules: readonly string[] };
  readonly tags: Map<string, HubTag>;
}

export interface HubLogRow {
  readonly account: string;
  readonly action: string;
  readonly name: string;
  readonly actor: string;
  readonly data: Readonly<Record<string, string>>;
  readonly at: number;
  readonly description: string;
  /** From when on the API shows it. */
  readonly visibleAt: number;
}

export interface AccountsOptions {
  /** ms since the epoch; default `Date.now`. */
  readonly clock?: () => number;
  /** From a push (or another event) to its row in the log, in ms. Not documented; default 0. */
  readonly auditLagMs?: number;
  /** From a use of a token to its `last_used`, in ms. Not documented; default 0. */
  readonly lastUsedLagMs?: number;
  /**
   * How a row names who pushed with a token: by its account, its label or its id. Docker says that it "can refer to a
   * Docker username, PAT or OAT", not how. Default `account`.
   */
  readonly actors?: 'account' | 'label' | 'id';
}

/** Who may push with a token is refused, as the registry would; its message says why. */
export class HubDenied extends Error {}

const FULL_ACCESS = ['scope-image-pull', 'scope-image-push'];

/** Accounts, tokens, repositories and the audit log, as far as the API tells of them. No HTTP. */
export class HubAccounts {
  readonly accounts = new Map<string, HubAccount>();
  readonly tokens: HubToken[] = [];
  readonly repositories = new Map<string, HubRepository>();
  readonly log: HubLogRow[] = [];
  readonly clock: () => number;
  auditLagMs: number;
  lastUsedLagMs: number;
  actors: 'account' | 'label' | 'id';

  constructor(options: AccountsOptions = {}) {
    this.clock = options.clock ?? Date.now;
    this.auditLagMs = options.auditLagMs ?? 0;
    this.lastUsedLagMs = options.lastUsedLagMs ?? 0;
    this.actors = options.actors ?? 'account';
  }

  addUser(name: string, { password, plan = 'personal' }: { password: string; plan?: HubPlan }): void {
    this.accounts.set(name, { name, kind: 'user', plan, password, owners: [name], members: [name] });
  }

  addOrganization(
    name: string,
    { plan, owners, members = [] }: { plan: HubPlan; owners: readonly string[]; members?: readonly string[] },
  ): void {
    const everybody = [...owners, ...members];
    this.accounts.set(name, { name, kind: 'organization', plan, password: null, owners, members: everybody });
  }

  addRepository(path: string, { isPrivate = false } = {}): HubRepository {
    const repository: HubRepository = {
      path,
      id: 1000 + this.repositories.size,
      isPrivate,
      immutable: { enabled: false, rules: [] },
      tags: new Map(),
    };
    this.repositories.set(path, repository);
    return repository;
  }

  /** A token of a user or an organization; the log tells of an organization's. */
  createToken(account: string, made: NewHubToken): HubToken {
    const { kind, owners } = this.account(account);
    const isPersonal = kind === 'user';
    const createdBy = made.createdBy ?? owners[0] ?? account;
    const token: HubToken = {
      kind: isPersonal ? 'pat' : 'oat',
      id: randomUUID(),
      secret: `${isPersonal ? 'dckr_pat_' : 'dckr_oat_'}${randomBytes(20).toString('base64url')}`,
      account,
      createdBy,
      label: made.label,
      scopes: isPersonal ? (made.scopes ?? ['repo:write']) : [],
      resources: isPersonal ? [] : (made.resources ?? [everyRepository(account)]),
      createdAt: made.createdAt ?? this.clock(),
      expiresAt: made.expiresAt ?? null,
      creatorIp: made.creatorIp ?? '127.0.0.1',
      active: true,
      uses: [],
    };
    this.tokens.push(token);
    if (!isPersonal) this.record(account, 'org.access_token.create', createdBy, { label: made.label, id: token.id });
    return token;
  }

  /** Deletes a token: no list has it any more. @param by default: who made it */
  revoke(id: string, by?: string): void {
    const token = this.token(id);
    this.tokens.splice(this.tokens.indexOf(token), 1);
    this.#recordToken(token, 'org.access_token.delete', by);
  }

  /** Lists have it still, and it opens nothing. */
  deactivate(id: string, by?: string): void {
    const token = this.token(id);
    token.active = false;
    this.#recordToken(token, 'org.access_token.update', by);
  }

  /**
   * Signs in with a token, and pushes if told so. @param use `at`: ms since the epoch, default now
   * @throws HubDenied if it is expired or inactive, may not push there, or the tag is immutable
   */
  useToken(id: string, { push, at = this.clock() }: { push?: HubPush; at?: number } = {}): void {
    const token = this.token(id);
    if (!this.isUsable(token, at)) throw new HubDenied(`${token.label} is expired or inactive`);
    if (push !== undefined) {
      if (!this.#mayPush(token, push.repository)) throw new HubDenied(`${token.label} may not push ${push.repository}`);
      this.#push(push, token.account, this.#actorOf(token), at);
    }
    token.uses.push(at);
  }

  /** A push with a password. @throws HubDenied */
  push(user: string, push: HubPush, at = this.clock()): void {
    if (!this.#namespaceOf(push.repository).members.includes(user)) throw new HubDenied(`${user} may not push`);
    this.#push(push, user, user, at);
  }

  setImmutableTags(path: string, settings: HubRepository['immutable'], by: string): void {
    this.repository(path).immutable = settings;
    const data = { enabled: String(settings.enabled), rules: settings.rules.join(',') };
    this.record(this.#namespaceOf(path).name, 'repo.immutable.tags.updated', by, data, path);
  }

  /**
   * Writes a row of the log: `hub.record('acme', 'oidc.connection.delete', 'alice', { connection: 'ci' })`.
   * @param name default: the account's
   */
  record(
    account: string,
    action: HubAction,
    actor: string,
    data: Readonly<Record<string, string>> = {},
    name = account,
    at = this.clock(),
  ): void {
    const description = `${action} of ${name}\n`;
    this.log.push({ account, action, name, actor, data, at, description, visibleAt: at + this.auditLagMs });
  }

  /** ms since the epoch, once the lag is over. */
  lastUsed(token: HubToken): number | null {
    const told = token.uses.filter((at) => at + this.lastUsedLagMs <= this.clock());
    return told.length === 0 ? null : Math.max(...told);
  }

  isUsable({ active, expiresAt }: HubToken, at: number): boolean {
    return active && (expiresAt === null || expiresAt > at);
  }

  account(name: string): HubAccount {
    const account = this.accounts.get(name);
    if (account === undefined) throw new Error(`There is no account ${name}.`);
    return account;
  }

  token(id: string): HubToken {
    const token = this.tokens.find((one) => one.id === id);
    if (token === undefined) throw new Error(`There is no token ${id}.`);
    return token;
  }

  repository(path: string): HubRepository {
    return this.repositories.get(path) ?? this.addRepository(path);
  }

  #push({ repository: path, tag, digest }: HubPush, by: string, actor: string, at: number): void {
    const repository = this.repository(path);
    const before = repository.tags.get(tag);
    if (before !== undefined && before.digest !== digest && isImmutable(repository, tag))
      throw new HubDenied(`${path}:${tag} is immutable`);
    repository.tags.set(tag, { digest, pushedAt: at, by });
    this.record(this.#namespaceOf(path).name, 'repo.tag.push', actor, { digest, tag }, path, at);
  }

  #mayPush(token: HubToken, path: string): boolean {
    const namespace = this.#namespaceOf(path);
    if (token.kind === 'pat')
      return namespace.members.includes(token.account) && token.scopes.some((scope) => /:(write|admin)$/.test(scope));
    return token.resources.some(
      ({ path: reach, scopes }) =>
        (reach === path || reach === `${namespace.name}/*`) &&
        scopes.some((scope) => /image-(push|delete)$/.test(scope)),
    );
  }

  #actorOf(token: HubToken): string {
    return this.actors === 'account' ? token.account : token[this.actors];
  }

  #recordToken(token: HubToken, action: HubAction, by = token.createdBy): void {
    if (token.kind === 'oat') this.record(token.account, action, by, { label: token.label, id: token.id });
  }

  #namespaceOf(path: string): HubAccount {
    return this.account(path.split('/')[0] ?? '');
  }
}

function everyRepository(account: string): HubResource {
  return { type: 'TYPE_REPO', path: `${account}/*`, scopes: FULL_ACCESS };
}

/** The patterns are RE2; those of the tests are the same in JavaScript. */
function isImmutable({ immutable: { enabled, rules } }: HubRepository, tag: string): boolean {
  return enabled && (rules.length === 0 || rules.some((rule) => new RegExp(`^(?:${rule})$`).test(tag)));
}
