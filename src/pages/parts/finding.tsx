import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FindingCode } from '../../domain/finding.ts';
import type { FindingWords } from '../../notify/words.ts';
import { Icon } from './icon.tsx';

interface Props {
  readonly code: FindingCode;
  readonly words: FindingWords;
}

/** A rule that is not satisfied, in the words that Slack uses too. */
export function FindingBlock({ code, words: { title, explanation, action } }: Props): JSX.Element {
  return (
    <div class="finding">
      <h3>
        <Icon name="rogue" />
        {title} <code>{code}</code>
      </h3>
      <p>{explanation}</p>
      <p class="when">{action}</p>
    </div>
  );
}
