import type { Dice } from './dice.ts';
import { type By, MINUTE, SECOND } from './happening.ts';
import type { Built, Ledger } from './ledger.ts';
import type { ImageLife, Wallet } from './life.ts';
import { hasCi, type PlannedOwner, type PlannedRepository } from './world-plan.ts';

/** An image is left alone so long before it is released again. */
const PAUSE = 40 * MINUTE;

/** What honest owners have, at every moment of a plan. */
export interface HonestLife {
  readonly wallets: ReadonlyMap<PlannedOwner, Wallet>;
  readonly lives: ReadonlyMap<PlannedRepository, ImageLife>;
}

/** Several images of one owner that are released together, as products of many parts are. */
export interface Train {
  readonly at: number;
  readonly owner: PlannedOwner;
  readonly repositories: readonly PlannedRepository[];
}

/** An image that is in the registry already. */
const tagOnly = ({ image }: Built): Built => ({ image, children: [] });

/** Writes releases into the ledger, in the order of time. */
export class ReleasePlanner {
  readonly #ledger: Ledger;
  readonly #wallets: HonestLife['wallets'];
  readonly #lives: HonestLife['lives'];
  readonly #dice: Dice;

  constructor(ledger: Ledger, wallets: HonestLife['wallets'], lives: HonestLife['lives'], dice: Dice) {
    this.#ledger = ledger;
    this.#wallets = wallets;
    this.#lives = lives;
    this.#dice = dice;
  }

  /** What is in the registry when Pushwarden begins to watch. */
  begin(): void {
    for (const life of this.#lives.values()) {
      for (let n = 0; n < 2; n += 1) {
        const { name, line, built } = life.next(this.#dice);
        for (const tag of [name, line, 'latest']) this.#ledger.baseline(life.repository, tag, built.image);
      }
      if (life.repository.nightly) this.#ledger.baseline(life.repository, 'nightly', life.build('nightly').image);
    }
  }

  night(at: number, repositories: readonly PlannedRepository[]): void {
    for (const repository of repositories) {
      const built = this.#life(repository).build('nightly');
      this.#made(repository, at + this.#dice.between(0, 2) * SECOND, ['nightly'], built, 'nightly');
    }
  }

  train({ at, repositories }: Train): void {
    for (const repository of repositories) {
      const begin = at + this.#dice.between(0, 2) * SECOND;
      if (!this.#ledger.isQuiet(repository, begin - PAUSE, begin + PAUSE)) continue;
      this.#one(repository, begin);
    }
  }

  #one(repository: PlannedRepository, at: number): void {
    const cast = this.#dice.unit();
    const life = this.#life(repository);
    if (cast < 0.7) this.#release(life, at);
    else if (cast < 0.75) this.#hotfixes(life, at);
    else if (cast < 0.82) this.#promotion(life, at);
    else if (cast < 0.86) this.#rollback(life, at);
    else if (cast < 0.91) this.#retag(life, at);
    else if (cast < 0.93 && repository.policy === 'pushers') this.#newLaptop(life, at);
    else this.#made(repository, at, ['edge'], life.build('edge'), 'edge');
  }

  #release(life: ImageLife, at: number, what = 'release'): void {
    const { name, line, built } = life.next(this.#dice);
    this.#made(life.repository, at, [name, line, 'latest'], built, what);
    for (const old of life.outdated())
      this.#ledger.add(at + 15 * SECOND, { kind: 'delete-tag', repository: life.repository, tag: old.name });
  }

  /** The first fix does not fix it. */
  #hotfixes(life: ImageLife, at: number): void {
    let time = at;
    for (let n = this.#dice.whole(2, 3); n > 0; n -= 1) {
      this.#release(life, time, 'hotfix');
      time += this.#dice.between(8, 15) * MINUTE;
    }
  }

  #promotion(life: ImageLife, at: number): void {
    const version = life.versions.at(-1);
    if (version === undefined) return;
    const [current] = this.#ledger.movesBefore(life.repository, 'stable', at).slice(-1);
    if (current?.image.digest !== version.built.image.digest)
      this.#made(life.repository, at, ['stable'], tagOnly(version.built), 'promotion');
  }

  /** Back to the release before: CI says so where there is CI, else a maintainer before doing it by hand. */
  #rollback(life: ImageLife, at: number): void {
    const { repository } = life;
    const [before, current] = this.#ledger.movesBefore(repository, 'latest', at).slice(-2);
    const version = life.versions.find(({ built }) => built.image.digest === before?.image.digest);
    if (version === undefined || current === undefined || version.built.image.digest === current.image.digest) return;
    if (hasCi(repository)) {
      this.#made(repository, at, ['latest'], tagOnly(version.built), 'rollback');
      return;
    }
    this.#ledger.add(at, { kind: 'expect', repository, tag: 'latest', digest: version.built.image.digest });
    const by = this.#wallet(repository).byHand(at, this.#dice);
    this.#push(repository, at + 3 * MINUTE, 'latest', tagOnly(version.built), by, 'rollback');
    this.#ledger.occupy(repository, at, at + 5 * MINUTE);
  }

  /** The same image once more, as mirrors and careful scripts do; CI says nothing of it. */
  #retag({ repository, versions }: ImageLife, at: number): void {
    const version = versions.at(-1);
    const current = this.#ledger.movesBefore(repository, 'latest', at).at(-1);
    // What Pushwarden has not heard of yet is no repetition to it.
    if (version === undefined || current?.told !== true || current.image.digest !== version.built.image.digest) return;
    const by = this.#wallet(repository).by(repository, at, this.#dice);
    this.#push(repository, at, 'latest', tagOnly(version.built), by, 'retag');
    this.#ledger.occupy(repository, at, at + 2 * MINUTE);
  }

  #newLaptop({ repository }: ImageLife, at: number): void {
    const { owner } = repository;
    if (owner.kind === 'github') return;
    const token = this.#wallet(repository).newLaptop(this.#ledger, at);
    const built = this.#life(repository).build('edge');
    this.#push(
      repository,
      at + this.#dice.between(2, 20) * MINUTE,
      'edge',
      built,
      { kind: 'token', token },
      'new laptop',
    );
    this.#ledger.occupy(repository, at, at + 25 * MINUTE);
  }

  /** Pushed as the policy wants it: by CI with its announcements, or by who may push. */
  #made(repository: PlannedRepository, at: number, tags: readonly string[], built: Built, what: string): void {
    const by = this.#wallet(repository).by(repository, at, this.#dice);
    const first = repository.policy === 'announce-first' ? at + 12 * SECOND : at;
    const lag = this.#ledger.logLag();
    for (const [n, tag] of tags.entries()) this.#push(repository, first + n * 0.4 * SECOND, tag, built, by, what, lag);
    const pushed = first + tags.length * 0.4 * SECOND;
    const end = hasCi(repository) ? this.#announce(repository, at, pushed, tags, built) : pushed;
    this.#ledger.occupy(repository, at, end + MINUTE);
  }

  /** @returns when CI has said all */
  #announce(
    repository: PlannedRepository,
    at: number,
    pushed: number,
    tags: readonly string[],
    { image }: Built,
  ): number {
    const { namesTags, policy } = repository;
    const run = this.#ledger.nextRun();
    const say = (
      time: number,
      phase: 'started' | 'pushed' | 'finished',
      digest: string | null,
      named: readonly string[],
    ) => this.#ledger.add(time, { kind: 'announce', repository, run, phase, tags: named, digest });
    const isLate = this.#dice.chance(0.1);
    if (policy === 'announce-first') {
      const told = pushed + (isLate ? this.#dice.between(5, 15) * MINUTE : this.#dice.between(3, 4) * SECOND);
      say(at, 'started', null, namesTags ? tags : []);
      say(told, 'pushed', image.digest, tags);
      say(told + 2 * SECOND, 'finished', null, []);
      return told + 2 * SECOND;
    }
    const told = pushed + (isLate ? this.#dice.between(5, 25) * MINUTE : this.#dice.between(3, 4) * SECOND);
    say(told, 'pushed', image.digest, tags);
    return told;
  }

  #push(
    repository: PlannedRepository,
    at: number,
    tag: string,
    built: Built,
    by: By,
    what: string,
    lag = this.#ledger.logLag(),
  ): void {
    this.#ledger.push({ at, repository, tag, built, by, what, logLag: lag });
  }

  #life(repository: PlannedRepository): ImageLife {
    const life = this.#lives.get(repository);
    if (life === undefined) throw new RangeError(`${repository.path} has no life`);
    return life;
  }

  #wallet({ owner }: PlannedRepository): Wallet {
    const wallet = this.#wallets.get(owner);
    if (wallet === undefined) throw new RangeError(`${owner.name} has no wallet`);
    return wallet;
  }
}
