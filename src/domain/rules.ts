import { type Case, deadlineAt, findingAt, type Outcome, SATISFIED, settleAt, unavailableAt } from './case.ts';
import { concurrentRun } from './concurrent-run.ts';
import { isToken } from './credential.ts';
import type { CiVouch } from './evidence.ts';
import type { CiMismatchFound, Finding } from './finding.ts';
import { expectsPusher, isImmutableTag } from './policy.ts';
import { type ProvenanceSays, provenanceSays } from './provenance.ts';
import {
  announcedBy,
  ciAbout,
  isAnnounced,
  isExpected,
  isSignedForIt,
  isVouchedFor,
  mayBeExpected,
  namesTag,
  windowEnds,
} from './vouching.ts';
import { runUrl, type WorkflowRun } from './workflow-run.ts';

/**
 * The registry must have what the delivery claims. Absent is a forged delivery, unless somebody whom the policy names
 * made it (it is gone by now, then); unreadable is our failure.
 */
export function registryHasIt(c: Case): Outcome {
  if (isExpected(c) || isAnnounced(c)) return SATISFIED;
  switch (c.evidence.readBack.state) {
    case 'present':
      return SATISFIED;
    case 'absent':
      return findingAt(c, settleAt(c), 'digest', { code: 'forged-delivery' });
    case 'invalid':
    case 'unavailable':
      return unavailableAt(c, deadlineAt(c), 'digest');
  }
}

/** The account is on the repository's list. A manifest pushed by digest may still turn out to be part of an index. */
export function pusherIsExpected(c: Case): Outcome {
  const { policy, push } = c;
  if (isExpected(c)) return SATISFIED;
  const told = unexpectedAccount(c);
  if (told !== null) return { is: 'finding', finding: told };
  if (policy.pushers === null || c.evidence.attribution.account !== null) return SATISFIED;
  // The same image again, by nobody we could name: nothing has changed for anyone.
  if (push.pusher === null && c.evidence.history.unchanged) return SATISFIED;
  if (mayBeExpected(c)) return unavailableAt(c, deadlineAt(c), 'digest');
  if (push.pusher === null) {
    // What only a sweep saw has no pusher: `isReported` answers for it.
    const unnamed = push.origin === 'sweep' || push.origin === 'read-back' || isAnnounced(c);
    return unnamed ? SATISFIED : unavailableAt(c, deadlineAt(c), 'pusher');
  }
  if (expectsPusher(policy, push.pusher)) return SATISFIED;
  const finding: Finding = { code: 'unexpected-pusher', pusher: push.pusher, expected: policy.pushers };
  return push.tag === '' ? findingAt(c, settleAt(c), 'digest', finding) : { is: 'finding', finding };
}

/**
 * What a maintainer says of the account itself, and what the registry's own log says of who pushed: that counts more
 * than an unsigned webhook.
 */
function unexpectedAccount({ policy, push, evidence }: Case): Finding | null {
  const { attribution } = evidence;
  const isLogged = attribution.account !== null;
  const pusher = isLogged ? { name: attribution.account, id: null } : push.pusher;
  const account = isLogged ? attribution.credentials.find(({ kind }) => !isToken(kind)) : evidence.account;
  if (pusher === null) return null;
  const expected = policy.pushers ?? [];
  const mark = account?.mark;
  if (mark === 'unexpected' || mark === 'retired') return { code: 'unexpected-pusher', pusher, expected, marked: mark };
  return isLogged && !expectsPusher(policy, pusher) ? { code: 'unexpected-pusher', pusher, expected } : null;
}

/** A tag that the policy calls immutable stays where it was published. Decided at once. */
export function immutableTagStays(c: Case): Outcome {
  const { policy, push, evidence } = c;
  const { previous, unchanged } = evidence.history;
  if (push.tag === '' || previous === null || unchanged || !isImmutableTag(policy, push.tag)) return SATISFIED;
  if (push.digest === null || push.digest === previous.digest || isExpected(c)) return SATISFIED;
  return { is: 'finding', finding: { code: 'tag-moved', from: previous.digest, to: push.digest } };
}

/**
 * A tag does not go back to a digest it has left, unless CI (after it left) or a maintainer said so: a genuine
 * signature on an old image proves nothing about the tag. Immutable tags have `tag-moved` for this.
 */
export function tagDoesNotRollBack(c: Case): Outcome {
  const { policy, push, evidence } = c;
  const { leftAt, unchanged } = evidence.history;
  if (policy.rollbacks === 'allow' || leftAt === null || unchanged || push.digest === null) return SATISFIED;
  if (isImmutableTag(policy, push.tag) || isExpected(c) || isAnnounced(c)) return SATISFIED;
  return findingAt(c, ciHasSpokenAt(c), 'ci', {
    code: 'tag-rolled-back',
    to: push.digest,
    leftAt,
  });
}

/** A CI job that the policy names made this push. */
export function ciMadeIt(c: Case): Outcome {
  const { policy, push, evidence, now } = c;
  if (policy.ci.mode !== 'require' || push.tag === '' || evidence.history.unchanged) return SATISFIED;
  // What does not exist was made by nobody: `registryHasIt` answers for it.
  if (push.digest === null && evidence.readBack.state === 'absent') return SATISFIED;
  if (isExpected(c) || isAnnounced(c)) return SATISFIED;
  const provenance = provenanceSays(policy, push, evidence.signatures);
  return provenance.is === 'allowed' ? SATISFIED : unannounced(c, provenance, now);
}

/** Who vouches for it by now, the strongest first; `null`: nobody does. */
export function ciVouch(c: Case): CiVouch | null {
  if (isExpected(c)) return { how: 'expected', run: null };
  const announced = announcedBy(c);
  if (announced !== null) return { how: 'announced', run: announced.claims?.runUrl ?? null };
  const provenance = provenanceSays(c.policy, c.push, c.evidence.signatures);
  if (provenance.is === 'allowed') return { how: 'provenance', run: provenance.runUrl };
  const run = c.now >= settleAt(c) && mismatchOf(c, provenance) === null ? runDuring(c) : null;
  return run === null ? null : { how: 'concurrent', run: runUrl(run) };
}

/**
 * A run that was in progress counts where CI does not speak for itself: not for a job that opened a window and ended
 * without naming this digest.
 */
function runDuring(c: Case): WorkflowRun | null {
  if (c.push.digest === null || windowEnds(c).length > 0) return null;
  return concurrentRun(c.policy, c.push, c.evidence.runs);
}

/** Nobody whom the policy names has said so yet. */
function unannounced(c: Case, provenance: ProvenanceSays, now: number): Outcome {
  const { policy, push } = c;
  const about = ciAbout(c);
  const windows = windowEnds(c);
  const open = windows.filter((end) => end > now);
  if (open.length > 0) return { is: 'waiting', want: 'ci', until: Math.max(...open) };
  const digestMayBeKnown = push.digest === null && (mayBeExpected(c) || about.some((a) => a.digest !== null));
  if (digestMayBeKnown) return unavailableAt(c, deadlineAt(c), 'digest');

  const mismatch = mismatchOf(c, provenance);
  const noRun: Finding = { code: 'no-ci-run', announceFirst: policy.ci.announceFirst, jobEnded: windows.length > 0 };
  if (policy.ci.announceFirst) {
    const ended = windows.length > 0 && mismatch !== null;
    return { is: 'finding', finding: ended ? { code: 'ci-mismatch', found: mismatch } : noRun };
  }
  if (mismatch !== null) return findingAt(c, settleAt(c), 'ci', { code: 'ci-mismatch', found: mismatch });
  if (push.digest === null) return unavailableAt(c, deadlineAt(c), 'digest');
  // Weak as it is, it decides only once whatever contradicts it had time to come.
  if (runDuring(c) !== null) return now >= settleAt(c) ? SATISFIED : { is: 'waiting', want: 'ci', until: settleAt(c) };
  if (provenance.is === 'unavailable') return unavailableAt(c, deadlineAt(c), 'ci-lookup');
  const undecided = findingAt(c, deadlineAt(c), 'ci', noRun);
  // A mismatch is looked for again when things have settled, before the deadline.
  return undecided.is === 'waiting' && now < settleAt(c) ? { ...undecided, until: settleAt(c) } : undecided;
}

/** What CI did say, if not this, in its announcements or else in provenance. */
function mismatchOf(c: Case, provenance: ProvenanceSays): CiMismatchFound | null {
  return mismatchFound(c) ?? (provenance.is === 'mismatch' ? provenance.found : null);
}

/** A job nobody named vouches for the digest, or a named one announced another digest. */
function mismatchFound(c: Case): CiMismatchFound | null {
  const { policy, push, evidence } = c;
  const stranger = evidence.announcements.find(
    (a) => a.source === 'ci' && !a.allowed && a.digest !== null && a.digest === push.digest && namesTag(a, push.tag),
  );
  if (stranger?.claims) return { kind: 'workflow', claims: stranger.claims };
  if (push.digest === null) return null;
  const near = push.notBefore - policy.settleSeconds * 1000;
  // Only an announcement that names this tag contradicts it, and not the one of the release before.
  const other = ciAbout(c).find(
    (a) =>
      a.digest !== null &&
      a.digest !== push.digest &&
      a.digest !== evidence.history.previous?.digest &&
      a.tags.includes(push.tag) &&
      a.at >= near,
  );
  return other?.claims && other.digest !== null ? { kind: 'digest', digest: other.digest, claims: other.claims } : null;
}

/**
 * A webhook told of it, or somebody whom the policy names vouches for it. Webhooks of honest pushes get lost, so that it
 * is told no sooner than `no-ci-run` or `unsigned` of the same push would be: at the end of a window, or at the deadline.
 */
export function isReported(c: Case): Outcome {
  if (c.evidence.reported || c.push.tag === '' || isVouchedFor(c) || isSignedForIt(c)) return SATISFIED;
  const isToBeSigned = c.policy.signatures.mode === 'require';
  const at = Math.max(ciHasSpokenAt(c), isToBeSigned ? deadlineAt(c) : 0);
  return findingAt(c, at, 'webhook', { code: 'unreported-push' });
}

/**
 * Whoever may vouch for a push in CI has done so by then, if at all: when things have settled and every job that said it
 * would push has ended, and where CI has until the deadline to speak, at the deadline.
 */
function ciHasSpokenAt(c: Case): number {
  const { mode, announceFirst } = c.policy.ci;
  const untilDeadline = mode === 'require' && !announceFirst;
  return Math.max(untilDeadline ? deadlineAt(c) : settleAt(c), ...windowEnds(c));
}
