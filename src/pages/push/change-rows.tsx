import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { KnownContents, Spelling } from '../../domain/image-contents.ts';
import { missingWords, spellingWords } from '../../notify/change-words.ts';
import { Icon } from '../parts/icon.tsx';
import { type Row, Rows } from '../parts/rows.tsx';

/** Pieces of what is told of a change. */

export const Parts = ({
  caption,
  rows,
  none,
}: {
  readonly caption: string;
  readonly rows: readonly Row[];
  readonly none: string;
}): JSX.Element => (
  <Rows caption={caption} columns={[{ label: 'Part' }, { label: 'Before and after' }]} rows={rows} none={none} />
);

/** One line each for what was and what is. */
export function BeforeAfter({ before, after }: { readonly before: Child; readonly after: Child }): JSX.Element {
  return (
    <>
      <del>{before}</del>
      <ins>{after}</ins>
    </>
  );
}

export const row = (title: string, shown: Child): Row => ({ cells: [title, shown] });

/** What is not known is told, and never as nothing. */
export function Missing({
  name,
  known,
  now,
}: {
  readonly name: string;
  readonly known: KnownContents;
  readonly now: number;
}): JSX.Element | null {
  if (known.state === 'present') return null;
  return (
    <p class="note">
      <Icon name={known.state === 'waiting' ? 'pending' : 'undetermined'} />
      <span>
        <b>{name}:</b> {missingWords(known, now)} That does not mean that nothing changed.
      </span>
    </p>
  );
}

export function Odd({ spelling }: { readonly spelling: Spelling }): JSX.Element | null {
  const words = spellingWords(spelling);
  return words === null ? null : (
    <p class="note">
      <Icon name="wrong" />
      <span>
        <b>Oddly written.</b> {words}
      </span>
    </p>
  );
}
