const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** For how long an alert that nobody has taken is put off. */
export const SNOOZES = ['1h', '4h', 'tomorrow'] as const;
export type Snooze = (typeof SNOOZES)[number];

/** When it is told again (ms since the epoch); tomorrow is at 08:00 UTC. */
export function snoozeEnd(until: Snooze, now: number): number {
  if (until === 'tomorrow') return Math.floor(now / DAY_MS) * DAY_MS + DAY_MS + 8 * HOUR_MS;
  return now + (until === '1h' ? HOUR_MS : 4 * HOUR_MS);
}
