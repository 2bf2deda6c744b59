import { notHere, PageProblem } from './page.ts';
import { isoOf } from './time.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d{1,3})?)?Z?)?$/;

/**
 * A time from an address or a form, in UTC: `2026-11-24`, `2026-11-24T03:12`, or as ISO writes it. `end`: of a day or a
 * minute its last moment. `null`: nothing was given.
 * @throws PageProblem 400
 */
export function momentOf(text: string | undefined, end: boolean): number | null {
  if (text === undefined || text === '') return null;
  const [, date, time, seconds] = MOMENT.exec(text) ?? [];
  const at = date === undefined ? Number.NaN : Date.parse(`${date}T${time ?? '00:00'}:${seconds ?? '00'}Z`);
  if (Number.isNaN(at)) throw new PageProblem(400, 'A time is written like 2026-11-24, or 2026-11-24 03:12, in UTC.');
  if (!end || seconds !== undefined) return at;
  return at + (time === undefined ? DAY_MS : MINUTE_MS) - 1;
}

/** A minute in UTC, as it stands in a field: browsers' own fields for times speak the reader's zone and language. */
export const minuteOf = (at: number): string => isoOf(at).slice(0, 16).replace('T', ' ');

/** What such a field takes. */
export const MINUTE_PATTERN = String.raw`\d{4}-\d\d-\d\d( \d\d:\d\d)?`;

export interface Cursor {
  readonly at: number;
  readonly key: string;
}

/** Where a page of uses ended. @throws PageProblem 404 for what no page of ours has in its links. */
export function cursorOf(text: string | undefined): Cursor | null {
  if (text === undefined || text === '') return null;
  const [, at, key] = /^(\d{1,16})-([A-Za-z0-9-]{1,64})$/.exec(text) ?? [];
  if (at === undefined || key === undefined) throw notHere();
  return { at: Number(at), key };
}

export const MINUTE_HINT = 'A day like 2026-11-24, or with a time like 2026-11-24 03:12';
