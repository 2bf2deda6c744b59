import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { actionWords, toldBy } from '../notify/credential-page-words.ts';
import type { CredentialPage, ShownSighting } from '../store/credential-page.ts';
import { credentialAddress, pushAddress } from './addresses.ts';
import { MinuteField } from './parts/minute-field.tsx';
import { Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';
import { minuteOf } from './span.ts';
import { shownTime } from './time.ts';

interface Props {
  readonly page: CredentialPage;
  readonly now: number;
  /** What the history is narrowed to; `null`: not on that side. */
  readonly span: { readonly from: number | null; readonly to: number | null };
  /** Uses on a page. */
  readonly shown: number;
}

/** Every use, newest first, in a time that the address says. */
export function Uses({ page, now, span, shown }: Props): JSX.Element {
  const { credential, sightings } = page;
  const address = credentialAddress(credential.id);
  const last = sightings.length === shown ? sightings.at(-1) : undefined;
  const narrowed = new URLSearchParams({
    ...(span.from === null ? {} : { from: minuteOf(span.from) }),
    ...(span.to === null ? {} : { to: minuteOf(span.to) }),
  });
  return (
    <section id="uses" aria-labelledby="h-uses">
      <div class="head">
        <h2 id="h-uses">Uses</h2>
        <p>Newest first{span.from === null ? ', of the last year' : ''}</p>
      </div>
      <form class="row" action={`${address}#uses`}>
        <MinuteField id="from" name="from" label="From (UTC)" at={span.from} />
        <MinuteField id="to" name="to" label="To (UTC)" at={span.to} />
        <button type="submit" class="btn">
          Narrow
        </button>
      </form>
      <div class="gap">
        <Rows
          caption="Uses of this credential"
          columns={[
            { label: 'When' },
            { label: 'Verdict', kind: 'verdict' },
            { label: 'What it did' },
            { label: 'How we know' },
            { label: 'CI run' },
          ]}
          rows={sightings.map((use) => ({
            isRogue: use.push?.verdict === 'rogue',
            cells: [
              <Time use={use} now={now} />,
              <Verdict use={use} />,
              <What use={use} />,
              `${use.strength}, ${toldBy(use.source)}`,
              runOf(use),
            ],
          }))}
          none="No use was told or seen in this time. What could not be seen is not here: the calendar says when that was."
        />
      </div>
      {last === undefined ? null : (
        <p class="pager">
          <a href={`${address}?${olderQuery(narrowed, `${last.at}-${last.key}`)}#uses`}>Older</a>
        </p>
      )}
    </section>
  );
}

const olderQuery = (narrowed: URLSearchParams, before: string): string =>
  new URLSearchParams([...narrowed, ['before', before]]).toString();

/** A registry that keeps one last-used time tells of a stretch of time, not of a moment. */
function Time({ use: { at, since }, now }: UseProps): JSX.Element {
  return (
    <>
      <When at={at} now={now} form="below" />
      {since === null || since >= at ? null : <small>perhaps before, since {shownTime(since, now)}</small>}
    </>
  );
}

interface UseProps {
  readonly use: ShownSighting;
  readonly now: number;
}

function Verdict({ use: { action, push } }: Pick<UseProps, 'use'>): JSX.Element {
  if (push === null) return <PlainBadge word={action === 'push' ? 'Not watched' : 'No push'} />;
  return push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />;
}

function What({ use }: Pick<UseProps, 'use'>): JSX.Element {
  const { repository, seq, image, push, detail, action } = use;
  if (push === null || repository === null || seq === null || image === null) {
    const names = [detail?.event, detail?.target, detail?.tag].filter((name) => name !== undefined);
    return (
      <>
        {actionWords(action)}
        {names.length === 0 ? null : <small>{names.join(', ')}</small>}
      </>
    );
  }
  return (
    <>
      {actionWords(action)}{' '}
      <a href={pushAddress({ repository, seq })}>
        {image}
        {push.tag === '' ? '' : `:${push.tag}`}
      </a>
    </>
  );
}

/** The address is CI's word: it leads to a web page or nowhere. */
function runOf({ push }: ShownSighting): Child {
  if (push === null) return '';
  const { run } = push;
  if (run === null) return 'none known';
  return run.startsWith('https://') ? (
    <a href={run} rel="noreferrer">
      CI run
    </a>
  ) : (
    run
  );
}
