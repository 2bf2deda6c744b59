import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { type AccountsOptions, type HubAccount, HubAccounts, type HubRepository } from './dockerhub-accounts.ts';
import { actionGroups } from './dockerhub-actions.ts';
import {
  type Answer,
  auditRow,
  ok,
  organizationToken,
  paged,
  pageOf,
  personalToken,
  refuse,
  repositoryAnswer,
  tagAnswer,
} from './dockerhub-answers.ts';
import { HubSessions, type Session } from './dockerhub-sessions.ts';
import { type Failure, HttpDouble, type SeenRequest } from './http-double.ts';

export interface DockerHubOptions extends AccountsOptions {
  readonly port?: number;
  /** Requests of an account (or of everybody who is none) in a minute; default 600. */
  readonly requestsPerMinute?: number;
  /** Most rows of a page, whatever is asked for. Default 100. */
  readonly maxPageSize?: number;
  /** Whether who signed in with a personal token may read tokens and logs. Docker does not say. Default true. */
  readonly personalTokensMayRead?: boolean;
}

/** A request that was routed. `session`: `undefined` for nobody. */
interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly session: Session | null | undefined;
  readonly body: Buffer;
}

type Route = readonly [method: string, path: RegExp, answer: (asked: Asked, parts: readonly string[]) => Answer];

const FORBIDDEN = refuse(403, 'forbidden');
const NOT_FOUND = refuse(404, 'object not found');
const UNAUTHORIZED: Answer = { status: 401, body: { detail: 'Incorrect authentication credentials', message: '' } };
const NO_OAT = refuse(403, 'token issued from organization access token is not allowed');
const NO_PAT = refuse(403, 'access to the resource is forbidden with personal access token');
const BAD_PAGE: Answer = { status: 400, body: { fields: {}, text: 'page and page_size are numbers from 1' } };
/** Docker says that answers vary with the plan, not how: these words are ours. */
const notOnPlan = (what: string) => refuse(403, `${what} are not available on your plan; upgrade to Team or Business`);

/**
 * Docker Hub's account API with its accounts in memory: `hub.addUser`, `hub.createToken`, `hub.useToken` and so on are
 * those of `HubAccounts`. As documented, but for what Docker leaves open: see the options, and `notOnPlan`.
 * @see https://docs.docker.com/reference/api/hub/latest/
 */
export class DockerHubDouble extends HubAccounts {
  requestsPerMinute: number;
  readonly #options: DockerHubOptions;
  readonly #http = new HttpDouble((request, response, body) => this.#answer(request, response, body));
  readonly #sessions = new HubSessions(this);
  readonly #asked = new Map<string, number>();

  private constructor(options: DockerHubOptions) {
    super(options);
    this.#options = options;
    this.requestsPerMinute = options.requestsPerMinute ?? 600;
  }

  static async start(options: DockerHubOptions = {}): Promise<DockerHubDouble> {
    const hub = new DockerHubDouble(options);
    await hub.#http.listen(options.port ?? 0);
    return hub;
  }

  get url(): string {
    return this.#http.url;
  }

  /** Everything that was asked, in order. */
  get requests(): readonly SeenRequest[] {
    return this.#http.requests;
  }

  counts(): Readonly<Record<string, number>> {
    return this.#http.counts();
  }

  /** Requests whose path (with query) contains `path` fail, `times` times or until `heal`. */
  fail(path: string, failure: Failure, times?: number): void {
    this.#http.fail((request) => request.path.includes(path), failure, times);
  }

  heal(): void {
    this.#http.heal();
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  readonly #routes: readonly Route[] = [
    ['POST', /^\/v2\/auth\/token$/, (asked) => this.#signIn(asked)],
    ['POST', /^\/v2\/users\/login$/, (asked) => this.#login(asked)],
    ['GET', /^\/v2\/access-tokens$/, (asked) => this.#personalTokens(asked)],
    ['GET', /^\/v2\/access-tokens\/([^/]+)$/, (asked, [id]) => this.#personalToken(asked, id)],
    ['GET', /^\/v2\/orgs\/([^/]+)\/access-tokens$/, (asked, [name]) => this.#organizationTokens(asked, name)],
    ['GET', /^\/v2\/orgs\/([^/]+)\/access-tokens\/([^/]+)$/, (asked, [name, id]) => this.#detail(asked, name, id)],
    ['GET', /^\/v2\/auditlogs\/([^/]+)$/, (asked, [name]) => this.#auditLog(asked, name)],
    ['GET', /^\/v2\/auditlogs\/([^/]+)\/actions$/, (asked, [name]) => this.#actions(asked, name)],
    ['GET', /^\/v2\/namespaces\/([^/]+)\/repositories\/([^/]+)\/tags$/, (asked, parts) => this.#tags(asked, parts)],
    ['GET', /^\/v2\/namespaces\/([^/]+)\/repositories\/([^/]+)\/tags\/([^/]+)$/, (asked, at) => this.#tag(asked, at)],
    [
      'PATCH',
      /^\/v2\/namespaces\/([^/]+)\/repositories\/([^/]+)\/immutabletags$/,
      (asked, at) => this.#immutable(asked, at),
    ],
    [
      'POST',
      /^\/v2\/namespaces\/([^/]+)\/repositories\/([^/]+)\/immutabletags\/verify$/,
      (asked, at) => this.#matching(asked, at),
    ],
  ];

  #answer(request: IncomingMessage, response: ServerResponse, body: Buffer): ServerResponse {
    const { method = 'GET', url: path = '/', headers } = request;
    const url = new URL(path, this.url);
    const session = this.#sessions.of(headers.authorization);
    const answer = this.#limit(session, response) ?? this.#route({ method, url, session, body });
    const isBare = answer.body === null || method === 'HEAD';
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    return response.end(isBare ? '' : JSON.stringify(answer.body));
  }

  /** Counts, and refuses what is too much. `X-Retry-After` is a time, not a number of seconds. */
  #limit(session: Session | null | undefined, response: ServerResponse): Answer | null {
    const minute = Math.floor(this.clock() / 60_000);
    const key = `${minute} ${session?.account.name ?? ''}`;
    const asked = (this.#asked.get(key) ?? 0) + 1;
    this.#asked.set(key, asked);
    const reset = String((minute + 1) * 60);
    response.setHeader('x-ratelimit-limit', String(this.requestsPerMinute));
    response.setHeader('x-ratelimit-remaining', String(Math.max(0, this.requestsPerMinute - asked)));
    response.setHeader('x-ratelimit-reset', reset);
    if (asked <= this.requestsPerMinute) return null;
    response.setHeader('x-retry-after', reset);
    return { status: 429, body: { detail: 'Rate limit exceeded', error: false } };
  }

  #route(asked: Asked): Answer {
    if (asked.session === null) return UNAUTHORIZED;
    const method = asked.method === 'HEAD' ? 'GET' : asked.method;
    for (const [wanted, path, answer] of this.#routes) {
      const match = wanted === method ? path.exec(asked.url.pathname) : null;
      if (match !== null) return answer(asked, match.slice(1));
    }
    return NOT_FOUND;
  }

  #signIn({ body }: Asked): Answer {
    const login = readBody(z.object({ identifier: z.string(), secret: z.string() }), body);
    if (login === null) return { status: 400, body: { fields: {}, text: 'identifier and secret are required' } };
    const bearer = this.#sessions.signIn(login.identifier, login.secret);
    return bearer === null ? UNAUTHORIZED : ok({ access_token: bearer });
  }

  /** Deprecated, and for users only. */
  #login({ body }: Asked): Answer {
    const login = readBody(z.object({ username: z.string(), password: z.string() }), body);
    if (login === null) return UNAUTHORIZED;
    if (this.accounts.get(login.username)?.kind === 'organization')
      return { status: 401, body: { detail: 'Cannot log into an organization account' } };
    const bearer = this.#sessions.signIn(login.username, login.password);
    return bearer === null ? UNAUTHORIZED : ok({ token: bearer });
  }

  #personalTokens({ session, url }: Asked): Answer {
    const refused = this.#refusesUser(session);
    if (!session || refused !== null) return refused ?? UNAUTHORIZED;
    const page = pageOf(url, 10, this.#maxPageSize);
    if (page === null) return BAD_PAGE;
    const own = this.tokens.filter(({ kind, account }) => kind === 'pat' && account === session.account.name);
    const all = own.map((token) => personalToken(this, token));
    const active_count = own.filter(({ active }) => active).length;
    return ok({ count: all.length, active_count, ...paged(url, all, page) });
  }

  #personalToken({ session }: Asked, id = ''): Answer {
    const refused = this.#refusesUser(session);
    if (!session || refused !== null) return refused ?? UNAUTHORIZED;
    const token = this.tokens.find((one) => one.id === id && one.account === session.account.name);
    return token === undefined ? NOT_FOUND : ok(personalToken(this, token));
  }

  #organizationTokens({ session, url }: Asked, name = ''): Answer {
    const refused = this.#refusesUser(session) ?? this.#refusesOwner(session, name, 'Organization access tokens');
    if (refused !== null) return refused;
    const page = pageOf(url, 10, this.#maxPageSize);
    if (page === null) return BAD_PAGE;
    const all = this.tokens.filter(({ account }) => account === name).map((token) => organizationToken(this, token));
    return ok({ total: all.length, ...paged(url, all, page) });
  }

  #detail({ session }: Asked, name = '', id = ''): Answer {
    const refused = this.#refusesUser(session) ?? this.#refusesOwner(session, name, 'Organization access tokens');
    if (refused !== null) return refused;
    const token = this.tokens.find((one) => one.id === id && one.account === name);
    if (token === undefined) return NOT_FOUND;
    return ok({ ...organizationToken(this, token), resources: token.resources });
  }

  #auditLog({ session, url }: Asked, name = ''): Answer {
    const refused = this.#refusesLog(session, name);
    if (refused !== null) return refused;
    const page = pageOf(url, 25, this.#maxPageSize);
    if (page === null) return BAD_PAGE;
    const query = (key: string) => url.searchParams.get(key);
    const from = Date.parse(query('from') ?? '0001-01-01');
    const to = Date.parse(query('to') ?? '9999-12-31');
    const isWanted = (key: 'action' | 'name' | 'actor', value: string) => [null, '', value].includes(query(key));
    const rows = this.log
      .filter((row) => row.account === name && row.visibleAt <= this.clock() && row.at >= from && row.at <= to)
      .filter((row) => isWanted('action', row.action) && isWanted('name', row.name) && isWanted('actor', row.actor))
      .sort((one, other) => other.at - one.at);
    return ok({ logs: paged(url, rows.map(auditRow), page).results });
  }

  #actions({ session }: Asked, name = ''): Answer {
    return this.#refusesLog(session, name) ?? ok({ actions: actionGroups() });
  }

  #tags({ session, url, method }: Asked, [namespace, name]: readonly string[]): Answer {
    const repository = this.#readable(session, `${namespace}/${name}`);
    const page = pageOf(url, 10, 100);
    if (repository === null || page === null) return repository === null ? NOT_FOUND : BAD_PAGE;
    if (method === 'HEAD' && repository.tags.size === 0) return NOT_FOUND;
    const newest = [...repository.tags].sort(([, one], [, other]) => other.pushedAt - one.pushedAt);
    const all = newest.map(([tag, pushed]) => tagAnswer(repository, tag, pushed));
    return ok({ count: all.length, ...paged(url, all, page) });
  }

  #tag({ session }: Asked, [namespace, name, tag = '']: readonly string[]): Answer {
    const repository = this.#readable(session, `${namespace}/${name}`);
    const pushed = repository?.tags.get(tag);
    return repository === null || pushed === undefined ? NOT_FOUND : ok(tagAnswer(repository, tag, pushed));
  }

  #immutable({ session, body }: Asked, [namespace = '', name]: readonly string[]): Answer {
    const path = `${namespace}/${name}`;
    const refused = this.#refusesAdmin(session, path);
    if (refused !== null) return refused;
    const settings = readBody(
      z.object({ immutable_tags: z.boolean(), immutable_tags_rules: z.array(z.string()) }),
      body,
    );
    if (settings === null) return { status: 400, body: { fields: {}, text: 'immutable_tags is required' } };
    const { immutable_tags: enabled, immutable_tags_rules: rules } = settings;
    this.setImmutableTags(path, { enabled, rules }, session?.account.name ?? '');
    return ok(repositoryAnswer(this.repository(path)));
  }

  #matching({ session, body }: Asked, [namespace = '', name]: readonly string[]): Answer {
    const path = `${namespace}/${name}`;
    const refused = this.#refusesAdmin(session, path);
    if (refused !== null) return refused;
    const wanted = readBody(z.object({ regex: z.string() }), body);
    if (wanted === null) return { status: 400, body: { fields: {}, text: 'regex is required' } };
    const pattern = new RegExp(`^(?:${wanted.regex})$`);
    return ok({ tags: [...this.repository(path).tags.keys()].filter((tag) => pattern.test(tag)) });
  }

  get #maxPageSize(): number {
    return this.#options.maxPageSize ?? 100;
  }

  /** What is for users, and not for tokens of organizations. */
  #refusesUser(session: Session | null | undefined): Answer | null {
    if (!session) return UNAUTHORIZED;
    if (session.token?.kind === 'oat') return NO_OAT;
    const mayRead = this.#options.personalTokensMayRead ?? true;
    return session.token?.kind === 'pat' && !mayRead ? NO_PAT : null;
  }

  /** What is for owners of accounts with a plan that has it. Strangers do not learn what there is. */
  #refusesOwner(session: Session | null | undefined, name: string, what: string): Answer | null {
    const account = this.accounts.get(name);
    const who = session?.account.name ?? '';
    if (account === undefined || !account.members.includes(who)) return NOT_FOUND;
    if (!account.owners.includes(who)) return FORBIDDEN;
    return hasPlan(account) ? null : notOnPlan(what);
  }

  #refusesLog(session: Session | null | undefined, name: string): Answer | null {
    if (session?.token?.kind !== 'oat')
      return this.#refusesUser(session) ?? this.#refusesOwner(session, name, 'Activity logs');
    const mayRead = session.token.resources.some(
      ({ path, scopes }) => path === name && scopes.includes('scope-activity-read'),
    );
    if (session.account.name !== name || !mayRead) return FORBIDDEN;
    return hasPlan(session.account) ? null : notOnPlan('Activity logs');
  }

  #refusesAdmin(session: Session | null | undefined, path: string): Answer | null {
    if (!session) return UNAUTHORIZED;
    if (!this.repositories.has(path)) return NOT_FOUND;
    const account = this.accounts.get(path.split('/')[0] ?? '');
    if (session.token?.kind === 'oat') {
      const isAdmin = session.token.resources.some(
        (each) => covers(each.path, path) && each.scopes.includes('scope-repository-settings-admin'),
      );
      return isAdmin ? null : FORBIDDEN;
    }
    return account?.owners.includes(session.account.name) ? null : FORBIDDEN;
  }

  #readable(session: Session | null | undefined, path: string): HubRepository | null {
    const repository = this.repositories.get(path);
    if (repository === undefined || !repository.isPrivate) return repository ?? null;
    const account = this.accounts.get(path.split('/')[0] ?? '');
    const isIn = session && (account?.members.includes(session.account.name) || account === session.account);
    return isIn ? repository : null;
  }
}

function covers(reach: string, path: string): boolean {
  return reach === path || (reach.endsWith('/*') && path.startsWith(reach.slice(0, -1)));
}

function hasPlan({ plan }: HubAccount): boolean {
  return plan === 'team' || plan === 'business';
}

function readBody<T>(schema: z.ZodType<T>, body: Buffer): T | null {
  try {
    return schema.safeParse(JSON.parse(body.toString())).data ?? null;
  } catch {
    return null;
  }
}
