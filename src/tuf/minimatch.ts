import { matchesGlob } from '../domain/glob.ts';

/**
 * Stands in for the package of that name, 9 KiB that `@tufjs/models` wants for the path patterns of delegated roles
 * (wrangler.toml has the alias): `*` within a segment of a path. `?` and brackets stand for themselves, which makes a
 * pattern match less, never more.
 * @see https://theupdateframework.github.io/specification/latest/#targets-obj-paths
 */
export function minimatch(text: string, pattern: string): boolean {
  return matchesGlob(pattern, text);
}
