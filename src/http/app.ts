import { type Env, Hono } from 'hono';
import { servicesOf } from '../compose.ts';
import { InvalidSettings } from '../settings.ts';
import { apiRoutes } from './api.ts';
import { ciRoutes } from './ci.ts';
import type { AppEnv } from './context.ts';
import { localRoutes, refuseLocalElsewhere } from './local.ts';
import { notFound, Problem } from './problem.ts';
import { webhookRoutes } from './webhooks.ts';

/** Every answer is data, but for pages, which bring rules of their own: no page may frame it, sniff it, or learn from where it came. */
const HEADERS = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
] as const;

/** @param pages what people see; without them only machines are answered */
export function createApp<E extends Env>(pages?: Hono<E>): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use('*', async (c, next) => {
    await next();
    // Not `c.header`, which makes a new Response for each.
    for (const [name, value] of HEADERS) if (!c.res.headers.has(name)) c.res.headers.set(name, value);
  });
  app.use('*', async (c, next) => {
    const services = servicesOf(c.env);
    if (services.settings.local) {
      refuseLocalElsewhere(c.req.url);
      services.clock.offsetMs = await services.clockStore.offset();
    }
    c.set('services', services);
    await next();
  });
  app.get('/healthz', (c) => c.json({ ok: true }));
  app.route('/webhooks', webhookRoutes());
  app.route('/ci', ciRoutes());
  app.route('/api/v1', apiRoutes());
  app.route('/local', localRoutes());
  if (pages !== undefined) app.route('/', pages);
  app.notFound(() => notFound().response());
  app.onError((error) => {
    if (error instanceof Problem) return error.response();
    if (error instanceof InvalidSettings || error instanceof TypeError) console.error('cannot serve', error.message);
    else console.error('cannot serve', error);
    const detail =
      error instanceof InvalidSettings
        ? `This installation is not set up: ${error.message}`
        : 'Something of ours failed. Nothing you sent is lost if it was answered with 2xx before.';
    return new Problem(500, detail).response();
  });
  return app;
}
