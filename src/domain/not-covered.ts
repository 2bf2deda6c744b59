import type { CredentialKind } from './credential.ts';
import { isToken } from './credential.ts';
import { type CredentialScope, namespaceOf, type Reach } from './credential-reach.ts';
import type { HealthFact } from './health.ts';
import { formatImageName } from './reference.ts';
import type { SourcePart, SourceStatus } from './source.ts';

/**
 * What a report about a credential cannot know, and why. Nobody may take it for "nothing happened". Times are ms since
 * the epoch.
 */
export type NotCovered =
  /** A token's uses before we first saw it listed. */
  | { readonly kind: 'credential-before'; readonly until: number }
  /** Pushes to an image before it was watched. */
  | { readonly kind: 'image-before'; readonly image: string; readonly until: number }
  /** A repository that the token may write and nobody watches. */
  | { readonly kind: 'image-unwatched'; readonly path: string }
  /** A grant to more than can be told from here. */
  | { readonly kind: 'grant-open'; readonly type: 'pattern' | 'organization'; readonly path: string }
  | { readonly kind: 'resources-unknown' }
  /** Organizations and repositories that the account writes to besides its own. */
  | { readonly kind: 'other-namespaces'; readonly account: string }
  /** Nobody reads tokens and log of the account. */
  | { readonly kind: 'no-source'; readonly account: string | null }
  /** A part of the source does not answer, or never did. */
  | {
      readonly kind: 'source-part';
      readonly source: string;
      readonly part: SourcePart;
      readonly state: Exclude<SourceStatus[SourcePart]['state'], 'ok'>;
      readonly since: number;
      readonly readAt: number | null;
      readonly reason: string | null;
    }
  /** A log was not read as far back as the report goes. */
  | { readonly kind: 'log-before'; readonly source: string; readonly until: number }
  /** Rows of a log are missing. `from` `null`: nobody knows since when. */
  | { readonly kind: 'log-gap'; readonly account: string; readonly from: number | null; readonly until: number }
  /** A part did not answer for a while, or does not yet (`until` `null`). */
  | {
      readonly kind: 'source-blind';
      readonly source: string;
      readonly part: SourcePart;
      readonly from: number;
      readonly until: number | null;
      readonly reason: string;
    }
  /** Gaps that ended before this are not looked up. */
  | { readonly kind: 'gaps-before'; readonly until: number }
  /** Pushes that a log tells of, and that are being looked for. */
  | { readonly kind: 'log-rows-open'; readonly source: string; readonly count: number }
  /** A list of tokens keeps the last use: several between two looks are one. */
  | { readonly kind: 'last-use-only' }
  /** The registry names the account and not what it signed in with. */
  | { readonly kind: 'token-not-told' }
  /** A push that only a sweep or a read-back saw names no account: it stands in nobody's report. */
  | { readonly kind: 'nobody-named' }
  /** A push that nobody reported and that was overwritten between two sweeps. */
  | { readonly kind: 'overwritten-unseen' }
  /** More images are watched than were looked at. */
  | { readonly kind: 'images-cut'; readonly limit: number };

/** A source as far as a report needs it. */
export interface ReportSource {
  readonly name: string;
  readonly account: string;
  readonly organization: string;
  /** The log was read from here on at the earliest. */
  readonly logFrom: number;
  readonly status: SourceStatus;
  /** Pushes of the span that its log tells of and that are not found among ours. */
  readonly openRows: number;
}

/** Trouble of our own, over or not. */
export interface PastTrouble {
  readonly fact: HealthFact;
  readonly openedAt: number;
  readonly closedAt: number | null;
}

export interface CoverageFacts {
  readonly credential: CredentialScope & { readonly firstSeenAt: number };
  readonly span: { readonly from: number; readonly to: number };
  readonly reach: Reach;
  /** Those that read this credential, or its account. */
  readonly sources: readonly ReportSource[];
  readonly troubles: readonly PastTrouble[];
  /** Older ones, that are over, were not looked up; `null`: all were. */
  readonly troublesSince: number | null;
  readonly imagesCut: number | null;
}

/** What a report about these facts does not cover. */
export function notCovered(facts: CoverageFacts): readonly NotCovered[] {
  const { credential, span, sources } = facts;
  const isHub = isToken(credential.kind) || credential.kind === 'dockerhub-account';
  return [
    ...(isToken(credential.kind) && credential.firstSeenAt > span.from
      ? [{ kind: 'credential-before', until: credential.firstSeenAt } as const]
      : []),
    ...(isHub && sources.length === 0 ? [{ kind: 'no-source', account: namespaceOf(credential) } as const] : []),
    ...sources.flatMap((source) => partsNotCovered(source, credential.kind, span)),
    ...(isHub ? facts.troubles.flatMap((trouble) => gapOf(trouble, facts)) : []),
    ...(isHub && facts.troublesSince !== null && facts.troublesSince > span.from
      ? [{ kind: 'gaps-before', until: facts.troublesSince } as const]
      : []),
    ...reachNotCovered(facts),
    ...(isToken(credential.kind) ? [{ kind: 'last-use-only' } as const] : [{ kind: 'token-not-told' } as const]),
    { kind: 'nobody-named' },
    { kind: 'overwritten-unseen' },
  ];
}

/** What is read of a credential of a kind. */
function partsOf(kind: CredentialKind): readonly SourcePart[] {
  if (kind === 'dockerhub-account') return ['personal-tokens', 'organization-tokens', 'audit-log'];
  return [kind === 'dockerhub-pat' ? 'personal-tokens' : 'organization-tokens', 'audit-log'];
}

function partsNotCovered(
  { name, status, logFrom, openRows }: ReportSource,
  kind: CredentialKind,
  { from }: CoverageFacts['span'],
): NotCovered[] {
  const unread = partsOf(kind).flatMap((part): NotCovered[] => {
    const { state, since, readAt, reason } = status[part];
    if (state === 'ok') return [];
    // A user's login has no organization's tokens, and the other way round: there is nothing to be seen.
    if (state === 'off' && part !== 'audit-log') return [];
    return [{ kind: 'source-part', source: name, part, state, since, readAt, reason }];
  });
  const isLogRead = status['audit-log'].readAt !== null;
  return [
    ...unread,
    ...(isLogRead && logFrom > from ? [{ kind: 'log-before', source: name, until: logFrom } as const] : []),
    ...(openRows > 0 ? [{ kind: 'log-rows-open', source: name, count: openRows } as const] : []),
  ];
}

function gapOf({ fact, openedAt, closedAt }: PastTrouble, { sources, span }: CoverageFacts): NotCovered[] {
  if (fact.kind === 'audit-log-gap') {
    const isOurs = sources.some(({ account, organization }) => fact.account === (organization || account));
    // The rows stay missing when the log goes on.
    if (!isOurs || openedAt < span.from || (fact.since ?? openedAt) > span.to) return [];
    return [{ kind: 'log-gap', account: fact.account, from: fact.since, until: openedAt }];
  }
  if (fact.kind !== 'source-blind' || !sources.some(({ name }) => name === fact.source)) return [];
  const { source, part, reason, since } = fact;
  // While it lasts, the state of the part says it.
  if (closedAt === null || closedAt < span.from || since > span.to) return [];
  return [{ kind: 'source-blind', source, part, from: since, until: closedAt, reason }];
}

function reachNotCovered({ reach, span, credential, imagesCut }: CoverageFacts): NotCovered[] {
  const account = namespaceOf(credential);
  const isPersonal = credential.kind === 'dockerhub-pat' || credential.kind === 'dockerhub-account';
  return [
    ...reach.repositories
      .filter(({ createdAt }) => createdAt > span.from)
      .map(({ image, createdAt: until }) => ({ kind: 'image-before', image: formatImageName(image), until }) as const),
    ...reach.open.map(
      ({ type, path }): NotCovered =>
        type === 'repository' ? { kind: 'image-unwatched', path } : { kind: 'grant-open', type, path },
    ),
    ...(reach.resourcesUnknown ? [{ kind: 'resources-unknown' } as const] : []),
    ...(isPersonal && account !== null && reach.mayPush !== false
      ? [{ kind: 'other-namespaces', account } as const]
      : []),
    ...(imagesCut === null ? [] : [{ kind: 'images-cut', limit: imagesCut } as const]),
  ];
}
