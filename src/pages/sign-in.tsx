import type { Context } from 'hono';
import { clientAddress } from '../http/client-address.ts';
import { deriveSecret, hashSecret, isSameSecret, newSecret } from '../secrets.ts';
import { readToken, writeToken } from './cookies.ts';
import { readPost } from './guard.ts';
import { localPath } from './local-path.ts';
import { notHere, type PageEnv, PageProblem } from './page.ts';
import { Notice } from './parts/banner.tsx';
import { Field, PostForm } from './parts/form.tsx';
import { seeOther, show } from './show.tsx';
import { csrfOf, openSession } from './visit.ts';

/** Ways in: an admin key, a one-time link, GitHub, Cloudflare Access. None says what is watched, or who is known. */

const KEY = /^pwk_[A-Za-z0-9_-]{43}$/;
const LINK_TOKEN = /^[A-Za-z0-9_-]{43}$/;

const PROBLEMS = {
  key: 'That is not the admin key of a team here, or it was revoked.',
  link: 'That link is not known, was used already, or is older than 15 minutes. Ask for a new one; nothing else is wrong.',
  stranger: 'Nobody has invited this account, or the invitation has expired. Ask an owner of your team.',
  github: 'GitHub’s answer does not belong to a sign-in that this browser began in the last minutes. Try again.',
} as const;

type SignInProblem = keyof typeof PROBLEMS;

/** The token of a browser that is not signed in: it ties forms and GitHub's answers to the browser that asked. */
async function csrfBefore(c: Context<PageEnv>): Promise<string> {
  const token = readToken(c, 'before') ?? newSecret();
  writeToken(c, 'before', token);
  return csrfOf(token);
}

async function readBefore(c: Context<PageEnv>): Promise<URLSearchParams> {
  const token = readToken(c, 'before');
  return readPost(c, token === null ? null : await csrfOf(token));
}

/** @throws PageProblem 429 */
async function limit(c: Context<PageEnv>): Promise<void> {
  if (!(await c.var.services.signInLimit.take(clientAddress(c.req.raw))))
    throw new PageProblem(429, 'That were many attempts from your address. Wait a minute, then try again.');
}

export async function signInPage(c: Context<PageEnv>): Promise<Response> {
  return showSignIn(c, localPath(c.req.query('to')), null);
}

async function showSignIn(c: Context<PageEnv>, to: string, problem: SignInProblem | null): Promise<Response> {
  const { settings } = c.var.services;
  const csrf = await csrfBefore(c);
  const query = `?to=${encodeURIComponent(to)}`;
  // The other ways in stay open while Access cannot be asked.
  const guest = await accessGuest(c).catch(() => null);
  const main = (
    <div class="door stack">
      <h1>Sign in to Pushwarden</h1>
      <p class="muted">{new URL(settings.publicUrl || c.req.url).host}</p>
      {problem === null ? null : <Notice text={PROBLEMS[problem]} isProblem />}
      {guest === null ? null : (
        <PostForm action={`/signin/access${query}`} csrf={csrf}>
          <button type="submit" class="btn main block">
            Continue as {guest.login}
          </button>
        </PostForm>
      )}
      {settings.githubSignIn === null ? null : (
        <a class="btn main block" href={`/signin/github${query}`}>
          Continue with GitHub
        </a>
      )}
      <PostForm action={`/signin${query}`} csrf={csrf} class="panel pad stack">
        <Field id="key" label="Admin key" hint="It starts with pwk_. You come in as owner of the key’s team.">
          <input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            required
            aria-describedby="key-hint"
            {...(problem === 'key' ? { 'aria-invalid': 'true' } : {})}
          />
        </Field>
        <button type="submit" class="btn block">
          Sign in with the key
        </button>
      </PostForm>
      <p class="small muted">
        Came from an alert? You return to it after signing in. The Slack message already has the safe digest and what to
        revoke.
      </p>
    </div>
  );
  return show(c, { title: 'Sign in', main }, problem === null ? 200 : 403);
}

export async function signInWithKey(c: Context<PageEnv>): Promise<Response> {
  const form = await readBefore(c);
  await limit(c);
  const { services } = c.var;
  const to = localPath(c.req.query('to'));
  const key = (form.get('key') ?? '').trim();
  const found = KEY.test(key) ? await services.keys.byHash(await hashSecret(key), services.clock.now()) : null;
  if (found === null || found.scope !== 'admin') return showSignIn(c, to, 'key');
  await openSession(c, found.teamId, { keyId: found.id });
  return seeOther(c, to);
}

/** Only shows a button: programs that follow links in messages must not use a link up. */
export async function linkPage(c: Context<PageEnv>): Promise<Response> {
  const token = c.req.param('token') ?? '';
  if (!LINK_TOKEN.test(token)) throw notHere();
  const main = (
    <div class="door stack">
      <h1>Sign in to Pushwarden</h1>
      <p>This link opens once, for the browser that you use it in.</p>
      <PostForm action="/signin/link" csrf={await csrfBefore(c)}>
        <input type="hidden" name="link" value={token} />
        <button type="submit" class="btn main block">
          Sign in
        </button>
      </PostForm>
    </div>
  );
  return show(c, { title: 'Sign in', main });
}

export async function signInWithLink(c: Context<PageEnv>): Promise<Response> {
  const form = await readBefore(c);
  await limit(c);
  const { services } = c.var;
  const token = form.get('link') ?? '';
  const found = LINK_TOKEN.test(token)
    ? await services.signInLinks.redeem(await hashSecret(token), services.clock.now())
    : null;
  if (found === null) return showSignIn(c, '/', 'link');
  await openSession(c, found.teamId, 'keyId' in found ? found : { ...found, identityId: null });
  return seeOther(c, '/');
}

/** What GitHub sends back with its answer: where to go on, and that this browser began it. */
async function githubState(token: string, to: string): Promise<string> {
  return `${await deriveSecret(token, `state ${to}`)}.${encodeURIComponent(to)}`;
}

const authorisation = async (c: Context<PageEnv>, token: string, to: string) => ({
  state: await githubState(token, to),
  codeVerifier: await deriveSecret(token, 'pkce'),
  redirectUri: `${c.var.services.settings.publicUrl || new URL(c.req.url).origin}/signin/github/callback`,
});

/** A link, not a form: `form-action 'self'` would stop a form from going on to GitHub. */
export async function startGitHub(c: Context<PageEnv>): Promise<Response> {
  const { githubSignIn } = c.var.services;
  if (githubSignIn === null) throw notHere();
  const token = newSecret();
  const url = await githubSignIn.authoriseUrl(await authorisation(c, token, localPath(c.req.query('to'))));
  writeToken(c, 'before', token);
  return c.redirect(url, 302);
}

export async function finishGitHub(c: Context<PageEnv>): Promise<Response> {
  const { services } = c.var;
  if (services.githubSignIn === null) throw notHere();
  await limit(c);
  const { state = '', code = '' } = c.req.query();
  const [, encoded = '/'] = /^[A-Za-z0-9_-]{43}\.(.*)$/.exec(state) ?? [];
  const to = localPath(decoded(encoded));
  const token = readToken(c, 'before');
  const begun = token === null ? null : await authorisation(c, token, to);
  if (begun === null || !isSameSecret(state, begun.state) || !/^[A-Za-z0-9_-]{1,256}$/.test(code))
    return showSignIn(c, to, 'github');
  const identity = await services.githubSignIn.identify(code, begun);
  if (identity === null) return showSignIn(c, to, 'github');
  return letIn(c, identity, to);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '/';
  }
}

async function letIn(
  c: Context<PageEnv>,
  identity: Parameters<PageEnv['Variables']['services']['people']['signIn']>[0],
  to: string,
): Promise<Response> {
  const { services } = c.var;
  const person = await services.people.signIn(identity, services.clock.now());
  if (person === null) return showSignIn(c, to, 'stranger');
  await openSession(c, person.teamId, { personId: person.personId, identityId: person.identityId });
  return seeOther(c, to);
}

async function accessGuest(c: Context<PageEnv>) {
  const { access, clock } = c.var.services;
  const assertion = c.req.header('cf-access-jwt-assertion');
  return access === null || assertion === undefined ? null : access.identify(assertion, clock.now());
}

export async function signInWithAccess(c: Context<PageEnv>): Promise<Response> {
  await readBefore(c);
  await limit(c);
  const to = localPath(c.req.query('to'));
  const guest = await accessGuest(c);
  return guest === null ? showSignIn(c, to, 'stranger') : letIn(c, guest, to);
}
