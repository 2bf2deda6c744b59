import type { Digest } from '../domain/digest.ts';

/** A TUF repository that publishes a trusted root. */
export interface TufMirror {
  /** Name of the trusted root: `public-good`. */
  readonly name: string;
  /** https, or loopback http in a local installation; without a slash at its end. */
  readonly url: string;
  /** The TUF root.json that trust begins with. */
  readonly root: string;
  /** It came with this release, not from configuration. */
  readonly vendored: boolean;
}

/** TUF metadata of a complete refresh: JSON as it was signed. */
export interface TufMetadata {
  /** Where trust began: `vendored`, or the sha256 of a configured root.json. */
  readonly origin: string;
  readonly root: string;
  readonly timestamp: string;
  readonly snapshot: string;
  readonly targets: string;
}

/** What a refresh ended with. */
export interface RefreshedRoot {
  readonly metadata: TufMetadata;
  /** The trusted root, as published. */
  readonly trustedRoot: { readonly id: Digest; readonly json: string };
  /** When the first of the metadata expires (ms): until then this is the present one. */
  readonly freshUntil: number;
}

/** The outcome, and how many requests it took. */
export type RefreshResult = { readonly requests: number } & (
  | ({ readonly ok: true } & RefreshedRoot)
  /** `reason` goes on after "could not be refreshed": "timestamp.json: answered 500". Never has a secret. */
  | { readonly ok: false; readonly reason: string }
);

/** Follows a TUF repository. Never throws. */
export interface TufClient {
  refresh(mirror: TufMirror, known: Omit<RefreshedRoot, 'freshUntil'> | null, now: number): Promise<RefreshResult>;
}

/** How a mirror fares. Times are ms since the epoch. */
export interface MirrorState {
  readonly name: string;
  readonly attemptedAt: number;
  /** In a row. An attempt counts as failed until it has succeeded: one that never ends counts, too. */
  readonly failures: number;
  /** When the first of them was. */
  readonly failingSince: number | null;
  readonly freshUntil: number | null;
}

/** An attempt that has begun. */
export interface MirrorAttempt extends MirrorState {
  readonly rev: number;
  readonly known: Omit<RefreshedRoot, 'freshUntil'> | null;
}

export interface MirrorStore {
  states(): Promise<readonly MirrorState[]>;
  /** Begins an attempt, unless one has begun since `notSince`: then `null`. */
  begin(name: string, notSince: number, now: number): Promise<MirrorAttempt | null>;
  /** All of it in one statement, unless another attempt has been saved meanwhile. */
  save(attempt: MirrorAttempt, refreshed: RefreshedRoot, now: number): Promise<void>;
  /** Keeps why the attempt failed. */
  failed(attempt: MirrorAttempt, reason: string): Promise<void>;
  /** Forgets the failures of a mirror that is configured no more. */
  forgive(name: string): Promise<void>;
}
