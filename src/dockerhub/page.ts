import * as z from 'zod';

/** Rows that a page is asked to have. */
export const PAGE_SIZE = 100;
/** Rows of a page, to be narrowed one by one. `null` is how Go writes an empty list; none at all is no list. */
export const rows = z
  .array(z.unknown())
  // A server that ignores what it was asked for may send more than a page; not without end.
  .max(1000)
  .nullable()
  .transform((list) => list ?? []);

/** @param what "no list of tokens" */
export function unreadable(what: string): { readonly kind: 'unavailable'; readonly reason: string } {
  return { kind: 'unavailable', reason: `Docker Hub sent ${what}` };
}
