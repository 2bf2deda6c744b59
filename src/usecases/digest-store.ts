import type { Verdict } from '../domain/finding.ts';
import type { Week } from '../domain/weekly-summary.ts';

/** How far the counting of a team's week has come. */
export interface DigestProgress {
  readonly teamId: number;
  /** Repositories up to this id are counted. */
  readonly afterRepository: number;
  /** Of the next one, the pushes from this number on; `null`: none. */
  readonly beforeSeq: number | null;
  readonly repositories: number;
  readonly pushes: Readonly<Record<Verdict, number>>;
}

export interface CountedPushes {
  readonly pushes: Readonly<Record<Verdict, number>>;
  /** There are more of that week, before this number; `null`: that was all. */
  readonly goOnBefore: number | null;
}

export interface DigestStore {
  /** A team that has images and was there in that week, and whose summary was not written down yet. */
  next(week: Week): Promise<DigestProgress | null>;
  repositories(teamId: number, after: number, limit: number): Promise<readonly number[]>;
  /** Pushes of the week by verdict, each repository back from a push or from its latest. */
  count(
    asked: readonly { readonly repository: number; readonly beforeSeq: number | null }[],
    week: Week,
  ): Promise<readonly CountedPushes[]>;
  save(progress: DigestProgress, week: Week): Promise<void>;
  /** Writes the message down, once, with what else it tells. */
  finish(progress: DigestProgress, week: Week, now: number): Promise<void>;
}
