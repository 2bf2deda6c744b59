import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { type CalendarDay, type DayState, usesOn } from '../../domain/use-calendar.ts';
import { dayInWords, dayWords, monthName, usesInWords } from '../../notify/use-words.ts';
import { isoOf } from '../time.ts';
import { Rows } from './rows.tsx';

/** A square a day, Monday on top: two halves, which stack on phones. In units of the drawing, which scales as a whole. */
const STEP = 13;
const SIZE = 11;
const LEFT = 26;
const TOP = 17;
const WEEKS = 27;
/** Names of months nearer than this many weeks would run into each other. */
const MONTH_WEEKS = 3;
const DAY_MS = 86_400_000;

interface Props {
  /** Of the credential, as strangers wrote it. */
  readonly name: string;
  /** From a Monday on, in order, at most 53 weeks. */
  readonly days: readonly CalendarDay[];
  /** Where the uses between two days are listed. */
  readonly href: (first: string, last: string) => string;
  /** What a square does not say. */
  readonly note: Child;
}

/** A year of uses: the finding in a sentence, a picture of it, and the same as a table. */
export function UseCalendar({ name, days, href, note }: Props): JSX.Element {
  const half = Math.max(0, Math.ceil(days.length / 7) - WEEKS) * 7;
  const halves = [days.slice(0, half), days.slice(half)].filter((part) => part.length > 0);
  return (
    <figure class="panel pad cal">
      <svg class="sprite" aria-hidden="true">
        <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-bg" width="6" height="6" />
          <path class="hatch-line" d="M1 0v6" />
        </pattern>
      </svg>
      <p>{usesInWords(days)}</p>
      <div class="halves">
        {halves.map((part, n) => (
          <Half id={`cal-${n}`} name={name} days={part} />
        ))}
      </div>
      <figcaption>
        <Legend days={days} />
        <p class="small muted below">{note}</p>
        <details>
          <summary>Show as a table</summary>
          <Months days={days} href={href} />
        </details>
      </figcaption>
    </figure>
  );
}

/** A row a month: a row a day would weigh more than the rest of the page. */
function Months({ days, href }: Pick<Props, 'days' | 'href'>): JSX.Element {
  const told = days.filter(({ state }) => state === 'used' || state === 'alarm' || state === 'blind');
  const months = [...Map.groupBy(told, ({ day }) => dateOf(day).slice(0, 7)).values()];
  return (
    <Rows
      caption="Days with uses, by month, newest first"
      columns={[{ label: 'Month' }, { label: 'Day: what was seen' }]}
      rows={months.toReversed().map((month) => {
        const [first, last] = [month[0]?.day ?? 0, month.at(-1)?.day ?? 0];
        return {
          cells: [
            <a href={href(dateOf(first), dateOf(last))}>{dayInWords(first).replace(/^\d+ /, '')}</a>,
            month.map((each) => `${Number(dateOf(each.day).slice(8))}: ${dayWords(each)}`).join('; '),
          ],
        };
      })}
      none="No day with a use."
    />
  );
}

/** `2026-11-24` */
const dateOf = (day: number): string => isoOf(day * DAY_MS).slice(0, 10);

type Look = 'c0' | 'c1' | 'c2' | 'c3' | 'cx' | 'cb' | 'cn';

const LOOKS: Readonly<Record<Exclude<DayState, 'used'>, Look>> = {
  alarm: 'cx',
  blind: 'cb',
  before: 'cn',
  unused: 'c0',
};

function lookOf(day: CalendarDay): Look {
  if (day.state !== 'used') return LOOKS[day.state];
  const uses = usesOn(day);
  return uses >= 5 ? 'c3' : uses >= 2 ? 'c2' : 'c1';
}

const WORDS: readonly (readonly [Look, string])[] = [
  ['c0', 'Not seen used'],
  ['c1', 'Seen once'],
  ['c2', '2 to 4 times'],
  ['c3', '5 or more'],
  ['cx', 'An alert speaks of it'],
  ['cb', 'We could not look'],
  ['cn', 'Not known to us yet'],
];

/** Hatched is an attribute: it has to resolve in the page, not in the style sheet. */
const hatched = (look: Look): { fill?: string } => (look === 'cb' ? { fill: 'url(#hatch)' } : {});

interface HalfProps {
  readonly id: string;
  readonly name: string;
  readonly days: readonly CalendarDay[];
}

/** All squares of a look are one path: a year is some kilobytes, not some hundred elements. */
function Half({ id, name, days }: HalfProps): JSX.Element {
  const placed = days.map((day, n) => ({
    day,
    look: lookOf(day),
    x: LEFT + Math.floor(n / 7) * STEP,
    y: TOP + (n % 7) * STEP,
  }));
  const looks = Map.groupBy(placed, ({ look }) => look);
  const [first, last] = [days[0]?.day ?? 0, days.at(-1)?.day ?? 0];
  return (
    <svg viewBox={`0 0 ${LEFT + WEEKS * STEP} ${TOP + 7 * STEP}`} role="img" aria-labelledby={`${id}-t ${id}-d`}>
      <title id={`${id}-t`}>{`Use of ${name}, ${dayInWords(first)} to ${dayInWords(last)}`}</title>
      <desc id={`${id}-d`}>{usesInWords(days)}</desc>
      {[...looks].map(([look, squares]) => (
        <path class={look} d={squares.map(({ x, y }) => drawn(look, x, y)).join('')} {...hatched(look)} />
      ))}
      {(looks.get('cx') ?? []).map(({ x, y }) => (
        <Mark x={x} y={y} />
      ))}
      {monthLabels(days).map(({ label, week }) => (
        <text x={LEFT + week * STEP} y={11}>
          {label}
        </text>
      ))}
      {['Mon', '', 'Wed', '', 'Fri'].map((label, n) =>
        label === '' ? null : (
          <text x={0} y={TOP + n * STEP + 9}>
            {label}
          </text>
        ),
      )}
    </svg>
  );
}

/** Days without a use are most of a year: each is a stroke, as wide as a square, or a dot. */
const drawn = (look: Look, x: number, y: number): string =>
  look === 'c0' ? `M${x} ${y + SIZE / 2}h${SIZE}` : look === 'cn' ? `M${x + 5} ${y + SIZE / 2}h1` : square(x, y);

const square = (x: number, y: number): string => `M${x} ${y}h${SIZE}v${SIZE}h-${SIZE}z`;

/** Colour is never all that tells: an exclamation mark stands in the square. */
const Mark = ({ x, y }: { readonly x: number; readonly y: number }): JSX.Element => (
  <path class="mark" d={`M${x + SIZE / 2} ${y + 2.6}v3.4M${x + SIZE / 2} ${y + 8.6}v.1`} />
);

function monthLabels(days: readonly CalendarDay[]): { readonly label: string; readonly week: number }[] {
  const labels: { label: string; week: number }[] = [];
  for (const [n, { day }] of days.entries()) {
    const week = Math.floor(n / 7);
    const last = labels.at(-1);
    const begins = new Date(day * DAY_MS).getUTCDate() === 1;
    if (begins && (last === undefined || week - last.week >= MONTH_WEEKS)) labels.push({ label: monthName(day), week });
  }
  return labels;
}

/** Only what is in the picture. */
function Legend({ days }: { readonly days: readonly CalendarDay[] }): JSX.Element {
  const counts = Map.groupBy(days, lookOf);
  return (
    <ul class="key">
      {WORDS.flatMap(([look, words]) => {
        const count = counts.get(look)?.length ?? 0;
        if (count === 0) return [];
        return [
          <li>
            <svg viewBox="0 0 12 12" aria-hidden="true">
              <path class={look} d={drawn(look, 0.5, 0.5)} {...hatched(look)} />
              {look === 'cx' ? <Mark x={0.5} y={0.5} /> : null}
            </svg>
            {words}: {count === 1 ? '1 day' : `${count} days`}
          </li>,
        ];
      })}
    </ul>
  );
}
