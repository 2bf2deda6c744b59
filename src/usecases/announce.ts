import type { CiClaims } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import type { Announcement } from '../domain/evidence.ts';
import { allowsCi } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';
import type { AnnouncementStore, AnnouncementTarget, NewAnnouncement } from './announcement-store.ts';
import type { CiTokens, Clock, RateLimiter, Wakeups } from './ports.ts';
import { InvalidCiToken } from './ports.ts';
import type { CheckStore } from './stores.ts';

export interface AnnounceDependencies {
  readonly tokens: CiTokens;
  readonly store: AnnouncementStore;
  readonly checks: CheckStore;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
  /** By the source repository whose job announces. */
  readonly limit: RateLimiter;
}

/** A genuine token of a source repository that announces too much: its jobs' tokens stay good for later. */
export class TooManyAnnouncements extends Error {
  override readonly name = 'TooManyAnnouncements';
}

/** What a CI job says: it starts, it pushed a digest under tags, it ended. */
export interface AnnouncementInput {
  readonly phase: Announcement['phase'];
  readonly image: ImageName;
  readonly digest: Digest | null;
  readonly tags: readonly string[];
}

export type AnnounceResult =
  | {
      readonly accepted: true;
      readonly repositories: number;
      readonly windowEndsAt: number | null;
      readonly claims: CiClaims;
    }
  /** The token is genuine, and no policy of a repository that watches this image names its job. */
  | { readonly accepted: false; readonly claims: CiClaims };

/**
 * Records a CI job's word about an image, proven by its OIDC token. It may come before or after the webhook: whatever
 * it can change is judged again.
 * @throws InvalidCiToken for a token that is not valid, or was used before; TooManyAnnouncements.
 */
export async function announce(
  deps: AnnounceDependencies,
  token: string,
  input: AnnouncementInput,
): Promise<AnnounceResult> {
  const now = deps.clock.now();
  const verified = await deps.tokens.verify(token, now);
  const { claims } = verified;
  // Anyone with a CI account can mint tokens for this audience: the limit is theirs, and nobody else's.
  if (!(await deps.limit.take(`${claims.oidcIssuer} ${claims.repositoryId}`)))
    throw new TooManyAnnouncements(`Too many announcements come from jobs of ${claims.repository}.`);
  const targets = await deps.store.targets(input.image);
  const allowed = targets.filter((target) => allowsCi(target.policy, claims));
  // A genuine token of somebody else's job is a finding only if it names a digest that was pushed here.
  const strangers =
    allowed.length > 0 || input.phase !== 'pushed' ? [] : targets.filter(({ policy }) => policy.ci.mode !== 'off');
  const announcements = [
    ...allowed.map((target) => newAnnouncement(target, input, claims, true, now)),
    ...strangers.map((target) => newAnnouncement(target, input, claims, false, now)),
  ];
  // Nothing is kept of a token that nobody asked for: anyone with a CI account can mint them.
  if (announcements.length === 0) return { accepted: false, claims };
  const spent = { id: `${claims.oidcIssuer} ${verified.jti}`, expiresAt: verified.expiresAt };
  if (!(await deps.store.record(spent, announcements))) {
    throw new InvalidCiToken('This token was used before: ask for a new one for each announcement.');
  }
  await Promise.all([...allowed, ...strangers].map((target) => wakeConcerned(deps, target.repository, input, now)));
  if (allowed.length === 0) return { accepted: false, claims };
  const windowEndsAt = input.phase === 'started' ? Math.max(...announcements.map((each) => each.expiresAt)) : null;
  return { accepted: true, repositories: allowed.length, windowEndsAt, claims };
}

function newAnnouncement(
  target: AnnouncementTarget,
  input: AnnouncementInput,
  claims: CiClaims,
  allowed: boolean,
  now: number,
): NewAnnouncement {
  return {
    target,
    source: 'ci',
    phase: input.phase,
    digest: input.digest,
    tags: input.tags,
    allowed,
    run: `${claims.oidcIssuer} ${claims.repositoryId} ${claims.run}`,
    claims,
    reason: null,
    at: now,
    expiresAt: now + target.policy.ci.windowSeconds * 1000,
  };
}

const RECENT_MS = 48 * 3_600_000;

/** A digest concerns its pushes; a window that closes concerns every push that waits for it. */
async function wakeConcerned(
  deps: AnnounceDependencies,
  repository: number,
  input: AnnouncementInput,
  now: number,
): Promise<void> {
  if (input.phase === 'started' && input.digest === null) return;
  const byDigest = input.digest === null ? [] : await deps.checks.openPushes(repository, input.digest, now - RECENT_MS);
  const waiting = input.phase === 'finished' ? await deps.checks.openPushes(repository, null, now - RECENT_MS) : [];
  const concerned = new Map([...byDigest, ...waiting].map((key) => [key.seq, key]));
  if (concerned.size > 0) await deps.wakeups.checks([...concerned.values()].map((key) => ({ check: key })));
}
