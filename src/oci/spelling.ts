import type { Spelling } from '../domain/image-contents.ts';

/**
 * Threat: registries and container tools are written in Go, whose JSON reader takes `"entrypoint"` (or `"Uſer"`) for
 * `"Entrypoint"`, and merges an object that stands there twice. An image whose maker writes it so would run what a strict
 * reader does not see. So keys are matched as Go matches them, and told wherever they are not as the specification says.
 * @see https://pkg.go.dev/encoding/json#Unmarshal
 */

const MAX_ODD_KEYS = 8;
const LONGEST_KEY = 64;

type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** As Go folds: simple case folding, by which `ſ` is an `s` and the Kelvin sign a `k`. */
const fold = (key: string): string => key.toUpperCase().toLowerCase();

/** The object under the names of the specification; of two spellings the later one counts, as it does for Go. */
export function folded(value: unknown, names: readonly string[]): Json {
  if (!isObject(value)) return {};
  const byFold = new Map(names.map((name) => [fold(name), name]));
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const name = byFold.get(fold(key));
    return name === undefined ? [] : [[name, inner] as const];
  });
  return Object.fromEntries(entries);
}

/** How objects are written, each of which should have these names. */
export function spellingOf(
  text: string,
  parsed: unknown,
  objects: readonly (readonly [value: unknown, names: readonly string[]])[],
): Spelling {
  const odd = objects.flatMap(([value, names]) => oddKeysOf(value, names));
  return { oddKeys: [...new Set(odd)].slice(0, MAX_ODD_KEYS), repeats: keysWritten(text) > keysParsed(parsed) };
}

/** Keys that only Go takes for those of the specification. */
function oddKeysOf(value: unknown, names: readonly string[]): string[] {
  if (!isObject(value)) return [];
  const folds = new Set(names.map(fold));
  return Object.keys(value)
    .filter((key) => !names.includes(key) && folds.has(fold(key)))
    .map((key) => key.slice(0, LONGEST_KEY).toWellFormed());
}

/** In valid JSON, texts before a colon are keys. */
function keysWritten(text: string): number {
  let count = 0;
  for (const [literal] of text.matchAll(/"[^"\\]*(?:\\[\s\S][^"\\]*)*"\s*:?/g)) if (literal.endsWith(':')) count += 1;
  return count;
}

/** Of two equal keys JSON.parse keeps one. Not recursive: whoever nests deeply must not end us. */
function keysParsed(parsed: unknown): number {
  let count = 0;
  const left: unknown[] = [parsed];
  for (let value = left.pop(); value !== undefined; value = left.pop()) {
    if (Array.isArray(value)) for (const one of value) left.push(one);
    else if (isObject(value)) {
      const inner = Object.values(value);
      count += inner.length;
      for (const one of inner) left.push(one);
    }
  }
  return count;
}
