import { type Context, Hono } from 'hono';
import type { Services } from '../compose.ts';
import type { Delivery, DeliveryContent } from '../domain/delivery.ts';
import { HookLimit } from '../usecases/limit-hook.ts';
import { type Received, receiveDelivery } from '../usecases/receive-delivery.ts';
import { DISTRIBUTION_CONTENT_TYPES, parseDistribution } from '../webhooks/distribution.ts';
import { parseDockerHub } from '../webhooks/dockerhub.ts';
import { parseGitHub } from '../webhooks/github.ts';
import { verifyHubSignature } from '../webhooks/signature.ts';
import { mediaType, readBody } from './body.ts';
import { clientAddress } from './client-address.ts';
import type { AppEnv } from './context.ts';
import { hookCacheOf, type LiveHook } from './hook-cache.ts';
import { notFound, Problem } from './problem.ts';
import { tooMany } from './strangers.ts';

/** Docker Hub's and Distribution's bodies are a few KB. */
const MAX_BODY = 1024 * 1024;
/** @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_GITHUB_BODY = 25 * 1024 * 1024;
/** Of a body that was not understood, this much is kept to mend the parser with. */
const KEPT_BODY = 16 * 1024;

/**
 * Webhook endpoints. The order is the defence: who is asking (404, 401), how often (429), then size and type (413, 415),
 * then the bytes, and only then JSON. What is authenticated is kept, whether understood or not; nothing else is.
 */
export function webhookRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.post('/dockerhub/:secret', (c) => receiveDockerHub(c, c.req.param('secret')));
  app.post('/github/:hook', (c) => receiveGitHub(c, c.req.param('hook')));
  app.post('/distribution/:secret', (c) => receiveDistribution(c, c.req.param('secret')));
  // For registries that send a header: the secret then stays out of access logs.
  app.post('/distribution', (c) =>
    receiveDistribution(c, /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? ''),
  );
  return app;
}

type WebhookContext = Context<AppEnv>;

async function hookOfSecret(
  c: WebhookContext,
  secret: string,
  provider: LiveHook['hook']['provider'],
): Promise<LiveHook> {
  const live = await hookCacheOf(c.var.services).bySecret(secret, clientAddress(c.req.raw));
  if (live === null || live.hook.provider !== provider) throw notFound();
  await limit(c, live);
  return live;
}

const hookLimits = new WeakMap<Services, HookLimit>();

/** That of this isolate. */
function hookLimitOf(services: Services): HookLimit {
  const known = hookLimits.get(services);
  if (known !== undefined) return known;
  const { webhookSenderLimit: perSender, webhookLimit: perHook, health, clock } = services;
  const made = new HookLimit({ perSender, perHook, health, clock });
  hookLimits.set(services, made);
  return made;
}

/** @throws Problem 429 */
async function limit(c: WebhookContext, { hook }: LiveHook): Promise<void> {
  if (!(await hookLimitOf(c.var.services).take(hook, clientAddress(c.req.raw))))
    throw tooMany('More requests came to this webhook within a minute than are taken.');
}

async function receiveDockerHub(c: WebhookContext, secret: string): Promise<Response> {
  const { hook } = await hookOfSecret(c, secret, 'dockerhub');
  requireType(c, ['application/json']);
  const raw = await rawBody(c, MAX_BODY);
  return record(c, hook, 'dockerhub', raw, [parseDockerHub(raw.bytes, raw.sha256)]);
}

async function receiveDistribution(c: WebhookContext, secret: string): Promise<Response> {
  const { hook } = await hookOfSecret(c, secret, 'distribution');
  requireType(c, DISTRIBUTION_CONTENT_TYPES);
  const raw = await rawBody(c, MAX_BODY);
  return record(c, hook, 'distribution', raw, parseDistribution(raw.bytes, hook.registry, raw.sha256));
}

async function receiveGitHub(c: WebhookContext, publicId: string): Promise<Response> {
  const live = await hookCacheOf(c.var.services).byPublicId(publicId, clientAddress(c.req.raw));
  if (live === null || live.hook.provider !== 'github') throw notFound();
  const type = requireType(c, ['application/json', 'application/x-www-form-urlencoded']);
  const event = requireHeader(c, 'X-GitHub-Event');
  const deliveryId = requireHeader(c, 'X-GitHub-Delivery');
  const signature = c.req.header('x-hub-signature-256');
  if (signature === undefined)
    throw new Problem(401, 'The header X-Hub-Signature-256 is missing: set the secret of this webhook at GitHub.');
  const raw = await rawBody(c, MAX_GITHUB_BODY);
  const now = c.var.services.clock.now();
  const keys = live.keys.filter(({ expiresAt }) => expiresAt === null || expiresAt > now).map(({ key }) => key);
  if (!(await verifyHubSignature(keys, signature, raw.bytes))) {
    throw new Problem(
      401,
      'X-Hub-Signature-256 does not fit the body: the secret at GitHub is not the one of this webhook.',
    );
  }
  // Only now: what somebody without the secret sends must not use up what GitHub needs.
  await limit(c, live);
  return record(c, live.hook, 'github', raw, [parseGitHub(event, deliveryId, type, raw.bytes)]);
}

function requireType(c: WebhookContext, accepted: readonly string[]): string {
  const type = mediaType(c.req.raw);
  // Docker Hub's content type is not documented: none at all passes, another one does not.
  if (type !== '' && !accepted.includes(type)) throw new Problem(415, `Send ${accepted.join(' or ')}.`);
  return type;
}

function requireHeader(c: WebhookContext, name: string): string {
  const value = c.req.header(name);
  if (value === undefined || value === '' || value.length > 200)
    throw new Problem(400, `The header ${name} is missing.`);
  return value;
}

interface RawBody {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  /** The hash in hex. */
  readonly sha256: string;
}

async function rawBody(c: WebhookContext, maxBytes: number): Promise<RawBody> {
  const bytes = await readBody(c.req.raw, maxBytes);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return { bytes, hash, sha256: [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
}

/** The claims of one request are one delivery each, written together; whatever else is in it is written alone. */
async function record(
  c: WebhookContext,
  hook: LiveHook['hook'],
  origin: Delivery['origin'],
  raw: RawBody,
  contents: readonly DeliveryContent[],
): Promise<Response> {
  const { services } = c.var;
  const receivedAt = services.clock.now();
  const userAgent = (c.req.header('user-agent') ?? '').slice(0, 64);
  const received: Received[] = [];
  for (const content of contents) {
    const body = content.kind === 'not-understood' ? raw.bytes.slice(0, KEPT_BODY) : null;
    const delivery: Delivery = { hookId: hook.id, origin, receivedAt, userAgent, bodySha256: raw.hash, content, body };
    received.push(await receiveDelivery(services, hook, delivery));
  }
  const problem = contents.find((content) => content.kind === 'not-understood');
  if (problem?.kind === 'not-understood' && problem.wellFormed !== true)
    throw new Problem(400, problem.problem, { kept: true });
  if (received.some(({ looked }) => !looked)) {
    throw new Problem(
      503,
      'Recorded before, but not looked at again: send it again later.',
      {},
      { 'retry-after': '30' },
    );
  }
  return c.json(summary(received, contents), 202);
}

function summary(received: readonly Received[], contents: readonly DeliveryContent[]): Record<string, unknown> {
  return {
    understood: contents
      .flatMap((content) => (content.kind === 'pushes' ? content.claims.map((claim) => claim.event) : [content.event]))
      .slice(0, 20),
    pushes: received.flatMap(({ pushes }) => pushes.map(({ repository, seq }) => `${repository}-${seq}`)),
    repeated: received.length > 0 && received.every(({ repeated }) => repeated),
    unwatched: received.flatMap(({ unwatched }) => unwatched),
  };
}
