import type { JSX } from 'hono/jsx/jsx-runtime';

/** Drawn on a 16 by 16 grid, as paths of strokes. */
const ICONS = {
  brand: ['M8 1.5 14 4v4c0 3.4-2.4 5.6-6 6.8C4.4 13.6 2 11.4 2 8V4z', 'M8 11V5.5M5.7 7.6 8 5.2l2.3 2.4'],
  eye: ['M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8z', 'M8 6a2 2 0 1 0 .01 0z'],
  blind: ['M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM2.5 14 13.5 2'],
  find: ['M7 2.4a4.6 4.6 0 1 0 .01 0z', 'm10.5 10.5 3.6 3.6'],
  rogue: ['M5.4 1.6h5.2l3.8 3.8v5.2l-3.8 3.8H5.4l-3.8-3.8V5.4z', 'M8 4.7v4M8 11.3v.01'],
  trusted: ['M8 1.6a6.4 6.4 0 1 0 .01 0z', 'm5.2 8.2 2 2 3.8-4.2'],
  pending: [
    'M8 1.6a6.4 6.4 0 0 1 3 .75M13.6 4.9a6.4 6.4 0 0 1 .8 3.1M13.9 10.4a6.4 6.4 0 0 1-2 2.6M9.6 14.2a6.4 6.4 0 0 1-3.2 0M4.1 13a6.4 6.4 0 0 1-2-2.6M1.6 8a6.4 6.4 0 0 1 .8-3.1M5 2.4a6.4 6.4 0 0 1 .6-.3',
    'M8 4.6V8l2.3 1.6',
  ],
  undetermined: ['M8 1.2 14.8 8 8 14.8 1.2 8z', 'M6.4 6.6c0-2.2 3.2-2.1 3.2-.2 0 1.2-1.6 1.3-1.6 2.6M8 11.2v.01'],
  hand: [
    'M4.5 8.5v-4a1 1 0 0 1 2 0V8m0-5a1 1 0 0 1 2 0v5m0-4.2a1 1 0 0 1 2 0V8.5m0-2a1 1 0 0 1 2 0V10c0 3-1.7 4.7-4.4 4.7-2 0-3-1-4-2.7L2.3 9.4c-.5-1 .8-1.8 1.5-.9z',
  ],
  copy: ['M5.5 5.5h8V14h-8z', 'M3 10.5V2.5h7'],
  yes: ['m2.5 8.5 3.6 3.6 7.4-8.2'],
  no: ['M8 1.6a6.4 6.4 0 1 0 .01 0z', 'M5 8h6'],
  lock: ['M3.5 7h9v7h-9z', 'M5.2 7V4.8a2.8 2.8 0 0 1 5.6 0V7'],
  wrong: ['m3.5 3.5 9 9m0-9-9 9'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type IconName = keyof typeof ICONS;

// `Object.keys` gives strings; these are the names above.
const ICON_NAMES = Object.keys(ICONS) as IconName[];

/** An icon says nothing by itself: a word always stands beside it. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="i" aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

/** The icons that a page draws, told from its markup. */
export function iconsIn(html: string): IconName[] {
  const names = new Set([...html.matchAll(/<use href="#i-([a-z]+)"/g)].map(([, name]) => name));
  return ICON_NAMES.filter((name) => names.has(name));
}

export function Sprite({ names }: { readonly names: readonly IconName[] }): JSX.Element {
  return (
    <svg class="sprite" aria-hidden="true">
      {names.map((name) => (
        <symbol id={`i-${name}`} viewBox="0 0 16 16">
          {ICONS[name].map((path) => (
            <path d={path} />
          ))}
        </symbol>
      ))}
    </svg>
  );
}
