import type { AttributionStrength } from './credential.ts';

/** Who told of a use of a credential. */
export type SightingSource = 'webhook' | 'token-list' | 'audit-log';

/** What it was used for. `use`: a last-used time moved, and nobody says what for. */
export type SightingAction = 'push' | 'use' | 'tag-delete' | 'settings' | 'token' | 'other';

/** A use of a credential, seen at some time or between two looks. Times are ms since the epoch. */
export interface Sighting {
  readonly at: number;
  /** The earliest moment; `null`: it was at `at` and not before. */
  readonly since: number | null;
  readonly source: SightingSource;
  readonly action: SightingAction;
  readonly strength: Exclude<AttributionStrength, 'unknown'>;
  /** The push it made, if we know that push. */
  readonly repository: number | null;
  readonly seq: number | null;
  /** What else the source says: names, as strangers wrote them. */
  readonly detail: SightingDetail | null;
}

export interface SightingDetail {
  /** The registry's own word for what was done: `repo.tag.delete`. */
  readonly event?: string;
  /** What it was done to. */
  readonly target?: string;
  readonly tag?: string;
  readonly digest?: string;
}
