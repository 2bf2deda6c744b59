import type { JSX } from 'hono/jsx/jsx-runtime';
import { digestHex } from '../../domain/digest.ts';
import { type StripBlock, stripInWords } from '../../notify/chart-words.ts';
import type { TagMove } from '../../store/tag-moves.ts';
import { rankOf } from '../releases.ts';
import { Block, percentOf, RogueMark } from './chart.tsx';

interface Props {
  /** Tells its ids from those of other charts on the page. */
  readonly id: string;
  /** The chart whose hatching it uses. */
  readonly chart: string;
  readonly tag: string;
  /** Oldest first. */
  readonly moves: readonly TagMove[];
  /** What is shown: from this time until now, ms since the epoch. */
  readonly since: number;
  readonly now: number;
}

/** A tag that moved more often than this is one block: its digests could not be told apart. */
export const MOVES_DRAWN = 40;
/** A rogue digest that stood for a minute must be seen: never thinner than this part of the width. */
const ROGUE_LEAST = 0.016;
const LEAST = 0.004;
/** Blocks this wide hold eight characters on a phone too. */
const NAMED = 0.19;

const Y = 6;
const HEIGHT = 14;

/** A band for one tag, a block per digest. A cut is a move, grey is no tag, hatched is what we could not tell. */
export function TagStrip({ id, chart, tag, moves, since, now }: Props): JSX.Element {
  const blocks = blocksOf(moves, since);
  const x = (at: number): number => Math.min(1, Math.max(0, (at - since) / Math.max(1, now - since)));
  const drawn = blocks.map((block, n) => {
    const next = blocks[n + 1];
    const least = block.is === 'rogue' ? ROGUE_LEAST : LEAST;
    const width = Math.max(least, (next === undefined ? 1 : x(next.from)) - x(block.from));
    return { block, width, x: Math.min(x(block.from), 1 - width) };
  });
  // Rogue ones last: whatever is thin stays visible.
  const inOrder = drawn.toSorted((a, b) => Number(a.block.is === 'rogue') - Number(b.block.is === 'rogue'));
  const rogue =
    blocks.length === 1 && (blocks[0]?.moves ?? 0) > 1 ? moves.filter(({ verdict }) => verdict === 'rogue') : [];
  return (
    <svg role="img" aria-labelledby={`${id}-t ${id}-d`}>
      <title id={`${id}-t`}>Digests of tag {tag}</title>
      <desc id={`${id}-d`}>{stripInWords(blocks)}</desc>
      <Block chart={chart} is="none" x={0} width={1} y={Y} height={HEIGHT} />
      {inOrder.map((each) => (each.block.is === 'none' ? null : <Segment chart={chart} {...each} />))}
      {drawn.slice(1).map((each) => (
        <line class="cut" x1={percentOf(each.x)} x2={percentOf(each.x)} y1={Y - 2} y2={Y + HEIGHT + 2} />
      ))}
      {drawn.map((each) =>
        each.block.is === 'rogue' && rogue.length === 0 ? (
          <RogueMark x={markAt(each.x + each.width / 2)} y={Y + HEIGHT / 2} />
        ) : null,
      )}
      {rogue.map(({ at }) => (
        <RogueMark x={markAt(x(at))} y={Y + HEIGHT / 2} />
      ))}
    </svg>
  );
}

/** Inside the picture at any width. */
const markAt = (x: number): number => Math.min(0.985, Math.max(0.015, x));

interface SegmentProps {
  readonly chart: string;
  readonly block: StripBlock;
  readonly x: number;
  readonly width: number;
}

function Segment({ chart, block, x, width }: SegmentProps): JSX.Element {
  const label =
    block.moves > 1
      ? `${block.moves} digests or more`
      : block.digest === null
        ? ''
        : digestHex(block.digest).slice(0, 8);
  const isNamed = width >= NAMED && (block.is === 'trusted' || block.is === 'baseline' || block.moves > 1);
  return (
    <>
      <Block chart={chart} is={block.is} x={x} width={width} y={Y} height={HEIGHT} />
      {isNamed ? (
        <text class={`seg on-${block.is}`} x={percentOf(x)} dx="6" y="17">
          {label}
        </text>
      ) : null}
    </>
  );
}

/** What the tag was when. The first may have begun before the time that is shown. */
export function blocksOf(moves: readonly TagMove[], since: number): StripBlock[] {
  const shown = moves.filter((move, n) => move.at >= since || (moves[n + 1]?.at ?? Number.POSITIVE_INFINITY) > since);
  if (shown.length > MOVES_DRAWN) {
    const [worst] = shown.toSorted((a, b) => rankOf(a.verdict) - rankOf(b.verdict));
    const from = shown[0]?.at ?? since;
    return worst === undefined ? [] : [{ is: worst.verdict ?? 'baseline', digest: null, from, moves: shown.length }];
  }
  return shown.map(({ digest, at, verdict, isBaseline }) => ({
    is: digest === null ? 'none' : (verdict ?? (isBaseline ? 'baseline' : 'none')),
    digest,
    from: at,
    moves: 1,
  }));
}
