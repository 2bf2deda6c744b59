import * as z from 'zod';

/** Most characters (UTF-16) kept of a text. Labels have at most 100 by Docker's own rule. */
const TEXT_LENGTH = 255;
/** Docker's first year. What is earlier, such as Go's zero time (year 1), is no time. */
const EARLIEST = Date.UTC(2013, 0);
/** 2100: no token expires later. */
const LATEST = Date.UTC(2100, 0);
/** By how much a clock may be ahead of ours. What was is not later than that. */
const SKEW_MS = 24 * 60 * 60_000;

/** Cut to 255 characters, with U+FFFD for what cannot be written: control characters and half ones. */
export function cut(text: string): string {
  return text
    .slice(0, TEXT_LENGTH)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\u{FFFD}');
}

/** A text that is shown and compared; `''` if there is none. */
export const optionalText = z.string().transform(cut).catch('');
export const optionalName = z.string().min(1).transform(cut).nullable().catch(null);

/** What names a token, as a path of the API has it. */
export const tokenId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/);

/** An IP address, or near enough to be shown as one. */
export const optionalAddress = z
  .string()
  .regex(/^[0-9A-Fa-f:.]{2,45}$/)
  .nullable()
  .catch(null);

/** ms since the epoch; `null` if it is absent, not RFC 3339, or before 2013 or after 2100. */
export const optionalTime = z.unknown().optional().transform(readTime);

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,12})?(?:Z|[+-]\d{2}:\d{2})$/;

export function readTime(value: unknown): number | null {
  if (typeof value !== 'string' || !RFC_3339.test(value)) return null;
  const at = Date.parse(value);
  return at >= EARLIEST && at < LATEST ? at : null;
}

/**
 * When something was: a time that is not ahead of `now`. `'unreadable'` if it is there and says nothing, which is not the
 * same as "never": Go's zero time and an empty text say never.
 */
export function readPast(value: unknown, now: number): number | null | 'unreadable' {
  if (value === undefined || value === null || value === '') return null;
  if (typeof value === 'string' && RFC_3339.test(value) && value.startsWith('0001-01-01T')) return null;
  const at = readTime(value);
  return at === null || at > now + SKEW_MS ? 'unreadable' : at;
}
