import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Verdict } from '../../domain/finding.ts';
import { Icon } from './icon.tsx';

const WORDS: Readonly<Record<Verdict, string>> = {
  trusted: 'Trusted',
  pending: 'Pending',
  rogue: 'Rogue',
  undetermined: 'Undetermined',
};

/** Icon and word, always both. `word`: another word of the same weight ("All quiet", "We are blind"). */
export function VerdictBadge({ verdict, word }: { readonly verdict: Verdict; readonly word?: string }): JSX.Element {
  return (
    <span class={`v v-${verdict}`}>
      <Icon name={verdict} />
      {word ?? WORDS[verdict]}
    </span>
  );
}

/** A state that is no verdict: it has no colour. */
export function PlainBadge({ word }: { readonly word: string }): JSX.Element {
  return <span class="v v-plain">{word}</span>;
}
