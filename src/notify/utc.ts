/** Times for people, always in UTC and 24 h. What is no time of the years 1970 to 9999 is said to be unknown. */

const LATEST = Date.UTC(9999, 11, 31);

export function isKnownTime(ms: number): boolean {
  return ms >= 0 && ms <= LATEST;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

/** `23 Dec` from ms since the epoch. */
export function utcDay(ms: number): string {
  if (!isKnownTime(ms)) return 'an unknown day';
  const date = new Date(ms);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** `2024-12-23 03:02 UTC` from ms since the epoch. */
export function utcMinute(ms: number): string {
  return isKnownTime(ms) ? `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'an unknown time';
}

/** `2024-12-23 03:02:41 UTC` from ms since the epoch. */
export function utcSecond(ms: number): string {
  return isKnownTime(ms) ? `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC` : 'an unknown time';
}
