import * as z from 'zod';
import type { Services } from '../../compose.ts';
import type { Policy } from '../../domain/policy.ts';
import { formatImageName, type ImageName } from '../../domain/reference.ts';
import { sweepOne } from '../../jobs/scheduled.ts';
import { hashSecret, newSecret } from '../../secrets.ts';
import type { Provider, RepositoryRecord, StoredSecret } from '../../store/repositories.ts';
import { completePolicy, type DraftPolicy } from '../../usecases/complete-policy.ts';
import { hookCacheOf } from '../hook-cache.ts';
import { instructions } from '../instructions.ts';
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

const providerOf = (image: ImageName): Provider =>
  image.registry === 'docker.io' ? 'dockerhub' : image.registry === 'ghcr.io' ? 'github' : 'distribution';

async function channelOf(services: Services, teamId: number, name: string | null | undefined): Promise<number | null> {
  if (name === undefined || name === null) return null;
  const id = await services.channels.byName(teamId, name);
  if (id === null) throw new Problem(400, `alertChannel: there is no channel "${name}".`);
  return id;
}

/** The policy as it is stored. @throws Problem 400 saying what in it could never match. */
async function policyOf({ services, caller, now }: Input, draft: DraftPolicy): Promise<Policy> {
  // One that was added a moment ago may be unknown to this isolate.
  services.trustedRoots.forget();
  const completed = await completePolicy(services, draft, caller.teamId, now);
  if ('policy' in completed) return completed.policy;
  const errors = completed.problems.map(({ field, problem }) => ({ field: `policy.${field}`, problem }));
  throw new Problem(400, errors.map(({ field, problem }) => `${field}: ${problem}`).join('; '), { errors });
}

interface Issued {
  readonly secret: string;
  readonly stored: StoredSecret;
}

/** A new secret: hashed where it is only compared, encrypted where it must be read back for an HMAC. */
async function issueSecret(services: Services, provider: Provider, publicId: string): Promise<Issued> {
  const secret = newSecret();
  const sealed = provider === 'github' ? await services.seal.seal(secret, `hook ${publicId}`) : null;
  return { secret, stored: { hash: await hashSecret(secret), sealed } };
}

function webhookView(
  input: Input,
  hook: { id: number; publicId: string; provider: Provider },
  path: string,
  secret: string | null,
  oldUntil: number | null,
): z.input<typeof webhookAnswer> {
  const base = input.services.settings.publicUrl || new URL(input.c.req.url).origin;
  const inPath = hook.provider === 'github' ? hook.publicId : secret;
  const url = inPath === null ? null : `${base}/webhooks/${hook.provider}/${inPath}`;
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
  const { image } = body;
  const name = formatImageName(image);
  if (!services.settings.registries.has(image.registry)) {
    throw new Problem(
      400,
      `image: the registry ${image.registry} is not configured; add it to REGISTRIES (docs/configuration.md).`,
    );
  }
  const channelId = await channelOf(services, caller.teamId, body.alertChannel);
  const shared = body.hook === undefined ? null : await services.hooks.inTeam(caller.teamId, body.hook);
  if (body.hook !== undefined && shared === null) throw new Problem(400, `hook: there is no hook ${body.hook}.`);
  const provider = shared?.provider ?? body.provider ?? providerOf(image);
  if (shared !== null && shared.registry !== image.registry)
    throw new Problem(400, `hook: hook ${shared.id} tells of ${shared.registry}.`);

  const policy = await policyOf(input, body.policy);
  const publicId = newSecret().slice(0, 16);
  const issued = shared === null ? await issueSecret(services, provider, publicId) : null;
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'repository.created',
    target: name,
    detail: { policy },
  };
  const hook = issued === null ? { existing: shared?.id ?? 0 } : { publicId, provider, secret: issued.stored };
  const id = await services.repositories.add({ teamId: caller.teamId, image, policy, channelId, now, hook }, audit);
  if (id === null) throw new Problem(409, `${name} is watched already.`);
  input.c.executionCtx.waitUntil(readBaseline(services, id));
  const record = await repositoryOf(services, caller.teamId, id);
  const live = { id: record.hook.id, publicId: record.hook.publicId, provider };
  return { ...repositoryView(record), webhook: webhookView(input, live, image.path, issued?.secret ?? null, null) };
}

/** Starts reading what is there at once; cron goes on with what is left. */
async function readBaseline(services: Services, id: number): Promise<void> {
  const target = await services.sweeps.target(id);
  if (target !== null) await sweepOne(services, target, { requests: services.settings.sweepRequestsPerRun });
}

async function rotate(
  input: Input<z.output<typeof rotation>, z.output<typeof idParam>>,
): Promise<z.input<typeof webhookAnswer>> {
  const { params, body, caller, services, now } = input;
  const record = await repositoryOf(services, caller.teamId, params.id);
  const hook = { id: record.hook.id, publicId: record.hook.publicId, provider: record.provider };
  const issued = await issueSecret(services, record.provider, hook.publicId);
  const oldUntil = now + body.overlapMinutes * 60_000;
  const target = formatImageName(record.image);
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'webhook.rotated',
    target,
    detail: { hook: hook.id, oldUntil: iso(oldUntil) },
  };
  await services.hooks.rotate(hook.id, issued.stored, oldUntil, now, audit);
  hookCacheOf(services).clear();
  return webhookView(input, hook, record.image.path, issued.secret, oldUntil);
}

async function applyChange(
  input: Input<z.output<typeof change>, z.output<typeof idParam>>,
): Promise<z.input<typeof repositoryAnswer>> {
  const { params, body, caller, services, now } = input;
  const record = await repositoryOf(services, caller.teamId, params.id);
  const name = body.alertChannel === undefined ? record.channel : body.alertChannel;
  const channelId = await channelOf(services, caller.teamId, name);
  const policy = body.policy === undefined ? record.policy : await policyOf(input, body.policy);
  const detail = {
    before: { policy: record.policy, alertChannel: record.channel },
    after: { policy, alertChannel: name },
  };
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'repository.changed',
    target: formatImageName(record.image),
    detail,
  };
  await services.repositories.change(caller.teamId, params.id, policy, channelId, audit);
  // A policy is a fact too: what waits or alarms is judged by the new one.
  const concerned = [
    ...(await services.checks.openPushes(params.id, null, 0)),
    ...(await services.checks.alarming(params.id)),
  ];
  if (concerned.length > 0) await services.wakeups.checks(concerned.map((check) => ({ check })));
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
  await readBaseline(services, params.id);
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
