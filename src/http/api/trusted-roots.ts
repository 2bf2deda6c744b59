import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { Digest } from '../../domain/digest.ts';
import { formatImageName } from '../../domain/reference.ts';
import type { TrustedRootRecord } from '../../store/trusted-roots.ts';
import type { Caller } from '../context.ts';
import { check } from '../input.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { isoOrNull, time } from '../schemas/common.ts';

/** Largest trusted root that is kept, in bytes. Sigstore's has 7 KiB. */
const MAX_BYTES = 128 * 1024;

/** Ours, whether this installation has them or not: a team's own must not be taken for one of them. */
const OURS: readonly string[] = ['public-good', 'github'];

const rootName = z
  .string()
  .regex(/^[a-z0-9-]{1,40}$/, { error: 'expected 1 to 40 lower-case letters, digits or -' })
  .meta({ description: 'What policies call it: `trustedRoot` of an authority.' });

const newRoot = z
  .strictObject({
    name: rootName,
    trustedRoot: z.looseObject({}).meta({
      description:
        'JSON of `application/vnd.dev.sigstore.trustedroot+json`, as `cosign trusted-root create` writes it.',
    }),
  })
  .meta({ id: 'TrustedRootInput' });

const rootAnswer = z
  .object({
    name: z.string(),
    id: z.string().nullable().meta({ description: 'sha256 of its JSON; null: not fetched yet.' }),
    source: z
      .enum(['vendored', 'tuf', 'given'])
      .meta({ description: 'Came with this release, fetched from a TUF repository, or given by a maintainer.' }),
    url: z.string().nullable().meta({ description: 'The TUF repository that it is refreshed from.' }),
    updatedAt: time.nullable(),
    addedBy: z.string().nullable(),
    freshUntil: time.nullable().meta({ description: 'Until when its publisher vouches for it.' }),
    stale: z.boolean().meta({
      description: 'Not known to be the present one: what it does not know counts as unavailable, not as invalid.',
    }),
    problem: z.string().nullable().meta({ description: 'Why the last attempt to refresh it failed.' }),
  })
  .meta({ id: 'TrustedRoot' });

const rootView = ({ updatedAt, freshUntil, ...root }: TrustedRootRecord): z.input<typeof rootAnswer> => ({
  ...root,
  updatedAt: isoOrNull(updatedAt),
  freshUntil: isoOrNull(freshUntil),
});

interface Giver {
  readonly caller: Pick<Caller, 'teamId' | 'name'>;
  readonly services: Services;
  readonly now: number;
}

/** Gives a root for whoever asks, with a form that nothing has checked yet. @throws Problem 400, 409, 413 */
export async function addTrustedRoot({ given, ...giver }: Giver & { readonly given: unknown }): Promise<void> {
  await add({ ...giver, body: check(newRoot, given, 'body') });
}

async function add({
  body,
  caller,
  services,
  now,
}: Giver & Pick<RouteInput<unknown, unknown, z.output<typeof newRoot>>, 'body'>): Promise<z.input<typeof rootAnswer>> {
  const { name } = body;
  if (OURS.includes(name) || services.trustedRoots.isReserved(name)) {
    throw new Problem(400, `name: "${name}" is a root of this installation; give yours another name.`);
  }
  const json = JSON.stringify(body.trustedRoot);
  const bytes = new TextEncoder().encode(json);
  if (bytes.byteLength > MAX_BYTES) throw new Problem(413, `trustedRoot: longer than ${MAX_BYTES >> 10} KiB.`);
  const reason = services.checkTrustedRoot(json);
  if (reason !== null) throw new Problem(400, `trustedRoot: ${reason}`);
  const id = await digestOf(bytes);
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'trusted-root.put',
    target: name,
    detail: { id },
  };
  if (!(await services.trustedRoots.put(caller.teamId, { name, id, json }, now, audit))) {
    throw new Problem(409, 'There are as many trusted roots as one team may have: delete one first.');
  }
  return rootView({
    name,
    id,
    source: 'given',
    url: null,
    updatedAt: now,
    addedBy: caller.name,
    freshUntil: null,
    stale: false,
    problem: null,
  });
}

async function digestOf(bytes: Uint8Array): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Deletes a root that no policy names. @throws Problem 404, 409 */
export async function removeTrustedRoot({
  name,
  caller,
  services,
  now,
}: Giver & { readonly name: string }): Promise<void> {
  const { teamId, name: actor } = caller;
  const audit = { teamId, at: now, actor, action: 'trusted-root.deleted', target: name, detail: null };
  const users = await services.trustedRoots.remove(teamId, name, audit);
  if (users === null) throw notFound();
  if (users.length > 0) {
    const images = users.map(formatImageName);
    throw new Problem(409, `Policies name it: ${images.join(', ')}.`, { images });
  }
}

export const trustedRootRoutes: readonly ApiRoute[] = [
  route({
    method: 'get',
    path: '/trusted-roots',
    operationId: 'listTrustedRoots',
    summary: 'Trusted roots that policies can name: those of this installation, and those the team gave',
    scope: 'read',
    response: z.object({ items: z.array(rootAnswer) }),
    handle: async ({ caller, services, now }) => ({
      items: (await services.trustedRoots.list(caller.teamId, now)).map(rootView),
    }),
  }),
  route({
    method: 'post',
    path: '/trusted-roots',
    operationId: 'putTrustedRoot',
    summary: 'Give a trusted root, or replace the one of that name',
    scope: 'admin',
    body: newRoot,
    status: 201,
    response: rootAnswer,
    handle: add,
  }),
  route({
    method: 'delete',
    path: '/trusted-roots/:name',
    operationId: 'deleteTrustedRoot',
    summary: 'Delete a trusted root that no policy names',
    scope: 'admin',
    params: z.object({ name: rootName }),
    response: z.object({ deleted: z.literal(true) }),
    async handle({ params, ...input }) {
      await removeTrustedRoot({ ...input, name: params.name });
      return { deleted: true as const };
    },
  }),
];
