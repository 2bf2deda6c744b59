import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

export interface Step {
  readonly title: string;
  readonly body: Child;
}

/** What to do, in this order. */
export function Steps({ steps }: { readonly steps: readonly Step[] }): JSX.Element {
  return (
    <ol class="steps">
      {steps.map(({ title, body }) => (
        <li>
          <h3>{title}</h3>
          {body}
        </li>
      ))}
    </ol>
  );
}

/** A command to copy: one click selects it. */
export function Command({ text, label }: { readonly text: string; readonly label: string }): JSX.Element {
  return (
    <section class="cmd" aria-label={label}>
      <code>{text}</code>
    </section>
  );
}
