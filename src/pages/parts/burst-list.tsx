import type { JSX } from 'hono/jsx/jsx-runtime';
import { isWatchAlert } from '../../domain/alert.ts';
import { count } from '../../notify/burst-words.ts';
import { watchSubject } from '../../notify/watch-words.ts';
import type { AlertRecord } from '../../store/inbox.ts';
import { AlertBadge, closedWord } from './alert-banner.tsx';
import { Digest } from './digest.tsx';
import { Rows } from './rows.tsx';
import { PlainBadge } from './verdict-badge.tsx';
import { When } from './when.tsx';

interface Props {
  /** Of the alert whose page it is. */
  readonly id: number;
  readonly burst: number;
  readonly alerts: readonly AlertRecord[];
  /** There are more after these. */
  readonly isMore: boolean;
  readonly now: number;
}

/** What one message in the channel speaks for: every tag with the digest to go back to. */
export function BurstList({ id, burst, alerts, isMore, now }: Props): JSX.Element {
  const rows = alerts.map((alert) => ({
    isRogue: alert.state === 'open',
    cells: [
      <Name alert={alert} isHere={alert.id === id} />,
      alert.state === 'closed' ? <PlainBadge word={closedWord(alert)} /> : <AlertBadge facts={alert.facts} />,
      <Safe alert={alert} />,
      alert.acknowledgedBy ?? (alert.state === 'open' ? 'Nobody' : ''),
      <When at={alert.openedAt} now={now} form="time" />,
    ],
  }));
  const last = alerts.at(-1);
  return (
    <section aria-labelledby="h-burst">
      <div class="head">
        <h2 id="h-burst">The burst it is part of</h2>
        <p>B-{burst}: one message speaks for all of these</p>
      </div>
      <Rows
        caption="Alerts of the burst"
        columns={[
          { label: 'Tag' },
          { label: 'State', kind: 'verdict' },
          { label: 'Safe digest' },
          { label: 'Who has it' },
          { label: 'Opened' },
        ]}
        rows={rows}
        none="There is nothing after that."
      />
      {isMore && last !== undefined ? (
        <p class="pager">
          <a href={`/alerts/A-${id}?after=${last.id}#h-burst`}>More of the burst</a>
        </p>
      ) : null}
    </section>
  );
}

function Name({ alert, isHere }: { readonly alert: AlertRecord; readonly isHere: boolean }): JSX.Element {
  const { facts } = alert;
  const address = `/alerts/A-${alert.id}`;
  const link = isHere ? { 'aria-current': 'page' as const } : {};
  if (isWatchAlert(facts)) {
    return (
      <a href={address} {...link}>
        {watchSubject(facts)}
      </a>
    );
  }
  const [tag = 'without a tag'] = facts.tags;
  return (
    <>
      <a href={address} {...link}>
        {tag}
      </a>
      <small>
        {facts.image}
        {facts.tags.length > 1 ? `, and ${count(facts.tags.length - 1, 'more tag')}` : ''}
      </small>
    </>
  );
}

function Safe({ alert: { facts } }: { readonly alert: AlertRecord }): JSX.Element {
  if (isWatchAlert(facts)) return <>no image is at risk</>;
  return facts.safe === null ? <>none is known</> : <Digest digest={facts.safe.digest} prefix />;
}
