import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { CredentialRecord, SightingCursor, SightingRecord } from '../../store/credentials.ts';
import { markCredential } from '../../usecases/mark-credential.ts';
import { credentialView, dayView, sightingView } from '../credential-views.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { idParam, pageQuery } from '../schemas/common.ts';
import {
  credentialAnswer,
  credentialId,
  dayAnswer,
  kind,
  mark,
  sightingAnswer,
  spanOf,
  spanQuery,
} from '../schemas/credentials.ts';
import { page } from '../schemas/records.ts';
import { repositoryOf } from './repositories.ts';

const change = z
  .strictObject({
    mark: mark.optional().meta({
      description:
        'canary: a decoy, any use of it is an alert at once. retired: used no more, a push with it is a finding from now on.',
    }),
    expectedOn: z.array(z.int().positive()).max(500).nullable().optional().meta({
      description: 'Repositories where a token that is marked expected may push; null: everywhere.',
    }),
    ciOnly: z.boolean().optional().meta({
      description: 'Only CI uses it: a use that no push, announcement or run explains is an alert.',
    }),
    note: z.string().trim().max(500).nullable().optional(),
  })
  .meta({ id: 'CredentialChange' });

export async function credentialOf(services: Services, teamId: number, id: number): Promise<CredentialRecord> {
  const record = await services.credentials.get(teamId, id);
  if (record === null) throw notFound();
  return record;
}

const CURSOR = /^(\d{1,16})-([A-Za-z0-9-]{1,64})$/;

/** @throws Problem 400 */
export function sightingCursor(cursor: string | undefined): SightingCursor | null {
  if (cursor === undefined) return null;
  const [, at, key] = CURSOR.exec(cursor) ?? [];
  if (at === undefined || key === undefined) throw new Problem(400, 'cursor: not one of a page of sightings.');
  return { at: Number(at), key };
}

function sightingPage(records: readonly SightingRecord[], limit: number) {
  const last = records.length === limit ? records.at(-1) : undefined;
  return { items: records.map(sightingView), next: last === undefined ? null : `${last.at}-${last.key}` };
}

async function markOne({
  params,
  body,
  caller,
  services,
  now,
}: RouteInput<z.output<typeof credentialId>, unknown, z.output<typeof change>>): Promise<
  z.input<typeof credentialAnswer>
> {
  const by = { teamId: caller.teamId, name: caller.name, now };
  if (!(await markCredential(services, by, params.id, body))) throw notFound();
  return credentialView(await credentialOf(services, caller.teamId, params.id));
}

export const credentialRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/credentials',
    operationId: 'listCredentials',
    summary: 'Accounts and tokens that can push',
    scope: 'read',
    query: pageQuery.extend({ kind: kind.optional(), mark: mark.optional() }),
    response: page(credentialAnswer),
    async handle({ query, caller, services }) {
      const after = query.cursor === undefined ? 0 : Number(query.cursor) || 0;
      const filter = { kind: query.kind ?? null, mark: query.mark ?? null };
      const records = await services.credentials.list(caller.teamId, after, query.limit, filter);
      const last = records.length === query.limit ? records.at(-1) : undefined;
      return { items: records.map(credentialView), next: last === undefined ? null : String(last.id) };
    },
  }),
  route({
    method: 'get',
    path: '/credentials/:id',
    operationId: 'getCredential',
    summary: 'One account or token',
    scope: 'read',
    params: credentialId,
    response: credentialAnswer,
    handle: async ({ params, caller, services }) =>
      credentialView(await credentialOf(services, caller.teamId, params.id)),
  }),
  route({
    method: 'patch',
    path: '/credentials/:id',
    operationId: 'markCredential',
    summary: 'Mark a credential as expected, unexpected, retired or as a decoy, and where it may push',
    scope: 'admin',
    params: credentialId,
    body: change,
    response: credentialAnswer,
    handle: markOne,
  }),
  route({
    method: 'get',
    path: '/credentials/:id/sightings',
    operationId: 'listSightings',
    summary: 'Uses of a credential, newest first',
    scope: 'read',
    params: credentialId,
    query: pageQuery.extend(spanQuery.shape),
    response: page(sightingAnswer),
    async handle({ params, query, caller, services, now }) {
      await credentialOf(services, caller.teamId, params.id);
      const before = sightingCursor(query.cursor);
      const span = spanOf(query, now);
      const records = await services.credentials.sightings(caller.teamId, params.id, span, before, query.limit);
      return sightingPage(records, query.limit);
    },
  }),
  route({
    method: 'get',
    path: '/credentials/:id/days',
    operationId: 'credentialDays',
    summary: 'How often a credential was seen, by day and repository',
    scope: 'read',
    params: credentialId,
    query: spanQuery,
    response: z.object({ items: z.array(dayAnswer) }),
    async handle({ params, query, caller, services, now }) {
      await credentialOf(services, caller.teamId, params.id);
      const days = await services.credentials.days(caller.teamId, params.id, spanOf(query, now));
      return { items: days.map(dayView) };
    },
  }),
  route({
    method: 'get',
    path: '/repositories/:id/credential-days',
    operationId: 'repositoryCredentialDays',
    summary: 'Which credentials pushed to an image, by day',
    scope: 'read',
    params: idParam,
    query: spanQuery,
    response: z.object({ items: z.array(dayAnswer) }),
    async handle({ params, query, caller, services, now }) {
      await repositoryOf(services, caller.teamId, params.id);
      const days = await services.credentials.repositoryDays(caller.teamId, params.id, spanOf(query, now));
      return { items: days.map(dayView) };
    },
  }),
  route({
    method: 'get',
    path: '/repositories/:id/sightings',
    operationId: 'repositorySightings',
    summary: 'Uses of credentials at an image on a day, newest first',
    scope: 'read',
    params: idParam,
    query: pageQuery.extend({ day: z.iso.date() }),
    response: page(sightingAnswer),
    async handle({ params, query, caller, services }) {
      await repositoryOf(services, caller.teamId, params.id);
      const day = Math.floor(Date.parse(query.day) / 86_400_000);
      const before = sightingCursor(query.cursor);
      const records = await services.credentials.repositorySightings(
        caller.teamId,
        params.id,
        day,
        before,
        query.limit,
      );
      return sightingPage(records, query.limit);
    },
  }),
];
