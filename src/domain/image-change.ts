import type { Digest } from './digest.ts';
import {
  CONFIG_LISTS,
  CONFIG_TEXTS,
  type ConfigList,
  type ConfigText,
  type ImageConfig,
  type ImageContents,
  isCommand,
  type KnownContents,
  type Layer,
  type ReadConfig,
  type Spelling,
} from './image-contents.ts';

type Image = Extract<ImageContents, { readonly kind: 'image' }>;
type Index = Extract<ImageContents, { readonly kind: 'index' }>;

/** One part of a configuration. `unclear`: cut on one side or both, so that the rest may differ (or differ more). */
export type PartChange =
  | {
      readonly form: 'text';
      readonly part: ConfigText;
      readonly unclear: boolean;
      readonly before: string;
      readonly after: string;
    }
  | {
      readonly form: 'command';
      readonly part: ConfigList;
      readonly unclear: boolean;
      readonly before: readonly string[];
      readonly after: readonly string[];
    }
  | {
      readonly form: 'names';
      readonly part: ConfigList;
      readonly unclear: boolean;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    };

export type ConfigChange =
  /** The very same bytes. */
  | { readonly is: 'same' }
  | {
      readonly is: 'compared';
      readonly changes: readonly PartChange[];
      /** Of what the new one says anything about. */
      readonly unchanged: readonly (ConfigList | ConfigText)[];
      /** Of the new one. */
      readonly spelling: Spelling;
    }
  | { readonly is: 'unavailable'; readonly before: string | null; readonly after: string | null };

export interface LayerChange {
  readonly before: LayerTotal;
  readonly after: LayerTotal;
  readonly added: readonly Layer[];
  readonly removed: readonly Layer[];
  /** So many, from the first on, are the same. */
  readonly sameFirst: number;
  /** The same layers in another order. */
  readonly reordered: boolean;
  /** More layers than are kept: those beyond may differ. */
  readonly unclear: boolean;
}

export interface LayerTotal {
  readonly count: number;
  /** Bytes. */
  readonly size: number;
}

export interface PlatformChange {
  readonly platform: string;
  readonly before: Digest;
  readonly after: Digest;
  /** `null`: the contents of one are not known; the reasons say why. */
  readonly change: ImageChange | null;
  readonly unread: readonly KnownContents[];
}

/** Between two single images. */
export interface ImageChange {
  readonly config: ConfigChange;
  readonly layers: LayerChange;
  /** Of the new manifest. */
  readonly spelling: Spelling;
}

/** What is different in the later of two digests. */
export type Change =
  | ({ readonly is: 'image' } & ImageChange)
  | {
      readonly is: 'platforms';
      /** What each is: an index of platforms, or one image. */
      readonly before: 'index' | 'image';
      readonly after: 'index' | 'image';
      readonly added: readonly Platform[];
      readonly removed: readonly Platform[];
      readonly changed: readonly PlatformChange[];
      readonly unchanged: readonly string[];
      /** Entries that name no platform, as BuildKit's attestations do: they are not compared. */
      readonly unnamed: number;
      /** More entries than are kept: those beyond may differ. */
      readonly unclear: boolean;
      /** Of the new index or manifest. */
      readonly spelling: Spelling;
    }
  /** One of them is nothing that could be run. */
  | { readonly is: 'other'; readonly before: string | null; readonly after: string | null };

export interface Platform {
  readonly platform: string;
  readonly digest: Digest;
}

/** A digest with what is known of it, and of the images that it lists if it is an index. */
export interface ComparedImage {
  readonly digest: Digest;
  readonly contents: ImageContents;
  readonly children: ReadonlyMap<Digest, KnownContents>;
}

/** What is different in `after`. Pure; whatever the images' makers wrote, it only compares. */
export function changeBetween(before: ComparedImage, after: ComparedImage): Change {
  const [old, now] = [before.contents, after.contents];
  if (old.kind === 'other' || now.kind === 'other') {
    return { is: 'other', before: reasonOf(old), after: reasonOf(now) };
  }
  if (old.kind === 'image' && now.kind === 'image') return { is: 'image', ...imageChange(old, now) };
  return platformsChange(before, after);
}

const reasonOf = (contents: ImageContents): string | null => (contents.kind === 'other' ? contents.reason : null);

export function imageChange(before: Image, after: Image): ImageChange {
  return {
    config: configChange(before, after),
    layers: layerChange(before, after),
    spelling: after.spelling,
  };
}

function configChange(before: Image, after: Image): ConfigChange {
  if (before.configDigest !== null && before.configDigest === after.configDigest) return { is: 'same' };
  const [old, now] = [before.config, after.config];
  if (old.state !== 'present' || now.state !== 'present') {
    return { is: 'unavailable', before: unreadReason(old), after: unreadReason(now) };
  }
  const texts = CONFIG_TEXTS.flatMap((part) => textChange(part, old.value, now.value));
  const lists = CONFIG_LISTS.flatMap((part) =>
    isCommand(part) ? commandChange(part, old.value, now.value) : namesChange(part, old.value, now.value),
  );
  const changes: PartChange[] = [...lists, ...texts];
  const unchanged = [...CONFIG_LISTS, ...CONFIG_TEXTS].filter(
    (part) => now.value[part].length > 0 && changes.every((each) => each.part !== part),
  );
  return { is: 'compared', changes, unchanged, spelling: now.value.spelling };
}

const unreadReason = (config: ReadConfig): string | null => (config.state === 'present' ? null : config.reason);

/** What was cut may differ where it is not kept. */
const isCut = (part: ConfigList | ConfigText, ...configs: readonly ImageConfig[]): boolean =>
  configs.some(({ cut }) => cut.includes(part));

function textChange(part: ConfigText, old: ImageConfig, now: ImageConfig): PartChange[] {
  const [before, after, unclear] = [old[part], now[part], isCut(part, old, now)];
  return before === after && !unclear ? [] : [{ form: 'text', part, unclear, before, after }];
}

function commandChange(part: ConfigList, old: ImageConfig, now: ImageConfig): PartChange[] {
  const [before, after, unclear] = [old[part], now[part], isCut(part, old, now)];
  const isSame = before.length === after.length && before.every((word, n) => word === after[n]);
  return isSame && !unclear ? [] : [{ form: 'command', part, unclear, before, after }];
}

function namesChange(part: ConfigList, old: ImageConfig, now: ImageConfig): PartChange[] {
  const [before, after, unclear] = [new Set(old[part]), new Set(now[part]), isCut(part, old, now)];
  const added = [...after].filter((name) => !before.has(name));
  const removed = [...before].filter((name) => !after.has(name));
  return added.length + removed.length === 0 && !unclear ? [] : [{ form: 'names', part, unclear, added, removed }];
}

function layerChange(before: Image, after: Image): LayerChange {
  const [old, now] = [before.layers, after.layers];
  const added = without(now, old);
  const removed = without(old, now);
  let sameFirst = 0;
  while (sameFirst < Math.min(old.length, now.length) && isSameLayer(old[sameFirst], now[sameFirst])) sameFirst += 1;
  return {
    before: { count: before.layerCount, size: before.size },
    after: { count: after.layerCount, size: after.size },
    added,
    removed,
    sameFirst,
    reordered: added.length + removed.length === 0 && sameFirst < now.length,
    unclear: before.layerCount > old.length || after.layerCount > now.length,
  };
}

/** One without a digest that we know of is like no other. */
const isSameLayer = (one: Layer | undefined, other: Layer | undefined): boolean =>
  one !== undefined && one.digest !== null && one.digest === other?.digest;

/** Those of `layers` that `others` has not, or not as often. */
function without(layers: readonly Layer[], others: readonly Layer[]): Layer[] {
  const left = new Map<Digest | null, number>();
  for (const { digest } of others) left.set(digest, (left.get(digest) ?? 0) + 1);
  return layers.filter(({ digest }) => {
    const count = digest === null ? 0 : (left.get(digest) ?? 0);
    if (count > 0) left.set(digest, count - 1);
    return count === 0;
  });
}

const PLAIN: Spelling = { oddKeys: [], repeats: false };

/** BuildKit's attestations have it, and no machine runs what has it. */
const NO_PLATFORM = 'unknown/unknown';

function platformsChange(before: ComparedImage, after: ComparedImage): Change {
  const [old, now] = [platformsOf(before), platformsOf(after)];
  const named = ({ platform }: Platform): boolean => platform !== NO_PLATFORM;
  const left = old.filter(named);
  const added: Platform[] = [];
  const changed: PlatformChange[] = [];
  const unchanged: string[] = [];
  for (const entry of now.filter(named)) {
    // One platform may stand there twice, and the first is what is run: the first is held against the first.
    const at = left.findIndex(({ platform }) => platform === entry.platform);
    const [match] = at < 0 ? [] : left.splice(at, 1);
    if (match === undefined) added.push(entry);
    else if (match.digest === entry.digest) unchanged.push(entry.platform);
    else changed.push(platformChange(entry.platform, before, match.digest, after, entry.digest));
  }
  return {
    is: 'platforms',
    before: kindOf(before),
    after: kindOf(after),
    added,
    removed: left,
    changed,
    unchanged,
    unnamed: now.length - now.filter(named).length,
    unclear: isLonger(before.contents) || isLonger(after.contents),
    spelling: after.contents.kind === 'other' ? PLAIN : after.contents.spelling,
  };
}

const kindOf = ({ contents }: ComparedImage): 'index' | 'image' => (contents.kind === 'index' ? 'index' : 'image');

const isLonger = (contents: ImageContents): boolean =>
  isIndex(contents) && contents.platformCount > contents.platforms.length;

const isIndex = (contents: ImageContents): contents is Index => contents.kind === 'index';

/** A single image counts as an index of one: the platform that its configuration names. */
function platformsOf({ digest, contents }: ComparedImage): readonly Platform[] {
  if (contents.kind === 'index') return contents.platforms;
  const config = contents.kind === 'image' && contents.config.state === 'present' ? contents.config.value : null;
  return [
    { platform: config === null || config.platform === '' ? 'a platform that is not known' : config.platform, digest },
  ];
}

function platformChange(
  platform: string,
  before: ComparedImage,
  old: Digest,
  after: ComparedImage,
  now: Digest,
): PlatformChange {
  const [was, is] = [contentsOf(before, old), contentsOf(after, now)];
  const known = was.state === 'present' && is.state === 'present' ? [was.contents, is.contents] : [];
  const [one, two] = known;
  const change = one?.kind === 'image' && two?.kind === 'image' ? imageChange(one, two) : null;
  return { platform, before: old, after: now, change, unread: change === null ? [was, is].map(unreadable) : [] };
}

/** An index that lists an index (or a signature) as a platform has nothing to compare. */
const unreadable = (known: KnownContents): KnownContents =>
  known.state === 'present' && known.contents.kind !== 'image'
    ? { state: 'unavailable', reason: 'it is not a single image', triedAt: known.readAt, nextAt: null }
    : known;

function contentsOf(image: ComparedImage, digest: Digest): KnownContents {
  if (digest === image.digest) return { state: 'present', contents: image.contents, readAt: 0 };
  return image.children.get(digest) ?? { state: 'not-read' };
}
