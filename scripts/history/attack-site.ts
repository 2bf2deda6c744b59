import type { Dice } from './dice.ts';
import { type Act, type By, DAY, HOUR, MINUTE } from './happening.ts';
import { type Built, byToken, type Ledger, type NewPush } from './ledger.ts';
import { build, type Wallet } from './life.ts';
import type { HonestLife } from './release-planner.ts';
import type { PlannedOwner, PlannedRepository, PlannedToken, TokenRole, WorldPlan } from './world-plan.ts';

/** Ways in which an attacker acts. Each tries once and answers whether the time and place were right for it. */
export interface Way {
  readonly name: string;
  readonly attempt: (site: AttackSite) => boolean;
}

/** Maintainers have seen an alert and act on it so long after what it is about. */
export const TIDIED_AFTER = 3 * HOUR;
/** Windows of CI last an hour, and what it said of a digest explains uses as long. */
const CI_ECHO = 75 * MINUTE;
/** Two uses of an account's tokens that are this close may be told by one look, in which case nobody is sure. */
const APART = 30 * MINUTE;

/** What an attacker needs to know of the plan, and how an act is written into it. */
export class AttackSite {
  readonly ledger: Ledger;
  readonly world: WorldPlan;
  readonly dice: Dice;
  readonly days: number;
  readonly acts: Act[] = [];
  readonly #life: HonestLife;
  readonly #spent = new Set<string>();

  constructor(ledger: Ledger, world: WorldPlan, life: HonestLife, dice: Dice, days: number) {
    this.ledger = ledger;
    this.world = world;
    this.#life = life;
    this.dice = dice;
    this.days = days;
  }

  /** Some moment with a day to spare at the end. */
  time(from = DAY): number {
    return this.dice.between(from, (this.days - 1.5) * DAY);
  }

  repository(fits: (repository: PlannedRepository) => boolean): PlannedRepository | null {
    const all = this.world.repositories.filter(fits);
    return all.length === 0 ? null : this.dice.pick(all);
  }

  wallet(owner: PlannedOwner): Wallet {
    const wallet = this.#life.wallets.get(owner);
    if (wallet === undefined) throw new RangeError(`${owner.name} has no wallet`);
    return wallet;
  }

  /** A token that was not used up by an act before. */
  token(owner: PlannedOwner, role: TokenRole, at: number): PlannedToken | null {
    const all = this.wallet(owner)
      .of(role, at)
      .filter(({ label }) => !this.#spent.has(label));
    return all.length === 0 ? null : this.dice.pick(all);
  }

  spend({ label }: PlannedToken): void {
    this.#spent.add(label);
  }

  /** With what honest pushes are made there: what a thief has who has stolen it. */
  stolen(repository: PlannedRepository, at: number): By {
    return this.wallet(repository.owner).by(repository, at, this.dice);
  }

  /** Nobody else does anything to the image around `at`. */
  isAlone(repository: PlannedRepository, at: number): boolean {
    return this.ledger.isQuiet(repository, at - CI_ECHO, at + TIDIED_AFTER + 30 * MINUTE);
  }

  /** No other token of the account is used around `at`: without a log, only then a token can be told by its last use. */
  isSure(owner: PlannedOwner, at: number): boolean {
    return this.ledger.isUnused(owner, at - APART, at + APART);
  }

  isCiSilent(owner: PlannedOwner, at: number): boolean {
    return this.ledger.isCiSilent(owner, at - CI_ECHO, at + CI_ECHO);
  }

  /** An image that nobody else has. */
  malware(repository: PlannedRepository): Built {
    return build(repository, `malware ${this.acts.length + 1}`);
  }

  /** A tag that no release has, of the form that policies call immutable. */
  newTag(): string {
    return `6.${this.acts.length + 1}.6`;
  }

  /** Writes an act down: what it pushes, and that maintainers look at what became of it. */
  commit(
    act: Omit<Act, 'n' | 'target' | 'touches' | 'token'> & Partial<Pick<Act, 'token' | 'touches'>>,
    push: Omit<NewPush, 'at' | 'act' | 'what'> | null,
    tidiedAfter = TIDIED_AFTER,
  ): Act {
    const { rules, ...more } = act;
    const target =
      push === null ? null : { image: push.repository.image, tag: push.tag, digest: push.built.image.digest };
    const written: Act = {
      token: push === null ? null : byToken(push.by),
      touches: [],
      ...more,
      n: this.acts.length + 1,
      rules: [...rules],
      target,
    };
    this.acts.push(written);
    if (push !== null) {
      this.ledger.push({ ...push, at: act.at, act: written, what: act.way });
      this.ledger.occupy(push.repository, act.at - MINUTE, act.at + TIDIED_AFTER + 30 * MINUTE);
    }
    this.ledger.add(act.at + tidiedAfter, { kind: 'tidy' });
    return written;
  }

  /** Maintainers point a tag back at what it was, and say so before; a tag that was not there they delete. */
  undo(repository: PlannedRepository, tag: string, at: number, after = TIDIED_AFTER): void {
    const before = this.ledger.movesBefore(repository, tag, at).at(-1);
    const time = at + after + 5 * MINUTE;
    if (before === undefined) {
      this.ledger.add(time, { kind: 'delete-tag', repository, tag });
      return;
    }
    this.ledger.add(time, { kind: 'expect', repository, tag, digest: before.image.digest });
    const by = this.wallet(repository.owner).byHand(time, this.dice);
    const built = { image: before.image, children: [] };
    this.ledger.push({ at: time + 2 * MINUTE, repository, tag, built, by, what: 'restore' });
  }
}
