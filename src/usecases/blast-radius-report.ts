import type { AttributionStrength, CredentialKind, CredentialMark } from '../domain/credential.ts';
import type { Reach, SeenPushing, WatchedImage } from '../domain/credential-reach.ts';
import type { Digest } from '../domain/digest.ts';
import type { PushKind } from '../domain/evidence.ts';
import type { Finding, Verdict } from '../domain/finding.ts';
import type { NotCovered, PastTrouble } from '../domain/not-covered.ts';
import type { Sighting, SightingDetail, SightingSource } from '../domain/sighting.ts';
import type { Resource } from '../domain/token-reach.ts';
import type { Certainty, SeenUse } from '../domain/use-share.ts';
import type { Source } from './credential-stores.ts';
import type { KeptEvidence, PushKey } from './stores.ts';

/** What a report needs to know of its credential. Times are ms since the epoch. */
export interface ReportCredential {
  readonly id: number;
  readonly kind: CredentialKind;
  readonly externalId: string;
  /** Label of a token, name of an account. */
  readonly name: string;
  readonly account: string | null;
  readonly source: number | null;
  readonly createdBy: string | null;
  readonly createdAt: number | null;
  readonly creatorIp: string | null;
  readonly expiresAt: number | null;
  readonly scopes: readonly string[] | null;
  readonly resources: readonly Resource[] | null;
  /** Last use, as the registry tells. */
  readonly usedAt: number | null;
  readonly goneAt: number | null;
  readonly firstSeenAt: number;
  readonly mark: CredentialMark;
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A place in a report: the next page goes on after it, to what is older. */
export interface ReportCursor {
  readonly at: number;
  readonly key: string;
}

/** A token of the account that a report is about. */
export interface AccountToken {
  readonly id: number;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly usedAt: number | null;
  readonly goneAt: number | null;
}

/** Evidence in a word each. */
export interface EvidenceInBrief {
  /** `unknown`: not asked for, or not to be found out. */
  readonly ci: 'announced' | 'provenance' | 'mismatch' | 'absent' | 'awaited' | 'unknown';
  /** `valid` says nothing about whose it is. `unavailable`: not to be found out; `not-looked-for`: nobody wanted it. */
  readonly signature: 'valid' | 'untrusted' | 'invalid' | 'absent' | 'unavailable' | 'not-looked-for';
}

/** A digest that a tag had, and that was trusted or there at registration. */
export interface TrustedBefore {
  readonly digest: Digest;
  readonly at: number;
  readonly how: 'trusted' | 'baseline';
  /** The credential of the report pushed it too, since the beginning of the span. */
  readonly bySame: boolean;
}

/** A push in a report. */
export interface ReportPush {
  readonly certainty: Certainty;
  readonly strength: AttributionStrength;
  readonly by: SightingSource;
  readonly at: number;
  /** The push of ours; `null`: only a log tells of it. */
  readonly key: PushKey | null;
  readonly image: string;
  readonly watched: boolean;
  /** Empty for a manifest pushed by digest. */
  readonly tag: string;
  readonly digest: Digest | null;
  readonly kind: PushKind | null;
  /** `null`: not judged. */
  readonly verdict: Verdict | null;
  readonly findings: readonly Finding[];
  readonly evidence: EvidenceInBrief | null;
  readonly alertId: number | null;
  /** Whether the tag points at the digest still; `null`: not known. */
  readonly current: boolean | null;
  /** The last trusted digest before it, whoever pushed that. */
  readonly trustedBefore: TrustedBefore | null;
  /** The last one that the credential of the report did not push itself: what to go back to. */
  readonly safe: TrustedBefore | null;
}

/** A use that is no push. */
export interface ReportUse {
  readonly certainty: Certainty;
  readonly strength: AttributionStrength;
  readonly by: SightingSource;
  readonly at: number;
  /** It may have been used before `at` too, since then. */
  readonly since: number | null;
  readonly action: Exclude<Sighting['action'], 'push'>;
  readonly image: string | null;
  readonly detail: SightingDetail | null;
}

export interface PushCount {
  readonly pushes: number;
  readonly digests: number;
  /** Of the digests, each counted once, by the worst that was said of it. */
  readonly rogue: number;
  readonly undetermined: number;
  readonly pending: number;
  readonly trusted: number;
  readonly notJudged: number;
}

export interface ReportSummary extends Readonly<Record<Certainty, PushCount>> {
  /** Pushes by the account that were certainly made with something else. */
  readonly others: number;
  readonly repositories: number;
  /** Tags with a digest to go back to, among the pushes on this page that are not trusted. */
  readonly safeDigests: number;
  /** Since when is counted; later than the span's beginning if there is more than is counted at once. */
  readonly countedSince: number;
}

/** The answer to "what could it have pushed?", or a page of it. */
export interface BlastRadius {
  readonly credential: ReportCredential;
  readonly span: Span;
  readonly madeAt: number;
  /** Of an account: its tokens, whose uses are reports of their own. At most 200. */
  readonly tokens: readonly AccountToken[];
  readonly reach: Reach;
  /** `null` on pages after the first. */
  readonly summary: ReportSummary | null;
  /** Newest first. */
  readonly pushes: readonly ReportPush[];
  readonly uses: readonly ReportUse[];
  /** Those of the pushes that are to be undone, one for each tag. */
  readonly toRestore: readonly ReportPush[];
  readonly notCovered: readonly NotCovered[];
  /** `null`: this is all. */
  readonly next: ReportCursor | null;
}

/** A sighting as the store reads it. */
export interface ScannedUse extends SeenUse {
  readonly image: string | null;
  readonly push: (NonNullable<SeenUse['push']> & { readonly verdict: Verdict | null }) | null;
}

/** What a page says besides of a push. */
export interface PushDetail {
  readonly kind: PushKind;
  readonly findings: readonly Finding[];
  readonly evidence: KeptEvidence | null;
  readonly alertId: number | null;
  readonly current: boolean | null;
  /** Latest first. */
  readonly trustedBefore: readonly TrustedBefore[];
}

/** A source without its secrets, and how many rows of its log in the span are not found among our pushes (yet). */
export interface ReadSource extends Pick<Source, 'id' | 'account' | 'organization' | 'createdAt' | 'status'> {
  readonly openRows: number;
}

/** Everything about a credential that a report is made of. */
export interface ReportFacts {
  readonly credential: ReportCredential;
  readonly tokens: readonly AccountToken[];
  readonly sources: readonly ReadSource[];
  readonly troubles: readonly PastTrouble[];
  readonly troublesSince: number | null;
  /** Watched images of Docker Hub, if it is Docker Hub's credential. */
  readonly watched: readonly WatchedImage[];
  readonly seen: readonly SeenPushing[];
  /** Uses of the credential, and of its account, newest first, at most `limit` of each. */
  readonly own: readonly ScannedUse[];
  readonly ofAccount: readonly ScannedUse[];
}

export interface BlastRadiusStore {
  /**
   * One batch. Reads nothing but what it answers with; `null`: the team has no such credential.
   * @param before where to begin
   */
  read(
    teamId: number,
    credential: number,
    span: Span,
    before: ReportCursor,
    limits: { readonly uses: number; readonly images: number },
  ): Promise<ReportFacts | null>;
  /** In the order of the keys; `null`: there is no such push any more. */
  details(
    teamId: number,
    credential: ReportCredential,
    span: Span,
    keys: readonly PushKey[],
  ): Promise<readonly (PushDetail | null)[]>;
}

/** A report in words, for people. */
export interface ReportWriter {
  /** @param address where this installation answers; empty: not known */
  markdown(report: BlastRadius, address: string): string;
  csv(report: BlastRadius): string;
}
