import { type CalendarDay, type LeakWindow, usesOn } from '../domain/use-calendar.ts';

/** What a calendar of uses shows, in a sentence. */

const DAY_MS = 86_400_000;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
/** Days with an alarm that a sentence names. */
const NAMED = 5;

export const monthName = (day: number): string => MONTHS[new Date(day * DAY_MS).getUTCMonth()] ?? '';

/** `18 Dec 2025` */
export function dayInWords(day: number): string {
  const date = new Date(day * DAY_MS);
  return `${date.getUTCDate()} ${monthName(day)} ${date.getUTCFullYear()}`;
}

/** The finding of a calendar or of a part of it. Nothing seen is said apart from not looked. */
export function usesInWords(days: readonly CalendarDay[]): string {
  const used = days.filter((each) => usesOn(each) > 0);
  const [first] = used;
  const last = used.at(-1);
  const seen =
    first === undefined || last === undefined
      ? 'No use was seen.'
      : first.day === last.day
        ? `Used on one day, ${dayInWords(first.day)}.`
        : `Used on ${used.length} days between ${dayInWords(first.day)} and ${dayInWords(last.day)}.`;
  return [seen, alarmWords(days), countWords(days, 'blind'), countWords(days, 'before')]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

function alarmWords(days: readonly CalendarDay[]): string {
  const alarms = days.filter(({ state }) => state === 'alarm').map(({ day }) => dayInWords(day));
  if (alarms.length === 0) return '';
  const more = alarms.length > NAMED ? ` and ${alarms.length - NAMED} more` : '';
  return `An alert speaks of ${alarms.slice(-NAMED).join(', ')}${more}.`;
}

const COUNTED = {
  blind: 'we could not look',
  before: 'we did not know of it yet',
} as const;

function countWords(days: readonly CalendarDay[], state: keyof typeof COUNTED): string {
  const count = days.filter((each) => each.state === state).length;
  return count === 0 ? '' : `On ${count === 1 ? '1 day' : `${count} days`} ${COUNTED[state]}.`;
}

/** What a day was like, for a table. */
export function dayWords({ pushes, possible, uses, state }: CalendarDay): string {
  const counts = [
    pushes === 0 ? '' : pushes === 1 ? '1 push' : `${pushes} pushes`,
    possible === 0 ? '' : `possibly ${possible === 1 ? '1 push' : `${possible} pushes`}`,
    uses === 0 ? '' : uses === 1 ? '1 other use' : `${uses} other uses`,
  ].filter((count) => count !== '');
  const seen = counts.join(', ');
  if (state === 'alarm') return `${seen === '' ? 'a use' : seen}, with an alert`;
  return state === 'blind' ? 'we could not look' : seen;
}

const WHY: Readonly<Record<LeakWindow['why'], string>> = {
  'after-last-use':
    'We start the day after its last use before the first alarm. If you know when it leaked, put that in.',
  'since-known':
    'We start when we first knew of it: nothing was seen before the first alarm. If you know when it leaked, put that in.',
  'no-hint':
    'Nothing points at a day, so we start 90 days ago, or when we first knew of it. If you know when it leaked, put that in.',
};

export const leakWindowWords = ({ why }: LeakWindow): string => WHY[why];
