import type { PropsWithChildren } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

/**
 * `rogue` is an attack that nobody has; `handled` keeps its words and loses its fill; `calm` and `wait` go with trusted
 * and pending; `over` was an attack; `blind` is our own failure; `plain` speaks of a form.
 */
export type BannerTone = 'rogue' | 'handled' | 'calm' | 'wait' | 'over' | 'blind' | 'plain';

export function Banner({ tone, children }: PropsWithChildren<{ readonly tone: BannerTone }>): JSX.Element {
  return <div class={`banner ${tone}`}>{children}</div>;
}

/** Says how a form went, to screen readers as well. */
export function Notice({ text, isProblem }: { readonly text: string; readonly isProblem: boolean }): JSX.Element {
  return (
    <div class="banner plain" role={isProblem ? 'alert' : 'status'}>
      <p>{text}</p>
    </div>
  );
}
