import type { CiClaims } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import type { Announcement } from '../domain/evidence.ts';
import type { Policy } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';

export interface AnnouncementTarget {
  readonly repository: number;
  readonly teamId: number;
  readonly policy: Policy;
}

export interface NewAnnouncement {
  readonly target: AnnouncementTarget;
  readonly source: 'ci' | 'maintainer';
  readonly phase: Announcement['phase'];
  readonly digest: Digest | null;
  readonly tags: readonly string[];
  readonly allowed: boolean;
  readonly run: string;
  readonly claims: CiClaims | null;
  readonly reason: string | null;
  readonly at: number;
  readonly expiresAt: number;
}

export interface AnnouncementStore {
  /** Every team's repositories that watch this image. */
  targets(image: ImageName): Promise<AnnouncementTarget[]>;
  /**
   * Spends the token and writes the announcements, all or nothing; `finished` closes the run's windows.
   * Answers `false`, and writes nothing, if the token was spent before.
   */
  record(
    token: { readonly id: string; readonly expiresAt: number } | null,
    announcements: readonly NewAnnouncement[],
  ): Promise<boolean>;
}
