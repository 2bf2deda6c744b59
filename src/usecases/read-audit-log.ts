import { isToBeAsked, nextStatus, type PartStatus } from '../domain/source.ts';
import { readRows } from './audit-rows.ts';
import type { LogCursor, PollProgress, Source } from './credential-stores.ts';
import {
  advanced,
  endsPoll,
  goOn,
  later,
  overtaken,
  type Poll,
  type PollDependencies,
  refusedStatus,
  type Step,
  stop,
} from './poll-steps.ts';
import type { AuditRow } from './registry-accounts.ts';

/** Rows appear in the log late, with the time of what they tell: what is younger than this is read again. */
export const LATE_ROWS_MS = 2 * 3_600_000;
/** What is read when a log is read for the first time: history, which alarms nobody. */
export const HISTORY_MS = 30 * 86_400_000;
/** How far back is looked when nobody knows where the last reading ended. */
const LOST_MS = 24 * 3_600_000;
/** Pages (of up to 100 rows) that are read and written together. */
const PAGES_AT_ONCE = 10;
/** Pages of one poll. */
const MOST_PAGES = 200;

type LogProgress = NonNullable<PollProgress['log']>;

/**
 * Reads the audit log from where the last poll ended, and a while before that, since rows come late. The row where it
 * ended must be there again, or nobody knows what else is missing: that is told, and never taken for a new beginning.
 */
export async function readAuditLog(deps: PollDependencies, poll: Poll): Promise<Step> {
  const { source, session, save, progress } = poll;
  const status = save.status['audit-log'];
  if (!isToBeAsked(status, deps.clock.now())) return end(deps, poll, status);
  const account = source.organization === '' ? source.account : source.organization;
  const log = progress.log ?? beginning(source, deps.clock.now());
  const rows: AuditRow[] = [];
  for (let { page } = progress; ; page += 1) {
    const query = { from: log.from, to: progress.startedAt, page };
    const answer = await deps.hub.auditLog(session, account, query, deps.requests);
    if (answer.kind !== 'found') {
      // What was read before the trouble is written; the page that failed is asked for again.
      if (rows.length > 0) return write(deps, poll, log, rows, { page, more: true });
      if (answer.kind === 'out-of-requests') return later(deps, { ...poll, progress: { ...progress, log } });
      if (endsPoll(answer)) return stop(deps, poll, 'audit-log', answer);
      return end(deps, poll, refusedStatus(poll, 'audit-log', answer, deps.clock.now()));
    }
    rows.push(...answer.value.rows);
    const more = answer.value.more && page < MOST_PAGES;
    if (!more || page - progress.page + 1 >= PAGES_AT_ONCE)
      return write(deps, poll, log, rows, { page: page + 1, more });
  }
}

function beginning({ cursor, createdAt }: Source, now: number): LogProgress {
  if (cursor === null) return { from: Math.max(0, createdAt - HISTORY_MS), met: true, newest: null };
  if (cursor === 'lost') return { from: now - LOST_MS, met: false, newest: null };
  return { from: cursor.at - LATE_ROWS_MS, met: cursor.key === '', newest: cursor };
}

async function write(
  deps: PollDependencies,
  poll: Poll,
  log: LogProgress,
  rows: readonly AuditRow[],
  { page, more }: { readonly page: number; readonly more: boolean },
): Promise<Step> {
  const { source } = poll;
  const { cursor } = source;
  const now = deps.clock.now();
  const read = await readRows(deps.store, source, rows, now);
  const met = log.met || (cursor !== null && cursor !== 'lost' && read.some(({ key }) => key === cursor.key));
  const newest = read.reduce(
    (last: LogCursor | null, { row: { at }, key }) => (last === null || at > last.at ? { at, key } : last),
    log.newest,
  );
  const progress = { ...poll.progress, page, log: { from: log.from, met, newest } };
  if (more) {
    const isSaved = await deps.store.saveLog(source, read, { ...poll.save, progress, nextPollAt: now }, now);
    return isSaved ? advanced({ ...poll, progress }) : overtaken(poll);
  }
  await reportGap(deps, source, met, now);
  const status = nextStatus(poll.save.status['audit-log'], 'ok', met ? null : GAP, now);
  const ended = goOn(poll, 'audit-log', status, {}).save;
  // A log without a row has been read up to now all the same.
  const end: LogCursor = newest ?? { at: poll.progress.startedAt, key: '' };
  const save = { ...ended, ...finished(deps, poll), cursor: end, progress: null };
  return (await deps.store.saveLog(source, read, save, now)) ? { is: 'done', status: save.status } : overtaken(poll);
}

/** Said of a log whose last known row is not there any more. */
const GAP = 'The row where the last reading ended is not in the log any more.';

/** Told before what was read is saved: then the gap could not be seen any more. */
async function reportGap({ health }: PollDependencies, source: Source, met: boolean, now: number): Promise<void> {
  const { cursor, teamId, status } = source;
  const since = cursor === null || cursor === 'lost' ? null : cursor.at;
  const account = source.organization === '' ? source.account : source.organization;
  const fact = { kind: 'audit-log-gap', account, since } as const;
  if (!met) await health.raise(teamId, fact, now);
  else if (status['audit-log'].reason === GAP) await health.settle(teamId, fact, now);
}

function finished(
  deps: PollDependencies,
  { progress }: Poll,
): { readonly polledAt: number; readonly nextPollAt: number } {
  return { polledAt: progress.startedAt, nextPollAt: Math.max(progress.startedAt + deps.everyMs, deps.clock.now()) };
}

/** There is no log to be read now: the poll is over, and the log begins next time where it was left. */
async function end(deps: PollDependencies, poll: Poll, status: PartStatus): Promise<Step> {
  const { save } = goOn(poll, 'audit-log', status, {});
  const done = { ...save, ...finished(deps, poll), progress: null };
  return (await deps.store.save(poll.source, done)) ? { is: 'done', status: save.status } : overtaken(poll);
}
