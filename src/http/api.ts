import { Hono } from 'hono';
import { hashSecret } from '../secrets.ts';
import { administrationRoutes } from './api/administration.ts';
import { alertRoutes } from './api/alerts.ts';
import { blastRadiusRoutes } from './api/blast-radius.ts';
import { burstRoutes } from './api/bursts.ts';
import { channelRoutes } from './api/channels.ts';
import { ciRunRoutes } from './api/ci-runs.ts';
import { credentialRoutes } from './api/credentials.ts';
import { eventSubscriptionRoutes } from './api/event-subscriptions.ts';
import { exportRoutes } from './api/exports.ts';
import { suggestionRoutes } from './api/policy-suggestion.ts';
import { pushRoutes } from './api/pushes.ts';
import { repositoryRoutes } from './api/repositories.ts';
import { signInLinkRoutes } from './api/sign-in-links.ts';
import { slackUserRoutes } from './api/slack-users.ts';
import { sourceRoutes } from './api/sources.ts';
import { trustedRootRoutes } from './api/trusted-roots.ts';
import { verifyRoutes } from './api/verify.ts';
import type { AppEnv } from './context.ts';
import { openApiDocument } from './openapi.ts';
import { Problem } from './problem.ts';
import type { ApiRoute } from './route.ts';

export const API_ROUTES: readonly ApiRoute[] = [
  ...repositoryRoutes,
  ...pushRoutes,
  ...alertRoutes,
  ...credentialRoutes,
  ...blastRadiusRoutes,
  ...sourceRoutes,
  ...burstRoutes,
  ...channelRoutes,
  ...slackUserRoutes,
  ...verifyRoutes,
  ...suggestionRoutes,
  ...ciRunRoutes,
  ...trustedRootRoutes,
  ...exportRoutes,
  ...eventSubscriptionRoutes,
  ...administrationRoutes,
  ...signInLinkRoutes,
];

const KEY = /^Bearer (pwk_[A-Za-z0-9_-]{43})$/i;

/** The API for maintainers' scripts: every route behind a key, except its own description. */
export function apiRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.get('/openapi.json', (c) =>
    c.json(openApiDocument(API_ROUTES, c.var.services.settings.publicUrl || new URL(c.req.url).origin)),
  );

  app.use('*', async (c, next) => {
    const key = KEY.exec(c.req.header('authorization') ?? '')?.[1];
    const challenge = { 'www-authenticate': 'Bearer realm="pushwarden"' };
    if (key === undefined) throw new Problem(401, 'Send an API key as Authorization: Bearer pwk_….', {}, challenge);
    const { services } = c.var;
    const found = await services.keys.byHash(await hashSecret(key), services.clock.now());
    if (found === null) throw new Problem(401, 'This API key is not known, or was revoked.', {}, challenge);
    c.set('caller', { teamId: found.teamId, keyId: found.id, name: `key:${found.name}`, scope: found.scope });
    await next();
  });

  for (const each of API_ROUTES) {
    app.on(each.method.toUpperCase(), each.path, async (c) => {
      if (each.scope === 'admin' && c.var.caller.scope !== 'admin')
        throw new Problem(403, 'This needs a key of scope admin.');
      return each.run(c);
    });
  }
  return app;
}
