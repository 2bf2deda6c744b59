import * as z from 'zod';
import type { Services } from '../../compose.ts';
import { isLoopback } from '../../settings.ts';
import type { ChannelSummary } from '../../store/channels.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { idParam, nameText } from '../schemas/common.ts';
import { channelAnswer } from '../schemas/records.ts';
import { channelView } from '../views.ts';

const roles = {
  default: z
    .boolean()
    .optional()
    .meta({ description: 'Takes the alerts of images without a channel of their own. The first channel is it.' }),
  health: z
    .boolean()
    .optional()
    .meta({ description: 'Takes what is about Pushwarden itself; without one that goes to the default channel.' }),
};
const address = {
  'slack-webhook': { kind: z.literal('slack-webhook'), url: z.url().max(500) },
  'slack-bot': {
    kind: z.literal('slack-bot'),
    token: z.string().min(8).max(500),
    channel: z.string().min(1).max(100).meta({ description: 'Channel id (C…) or name.' }),
  },
};

const newChannel = z
  .discriminatedUnion('kind', [
    z.strictObject({ name: nameText, ...address['slack-webhook'], ...roles }),
    z.strictObject({ name: nameText, ...address['slack-bot'], ...roles }),
  ])
  .meta({ id: 'ChannelInput' });

const changed = z
  .union([
    z.strictObject({ ...address['slack-webhook'], ...roles }),
    z.strictObject({ ...address['slack-bot'], ...roles }),
    z.strictObject(roles),
  ])
  .meta({ id: 'ChannelChange' });

type Address =
  | { readonly kind: 'slack-webhook'; readonly url: string }
  | { readonly kind: 'slack-bot'; readonly token: string; readonly channel: string };

/** Refuses an address we would not send to, when it is saved rather than when it is needed. */
function checkAddress(services: Services, given: Address): void {
  if (given.kind !== 'slack-webhook') return;
  const url = new URL(given.url);
  const { local, slackWebhookHosts } = services.settings;
  if (local && url.protocol === 'http:' && isLoopback(url.hostname)) return;
  if (url.protocol !== 'https:' || !slackWebhookHosts.includes(url.host.toLowerCase())) {
    throw new Problem(
      400,
      `url: expected an https address at ${slackWebhookHosts.join(' or ')} (SLACK_WEBHOOK_HOSTS).`,
    );
  }
}

const sealed = (services: Services, given: Address): Promise<string> =>
  services.seal.seal(
    JSON.stringify(
      given.kind === 'slack-webhook' ? { url: given.url } : { token: given.token, channel: given.channel },
    ),
    'channel',
  );

async function channelOf(services: Services, teamId: number, id: number): Promise<ChannelSummary & { sealed: string }> {
  const channel = await services.channels.get(teamId, id);
  if (channel === null) throw notFound();
  return channel;
}

async function add({
  body,
  caller,
  services,
  now,
}: RouteInput<unknown, unknown, z.output<typeof newChannel>>): Promise<z.input<typeof channelAnswer>> {
  checkAddress(services, body);
  const isFirst = (await services.channels.list(caller.teamId)).length === 0;
  const channel = {
    kind: body.kind,
    sealed: await sealed(services, body),
    forAlerts: body.default ?? isFirst,
    forHealth: body.health ?? false,
  };
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'channel.created',
    target: body.name,
    detail: { kind: body.kind },
  };
  const id = await services.channels.add(caller.teamId, body.name, channel, now, audit);
  if (id === null) throw new Problem(409, `There is a channel "${body.name}" already.`);
  await services.wakeups.notifications();
  return channelView(await channelOf(services, caller.teamId, id));
}

async function change({
  params,
  body,
  caller,
  services,
  now,
}: RouteInput<z.output<typeof idParam>, unknown, z.output<typeof changed>>): Promise<z.input<typeof channelAnswer>> {
  const before = await channelOf(services, caller.teamId, params.id);
  const given = 'kind' in body ? body : null;
  if (given !== null) checkAddress(services, given);
  const channel = {
    kind: given?.kind ?? before.kind,
    sealed: given === null ? before.sealed : await sealed(services, given),
    forAlerts: body.default ?? before.forAlerts,
    forHealth: body.health ?? before.forHealth,
  };
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'channel.changed',
    target: before.name,
    detail: { kind: channel.kind, address: given !== null },
  };
  await services.channels.change(caller.teamId, params.id, before.name, channel, now, audit);
  if (before.refused !== null)
    await services.health.settle(caller.teamId, { kind: 'channel-refused', channel: before.name, reason: '' }, now);
  await services.wakeups.notifications();
  return channelView(await channelOf(services, caller.teamId, params.id));
}

export const channelRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/channels',
    operationId: 'addChannel',
    summary: 'Add a Slack channel, by incoming webhook or by bot token',
    scope: 'admin',
    body: newChannel,
    status: 201,
    response: channelAnswer,
    handle: add,
  }),
  route({
    method: 'get',
    path: '/channels',
    operationId: 'listChannels',
    summary: 'Channels, without their addresses',
    scope: 'read',
    response: z.object({ items: z.array(channelAnswer) }),
    handle: async ({ caller, services }) => ({ items: (await services.channels.list(caller.teamId)).map(channelView) }),
  }),
  route({
    method: 'patch',
    path: '/channels/:id',
    operationId: 'changeChannel',
    summary: 'Change a channel; what it had refused is sent again',
    scope: 'admin',
    params: idParam,
    body: changed,
    response: channelAnswer,
    handle: change,
  }),
  route({
    method: 'delete',
    path: '/channels/:id',
    operationId: 'deleteChannel',
    summary: 'Delete a channel',
    scope: 'admin',
    params: idParam,
    response: z.object({ deleted: z.literal(true) }),
    async handle({ params, caller, services, now }) {
      const channel = await channelOf(services, caller.teamId, params.id);
      const audit = {
        teamId: caller.teamId,
        at: now,
        actor: caller.name,
        action: 'channel.deleted',
        target: channel.name,
        detail: null,
      };
      await services.channels.remove(caller.teamId, params.id, audit);
      return { deleted: true as const };
    },
  }),
];
