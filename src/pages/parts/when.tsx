import type { JSX } from 'hono/jsx/jsx-runtime';
import { age, fullTime, isoOf, shownTime } from '../time.ts';

interface Props {
  /** Ms since the epoch. */
  readonly at: number;
  readonly now: number;
  /** `below`: the age on a line of its own; `full`: date and seconds, no age. */
  readonly form?: 'beside' | 'below' | 'time' | 'age' | 'full';
}

/** A time as people read it; the whole of it stands in `datetime`. */
export function When({ at, now, form = 'beside' }: Props): JSX.Element {
  if (form === 'full') return <time datetime={isoOf(at)}>{fullTime(at)}</time>;
  if (form === 'age') return <time datetime={isoOf(at)}>{age(at, now)}</time>;
  const time = <time datetime={isoOf(at)}>{shownTime(at, now)}</time>;
  if (form === 'time') return time;
  if (form === 'below') {
    return (
      <>
        {time}
        <small>{age(at, now)}</small>
      </>
    );
  }
  return (
    <>
      {time}, {age(at, now)}
    </>
  );
}
