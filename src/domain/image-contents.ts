import type { Digest } from './digest.ts';

/**
 * What a manifest and its configuration say, in short: what a container of the image would run, and of what it is made.
 * All of it was written by whoever pushed the image. Values of variables and labels are left out: they may be secrets.
 */
export type ImageContents =
  | {
      readonly kind: 'image';
      /** Of the configuration's bytes: where two are the same, so is all that it says, shown here or not. */
      readonly configDigest: Digest | null;
      readonly config: ReadConfig;
      readonly layers: readonly Layer[];
      /** How many there are; `layers` has at most 256. */
      readonly layerCount: number;
      /** Bytes in all, as the manifest says. */
      readonly size: number;
      readonly spelling: Spelling;
    }
  | {
      readonly kind: 'index';
      readonly platforms: readonly PlatformEntry[];
      /** How many there are; `platforms` has at most 64. */
      readonly platformCount: number;
      readonly spelling: Spelling;
    }
  /** Nothing that could be run: a signature, or bytes that are no manifest. */
  | { readonly kind: 'other'; readonly reason: string };

/** How it is written. Where it is odd, tools differ in what they read: one may run what another does not see. */
export interface Spelling {
  /** Keys in other letters than the specification's. */
  readonly oddKeys: readonly string[];
  /** Some key stands there twice. */
  readonly repeats: boolean;
}

/** A configuration, or why there is none. `invalid` is its maker's doing and final. */
export type ReadConfig =
  | { readonly state: 'present'; readonly value: ImageConfig }
  | { readonly state: 'invalid' | 'unavailable'; readonly reason: string };

export interface Layer {
  readonly digest: Digest | null;
  /** Bytes, as the manifest says. */
  readonly size: number;
}

export interface PlatformEntry {
  /** `linux/arm64/v8`; `unknown/unknown` is what BuildKit gives its attestations. */
  readonly platform: string;
  readonly digest: Digest;
}

/**
 * Parts of a configuration that can be run, or say as whom and where.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export const CONFIG_LISTS = [
  'entrypoint',
  'cmd',
  'healthcheck',
  'onBuild',
  'env',
  'exposedPorts',
  'volumes',
  'labels',
] as const;
export const CONFIG_TEXTS = ['user', 'workingDir', 'platform', 'created'] as const;

export type ConfigList = (typeof CONFIG_LISTS)[number];
export type ConfigText = (typeof CONFIG_TEXTS)[number];

export interface ImageConfig extends Readonly<Record<ConfigList, readonly string[]>> {
  /** Empty: it does not say, which for `user` means root. */
  readonly user: string;
  readonly workingDir: string;
  readonly platform: string;
  readonly created: string;
  /** What is longer than is kept, so that two of them cannot be told apart by what is. */
  readonly cut: readonly (ConfigList | ConfigText)[];
  readonly spelling: Spelling;
}

/** Lists whose order means something: a command. The others are names, kept sorted. */
export const isCommand = (part: ConfigList): boolean =>
  part === 'entrypoint' || part === 'cmd' || part === 'healthcheck' || part === 'onBuild';

/** What is known of a digest's contents. Times are ms since the epoch. */
export type KnownContents =
  | { readonly state: 'present'; readonly contents: ImageContents; readonly readAt: number }
  /** They are to be read: nobody has tried yet. */
  | { readonly state: 'waiting' }
  /** Told as such, never as "no change". `nextAt`: when it is tried again; `null`: not by itself. */
  | {
      readonly state: 'unavailable';
      readonly reason: string;
      readonly triedAt: number;
      readonly nextAt: number | null;
    }
  /** Nobody has asked for them. */
  | { readonly state: 'not-read' };
