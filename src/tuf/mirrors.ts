import type { TufMirror } from '../usecases/tuf-mirrors.ts';
import { SEEDS, type Seed } from './seeds.ts';

/** A mirror as configured. What is left out, the release has for the roots that came with it. */
export interface ConfiguredMirror {
  readonly url?: string | undefined;
  /** The TUF root.json that trust begins with: JSON, or that in base64. */
  readonly root?: string | undefined;
}

/**
 * The mirrors to follow: those configured, and without configuration those that came with the release.
 * @throws TypeError that names the mirror and what it lacks.
 */
export function tufMirrors(
  configured: Readonly<Record<string, ConfiguredMirror>> | null,
  seeds: readonly Seed[] = SEEDS,
): TufMirror[] {
  const wanted: Readonly<Record<string, ConfiguredMirror>> =
    configured ?? Object.fromEntries(seeds.map(({ name }) => [name, {}]));
  return Object.entries(wanted).map(([name, given]) => {
    const seed = seeds.find((each) => each.name === name);
    const url = given.url ?? seed?.url;
    if (url === undefined) throw new TypeError(`${name} needs a url`);
    if (given.root !== undefined) return { name, url, root: rootText(name, given.root), vendored: false };
    if (seed === undefined) throw new TypeError(`${name} needs root, the TUF root.json that trust in it begins with`);
    return { name, url, root: seed.root, vendored: true };
  });
}

function rootText(name: string, given: string): string {
  try {
    const text = given.trimStart().startsWith('{') ? given : fromBase64(given);
    if (JSON.parse(text)?.signed?._type === 'root') return text;
  } catch {
    // Told below, as JSON of another kind is.
  }
  throw new TypeError(`${name}: root is not a TUF root.json, as JSON or in base64`);
}

function fromBase64(given: string): string {
  const bytes = Uint8Array.from(atob(given.replaceAll(/\s/g, '')), (character) => character.charCodeAt(0));
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes);
}
