import { isQuiet, type WeeklySummary } from '../domain/weekly-summary.ts';
import { count } from './burst-words.ts';
import { healthWords } from './health-words.ts';
import { utcMinute } from './utc.ts';

/** What is said of a week, as plain text with names as they came. */
export interface DigestWords {
  readonly title: string;
  readonly what: string;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly footer: string;
}

const BLIND_LISTED = 8;

export function digestWords(summary: WeeklySummary): DigestWords {
  const { week, pushes, repositories } = summary;
  const all = pushes.trusted + pushes.rogue + pushes.undetermined + pushes.pending;
  const where = `${count(all, 'push')} to ${count(repositories, 'repository')}`;
  const verdicts = (['trusted', 'rogue', 'undetermined', 'pending'] as const)
    .filter((verdict) => pushes[verdict] > 0)
    .map((verdict) => `${pushes[verdict]} ${verdict}`);
  const quiet = isQuiet(summary);
  return {
    title: quiet ? `All quiet in week ${week.name}` : `Week ${week.name}`,
    what: quiet ? `${where}, all trusted.` : `${where}${all === 0 ? '' : `: ${verdicts.join(', ')}`}.`,
    facts: [
      { label: 'Alerts', value: alertsInWords(summary.alerts) },
      { label: 'Could we see?', value: sightInWords(summary) },
      { label: 'Does the alarm work?', value: testInWords(summary.tested) },
    ],
    footer: 'Sent Mondays after 08:00 UTC, also when quiet: if it does not come, something is wrong.',
  };
}

function alertsInWords({ opened, open, closed }: WeeklySummary['alerts']): string {
  if (opened === 0) return 'None.';
  const ends = [
    [open, 'still open'],
    [closed.cleared, 'cleared'],
    [closed.expected, 'expected'],
    [closed.incident, 'closed as incidents'],
  ] as const;
  return `${opened} opened: ${ends.flatMap(([n, what]) => (n > 0 ? [`${n} ${what}`] : [])).join(', ')}.`;
}

function sightInWords({ blind, moreBlind }: WeeklySummary): string {
  if (blind.length === 0) return 'Yes, all week.';
  const listed = blind
    .slice(0, BLIND_LISTED)
    .map(
      ({ fact, from, to }) =>
        `${healthWords(fact).title}, ${utcMinute(from)} ${to === null ? 'until now' : `to ${utcMinute(to)}`}`,
    );
  const more = blind.length - listed.length + moreBlind;
  return `Not all of it: ${listed.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`;
}

function testInWords(tested: WeeklySummary['tested']): string {
  if (tested === null) return 'Never tested: send a test alert.';
  return `Tested ${utcMinute(tested.at)}, ${tested.seenBy === null ? 'and nobody said that they saw it' : `seen by ${tested.seenBy}`}.`;
}
