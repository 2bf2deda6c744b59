import { parseArgs } from 'node:util';

/** What decides a history. The same options give the same plan. */
export interface HistoryOptions {
  readonly seed: number;
  /** Honest pushes of tags and rogue ones together, about. */
  readonly pushes: number;
  /** Share of pushes that are rogue. */
  readonly rogue: number;
  /** Shares of webhooks that never come, that come twice, that come late. */
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** By so much rows of the audit log are late at most, in minutes. */
  readonly late: number;
  /** By so much last-used times are late at most, in minutes. */
  readonly usedLate: number;
  readonly repositories: number;
  readonly tokens: number;
  readonly accounts: number;
  readonly days: number;
  /** How rows of the audit log name who pushed with a token: Docker does not say. */
  readonly actors: 'label' | 'id' | 'account';
}

export const DEFAULTS: HistoryOptions = {
  seed: 1,
  pushes: 30_000,
  rogue: 0.01,
  lost: 0.02,
  duplicated: 0.02,
  reordered: 0.05,
  late: 60,
  usedLate: 2,
  repositories: 40,
  tokens: 25,
  accounts: 3,
  days: 365,
  actors: 'label',
};

/** Bounds of each number: what is beyond them is a slip of the hand. */
const BOUNDS: Readonly<Record<Exclude<keyof HistoryOptions, 'actors'>, readonly [least: number, most: number]>> = {
  seed: [0, 2 ** 31],
  pushes: [50, 200_000],
  rogue: [0, 0.2],
  lost: [0, 0.5],
  duplicated: [0, 0.5],
  reordered: [0, 0.5],
  late: [0, 110],
  usedLate: [0, 30],
  repositories: [6, 400],
  tokens: [16, 90],
  accounts: [3, 9],
  days: [14, 366],
};

export class UsageError extends Error {}

const NAMES = Object.keys(DEFAULTS) as (keyof HistoryOptions)[]; // the keys of a literal

/** Options of a command line: `--pushes 600 --used-late 5`. @throws UsageError */
export function readOptions(args: readonly string[]): HistoryOptions {
  const options = Object.fromEntries(NAMES.map((name) => [flag(name), { type: 'string' }] as const));
  let values: Readonly<Record<string, unknown>>;
  try {
    values = parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage()}`);
  }
  const given = (name: keyof HistoryOptions) => values[flag(name)];
  const numbers = Object.entries(BOUNDS).map(([name, [least, most]]) => {
    const key = name as keyof typeof BOUNDS; // the keys of a literal
    const value = given(key) === undefined ? DEFAULTS[key] : Number(given(key));
    if (!(value >= least && value <= most))
      throw new UsageError(`--${flag(key)} is a number from ${least} to ${most}.`);
    return [key, value] as const;
  });
  const actors = given('actors') ?? DEFAULTS.actors;
  if (actors !== 'label' && actors !== 'id' && actors !== 'account')
    throw new UsageError('--actors is label, id or account.');
  return { ...DEFAULTS, ...Object.fromEntries(numbers), actors };
}

const flag = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function usage(): string {
  const lines = NAMES.map((name) => `  --${flag(name).padEnd(13)} ${DEFAULTS[name]}`);
  return `Usage: npm run history -- [OPTIONS]     Plays a year through the real Worker and scores what it tells.\n${lines.join('\n')}`;
}
