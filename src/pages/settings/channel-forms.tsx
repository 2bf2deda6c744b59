import * as z from 'zod';
import { formatImageName } from '../../domain/reference.ts';
import { addChannel, changeChannel } from '../../http/api/channels.ts';
import { channelChange, newChannel } from '../../http/schemas/channels.ts';
import { imageText } from '../../http/schemas/common.ts';
import { testFailed } from '../../notify/channel-words.ts';
import type { SealedChannel } from '../../store/channels.ts';
import type { ChannelKind } from '../../usecases/ports.ts';
import { testChannel } from '../../usecases/test-channel.ts';
import { handlerOf, idOf, notHere, type PageInput, PageProblem, readForm } from '../page.ts';
import { Copy } from '../parts/digest.tsx';
import { seeOther, show } from '../show.tsx';
import { asPage } from './as-page.ts';
import { showChannel } from './channel.tsx';
import { isSlack, kindOf } from './channel-fields.tsx';
import { auditBy } from './frame.tsx';

/** Fields of each kind that lead there. */
const ADDRESS: Readonly<Record<ChannelKind, readonly string[]>> = {
  'slack-bot': ['token', 'channel', 'signingSecret'],
  'slack-webhook': ['url', 'signingSecret'],
  discord: ['url'],
  teams: ['url'],
  webhook: ['url', 'secret'],
  email: ['to'],
};

/** What of a form is the address; a field that was left empty was left out. */
const addressIn = (form: URLSearchParams, kind: ChannelKind): Record<string, unknown> => ({
  kind,
  ...Object.fromEntries(
    ADDRESS[kind].flatMap((field) => {
      const value = (form.get(field) ?? '').trim();
      return value === '' ? [] : [[field, value] as const];
    }),
  ),
});

/** What a channel is called and gets. A box that is not ticked is not sent. */
const takesIn = (form: URLSearchParams, kind: ChannelKind): Record<string, unknown> => ({
  name: form.get('name') ?? '',
  minSeverity: form.get('minSeverity') ?? 'notice',
  default: form.get('default') === 'on',
  health: form.get('health') === 'on',
  ...(isSlack(kind) ? { anyoneMayAcknowledge: form.get('anyoneMayAcknowledge') === 'on' } : {}),
});

/** @throws PageProblem 400 that repeats nothing of what was typed: it may be a secret */
function read<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.') || 'the form'}: ${message}`);
  throw new PageProblem(400, problems.join('; '));
}

export async function addChannelForm(input: PageInput): Promise<Response> {
  const { c, services, form, now } = input;
  const kind = kindOf(form.get('kind') ?? undefined);
  if (kind === null) throw new PageProblem(400, 'There is no such kind of channel.');
  const body = read(newChannel, { ...addressIn(form, kind), ...takesIn(form, kind) });
  const added = await asPage(addChannel({ body, caller: handlerOf(input), services, now }));
  if (added.secret !== undefined) return showSecret(input, added.id, added.name, added.secret);
  return seeOther(c, `/settings/channels/${added.id}?done=channel-added`);
}

/** Shows a secret that was made once. */
function showSecret({ c }: PageInput, id: number, name: string, secret: string): Response {
  const main = (
    <div class="slim stack">
      <h1>Channel {name}</h1>
      <p>With this secret the receiver checks that a message is ours. It is shown this once: copy it now.</p>
      <p>
        <code class="secret">{secret}</code>
      </p>
      <div class="btns">
        <Copy text={secret} label="Copy the secret" />
        <a class="btn" href={`/settings/channels/${id}`}>
          Go on to the channel
        </a>
      </div>
    </div>
  );
  return show(c, { title: `Channel ${name}`, at: '/settings', main });
}

async function channelOf({ c, services, visit }: PageInput): Promise<SealedChannel> {
  const channel = await services.channels.get(visit.session.teamId, idOf(c.req.param('id')));
  if (channel === null) throw notHere();
  return channel;
}

export async function saveChannel(input: PageInput): Promise<Response> {
  const { c, services, form, now } = input;
  const { id, kind } = await channelOf(input);
  const body = read(channelChange, takesIn(form, kind));
  await asPage(changeChannel({ params: { id }, body, caller: handlerOf(input), services, now }));
  return seeOther(c, `/settings/channels/${id}?done=channel-saved`);
}

export async function replaceAddress(input: PageInput): Promise<Response> {
  const { c, services, form, now } = input;
  const { id, kind } = await channelOf(input);
  const body = read(channelChange, addressIn(form, kind));
  const changed = await asPage(changeChannel({ params: { id }, body, caller: handlerOf(input), services, now }));
  if (changed.secret !== undefined) return showSecret(input, id, changed.name, changed.secret);
  return seeOther(c, `/settings/channels/${id}?done=channel-replaced`);
}

export async function testChannelForm(input: PageInput): Promise<Response> {
  const channel = await channelOf(input);
  const reason = await testChannel(input.services, handlerOf(input), channel);
  if (reason !== null) return showChannel(input, testFailed(channel.name, reason));
  return seeOther(input.c, `/settings/channels/${channel.id}?done=channel-tested`);
}

/** Sends an image's alerts here (`image`, as it is typed), or back to the default channel (`repository`, its id). */
export async function assignImage(input: PageInput): Promise<Response> {
  const { c, services, visit, form } = input;
  const channel = await channelOf(input);
  const { teamId } = visit.session;
  const back = form.get('repository');
  const record =
    back === null
      ? await services.repositories.byImage(teamId, readForm(z.object({ image: imageText }), form).image)
      : await services.repositories.get(teamId, idOf(back));
  if (record === null) throw new PageProblem(409, 'That image is not watched here: watch it first.');
  const name = formatImageName(record.image);
  // The form may be older than another change.
  if (back !== null && record.channel !== channel.name)
    throw new PageProblem(409, `Alerts of ${name} do not go to ${channel.name} by name. Nothing was changed.`);
  const audit = auditBy(input, 'repository.changed', name, {
    before: { alertChannel: record.channel },
    after: { alertChannel: back === null ? channel.name : null },
  });
  await services.channels.assign(teamId, record.id, back === null ? channel.id : null, audit);
  return seeOther(c, `/settings/channels/${channel.id}?done=channel-image`);
}

export async function removeChannel(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const channel = await channelOf(input);
  const audit = auditBy(input, 'channel.deleted', channel.name);
  await services.channels.remove(visit.session.teamId, channel.id, audit);
  return seeOther(c, '/settings/channels?done=channel-removed');
}
