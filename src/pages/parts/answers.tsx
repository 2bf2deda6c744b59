import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

export interface Answer {
  readonly question: string;
  readonly answer: Child;
  /** How we know. */
  readonly why: Child;
}

/** Questions with their answers side by side: what somebody woken at night reads first. */
export function Answers({ answers }: { readonly answers: readonly Answer[] }): JSX.Element {
  return (
    <dl class="answers">
      {answers.map(({ question, answer, why }) => (
        <div>
          <dt>{question}</dt>
          <dd class="big">{answer}</dd>
          <dd class="why">{why}</dd>
        </div>
      ))}
    </dl>
  );
}
