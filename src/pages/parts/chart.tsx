import type { JSX } from 'hono/jsx/jsx-runtime';
import type { StripBlock } from '../../notify/chart-words.ts';

/** What the charts share. Widths and x are percentages, so that text keeps its size at any width. */

/** The hatching of what could not be told, once per chart: other SVGs of the page find it by its id. */
export function Hatch({ chart }: { readonly chart: string }): JSX.Element {
  return (
    <svg class="sprite" aria-hidden="true">
      <defs>
        <pattern id={hatchOf(chart)} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-bg" width="6" height="6" />
          <path class="hatch-line" d="M1 0v6" />
        </pattern>
      </defs>
    </svg>
  );
}

const hatchOf = (chart: string): string => `${chart}-hatch`;

const percent = (part: number): string => `${(part * 100).toFixed(2)}%`;

interface BlockProps {
  readonly chart: string;
  readonly is: StripBlock['is'];
  /** Parts of the width, 0 to 1. */
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
}

export function Block({ chart, is, x, width, y, height }: BlockProps): JSX.Element {
  return (
    <rect
      class={`f-${is}`}
      {...(is === 'undetermined' ? { fill: `url(#${hatchOf(chart)})` } : {})}
      x={percent(x)}
      width={percent(width)}
      y={y.toFixed(1)}
      height={height.toFixed(1)}
    />
  );
}

/** The sign of a rogue push, so that it is not told by colour alone. */
export function RogueMark({ x, y }: { readonly x: number; readonly y: number }): JSX.Element {
  return (
    <svg aria-hidden="true" x={percent(x)} y={y.toFixed(1)} overflow="visible">
      <path class="f-rogue" d="M-3.4-8h6.8l4.6 4.6v6.8l-4.6 4.6h-6.8l-4.6-4.6v-6.8z" />
      <path class="mark" d="M0-4v4M0 3.8v.1" />
    </svg>
  );
}

export interface LegendEntry {
  readonly is: StripBlock['is'];
  readonly label: string;
  readonly total?: number;
}

export function Legend({
  chart,
  entries,
}: {
  readonly chart: string;
  readonly entries: readonly LegendEntry[];
}): JSX.Element {
  return (
    <ul class="legend">
      {entries.map(({ is, label, total }) => (
        <li>
          <svg class="k" aria-hidden="true">
            <Block chart={chart} is={is} x={0.08} width={0.84} y={1} height={12} />
          </svg>
          {label} {total === undefined ? null : <b>{total}</b>}
        </li>
      ))}
    </ul>
  );
}

export { percent as percentOf };
