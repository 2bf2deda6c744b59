import type { JSX } from 'hono/jsx/jsx-runtime';
import { may } from '../../domain/person.ts';
import { CHANNEL_WORDS } from '../../notify/channel-words.ts';
import type { ChannelSummary } from '../../store/channels.ts';
import type { PageInput } from '../page.ts';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { SettingsFrame } from './frame.tsx';

const SEVERITIES = { notice: '', high: 'high and critical only', critical: 'critical only' } as const;

export async function channelsPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const channels = await services.channels.list(visit.session.teamId);
  const manages = may(visit.session.role, 'manage-team');
  const rows = channels.map((channel) => ({
    cells: [
      manages ? <a href={`/settings/channels/${channel.id}`}>{channel.name}</a> : channel.name,
      channel.refused === null ? <PlainBadge word="Works" /> : <VerdictBadge verdict="undetermined" word="Refuses" />,
      CHANNEL_WORDS[channel.kind].name,
      getsOf(channel),
      channel.refused === null ? <When at={channel.createdAt} now={now} /> : `refused: ${channel.refused}`,
    ],
  }));
  const main = (
    <SettingsFrame input={input} at="/settings/channels">
      <section aria-labelledby="h-channels">
        <div class="head">
          <h2 id="h-channels">Channels</h2>
          <p>Where messages go. Addresses and tokens are encrypted and never shown</p>
        </div>
        <Rows
          caption="Channels"
          columns={[
            { label: 'Channel' },
            { label: 'State', kind: 'verdict' },
            { label: 'Kind' },
            { label: 'Gets' },
            { label: 'Since' },
          ]}
          rows={rows}
          none="There is no channel: alerts are kept here and reach nobody."
        />
        <Missing channels={channels} />
        {manages ? (
          <p class="gap">
            <a class="btn main" href="/settings/channels/new">
              Add a channel
            </a>
          </p>
        ) : null}
      </section>
    </SettingsFrame>
  );
  return show(c, { title: 'Channels', at: '/settings', main });
}

function getsOf({ forAlerts, forHealth, minSeverity }: ChannelSummary): string {
  const what = [forAlerts ? 'alerts' : '', forHealth ? 'about Pushwarden itself' : ''].filter((each) => each !== '');
  const gets = what.join(', ') || 'images that name it';
  return minSeverity === 'notice' ? gets : `${gets}; ${SEVERITIES[minSeverity]}`;
}

/** What would reach nobody, or not where one would look. */
function Missing({ channels }: { readonly channels: readonly ChannelSummary[] }): JSX.Element | null {
  if (channels.length === 0) return null;
  if (!channels.some(({ forAlerts }) => forAlerts))
    return <p class="note">No channel is the default one: alerts of images that name none reach nobody.</p>;
  if (!channels.some(({ forHealth }) => forHealth))
    return (
      <p class="note">
        What is about Pushwarden itself goes where alerts go. A channel of its own keeps our failures apart from
        attacks.
      </p>
    );
  return null;
}
