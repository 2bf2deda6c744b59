import type { Case } from './case.ts';
import type { Announcement } from './evidence.ts';
import { allowsCi, type Policy } from './policy.ts';
import { isSignedSince, provenanceSince, windowBegin } from './provenance.ts';
import { isTrusted } from './trust.ts';

/**
 * What CI said, by a policy: whether a job counts was written down when it spoke, and the policy may have become another
 * since.
 */
export function heldAgainst(policy: Policy, announcement: Announcement): Announcement {
  const { source, claims } = announcement;
  return source === 'ci' && claims !== null ? { ...announcement, allowed: allowsCi(policy, claims) } : announcement;
}

/** A manifest pushed by digest comes before the tag that will lead to it. */
export const namesTag = (a: Announcement, tag: string): boolean =>
  tag === '' || a.tags.length === 0 || a.tags.includes(tag);

/** A maintainer's expectations that were open when the push was made, for its tag. */
function expectations({ push, evidence }: Case): Announcement[] {
  return evidence.announcements.filter(
    (a) =>
      a.source === 'maintainer' &&
      a.digest !== null &&
      (push.tag === '' || a.tags.includes(push.tag)) &&
      a.at <= push.receivedAt &&
      a.expiresAt >= push.notBefore,
  );
}

/** A maintainer expected this tag at this digest: then the push is theirs, whoever made it. */
export function isExpected(c: Case): boolean {
  return c.push.digest !== null && expectations(c).some((a) => a.digest === c.push.digest);
}

/** The registry has not told the digest yet, and a maintainer expects this tag at one. */
export function mayBeExpected(c: Case): boolean {
  return c.push.digest === null && c.evidence.readBack.state !== 'absent' && expectations(c).length > 0;
}

/** Announcements by named CI jobs about this tag that can belong to this push, by time. */
export function ciAbout({ policy, push, evidence }: Case): Announcement[] {
  const since = push.notBefore - policy.ci.windowSeconds * 1000;
  return evidence.announcements.filter((a) => a.source === 'ci' && a.allowed && a.at >= since && namesTag(a, push.tag));
}

/** A job that the policy names said: this tag (or this push) is this digest. */
export function announcedBy(c: Case): Announcement | null {
  // Of a tag that went back: what was said of the digest before the tag left it says nothing about the return.
  const since = c.evidence.history.leftAt ?? Number.NEGATIVE_INFINITY;
  if (c.push.digest === null) return null;
  return ciAbout(c).find((a) => a.digest === c.push.digest && a.at >= since) ?? null;
}

export const isAnnounced = (c: Case): boolean => announcedBy(c) !== null;

/** CI or a maintainer whom the policy names says that this push is theirs. */
export function isVouchedFor(c: Case): boolean {
  return isExpected(c) || isAnnounced(c);
}

/** When the windows that a named CI job opened for this push end. */
export function windowEnds(c: Case): number[] {
  return ciAbout(c)
    .filter((a) => a.phase === 'started' && a.at <= c.push.receivedAt)
    .map((a) => a.closedAt ?? a.expiresAt)
    .filter((end) => end >= c.push.notBefore);
}

/**
 * Whom the policy asks for a signature or provenance gave it around the time of this push. Only a keyless one tells when:
 * one made before says nothing of a push that nobody told of.
 */
export function isSignedForIt({ policy, push, evidence }: Case): boolean {
  const { digest } = push;
  const { signatures } = evidence;
  if (digest === null || signatures === null) return false;
  const since = windowBegin(policy, push);
  if (policy.ci.mode === 'require' && provenanceSince(since, policy, push, signatures).is === 'allowed') return true;
  const found = signatures.found.filter((one) => isSignedSince(one, since));
  const { mode, authorities = [] } = policy.signatures;
  return mode === 'require' && isTrusted(authorities, digest, { ...signatures, found });
}
