import type { Context } from 'hono';
import { InvalidSettings } from '../settings.ts';
import { IdentityUnavailable } from '../usecases/ports.ts';
import { type PageEnv, PageProblem } from './page.ts';
import { SearchBox } from './parts/shell.tsx';
import { show } from './show.tsx';

/** Whatever kept a page from being made, as a page. Nothing in it tells what is watched, or what failed inside. */
export function problemPage(c: Context<PageEnv>, error: unknown): Response {
  if (error instanceof PageProblem) return error.status === 404 ? notFoundPage(c) : refusedPage(c, error);
  if (error instanceof IdentityUnavailable) {
    console.warn('a sign-in could not be checked', error.message);
    const words = 'Whoever vouches for you does not answer us at this moment. Try again in a minute.';
    return refusedPage(c, new PageProblem(503, words));
  }
  if (error instanceof InvalidSettings) throw error;
  return failedPage(c, error);
}

function refusedPage(c: Context<PageEnv>, { status, message, typed }: PageProblem): Response {
  const main = (
    <div class="slim stack">
      <h1>{status === 503 ? 'Not now' : 'That did not work'}</h1>
      <p role="alert">{message}</p>
      {typed.length === 0 ? null : (
        <>
          <p>What you had typed:</p>
          {typed.map((text) => (
            <p class="panel pad">{text}</p>
          ))}
        </>
      )}
      <p>
        <a href={c.var.visit === null ? '/signin' : '/'}>{c.var.visit === null ? 'Sign in' : 'Overview'}</a>
      </p>
    </div>
  );
  return show(c, { title: 'That did not work', main }, status);
}

function notFoundPage(c: Context<PageEnv>): Response {
  const main =
    c.var.visit === null ? (
      <div class="slim stack">
        <h1>There is nothing here</h1>
        <p>
          <a href="/signin">Sign in</a> to see what your team watches.
        </p>
      </div>
    ) : (
      <div class="slim stack">
        <h1>We do not watch this</h1>
        <p>There is no such page, image, push or alert in your team. Look it up by digest, tag or name:</p>
        <SearchBox id="q404" />
      </div>
    );
  return show(c, { title: c.var.visit === null ? 'Nothing here' : 'We do not watch this', main }, 404);
}

function failedPage(c: Context<PageEnv>, error: unknown): Response {
  const code = crypto.randomUUID().slice(0, 8);
  console.error('a page failed', code, error);
  const main = (
    <div class="slim stack">
      <h1>We could not build this page</h1>
      <p>Watching and alerting run apart from pages and are not affected as far as we can tell.</p>
      <p class="small">
        Quote <code>{code}</code> when you report it: it stands in the log of the Worker.
      </p>
      {c.req.method === 'GET' ? (
        <a class="btn" href={new URL(c.req.url).pathname}>
          Try again
        </a>
      ) : null}
    </div>
  );
  return show(c, { title: 'We could not build this page', main }, 500);
}
