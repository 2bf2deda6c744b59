import type { JSX } from 'hono/jsx/jsx-runtime';
import { MINUTE_HINT, MINUTE_PATTERN, minuteOf } from '../span.ts';
import { Field } from './form.tsx';

interface Props {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  /** ms since the epoch; `null`: empty. */
  readonly at: number | null;
  readonly required?: boolean;
}

/** A field for a day or a minute in UTC. */
export function MinuteField({ id, name, label, at, required = false }: Props): JSX.Element {
  return (
    <Field id={id} label={label}>
      <input
        id={id}
        name={name}
        size={16}
        pattern={MINUTE_PATTERN}
        title={MINUTE_HINT}
        required={required}
        value={at === null ? '' : minuteOf(at)}
      />
    </Field>
  );
}
