import type { JSX } from 'hono/jsx/jsx-runtime';
import { Field, PostForm } from './form.tsx';

interface Props {
  readonly id: number;
  readonly csrf: string;
  /** What either answer means for this kind of alert. */
  readonly meaning: { readonly expected: string; readonly incident: string };
}

export function CloseForm({ id, csrf, meaning }: Props): JSX.Element {
  return (
    <section class="slim" aria-labelledby="h-close">
      <div class="head">
        <h2 id="h-close">Close this alert</h2>
        <p>Your name, the time and the reason are kept</p>
      </div>
      <PostForm action={`/alerts/A-${id}/close`} csrf={csrf} class="panel pad stack">
        <fieldset>
          <legend>What was it?</legend>
          <label class="check">
            <input type="radio" name="resolution" value="expected" required />
            <span>
              It was us
              <small>{meaning.expected}</small>
            </span>
          </label>
          <label class="check">
            <input type="radio" name="resolution" value="incident" required />
            <span>
              It was not us
              <small>{meaning.incident}</small>
            </span>
          </label>
        </fieldset>
        <Field id="reason" label="What happened">
          <textarea id="reason" name="reason" rows={3} maxlength={1000} required />
        </Field>
        <button type="submit" class="btn">
          Close it
        </button>
      </PostForm>
    </section>
  );
}
