import * as z from 'zod';
import { NotUnderstood, problemOf } from './problem.ts';

const DEEPEST = 100;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;

/**
 * The JSON value of a body in UTF-8 (with or without a byte order mark).
 * @throws NotUnderstood if it is not JSON, or is nested deeper than 100 levels.
 */
export function readJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    throw new NotUnderstood('the body is not UTF-8');
  }
  return parseJson(text);
}

/**
 * `JSON.parse` for strangers' text.
 * @throws NotUnderstood if it is not JSON, or is nested deeper than 100 levels.
 */
export function parseJson(text: string): unknown {
  if (hasManyBrackets(text) && isTooDeep(text)) {
    throw new NotUnderstood(`the body is nested deeper than ${DEEPEST} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new NotUnderstood('the body is not JSON');
  }
}

/**
 * Narrows a value by a schema, which reads the keys it knows and ignores the others.
 * @throws NotUnderstood naming the field; `at` is the path of the value in the body.
 */
export function narrow<T extends z.ZodType>(schema: T, value: unknown, at: readonly PropertyKey[] = []): z.output<T> {
  const result = schema.safeParse(value);
  if (!result.success) throw new NotUnderstood(problemOf(result.error, at));
  return result.data;
}

/** Without so many opening brackets nothing is nested so deep: true of every honest payload, and quickly seen. */
function hasManyBrackets(text: string): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > DEEPEST) return true;
    }
  }
  return false;
}

/** One pass over the text, counting brackets outside of strings: no parser recurses into what a stranger nested. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/** Accounts of all three providers are far shorter. */
const LONGEST_NAME = 255;

/** The name of an account or the like: optional, and nothing but a name. */
export const optionalName = z.string().max(LONGEST_NAME).nullish();
/** A string that may be missing or null. */
export const optionalString = z.string().nullish();
