import { SIGN_IN_BEFORE_MS, SKEW_MS } from '../domain/deduce.ts';
import { disarmedAlert } from '../domain/disarmed.ts';
import type { WatchFinding } from '../domain/finding.ts';
import { disarmedBy } from './audit-rows.ts';
import type { NewWatchAlert, Review, ReviewStore, Source, UnreviewedUse } from './credential-stores.ts';
import type { Clock, Wakeups } from './ports.ts';

export interface ReviewDependencies {
  readonly store: ReviewStore;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

/** Credentials that are looked at together. */
const AT_ONCE = 20;
/** What explains a use (a push, an announcement, a run) may come so long after we learnt of it, in ms. */
const EXPLAINED_WITHIN_MS = 10 * 60_000;

/**
 * Looks at uses of watched credentials that nobody has looked at: a decoy's are told at once; those of a token that only
 * CI uses, once whatever explains them had its time. Raised and marked in one batch: nothing is told twice or lost.
 */
export async function reviewCredentials(deps: ReviewDependencies): Promise<void> {
  const reviews = await deps.store.due(deps.clock.now(), AT_ONCE);
  for (const review of reviews) await reviewOne(deps, review);
}

async function reviewOne(deps: ReviewDependencies, review: Review): Promise<void> {
  const now = deps.clock.now();
  const decided = review.uses.filter(({ seenAt }) => review.mark === 'canary' || now - seenAt >= EXPLAINED_WITHIN_MS);
  const waiting = review.uses.filter((use) => !decided.includes(use)).map(({ seenAt }) => seenAt + EXPLAINED_WITHIN_MS);
  const alerts = [...canaryAlert(review, decided), ...(await outsideCi(deps, review, decided))];
  await deps.store.save(review, decided, alerts, waiting.length === 0 ? null : Math.min(...waiting), now);
  if (alerts.length > 0) await deps.wakeups.notifications();
}

/** The last use, and since when there are others. */
function summary(uses: readonly UnreviewedUse[]): (UnreviewedUse & { readonly first?: number }) | undefined {
  const [last, ...others] = uses.toSorted((a, b) => b.at - a.at);
  if (last === undefined || others.length === 0) return last;
  return { ...last, first: Math.min(...uses.map(({ at, since }) => since ?? at)) };
}

function canaryAlert(review: Review, uses: readonly UnreviewedUse[]): NewWatchAlert[] {
  const last = summary(uses);
  if (review.mark !== 'canary' || last === undefined) return [];
  const { action, detail } = last;
  const use = action === 'use' ? null : (detail?.event ?? action);
  return [alertOf(review, { code: 'canary-used', token: tokenOf(review), ...timesOf(last), use })];
}

async function outsideCi(
  deps: ReviewDependencies,
  review: Review,
  uses: readonly UnreviewedUse[],
): Promise<NewWatchAlert[]> {
  const own = uses.filter(({ action }) => action === 'use');
  if (!review.ciOnly || own.length === 0) return [];
  const times = own.map(({ at, since }) => ({ from: (since ?? at) - SKEW_MS, to: at + SIGN_IN_BEFORE_MS }));
  const explained = await deps.store.explained(review, times);
  const last = summary(own.filter((_, n) => explained[n] === false));
  if (last === undefined) return [];
  return [alertOf(review, { code: 'token-used-outside-ci', token: tokenOf(review), ...timesOf(last) })];
}

const timesOf = ({ since, at, first }: Pick<UnreviewedUse, 'since' | 'at'> & { readonly first?: number }) =>
  first === undefined ? { since, at } : { since, at, first };

const tokenOf = ({ credential, kind, name }: Review) => ({ id: credential, kind, name });

function alertOf(review: Review, finding: Extract<WatchFinding, { readonly token: unknown }>): NewWatchAlert {
  const { teamId, credential, account } = review;
  const facts = {
    about: 'credential',
    credential: finding.token,
    account,
    findings: [finding],
    at: finding.at,
  } as const;
  return { teamId, subject: `credential ${credential} ${finding.code}`, facts };
}

/** Tells of changes of settings that a source's log shows, and that take a protection away. */
export async function tellChanges(deps: ReviewDependencies, source: Source): Promise<void> {
  const rows = await deps.store.changes(source, 50);
  if (rows.length === 0) return;
  const alerts = rows.flatMap(({ key, action, name, actor, at }): NewWatchAlert[] => {
    const change = disarmedBy(action);
    return change === null ? [] : [disarmedAlert(source.teamId, key, { change, target: name, actor, at })];
  });
  await deps.store.saveChanges(rows, alerts, deps.clock.now());
  await deps.wakeups.notifications();
}
