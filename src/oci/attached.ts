import type { Digest } from '../domain/digest.ts';
import { type Descriptor, digestOf, isIndex, type Manifest } from './manifest.ts';
import { readManifest } from './manifests.ts';
import type { Found, Held, Target } from './place-reading.ts';
import { readContents } from './signature-contents.ts';
import { kindOfDescriptor, type ListedKind, rank } from './signature-kind.ts';

/** Manifests that one look reads of a list. What it has read, the next look knows. */
const MAX_READ = 10;
/** Manifests of a list that are ever read. */
const MAX_REFERRERS = 30;
/** A list is given up after so many that could not be read: each may have taken its whole time-out. */
const MAX_TROUBLES = 2;

export interface Candidate {
  readonly digest: Digest;
  readonly kind: ListedKind;
}

/** Each digest once, what is likely to matter first. */
export function candidatesOf(descriptors: readonly Descriptor[]): readonly Candidate[] {
  const kinds = new Map<Digest, Candidate['kind']>();
  for (const descriptor of descriptors) {
    const digest = digestOf(descriptor);
    if (digest !== null) kinds.set(digest, kinds.get(digest) ?? kindOfDescriptor(descriptor));
  }
  return [...kinds].map(([digest, kind]) => ({ digest, kind })).sort((a, b) => rank(a.kind) - rank(b.kind));
}

/**
 * Reads manifests of a list of referrers. A list that is too long is its makers' doing, so what is beyond
 * `MAX_REFERRERS` counts as broken; within it, what one look does not get to is read by the next.
 * @param rest read if there is room: by their types they are something else
 * @param list digest of the list itself, to name what is too long about it
 */
export async function readReferrers(
  target: Target,
  worth: readonly Candidate[],
  rest: readonly Candidate[],
  list: Digest,
): Promise<Found> {
  const found = new Collected();
  for (const candidate of [...worth.slice(0, MAX_REFERRERS), ...rest]) await readCandidate(target, candidate, found);
  const { held, left, troubles, others, unread } = found;
  const surplus = worth.slice(MAX_REFERRERS).filter(({ kind }) => kind !== 'statement').length;
  const tooMany = `${worth.length} attached artifacts, of which ${MAX_REFERRERS} are read`;
  if (surplus > 0) held.push(tooLong(target, list, tooMany));
  if (unread > 0) troubles.push(`${unread} more attached artifacts are left for the next look`);
  return { held, others, left, troubles };
}

/** What has been read of a list so far. */
class Collected {
  readonly held: Held[] = [];
  readonly left: string[] = [];
  readonly troubles: string[] = [];
  others = 0;
  reads = 0;
  unread = 0;

  add(found: FoundOne | 'other'): void {
    if (found === 'other') this.others += 1;
    else {
      if (found.held !== null) this.held.push(found.held);
      if (found.left !== null) this.left.push(found.left);
      if (found.trouble !== null) this.troubles.push(found.trouble);
    }
  }
}

async function readCandidate(target: Target, { digest, kind }: Candidate, found: Collected): Promise<void> {
  const { seen, known, memory, about } = target;
  const remembered = memory.get(digest, about);
  if (seen.has(digest)) return;
  if (known.has(digest)) {
    const said = remembered ?? kind;
    const declared = said === 'other' || said === 'untyped' ? 'unclear' : said;
    found.held.push({ source: digest, declared, contents: 'known' });
  } else if (remembered === 'other') found.others += 1;
  else if (found.reads === MAX_READ || found.troubles.length >= MAX_TROUBLES) {
    if (kind === 'other') found.others += 1;
    else found.unread += 1;
    return;
  } else {
    found.reads += 1;
    found.add(await readReferrer(target, digest));
  }
  seen.add(digest);
}

/** What a manifest holds. `trouble`: why (some of) it could not be read now. */
export interface FoundOne {
  readonly held: Held | null;
  readonly left: string | null;
  readonly trouble: string | null;
}

/** A manifest that a list names. It counts only if it is about our digest itself, whatever the list says. */
async function readReferrer(target: Target, digest: Digest): Promise<FoundOne | 'other'> {
  const { client, image, about, memory } = target;
  const read = await readManifest(client, image, digest);
  switch (read.kind) {
    case 'trouble':
    case 'wrong-digest':
      return { held: null, left: null, trouble: read.reason };
    case 'too-long':
      return { held: tooLong(target, digest, read.reason), left: null, trouble: null };
    case 'absent':
      return 'other';
    case 'no-manifest':
      memory.set(digest, about, 'other');
      return 'other';
    case 'manifest': {
      const isOurs = !isIndex(read.manifest) && digestOf(read.manifest.subject) === about;
      if (isOurs) return readOne(target, digest, read.manifest);
      memory.set(digest, about, 'other');
      return 'other';
    }
  }
}

/** What one manifest holds, whatever led to it. */
export async function readOne(target: Target, source: Digest, manifest: Manifest): Promise<FoundOne | 'other'> {
  const found = await readContents(target, manifest);
  switch (found.kind) {
    case 'unread':
      return { held: null, left: null, trouble: found.reason };
    case 'nothing':
      if (found.left !== null) return { held: null, left: found.left, trouble: null };
      target.memory.set(source, target.about, 'other');
      return 'other';
    case 'contents': {
      const { declared, contents, left } = found;
      target.memory.set(source, target.about, declared);
      const unreadable = contents.find(({ kind }) => kind === 'unreadable');
      const trouble = unreadable?.kind === 'unreadable' ? unreadable.reason : null;
      return { held: { source, declared, contents }, left, trouble };
    }
  }
}

/** No signature is as long, and no honest list either: somebody made it so. */
export function tooLong({ known }: Target, source: Digest, reason: string): Held {
  const contents = [{ kind: 'broken', problem: 'malformed', reason }] as const;
  return { source, declared: 'unclear', contents: known.has(source) ? 'known' : contents };
}
