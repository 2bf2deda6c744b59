import type { Verdict } from './finding.ts';

/** How many pushes of a week were judged how: of one image, or of several. */
export interface PushWeek extends Readonly<Record<Verdict, number>> {
  /** Weeks since the Monday before the epoch. */
  readonly week: number;
  /** Of those whose signatures were looked for: with a valid one, and certainly without. */
  readonly signed: number;
  readonly unsigned: number;
}

export const WEEK_MS = 7 * 86_400_000;
/** From the Monday before the epoch (29 December 1969) to the epoch. */
export const MONDAY_MS = 3 * 86_400_000;

export const pushWeekOf = (at: number): number => Math.floor((at + MONDAY_MS) / WEEK_MS);

/** Monday, 00:00 UTC. */
export const pushWeekStart = (week: number): number => week * WEEK_MS - MONDAY_MS;

/** How many weeks charts show, the present one included. */
export const WEEKS_SHOWN = 13;

const NOTHING = { pending: 0, trusted: 0, rogue: 0, undetermined: 0, signed: 0, unsigned: 0 };

/** The weeks up to the present one, in order, those without pushes too. */
export function recentWeeks(weeks: readonly PushWeek[], now: number): readonly PushWeek[] {
  const last = pushWeekOf(now);
  const known = new Map(weeks.map((each) => [each.week, each]));
  return Array.from({ length: WEEKS_SHOWN }, (_, n) => {
    const week = last - WEEKS_SHOWN + 1 + n;
    return known.get(week) ?? { week, ...NOTHING };
  });
}

/** All of them as one, as far as counts go. */
export function sumOfWeeks(weeks: readonly PushWeek[]): Omit<PushWeek, 'week'> {
  const sum = { ...NOTHING };
  for (const each of weeks) for (const name of COUNTS) sum[name] += each[name];
  return sum;
}

const COUNTS = ['pending', 'trusted', 'rogue', 'undetermined', 'signed', 'unsigned'] as const;
