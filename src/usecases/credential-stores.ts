import type { WatchAlertFacts } from '../domain/alert.ts';
import type { KeptAttribution } from '../domain/attribution.ts';
import type { CredentialKind, CredentialMark } from '../domain/credential.ts';
import type { CandidateToken } from '../domain/deduce.ts';
import type { Digest } from '../domain/digest.ts';
import type { Sighting } from '../domain/sighting.ts';
import type { SourceStatus } from '../domain/source.ts';
import type { AuditRow, ListedToken, TokenResource } from './registry-accounts.ts';
import type { PushKey, SeenPush } from './stores.ts';

/** A sighting to be written; `credential`, `at` and `key` make it one, however often it is told. */
export interface NewSighting extends Sighting {
  readonly credential: number;
  /** `p12-345` the push, `u` a last-used time that moved, `l` and the hex of a row of an audit log. */
  readonly key: string;
}

/** The newest row of an audit log that was read. */
export interface LogCursor {
  readonly at: number;
  /** Hex, as the row is kept. */
  readonly key: string;
}

/** Where a poll stopped. Times are ms since the epoch. */
export interface PollProgress {
  readonly startedAt: number;
  readonly phase: 'personal-tokens' | 'organization-tokens' | 'resources' | 'audit-log';
  /** The page to read next, from 1. */
  readonly page: number;
  /** Ids of the tokens that this list has shown so far. */
  readonly seen: readonly string[];
  readonly log: {
    readonly from: number;
    /** The row where the last poll ended was among those read. */
    readonly met: boolean;
    readonly newest: LogCursor | null;
  } | null;
}

/** A registry account that is read. */
export interface Source {
  readonly id: number;
  readonly teamId: number;
  /** Who signs in. */
  readonly account: string;
  /** Whose tokens and log are read besides; empty: nobody's. */
  readonly organization: string;
  readonly sealed: string;
  readonly createdAt: number;
  readonly nextPollAt: number;
  /** When the last poll that was read to its end began; `null`: none was. */
  readonly polledAt: number | null;
  readonly progress: PollProgress | null;
  readonly status: SourceStatus;
  /** `lost`: there is one, and it cannot be read. */
  readonly cursor: LogCursor | 'lost' | null;
  /** When we signed in with a token, newest first (ms since the epoch). */
  readonly signedIn: readonly number[];
  /** The token that we sign in with, once it is known which of those listed it is. */
  readonly reader: number | null;
  /** Counts saves: what was read by an invocation that was overtaken is not written. */
  readonly rev: number;
}

/** What a step of a poll writes besides what it read. */
export interface SourceSave {
  readonly progress: PollProgress | null;
  readonly status: SourceStatus;
  readonly nextPollAt: number;
  readonly polledAt: number | null;
  readonly cursor: Source['cursor'];
}

/** A token that a source lists, as it is kept. */
export interface KnownToken {
  readonly credential: number;
  readonly kind: CredentialKind;
  /** The registry's id. */
  readonly id: string;
  readonly name: string;
  readonly account: string | null;
  readonly mark: CredentialMark;
  /** When its resources were read last; `null`: never, or not to be read. */
  readonly resourcesAt: number | null;
  readonly gone: boolean;
}

/** A row of an audit log with whom it is about. */
export interface ReadRow {
  readonly row: AuditRow;
  /** Hex. */
  readonly key: string;
  /** Whose it is; several if a name stands for several. */
  readonly credentials: readonly number[];
  /** What it tells of. */
  readonly is: 'push' | 'tag-delete' | 'settings' | 'token' | 'other';
  /** A protection was taken away. */
  readonly disarms: boolean;
  /** The OIDC connection that it tells of. */
  readonly connection: LoggedConnection | null;
  /** The watched repository that it is about. */
  readonly repository: number | null;
}

/** An OIDC connection as a log tells of it: there is no list of them. */
export interface LoggedConnection {
  readonly id: string;
  readonly name: string;
  readonly isDeleted: boolean;
}

/** A push that an audit log tells of, and that is not found among ours yet. */
export interface OpenRow {
  readonly at: number;
  readonly key: string;
  readonly seenAt: number;
  readonly actor: string;
  readonly credential: number | null;
  readonly isToken: boolean;
  readonly repository: number;
  readonly tag: string;
  readonly digest: Digest;
  readonly source: number;
  /** The push that fits best, if there is one. */
  readonly push: RecentPush | null;
}

/** A push that may be attributed. */
export interface RecentPush {
  readonly key: PushKey;
  readonly path: string;
  readonly notBefore: number;
  readonly receivedAt: number;
  readonly account: { readonly id: number; readonly name: string } | null;
  readonly attribution: KeptAttribution | null;
}

/** A token as it may be attributed. */
export interface AttributableToken extends CandidateToken {
  readonly kind: CredentialKind;
  readonly account: string | null;
  readonly creatorIp: string | null;
  readonly createdBy: string | null;
}

/** An attribution to write. */
export interface NewAttribution {
  readonly push: RecentPush;
  readonly attribution: KeptAttribution | null;
  /** Rows of the log that it closes. */
  readonly closes: { readonly source: number; readonly at: number; readonly key: string } | null;
}

export interface SourceStore {
  due(now: number, limit: number): Promise<readonly Source[]>;
  all(): Promise<readonly Source[]>;
  get(teamId: number, id: number): Promise<Source | null>;
  nextDue(): Promise<number | null>;
  /** Writes a page of tokens: new ones, what changed, and a sighting of each whose last use moved. */
  saveTokens(source: Source, tokens: readonly ListedToken[], save: SourceSave, now: number): Promise<boolean>;
  /** A list was read to its end: what it did not show is gone. */
  saveListEnd(
    source: Source,
    kind: ListedToken['kind'],
    seen: readonly string[],
    save: SourceSave,
    now: number,
  ): Promise<boolean>;
  saveResources(
    source: Source,
    read: readonly { readonly credential: number; readonly resources: readonly TokenResource[] }[],
    save: SourceSave,
    now: number,
  ): Promise<boolean>;
  /** Writes rows of the log that are not there yet, with the sightings they are. */
  saveLog(source: Source, rows: readonly ReadRow[], save: SourceSave, now: number): Promise<boolean>;
  save(source: Source, save: SourceSave): Promise<boolean>;
  /** We signed in now: that moves the last use of the token that we do it with. */
  signedIn(source: Source, times: readonly number[]): Promise<void>;
  tokens(source: Source): Promise<readonly KnownToken[]>;
  /** Ids of accounts and of watched repositories by name. Accounts that are not there yet are made. */
  ids(
    source: Source,
    names: { readonly accounts: readonly string[]; readonly paths: readonly string[] },
    now: number,
  ): Promise<{ readonly accounts: ReadonlyMap<string, number>; readonly repositories: ReadonlyMap<string, number> }>;
}

export interface AttributionStore {
  /** Pushes that the log of this source tells of, oldest first, each with the push of ours that fits. */
  openRows(source: Source, limit: number): Promise<readonly OpenRow[]>;
  /** Pushes of accounts since a time that no log names a token for. */
  recentPushes(
    teamId: number,
    accounts: readonly string[],
    since: number,
    limit: number,
  ): Promise<readonly RecentPush[]>;
  /** Tokens of accounts, with their uses since a time. */
  tokens(teamId: number, accounts: readonly string[], since: number): Promise<readonly AttributableToken[]>;
  /** The last use of each credential before a time, in the given order. */
  usedBefore(
    asked: readonly { readonly credential: number; readonly before: number }[],
  ): Promise<readonly (number | null)[]>;
  /** Writes attributions with their sightings, in the place of earlier ones; the pushes are due again. */
  save(attributions: readonly NewAttribution[], now: number): Promise<void>;
  /** Closes a row that needs no push: its tag is known to be there already. */
  closeRow(row: OpenRow, now: number): Promise<void>;
  recordSeen(seen: SeenPush, now: number): Promise<PushKey | null>;
}

/** A use of a watched credential that nobody has looked at. */
export interface UnreviewedUse {
  readonly at: number;
  readonly key: string;
  readonly since: number | null;
  readonly seenAt: number;
  readonly action: Sighting['action'];
  readonly detail: Sighting['detail'];
}

/** A watched credential whose uses are to be looked at. */
export interface Review {
  readonly credential: number;
  readonly teamId: number;
  readonly kind: CredentialKind;
  readonly name: string;
  readonly account: string | null;
  readonly mark: CredentialMark;
  readonly ciOnly: boolean;
  /** Where it is expected; `null`: everywhere. */
  readonly expectedOn: readonly number[] | null;
  readonly uses: readonly UnreviewedUse[];
}

/** An alert about no push; `subject` makes it one while it is open. */
export interface NewWatchAlert {
  readonly teamId: number;
  readonly subject: string;
  readonly facts: WatchAlertFacts;
}

export interface ReviewStore {
  /** Credentials with uses to look at. */
  due(now: number, limit: number): Promise<readonly Review[]>;
  nextDue(): Promise<number | null>;
  /** Which of the times (ms since the epoch, from and to) are explained by a push, an announcement or a run. */
  explained(
    review: Review,
    times: readonly { readonly from: number; readonly to: number }[],
  ): Promise<readonly boolean[]>;
  /** Raises alerts (or refreshes those that are open) and marks uses as looked at, in one batch; `again`: when to look next. */
  save(
    review: Review,
    reviewed: readonly UnreviewedUse[],
    alerts: readonly NewWatchAlert[],
    again: number | null,
    now: number,
  ): Promise<void>;
  /** Rows of this source's log that take a protection away and were not told. */
  changes(source: Source, limit: number): Promise<readonly ChangeRow[]>;
  saveChanges(rows: readonly ChangeRow[], alerts: readonly NewWatchAlert[], now: number): Promise<void>;
  raise(alert: NewWatchAlert, now: number): Promise<void>;
}

export interface ChangeRow {
  readonly source: number;
  readonly at: number;
  readonly key: string;
  readonly action: string;
  readonly name: string;
  readonly actor: string;
}
