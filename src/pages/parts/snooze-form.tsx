import type { JSX } from 'hono/jsx/jsx-runtime';
import { SNOOZES, type Snooze, snoozeEnd } from '../../domain/snooze.ts';
import { shownTime } from '../time.ts';
import { Field, PostForm, Select } from './form.tsx';

const LABELS: Readonly<Record<Snooze, string>> = { '1h': 'in an hour', '4h': 'in four hours', tomorrow: 'tomorrow' };

interface Props {
  readonly id: number;
  readonly csrf: string;
  /** Ms since the epoch; `null`: it is not put off. */
  readonly remindAt: number | null;
  readonly now: number;
}

/** Putting it off says nothing about it: it stays open, and worsening speaks at once. */
export function SnoozeForm({ id, csrf, remindAt, now }: Props): JSX.Element {
  return (
    <section class="slim" aria-labelledby="h-snooze">
      <div class="head">
        <h2 id="h-snooze">Put it off</h2>
        <p>
          {remindAt === null
            ? 'It stays open, and worsening speaks at once'
            : `It is told again at ${shownTime(remindAt, now)}`}
        </p>
      </div>
      <PostForm action={`/alerts/A-${id}/snooze`} csrf={csrf} class="panel pad row">
        <Field id="until" label="Remind the channel">
          <Select
            id="until"
            name="until"
            options={SNOOZES.map((value) => ({
              value,
              label: `${LABELS[value]}, ${shownTime(snoozeEnd(value, now), now)}`,
            }))}
          />
        </Field>
        <button type="submit" class="btn">
          Remind
        </button>
      </PostForm>
    </section>
  );
}
