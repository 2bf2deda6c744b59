import type { AlertFacts, AlertResolution, AnyAlertFacts, WatchAlertFacts } from '../domain/alert.ts';
import type { Burst } from '../domain/burst.ts';
import type { CiClaims } from '../domain/ci.ts';
import type { Digest } from '../domain/digest.ts';
import type { Evidence, WebhookOrigin } from '../domain/evidence.ts';
import type { FindingCode, Want } from '../domain/finding.ts';
import type { HealthFact } from '../domain/health.ts';
import type { ImageName } from '../domain/reference.ts';
import type { CiRun, FoundSignature, SignaturePlace, SignaturePlaceName } from '../domain/signature.ts';
import type { WeeklySummary } from '../domain/weekly-summary.ts';

/** The time, in ms since the epoch. A local installation can advance it. */
export interface Clock {
  now(): number;
}

/** What a manifest is, once its bytes were read and hashed. */
export type ManifestFacts =
  | { readonly kind: 'manifest' }
  | { readonly kind: 'index'; readonly children: readonly Digest[] }
  /** A signature, attestation or SBOM about another digest (`null` if it does not say which). */
  | { readonly kind: 'artifact'; readonly subject: Digest | null };

/** One page of a registry's tag list. */
export interface TagPage {
  readonly tags: readonly string[];
  /** Pass it to read the next page; `null`: this was the last one. */
  readonly next: string | null;
}

/** Reads of a container registry. They never throw: trouble is `unavailable` with its reason. */
export interface Registry {
  /** `HEAD` (never `GET`, which counts as a pull): what a tag or digest is at this moment. `absent`: 404. */
  resolve(
    image: ImageName,
    reference: string,
  ): Promise<Evidence<{ readonly digest: Digest; readonly mediaType: string }>>;
  /** `GET` by digest: what the manifest is. The bytes are hashed and compared with the digest. */
  inspect(image: ImageName, digest: Digest): Promise<Evidence<ManifestFacts>>;
  /** `GET` by digest: the manifest's own bytes, hashed and compared with the digest. */
  manifestBytes(image: ImageName, digest: Digest): Promise<Evidence<Uint8Array>>;
  /** One page of at most `limit` tags, from the beginning (`null`) or from a `next`. */
  listTags(image: ImageName, from: string | null, limit: number): Promise<Evidence<TagPage>>;
  /**
   * Reads what is kept in every place about a digest: nothing is verified, everything is hashed against its digest.
   * An index without anything of its own has its children asked too.
   */
  findSignatures(image: ImageName, digest: Digest, options: SignatureSearchOptions): Promise<SignatureSearch>;
}

export interface SignatureSearchOptions {
  /** Another repository of the same registry that is asked as well: `org/signatures`. */
  readonly repository: string | null;
  /** Manifests (and API bundles, by their sha256) whose contents are known: listed in `known`, not read again. */
  readonly known: ReadonlySet<Digest>;
  readonly requests: RequestBudget;
}

/**
 * How many requests an invocation may still make: Cloudflare's Free plan allows 50.
 * @see https://developers.cloudflare.com/workers/platform/limits/#subrequests
 */
export interface RequestBudget {
  /** Takes one, if there is one left. */
  take(): boolean;
  readonly left: number;
}

export interface SignatureSearch {
  readonly places: readonly SignaturePlace[];
  readonly materials: readonly SignatureMaterial[];
  /** Of `known`, those that are still there. */
  readonly known: readonly Digest[];
  /** Runnable children of an index, if they had to be asked. */
  readonly children: readonly Digest[];
}

/** Annotations of a layer that cosign's first layout needs; `null`: not there. */
export interface CosignAnnotations {
  /** `dev.cosignproject.cosign/signature`, base64. */
  readonly signature: string | null;
  /** `dev.sigstore.cosign/certificate`, PEM. */
  readonly certificate: string | null;
  /** `dev.sigstore.cosign/bundle`: the log entry, JSON. */
  readonly bundle: string | null;
  /** `dev.sigstore.cosign/rfc3161timestamp`, JSON. */
  readonly timestamp: string | null;
}

/** Something that claims to sign a digest, as it was read. */
export interface SignatureMaterial {
  readonly place: SignaturePlaceName;
  /** Repository it was found in; `null`: an API's. */
  readonly image: string | null;
  /** The digest that it was looked up for. */
  readonly about: Digest;
  /** The manifest that holds it, or the sha256 of an API's bundle. */
  readonly source: Digest;
  readonly content: /** @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto */
    | {
        readonly kind: 'bundle';
        readonly bytes: Uint8Array;
        /** The bytes that have the digest: a message signature is over them, a statement only names their digest. */
        readonly artifact?: Uint8Array | undefined;
      }
    /** @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
    | { readonly kind: 'simple-signing'; readonly payload: Uint8Array; readonly annotations: CosignAnnotations }
    /** A DSSE envelope under cosign's `.att` tag. */
    | { readonly kind: 'dsse'; readonly envelope: Uint8Array; readonly annotations: CosignAnnotations }
    | { readonly kind: 'notation' }
    /** Its maker made it so that it cannot be read: too long, or not what its digest says. */
    | { readonly kind: 'broken'; readonly problem: 'malformed' | 'wrong-digest'; readonly reason: string }
    /** The registry did not give it to us now. */
    | { readonly kind: 'unreadable'; readonly reason: string };
}

/** With what signatures are verified. */
export interface Trust {
  readonly roots: readonly TrustedRootData[];
  /** PEM of the policy's keys. */
  readonly keys: readonly {
    readonly data: string;
    readonly fingerprint: Digest;
    readonly transparencyLog: 'require' | 'ignore';
  }[];
}

/** A trusted root as it is stored. */
export interface TrustedRootData {
  /** `public-good`, `github`, or a name that a maintainer gave. */
  readonly name: string;
  /** sha256 of `json`: tells versions apart. */
  readonly id: Digest;
  /** `application/vnd.dev.sigstore.trustedroot+json` */
  readonly json: string;
  /** Not known to be the present one: what it lacks may be our fault. */
  readonly stale: boolean;
}

/** Verifies signatures. Never throws: what it cannot decide is `unavailable` with its reason. */
export interface SignatureVerifier {
  verify(materials: readonly SignatureMaterial[], trust: Trust): Promise<readonly FoundSignature[]>;
}

/** Trusted roots by name; refreshed by cron. */
export interface TrustedRoots {
  /** Those of the names that there are, in their order. */
  get(teamId: number, names: readonly string[], now: number): Promise<readonly TrustedRootData[]>;
}

/** Reads public keys that a maintainer gives. */
export interface KeyChecker {
  /** Its fingerprint as a policy keeps it, or why it cannot be used, in words for the person who gave it (never the key). */
  check(pem: string): Promise<CheckedKey>;
}

export type CheckedKey =
  | { readonly ok: true; readonly fingerprint: Digest }
  | { readonly ok: false; readonly reason: string };

/** Looks up runs of a CI provider. Never throws. */
export interface CiRuns {
  /** Whether the run that these claims name exists and may have made a push at `pushedAt` (ms). `null`: not a provider that is asked. */
  lookUp(claims: CiClaims, pushedAt: number, requests: RequestBudget): Promise<CiRun | null>;
}

/** Verifies a CI job's OIDC token. */
export interface CiTokens {
  /** @throws InvalidCiToken if it is not a valid token of a configured issuer for this installation. */
  verify(token: string, now: number): Promise<VerifiedCiToken>;
}

export interface VerifiedCiToken {
  readonly claims: CiClaims;
  /** Token id, or a hash of what is signed where tokens have none: each is accepted once. */
  readonly jti: string;
  /** Until when the token could be replayed (ms since the epoch). */
  readonly expiresAt: number;
}

/** Why a CI token was refused, in words for the person who set the job up. Never contains the token. */
export class InvalidCiToken extends Error {
  override readonly name = 'InvalidCiToken';
}

/** Where a message goes. `secret` parts are decrypted only for sending and never logged. */
export type ChannelTarget =
  | { readonly kind: 'slack-webhook'; readonly url: string }
  | { readonly kind: 'slack-bot'; readonly token: string; readonly channel: string }
  | { readonly kind: 'discord' | 'teams'; readonly url: string }
  /** `secret`: `whsec_…`, with which each message is signed. */
  | { readonly kind: 'webhook'; readonly url: string; readonly secret: string }
  | { readonly kind: 'email'; readonly to: string };

export type ChannelKind = ChannelTarget['kind'];

/** A message already in a channel that can be updated or answered in its thread. */
export interface MessageReference {
  readonly channel: string;
  readonly ts: string;
}

/** What a message is about, as it was when it was written down. */
export type NotificationContent =
  | { readonly kind: 'opened'; readonly alert: AlertFacts }
  | {
      readonly kind: 'worsened';
      readonly alert: AlertFacts;
      readonly newFindings: readonly FindingCode[];
      readonly newTags: readonly string[];
    }
  | { readonly kind: 'acknowledged'; readonly alert: AlertFacts; readonly by: string; readonly at: number }
  | {
      readonly kind: 'closed';
      readonly alert: AlertFacts;
      readonly resolution: AlertResolution;
      /** Who closed it; `null` if late evidence did. */
      readonly by: string | null;
      readonly reason: string | null;
      readonly openedAt: number;
      readonly closedAt: number;
    }
  | { readonly kind: 'watch-opened'; readonly alert: WatchAlertFacts }
  | { readonly kind: 'watch-acknowledged'; readonly alert: WatchAlertFacts; readonly by: string; readonly at: number }
  | {
      readonly kind: 'watch-closed';
      readonly alert: WatchAlertFacts;
      readonly resolution: AlertResolution;
      readonly by: string | null;
      readonly reason: string | null;
      readonly openedAt: number;
      readonly closedAt: number;
    }
  | {
      readonly kind: 'undetermined';
      readonly image: string;
      readonly tag: string;
      readonly digest: Digest | null;
      readonly push: string;
      readonly pusher: string | null;
      readonly pushedAt: number;
      readonly wants: readonly Want[];
      /** What the sources said, place by place. */
      readonly reasons: readonly string[];
    }
  /** Nobody has it, though somebody asked to be reminded. */
  | { readonly kind: 'reminder'; readonly alert: AnyAlertFacts; readonly openedAt: number }
  /** Many alerts as one message, as they stand when it is sent. */
  | { readonly kind: 'burst'; readonly burst: Burst }
  | { readonly kind: 'digest'; readonly digest: WeeklySummary }
  /** `image` `null`: the channel itself is tested. */
  | { readonly kind: 'test'; readonly image: string | null; readonly by: string; readonly at: number }
  | { readonly kind: 'health-opened'; readonly fact: HealthFact; readonly at: number }
  | { readonly kind: 'health-closed'; readonly fact: HealthFact; readonly openedAt: number; readonly at: number };

/** A message to send, once or (after a crash between sending and marking) again with the same `eventId`. */
export interface Notification {
  /** Recognises a repeat: stands in the message itself. */
  readonly eventId: string;
  /** `A-12`: the alert it belongs to. */
  readonly alertId: string | null;
  /** Where a person reads more. */
  readonly link: string | null;
  readonly content: NotificationContent;
  /** The message's own earlier one (the alert's or the burst's first), when the channel can be updated and threaded. */
  readonly parent: MessageReference | null;
  /** Of an alert without a message of its own: that of its burst, to be answered in its thread and left as it is. */
  readonly thread?: MessageReference | null;
  /** The channel's app tells us of buttons that are pressed. */
  readonly interactive?: boolean;
}

export type SendResult =
  | { readonly ok: true; readonly reference: MessageReference | null }
  | {
      readonly ok: false;
      /** Trying again cannot help: somebody has to change the channel. */
      readonly permanent: boolean;
      /** Slack's error word or our own (`timeout`); never a secret. */
      readonly reason: string;
      /** What `Retry-After` asked for, in ms. */
      readonly retryAfterMs: number | null;
    };

/** Sends a message to a person's channel. Never throws. */
export interface Notifier {
  send(target: ChannelTarget, notification: Notification): Promise<SendResult>;
}

/** Encrypts what must be read back (HMAC secrets, channel credentials) for keeping in the database. */
export interface Seal {
  /** `context` binds the ciphertext to its place; opening with another one fails. */
  seal(plain: string, context: string): Promise<string>;
  open(sealed: string, context: string): Promise<string>;
}

/** Wake-ups. What they say stands in the database too; losing one delays work until cron finds it. */
export interface Wakeups {
  /** Answers whether the queue took them. Never throws: for pushes and messages cron is the second way. */
  checks(messages: readonly CheckMessage[], delaySeconds?: number): Promise<boolean>;
  notifications(delaySeconds?: number): Promise<boolean>;
}

/** Look at a push, read a tag back, or read what images hold that alerts are about. */
export type CheckMessage =
  | { readonly check: { readonly repository: number; readonly seq: number } }
  | { readonly look: Look }
  | { readonly contents: true };

/** A tag to read back, since a delivery named it that recorded no push. */
export interface Look {
  readonly repository: number;
  readonly tag: string;
  readonly actor: number | null;
  /** The delivery, if it told of a push that another delivery had told of moments before. */
  readonly folded: { readonly key: string; readonly day: number; readonly digest: string } | null;
}

/** A new secret of a hook, as it is stored. */
export interface StoredSecret {
  /** SHA-256 of the secret. */
  readonly hash: Uint8Array;
  /** The encrypted secret, where it must be read back (HMAC); else `null`. */
  readonly sealed: string | null;
}

export interface HookSecrets {
  newPublicId(): string;
  issue(
    provider: WebhookOrigin,
    publicId: string,
  ): Promise<{ readonly publicId: string; readonly secret: string; readonly stored: StoredSecret }>;
}

/** Counts what a caller does, and says when it is too much. */
export interface RateLimiter {
  /** Whether one more is allowed now; it is counted either way. */
  take(key: string): Promise<boolean>;
}

/** Whoever vouches for people cannot be asked at this moment: our trouble or theirs, and nobody's fault. */
export class IdentityUnavailable extends Error {
  override readonly name = 'IdentityUnavailable';
}
