import { type Context, Hono } from 'hono';
import { pressButton } from '../usecases/press-button.ts';
import { parseInteraction, verifySlackSignature } from '../webhooks/slack.ts';
import { mediaType, readBody } from './body.ts';
import { clientAddress } from './client-address.ts';
import type { AppEnv } from './context.ts';
import { notFound, Problem } from './problem.ts';
import { strangersOf, tooMany } from './strangers.ts';

/** Slack sends the whole message along with the button. */
const MAX_BODY = 256 * 1024;

/**
 * Buttons pressed in Slack: of the installation's app, or of a channel's own one. The order is the defence: how much of
 * this address came to nothing (429), which app (404), size and type (413, 415), who signed (401), and only then what it
 * says. A person whose button is refused sees so, and presses it again.
 */
export function slackRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use('*', async (c, next) => {
    const strangers = strangersOf(c.var.services);
    const address = clientAddress(c.req.raw);
    if (strangers.isOver(address)) throw tooMany('Too many requests from this address were not signed by Slack.');
    await next();
    if (c.error instanceof Problem && [401, 404].includes(c.error.status)) await strangers.failed(address);
  });
  app.post('/interactions', (c) => {
    const secret = c.var.services.settings.slackSigningSecret;
    if (secret === '') throw notFound();
    return receive(c, secret, null);
  });
  app.post('/interactions/:channel{[0-9]{1,12}}', async (c) => {
    const { services } = c.var;
    const found = await services.channels.slackApp(Number(c.req.param('channel')));
    if (found === null) throw notFound();
    return receive(c, await services.seal.open(found.signing, 'slack-app'), found.teamId);
  });
  return app;
}

async function receive(c: Context<AppEnv>, secret: string, appTeam: number | null): Promise<Response> {
  if (mediaType(c.req.raw) !== 'application/x-www-form-urlencoded')
    throw new Problem(415, 'Send application/x-www-form-urlencoded.');
  const bytes = await readBody(c.req.raw, MAX_BODY);
  const signature = c.req.header('x-slack-signature');
  const timestamp = c.req.header('x-slack-request-timestamp');
  // The real clock, also where the installation's was advanced: Slack's is real too.
  if (!(await verifySlackSignature(secret, { signature, timestamp }, bytes, Date.now())))
    throw new Problem(401, 'X-Slack-Signature does not fit, or the request is older than five minutes.');
  const interaction = parseInteraction(bytes);
  if (interaction === null) throw new Problem(400, 'This is no interaction that is known here.');
  const { button, responseUrl, ...who } = interaction;
  // A button that opens a page tells us too; Slack only wants an answer.
  if (button === null) return c.body(null, 200);
  const once = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const { services } = c.var;
  const { slackActions: store, checks, wakeups, clock, slackReplies } = services;
  const deps = { store, checks, wakeups, clock, publicUrl: services.settings.publicUrl };
  const reply = await pressButton(deps, { ...who, button, appTeam, once });
  // Slack waits 3 s for this answer, and the reply is another request to Slack.
  if (reply !== null) c.executionCtx.waitUntil(slackReplies.send(responseUrl, reply));
  return c.body(null, 200);
}
