import { type AlertFacts, alertEdge } from '../domain/alert.ts';
import type { Finding } from '../domain/finding.ts';
import { formatImageName } from '../domain/reference.ts';
import { signatureStory } from './signature-story.ts';
import type { AlertChange, CheckedPush, DigestPast, PushToCheck } from './stores.ts';

/** From this many tags on, one more is kept in the alert without a message of its own. */
const TOLD_TAGS = 20;
const KEPT_TAGS = 500;

/** What people are told, if this verdict is news. */
export function alertChange(
  checked: CheckedPush,
  past: DigestPast,
  nextDecisionAt: number | null,
  now: number,
): AlertChange | null {
  const { push, verdict, findings } = checked;
  if (verdict === null) return null;
  if (verdict === 'undetermined') return push.verdict === 'undetermined' ? null : undetermined(checked);
  const alert = isForgery(checked) ? past.forgedAlert : past.alert;
  const known = alert === null ? null : { findings: alert.facts.findings.map((f) => f.code), tags: alert.facts.tags };
  const edge = alertEdge(known, verdict, findings, push.tag);
  if (edge === null) return null;
  // Its alert was closed by a person: only a finding that they did not see speaks again.
  if (alert === null && push.verdict === 'rogue' && !hasNewFinding(push.findings, findings)) return null;
  const facts = alertFacts(checked, alert?.facts ?? null, nextDecisionAt);
  if (edge.kind === 'opened' || alert === null) {
    return { kind: 'opened', push, also: [], subject: alertSubject(checked), facts };
  }
  if (edge.kind === 'worsened') {
    const { findings: newFindings, tags: newTags } = edge;
    const silent = newFindings.length === 0 && alert.facts.tags.length >= TOLD_TAGS;
    return { kind: 'worsened', push, also: [], alertId: alert.id, facts, newFindings, newTags, silent };
  }
  if (push.verdict !== 'rogue' || checked.digest === null) return null;
  const closed = {
    resolution: 'cleared',
    by: null,
    reason: clearedReason(checked, alert.openedAt, now),
    openedAt: alert.openedAt,
    closedAt: now,
  } as const;
  return {
    kind: 'cleared',
    push,
    alertId: alert.id,
    digest: checked.digest,
    content: { kind: 'closed', alert: alert.facts, ...closed },
  };
}

function hasNewFinding(before: readonly Finding[], now: readonly Finding[]): boolean {
  return now.some((finding) => !before.some((known) => known.code === finding.code));
}

/** What came late, told by what had been missing. */
function clearedReason({ push, evidence }: CheckedPush, openedAt: number, now: number): string {
  const { findings, policy } = push;
  const missing = findings.map((finding) => finding.code);
  const reasons: string[] = [];
  if (missing.includes('no-ci-run') || missing.includes('ci-mismatch')) {
    reasons.push(vouchedLate(evidence));
  }
  const authorities = policy.signatures.authorities ?? [];
  const signatures = evidence?.signatures ?? null;
  const story = signatures && signatureStory({ findings, signatures, authorities, openedAt, now });
  if (story !== null) reasons.push(story);
  if (reasons.length > 0) return reasons.join(' ');
  if (missing.includes('unreported-push')) return 'Its webhook came late.';
  if (missing.includes('forged-delivery')) return 'The registry has it now.';
  return 'The policy accepts it now.';
}

function vouchedLate(evidence: CheckedPush['evidence']): string {
  if (evidence?.ci?.how === 'concurrent')
    return 'A run of a CI job that you expect was in progress at that time. That is weak: anyone who holds a token could have pushed meanwhile.';
  const isAnnounced = evidence?.announcement != null || evidence?.signatures == null;
  return isAnnounced ? 'CI announced this digest late.' : 'Signed provenance names the CI job you expect.';
}

function undetermined({ push, digest, evidence }: CheckedPush): AlertChange {
  const reasons =
    evidence === null
      ? []
      : [
          evidence.readBack ?? '',
          ...(evidence.signatures?.places ?? []).map((p) => `${p.place}: ${p.detail ?? p.state}`),
          ...(evidence.signatures?.found ?? [])
            .filter(({ state }) => state === 'unavailable')
            .map((one) => `${one.place}: ${one.reason ?? 'could not be verified'}`),
        ];
  return {
    kind: 'undetermined',
    push,
    content: {
      kind: 'undetermined',
      image: formatImageName(push.image),
      tag: push.tag,
      digest,
      push: pushId(push),
      pusher: push.pusher?.name ?? null,
      pushedAt: push.receivedAt,
      wants: evidence?.wants ?? [],
      reasons: reasons.filter((reason) => reason !== '' && reason !== 'present'),
    },
  };
}

const pushId = ({ key }: PushToCheck): string => `${key.repository}-${key.seq}`;

/** Nothing was found but that the registry knows no such thing: whoever knows the webhook's URL can cause it at will. */
function isForgery({ digest, findings }: CheckedPush): boolean {
  return digest === null && findings.every((finding) => finding.code === 'forged-delivery');
}

/** The alert's key within its repository: the digest, or the push while no digest is known. All forgeries are one alert. */
function alertSubject(checked: CheckedPush): string {
  if (isForgery(checked)) return 'forged';
  return checked.digest === null ? `push ${pushId(checked.push)}` : checked.digest.slice('sha256:'.length);
}

/** What the alert says now: what it said before, and what this push adds. */
function alertFacts(checked: CheckedPush, before: AlertFacts | null, nextDecisionAt: number | null): AlertFacts {
  const { push, digest, findings } = checked;
  if (before !== null) return mergeFacts(before, { findings, tags: push.tag === '' ? [] : [push.tag], nextDecisionAt });
  const safe = push.tagState?.safe ?? null;
  return {
    image: formatImageName(push.image),
    tags: push.tag === '' ? [] : [push.tag],
    digest,
    previous: checked.evidence?.history?.previous?.digest ?? null,
    safe: safe === null ? null : { digest: safe.digest, how: safe.how },
    findings,
    pusher: push.pusher,
    pushedAt: push.receivedAt,
    confirmedAt: checked.confirmedAt,
    push: pushId(push),
    nextDecisionAt,
  };
}

/** Adds findings and tags that the alert did not have. */
export function mergeFacts(
  facts: AlertFacts,
  more: {
    readonly findings: readonly Finding[];
    readonly tags: readonly string[];
    readonly nextDecisionAt: number | null;
  },
): AlertFacts {
  const codes = new Set(facts.findings.map((finding) => finding.code));
  return {
    ...facts,
    findings: [...facts.findings, ...more.findings.filter((finding) => !codes.has(finding.code))],
    tags: [...new Set([...facts.tags, ...more.tags])].slice(0, KEPT_TAGS),
    nextDecisionAt: more.nextDecisionAt,
  };
}
