/** When a credential was used, day by day. Days are days since the epoch, times ms since the epoch; all in UTC. */

const DAY_MS = 86_400_000;

/** What was seen of it on a day, in all repositories together. */
export interface UsedDay {
  readonly day: number;
  /** Named or deduced. */
  readonly pushes: number;
  /** Pushes that others may have made as well. */
  readonly possible: number;
  /** Other than pushes. */
  readonly uses: number;
}

/** A time in which we could not look; `until` `null`: it lasts. */
export interface BlindTime {
  readonly from: number;
  readonly until: number | null;
}

export interface UseHistory {
  readonly days: readonly UsedDay[];
  /** Times of uses that an alert speaks of, those left out that proved to be expected. */
  readonly alarms: readonly number[];
  readonly blind: readonly BlindTime[];
  /** Before that we did not know of it, or did not count. */
  readonly knownSince: number;
}

/**
 * `alarm`: an alert speaks of a use on that day. `blind`: nothing was seen, and for a part of the day we could not look.
 * `before`: nothing was seen, and we did not know of the credential yet. Only `unused` says that it was not used.
 */
export type DayState = 'alarm' | 'used' | 'blind' | 'before' | 'unused';

export interface CalendarDay extends UsedDay {
  readonly state: DayState;
}

/** Days that a calendar shows, today included: 52 weeks back from today, whole weeks at its beginning. */
export const CALENDAR_DAYS = 365;

export const dayOf = (at: number): number => Math.floor(at / DAY_MS);

/** The first day that a calendar made now shows: a Monday. */
export function firstDay(now: number): number {
  const first = dayOf(now) - CALENDAR_DAYS + 1;
  // The epoch began on a Thursday.
  return first - ((first + 3) % 7);
}

/** Every day from the first up to today, in order. */
export function calendarOf(history: UseHistory, now: number): readonly CalendarDay[] {
  const first = firstDay(now);
  const seen = new Map(history.days.map((each) => [each.day, each]));
  const alarms = new Set(history.alarms.map(dayOf));
  return Array.from({ length: dayOf(now) - first + 1 }, (_, n): CalendarDay => {
    const day = first + n;
    const used = seen.get(day) ?? { day, pushes: 0, possible: 0, uses: 0 };
    return { ...used, state: stateOf(used, alarms.has(day), history, now) };
  });
}

/** How often it was seen that day. */
export const usesOn = ({ pushes, possible, uses }: UsedDay): number => pushes + possible + uses;

function stateOf(used: UsedDay, isAlarm: boolean, { blind, knownSince }: UseHistory, now: number): DayState {
  if (isAlarm) return 'alarm';
  if (usesOn(used) > 0) return 'used';
  const begin = used.day * DAY_MS;
  if (begin + DAY_MS <= knownSince) return 'before';
  return blind.some(({ from, until }) => from < begin + DAY_MS && (until ?? now) >= begin) ? 'blind' : 'unused';
}

/** Where nothing points at a day, a leak is looked for so far back, in ms. */
const NO_HINT_MS = 90 * DAY_MS;

/** A time in which a credential may have been in other hands, and why we think so. */
export interface LeakWindow {
  readonly from: number;
  readonly to: number;
  /** `after-last-use`: since the day after its last use before the first alarm. */
  readonly why: 'after-last-use' | 'since-known' | 'no-hint';
}

/** The time to look at after a leak, unless somebody knows better: until now, and rather too long than too short. */
export function leakWindow({ days, alarms, knownSince }: UseHistory, now: number): LeakWindow {
  const known = Math.min(knownSince, now);
  if (alarms.length === 0) return { from: Math.max(known, now - NO_HINT_MS), to: now, why: 'no-hint' };
  const alarm = dayOf(Math.min(...alarms));
  const before = days.filter((each) => each.day < alarm && usesOn(each) > 0).map(({ day }) => day);
  return before.length === 0
    ? { from: known, to: now, why: 'since-known' }
    : { from: (Math.max(...before) + 1) * DAY_MS, to: now, why: 'after-last-use' };
}
