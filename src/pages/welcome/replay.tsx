import type { JSX } from 'hono/jsx/jsx-runtime';
import { notReplayed, REPLAY_WORDS, replayReason, replaySummary } from '../../notify/proposal-words.ts';
import type { ReplayedTag } from '../../usecases/replay-policy.ts';
import type { UnreadTag } from '../../usecases/suggest-policy.ts';
import { Digest } from '../parts/digest.tsx';
import { Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';

export interface Replayed {
  readonly tags: readonly ReplayedTag[];
  readonly unread: readonly UnreadTag[];
  readonly order: 'changed' | 'version';
  readonly knowsPushers: boolean;
}

const UNREAD_SHOWN = 20;

/** What the policy would have said, and the two things that can be done with it. */
export function Aside({
  replayed,
  problem,
}: {
  readonly replayed: Replayed | null;
  readonly problem: string | null;
}): JSX.Element {
  return (
    <section aria-labelledby="h-replay">
      <div class="head">
        <h2 id="h-replay">What it would have said</h2>
      </div>
      <div class="panel pad stack">
        {replayed === null ? (
          <p>{problem ?? 'Not held against the tags that are there.'}</p>
        ) : (
          <>
            <p class="big2">{replaySummary(replayed.tags)}</p>
            <p class="small">
              Of the last {replayed.tags.length} tags that could be read, by{' '}
              {replayed.order === 'version' ? 'their version' : 'when they changed'}. Each is below, with why.
            </p>
            <p class="small muted">{notReplayed(replayed.knowsPushers)}</p>
          </>
        )}
        <div class="btns">
          <button type="submit" class="btn main">
            Use this policy
          </button>
          <button type="submit" class="btn" name="do" value="replay">
            Replay with changes
          </button>
        </div>
        <p class="small muted">Nothing that is there today raises an alarm, and all of it can be changed later.</p>
      </div>
    </section>
  );
}

function SaysBadge({ says }: { readonly says: ReplayedTag['says'] }): JSX.Element {
  const word = REPLAY_WORDS[says];
  switch (says) {
    case 'passes':
      return <VerdictBadge verdict="trusted" word={word} />;
    case 'alarms':
      return <VerdictBadge verdict="rogue" word={word} />;
    case 'unknown':
      return <VerdictBadge verdict="undetermined" word={word} />;
    case 'not-asked':
      return <PlainBadge word={word} />;
  }
}

export function ReplayedTags({ tags, unread }: Replayed): JSX.Element {
  const rows = tags.map((tag) => ({
    isRogue: tag.says === 'alarms',
    cells: [<code>{tag.tag}</code>, <SaysBadge says={tag.says} />, replayReason(tag), <Digest digest={tag.digest} />],
  }));
  const more = unread.length - UNREAD_SHOWN;
  return (
    <section aria-labelledby="h-tags-replayed">
      <div class="head">
        <h2 id="h-tags-replayed">This policy against your last tags</h2>
        <p>As they are now; nothing of this is kept</p>
      </div>
      <Rows
        caption="Tags and what the policy would have said"
        columns={[
          { label: 'Tag' },
          { label: 'Verdict', kind: 'verdict' },
          { label: 'Why' },
          { label: 'Digest', kind: 'wide' },
        ]}
        rows={rows}
        none="No tag could be read."
      />
      {unread.length === 0 ? null : (
        <details>
          <summary>{unread.length === 1 ? '1 tag was not read' : `${unread.length} tags were not read`}</summary>
          <ul class="small">
            {unread.slice(0, UNREAD_SHOWN).map(({ tag, reason }) => (
              <li>
                <code>{tag}</code>: {reason}
              </li>
            ))}
            {more > 0 ? <li>and {more} more</li> : null}
          </ul>
        </details>
      )}
    </section>
  );
}
