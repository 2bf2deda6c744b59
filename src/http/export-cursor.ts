import * as z from 'zod';
import { Problem } from './problem.ts';

/**
 * Where an export goes on: the slice, and the last row of the page before. Not secret and not signed: whoever makes one
 * up reads other rows of his own team, since each query starts from the caller's team.
 */
const whole = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** The last moment that there is a `Date` for. */
const moment = z.int().min(0).max(8.64e15);
const slice = { v: z.literal(1), from: moment, to: moment };
const afterPush = z.strictObject({ repository: whole, seq: whole });
const cursor = z.discriminatedUnion('of', [
  z.strictObject({ ...slice, of: z.literal('pushes'), after: afterPush }),
  // `in`: pushes are the first that have findings; what has none of its own may follow them.
  z.strictObject({ ...slice, of: z.literal('findings'), in: z.literal('pushes'), after: afterPush }),
  z.strictObject({
    ...slice,
    of: z.literal('sightings'),
    after: z.strictObject({ credential: whole, at: whole, key: z.string().max(200) }),
  }),
]);

type ExportCursor = z.output<typeof cursor>;
export type ExportName = ExportCursor['of'];
export type CursorOf<N extends ExportName> = Extract<ExportCursor, { of: N }>;

export function writeCursor(value: ExportCursor): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** @throws Problem 400 for anything but a cursor of this export. */
export function readCursor<N extends ExportName>(text: string, of: N): CursorOf<N> {
  const parsed = cursor.safeParse(decoded(text));
  if (!parsed.success || parsed.data.of !== of || parsed.data.from > parsed.data.to)
    throw new Problem(400, 'cursor: expected the pushwarden-next-cursor of a page of this export.');
  return parsed.data as CursorOf<N>; // the comparison of `of` just said so
}

function decoded(text: string): unknown {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return null;
  }
}
