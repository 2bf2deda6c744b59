import { Refused } from './refused.ts';

/** A JSON object of which nothing is known. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A property of its own: never one of `Object.prototype`. */
export function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** What is at the end of a path of properties; a number is a place in an array. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof step === 'string') here = field(here, step);
    else here = Array.isArray(here) ? here[step] : undefined;
  }
  return here;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** @throws Refused if it is not a JSON object in UTF-8 of at most so many bytes. */
export function readObject(bytes: Uint8Array, maxBytes: number, what: string): JsonObject {
  if (bytes.length > maxBytes) throw new Refused('malformed', `${what} is longer than ${maxBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Refused('malformed', `${what} is not JSON`);
  }
  if (!isObject(value)) throw new Refused('malformed', `${what} is not a JSON object`);
  return value;
}

const BASE64 = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/;

/** Whether it is base64 of either alphabet, with or without padding and line ends: as Go's protojson reads it. */
export function isBase64(text: string): boolean {
  const whole = text.includes('\n') ? text.replaceAll(/[\r\n]/g, '') : text;
  const padding = whole.endsWith('==') ? 2 : whole.endsWith('=') ? 1 : 0;
  return BASE64.test(whole) && (whole.length - padding) % 4 !== 1;
}

/** @throws Refused if it is not base64 of at least one byte. */
export function readBase64(value: unknown, what: string): ReturnType<typeof Buffer.from> {
  if (typeof value !== 'string' || value === '' || !isBase64(value))
    throw new Refused('malformed', `${what} is not base64`);
  return Buffer.from(value, 'base64');
}
