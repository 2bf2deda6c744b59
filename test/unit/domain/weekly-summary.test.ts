import { describe, expect, it } from 'vitest';
import { weekDue } from '../../../src/domain/weekly-summary.ts';

const at = (text: string): number => Date.parse(`${text}Z`);

describe('the weekly summary', () => {
  it.each([
    ['2026-11-23T08:00:00', '2026-W47', '2026-11-16', '2026-11-23'],
    ['2026-11-23T23:59:59', '2026-W47', '2026-11-16', '2026-11-23'],
    ['2024-12-23T09:00:00', '2024-W51', '2024-12-16', '2024-12-23'],
    ['2025-01-06T08:00:00', '2025-W01', '2024-12-30', '2025-01-06'],
    ['2027-01-04T08:00:00', '2026-W53', '2026-12-28', '2027-01-04'],
    ['2024-03-04T08:00:00', '2024-W09', '2024-02-26', '2024-03-04'],
  ])('at %s is that of %s', (now, name, start, end) => {
    expect(weekDue(at(now))).toEqual({ name, start: at(`${start}T00:00:00`), end: at(`${end}T00:00:00`) });
  });

  it.each(['2026-11-23T07:59:59.999', '2026-11-22T12:00:00', '2026-11-24T00:00:00', '2026-11-27T08:00:00'])(
    'is not due at %s',
    (now) => {
      expect(weekDue(at(now))).toBeNull();
    },
  );
});
