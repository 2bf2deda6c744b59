import type * as z from 'zod';

/** A payload that cannot be understood. The message names the field and never contains what stood in it. */
export class NotUnderstood extends Error {
  override readonly name: string = 'NotUnderstood';

  static at(field: string, problem: string): NotUnderstood {
    return new NotUnderstood(`${field}: ${problem}`);
  }
}

const MOST_FIELDS = 3;

/**
 * One line for people out of zod's error: `push_data.tag: expected string, received number`. `at` is put before every
 * path (`events.0`). Payloads are written by strangers and may carry secrets, so no value is echoed: paths are keys of
 * our own schemas, and zod's messages name types and limits only.
 */
export function problemOf(error: z.core.$ZodError, at: readonly PropertyKey[] = []): string {
  const shown = error.issues.slice(0, MOST_FIELDS).map((issue) => {
    const path = [...at, ...issue.path].map(String).join('.');
    return `${path === '' ? 'the body' : path}: ${reasonOf(issue.message)}`;
  });
  const more = error.issues.length - shown.length;
  return more > 0 ? `${shown.join('; ')}; and ${more} more` : shown.join('; ');
}

function reasonOf(message: string): string {
  const plain = message.replace(/^(?:Invalid input|Too big|Too small): /, '');
  const missing = /^expected (.+), received undefined$/.exec(plain)?.[1];
  return missing === undefined ? plain : `missing, expected ${missing}`;
}
