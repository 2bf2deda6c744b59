import type { BlastRadius, PushCount } from '../usecases/blast-radius-report.ts';
import type { AnswerWords } from './answer-words.ts';
import { utcMinute } from './utc.ts';

/** The three answers of a report about a credential, before its tables. */

const pushes = (count: number): string => (count === 1 ? '1 push' : `${count} pushes`);

const bad = ({ rogue, undetermined, pending }: PushCount): string => {
  const parts = [
    rogue === 0 ? '' : `${rogue} rogue`,
    undetermined === 0 ? '' : `${undetermined} undetermined`,
    pending === 0 ? '' : `${pending} pending`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'No digest of them is rogue or undecided.' : `Of the digests: ${parts.join(', ')}.`;
};

/** What is certain first; what may be its own is never left out. */
export function pushesAnswer({ summary, span }: BlastRadius): AnswerWords {
  if (summary === null) return { answer: 'Counted on the first page', why: 'This page has what is older.' };
  const { attributed, possible, unknown, countedSince } = summary;
  const maybe = possible.pushes + unknown.pushes;
  const since = countedSince > span.from ? ` Counted since ${utcMinute(countedSince)} only: narrow the time.` : '';
  const others =
    maybe === 0
      ? 'No other push of its account is in doubt.'
      : `${pushes(maybe)} of its account may be its own: look at them too.`;
  return {
    answer:
      attributed.pushes === 0 ? 'No push that is surely its own' : `${pushes(attributed.pushes)}, ${bad(attributed)}`,
    why: `${others}${since}`,
  };
}

export function reachAnswer({ reach }: BlastRadius): AnswerWords {
  const count = reach.repositories.length;
  const answer = count === 0 ? 'No watched repository' : count === 1 ? '1 repository' : `${count} repositories`;
  if (reach.mayPush === false)
    return {
      answer,
      why: 'As its registry says now, it has no scope that lets it push. What is listed was seen nonetheless.',
    };
  const open = reach.open.length === 0 ? '' : ` Granted besides, and not watched: ${reach.open.length}.`;
  return {
    answer,
    why: `${reach.mayPush === null ? 'The registry does not say whether it may push.' : 'It may push.'}${open}`,
  };
}

export function coveredAnswer({ notCovered }: BlastRadius): AnswerWords {
  const count = notCovered.length;
  return {
    answer: count === 1 ? '1 thing' : `${count} things`,
    why: 'Listed at the end. Never to be read as: nothing happened.',
  };
}
