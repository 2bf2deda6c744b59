import type { JSX } from 'hono/jsx/jsx-runtime';
import { CHANNEL_WORDS, channelHindrance } from '../../notify/channel-words.ts';
import type { ChannelKind } from '../../usecases/ports.ts';
import type { PageInput } from '../page.ts';
import { PostForm } from '../parts/form.tsx';
import { show } from '../show.tsx';
import { AddressFields, isSlack, KINDS, kindOf, Secret, TakesFields } from './channel-fields.tsx';
import { SettingsFrame } from './frame.tsx';

/** Each kind says what it can do and which rights it needs, before anything is typed. */
export async function newChannelPage(input: PageInput): Promise<Response> {
  const { c, services, visit } = input;
  const kind = kindOf(c.req.query('kind')) ?? 'slack-bot';
  const isFirst = (await services.channels.list(visit.session.teamId)).length === 0;
  const { sendsEmail, settings } = services;
  const hindrance = channelHindrance(kind, { sendsEmail, webhookHosts: settings.webhookHosts });
  const main = (
    <SettingsFrame input={input} at="/settings/channels">
      <section class="slim stack" aria-labelledby="h-new">
        <h2 id="h-new">Add a channel</h2>
        <nav class="chips" aria-label="Kinds of channels">
          {KINDS.map((each) => (
            <a href={`/settings/channels/new?kind=${each}`} {...(each === kind ? { 'aria-current': 'page' } : {})}>
              {CHANNEL_WORDS[each].name}
            </a>
          ))}
        </nav>
        <AboutKind kind={kind} />
        {hindrance === null ? (
          <PostForm action="/settings/channels" csrf={visit.csrf} class="panel pad stack">
            <input type="hidden" name="kind" value={kind} />
            <AddressFields kind={kind} />
            {isSlack(kind) ? <SigningSecret /> : null}
            <TakesFields forAlerts={isFirst} forHealth={isFirst} anyone={isSlack(kind) ? false : null} />
            <button type="submit" class="btn main">
              Add it
            </button>
          </PostForm>
        ) : (
          <p class="panel pad">{hindrance}</p>
        )}
      </section>
    </SettingsFrame>
  );
  return show(c, { title: 'Add a channel', at: '/settings', main });
}

export function AboutKind({ kind }: { readonly kind: ChannelKind }): JSX.Element {
  const { what, rights, where } = CHANNEL_WORDS[kind];
  return (
    <dl class="facts">
      <dt>What it does</dt>
      <dd>{what}</dd>
      <dt>Rights, and why</dt>
      <dd>{rights}</dd>
      <dt>Where to get it</dt>
      <dd>{where}</dd>
    </dl>
  );
}

export function SigningSecret(): JSX.Element {
  return (
    <Secret
      id="signingSecret"
      label="Signing secret"
      hint="Of its Slack app (Basic Information): it proves that a pressed button comes from Slack. Without it messages have no buttons."
      isOptional
    />
  );
}
