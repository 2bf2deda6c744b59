import type { Verdict } from '../domain/finding.ts';
import type { Certainty, SharedUse } from '../domain/use-share.ts';
import type { PushCount, ReportPush, ReportSummary, ScannedUse } from './blast-radius-report.ts';

/** The worst first: a digest counts once, by the worst that was said of it. */
const WORST_FIRST: readonly (Verdict | null)[] = ['rogue', 'undetermined', 'pending', 'trusted', null];

/** Counts pushes by certainty, and tags whose digest to go back to is known. */
export function summaryOf(
  uses: readonly SharedUse<ScannedUse>[],
  restorable: readonly ReportPush[],
  counted: Pick<ReportSummary, 'others' | 'repositories' | 'countedSince'>,
): ReportSummary {
  const count = (certainty: Certainty): PushCount => countOf(uses.filter((each) => each.certainty === certainty));
  return {
    attributed: count('attributed'),
    possible: count('possible'),
    unknown: count('unknown'),
    safeDigests: restorable.filter(({ safe }) => safe !== null).length,
    ...counted,
  };
}

function countOf(uses: readonly SharedUse<ScannedUse>[]): PushCount {
  const pushes = uses.filter(({ use }) => use.action === 'push');
  const worst = new Map<string, number>();
  for (const { use } of pushes) {
    const digest = use.push === null ? use.detail?.digest : use.push.digest;
    if (digest === undefined || digest === null) continue;
    const rank = WORST_FIRST.indexOf(use.push?.verdict ?? null);
    worst.set(digest, Math.min(worst.get(digest) ?? rank, rank));
  }
  const ranks = [...worst.values()];
  const of = (verdict: Verdict | null): number => ranks.filter((rank) => rank === WORST_FIRST.indexOf(verdict)).length;
  return {
    pushes: pushes.length,
    digests: worst.size,
    rogue: of('rogue'),
    undetermined: of('undetermined'),
    pending: of('pending'),
    trusted: of('trusted'),
    notJudged: of(null),
  };
}

/**
 * Pushes to be undone: perhaps the credential's, not trusted, and the tag points there still. One for each tag, the
 * newest. A push whose credential is unknown is to be undone if it is rogue.
 */
export function toRestore(pushes: readonly ReportPush[]): readonly ReportPush[] {
  const wrong = pushes.filter(
    ({ current, verdict, certainty, tag }) =>
      current === true &&
      tag !== '' &&
      (verdict === 'rogue' || (certainty !== 'unknown' && (verdict === 'undetermined' || verdict === 'pending'))),
  );
  const byTag = new Map<string, ReportPush>();
  for (const push of wrong) {
    const tag = `${push.image}:${push.tag}`;
    if (!byTag.has(tag)) byTag.set(tag, push);
  }
  return [...byTag.values()];
}
