import { describe, expect, it } from 'vitest';
import { age, duration, isoOf, shownTime } from '../../../src/pages/time.ts';

const NOW = Date.UTC(2024, 11, 23, 3, 12, 4);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a time', () => {
  it.each([
    [Date.UTC(2024, 11, 23, 3, 2, 41), '03:02:41'],
    [Date.UTC(2024, 11, 23, 23, 59, 59), '23:59:59'],
    [Date.UTC(2024, 11, 22, 23, 59, 59), '22 Dec, 23:59'],
    [Date.UTC(2024, 0, 2, 4, 5, 6), '2 Jan, 04:05'],
    [Date.UTC(2023, 11, 18, 14, 20, 33), '2023-12-18 14:20:33'],
    [Date.UTC(2025, 0, 2, 4, 5, 6), '2 Jan, 04:05'],
  ])('%i is shown as %s', (at, shown) => expect(shownTime(at, NOW)).toBe(shown));

  it('that cannot be one is shown all the same', () => {
    for (const at of [Number.NaN, -1, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY]) {
      expect(isoOf(at)).toBe('1970-01-01T00:00:00.000Z');
      expect(shownTime(at, NOW)).toBe('1970-01-01 00:00:00');
    }
  });
});

describe('an age', () => {
  it.each([
    [3 * SECOND, '3 s ago'],
    [9 * MINUTE, '9 min ago'],
    [61 * MINUTE, '61 min ago'],
    [8 * HOUR, '8 h ago'],
    [142 * DAY, '142 days ago'],
    [-20 * MINUTE, 'in 20 min'],
  ])('of %i ms is %s', (ms, words) => expect(age(NOW - ms, NOW)).toBe(words));

  it('is never negative', () => expect(duration(-5)).toBe('0 s'));
});
