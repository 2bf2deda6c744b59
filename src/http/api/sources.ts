import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { SourcePart } from '../../domain/source.ts';
import {
  type Connector,
  connectSource,
  pollSourceNow,
  removeSource,
  renewSource,
} from '../../usecases/connect-source.ts';
import type { Source } from '../../usecases/credential-stores.ts';
import type { Caller } from '../context.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { idParam, iso, isoOrNull, time } from '../schemas/common.ts';

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

function sourceView({ sourceAdvice }: Services, { status, ...source }: Source): z.input<typeof sourceAnswer> {
  const partView = (name: SourcePart): z.input<typeof part> => {
    const { state, since, readAt, reason } = status[name];
    return { state, since: iso(since), readAt: isoOrNull(readAt), reason, advice: sourceAdvice(name, status[name]) };
  };
  return {
    id: source.id,
    kind: 'dockerhub',
    account: source.account,
    organization: source.organization === '' ? null : source.organization,
    createdAt: iso(source.createdAt),
    polledAt: isoOrNull(source.polledAt),
    nextPollAt: iso(source.nextPollAt),
    parts: {
      'personal-tokens': partView('personal-tokens'),
      'organization-tokens': partView('organization-tokens'),
      'audit-log': partView('audit-log'),
    },
  };
}

async function sourceOf(services: Services, teamId: number, id: number): Promise<Source> {
  const source = await services.sources.get(teamId, id);
  if (source === null) throw notFound();
  return source;
}

const refused = (account: string): Problem =>
  new Problem(400, `secret: Docker Hub does not let ${account} in with it. Is it revoked, expired or mistyped?`);

const connectorOf = ({ teamId, name }: Caller, now: number): Connector => ({ teamId, name, now });

async function connect({
  body,
  caller,
  services,
  now,
}: RouteInput<unknown, unknown, z.output<typeof newSource>>): Promise<z.input<typeof sourceAnswer>> {
  const id = await connectSource(services, connectorOf(caller, now), body);
  if (id === 'refused') throw refused(body.account);
  if (id === 'there') throw new Problem(409, `${body.account} is connected already: change it with PATCH.`);
  return sourceView(services, await sourceOf(services, caller.teamId, id));
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
      items: (await services.sourceAdmin.list(caller.teamId)).map((source) => sourceView(services, source)),
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
    handle: async ({ params, caller, services }) =>
      sourceView(services, await sourceOf(services, caller.teamId, params.id)),
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
      const done = await renewSource(services, connectorOf(caller, now), params.id, body.secret);
      if (done === 'refused') throw refused(account);
      return sourceView(services, await sourceOf(services, caller.teamId, params.id));
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
      await pollSourceNow(services, connectorOf(caller, now), params.id);
      return sourceView(services, await sourceOf(services, caller.teamId, params.id));
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
      if ((await removeSource(services, connectorOf(caller, now), params.id)) === 'not-there') throw notFound();
      return { deleted: true as const };
    },
  }),
];
