import * as z from 'zod';
import type { Services } from '../../compose.ts';
import { isDestination } from '../../domain/destination.ts';
import { newSecret } from '../../secrets.ts';
import type { ChannelChange, SealedChannel } from '../../store/channels.ts';
import type { Caller } from '../context.ts';
import { notFound, Problem } from '../problem.ts';
import { type ApiRoute, type RouteInput, route } from '../route.ts';
import { channelChange, type GivenAddress, newChannel } from '../schemas/channels.ts';
import { idParam } from '../schemas/common.ts';
import { channelAnswer } from '../schemas/records.ts';
import { channelView } from '../views.ts';

/** Refuses an address we would not send to, when it is saved rather than when it is needed. */
function checkAddress(services: Services, given: GivenAddress): void {
  if (given.kind === 'email' && !services.sendsEmail)
    throw new Problem(
      400,
      'This installation sends no e-mail: it needs EMAIL_FROM and a send_email binding named EMAIL.',
    );
  if (given.kind === 'email' || given.kind === 'slack-bot') return;
  const { local: allowLoopbackHttp, ...settings } = services.settings;
  const { hosts, setting } = {
    'slack-webhook': { hosts: settings.slackWebhookHosts, setting: 'SLACK_WEBHOOK_HOSTS' },
    discord: { hosts: settings.discordWebhookHosts, setting: 'DISCORD_WEBHOOK_HOSTS' },
    teams: { hosts: settings.teamsWebhookHosts, setting: 'TEAMS_WEBHOOK_HOSTS' },
    webhook: { hosts: settings.webhookHosts, setting: 'WEBHOOK_HOSTS' },
  }[given.kind];
  if (isDestination(given.url, { hosts, allowLoopbackHttp })) return;
  if (hosts.length === 0) throw new Problem(400, `This installation sends to no such address: set ${setting} first.`);
  throw new Problem(400, `url: expected an https address at ${hosts.join(' or ')} (${setting}).`);
}

/** What is kept encrypted of an address. */
function secretOf(given: GivenAddress): object {
  switch (given.kind) {
    case 'slack-bot':
      return { token: given.token, channel: given.channel };
    case 'webhook':
      return { url: given.url, secret: given.secret ?? '' };
    case 'email':
      return { to: given.to };
    default:
      return { url: given.url };
  }
}

/** A webhook without a secret gets one, which the answer shows this once. */
function withSecret(given: GivenAddress): {
  readonly given: GivenAddress;
  readonly made?: { readonly secret: string };
} {
  if (given.kind !== 'webhook' || given.secret !== undefined) return { given };
  const secret = `whsec_${newSecret().replaceAll('-', '+').replaceAll('_', '/')}=`;
  return { given: { ...given, secret }, made: { secret } };
}

type SlackOptions = Pick<
  z.output<typeof channelChange> & { kind?: 'slack-bot' },
  'signingSecret' | 'anyoneMayAcknowledge'
>;

/** What only Slack channels have, after a change. */
async function slackOptions(
  services: Services,
  kind: ChannelChange['kind'],
  body: object,
  before: SealedChannel | null,
): Promise<Pick<ChannelChange, 'signing' | 'anyoneMayAcknowledge'>> {
  const given: SlackOptions = body; // the schema has checked them, or there are none
  const isSlack = kind === 'slack-webhook' || kind === 'slack-bot';
  if (!isSlack) {
    if (given.signingSecret !== undefined || given.anyoneMayAcknowledge !== undefined)
      throw new Problem(400, 'signingSecret and anyoneMayAcknowledge are for Slack channels.');
    return { signing: null, anyoneMayAcknowledge: false };
  }
  const { signingSecret: secret } = given;
  const signing =
    secret === undefined
      ? (before?.signing ?? null)
      : secret === null
        ? null
        : await services.seal.seal(secret, 'slack-app');
  return { signing, anyoneMayAcknowledge: given.anyoneMayAcknowledge ?? before?.anyoneMayAcknowledge ?? false };
}

const sealed = (services: Services, given: GivenAddress): Promise<string> =>
  services.seal.seal(JSON.stringify(secretOf(given)), 'channel');

async function channelOf(services: Services, teamId: number, id: number): Promise<SealedChannel> {
  const channel = await services.channels.get(teamId, id);
  if (channel === null) throw notFound();
  return channel;
}

/** Adds a channel for whoever asks, by the API or on a page. @throws Problem 400, 409 */
export async function addChannel({
  body,
  caller,
  services,
  now,
}: {
  readonly body: z.output<typeof newChannel>;
  readonly caller: Pick<Caller, 'teamId' | 'name'>;
  readonly services: Services;
  readonly now: number;
}): Promise<z.input<typeof channelAnswer>> {
  const { given, made } = withSecret(body);
  checkAddress(services, given);
  const isFirst = (await services.channels.list(caller.teamId)).length === 0;
  const channel = {
    kind: body.kind,
    sealed: await sealed(services, given),
    forAlerts: body.default ?? isFirst,
    forHealth: body.health ?? false,
    minSeverity: body.minSeverity ?? 'notice',
    ...(await slackOptions(services, body.kind, body, null)),
  };
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'channel.created',
    target: body.name,
    detail: { kind: body.kind, ...visible(channel) },
  };
  const id = await services.channels.add(caller.teamId, body.name, channel, now, audit);
  if (id === null) throw taken(body.name);
  await services.wakeups.notifications();
  return { ...channelView(await channelOf(services, caller.teamId, id), services.settings), ...made };
}

const taken = (name: string): Problem => new Problem(409, `There is a channel "${name}" already.`);

/** For the audit log: never a secret. */
const visible = ({ minSeverity, anyoneMayAcknowledge, signing }: ChannelChange) => ({
  minSeverity,
  anyoneMayAcknowledge,
  signed: signing !== null,
});

type ChangeInput = Pick<
  RouteInput<z.output<typeof idParam>, unknown, z.output<typeof channelChange>>,
  'params' | 'body' | 'services' | 'now'
> & { readonly caller: Pick<Caller, 'teamId' | 'name'> };

/** Changes a channel for whoever asks; what it had refused is sent again. @throws Problem 400, 404, 409 */
export async function changeChannel({
  params,
  body,
  caller,
  services,
  now,
}: ChangeInput): Promise<z.input<typeof channelAnswer>> {
  const before = await channelOf(services, caller.teamId, params.id);
  const name = body.name ?? before.name;
  const { given, made = {} } = 'kind' in body ? withSecret(body) : { given: null };
  if (given !== null) checkAddress(services, given);
  const kind = given?.kind ?? before.kind;
  const channel = {
    kind,
    sealed: given === null ? before.sealed : await sealed(services, given),
    forAlerts: body.default ?? before.forAlerts,
    forHealth: body.health ?? before.forHealth,
    minSeverity: body.minSeverity ?? before.minSeverity,
    ...(await slackOptions(services, kind, body, before)),
  };
  const audit = {
    teamId: caller.teamId,
    at: now,
    actor: caller.name,
    action: 'channel.changed',
    target: before.name,
    detail: { kind, address: given !== null, ...(name === before.name ? {} : { name }), ...visible(channel) },
  };
  if (!(await services.channels.change(caller.teamId, params.id, name, channel, now, audit))) throw taken(name);
  if (before.refused !== null)
    await services.health.settle(caller.teamId, { kind: 'channel-refused', channel: before.name, reason: '' }, now);
  await services.wakeups.notifications();
  return { ...channelView(await channelOf(services, caller.teamId, params.id), services.settings), ...made };
}

export const channelRoutes: readonly ApiRoute[] = [
  route({
    method: 'post',
    path: '/channels',
    operationId: 'addChannel',
    summary: 'Add a channel: Slack, Discord, Microsoft Teams, a webhook or e-mail',
    scope: 'admin',
    body: newChannel,
    status: 201,
    response: channelAnswer,
    handle: addChannel,
  }),
  route({
    method: 'get',
    path: '/channels',
    operationId: 'listChannels',
    summary: 'Channels, without their addresses',
    scope: 'read',
    response: z.object({ items: z.array(channelAnswer) }),
    async handle({ caller, services }) {
      const channels = await services.channels.list(caller.teamId);
      return { items: channels.map((channel) => channelView(channel, services.settings)) };
    },
  }),
  route({
    method: 'patch',
    path: '/channels/:id',
    operationId: 'changeChannel',
    summary: 'Change a channel; what it had refused is sent again',
    scope: 'admin',
    params: idParam,
    body: channelChange,
    response: channelAnswer,
    handle: changeChannel,
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
