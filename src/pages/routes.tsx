import type { Context } from 'hono';
import { Hono } from 'hono';
import { may } from '../domain/person.ts';
import { alertPages } from './alerts.tsx';
import { SCRIPT_ASSET, STYLE } from './assets.ts';
import { auditPages } from './audit.tsx';
import { blastRadiusPages } from './blast-radius.tsx';
import { dropToken } from './cookies.ts';
import { credentialPages } from './credential.tsx';
import { credentialListPages } from './credentials.tsx';
import { digestPages } from './digest.tsx';
import { readPost } from './guard.ts';
import { healthPages } from './health.tsx';
import { localPath } from './local-path.ts';
import { overviewPages } from './overview.tsx';
import { notHere, type PageEnv, PageProblem, type PageRoute } from './page.ts';
import { problemPage } from './problem.tsx';
import { pushPages } from './push/pages.tsx';
import { repositoryPages } from './repositories/pages.ts';
import { searchPages } from './search.tsx';
import { settingsPages } from './settings/pages.ts';
import { seeOther } from './show.tsx';
import {
  finishGitHub,
  linkPage,
  signInPage,
  signInWithAccess,
  signInWithKey,
  signInWithLink,
  startGitHub,
} from './sign-in.tsx';
import { readVisit } from './visit.ts';
import { welcomePages } from './welcome/pages.ts';

/** Everything that a signed-in person can open or send. */
export const PAGE_ROUTES: readonly PageRoute[] = [
  ...overviewPages,
  ...alertPages,
  ...searchPages,
  ...settingsPages,
  ...auditPages,
  ...repositoryPages,
  ...digestPages,
  ...welcomePages,
  ...credentialListPages,
  ...credentialPages,
  ...blastRadiusPages,
  ...healthPages,
  ...pushPages,
];

/** `same-origin`, not `no-referrer`: with that, browsers send forms with `Origin: null`. */
const HEADERS = [
  [
    'content-security-policy',
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  ],
  ['referrer-policy', 'same-origin'],
  ['cache-control', 'no-store'],
  ['cross-origin-opener-policy', 'same-origin'],
] as const;

/** Addresses for machines: what is not there is answered as data. */
const MACHINES = /^\/(?:api|webhooks|ci|local|healthz|slack)(?:\/|$)/;

type Handler = (c: Context<PageEnv>) => Promise<Response>;

/** The dashboard. Mounted last: its last route takes whatever nothing else does. */
export function pageRoutes(): Hono<PageEnv> {
  const app = new Hono<PageEnv>();
  for (const { path, type, text } of [STYLE, SCRIPT_ASSET]) {
    const headers = { 'content-type': type, 'cache-control': 'public, max-age=31536000, immutable' };
    app.get(path, (c) => c.body(text, 200, headers));
  }
  app.get('/signin', page(signInPage));
  app.post('/signin', page(signInWithKey));
  app.get('/signin/link/:token', page(linkPage));
  app.post('/signin/link', page(signInWithLink));
  app.get('/signin/github', page(startGitHub));
  app.get('/signin/github/callback', page(finishGitHub));
  app.post('/signin/access', page(signInWithAccess));
  app.post('/signout', page(signOut));
  for (const route of PAGE_ROUTES) app.on(route.method.toUpperCase(), route.path, page(visited(route)));
  app.all('*', async (c, next) => {
    if (MACHINES.test(c.req.path)) return next();
    return page(nothing)(c);
  });
  return app;
}

/** Whatever happens in it, a page is the answer, under the pages' own rules for browsers. */
function page(handler: Handler): Handler {
  return async (c) => {
    c.set('visit', null);
    let response: Response;
    try {
      response = await handler(c);
    } catch (error) {
      response = problemPage(c, error);
    }
    for (const [name, value] of HEADERS) response.headers.set(name, value);
    return response;
  };
}

/** Only for those who are signed in and may: others are asked to sign in, or told that they may not. */
function visited(route: PageRoute): Handler {
  return async (c) => {
    const visit = await readVisit(c);
    c.set('visit', visit);
    const form =
      route.method === 'post' ? await readPost(c, visit?.csrf ?? null, route.maxForm) : new URLSearchParams();
    if (visit === null) return seeOther(c, signInFor(c));
    if (!may(visit.session.role, route.right))
      throw new PageProblem(
        403,
        `This needs another role than yours (${visit.session.role}). Ask an owner of your team.`,
      );
    const { services } = c.var;
    return route.run({ c, services, visit, now: services.clock.now(), form });
  };
}

function signInFor(c: Context<PageEnv>): string {
  const { pathname, search } = new URL(c.req.url);
  const to = localPath(`${pathname}${search}`);
  return to === '/' ? '/signin' : `/signin?to=${encodeURIComponent(to)}`;
}

async function signOut(c: Context<PageEnv>): Promise<Response> {
  const visit = await readVisit(c);
  c.set('visit', visit);
  await readPost(c, visit?.csrf ?? null);
  if (visit !== null) await c.var.services.sessions.end(visit.session.id);
  dropToken(c, 'session');
  return seeOther(c, '/signin');
}

async function nothing(c: Context<PageEnv>): Promise<Response> {
  c.set('visit', await readVisit(c));
  throw notHere();
}
