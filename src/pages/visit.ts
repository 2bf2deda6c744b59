import type { Context } from 'hono';
import { deriveSecret, hashSecret, newSecret } from '../secrets.ts';
import type { LiveSession, SessionOwner } from '../store/sessions.ts';
import { dropToken, readToken, writeToken } from './cookies.ts';
import type { PageEnv, Visit } from './page.ts';

/** The token that stands in forms: whoever has only this cannot tell the session's. */
export const csrfOf = (token: string): Promise<string> => deriveSecret(token, 'form');

/** Who is signed in, or `null`. One D1 round trip; once a minute a second one writes that the session is in use. */
export async function readVisit(c: Context<PageEnv>): Promise<Visit | null> {
  const { services } = c.var;
  const token = readToken(c, 'session');
  if (token === null) return null;
  const now = services.clock.now();
  const session = await services.sessions.byHash(await hashSecret(token), now);
  if (session === null || !(await isStillVouchedFor(c, session, now))) return null;
  if (session.stale) c.executionCtx.waitUntil(services.sessions.touch(session.id, now));
  return { session, csrf: await csrfOf(token) };
}

/**
 * A session that came by Cloudflare Access is good only while Access lets the same person through: who is shut out there
 * is shut out here at once, by whatever address they come.
 */
async function isStillVouchedFor(c: Context<PageEnv>, { identity }: LiveSession, now: number): Promise<boolean> {
  if (identity?.provider !== 'access') return true;
  const assertion = c.req.header('cf-access-jwt-assertion');
  const { access } = c.var.services;
  if (assertion === undefined || access === null) return false;
  return (await access.identify(assertion, now))?.externalId === identity.externalId;
}

/**
 * Signs this browser in under a new token, whatever it had before: nobody else can know it. `since` keeps the first
 * sign-in's time where a session only changes.
 */
export async function openSession(
  c: Context<PageEnv>,
  teamId: number,
  owner: SessionOwner,
  replaced: LiveSession | null = null,
): Promise<void> {
  const { services } = c.var;
  const token = newSecret();
  const now = services.clock.now();
  await services.sessions.open({
    hash: await hashSecret(token),
    teamId,
    owner,
    since: replaced?.createdAt ?? now,
    now,
    userAgent: c.req.header('user-agent') ?? '',
    replaces: replaced?.id ?? (await presentSession(c)),
  });
  writeToken(c, 'session', token);
  dropToken(c, 'before');
}

/** The session that a browser brings to a new sign-in: it ends there. */
async function presentSession(c: Context<PageEnv>): Promise<number | null> {
  const token = readToken(c, 'session');
  if (token === null) return null;
  const { services } = c.var;
  return (await services.sessions.byHash(await hashSecret(token), services.clock.now()))?.id ?? null;
}
