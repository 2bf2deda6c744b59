import * as z from 'zod';
import { hashSecret, newSecret } from '../../secrets.ts';
import { notFound } from '../problem.ts';
import { type ApiRoute, route } from '../route.ts';
import { idParam, iso, isoOrNull, nameText, pageQuery, time } from '../schemas/common.ts';
import { deliveryAnswer, keyAnswer, page } from '../schemas/records.ts';
import { deliveryView } from '../views.ts';

const newKey = z.strictObject({ name: nameText, scope: z.enum(['read', 'admin']) }).meta({ id: 'ApiKeyInput' });
const hookAnswer = z
  .object({
    id: z.int(),
    provider: z.enum(['dockerhub', 'github', 'distribution']),
    registry: z.string(),
    createdAt: time,
    images: z.array(z.string()),
  })
  .meta({ id: 'Hook' });
const unwatchedAnswer = z
  .object({
    image: z.string(),
    hook: z.int(),
    firstSeenAt: time,
    lastSeenAt: time,
    deliveries: z.int(),
    lastTag: z.string(),
    lastPusher: z.string().nullable(),
  })
  .meta({ id: 'UnwatchedImage' });
const healthAnswer = z
  .object({
    id: z.int(),
    kind: z.string(),
    subject: z.string(),
    state: z.enum(['open', 'closed']),
    fact: z.unknown(),
    openedAt: time,
    lastSeenAt: time,
    closedAt: time.nullable(),
  })
  .meta({ id: 'HealthAlert' });
const auditAnswer = z
  .object({ id: z.int(), at: time, actor: z.string(), action: z.string(), target: z.string(), detail: z.unknown() })
  .meta({ id: 'AuditEntry' });
const deliveryQuery = pageQuery.extend({ hook: z.coerce.number().int().positive() });

export const administrationRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/api-keys',
    operationId: 'createApiKey',
    summary: 'Make an API key; it is shown once and stored as a hash',
    scope: 'admin',
    body: newKey,
    status: 201,
    response: z.object({ id: z.int(), name: z.string(), scope: z.enum(['read', 'admin']), key: z.string() }),
    async handle({ body, caller, services, now }) {
      const key = newSecret('pwk_');
      const audit = {
        teamId: caller.teamId,
        at: now,
        actor: caller.name,
        action: 'key.created',
        target: body.name,
        detail: { scope: body.scope },
      };
      const id = await services.keys.add(
        caller.teamId,
        { ...body, hash: await hashSecret(key), by: caller.name, now },
        audit,
      );
      return { id, name: body.name, scope: body.scope, key };
    },
  }),
  route({
    method: 'get',
    path: '/api-keys',
    operationId: 'listApiKeys',
    summary: 'Live API keys and when each was last used',
    scope: 'admin',
    response: z.object({ items: z.array(keyAnswer) }),
    async handle({ caller, services }) {
      const keys = await services.keys.list(caller.teamId);
      return {
        items: keys.map((key) => ({ ...key, createdAt: iso(key.createdAt), lastUsedAt: isoOrNull(key.lastUsedAt) })),
      };
    },
  }),
  route({
    method: 'delete',
    path: '/api-keys/:id',
    operationId: 'revokeApiKey',
    summary: 'Revoke an API key',
    scope: 'admin',
    params: idParam,
    response: z.object({ revoked: z.literal(true) }),
    async handle({ params, caller, services, now }) {
      const audit = {
        teamId: caller.teamId,
        at: now,
        actor: caller.name,
        action: 'key.revoked',
        target: String(params.id),
        detail: null,
      };
      if (!(await services.keys.revoke(caller.teamId, params.id, now, audit))) throw notFound();
      return { revoked: true as const };
    },
  }),
  route({
    method: 'get',
    path: '/hooks',
    operationId: 'listHooks',
    summary: 'Webhooks and the images they tell of',
    scope: 'read',
    response: z.object({ items: z.array(hookAnswer) }),
    async handle({ caller, services }) {
      const hooks = await services.hooks.list(caller.teamId);
      return { items: hooks.map(({ publicId: _, createdAt, ...hook }) => ({ ...hook, createdAt: iso(createdAt) })) };
    },
  }),
  route({
    method: 'get',
    path: '/deliveries',
    operationId: 'listDeliveries',
    summary: "A hook's deliveries of the last 30 days, newest first",
    scope: 'read',
    query: deliveryQuery,
    response: page(deliveryAnswer),
    async handle({ query, caller, services, now }) {
      const [at, key = ''] = (query.cursor ?? String(now + 1)).split('-');
      const records = await services.inbox.deliveries(
        caller.teamId,
        query.hook,
        { at: Number(at) || 0, key },
        query.limit,
      );
      const last = records.length === query.limit ? records.at(-1) : undefined;
      return { items: records.map(deliveryView), next: last === undefined ? null : `${last.receivedAt}-${last.key}` };
    },
  }),
  route({
    method: 'get',
    path: '/unwatched-images',
    operationId: 'listUnwatchedImages',
    summary: 'Images that webhooks told of and nobody watches',
    scope: 'read',
    response: z.object({ items: z.array(unwatchedAnswer) }),
    async handle({ caller, services }) {
      const images = await services.inbox.unwatched(caller.teamId);
      return {
        items: images.map((each) => ({
          ...each,
          firstSeenAt: iso(each.firstSeenAt),
          lastSeenAt: iso(each.lastSeenAt),
        })),
      };
    },
  }),
  route({
    method: 'get',
    path: '/health',
    operationId: 'listHealth',
    summary: "Pushwarden's own troubles: what may go unnoticed, open ones first",
    scope: 'read',
    response: z.object({ items: z.array(healthAnswer) }),
    async handle({ caller, services }) {
      const alerts = await services.inbox.health(caller.teamId);
      const items = alerts.map((each) => ({
        ...each,
        state: each.closedAt === null ? ('open' as const) : ('closed' as const),
        openedAt: iso(each.openedAt),
        lastSeenAt: iso(each.lastSeenAt),
        closedAt: isoOrNull(each.closedAt),
      }));
      return { items };
    },
  }),
  route({
    method: 'get',
    path: '/audit-log',
    operationId: 'listAuditLog',
    summary: 'Who changed what, newest first',
    scope: 'admin',
    query: pageQuery,
    response: page(auditAnswer),
    async handle({ query, caller, services }) {
      const before = query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor) || 0;
      const records = await services.audit.list(caller.teamId, before, query.limit);
      const last = records.length === query.limit ? records.at(-1) : undefined;
      return {
        items: records.map((record) => ({ ...record, at: iso(record.at) })),
        next: last === undefined ? null : String(last.id),
      };
    },
  }),
];
