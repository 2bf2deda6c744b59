import type { D1Database } from '@cloudflare/workers-types';
import { type Json, TestInstallation } from '../../test/fixtures/worker.ts';
import type { HubToken } from '../simulate/world/dockerhub-accounts.ts';
import type { HistoryOptions } from './options.ts';
import type { HistoryPlan } from './plan.ts';
import { type PlannedOwner, type PlannedRepository, type PlannedToken, policyOf } from './world-plan.ts';

/** A watched image, as Pushwarden knows it. */
export interface Watched {
  readonly id: number;
  readonly webhook: { readonly url: string; readonly secret?: string };
}

/** Passwords are nobody's business here: sources sign in with tokens. */
const PASSWORD = 'correct horse battery staple';

/**
 * How the installation runs: sweeps once a day, and accounts are read when the plan says so, which is every five minutes
 * but for readings that could see nothing new. No other setting than the defaults changes what is judged.
 */
const VARS = {
  SWEEP_MINUTES: '1440',
  SWEEP_REQUESTS_PER_RUN: '5000',
  DOCKERHUB_POLL_MINUTES: '1440',
  SUBREQUESTS: '10000',
};

/** The real Worker with everybody else's servers, set up as the plan's world says. */
export class Stage {
  readonly pushwarden: TestInstallation;
  readonly plan: HistoryPlan;
  /** Simulated time at which the plan begins, ms since the epoch. */
  readonly begin: number;
  readonly #watched: ReadonlyMap<PlannedRepository, Watched>;
  readonly #tokens = new Map<string, HubToken>();
  readonly #sources = new Map<PlannedOwner, number>();

  private constructor(
    pushwarden: TestInstallation,
    plan: HistoryPlan,
    watched: ReadonlyMap<PlannedRepository, Watched>,
  ) {
    this.pushwarden = pushwarden;
    this.plan = plan;
    this.#watched = watched;
    this.begin = pushwarden.now();
  }

  /** @param bundle path of the bundled Worker */
  static async set(bundle: string, plan: HistoryPlan, options: HistoryOptions): Promise<Stage> {
    const pushwarden = await TestInstallation.start({ bundle, vars: VARS });
    pushwarden.registry.referrersApi = false;
    pushwarden.hub.actors = options.actors;
    pushwarden.hub.lastUsedLagMs = options.usedLate * 60_000;
    await pushwarden.connectSlack();
    const watched = new Map<PlannedRepository, Watched>();
    for (const repository of plan.world.repositories)
      watched.set(repository, await watch(pushwarden, plan, repository));
    const stage = new Stage(pushwarden, plan, watched);
    for (const owner of plan.world.owners) if (owner.kind !== 'github') await stage.#openAccount(owner);
    return stage;
  }

  get db(): D1Database {
    return this.pushwarden.db;
  }

  stop(): Promise<void> {
    return this.pushwarden.stop();
  }

  /** ms since the plan's beginning. */
  now(): number {
    return this.pushwarden.now() - this.begin;
  }

  watched(repository: PlannedRepository): Watched {
    const watched = this.#watched.get(repository);
    if (watched === undefined) throw new RangeError(`${repository.path} is not watched`);
    return watched;
  }

  token({ label }: PlannedToken): HubToken {
    const token = this.#tokens.get(label);
    if (token === undefined) throw new RangeError(`there is no token ${label} yet`);
    return token;
  }

  makeToken({ label, owner, role, madeFrom, madeBy }: PlannedToken): HubToken {
    const scopes = [role === 'reader' ? 'repo:admin' : 'repo:write'];
    const account = role === 'reader' ? owner.person : owner.name;
    const token = this.pushwarden.hub.createToken(account, { label, scopes, creatorIp: madeFrom, createdBy: madeBy });
    this.#tokens.set(label, token);
    return token;
  }

  /** @throws Error if it is refused */
  async api(method: string, path: string, body?: object): Promise<Json> {
    const { status, json } = await this.pushwarden.api(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(json)}`);
    return json;
  }

  /** Every item of a list. */
  async all(path: string): Promise<Json[]> {
    const items: Json[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more: string = `${path.includes('?') ? '&' : '?'}limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page: Json = await this.api('GET', `${path}${more}`);
      items.push(...page.items);
      cursor = page.next;
    }
    return items;
  }

  /** Id of a credential at Pushwarden, `C-12`, once a reading has shown it. */
  async credential(token: PlannedToken): Promise<string> {
    const { id } = this.token(token);
    const found = (await this.all('/credentials')).find(({ externalId }: Json) => externalId === id);
    if (found === undefined) throw new Error(`Pushwarden does not know ${token.label} yet`);
    return found.id;
  }

  /** An account is read as soon as time passes. */
  async askToPoll(owner: PlannedOwner): Promise<void> {
    await this.api('POST', `/sources/${this.#sources.get(owner)}/poll`);
  }

  async mark(token: PlannedToken, change: object): Promise<void> {
    await this.api('PATCH', `/credentials/${await this.credential(token)}`, change);
  }

  async #openAccount(owner: PlannedOwner): Promise<void> {
    const { hub } = this.pushwarden;
    const isTeam = owner.kind === 'team';
    hub.addUser(owner.person, { password: PASSWORD, plan: 'pro' });
    if (isTeam)
      hub.addOrganization(owner.name, { plan: 'team', owners: [owner.person], members: [`${owner.name}-contractor`] });
    const tokens = this.plan.world.tokens.filter((token) => token.owner === owner);
    for (const token of tokens) this.makeToken(token);
    const reader = tokens.find(({ role }) => role === 'reader');
    const secret = reader === undefined ? PASSWORD : this.token(reader).secret;
    const organization = isTeam ? { organization: owner.name } : {};
    const source = await this.api('POST', '/sources', {
      kind: 'dockerhub',
      account: owner.person,
      secret,
      ...organization,
    });
    this.#sources.set(owner, source.id);
    await this.pushwarden.advance(0);
    for (const token of tokens) await this.#markFirst(token);
  }

  async #markFirst(token: PlannedToken): Promise<void> {
    switch (token.role) {
      case 'release':
        return this.mark(token, { mark: 'expected' });
      case 'ci': {
        const own = [...this.#watched].filter(([{ owner }]) => owner === token.owner);
        const expectedOn = own.filter(([repository]) => isOfCi(repository)).map(([, { id }]) => id);
        return this.mark(token, { mark: 'expected', ciOnly: true, expectedOn });
      }
      case 'retired':
      case 'canary':
        return this.mark(token, { mark: token.role });
      default:
    }
  }
}

const isOfCi = ({ policy }: PlannedRepository): boolean => policy === 'announce-first' || policy === 'deadline';

/** The registry has what was there before; then Pushwarden begins to watch. */
async function watch(
  pushwarden: TestInstallation,
  { ledger, world }: HistoryPlan,
  repository: PlannedRepository,
): Promise<Watched> {
  const before = Number.NEGATIVE_INFINITY;
  for (const tag of ledger.tagsOf(repository)) {
    const [move] = ledger.movesBefore(repository, tag, before).slice(-1);
    if (move !== undefined) pushwarden.registry.push(repository.path, tag, move.image);
  }
  const policy = policyOf(repository, pushwarden.oidc.issuer, world.dormantDays);
  const { id, webhook } = await pushwarden.watch(repository.image, { policy });
  return { id, webhook };
}
