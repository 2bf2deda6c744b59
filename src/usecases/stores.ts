import type { AlertFacts } from '../domain/alert.ts';
import type { Attribution, CredentialFacts } from '../domain/attribution.ts';
import type { Delivery } from '../domain/delivery.ts';
import type { Digest } from '../domain/digest.ts';
import type { Announcement, CiVouch, PushEvidence, PushKind, PushOrigin } from '../domain/evidence.ts';
import type { Finding, FindingCode, Verdict, Want } from '../domain/finding.ts';
import type { HealthFact } from '../domain/health.ts';
import type { Policy, Pusher } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';
import type { KeptSignatures } from './gather-signatures.ts';
import type { Look, NotificationContent } from './ports.ts';

export type {
  BurstStore,
  ChannelRecord,
  NewNotification,
  NotificationStore,
  StoredNotification,
} from './outbox.ts';

/** A push by its key. `12-345` in the API. */
export interface PushKey {
  readonly repository: number;
  readonly seq: number;
}

/** What became of an authenticated delivery in one D1 batch. */
export interface Recorded {
  /** Pushes written now: each wants a check. */
  readonly pushes: readonly PushKey[];
  /** Tags that a repeated delivery named: each wants a look, since two pushes may share a second. */
  readonly looks: readonly Look[];
  /** Images that nobody in the hook's team watches. */
  readonly unwatched: readonly { readonly image: string; readonly tag: string; readonly pusher: string | null }[];
  readonly repeated: boolean;
}

export interface DeliveryStore {
  /** Writes a delivery and the pushes it claims, or counts a repeat, in one batch. */
  record(delivery: Delivery, teamId: number): Promise<Recorded>;
  /** Lists images that nobody watches; answers with those seen for the first time. */
  noteUnwatched(teamId: number, hookId: number, images: Recorded['unwatched'], now: number): Promise<readonly string[]>;
  /** Links a delivery to the push that another one had told of. */
  linkFolded(look: Look): Promise<void>;
  /** Drops deliveries older than `before`, and CI tokens that ended before `tokensBefore` (ms). */
  expire(before: number, tokensBefore: number): Promise<void>;
}

/** What is kept of the evidence of a push, for people. */
export interface KeptEvidence {
  /** What the tag was when the push was read back: later pushes do not change it. */
  readonly history: {
    readonly previous: TagState['previous'];
    readonly leftAt: number | null;
    readonly unchanged: boolean;
  } | null;
  /** What the registry last said. */
  readonly readBack: string | null;
  /** The announcement that vouches for it. */
  readonly announcement: number | null;
  readonly ci?: CiVouch | null;
  readonly signatures: KeptSignatures | null;
  readonly wants: readonly Want[];
  /** It was trusted until it became known who pushed it. */
  readonly reopened?: true;
}

/** A tag as last known. Times are ms since the epoch. */
export interface TagState {
  readonly digest: Digest | null;
  readonly pushSeq: number;
  readonly changedAt: number;
  readonly previous: { readonly digest: Digest; readonly at: number } | null;
  /** If the present digest is one the tag had before: when it had left it. */
  readonly leftAt: number | null;
  readonly safe: { readonly digest: Digest; readonly at: number; readonly how: 'trusted' | 'baseline' } | null;
  /** The push that put the tag where it is has been judged trusted, or was there at registration. */
  readonly settled: boolean;
}

/** A push with all that judging it needs from the database. */
export interface PushToCheck {
  readonly key: PushKey;
  readonly teamId: number;
  readonly image: ImageName;
  readonly policy: Policy;
  readonly tag: string;
  readonly digest: Digest | null;
  readonly kind: PushKind;
  readonly origin: PushOrigin;
  readonly receivedAt: number;
  readonly notBefore: number;
  readonly pusher: Pusher | null;
  readonly actorId: number | null;
  /** The account that a webhook names. */
  readonly account: CredentialFacts | null;
  readonly attribution: Attribution;
  readonly confirmedAt: number | null;
  readonly verdict: Verdict | null;
  readonly findings: readonly Finding[];
  readonly evidence: KeptEvidence | null;
  readonly attempts: number;
  readonly nextAt: number | null;
  /** What a save replaces. */
  readonly rev: number;
  /** What a save of this judgement writes in its place: nobody else's save writes it. */
  readonly nextRev: number;
  /** Pushes in a row that only the sweep saw. */
  readonly missedWebhooks: number;
  readonly tagState: TagState | null;
  readonly announcements: readonly Announcement[];
  readonly runs: PushEvidence['runs'];
}

/** What the repository's past says about a digest. */
export interface DigestPast {
  /** The tag had this digest in an earlier push. */
  readonly hadBefore: boolean;
  /** A webhook told of this tag at this digest (or at one it did not name). */
  readonly reported: boolean;
  /** Pushes of this digest that are not trusted: new facts may change them. */
  readonly open: readonly { readonly seq: number; readonly tag: string; readonly origin: PushOrigin }[];
  readonly alert: LiveAlert | null;
  /** The repository's alert about deliveries that the registry knows nothing of. */
  readonly forgedAlert: LiveAlert | null;
  /** Of a push that was trusted: what its tag pointed at before it. */
  readonly before: Pick<TagState, 'previous' | 'safe'> | null;
}

export interface LiveAlert {
  readonly id: number;
  readonly facts: AlertFacts;
  readonly openedAt: number;
}

/** The outcome of checking one push, to be saved if nobody else has saved the push since it was loaded. */
export interface CheckedPush {
  readonly push: PushToCheck;
  readonly digest: Digest | null;
  readonly kind: PushKind;
  readonly confirmedAt: number | null;
  /** The digest an artifact speaks about, or the index a child belongs to. */
  readonly subject: Digest | null;
  readonly verdict: Verdict | null;
  readonly findings: readonly Finding[];
  readonly evidence: KeptEvidence | null;
  readonly nextAt: number | null;
  readonly attempts: number;
  /** The tag now points here. */
  readonly movesTag: { readonly leftAt: number | null; readonly previous: TagState['previous'] } | null;
  readonly trustsTag: boolean;
  /** It was trusted and is no more: it is not what to go back to. */
  readonly distrustsTag: boolean;
}

/** A change of an alert that goes with a save. */
export type AlertChange =
  | {
      readonly kind: 'opened';
      readonly push: PushToCheck;
      /** Further pushes of the same digest, judged in the same round. */
      readonly also: readonly PushToCheck[];
      readonly subject: string;
      readonly facts: AlertFacts;
    }
  | {
      readonly kind: 'worsened';
      readonly push: PushToCheck;
      readonly also: readonly PushToCheck[];
      readonly alertId: number;
      readonly facts: AlertFacts;
      readonly newFindings: readonly FindingCode[];
      readonly newTags: readonly string[];
      /** Kept without a message: one more tag of very many. */
      readonly silent: boolean;
    }
  | {
      readonly kind: 'cleared';
      readonly push: PushToCheck;
      readonly alertId: number;
      readonly digest: Digest;
      readonly content: NotificationContent;
    }
  | { readonly kind: 'undetermined'; readonly push: PushToCheck; readonly content: NotificationContent };

export interface CheckStore {
  load(keys: readonly PushKey[]): Promise<PushToCheck[]>;
  /** What is known of each push's digest, in the given order. */
  pasts(asked: readonly { readonly push: PushToCheck; readonly digest: Digest | null }[]): Promise<DigestPast[]>;
  /** Digests of the repository's latest pushes that are indexes: possible parents of an untagged manifest. */
  recentIndexes(repository: number): Promise<readonly Digest[]>;
  /** One batch. Answers with the pushes that somebody else saved meanwhile: they want another check. */
  save(
    checked: readonly CheckedPush[],
    changes: readonly AlertChange[],
    children: readonly { readonly repository: number; readonly index: Digest; readonly digests: readonly Digest[] }[],
    now: number,
  ): Promise<readonly PushKey[]>;
  /** Records a push that no webhook told of; answers with its key, or `null` if the tag's latest push is this digest. */
  recordSeen(seen: SeenPush, now: number): Promise<PushKey | null>;
  /** Pushes whose next step is due. */
  due(now: number, limit: number): Promise<PushKey[]>;
  /** Undecided or alarming pushes of a digest (or, without one, of the tags) in a repository. */
  openPushes(repository: number, digest: Digest | null, since: number): Promise<PushKey[]>;
  /** Pushes of the repository's live alerts. */
  alarming(repository: number): Promise<PushKey[]>;
  /** The watched image, or `null` if it is watched no more. */
  imageOf(repository: number): Promise<ImageName | null>;
  /** Counts a push that only the sweep saw; answers with how many in a row, and when a webhook last told of one. */
  countMissed(repository: number): Promise<{ readonly missed: number; readonly lastDeliveryAt: number | null }>;
  /** When the next push or sweep is due, if any. */
  nextDue(): Promise<number | null>;
}

export interface SeenPush {
  readonly repository: number;
  readonly tag: string;
  readonly digest: Digest;
  readonly origin: 'read-back' | 'sweep' | 'audit-log';
  readonly notBefore: number;
  readonly actorId: number | null;
}

export interface HealthStore {
  /** Opens (or refreshes) a health alert, and writes its message down when it is new. Answers whether it was new. */
  raise(teamId: number, fact: HealthFact, now: number): Promise<boolean>;
  /** Closes it if it is open, and writes the message down. */
  settle(teamId: number, fact: HealthFact, now: number): Promise<boolean>;
}

/** A watched repository, as a sweep needs it. */
export interface SweepTarget {
  readonly id: number;
  readonly teamId: number;
  readonly image: ImageName;
  readonly createdAt: number;
  /** When the tags found at registration were all read; `null`: still reading. */
  readonly baselineAt: number | null;
  readonly sweptAt: number | null;
  readonly nextSweepAt: number;
  readonly failures: number;
  readonly progress: SweepProgress | null;
}

/** Where a sweep stopped: it reads the tag list page by page, then each tag. */
export interface SweepProgress {
  readonly startedAt: number;
  readonly phase: 'list' | 'read';
  /** In `list`: the page to read next. In `read`: the last tag read. */
  readonly cursor: string | null;
  /** Why some tag could not be read so far, though others were. */
  readonly unread?: string | undefined;
}

export interface SweepStore {
  due(now: number, limit: number): Promise<SweepTarget[]>;
  target(repository: number): Promise<SweepTarget | null>;
  /** Every watched repository's id. */
  all(): Promise<readonly number[]>;
  /** Writes down tags that were not known (or had been deleted): they are read next. */
  addTags(repository: number, tags: readonly string[], now: number): Promise<void>;
  /** Known tags after a name, in order. Without a digest: never read, listed first at `changedAt`. */
  tagsAfter(
    repository: number,
    name: string | null,
    limit: number,
  ): Promise<readonly { readonly name: string; readonly digest: Digest | null; readonly changedAt: number }[]>;
  /** Records tags as they were found at registration: silently, and as what to go back to. */
  recordBaseline(
    repository: number,
    tags: readonly { readonly name: string; readonly digest: Digest }[],
    now: number,
  ): Promise<void>;
  /** Records that a tag is gone. */
  recordDeleted(repository: number, tag: string, now: number): Promise<void>;
  saveProgress(target: SweepTarget, progress: SweepProgress | null, next: SweepOutcome): Promise<void>;
}

export interface SweepOutcome {
  readonly nextSweepAt: number;
  readonly failures: number;
  /** Set when the sweep is complete. */
  readonly sweptAt: number | null;
  readonly baselineAt: number | null;
}
