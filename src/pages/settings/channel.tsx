import type { JSX } from 'hono/jsx/jsx-runtime';
import { CHANNEL_WORDS } from '../../notify/channel-words.ts';
import type { ChannelImage, ChannelSummary } from '../../store/channels.ts';
import { repositoryAddress } from '../addresses.ts';
import { idOf, notHere, type PageInput } from '../page.ts';
import { Notice } from '../parts/banner.tsx';
import { Field, PostForm } from '../parts/form.tsx';
import { Rows } from '../parts/rows.tsx';
import { show } from '../show.tsx';
import { AddressFields, isSlack, TakesFields } from './channel-fields.tsx';
import { AboutKind, SigningSecret } from './channel-new.tsx';
import { SettingsFrame } from './frame.tsx';

const PAGE = 50;

export async function channelPage(input: PageInput): Promise<Response> {
  return showChannel(input, null);
}

/** @param problem of a test that has just been asked for */
export async function showChannel(input: PageInput, problem: string | null): Promise<Response> {
  const { c, services, visit } = input;
  const id = idOf(c.req.param('id'));
  const after = Number(/^\d{1,15}$/.exec(c.req.query('after') ?? '')?.[0] ?? 0);
  const { teamId } = visit.session;
  const found = await services.channels.withImages(teamId, id, after, PAGE + 1);
  if (found === null) throw notHere();
  const { channel, images } = found;
  const main = (
    <SettingsFrame input={input} at="/settings/channels">
      {problem === null ? null : <Notice text={problem} isProblem />}
      {channel.refused === null ? null : (
        <Notice
          text={`${channel.name} refuses our messages for good: ${channel.refused}. Alerts that go there reach nobody. Mend it over there and test it, or replace its address.`}
          isProblem={false}
        />
      )}
      <section class="slim stack" aria-labelledby="h-channel">
        <h2 id="h-channel">
          {channel.name} <span class="muted">{CHANNEL_WORDS[channel.kind].name}</span>
        </h2>
        <PostForm action={`/settings/channels/${id}/test`} csrf={visit.csrf}>
          <button type="submit" class="btn">
            Send a test
          </button>
        </PostForm>
        <PostForm action={`/settings/channels/${id}`} csrf={visit.csrf} class="panel pad stack">
          <TakesFields
            name={channel.name}
            minSeverity={channel.minSeverity}
            forAlerts={channel.forAlerts}
            forHealth={channel.forHealth}
            anyone={isSlack(channel.kind) ? channel.anyoneMayAcknowledge : null}
          />
          <button type="submit" class="btn main">
            Save
          </button>
        </PostForm>
      </section>
      <Images id={id} csrf={visit.csrf} images={images} />
      <section class="slim stack" aria-labelledby="h-address">
        <h2 id="h-address">Address</h2>
        <p>
          It is encrypted and never shown. {isSlack(channel.kind) ? <Buttons input={input} channel={channel} /> : null}
        </p>
        <details>
          <summary>Replace it</summary>
          <AboutKind kind={channel.kind} />
          <PostForm action={`/settings/channels/${id}/address`} csrf={visit.csrf} class="panel pad stack gap">
            <AddressFields kind={channel.kind} />
            {isSlack(channel.kind) ? <SigningSecret /> : null}
            <button type="submit" class="btn">
              Replace it
            </button>
          </PostForm>
        </details>
        <details>
          <summary>Remove this channel</summary>
          <PostForm action={`/settings/channels/${id}/remove`} csrf={visit.csrf} class="panel pad stack">
            <p>
              Alerts of images that name it go to the default channel from then on. Nothing that was sent is unsent.
            </p>
            <button type="submit" class="btn">
              Remove {channel.name}
            </button>
          </PostForm>
        </details>
      </section>
    </SettingsFrame>
  );
  return show(c, { title: `Channel ${channel.name}`, at: '/settings', main }, problem === null ? 200 : 409);
}

/** Where Slack has to send presses of buttons to, and whether it can. */
function Buttons({ input, channel }: { readonly input: PageInput; readonly channel: ChannelSummary }): JSX.Element {
  const { publicUrl, slackSigningSecret } = input.services.settings;
  const own = channel.signed ? `/slack/interactions/${channel.id}` : null;
  const path = own ?? (slackSigningSecret === '' ? null : '/slack/interactions');
  return path === null ? (
    <>Its messages have no buttons: give the signing secret of its app.</>
  ) : (
    <>
      Its messages have buttons: at Slack, Interactivity &amp; Shortcuts, the Request URL is{' '}
      <code class="secret">{`${publicUrl || new URL(input.c.req.url).origin}${path}`}</code>
    </>
  );
}

interface ImagesProps {
  readonly id: number;
  readonly csrf: string;
  readonly images: readonly ChannelImage[];
}

function Images({ id, csrf, images }: ImagesProps): JSX.Element {
  const shown = images.slice(0, PAGE);
  const last = shown.at(-1)?.id;
  // One form for all of them, and each name twice: names may be long.
  const rows = shown.map(({ id: repository, registry, path }) => {
    const image = `${registry}/${path}`;
    return {
      cells: [
        <a id={`i${repository}`} href={repositoryAddress(image)}>
          {image}
        </a>,
        <button type="submit" class="btn low" name="repository" value={repository} aria-describedby={`i${repository}`}>
          To the default channel
        </button>,
      ],
    };
  });
  return (
    <section aria-labelledby="h-images">
      <div class="head">
        <h2 id="h-images">Images whose alerts go here by name</h2>
      </div>
      <PostForm action={`/settings/channels/${id}/images`} csrf={csrf}>
        <Rows
          caption="Images that name this channel"
          columns={[{ label: 'Image' }, { label: 'Change' }]}
          rows={rows}
          none="No image names it."
        />
      </PostForm>
      {images.length > PAGE && last !== undefined ? (
        <p class="pager">
          <a class="btn" href={`/settings/channels/${id}?after=${last}`}>
            More images
          </a>
        </p>
      ) : null}
      <PostForm action={`/settings/channels/${id}/images`} csrf={csrf} class="row slim gap">
        <Field id="image" label="Send alerts of another image here">
          <input id="image" name="image" maxlength={512} required autocomplete="off" placeholder="docker.io/org/app" />
        </Field>
        <button type="submit" class="btn">
          Send them here
        </button>
      </PostForm>
    </section>
  );
}
