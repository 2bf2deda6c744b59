/** Times on pages: UTC, 24 h. The absolute time is for reading, the age beside it for judging. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const LATEST = Date.UTC(9999, 11, 31);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What is no time of the years 1970 to 9999 is epoch: nothing here may throw at what is stored. */
const known = (at: number): number => (at >= 0 && at <= LATEST ? at : 0);

/** For `datetime`. */
export const isoOf = (at: number): string => new Date(known(at)).toISOString();

/** `2023-12-18 14:20:33`. */
export const fullTime = (at: number): string => isoOf(at).slice(0, 19).replace('T', ' ');

/** `03:02:41` on the day, `18 Dec, 14:20` in the year, else in full. */
export function shownTime(given: number, now: number): string {
  const at = known(given);
  const time = isoOf(at);
  if (Math.floor(at / DAY) === Math.floor(now / DAY)) return time.slice(11, 19);
  const date = new Date(at);
  if (date.getUTCFullYear() !== new Date(now).getUTCFullYear() && Math.abs(now - at) > 60 * DAY) return fullTime(at);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}, ${time.slice(11, 16)}`;
}

/** `9 min`, `8 h`, `142 days`. */
export function duration(ms: number): string {
  if (ms < 90 * SECOND) return `${Math.max(0, Math.round(ms / SECOND))} s`;
  if (ms < 90 * MINUTE) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 36 * HOUR) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} days`;
}

/** `9 min ago`, `in 20 min`. */
export function age(at: number, now: number): string {
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}
