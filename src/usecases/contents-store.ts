import type { Digest } from '../domain/digest.ts';
import type { ImageContents } from '../domain/image-contents.ts';
import type { ImageName } from '../domain/reference.ts';
import type { RequestBudget } from './ports.ts';
import type { PushKey } from './stores.ts';

/** What a registry says of a digest's contents. */
export type ContentsRead =
  /** `again`: the configuration could not be read now, the rest could. */
  | { readonly state: 'read'; readonly contents: ImageContents; readonly again: boolean }
  | { readonly state: 'unavailable'; readonly reason: string };

/** Reads manifests and configurations. Never throws. */
export interface ContentsReader {
  /**
   * `GET` of a manifest and, of a single image, of its configuration: everything is hashed against its digest. Docker Hub
   * counts it as a pull.
   */
  contents(image: ImageName, digest: Digest, requests: RequestBudget): Promise<ContentsRead>;
}

/** A digest whose contents are to be read. */
export interface WantedContents {
  readonly repository: number;
  readonly image: ImageName;
  readonly digest: Digest;
  /** Times it was tried, this one included. */
  readonly attempts: number;
}

interface Audit {
  readonly teamId: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

export interface ContentsStore {
  /** Takes what is due, what was pushed before what it is held against, and keeps it from others for a while. */
  take(now: number, leaseMs: number, limit: number): Promise<WantedContents[]>;
  /** The same, of what one push is compared with, whether or not it was tried in vain before. */
  takeOf(push: PushKey, now: number, leaseMs: number, limit: number): Promise<WantedContents[]>;
  /** Writes down what was read, and (of an index) whose contents are to be read next. */
  save(
    wanted: WantedContents,
    contents: ImageContents,
    next: { readonly digests: readonly Digest[]; readonly againAt: number | null },
    now: number,
  ): Promise<void>;
  /** Writes down why it could not be read. `nextAt` `null`: it is not tried again by itself. */
  fail(wanted: WantedContents, reason: string, nextAt: number | null, now: number): Promise<void>;
  /** It was not its turn: nothing was tried. */
  putBack(wanted: WantedContents, nextAt: number): Promise<void>;
  /** When the next is due, if any. */
  nextDue(): Promise<number | null>;
  /** Asks for the contents of a push's digest and of the one it is compared with. */
  want(push: PushKey, now: number, audit: Audit): Promise<void>;
}
