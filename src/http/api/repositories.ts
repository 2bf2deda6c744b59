import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { Policy } from '../../domain/policy.ts';
import { formatImageName } from '../../domain/reference.ts';
import { webhookAddress } from '../../domain/webhook-address.ts';
import { readTags } from '../../jobs/scheduled.ts';
import { instructions } from '../../notify/webhook-steps.ts';
import type { Provider, RepositoryRecord } from '../../store/repositories.ts';
import { changeImage } from '../../usecases/change-image.ts';
import { completePolicy, type DraftPolicy, type PolicyProblem } from '../../usecases/complete-policy.ts';
import { inPolicy, registerImage } from '../../usecases/register-image.ts';
import { rotateHook } from '../../usecases/rotate-hook.ts';
import { hookCacheOf } from '../hook-cache.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { idParam, imageText, iso, nameText, pageQuery } from '../schemas/common.ts';
import { policyInput } from '../schemas/policy.ts';
import { page, registeredAnswer, repositoryAnswer, webhookAnswer } from '../schemas/records.ts';
import { repositoryView } from '../views.ts';

const registration = z
  .strictObject({
    image: imageText,
    policy: policyInput.prefault({}),
    alertChannel: nameText.optional().meta({ description: 'Name of a channel; the default one if left out.' }),
    hook: z
      .int()
      .positive()
      .optional()
      .meta({ description: 'Share this hook (an organization hook of GitHub) instead of making one.' }),
    provider: z
      .enum(['dockerhub', 'github', 'distribution'])
      .optional()
      .meta({ description: 'By default told by the registry.' }),
  })
  .meta({ id: 'RegistrationInput' });

const change = z
  .strictObject({ policy: policyInput.optional(), alertChannel: nameText.nullable().optional() })
  .meta({ id: 'RepositoryChange' });

const rotation = z.strictObject({
  overlapMinutes: z
    .int()
    .min(0)
    .max(10_080)
    .default(60)
    .meta({ description: 'How long the old secret goes on working.' }),
});

type Input<B = unknown, P = unknown> = RouteInput<P, unknown, B>;

/** The watched repository of the caller's team. @throws Problem 404, the same for another team's. */
export async function repositoryOf(services: Services, teamId: number, id: number): Promise<RepositoryRecord> {
  const record = await services.repositories.get(teamId, id);
  if (record === null) throw notFound();
  return record;
}

async function channelOf(services: Services, teamId: number, name: string | null | undefined): Promise<number | null> {
  if (name === undefined || name === null) return null;
  const id = await services.channels.byName(teamId, name);
  if (id === null) throw new Problem(400, `alertChannel: there is no channel "${name}".`);
  return id;
}

/** @throws Problem 400 that names each field, and what in a policy could never match. */
function refuse(problems: readonly PolicyProblem[]): never {
  const errors = problems.map(({ field, problem }) => ({ field, problem }));
  throw new Problem(400, errors.map(({ field, problem }) => `${field}: ${problem}`).join('; '), { errors });
}

/** The policy as it is stored. @throws Problem 400 */
async function policyOf({ services, caller, now }: Input, draft: DraftPolicy): Promise<Policy> {
  // One that was added a moment ago may be unknown to this isolate.
  services.trustedRoots.forget();
  const completed = await completePolicy(services, draft, caller.teamId, now);
  return 'policy' in completed ? completed.policy : refuse(inPolicy(completed.problems));
}

function webhookView(
  input: Input,
  hook: { id: number; publicId: string; provider: Provider },
  path: string,
  secret: string | null,
  oldUntil: number | null,
): z.input<typeof webhookAnswer> {
  const base = input.services.settings.publicUrl || new URL(input.c.req.url).origin;
  const url = webhookAddress(base, hook.provider, hook.publicId, secret);
  return {
    id: hook.id,
    url,
    ...(hook.provider === 'github' && secret !== null ? { secret } : {}),
    ...(oldUntil === null ? {} : { oldSecretUntil: iso(oldUntil) }),
    instructions:
      url === null ? ['This hook is set up already: nothing to do.'] : instructions(hook.provider, path, url),
  };
}

async function register(input: Input<z.output<typeof registration>>): Promise<z.input<typeof registeredAnswer>> {
  const { body, caller, services, now } = input;
  const { image, policy, alertChannel: channel = null, hook = null, provider = null } = body;
  const done = await registerImage(services, { ...caller, now }, { image, policy, channel, hook, provider });
  if (done.is === 'refused') return refuse(done.problems);
  if (done.is === 'watched-already') throw new Problem(409, `${formatImageName(image)} is watched already.`);
  input.c.executionCtx.waitUntil(readTags(services, done.id));
  const record = await repositoryOf(services, caller.teamId, done.id);
  const live = { id: record.hook.id, publicId: record.hook.publicId, provider: record.provider };
  return { ...repositoryView(record), webhook: webhookView(input, live, image.path, done.secret, null) };
}

async function rotate(
  input: Input<z.output<typeof rotation>, z.output<typeof idParam>>,
): Promise<z.input<typeof webhookAnswer>> {
  const { params, body, caller, services, now } = input;
  const record = await repositoryOf(services, caller.teamId, params.id);
  const hook = { id: record.hook.id, publicId: record.hook.publicId, provider: record.provider };
  const { secret, oldUntil } = await rotateHook(services, { ...caller, now }, record, body.overlapMinutes);
  hookCacheOf(services).clear();
  return webhookView(input, hook, record.image.path, secret, oldUntil);
}

async function applyChange(
  input: Input<z.output<typeof change>, z.output<typeof idParam>>,
): Promise<z.input<typeof repositoryAnswer>> {
  const { params, body, caller, services, now } = input;
  const record = await repositoryOf(services, caller.teamId, params.id);
  const name = body.alertChannel === undefined ? record.channel : body.alertChannel;
  const channelId = await channelOf(services, caller.teamId, name);
  const policy = body.policy === undefined ? record.policy : await policyOf(input, body.policy);
  const { image, policy: before, channel } = record;
  await changeImage(
    services,
    { ...caller, now },
    { id: params.id, image, before: { policy: before, channel }, after: { policy, channel: name, channelId } },
  );
  return repositoryView(await repositoryOf(services, caller.teamId, params.id));
}

async function remove({
  params,
  caller,
  services,
  now,
}: Input<unknown, z.output<typeof idParam>>): Promise<{ deleted: true }> {
  const record = await repositoryOf(services, caller.teamId, params.id);
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'repository.deleted',
    target: formatImageName(record.image),
    detail: { policy: record.policy },
  };
  await services.repositories.remove(caller.teamId, params.id, audit);
  hookCacheOf(services).clear();
  return { deleted: true };
}

async function list({
  query,
  caller,
  services,
}: RouteInput<unknown, z.output<typeof pageQuery>, unknown>): Promise<
  z.input<ReturnType<typeof page<typeof repositoryAnswer>>>
> {
  const records = await services.repositories.list(caller.teamId, Number(query.cursor ?? 0) || 0, query.limit);
  const last = records.length === query.limit ? records.at(-1) : undefined;
  return { items: records.map(repositoryView), next: last === undefined ? null : String(last.id) };
}

async function sweepNow({
  params,
  caller,
  services,
}: Input<unknown, z.output<typeof idParam>>): Promise<z.input<typeof repositoryAnswer>> {
  await repositoryOf(services, caller.teamId, params.id);
  await readTags(services, params.id);
  return repositoryView(await repositoryOf(services, caller.teamId, params.id));
}

export const repositoryRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/repositories',
    operationId: 'registerRepository',
    summary: 'Watch an image; answers with its webhook, shown once',
    scope: 'admin',
    body: registration,
    status: 201,
    response: registeredAnswer,
    handle: register,
  }),
  route({
    method: 'get',
    path: '/repositories',
    operationId: 'listRepositories',
    summary: 'Watched images',
    scope: 'read',
    query: pageQuery,
    response: page(repositoryAnswer),
    handle: list,
  }),
  route({
    method: 'get',
    path: '/repositories/:id',
    operationId: 'getRepository',
    summary: 'One watched image with its policy',
    scope: 'read',
    params: idParam,
    response: repositoryAnswer,
    handle: async ({ params, caller, services }) =>
      repositoryView(await repositoryOf(services, caller.teamId, params.id)),
  }),
  route({
    method: 'patch',
    path: '/repositories/:id',
    operationId: 'changeRepository',
    summary: 'Replace the policy, or change the channel',
    scope: 'admin',
    params: idParam,
    body: change,
    response: repositoryAnswer,
    handle: applyChange,
  }),
  route({
    method: 'delete',
    path: '/repositories/:id',
    operationId: 'deleteRepository',
    summary: 'Stop watching an image and delete what was recorded of it',
    scope: 'admin',
    params: idParam,
    response: z.object({ deleted: z.literal(true) }),
    handle: remove,
  }),
  route({
    method: 'post',
    path: '/repositories/:id/rotate-secret',
    operationId: 'rotateSecret',
    summary: 'Make a new webhook secret; the old one lives on for a while',
    scope: 'admin',
    params: idParam,
    body: rotation,
    response: webhookAnswer,
    handle: rotate,
  }),
  route({
    method: 'post',
    path: '/repositories/:id/sweep',
    operationId: 'sweepRepository',
    summary: 'Read the tags back now, as far as one run goes',
    scope: 'admin',
    params: idParam,
    response: repositoryAnswer,
    handle: sweepNow,
  }),
];
