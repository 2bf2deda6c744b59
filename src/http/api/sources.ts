import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { PartStatus, SourcePart } from '../../domain/source.ts';
import type { Source } from '../../usecases/credential-stores.ts';
import { sealContext } from '../../usecases/poll-source.ts';
import { createBudget } from '../../usecases/request-budget.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { idParam, iso, isoOrNull, time } from '../schemas/common.ts';
import { sourceAdvice } from '../source-advice.ts';

const accountName = z
  .string()
  .trim()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9_-]{1,62}$/, { error: 'expected a Docker Hub user or organization name' });
const secret = z.string().min(8).max(500).meta({
  description: 'A personal access token, or an organization access token. Stored encrypted, never shown again.',
});

const newSource = z
  .strictObject({
    kind: z.literal('dockerhub'),
    account: accountName.meta({ description: 'Who signs in: a user, or an organization with a token of its own.' }),
    organization: accountName.optional().meta({ description: 'Whose tokens and audit log are read.' }),
    secret,
  })
  .meta({ id: 'SourceInput' });

const part = z.object({
  state: z.enum(['unread', 'off', 'ok', 'signed-out', 'forbidden', 'not-on-plan', 'waiting', 'failing']),
  since: time,
  readAt: time.nullable().meta({ description: 'When it was last read to its end.' }),
  reason: z.string().nullable(),
  advice: z.string().nullable().meta({ description: 'What to do about it.' }),
});

const sourceAnswer = z
  .object({
    id: z.int(),
    kind: z.literal('dockerhub'),
    account: z.string(),
    organization: z.string().nullable(),
    createdAt: time,
    polledAt: time.nullable().meta({ description: 'When the last poll that was read to its end began.' }),
    nextPollAt: time,
    parts: z.object({ 'personal-tokens': part, 'organization-tokens': part, 'audit-log': part }),
  })
  .meta({ id: 'Source' });

function partView(name: SourcePart, status: PartStatus): z.input<typeof part> {
  const { state, since, readAt, reason } = status;
  return { state, since: iso(since), readAt: isoOrNull(readAt), reason, advice: sourceAdvice(name, status) };
}

function sourceView({ status, ...source }: Source): z.input<typeof sourceAnswer> {
  return {
    id: source.id,
    kind: 'dockerhub',
    account: source.account,
    organization: source.organization === '' ? null : source.organization,
    createdAt: iso(source.createdAt),
    polledAt: isoOrNull(source.polledAt),
    nextPollAt: iso(source.nextPollAt),
    parts: {
      'personal-tokens': partView('personal-tokens', status['personal-tokens']),
      'organization-tokens': partView('organization-tokens', status['organization-tokens']),
      'audit-log': partView('audit-log', status['audit-log']),
    },
  };
}

async function sourceOf(services: Services, teamId: number, id: number): Promise<Source> {
  const source = await services.sources.get(teamId, id);
  if (source === null) throw notFound();
  return source;
}

/** A login that does not work is said now, not with the first poll. If nobody answers, the poll will tell. */
async function checkLogin(services: Services, identifier: string, given: string): Promise<void> {
  const answer = await services.hub.signIn({ identifier, secret: given }, createBudget(1));
  if (answer.kind !== 'signed-out') return;
  throw new Problem(
    400,
    `secret: Docker Hub does not let ${identifier} in with it. Is it revoked, expired or mistyped?`,
  );
}

async function connect({
  body,
  caller,
  services,
  now,
}: RouteInput<unknown, unknown, z.output<typeof newSource>>): Promise<z.input<typeof sourceAnswer>> {
  await checkLogin(services, body.account, body.secret);
  const sealed = await services.seal.seal(body.secret, sealContext(caller.teamId));
  const organization = body.organization ?? (body.secret.startsWith('dckr_oat_') ? body.account : '');
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'source.connected',
    target: `dockerhub ${body.account}`,
    detail: { organization },
  };
  const source = { account: body.account, organization, sealed };
  const id = await services.sourceAdmin.add(caller.teamId, source, caller.name, now, audit);
  if (id === null) throw new Problem(409, `${body.account} is connected already: change it with PATCH.`);
  return sourceView(await sourceOf(services, caller.teamId, id));
}

export const sourceRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/sources',
    operationId: 'connectSource',
    summary: 'Connect a Docker Hub account: its tokens and, where the plan has it, its audit log are read',
    scope: 'admin',
    body: newSource,
    status: 201,
    response: sourceAnswer,
    handle: connect,
  }),
  route({
    method: 'get',
    path: '/sources',
    operationId: 'listSources',
    summary: 'Connected accounts, and what each lets us read',
    scope: 'read',
    response: z.object({ items: z.array(sourceAnswer) }),
    handle: async ({ caller, services }) => ({
      items: (await services.sourceAdmin.list(caller.teamId)).map(sourceView),
    }),
  }),
  route({
    method: 'get',
    path: '/sources/:id',
    operationId: 'getSource',
    summary: 'One connected account',
    scope: 'read',
    params: idParam,
    response: sourceAnswer,
    handle: async ({ params, caller, services }) => sourceView(await sourceOf(services, caller.teamId, params.id)),
  }),
  route({
    method: 'patch',
    path: '/sources/:id',
    operationId: 'changeSource',
    summary: 'Give a new login; where it was read to stays',
    scope: 'admin',
    params: idParam,
    body: z.strictObject({ secret }).meta({ id: 'SourceChange' }),
    response: sourceAnswer,
    async handle({ params, body, caller, services, now }) {
      const { account } = await sourceOf(services, caller.teamId, params.id);
      await checkLogin(services, account, body.secret);
      const sealed = await services.seal.seal(body.secret, sealContext(caller.teamId));
      const what = { action: 'source.changed', target: `dockerhub ${account}`, detail: null };
      const audit = { teamId: caller.teamId, at: now, actor: caller.name, ...what };
      await services.sourceAdmin.change(caller.teamId, params.id, sealed, now, audit);
      return sourceView(await sourceOf(services, caller.teamId, params.id));
    },
  }),
  route({
    method: 'post',
    path: '/sources/:id/poll',
    operationId: 'pollSource',
    summary: 'Read it within a minute, whenever it would be due',
    scope: 'admin',
    params: idParam,
    status: 202,
    response: sourceAnswer,
    async handle({ params, caller, services, now }) {
      await sourceOf(services, caller.teamId, params.id);
      await services.sourceAdmin.pollNow(caller.teamId, params.id, now);
      return sourceView(await sourceOf(services, caller.teamId, params.id));
    },
  }),
  route({
    method: 'delete',
    path: '/sources/:id',
    operationId: 'disconnectSource',
    summary: 'Disconnect an account; what was learnt from it stays',
    scope: 'admin',
    params: idParam,
    response: z.object({ deleted: z.literal(true) }),
    async handle({ params, caller, services, now }) {
      const { account } = await sourceOf(services, caller.teamId, params.id);
      const what = { action: 'source.disconnected', target: `dockerhub ${account}`, detail: null };
      const audit = { teamId: caller.teamId, at: now, actor: caller.name, ...what };
      await services.sourceAdmin.remove(caller.teamId, params.id, audit);
      return { deleted: true as const };
    },
  }),
];
