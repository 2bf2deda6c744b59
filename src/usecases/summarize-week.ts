import type { Verdict } from '../domain/finding.ts';
import { weekDue } from '../domain/weekly-summary.ts';
import type { DigestProgress, DigestStore } from './digest-store.ts';
import type { Clock, Wakeups } from './ports.ts';

export interface SummarizeDependencies {
  readonly store: DigestStore;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

/** Each is a query that reads at most 2000 rows. */
const REPOSITORIES = 10;

/**
 * One step of the weekly summary, from Monday 08:00 UTC on: counts some repositories, or writes the message down. What is
 * counted is exact whatever its number: it only takes more steps. Answers whether there is more to do.
 */
export async function summarizeWeek({ store, wakeups, clock }: SummarizeDependencies): Promise<boolean> {
  const now = clock.now();
  const week = weekDue(now);
  const progress = week === null ? null : await store.next(week);
  if (week === null || progress === null) return false;
  const repositories = await store.repositories(progress.teamId, progress.afterRepository, REPOSITORIES);
  if (repositories.length === 0) {
    await store.finish(progress, week, now);
    await wakeups.notifications();
    return true;
  }
  const asked = repositories.map((repository, n) => ({ repository, beforeSeq: n === 0 ? progress.beforeSeq : null }));
  const counted = await store.count(asked, week);
  let next = progress;
  for (const [n, repository] of repositories.entries()) {
    const count = counted[n];
    if (count === undefined) break;
    const { pushes, goOnBefore } = count;
    next = { ...next, pushes: add(next.pushes, pushes), beforeSeq: goOnBefore };
    // The rest of a very busy repository comes first in the next step; what was counted after it is counted again.
    if (goOnBefore !== null) break;
    next = { ...next, afterRepository: repository, repositories: next.repositories + 1 };
  }
  await store.save(next, week);
  return true;
}

function add(a: DigestProgress['pushes'], b: DigestProgress['pushes']): Record<Verdict, number> {
  return {
    pending: a.pending + b.pending,
    trusted: a.trusted + b.trusted,
    rogue: a.rogue + b.rogue,
    undetermined: a.undetermined + b.undetermined,
  };
}
