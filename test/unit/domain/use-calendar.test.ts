import { describe, expect, it } from 'vitest';
import {
  CALENDAR_DAYS,
  calendarOf,
  dayOf,
  firstDay,
  leakWindow,
  type UseHistory,
} from '../../../src/domain/use-calendar.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 24, 12);
const TODAY = dayOf(NOW);

const used = (day: number, counts: Partial<Record<'pushes' | 'possible' | 'uses', number>> = { pushes: 1 }) => ({
  day,
  pushes: 0,
  possible: 0,
  uses: 0,
  ...counts,
});
const history = (differs: Partial<UseHistory> = {}): UseHistory => ({
  days: [],
  alarms: [],
  blind: [],
  knownSince: 0,
  ...differs,
});
const stateOn = (day: number, differs: Partial<UseHistory>) =>
  calendarOf(history(differs), NOW).find((each) => each.day === day)?.state;

describe('a calendar', () => {
  it.each(Array.from({ length: 14 }, (_, n) => NOW + n * DAY))('begins on a Monday and ends today (%#)', (now) => {
    const days = calendarOf(history(), now);
    const [first] = days;
    expect(new Date((first?.day ?? 0) * DAY).getUTCDay()).toBe(1);
    expect(days.at(-1)?.day).toBe(dayOf(now));
    expect(days.length).toBeGreaterThanOrEqual(CALENDAR_DAYS);
    expect(Math.ceil(days.length / 7)).toBeLessThanOrEqual(53);
  });

  it('has each day once, with what was seen on it', () => {
    const days = calendarOf(history({ days: [used(TODAY - 3, { pushes: 2, possible: 1, uses: 4 })] }), NOW);
    expect(days.map(({ day }) => day)).toEqual(days.map((_, n) => firstDay(NOW) + n));
    expect(days.at(-4)).toEqual({ day: TODAY - 3, pushes: 2, possible: 1, uses: 4, state: 'used' });
  });

  it('says an alarm before a use, a use before blindness', () => {
    const day = TODAY - 10;
    const blind = [{ from: day * DAY, until: (day + 1) * DAY - 1 }];
    expect(stateOn(day, { days: [used(day)], alarms: [day * DAY + 5], blind })).toBe('alarm');
    expect(stateOn(day, { days: [used(day)], blind })).toBe('used');
    expect(stateOn(day, { blind })).toBe('blind');
    expect(stateOn(day, {})).toBe('unused');
  });

  it('calls no day unused on which we could not look for a part of it, or did not know of it', () => {
    const from = (TODAY - 5) * DAY + 23 * 3_600_000;
    expect(stateOn(TODAY - 5, { blind: [{ from, until: from + 1 }] })).toBe('blind');
    expect(stateOn(TODAY - 4, { blind: [{ from, until: from + 1 }] })).toBe('unused');
    expect(stateOn(TODAY, { blind: [{ from, until: null }] })).toBe('blind');
    expect(stateOn(TODAY - 6, { blind: [{ from, until: null }] })).toBe('unused');
    const knownSince = (TODAY - 2) * DAY + 7;
    expect([TODAY - 3, TODAY - 2].map((day) => stateOn(day, { knownSince }))).toEqual(['before', 'unused']);
  });
});

describe('the time in which it may have leaked', () => {
  it('begins the day after its last use before the first alarm', () => {
    const days = [used(TODAY - 200), used(TODAY - 20), used(TODAY - 5), used(TODAY - 2)];
    const alarms = [(TODAY - 2) * DAY, (TODAY - 5) * DAY + 9];
    expect(leakWindow(history({ days, alarms }), NOW)).toEqual({
      from: (TODAY - 19) * DAY,
      to: NOW,
      why: 'after-last-use',
    });
  });

  it('begins when it was first known if nothing was seen before the alarm', () => {
    const alarms = [(TODAY - 5) * DAY];
    const knownSince = (TODAY - 40) * DAY;
    const days = [used(TODAY - 5), used(TODAY - 7, {})];
    expect(leakWindow(history({ alarms, knownSince, days }), NOW)).toEqual({
      from: knownSince,
      to: NOW,
      why: 'since-known',
    });
  });

  it('is the last 90 days where nothing points at a day, and no longer than it is known', () => {
    expect(leakWindow(history(), NOW)).toEqual({ from: NOW - 90 * DAY, to: NOW, why: 'no-hint' });
    expect(leakWindow(history({ knownSince: NOW - 5 }), NOW).from).toBe(NOW - 5);
    expect(leakWindow(history({ knownSince: NOW + 5 }), NOW).from).toBe(NOW);
  });
});
