import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Verdict } from '../../domain/finding.ts';
import { isImmutableTag, type Policy } from '../../domain/policy.ts';
import { shortName } from '../../notify/slack-text.ts';
import { utcDay } from '../../notify/utc.ts';
import type { TagMove, TagMoves } from '../../store/tag-moves.ts';
import { pushAddress, tagAddress } from '../addresses.ts';
import { Hatch, Legend, percentOf } from '../parts/chart.tsx';
import { ShortDigest } from '../parts/digest.tsx';
import { Icon } from '../parts/icon.tsx';
import { TagStrip } from '../parts/tag-strip.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import { here } from './address.ts';

export const DAYS_SHOWN = 90;
const DAY_MS = 86_400_000;
const CHART = 'tags';
/** Moves of a tag in the table; all of them are on the tag's page. */
const MOVES_LISTED = 2;

interface Props {
  readonly image: string;
  readonly repository: number;
  readonly policy: Policy;
  readonly strips: readonly TagMoves[];
  readonly now: number;
}

/** What each tag pointed at: a band per tag. */
export function Strips(props: Props): JSX.Element | null {
  const { strips, now } = props;
  if (strips.length === 0) return null;
  const since = now - DAYS_SHOWN * DAY_MS;
  return (
    <section aria-labelledby="h-tags">
      <div class="head">
        <h2 id="h-tags">What each tag pointed at</h2>
        <p>
          {DAYS_SHOWN} days to now; a new block is a new digest
          {strips.length < 12 ? '' : '; the 12 tags that moved last'}
        </p>
      </div>
      <div class="panel pad">
        <figure>
          <Hatch chart={CHART} />
          <ul class="strip">
            {strips.map((moves, n) => (
              <StripRow {...props} moves={moves} n={n} since={since} />
            ))}
            <li class="axis" aria-hidden="true">
              <Axis since={since} now={now} />
            </li>
          </ul>
          <figcaption>
            <Legend
              chart={CHART}
              entries={[
                { is: 'trusted', label: 'Trusted' },
                { is: 'pending', label: 'Pending' },
                { is: 'rogue', label: 'Rogue' },
                { is: 'undetermined', label: 'We could not tell' },
                { is: 'baseline', label: 'Was there when watching began' },
                { is: 'none', label: 'No such tag' },
              ]}
            />
            <details>
              <summary>Show tag moves as a table</summary>
              <MovesTable {...props} />
            </details>
          </figcaption>
        </figure>
      </div>
    </section>
  );
}

interface RowProps extends Props {
  readonly moves: TagMoves;
  readonly n: number;
  readonly since: number;
}

function StripRow({ image, repository, policy, moves: { tag, moves }, n, since, now }: RowProps): JSX.Element {
  const last = moves.at(-1);
  return (
    <li>
      <span class="t">
        <a href={here(tagAddress(image, tag))}>
          <code>{shortName(tag)}</code>
        </a>
        {isImmutableTag(policy, tag) ? (
          <small>
            <Icon name="lock" /> must not move
          </small>
        ) : null}
      </span>
      <span class="b">
        <TagStrip id={`tag${n}`} chart={CHART} tag={shortName(tag)} moves={moves} since={since} now={now} />
      </span>
      <span class="r">
        {last === undefined ? null : (
          <a href={pushAddress({ repository, seq: last.seq })}>
            <MoveBadge move={last} />
          </a>
        )}
      </span>
    </li>
  );
}

const WORDS: Readonly<Record<Verdict, string>> = {
  trusted: 'Trusted',
  pending: 'Pending',
  rogue: 'Rogue',
  undetermined: 'Undetermined',
};

function moveWord({ verdict, digest, isBaseline }: TagMove): string {
  if (digest === null) return 'Deleted';
  if (verdict !== null) return WORDS[verdict];
  return isBaseline ? 'Was there before' : 'Not judged';
}

const MoveBadge = ({ move }: { readonly move: TagMove }): JSX.Element =>
  move.verdict === null ? <PlainBadge word={moveWord(move)} /> : <VerdictBadge verdict={move.verdict} />;

function Axis({ since, now }: { readonly since: number; readonly now: number }): JSX.Element {
  const third = (now - since) / 3;
  return (
    <span class="b">
      <svg aria-hidden="true">
        {[0, 1, 2].map((n) => (
          <text x={percentOf(n / 3)} y="13">
            {utcDay(since + n * third)}
          </text>
        ))}
        <text x="100%" y="13" text-anchor="end">
          now
        </text>
      </svg>
    </span>
  );
}

function MovesTable({ strips, now }: Props): JSX.Element {
  return (
    <table>
      <caption class="small">The last moves of each tag; all of them are on the tag’s page</caption>
      <thead>
        <tr>
          <th scope="col">Tag</th>
          <th scope="col">When</th>
          <th scope="col">Digest</th>
          <th scope="col">Verdict</th>
        </tr>
      </thead>
      <tbody>
        {strips.flatMap(({ tag, moves }) =>
          moves
            .slice(-MOVES_LISTED)
            .toReversed()
            .map((move) => (
              <tr>
                <th scope="row">{shortName(tag)}</th>
                <td>
                  <When at={move.at} now={now} form="time" />
                </td>
                <td>{move.digest === null ? '' : <ShortDigest digest={move.digest} />}</td>
                <td>{moveWord(move)}</td>
              </tr>
            )),
        )}
      </tbody>
    </table>
  );
}
