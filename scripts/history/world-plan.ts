import type { Workflow } from '../simulate/ci-job.ts';
import type { HistoryOptions } from './options.ts';

/** Who owns images, with which tokens they are pushed, and what each image's policy is. No randomness but the options. */

/** `personal`: a Docker Hub user without an audit log; `team`: an organization with one; `github`: images on GHCR. */
export type OwnerKind = 'personal' | 'team' | 'github';

export interface PlannedOwner {
  readonly kind: OwnerKind;
  /** Namespace of its images, and the account that its webhooks name. */
  readonly name: string;
  /** Who signs in at Docker Hub and makes tokens: the user itself, or an owner of the organization. */
  readonly person: string;
  /** From where its tokens are made. */
  readonly addresses: readonly string[];
}

/**
 * `release`: marked as expected. `ci`: used by CI and nobody else. `laptop`: not marked. `canary`: a decoy. `dormant`: used
 * once, long ago. `retired`: marked so, and never revoked. `reader`: Pushwarden's own.
 */
export type TokenRole = 'release' | 'ci' | 'laptop' | 'canary' | 'dormant' | 'retired' | 'reader';

export interface PlannedToken {
  /** Unique, also its name in the audit log. */
  readonly label: string;
  readonly owner: PlannedOwner;
  readonly role: TokenRole;
  readonly madeFrom: string;
  readonly madeBy: string;
}

export type PolicyKind = 'announce-first' | 'deadline' | 'pushers' | 'tokens';

export interface PlannedRepository {
  readonly n: number;
  readonly owner: PlannedOwner;
  /** `acme/app-3` */
  readonly path: string;
  /** `docker.io/acme/app-3` */
  readonly image: string;
  readonly policy: PolicyKind;
  readonly workflow: Workflow;
  /** Its CI says which tags it will push when it begins. */
  readonly namesTags: boolean;
  /** Built every night. */
  readonly nightly: boolean;
  /** Released once in a quarter. */
  readonly rare: boolean;
}

export interface WorldPlan {
  readonly owners: readonly PlannedOwner[];
  readonly tokens: readonly PlannedToken[];
  readonly repositories: readonly PlannedRepository[];
  /** After so many days without use a token is dormant. */
  readonly dormantDays: number;
}

const KINDS: readonly OwnerKind[] = ['personal', 'team', 'github'];
const NAMES: Readonly<Record<OwnerKind, string>> = { personal: 'mira', team: 'acme', github: 'octo-org' };
/** In the order in which an account gets them. */
const ROLES: readonly TokenRole[] = [
  ...(['release', 'ci', 'laptop', 'canary', 'dormant', 'retired'] as const),
  ...(['dormant', 'laptop', 'canary', 'dormant', 'retired', 'laptop', 'dormant', 'laptop'] as const),
];
const HUB_POLICIES: readonly PolicyKind[] = ['announce-first', 'tokens', 'deadline', 'pushers'];
const GITHUB_POLICIES: readonly PolicyKind[] = ['announce-first', 'deadline', 'pushers'];

export function planWorld(options: HistoryOptions): WorldPlan {
  const owners = Array.from({ length: options.accounts }, (_, n) => planOwner(n));
  const hub = owners.filter(({ kind }) => kind !== 'github');
  const tokens = hub.flatMap((owner, n) => {
    const count = Math.floor(options.tokens / hub.length) + (n < options.tokens % hub.length ? 1 : 0);
    const own = Array.from({ length: count }, (_, at) => planToken(owner, ROLES[at % ROLES.length] ?? 'laptop', at));
    return [...own, readerOf(owner)];
  });
  const repositories = Array.from({ length: options.repositories }, (_, n) => planRepository(n, owners, options));
  const dormantDays = Math.min(90, Math.max(5, Math.floor(options.days / 2)));
  return { owners, tokens, repositories, dormantDays };
}

function planOwner(n: number): PlannedOwner {
  const kind = KINDS[n % KINDS.length] ?? 'personal';
  const round = Math.floor(n / KINDS.length);
  const name = `${NAMES[kind]}${round === 0 ? '' : round + 1}`;
  const addresses = [`198.51.100.${10 + n}`, `198.51.100.${110 + n}`];
  return { kind, name, person: kind === 'team' ? `${name}-owner` : name, addresses };
}

function planToken(owner: PlannedOwner, role: TokenRole, n: number): PlannedToken {
  const madeFrom = owner.addresses[n % owner.addresses.length] ?? '';
  return { label: `${owner.name}-${role}-${n}`, owner, role, madeFrom, madeBy: owner.person };
}

function readerOf(owner: PlannedOwner): PlannedToken {
  return { ...planToken(owner, 'reader', 0), label: `${owner.name}-pushwarden` };
}

/** Built every night: so many that they make at most this share of all pushes. */
const NIGHTLY_SHARE = 0.3;

function planRepository(n: number, owners: readonly PlannedOwner[], options: HistoryOptions): PlannedRepository {
  const owner = owners[n % owners.length];
  if (owner === undefined) throw new RangeError('a world has owners');
  const round = Math.floor(n / owners.length);
  const policies = owner.kind === 'github' ? GITHUB_POLICIES : HUB_POLICIES;
  const policy = policies[round % policies.length] ?? 'pushers';
  const path = `${owner.name}/app-${n}`;
  const nightlies = Math.min(Math.floor((NIGHTLY_SHARE * options.pushes) / options.days), options.repositories / 2);
  return {
    n,
    owner,
    path,
    image: `${owner.kind === 'github' ? 'ghcr.io' : 'docker.io'}/${path}`,
    policy,
    workflow: { repository: path, repositoryId: String(7000 + n), file: '.github/workflows/release.yml' },
    namesTags: round % 2 === 0,
    nightly: n < nightlies,
    rare: policy === 'announce-first' && round >= policies.length && round < 2 * policies.length,
  };
}

/** Whether CI vouches for its pushes. */
export const hasCi = ({ policy }: PlannedRepository): boolean => policy === 'announce-first' || policy === 'deadline';

/** What Pushwarden is told to expect of an image. */
export function policyOf(repository: PlannedRepository, oidcIssuer: string, dormantDays: number): object {
  const { policy, workflow, owner } = repository;
  const identity = { oidcIssuer, repositoryId: workflow.repositoryId, workflow: workflow.file };
  const ci = { ci: { mode: 'require', announceFirst: policy === 'announce-first', identities: [identity] } };
  return {
    pushers: [owner.kind === 'github' ? 'github-actions[bot]' : owner.name],
    immutableTags: ['*.*.*'],
    tokens: { mode: policy === 'tokens' ? 'require' : 'off', dormantDays },
    ...(hasCi(repository) ? ci : {}),
  };
}
