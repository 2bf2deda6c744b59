import type { Image } from '../simulate/images.ts';
import type { Dice } from './dice.ts';
import {
  type Act,
  type By,
  type Deed,
  type Happening,
  MINUTE,
  type PlannedPush,
  type WebhookFate,
} from './happening.ts';
import type { HistoryOptions } from './options.ts';
import { hasCi, type PlannedOwner, type PlannedRepository } from './world-plan.ts';

/** What a tag was from some time on. */
export interface TagMove {
  readonly at: number;
  readonly image: Image;
  /** Its webhook comes: Pushwarden knows of it soon. */
  readonly told: boolean;
}

export interface Built {
  readonly image: Image;
  readonly children: readonly Image[];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** A push to be written down; what is left out is decided by the dice. */
export type NewPush = Pick<PlannedPush, 'at' | 'repository' | 'tag' | 'by' | 'what'> & {
  readonly built: Built;
  readonly act?: Act;
  readonly fate?: WebhookFate;
  readonly logLag?: number;
};

/** What was planned so far: everything that happens, and what is known of tags, tokens and CI at any time. */
export class Ledger {
  readonly happenings: Happening[] = [];
  readonly pushes: PlannedPush[] = [];
  readonly #options: HistoryOptions;
  readonly #dice: Dice;
  readonly #moves = new Map<string, TagMove[]>();
  readonly #spans = new Map<number, Span[]>();
  readonly #uses = new Map<string, number[]>();
  readonly #ci = new Map<string, number[]>();
  #runs = 0;

  constructor(options: HistoryOptions, dice: Dice) {
    this.#options = options;
    this.#dice = dice;
  }

  add(at: number, deed: Deed): void {
    this.happenings.push({ at, deed });
    if (deed.kind === 'use') append(this.#uses, deed.token.owner.name, at);
    if (deed.kind === 'announce') append(this.#ci, deed.repository.owner.name, at);
  }

  /** A push: it uses its token, and moves its tag unless it is an attacker's. */
  push({ built, act, ...more }: NewPush): PlannedPush {
    const fate = more.fate ?? this.#fate(act !== undefined);
    const logLag = more.logLag ?? this.logLag();
    const push: PlannedPush = { ...more, ...built, act: act ?? null, fate, logLag };
    this.pushes.push(push);
    this.add(push.at, { kind: 'push', push });
    if (push.by.kind === 'token') append(this.#uses, push.by.token.owner.name, push.at);
    if (act === undefined) {
      const move = { at: push.at, image: push.image, told: fate === 'sent' || fate === 'late' };
      append(this.#moves, `${push.repository.n} ${push.tag}`, move);
    }
    return push;
  }

  /** What a tag is before Pushwarden looks for the first time. */
  baseline(repository: PlannedRepository, tag: string, image: Image): void {
    this.#moves.set(`${repository.n} ${tag}`, [{ at: Number.NEGATIVE_INFINITY, image, told: true }]);
  }

  /** From a push to its row in the log: mostly seconds, sometimes up to what the options say. */
  logLag(): number {
    const { late } = this.#options;
    return Math.min(late, this.#dice.chance(0.3) ? this.#dice.between(0, late) : this.#dice.between(0, 1)) * MINUTE;
  }

  nextRun(): number {
    this.#runs += 1;
    return this.#runs;
  }

  /** Everything that a tag was up to `at`, oldest first. */
  movesBefore(repository: PlannedRepository, tag: string, at: number): TagMove[] {
    const moves = (this.#moves.get(`${repository.n} ${tag}`) ?? []).filter((move) => move.at <= at);
    // Acts and what puts them right again are planned after honest life.
    return moves.toSorted((one, other) => one.at - other.at);
  }

  tagsOf(repository: PlannedRepository): string[] {
    const start = `${repository.n} `;
    return [...this.#moves.keys()].filter((key) => key.startsWith(start)).map((key) => key.slice(start.length));
  }

  occupy(repository: PlannedRepository, from: number, to: number): void {
    append(this.#spans, repository.n, { from, to });
  }

  isQuiet(repository: PlannedRepository, from: number, to: number): boolean {
    return (this.#spans.get(repository.n) ?? []).every((span) => span.to < from || span.from > to);
  }

  /** Whether no token of an account is used in that time. */
  isUnused(owner: PlannedOwner, from: number, to: number): boolean {
    return (this.#uses.get(owner.name) ?? []).every((at) => at < from || at > to);
  }

  /** Whether CI says nothing about any image of the owner in that time. */
  isCiSilent(owner: PlannedOwner, from: number, to: number): boolean {
    return (this.#ci.get(owner.name) ?? []).every((at) => at < from || at > to);
  }

  #fate(isRogue: boolean): WebhookFate {
    const { lost, reordered } = this.#options;
    const cast = this.#dice.unit();
    if (cast < reordered) return 'late';
    return cast < reordered + lost && !isRogue ? 'lost' : 'sent';
  }
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** Whether an honest push has nobody who vouches for it, should its webhook be lost. */
export const isBlind = ({ repository, fate, act }: PlannedPush): boolean =>
  act === null && fate === 'lost' && !hasCi(repository);

export const byToken = (by: By): string | null => (by.kind === 'token' ? by.token.label : null);
