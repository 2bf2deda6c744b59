import type { Digest } from '../domain/digest.ts';
import { digestHex } from '../domain/digest.ts';
import type { Verdict } from '../domain/finding.ts';
import { type PushWeek, pushWeekStart } from '../domain/push-week.ts';
import { utcDay } from './utc.ts';

/** What a picture shows, in sentences, for those who do not see it. Plain text, names as they came. */

/** Worst first, as everywhere. */
export const VERDICTS: readonly Verdict[] = ['rogue', 'undetermined', 'pending', 'trusted'];

export const weekName = ({ week }: PushWeek): string => utcDay(pushWeekStart(week));

const n = (count: number, what: string): string => `${count} ${what}`;

/** `Between 8 and 19 pushes a week. 1 rogue in the week of 23 Dec. This week so far: 3 trusted, 1 pending.` */
export function weeksInWords(weeks: readonly PushWeek[]): string {
  const all = weeks.map((week) => VERDICTS.reduce((sum, verdict) => sum + week[verdict], 0));
  const total = all.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 'No push in these weeks.';
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const usual = least === most ? `${most} pushes in each week` : `Between ${least} and ${most} pushes a week`;
  const odd = (['rogue', 'undetermined'] as const).flatMap((verdict) => {
    const of = weeks.filter((week) => week[verdict] > 0);
    const sum = of.reduce((count, week) => count + week[verdict], 0);
    const [first] = of;
    if (first === undefined) return verdict === 'rogue' ? ['None was rogue.'] : [];
    const where =
      of.length === 1
        ? `in the week of ${weekName(first)}`
        : `in ${of.length} weeks, first in that of ${weekName(first)}`;
    return [`${n(sum, verdict)} ${where}.`];
  });
  const last = weeks.at(-1);
  const now =
    last === undefined
      ? []
      : VERDICTS.filter((verdict) => last[verdict] > 0).map((verdict) => n(last[verdict], verdict));
  return [`${usual}.`, ...odd, `This week so far: ${now.join(', ') || 'none'}.`].join(' ');
}

/** `20 %` of pushes had no signature; `null`: nobody looked. */
export function unsignedInWords({ signed, unsigned }: Pick<PushWeek, 'signed' | 'unsigned'>): string | null {
  const all = signed + unsigned;
  return all === 0 ? null : `${Math.round((unsigned / all) * 100)} %`;
}

/** A stretch of time in which a tag pointed at one digest, as it is drawn. */
export interface StripBlock {
  /** `none`: there was no such tag. */
  readonly is: Verdict | 'baseline' | 'none';
  readonly digest: Digest | null;
  /** Ms since the epoch. */
  readonly from: number;
  /** How many moves it stands for. */
  readonly moves: number;
}

const STATE_WORDS: Readonly<Record<StripBlock['is'], string>> = {
  trusted: 'trusted digest',
  pending: 'pending digest',
  rogue: 'rogue digest',
  undetermined: 'undetermined digest',
  baseline: 'digest found when watching began',
  none: 'no such tag',
};

const TOLD = 6;

/** `Since 18 Dec trusted digest a7634f39; since 23 Dec rogue digest a00659df.` */
export function stripInWords(blocks: readonly StripBlock[]): string {
  if (blocks.length === 0) return 'Nothing is known of it in this time.';
  const more = blocks.length - TOLD;
  const told = blocks.slice(-TOLD).map(({ is, digest, from, moves }) => {
    const what = moves > 1 ? `${moves} digests or more, the worst a ${STATE_WORDS[is]}` : STATE_WORDS[is];
    return `since ${utcDay(from)} ${what}${digest === null || moves > 1 ? '' : ` ${digestHex(digest).slice(0, 8)}`}`;
  });
  const text = `${more > 0 ? `${more} moves before; ` : ''}${told.join('; ')}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
