import type { Digest } from './digest.ts';
import type { Verdict } from './finding.ts';
import { type Change, changeBetween } from './image-change.ts';
import type { KnownContents } from './image-contents.ts';

/** The push whose image a push is held against. Times are ms since the epoch. */
export interface ComparedPush {
  readonly seq: number;
  readonly digest: Digest;
  readonly verdict: Verdict | null;
  readonly receivedAt: number;
  /** 1: the tag's push right before; more: those in between were rogue or undecided, or of the same image. */
  readonly back: number;
}

/** A push's image, what it is held against, and what is known of the contents of both. */
export interface Comparison {
  readonly digest: Digest;
  /** `null`: the tag had no other image before. */
  readonly against: ComparedPush | null;
  /** Of both, and of the images that an index among them lists. */
  readonly contents: ReadonlyMap<Digest, KnownContents>;
}

export interface Compared {
  readonly after: KnownContents;
  /** `null`: there is nothing to compare with. */
  readonly before: KnownContents | null;
  /** `null` unless both are known. */
  readonly change: Change | null;
}

const NOT_READ: KnownContents = { state: 'not-read' };

export function compare({ digest, against, contents }: Comparison): Compared {
  const after = contents.get(digest) ?? NOT_READ;
  if (against === null) return { after, before: null, change: null };
  const before = contents.get(against.digest) ?? NOT_READ;
  if (before.state !== 'present' || after.state !== 'present') return { after, before, change: null };
  const change = changeBetween(
    { digest: against.digest, contents: before.contents, children: contents },
    { digest, contents: after.contents, children: contents },
  );
  return { after, before, change };
}

/** Whether something is missing that somebody could ask the registry for. */
export function wantsReading({ digest, against, contents }: Comparison): boolean {
  const isMissing = (one: Digest): boolean => {
    const known = contents.get(one) ?? NOT_READ;
    if (known.state !== 'present') return true;
    if (known.contents.kind === 'image') return known.contents.config.state === 'unavailable';
    // An image that an index lists: only those that were to be read are known, and the rest nobody asks for.
    return (
      known.contents.kind === 'index' &&
      known.contents.platforms.some((entry) => contents.get(entry.digest)?.state === 'unavailable')
    );
  };
  return [digest, ...(against === null ? [] : [against.digest])].some(isMissing);
}
