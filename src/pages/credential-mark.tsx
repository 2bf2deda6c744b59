import type { JSX } from 'hono/jsx/jsx-runtime';
import type { CredentialMark } from '../domain/credential.ts';
import { MARK_EFFECTS, MARK_NAMES } from '../notify/credential-page-words.ts';
import type { CredentialPage } from '../store/credential-page.ts';
import { credentialAddress } from './addresses.ts';
import { Field, PostForm } from './parts/form.tsx';

// `Object.keys` gives strings; these are the marks.
const MARKS = Object.keys(MARK_NAMES) as CredentialMark[];
/** More images than that are for the API. */
const OFFERED = 50;

interface Props {
  readonly page: CredentialPage;
  readonly csrf: string;
}

/** What a maintainer says of it, with the reason. */
export function MarkForm({ page, csrf }: Props): JSX.Element {
  const { credential } = page;
  return (
    <section class="slim" aria-labelledby="h-mark">
      <div class="head">
        <h2 id="h-mark">Say what you expect of it</h2>
        <p>Your name, the time and the reason are kept</p>
      </div>
      <PostForm action={`${credentialAddress(credential.id)}/mark`} csrf={csrf} class="panel pad stack">
        <fieldset>
          <legend>Mark</legend>
          {MARKS.map((mark) => (
            <label class="check">
              <input type="radio" name="mark" value={mark} required checked={mark === credential.mark} />
              <span>
                {MARK_NAMES[mark]}
                <small>{MARK_EFFECTS[mark]}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <Where page={page} />
        <fieldset>
          <legend>Who uses it</legend>
          <label class="check">
            <input type="checkbox" name="ciOnly" value="yes" checked={credential.ciOnly} />
            <span>
              Only CI
              <small>A use that no push, announcement or run explains within ten minutes is an alert.</small>
            </span>
          </label>
        </fieldset>
        <Field id="note" label="Why">
          <textarea id="note" name="note" rows={3} maxlength={500} required>
            {credential.note ?? ''}
          </textarea>
        </Field>
        <button type="submit" class="btn main">
          Keep it
        </button>
      </PostForm>
    </section>
  );
}

function Where({ page: { credential, expected, images } }: Pick<Props, 'page'>): JSX.Element {
  const { expectedOn } = credential;
  const chosen = new Set(expectedOn ?? []);
  // What is expected already stands first, so that it is in the list whatever its name.
  const all = [...expected, ...images.filter(({ id }) => !chosen.has(id))];
  const offered = all.slice(0, OFFERED);
  const isMore = all.length > OFFERED;
  return (
    <fieldset>
      <legend>Where a token that is expected may push</legend>
      <label class="check">
        <input type="radio" name="where" value="everywhere" checked={expectedOn === null} />
        <span>Everywhere</span>
      </label>
      <label class="check">
        <input type="radio" name="where" value="some" checked={expectedOn !== null} />
        <span>Only on these images</span>
      </label>
      <details open={expectedOn !== null}>
        <summary>Images</summary>
        <div class="two">
          {offered.map(({ id, image }) => (
            <label class="check">
              <input type="checkbox" name="on" value={String(id)} checked={chosen.has(id)} />
              <span>{image}</span>
            </label>
          ))}
        </div>
        {expected.slice(OFFERED).map(({ id }) => (
          <input type="hidden" name="on" value={String(id)} />
        ))}
        {offered.length === 0 ? <p class="small muted">No image is watched yet.</p> : null}
        {isMore ? (
          <p class="small muted">
            Your team has more images than {OFFERED}: to choose others, use <code>PATCH /api/v1/credentials/…</code>
          </p>
        ) : null}
      </details>
    </fieldset>
  );
}
