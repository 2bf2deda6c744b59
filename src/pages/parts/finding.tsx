import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Finding } from '../../domain/finding.ts';
import { findingWords, type PushInWords } from '../../notify/words.ts';
import { Icon } from './icon.tsx';

/** A rule that is not satisfied, in the words that Slack uses too. */
export function FindingBlock({
  finding,
  push,
}: {
  readonly finding: Finding;
  readonly push: PushInWords;
}): JSX.Element {
  const { title, explanation, action } = findingWords(finding, push);
  return (
    <div class="finding">
      <h3>
        <Icon name="rogue" />
        {title} <code>{finding.code}</code>
      </h3>
      <p>{explanation}</p>
      <p class="when">{action}</p>
    </div>
  );
}
