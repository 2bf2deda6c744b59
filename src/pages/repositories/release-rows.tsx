import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { ciInBrief, signatureInBrief, strengthInWords, strengthOf } from '../../notify/release-words.ts';
import { shortName } from '../../notify/slack-text.ts';
import type { ReleasePush } from '../../store/release-pushes.ts';
import { credentialAddress, digestAddress, pushAddress } from '../addresses.ts';
import { ShortDigest } from '../parts/digest.tsx';
import { pushWhy } from '../parts/push-why.tsx';
import { type Row, Rows } from '../parts/rows.tsx';
import { PlainBadge, VerdictBadge } from '../parts/verdict-badge.tsx';
import { When } from '../parts/when.tsx';
import type { Release } from '../releases.ts';

interface Props {
  readonly caption: string;
  readonly releases: readonly Release<ReleasePush>[];
  readonly now: number;
  /** What it means that there are none. */
  readonly none: Child;
}

const TAGS_SHOWN = 5;

/** Releases with who made them and what speaks for them; each leads to its push. */
export function ReleaseRows({ caption, releases, now, none }: Props): JSX.Element {
  return (
    <Rows
      caption={caption}
      columns={[
        { label: 'Release' },
        { label: 'Verdict', kind: 'verdict' },
        { label: 'Pushed' },
        { label: 'Digest' },
        { label: 'Pushed by' },
        { label: 'Evidence' },
      ]}
      rows={releases.map((release) => rowOf(release, now))}
      none={none}
    />
  );
}

function rowOf({ push, tags }: Release<ReleasePush>, now: number): Row {
  const isDeletion = push.kind === 'deleted';
  return {
    isRogue: push.verdict === 'rogue',
    cells: [
      <>
        <a href={pushAddress(push)}>{tagsInWords(tags)}</a>
        {push.previousDigest === null || isDeletion ? null : (
          <small>
            moved from <ShortDigest digest={push.previousDigest} />
          </small>
        )}
      </>,
      isDeletion ? <PlainBadge word="Tag deleted" /> : <Verdict push={push} />,
      <When at={push.receivedAt} now={now} form="below" />,
      <DigestLink push={push} />,
      <Pusher push={push} />,
      isDeletion ? 'Found by our sweep' : <Evidence push={push} now={now} />,
    ],
  };
}

function tagsInWords(tags: readonly string[]): string {
  if (tags.length === 0) return 'without a tag';
  const more = tags.length - TAGS_SHOWN;
  return `${tags.slice(0, TAGS_SHOWN).map(shortName).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

export function Verdict({ push }: { readonly push: Pick<ReleasePush, 'verdict' | 'origin'> }): JSX.Element {
  if (push.verdict !== null) return <VerdictBadge verdict={push.verdict} />;
  return <PlainBadge word={push.origin === 'baseline' ? 'Was there before' : 'Not judged'} />;
}

export function DigestLink({ push }: { readonly push: Pick<ReleasePush, 'digest' | 'kind'> }): JSX.Element {
  if (push.digest === null) return <>{push.kind === 'deleted' ? 'none' : 'not read yet'}</>;
  return (
    <a href={digestAddress(push.digest)}>
      <ShortDigest digest={push.digest} />
    </a>
  );
}

/** The account, and the token with how surely it is the one. */
export function Pusher({ push }: { readonly push: ReleasePush }): JSX.Element {
  const { pusher, actorId, attribution, origin, tokens } = push;
  if (origin === 'baseline') return <>not known</>;
  const { strength, by } = strengthOf(attribution, origin, actorId !== null);
  const name = attribution?.account ?? pusher?.name ?? 'not named';
  return (
    <>
      {actorId === null ? name : <a href={credentialAddress(actorId)}>{name}</a>}
      <small>
        {tokens.map((token, n) => (
          <>
            {n === 0 ? '' : ', '}
            <a href={credentialAddress(token.id)}>{token.name === '' ? 'a token without a label' : token.name}</a>
          </>
        ))}
        {tokens.length === 0 ? '' : ', '}
        {strengthInWords(strength, by)}
      </small>
    </>
  );
}

function Evidence({ push, now }: { readonly push: ReleasePush; readonly now: number }): JSX.Element {
  const { verdict, evidence, run } = push;
  const known = (
    <>
      {signatureInBrief(evidence)} · <Run words={ciInBrief(evidence)} address={evidence?.ci?.run ?? run} />
    </>
  );
  if (verdict === 'trusted') return known;
  return (
    <>
      {pushWhy(push, now)}
      <small>{known}</small>
    </>
  );
}

/** Whoever announced it chose the address: only one of the web is a link. */
function Run({ words, address }: { readonly words: string; readonly address: string | null }): JSX.Element | string {
  if (address === null || !address.startsWith('https://')) return words;
  return (
    <a href={address} rel="noreferrer">
      {words}
    </a>
  );
}
