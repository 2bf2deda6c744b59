import { evaluate, evaluatePusher } from '../domain/evaluate.ts';
import type { CiVouch, PushEvidence, PushFacts } from '../domain/evidence.ts';
import type { Judgement, Verdict } from '../domain/finding.ts';
import { ciVouch } from '../domain/rules.ts';
import { alertChange } from './alert-changes.ts';
import type { Observed } from './observe.ts';
import type { AlertChange, CheckedPush, DigestPast, KeptEvidence, PushToCheck } from './stores.ts';

/** Registries and signers are asked again after these many seconds, the last one repeating until the deadline. */
const BACKOFF_SECONDS = [2, 5, 15, 30, 60, 120, 300];
/** What stayed undetermined for want of an answer is tried this long, at the slowest pace. */
const GIVE_UP_MS = 24 * 3_600_000;

/** A judged push and what it changes about alerts. */
export interface Judged {
  readonly checked: CheckedPush;
  readonly change: AlertChange | null;
}

/** Judges one push with everything known at `now`. No I/O. */
export function judge(observed: Observed, past: DigestPast, now: number): Judged {
  const { push, kind } = observed;
  if (kind === 'artifact' || kind === 'child') return { checked: folded(observed, now), change: null };
  if (push.verdict === 'trusted') return rejudge(observed, past, now);
  const history = push.evidence?.history ?? historyOf(observed, past);
  const c = { policy: push.policy, push: factsOf(observed), evidence: evidenceOf(observed, past, history), now };
  const judgement = evaluate(c.policy, c.push, c.evidence, now);
  const ci = push.policy.ci.mode === 'off' ? null : ciVouch(c);
  const checked = checkedPush(observed, history, judgement, ci, now);
  return { checked, change: alertChange(checked, past, judgement.next, now) };
}

const NO_EVIDENCE: KeptEvidence = { history: null, readBack: null, announcement: null, signatures: null, wants: [] };

/** It became known who pushed what was trusted: nothing else is judged again, as the tag may have moved on since. */
function rejudge(observed: Observed, past: DigestPast, now: number): Judged {
  const { push } = observed;
  const history = { previous: past.before?.previous ?? null, leftAt: null, unchanged: true };
  const judgement = evaluatePusher(push.policy, factsOf(observed), evidenceOf(observed, past, history), now);
  const common = { kind: push.kind, nextAt: null, movesTag: null, trustsTag: false } as const;
  if (judgement.findings.length === 0) {
    const { evidence } = push;
    const same = { ...base(observed, now), ...common, verdict: 'trusted', findings: [], evidence } as const;
    return { checked: { ...same, distrustsTag: false }, change: null };
  }
  // What the tag went back to before is safe, this is not.
  const tagState = push.tagState === null ? null : { ...push.tagState, safe: past.before?.safe ?? null };
  const again: Observed = { ...observed, push: { ...push, tagState } };
  const { verdict, findings } = judgement;
  const evidence = {
    ...(keptEvidence(again, history, judgement, push.evidence?.ci ?? null) ?? NO_EVIDENCE),
    reopened: true,
  } as const;
  const checked: CheckedPush = { ...base(again, now), ...common, verdict, findings, evidence, distrustsTag: true };
  return { checked, change: alertChange(checked, past, null, now) };
}

/** Parts of an index and signatures are never judged as images: they belong to another push. */
function folded(observed: Observed, now: number): CheckedPush {
  return {
    ...base(observed, now),
    verdict: null,
    findings: [],
    evidence: null,
    nextAt: null,
    movesTag: observed.confirmed ? { leftAt: null, previous: previousOf(observed) } : null,
    trustsTag: false,
    distrustsTag: false,
  };
}

const base = ({ push, digest, kind, confirmed, subject }: Observed, now: number) => ({
  push,
  digest,
  kind,
  subject,
  confirmedAt: push.confirmedAt ?? (confirmed ? now : null),
  attempts: push.attempts + 1,
});

function previousOf({ push, digest }: Observed): NonNullable<CheckedPush['movesTag']>['previous'] {
  const { tagState } = push;
  if (tagState === null || tagState.digest === null) return null;
  return tagState.digest === digest ? tagState.previous : { digest: tagState.digest, at: tagState.changedAt };
}

/** What the tag was, at the moment the push is read back. A second push of an undecided digest is part of the first. */
function historyOf(observed: Observed, past: DigestPast): NonNullable<KeptEvidence['history']> {
  const { push, digest, confirmed } = observed;
  const { tagState } = push;
  const previous = previousOf(observed);
  if (tagState === null || digest === null) return { previous, leftAt: null, unchanged: false };
  if (tagState.digest === digest) return { previous, leftAt: tagState.leftAt, unchanged: tagState.settled };
  return { previous, leftAt: past.hadBefore && confirmed ? tagState.changedAt : null, unchanged: false };
}

/** What rules look at of a push. */
export function factsOf({ push, digest, kind }: Observed): PushFacts {
  const { key, tag, origin, receivedAt, notBefore, pusher } = push;
  return { repository: key.repository, tag, digest, kind, origin, receivedAt, notBefore, pusher };
}

/** All that is known about a push, for rules. */
export function evidenceOf(
  observed: Observed,
  past: DigestPast,
  history: NonNullable<KeptEvidence['history']>,
): PushEvidence {
  const { push, readBack, signatures } = observed;
  const seenOnly = push.origin === 'sweep' || push.origin === 'read-back' || push.origin === 'audit-log';
  return {
    readBack,
    history: { ...history, safe: push.tagState?.safe ?? null },
    announcements: push.announcements,
    runs: push.runs,
    signatures,
    account: push.account,
    attribution: push.attribution,
    reported: !seenOnly || (push.origin === 'read-back' && push.actorId !== null) || past.reported,
  };
}

function checkedPush(
  observed: Observed,
  history: NonNullable<KeptEvidence['history']>,
  judgement: Judgement,
  ci: CiVouch | null,
  now: number,
): CheckedPush {
  const { push, digest, confirmed } = observed;
  const { verdict, findings, wants } = judgement;
  const isHead = push.tagState?.pushSeq === push.key.seq;
  return {
    ...base(observed, now),
    // What is not identified yet is read again.
    kind: digest === null ? 'unresolved' : observed.kind,
    verdict,
    findings,
    evidence: keptEvidence(observed, history, judgement, ci),
    nextAt: nextCheck(push, judgement, now),
    movesTag: confirmed && push.tag !== '' && !isHead ? { leftAt: history.leftAt, previous: history.previous } : null,
    trustsTag:
      verdict === 'trusted' &&
      push.tag !== '' &&
      (!history.unchanged || push.evidence?.reopened === true) &&
      wants.length === 0,
    distrustsTag: false,
  };
}

function keptEvidence(
  observed: Observed,
  history: KeptEvidence['history'],
  { verdict, wants }: Judgement,
  ci: CiVouch | null,
): KeptEvidence | null {
  const { push, digest, readBack, signatures } = observed;
  const announcement =
    push.announcements.find((a) => a.allowed && a.digest !== null && a.digest === digest)?.id ?? null;
  if (verdict === 'trusted' && ci === null && announcement === null && signatures === null) return null;
  return {
    history: observed.kind === 'unresolved' || verdict === 'trusted' ? null : history,
    readBack: readBack.state === 'unavailable' || readBack.state === 'invalid' ? readBack.reason : readBack.state,
    announcement,
    ci,
    signatures,
    wants,
    ...(push.evidence?.reopened === true ? { reopened: true as const } : {}),
  };
}

function nextCheck(push: PushToCheck, { verdict, wants, next }: Judgement, now: number): number | null {
  const seconds = BACKOFF_SECONDS[Math.min(push.attempts, BACKOFF_SECONDS.length - 1)] ?? 300;
  const asksAgain = wants.some((want) => want === 'digest' || want === 'signature' || want === 'ci-lookup');
  const retry = asksAgain && (next !== null || now - push.receivedAt < GIVE_UP_MS) ? now + seconds * 1000 : null;
  if (verdict === 'trusted') return null;
  if (next === null || retry === null) return next ?? retry;
  return Math.min(next, retry);
}

/** Whether a push is still to be judged, or may be judged differently by new facts. */
export function isOpen(verdict: Verdict | null): boolean {
  return verdict === 'pending' || verdict === 'rogue' || verdict === 'undetermined';
}
