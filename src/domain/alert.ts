import type { Digest } from './digest.ts';
import type { Finding, FindingCode, TokenFound, Verdict, WatchFinding } from './finding.ts';
import type { Pusher } from './policy.ts';

/** `acknowledged`: someone has it, worsening still speaks. Closed when cleared, expected, or kept as an incident. */
export type AlertState = 'open' | 'acknowledged' | 'closed';
export type AlertResolution = 'cleared' | 'expected' | 'incident';

/** What an alert says at one moment; everything its message needs. Times are ms since the epoch. */
export interface AlertFacts {
  /** `docker.io/org/app`. */
  readonly image: string;
  /** Tags seen at the rogue digest, the first one first; empty for a manifest pushed by digest. */
  readonly tags: readonly string[];
  /** `null` while the registry has not told. */
  readonly digest: Digest | null;
  /** What the tag pointed at before. */
  readonly previous: Digest | null;
  readonly safe: { readonly digest: Digest; readonly how: 'trusted' | 'baseline' } | null;
  readonly findings: readonly Finding[];
  readonly pusher: Pusher | null;
  readonly pushedAt: number;
  /** The registry confirmed the digest at this time; `null` if it has not. */
  readonly confirmedAt: number | null;
  /** Public id of the push, `12-345`. */
  readonly push: string;
  /** When findings that wait for a deadline are decided. */
  readonly nextDecisionAt: number | null;
  /** Who has it, once somebody does. */
  readonly acknowledged?: { readonly by: string; readonly at: number };
}

/**
 * What an alert says that is about no push: a watched credential was used, or a protection was taken away. Times are ms
 * since the epoch.
 */
export interface WatchAlertFacts {
  readonly about: 'credential' | 'settings';
  readonly credential: TokenFound | null;
  /** Account whose pushes carry its name. */
  readonly account: string | null;
  readonly findings: readonly WatchFinding[];
  /** The last use or change that it tells of. */
  readonly at: number;
  /** Who has it, once somebody does. */
  readonly acknowledged?: { readonly by: string; readonly at: number };
}

export type AnyAlertFacts = AlertFacts | WatchAlertFacts;

export function isWatchAlert(facts: AnyAlertFacts): facts is WatchAlertFacts {
  return 'about' in facts;
}

/** The alert that already speaks about this repository and digest, if any. */
export interface KnownAlert {
  readonly findings: readonly FindingCode[];
  readonly tags: readonly string[];
}

/** A change worth a message. Alerts go out on edges, never on the level. */
export type AlertEdge =
  | { readonly kind: 'opened' }
  | { readonly kind: 'worsened'; readonly findings: readonly FindingCode[]; readonly tags: readonly string[] }
  | { readonly kind: 'cleared' };

/** The edge between what an alert already said and what a push's verdict says now; `null`: nothing new. */
export function alertEdge(
  known: KnownAlert | null,
  verdict: Verdict,
  findings: readonly Finding[],
  tag: string,
): AlertEdge | null {
  if (verdict !== 'rogue') return known !== null && verdict === 'trusted' ? { kind: 'cleared' } : null;
  if (known === null) return { kind: 'opened' };
  const newFindings = findings.map((finding) => finding.code).filter((code) => !known.findings.includes(code));
  const newTags = tag !== '' && !known.tags.includes(tag) ? [tag] : [];
  if (newFindings.length === 0 && newTags.length === 0) return null;
  return { kind: 'worsened', findings: newFindings, tags: newTags };
}
