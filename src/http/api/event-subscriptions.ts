import * as z from 'zod';
import type { Services } from '../../compose.ts';
import { eventDestination } from '../../domain/event-destination.ts';
import { newSigningSecret } from '../../secrets.ts';
import type { SubscriptionRecord } from '../../store/event-subscriptions.ts';
import { addressContext, secretContext } from '../../usecases/deliver-events.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { idParam, iso, isoOrNull } from '../schemas/common.ts';
import {
  newSubscription,
  subscriptionAnswer,
  subscriptionChange,
  subscriptionRotation,
  subscriptionSecretAnswer,
} from '../schemas/events.ts';

type Input<B, P = unknown> = RouteInput<P, unknown, B>;
type Id = z.output<typeof idParam>;

/** Refuses an address we would not send to, when it is saved rather than when it is needed. Answers with its host. */
function hostOf(services: Services, address: string): string {
  const { eventWebhookHosts, local } = services.settings;
  const destination = eventDestination(address, { hosts: eventWebhookHosts, local });
  if (!destination.ok) throw new Problem(400, `url: ${destination.problem}.`);
  return destination.url.host;
}

/** A URI that tells installations and teams apart. */
const sourceOf = ({ services, caller, c }: Input<unknown>): string =>
  `${services.settings.publicUrl || new URL(c.req.url).origin}/teams/${caller.teamId}`;

async function subscriptionOf(services: Services, teamId: number, id: number): Promise<SubscriptionRecord> {
  const record = await services.subscriptions.get(teamId, id);
  if (record === null) throw notFound();
  return record;
}

function view(record: SubscriptionRecord, now: number): z.input<typeof subscriptionAnswer> {
  const { types, disabledAt, failingSince, oldSecretUntil, ...rest } = record;
  const state = disabledAt !== null ? 'disabled' : failingSince !== null ? 'failing' : 'working';
  return {
    ...rest,
    state,
    types: types === null ? null : [...types],
    failingSince: isoOrNull(failingSince),
    triedAt: isoOrNull(rest.triedAt),
    oldSecretUntil: oldSecretUntil !== null && oldSecretUntil > now ? iso(oldSecretUntil) : null,
    createdAt: iso(rest.createdAt),
  };
}

const audit = ({ caller, now }: Input<unknown>, action: string, target: string, detail: unknown) => ({
  teamId: caller.teamId,
  at: now,
  actor: caller.name,
  action: `event-subscription.${action}`,
  target,
  detail,
});

async function add(input: Input<z.output<typeof newSubscription>>): Promise<z.input<typeof subscriptionSecretAnswer>> {
  const { body, caller, services, now } = input;
  const { name, url, types } = body;
  const host = hostOf(services, url);
  const secret = newSigningSecret();
  const added = await services.subscriptions.add(
    caller.teamId,
    {
      name,
      host,
      types,
      now,
      by: caller.name,
      source: sourceOf(input),
      address: await services.seal.seal(url, addressContext(caller.teamId)),
      secret: await services.seal.seal(secret, secretContext(caller.teamId)),
    },
    audit(input, 'created', name, { host, types }),
  );
  if (added === 'taken') throw new Problem(409, `There is an event subscription "${name}" already.`);
  if (added === 'full') throw new Problem(409, 'There are as many event subscriptions as a team may have: delete one.');
  return { ...view(await subscriptionOf(services, caller.teamId, added), now), secret };
}

async function change(
  input: Input<z.output<typeof subscriptionChange>, Id>,
): Promise<z.input<typeof subscriptionAnswer>> {
  const { params, body, caller, services, now } = input;
  const before = await subscriptionOf(services, caller.teamId, params.id);
  const host = body.url === undefined ? before.host : hostOf(services, body.url);
  const types = body.types === undefined ? before.types : body.types;
  const enabled = body.enabled ?? before.disabledAt === null;
  const address = body.url === undefined ? null : await services.seal.seal(body.url, addressContext(caller.teamId));
  const disabledAt = enabled ? null : (before.disabledAt ?? now);
  await services.subscriptions.change(
    caller.teamId,
    params.id,
    { host, address, types, disabledAt, source: sourceOf(input) },
    audit(input, 'changed', before.name, { host, types, enabled, address: address !== null }),
  );
  await services.wakeups.notifications();
  return view(await subscriptionOf(services, caller.teamId, params.id), now);
}

async function rotate(
  input: Input<z.output<typeof subscriptionRotation>, Id>,
): Promise<z.input<typeof subscriptionSecretAnswer>> {
  const { params, body, caller, services, now } = input;
  const { name } = await subscriptionOf(services, caller.teamId, params.id);
  const secret = newSigningSecret();
  const oldUntil = now + body.overlapMinutes * 60_000;
  const sealed = await services.seal.seal(secret, secretContext(caller.teamId));
  const entry = audit(input, 'rotated', name, { oldUntil: iso(oldUntil) });
  await services.subscriptions.rotate(caller.teamId, params.id, sealed, oldUntil, entry);
  return { ...view(await subscriptionOf(services, caller.teamId, params.id), now), secret };
}

async function remove(input: Input<unknown, Id>): Promise<{ deleted: true }> {
  const { params, caller, services, now } = input;
  const { name, host } = await subscriptionOf(services, caller.teamId, params.id);
  await services.subscriptions.remove(caller.teamId, params.id, audit(input, 'deleted', name, null));
  const fact = { kind: 'event-subscription-failing', subscription: name, host, reason: '', gone: false } as const;
  await services.health.settle(caller.teamId, fact, now);
  return { deleted: true };
}

async function test(input: Input<unknown, Id>): Promise<{ event: string; sending: true }> {
  const { params, caller, services, now } = input;
  const { name, disabledAt } = await subscriptionOf(services, caller.teamId, params.id);
  if (disabledAt !== null) throw new Problem(409, `The event subscription "${name}" is disabled: enable it first.`);
  const event = `test-${crypto.randomUUID()}`;
  await services.subscriptions.test(caller.teamId, params.id, { event, by: caller.name, now });
  await services.wakeups.notifications();
  return { event, sending: true };
}

export const eventSubscriptionRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/event-subscriptions',
    operationId: 'addEventSubscription',
    summary: 'Have events sent to an address, signed; the secret is shown once',
    scope: 'admin',
    body: newSubscription,
    status: 201,
    response: subscriptionSecretAnswer,
    handle: add,
  }),
  route({
    method: 'get',
    path: '/event-subscriptions',
    operationId: 'listEventSubscriptions',
    summary: 'Where events are sent to, and whether they arrive',
    scope: 'admin',
    response: z.object({ items: z.array(subscriptionAnswer) }),
    handle: async ({ caller, services, now }) => ({
      items: (await services.subscriptions.list(caller.teamId)).map((each) => view(each, now)),
    }),
  }),
  route({
    method: 'patch',
    path: '/event-subscriptions/:id',
    operationId: 'changeEventSubscription',
    summary: 'Change an address or the types of events, disable, enable again',
    scope: 'admin',
    params: idParam,
    body: subscriptionChange,
    response: subscriptionAnswer,
    handle: change,
  }),
  route({
    method: 'post',
    path: '/event-subscriptions/:id/rotate-secret',
    operationId: 'rotateEventSecret',
    summary: 'Make a new secret; for a while both sign',
    scope: 'admin',
    params: idParam,
    body: subscriptionRotation,
    response: subscriptionSecretAnswer,
    handle: rotate,
  }),
  route({
    method: 'post',
    path: '/event-subscriptions/:id/test',
    operationId: 'testEventSubscription',
    summary: 'Send an event that says only that it arrives',
    scope: 'admin',
    params: idParam,
    status: 202,
    response: z.object({ event: z.string(), sending: z.literal(true) }),
    handle: test,
  }),
  route({
    method: 'delete',
    path: '/event-subscriptions/:id',
    operationId: 'deleteEventSubscription',
    summary: 'Send nothing to an address any more',
    scope: 'admin',
    params: idParam,
    response: z.object({ deleted: z.literal(true) }),
    handle: remove,
  }),
];
