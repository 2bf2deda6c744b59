import { buildkitAttestation, imageIndex, singleImage } from '../simulate/images.ts';
import type { Dice } from './dice.ts';
import { type By, DAY, HOUR, MINUTE, SECOND } from './happening.ts';
import type { Built, Ledger } from './ledger.ts';
import {
  hasCi,
  type PlannedOwner,
  type PlannedRepository,
  type PlannedToken,
  type TokenRole,
  type WorldPlan,
} from './world-plan.ts';

/** What an honest owner's tokens and images are at one moment of the plan, which goes forward only. */

/** Versions that are kept; older ones are deleted, as many a cleanup job does. */
const KEPT_VERSIONS = 8;

export interface Version {
  readonly name: string;
  /** `1.4` */
  readonly line: string;
  readonly built: Built;
}

/** An image's releases so far. */
export class ImageLife {
  readonly repository: PlannedRepository;
  readonly versions: Version[] = [];
  #minor = 0;
  #patch = 0;
  #builds = 0;

  constructor(repository: PlannedRepository) {
    this.repository = repository;
  }

  /** The next version: a patch of the newest line, or a new line. */
  next(dice: Dice): Version {
    if (dice.chance(0.08)) {
      this.#minor += 1;
      this.#patch = 0;
    } else this.#patch += 1;
    const line = `1.${this.#minor}`;
    const name = `${line}.${this.#patch}`;
    const version = { name, line, built: this.build(name, dice.chance(0.25)) };
    this.versions.push(version);
    return version;
  }

  /** An image that nobody has built before. */
  build(words: string, attested = false): Built {
    this.#builds += 1;
    return build(this.repository, `${words} build ${this.#builds}`, attested);
  }

  /** What is not kept any more. */
  outdated(): Version[] {
    return this.versions.splice(0, Math.max(0, this.versions.length - KEPT_VERSIONS));
  }
}

/** On GHCR an index of two platforms, on Docker Hub (whose webhooks tell of tags only) one image. */
export function build({ owner, path }: PlannedRepository, words: string, attested = false): Built {
  const name = `${path} ${words}`;
  if (owner.kind !== 'github') return { image: singleImage(name), children: [] };
  const platforms = [singleImage(name), singleImage(name, 'arm64')];
  const attestations = attested ? platforms.map(buildkitAttestation) : [];
  return { image: imageIndex(platforms, attestations), children: [...platforms, ...attestations] };
}

/** A token in a role, from some time to another. */
interface Held {
  readonly token: PlannedToken;
  readonly role: TokenRole;
  readonly from: number;
  to: number;
}

/** The tokens of an account as its owner uses them. */
export class Wallet {
  readonly owner: PlannedOwner;
  readonly #held: Held[];

  constructor(owner: PlannedOwner, { tokens }: WorldPlan) {
    this.owner = owner;
    this.#held = tokens
      .filter((token) => token.owner === owner)
      .map((token) => ({ token, role: token.role, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }));
  }

  /** Tokens that have the role at that time. */
  of(role: TokenRole, at: number): PlannedToken[] {
    return this.#held.filter((held) => held.role === role && held.from <= at && at < held.to).map(({ token }) => token);
  }

  /** With what an honest push to an image is made. */
  by(repository: PlannedRepository, at: number, dice: Dice): By {
    if (this.owner.kind === 'github') return { kind: 'account', name: 'github-actions[bot]' };
    const role = hasCi(repository) ? 'ci' : repository.policy === 'tokens' ? 'release' : 'laptop';
    return { kind: 'token', token: dice.pick(this.of(role, at)) };
  }

  /** With what a maintainer pushes by hand. */
  byHand(at: number, dice: Dice): By {
    if (this.owner.kind === 'github') return { kind: 'account', name: `${this.owner.name}-admin` };
    return { kind: 'token', token: dice.pick(this.of('laptop', at)) };
  }

  /** The release token is replaced: the new one is known and marked before it is used, the old one retired an hour later. */
  rotate(ledger: Ledger, at: number): void {
    const old = this.#held.find((held) => held.role === 'release' && held.to > at);
    if (old === undefined) return;
    const token: PlannedToken = { ...old.token, label: `${this.owner.name}-release-of-day-${Math.floor(at / DAY)}` };
    ledger.add(at, { kind: 'make-token', token });
    ledger.add(at + 12 * MINUTE, { kind: 'mark', token, as: 'expected' });
    ledger.add(at + HOUR, { kind: 'mark', token: old.token, as: 'retired' });
    old.to = at + 20 * MINUTE;
    this.#hold(token, 'release', old.to);
    this.#hold(old.token, 'retired', at + 2 * HOUR);
  }

  /** A new laptop: its token is made at a known address and used at once. */
  newLaptop(ledger: Ledger, at: number): PlannedToken {
    const [madeFrom = ''] = this.owner.addresses;
    const label = `${this.owner.name}-laptop-of-day-${Math.floor(at / DAY)}-${Math.floor((at % DAY) / MINUTE)}`;
    const token = { label, owner: this.owner, role: 'laptop', madeFrom, madeBy: this.owner.person } as const;
    ledger.add(at, { kind: 'make-token', token });
    this.#hold(token, 'laptop', at);
    return token;
  }

  #hold(token: PlannedToken, role: TokenRole, from: number): void {
    this.#held.push({ token, role, from, to: Number.POSITIVE_INFINITY });
  }
}

/**
 * Uses that push nothing: an owner's laptops pull now and then, some of them on the same day, so often that none of them
 * sleeps; what sleeps was used on the first day.
 */
export function planPulls(
  ledger: Ledger,
  wallets: readonly Wallet[],
  dice: Dice,
  days: number,
  dormantDays: number,
): void {
  const daily = Math.min(0.8, 20 / dormantDays);
  for (const wallet of wallets) {
    for (const token of wallet.of('dormant', 0)) ledger.add(dice.between(7, 20) * HOUR, { kind: 'use', token });
    for (let day = 1; day < days; day += 1) {
      const at = day * DAY + dice.between(7, 19) * HOUR;
      if (!dice.chance(daily)) continue;
      for (const token of wallet.of('laptop', at))
        if (dice.chance(0.6)) ledger.add(at + dice.between(0, 5) * SECOND, { kind: 'use', token });
    }
  }
}
