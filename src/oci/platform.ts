import { folded } from './spelling.ts';

const PLATFORM_KEYS = ['os', 'architecture', 'variant'];
const LONGEST = 64;

/**
 * `linux/arm64/v8`, from an index's descriptor or a configuration; empty if it names none.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
export function platformOf(value: unknown): string {
  const platform = folded(value, PLATFORM_KEYS);
  const parts = PLATFORM_KEYS.map((key) => platform[key]).map((part) =>
    typeof part === 'string' ? part.slice(0, LONGEST).toWellFormed() : '',
  );
  const [os = '', architecture = '', variant = ''] = parts;
  if (os === '' && architecture === '') return '';
  return `${os}/${architecture}${variant === '' ? '' : `/${variant}`}`;
}
