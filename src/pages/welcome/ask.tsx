import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Field } from '../parts/form.tsx';

const STEPS = ['Image', 'Policy we propose', 'Webhook', 'Test alert'] as const;

export function WelcomeSteps({ at }: { readonly at: 1 | 2 | 3 | 4 }): JSX.Element {
  return (
    <nav class="crumbs" aria-label="Steps">
      <ol>
        {STEPS.map((step, n) => (
          <li>{n + 1 === at ? <b aria-current="step">{`${at} ${step}`}</b> : `${n + 1} ${step}`}</li>
        ))}
      </ol>
    </nav>
  );
}

interface AskProps {
  readonly typed?: string;
  /** What is wrong with what was typed. */
  readonly problem?: string;
}

/** One field: everything else follows from it. */
export function AskImage({ typed = '', problem }: AskProps): JSX.Element {
  return (
    <form action="/welcome">
      <div class="row">
        <Field id="image" label="Image you publish">
          <input
            id="image"
            name="image"
            value={typed}
            size={34}
            maxlength={1024}
            required
            autocomplete="off"
            autocapitalize="none"
            placeholder="ghcr.io/you/app"
            aria-describedby={problem === undefined ? 'image-hint' : 'image-hint image-problem'}
            {...(problem === undefined ? {} : { 'aria-invalid': 'true' })}
          />
        </Field>
        <button type="submit" class="btn main">
          Look at it
        </button>
      </div>
      <p id="image-hint" class="small muted gap">
        As you would pull it: ghcr.io/org/app, or org/app for Docker Hub. A tag is left out: all of them are watched.
      </p>
    </form>
  );
}

interface PageProps extends AskProps {
  readonly heading: string;
  readonly children?: Child;
}

export function AskPage({ heading, typed, problem, children }: PageProps): JSX.Element {
  return (
    <>
      <WelcomeSteps at={1} />
      <div class="panel empty stack">
        <h1>{heading}</h1>
        {problem === undefined ? null : (
          <p id="image-problem" role="alert">
            {problem}
          </p>
        )}
        <p>
          Name an image that you publish. We look at its tags, its pushers and its signatures, propose a policy, and you
          decide.
        </p>
        <AskImage {...(typed === undefined ? {} : { typed })} {...(problem === undefined ? {} : { problem })} />
        <p class="small muted">This reads what the registry shows us and changes nothing there.</p>
      </div>
      {children}
    </>
  );
}

/** What comes after the first field. */
export const Then = (): JSX.Element => (
  <section class="slim" aria-labelledby="h-then">
    <div class="head">
      <h2 id="h-then">Then, in about five minutes</h2>
    </div>
    <ol class="steps">
      <li>
        <h3>Agree to the policy we propose</h3>
        <p class="small muted">Who pushes, who signs, which tags never move: taken from your last tags.</p>
      </li>
      <li>
        <h3>Paste one webhook address into the registry</h3>
        <p class="small muted">We tell you when the first delivery arrives. Without it, sweeps find pushes later.</p>
      </li>
      <li>
        <h3>Send yourself a test alert</h3>
        <p class="small muted">See the alarm work before you need it.</p>
      </li>
    </ol>
  </section>
);
