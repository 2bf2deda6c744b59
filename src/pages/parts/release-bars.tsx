import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Verdict } from '../../domain/finding.ts';
import { type PushWeek, pushWeekStart, sumOfWeeks } from '../../domain/push-week.ts';
import { VERDICTS, weekName, weeksInWords } from '../../notify/chart-words.ts';
import { isoOf } from '../time.ts';
import { Block, Hatch, Legend, percentOf, RogueMark } from './chart.tsx';

interface Props {
  /** Tells its ids from those of other charts on the page. */
  readonly id: string;
  /** In order, the present one last. */
  readonly weeks: readonly PushWeek[];
}

const BASE = 114;
/** Room for the sign above a rogue push. */
const TOP = 22;
/** A rogue push among a thousand must be seen: its share is never thinner than this, in px. */
const ROGUE_LEAST = 7;
const LEAST = 2;
/** Left of it stand the numbers of the scale. */
const LEFT = 0.07;

const LABELS: Readonly<Record<Verdict, string>> = {
  trusted: 'Trusted',
  pending: 'Pending',
  rogue: 'Rogue',
  undetermined: 'Undetermined',
};
/** From the ground up. */
const STACK: readonly Verdict[] = VERDICTS.toReversed();

const totalOf = (week: PushWeek): number => VERDICTS.reduce((sum, verdict) => sum + week[verdict], 0);

/** Pushes per week by verdict, stacked, rogue on top. */
export function ReleaseBars({ id, weeks }: Props): JSX.Element {
  const sums = sumOfWeeks(weeks);
  return (
    <figure>
      <Hatch chart={id} />
      <Chart id={id} weeks={weeks} />
      <figcaption>
        <Legend
          chart={id}
          entries={STACK.map((verdict) => ({ is: verdict, label: LABELS[verdict], total: sums[verdict] }))}
        />
        <details>
          <summary>Show these numbers as a table</summary>
          <Numbers weeks={weeks} />
        </details>
      </figcaption>
    </figure>
  );
}

function Chart({ id, weeks }: Props): JSX.Element {
  const most = scaleOf(Math.max(1, ...weeks.map(totalOf)));
  const y = (count: number): number => BASE - ((BASE - TOP) * count) / most;
  const step = (1 - LEFT) / Math.max(1, weeks.length);
  return (
    <svg class="chart" role="img" aria-labelledby={`${id}-t ${id}-d`}>
      <title id={`${id}-t`}>Pushes per week by verdict, {weeks.length} weeks</title>
      <desc id={`${id}-d`}>{weeksInWords(weeks)}</desc>
      {(most === 1 ? [1] : [most / 2, most]).map((count) => (
        <>
          <line class="grid" x1={percentOf(LEFT)} x2="100%" y1={y(count)} y2={y(count)} />
          <text x={percentOf(LEFT - 0.012)} y={y(count) + 4} text-anchor="end">
            {count}
          </text>
        </>
      ))}
      {weeks.map((week, n) => (
        <Bar id={id} week={week} x={LEFT + step * (n + 0.16)} width={step * 0.68} scale={(BASE - TOP) / most} />
      ))}
      {weeks.map((week, n) => {
        const isLast = n === weeks.length - 1;
        if (!isLast && (n % 3 !== 0 || n > weeks.length - 3)) return null;
        return (
          <text
            x={isLast ? '100%' : percentOf(LEFT + step * (n + 0.5))}
            y="129"
            text-anchor={isLast ? 'end' : 'middle'}
          >
            {isLast ? 'now' : weekName(week)}
          </text>
        );
      })}
      <line class="base" x1={percentOf(LEFT)} x2="100%" y1={BASE} y2={BASE} />
    </svg>
  );
}

interface BarProps {
  readonly id: string;
  readonly week: PushWeek;
  readonly x: number;
  readonly width: number;
  /** Px per push. */
  readonly scale: number;
}

function Bar({ id, week, x, width, scale }: BarProps): JSX.Element {
  const heightOf = (verdict: Verdict): number =>
    week[verdict] === 0 ? 0 : Math.max(verdict === 'rogue' ? ROGUE_LEAST : LEAST, week[verdict] * scale);
  const wanted = STACK.reduce((sum, verdict) => sum + heightOf(verdict), 0);
  // What thin shares gain, the trusted ones lose: the bar's height stays the number of pushes.
  const room = Math.max(0, heightOf('trusted') - Math.max(0, wanted - totalOf(week) * scale));
  let ground = BASE;
  return (
    <>
      {STACK.map((verdict) => {
        const height = verdict === 'trusted' ? room : heightOf(verdict);
        if (height === 0) return null;
        ground -= height;
        return <Block chart={id} is={verdict} x={x} width={width} y={ground} height={height} />;
      })}
      {week.rogue === 0 ? null : <RogueMark x={x + width / 2} y={ground - 10} />}
    </>
  );
}

/** The next of 1, 2, 4, 10, 20, 40, 100 …: halves of it are whole. */
function scaleOf(most: number): number {
  let unit = 1;
  for (;;) {
    for (const factor of [1, 2, 4]) if (most <= factor * unit) return factor * unit;
    unit *= 10;
  }
}

function Numbers({ weeks }: { readonly weeks: readonly PushWeek[] }): JSX.Element {
  return (
    <table>
      <caption class="vh">Pushes per week by verdict</caption>
      <thead>
        <tr>
          <th scope="col">Week of</th>
          {STACK.map((verdict) => (
            <th scope="col" class="num">
              {LABELS[verdict]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week) => (
          <tr>
            <th scope="row">
              <time datetime={isoOf(pushWeekStart(week.week)).slice(0, 10)}>{weekName(week)}</time>
            </th>
            {STACK.map((verdict) => (
              <td class="num">{week[verdict]}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
