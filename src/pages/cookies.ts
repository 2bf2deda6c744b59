import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';
import { SESSION_LIFE_MS } from '../domain/person.ts';
import type { PageEnv } from './page.ts';

/** 256 random bits, base64url. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** Long enough to sign in at GitHub with a second factor. */
const BEFORE_SECONDS = 15 * 60;

type Kind = 'session' | 'before';

/**
 * `__Host-` binds a cookie to this very host over https. On a local installation's plain http Safari refuses such
 * cookies, so there the name holds the port instead: cookies of 127.0.0.1 are shared by all its ports.
 * @see https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-the-__host-prefix
 */
function place(c: Context<PageEnv>, kind: Kind): { name: string; options: CookieOptions } {
  const { protocol, port } = new URL(c.req.url);
  const options = { path: '/', httpOnly: true, sameSite: 'Lax' } as const;
  const suffix = kind === 'before' ? '-before' : '';
  if (c.var.services.settings.local && protocol === 'http:') {
    return { name: `pushwarden${suffix}-${port === '' ? '80' : port}`, options };
  }
  return { name: `__Host-pushwarden${suffix}`, options: { ...options, secure: true } };
}

/** The session's token, or that of a browser before it signs in. */
export function readToken(c: Context<PageEnv>, kind: Kind): string | null {
  const value = getCookie(c, place(c, kind).name);
  return value !== undefined && TOKEN.test(value) ? value : null;
}

export function writeToken(c: Context<PageEnv>, kind: Kind, token: string): void {
  const { name, options } = place(c, kind);
  setCookie(c, name, token, { ...options, maxAge: kind === 'session' ? SESSION_LIFE_MS / 1000 : BEFORE_SECONDS });
}

export function dropToken(c: Context<PageEnv>, kind: Kind): void {
  const { name, options } = place(c, kind);
  deleteCookie(c, name, options);
}
