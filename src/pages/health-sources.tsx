import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { SOURCE_PARTS } from '../domain/source.ts';
import { CHANNEL_COST, NO_CHANNEL, RECEIVER_COST, ROOT_COSTS } from '../notify/health-page-words.ts';
import { PART_WORDS, partCost } from '../notify/source-words.ts';
import type { HealthPage } from '../store/health-page.ts';
import type { TrustedRootRecord } from '../store/trusted-roots.ts';
import { sourceName } from '../usecases/poll-source.ts';
import { type Row, Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { PartBadge } from './settings/sources.tsx';

export interface PartProps {
  readonly page: HealthPage;
  readonly now: number;
}

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly hint: Child;
  readonly children: Child;
}

export const Section = ({ id, title, hint, children }: SectionProps): JSX.Element => (
  <section id={id} aria-labelledby={`h-${id}`}>
    <div class="head">
      <h2 id={`h-${id}`}>{title}</h2>
      <p>{hint}</p>
    </div>
    {children}
  </section>
);

export function Accounts({ page: { sources }, now }: PartProps): JSX.Element {
  const rows = sources.flatMap((source) =>
    SOURCE_PARTS.filter((part) => source.status[part].state !== 'off').map((part): Row => {
      const status = source.status[part];
      return {
        cells: [
          <>
            {sourceName(source)}
            <small>{PART_WORDS[part]}</small>
          </>,
          <PartBadge status={status} now={now} />,
          status.readAt === null ? 'never' : <When at={status.readAt} now={now} form="below" />,
          status.state === 'ok' ? '' : partCost(part),
        ],
      };
    }),
  );
  return (
    <Section
      id="accounts"
      title="Registry accounts: tokens and audit logs"
      hint={<a href="/settings/sources">What to do about them</a>}
    >
      <Rows
        caption="Registry accounts and how they answer"
        columns={[
          { label: 'Account' },
          { label: 'State', kind: 'verdict' },
          { label: 'Last answer' },
          { label: 'What may go unnoticed' },
        ]}
        rows={rows}
        none="No account is connected: which token pushed to Docker Hub is not known, and bait cannot be laid."
      />
    </Section>
  );
}

export function Roots({
  roots,
  now,
}: {
  readonly roots: readonly TrustedRootRecord[];
  readonly now: number;
}): JSX.Element {
  const rows = roots.map((root): Row => {
    const isStale = root.stale && root.source === 'tuf';
    return {
      cells: [
        <>
          {root.name}
          <small>{ROOT_SOURCES[root.source]}</small>
        </>,
        root.id === null ? (
          <VerdictBadge verdict="undetermined" word="Missing" />
        ) : isStale ? (
          <VerdictBadge verdict="undetermined" word="Stale" />
        ) : (
          <PlainBadge word="Good" />
        ),
        root.updatedAt === null ? 'with this release' : <When at={root.updatedAt} now={now} form="below" />,
        root.problem ?? '',
        root.id === null ? ROOT_COSTS.missing : isStale ? ROOT_COSTS.stale : '',
      ],
    };
  });
  return (
    <Section id="roots" title="Trusted roots: signatures" hint="By which signatures are checked">
      <Rows
        caption="Trusted roots"
        columns={[
          { label: 'Root' },
          { label: 'State', kind: 'verdict' },
          { label: 'Last refreshed' },
          { label: 'Why not' },
          { label: 'What may go unnoticed' },
        ]}
        rows={rows}
        none="There is none: keyless signatures cannot be checked, those by key can."
      />
    </Section>
  );
}

const ROOT_SOURCES: Readonly<Record<TrustedRootRecord['source'], string>> = {
  vendored: 'came with this release',
  tuf: 'kept up to date',
  given: 'given by your team',
};

export function Channels({ page: { channels } }: Pick<PartProps, 'page'>): JSX.Element {
  return (
    <Section id="channels" title="Channels: whom we tell" hint={<a href="/settings/channels">Channels</a>}>
      <Rows
        caption="Channels"
        columns={[
          { label: 'Channel' },
          { label: 'State', kind: 'verdict' },
          { label: 'Gets' },
          { label: 'Why not' },
          { label: 'What it costs' },
        ]}
        rows={channels.map(({ name, forAlerts, forHealth, refused }) => ({
          cells: [
            name,
            refused === null ? (
              <PlainBadge word="Takes them" />
            ) : (
              <VerdictBadge verdict="undetermined" word="Refuses" />
            ),
            [forAlerts ? 'alerts' : '', forHealth ? 'about Pushwarden' : ''].filter((role) => role !== '').join(', ') ||
              'images that name it',
            refused ?? '',
            refused === null ? '' : CHANNEL_COST,
          ],
        }))}
        none={NO_CHANNEL}
      />
    </Section>
  );
}

export function Receivers({ page: { receivers }, now }: PartProps): JSX.Element | null {
  if (receivers.length === 0) return null;
  return (
    <Section id="receivers" title="Receivers of events" hint="Other systems">
      <Rows
        caption="Receivers of events"
        columns={[
          { label: 'Receiver' },
          { label: 'State', kind: 'verdict' },
          { label: 'Last tried' },
          { label: 'Why not' },
          { label: 'What it costs' },
        ]}
        rows={receivers.map(({ name, host, disabledAt, failingSince, triedAt, problem }) => {
          const fails = disabledAt !== null || failingSince !== null;
          return {
            cells: [
              <>
                {name}
                <small>{host}</small>
              </>,
              fails ? (
                <VerdictBadge verdict="undetermined" word={disabledAt === null ? 'Fails' : 'Switched off'} />
              ) : (
                <PlainBadge word="Takes them" />
              ),
              triedAt === null ? 'never' : <When at={triedAt} now={now} form="age" />,
              fails ? (problem ?? '') : '',
              fails ? RECEIVER_COST : '',
            ],
          };
        })}
        none=""
      />
    </Section>
  );
}
