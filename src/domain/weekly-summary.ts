import type { AlertResolution } from './alert.ts';
import type { Verdict } from './finding.ts';
import type { HealthFact } from './health.ts';

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4 * DAY_MS;

/** What one team's week was like. Sent also when nothing happened: if it does not come, something is wrong. */
export interface WeeklySummary {
  readonly week: Week;
  readonly repositories: number;
  /** Pushes by verdict, all of them. */
  readonly pushes: Readonly<Record<Verdict, number>>;
  readonly alerts: {
    readonly opened: number;
    /** Of those: not closed yet. */
    readonly open: number;
    readonly closed: Readonly<Record<AlertResolution, number>>;
  };
  /** What we could not see or say during the week, and since when; `to` null: it lasts. */
  readonly blind: readonly { readonly fact: HealthFact; readonly from: number; readonly to: number | null }[];
  readonly moreBlind: number;
  readonly tested: { readonly at: number; readonly seenBy: string | null } | null;
}

/** An ISO 8601 week, Monday 00:00 UTC to Monday 00:00 UTC, in ms since the epoch. */
export interface Week {
  /** `2026-W48` */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Monday, 08:00 UTC. */
const SENT_AFTER_MS = 8 * 3_600_000;

/** The week whose summary is due at `now`: on Mondays from 08:00 UTC the one that ended that day; else `null`. */
export function weekDue(now: number): Week | null {
  const end = now - ((((now - FIRST_MONDAY) % WEEK_MS) + WEEK_MS) % WEEK_MS);
  const since = now - end;
  if (since < SENT_AFTER_MS || since >= DAY_MS) return null;
  return { name: weekName(end - WEEK_MS), start: end - WEEK_MS, end };
}

/** By its Thursday: a week belongs to the year that has most of it. */
function weekName(monday: number): string {
  const thursday = monday + 3 * DAY_MS;
  const year = new Date(thursday).getUTCFullYear();
  const number = Math.floor((thursday - Date.UTC(year, 0, 1)) / WEEK_MS) + 1;
  return `${year}-W${String(number).padStart(2, '0')}`;
}

export const NO_PUSHES: Readonly<Record<Verdict, number>> = { pending: 0, trusted: 0, rogue: 0, undetermined: 0 };

/** Nothing to look at: all pushes trusted, no alert, no blindness. */
export function isQuiet({ pushes, alerts, blind }: WeeklySummary): boolean {
  return pushes.rogue + pushes.undetermined + pushes.pending + alerts.opened + blind.length === 0;
}
