import type { PageInput } from '../page.ts';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { show } from '../show.tsx';
import { SettingsFrame } from './frame.tsx';

const KINDS = { 'slack-webhook': 'Slack, incoming webhook', 'slack-bot': 'Slack, bot' } as const;

export async function channelsPage(input: PageInput): Promise<Response> {
  const { c, services, visit, now } = input;
  const channels = await services.channels.list(visit.session.teamId);
  const rows = channels.map((channel) => ({
    cells: [
      channel.name,
      channel.refused === null ? <PlainBadge word="Works" /> : <VerdictBadge verdict="undetermined" word="Refuses" />,
      KINDS[channel.kind],
      [channel.forAlerts ? 'alerts' : '', channel.forHealth ? 'about Pushwarden itself' : '']
        .filter((role) => role !== '')
        .join(', ') || 'images that name it',
      channel.refused ?? <When at={channel.createdAt} now={now} />,
    ],
  }));
  const main = (
    <SettingsFrame input={input} at="/settings/channels">
      <section aria-labelledby="h-channels">
        <div class="head">
          <h2 id="h-channels">Channels</h2>
          <p>
            Added and changed with the API: <code>/api/v1/channels</code>
          </p>
        </div>
        <Rows
          caption="Channels"
          columns={[
            { label: 'Channel' },
            { label: 'State', kind: 'verdict' },
            { label: 'Kind' },
            { label: 'Gets' },
            { label: 'Since, or why it refuses' },
          ]}
          rows={rows}
          none="There is no channel: alerts are kept here and reach nobody. Add one with POST /api/v1/channels."
        />
      </section>
    </SettingsFrame>
  );
  return show(c, { title: 'Channels', at: '/settings', main });
}
