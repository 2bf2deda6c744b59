import type { JSX } from 'hono/jsx/jsx-runtime';
import {
  ACTION_WORDS,
  BY_WORDS,
  CERTAINTY_WORDS,
  CI_WORDS,
  SIGNATURE_WORDS,
  STRENGTH_WORDS,
} from '../notify/blast-radius-words.ts';
import { findingTitle } from '../notify/words.ts';
import type { BlastRadius, ReportPush } from '../usecases/blast-radius-report.ts';
import { digestAddress, pushAddress } from './addresses.ts';
import { Digest } from './parts/digest.tsx';
import { Rows } from './parts/rows.tsx';
import { PlainBadge, VerdictBadge } from './parts/verdict-badge.tsx';
import { When } from './parts/when.tsx';

interface Props {
  readonly report: BlastRadius;
  readonly now: number;
}

/** Pushes that are, or may be, the credential's, with verdict, evidence, and what to go back to. */
export function BlastPushes({ report, now }: Props): JSX.Element {
  const used = new Set(report.pushes.map(({ strength }) => strength));
  return (
    <section aria-labelledby="h-pushes">
      <div class="head">
        <h2 id="h-pushes">Pushes that are, or may be, its own</h2>
        <p>Newest first</p>
      </div>
      <Rows
        caption="Pushes"
        columns={[
          { label: 'Push' },
          { label: 'Verdict', kind: 'verdict' },
          { label: 'When' },
          { label: 'Whose' },
          { label: 'Evidence' },
          { label: 'Last trusted before' },
        ]}
        rows={report.pushes.map((push) => ({
          isRogue: push.verdict === 'rogue',
          cells: [
            <Pushed push={push} />,
            push.verdict === null ? <PlainBadge word="Not judged" /> : <VerdictBadge verdict={push.verdict} />,
            <When at={push.at} now={now} form="below" />,
            `${CERTAINTY_WORDS[push.certainty]} (${push.strength}, ${BY_WORDS[push.by]})`,
            <Evidence push={push} />,
            <Before push={push} />,
          ],
        }))}
        none="No push of it was seen in this time. What could not be seen stands at the end."
      />
      {used.size === 0 ? null : (
        <details>
          <summary>How we know whose a push is</summary>
          <dl class="facts gap">
            {[...used].map((strength) => (
              <>
                <dt>{strength}</dt>
                <dd>{STRENGTH_WORDS[strength]}</dd>
              </>
            ))}
          </dl>
        </details>
      )}
    </section>
  );
}

interface PushProps {
  readonly push: ReportPush;
}

function Pushed({ push: { key, image, tag, digest, watched } }: PushProps): JSX.Element {
  const name = tag === '' ? image : `${image}:${tag}`;
  return (
    <>
      {key === null ? name : <a href={pushAddress(key)}>{name}</a>}
      <small>
        {digest === null ? (
          'digest not known'
        ) : (
          <a href={digestAddress(digest)}>
            <Digest digest={digest} />
          </a>
        )}
        {watched ? '' : ', not watched: only a log tells of it'}
      </small>
    </>
  );
}

function Evidence({ push: { evidence, findings, alertId, current } }: PushProps): JSX.Element {
  const now = current === null ? '' : current ? 'the tag points there still' : 'the tag does not point there any more';
  return (
    <>
      {evidence === null
        ? 'none kept'
        : `CI: ${CI_WORDS[evidence.ci]}; signature: ${SIGNATURE_WORDS[evidence.signature]}`}
      <small>
        {[...findings.map(({ code }) => findingTitle(code)), now].filter((text) => text !== '').join(' · ')}{' '}
        {alertId === null ? '' : <a href={`/alerts/A-${alertId}`}>{`A-${alertId}`}</a>}
      </small>
    </>
  );
}

function Before({ push: { trustedBefore } }: PushProps): JSX.Element {
  if (trustedBefore === null) return <span>none known</span>;
  const { digest, how, bySame } = trustedBefore;
  return (
    <>
      <Digest digest={digest} />
      {bySame ? (
        <small>pushed by the same credential</small>
      ) : how === 'baseline' ? (
        <small>at registration</small>
      ) : null}
    </>
  );
}

/** What it did besides. */
export function BlastUses({ report, now }: Props): JSX.Element | null {
  if (report.uses.length === 0) return null;
  return (
    <section aria-labelledby="h-others">
      <div class="head">
        <h2 id="h-others">Other uses</h2>
      </div>
      <Rows
        caption="Other uses"
        columns={[{ label: 'What' }, { label: 'When' }, { label: 'Whose' }]}
        rows={report.uses.map(({ action, image, detail, at, certainty, strength, by }) => ({
          cells: [
            <>
              {ACTION_WORDS[action]}
              <small>
                {[detail?.event, detail?.target ?? image ?? undefined, detail?.tag]
                  .filter((name) => name !== undefined)
                  .join(', ')}
              </small>
            </>,
            <When at={at} now={now} form="below" />,
            `${CERTAINTY_WORDS[certainty]} (${strength}, ${BY_WORDS[by]})`,
          ],
        }))}
        none=""
      />
    </section>
  );
}
