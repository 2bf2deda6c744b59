import { isKeyless } from '../domain/authority.ts';
import { artifactTagSubject, type Digest } from '../domain/digest.ts';
import type { Policy } from '../domain/policy.ts';
import type { ImageName } from '../domain/reference.ts';
import { gatherSignatures, type KeptSignatures, NO_INDEXES, type SignatureDependencies } from './gather-signatures.ts';
import type { RequestBudget } from './ports.ts';
import { type SeenTag, type Suggestion, suggestedPolicy } from './suggested-policy.ts';
import { NO_POLICY } from './verify-image.ts';

export interface SuggestRequest {
  readonly teamId: number;
  readonly image: ImageName;
  /** Of the team, if it watches the image: its keys and its signature repository are known. */
  readonly policy: Policy | null;
  /** Tags by when they last changed, the latest first; `null`: the registry's list is taken. */
  readonly recent: readonly RecentTag[] | null;
  /** How many tags to read. */
  readonly count: number;
  readonly requests: RequestBudget;
  readonly now: number;
}

export interface RecentTag {
  readonly tag: string;
  readonly digest: Digest;
  /** Judged rogue: whoever signed it is the last one to learn from. */
  readonly isRogue: boolean;
}

export interface Suggested extends Suggestion {
  /** Tags that were not read, and why. */
  readonly unread: readonly UnreadTag[];
  /** By which order tags were chosen: when they changed, or their version. */
  readonly order: 'changed' | 'version';
}

export interface UnreadTag {
  readonly tag: string;
  readonly reason: string;
}

/** Requests below which no further tag is begun: looking at one takes about as many. */
const TAG_COST = 8;
const NO_REQUESTS = 'this image needs more requests than one invocation may make: ask for fewer tags';

/**
 * Reads the signatures of the last tags of an image and makes a policy that fits them. `absent`: the registry has no such
 * image; `unavailable`: its tags cannot be listed. Nothing is kept.
 */
export async function suggestPolicy(
  deps: SignatureDependencies,
  request: SuggestRequest,
): Promise<Suggested | { readonly state: 'absent' } | { readonly state: 'unavailable'; readonly reason: string }> {
  const { policy, now } = request;
  const listed = request.recent?.filter(({ isRogue }) => !isRogue) ?? (await latestTags(deps, request));
  if ('state' in listed) return listed;
  const seen: SeenTag[] = [];
  const unread: UnreadTag[] = (request.recent ?? [])
    .filter(({ isRogue }) => isRogue)
    .map(({ tag }) => ({ tag, reason: 'its push was judged rogue: nothing is learnt from it' }));
  const known = new Map<Digest, KeptSignatures>();
  for (const each of listed.slice(0, request.count)) {
    const read = await readTag(deps, request, each, known);
    if ('reason' in read) unread.push(read);
    else seen.push(read);
  }
  const named = (policy?.signatures.authorities ?? []).flat();
  const keys = named.flatMap((authority) => (isKeyless(authority) ? [] : [authority]));
  const suggestion = suggestedPolicy(seen, { repository: policy?.signatures.repository, keys }, now);
  return { ...suggestion, unread, order: request.recent === null ? 'version' : 'changed' };
}

interface ListedTag {
  readonly tag: string;
  readonly digest: Digest | null;
}

/** Several tags at one digest are read once. */
async function readTag(
  deps: SignatureDependencies,
  request: SuggestRequest,
  { tag, digest: listed }: ListedTag,
  known: Map<Digest, KeptSignatures>,
): Promise<SeenTag | UnreadTag> {
  const { image, teamId, requests, now } = request;
  if (listed === null && !requests.take()) return { tag, reason: NO_REQUESTS };
  const resolved = listed === null ? await deps.registry.resolve(image, tag) : null;
  if (resolved !== null && resolved.state !== 'present') {
    return { tag, reason: resolved.state === 'absent' ? 'the registry has it no longer' : resolved.reason };
  }
  const digest = listed ?? (resolved?.state === 'present' ? resolved.value.digest : null);
  if (digest === null) return { tag, reason: 'the registry has it no longer' };
  const before = known.get(digest);
  if (before !== undefined) return { tag, digest, signatures: before };
  if (requests.left < TAG_COST) return { tag, reason: NO_REQUESTS };
  const signatures = await gatherSignatures(deps, {
    teamId,
    image,
    digest,
    policy: { ...NO_POLICY, signatures: { ...NO_POLICY.signatures, ...ownSignatures(request.policy) } },
    kept: null,
    indexes: () => Promise.resolve(NO_INDEXES),
    pushedAt: now,
    requests,
    now,
  });
  known.set(digest, signatures);
  return { tag, digest, signatures };
}

function ownSignatures(policy: Policy | null): Partial<Policy['signatures']> {
  if (policy === null) return {};
  const { repository, authorities } = policy.signatures;
  return { authorities, ...(repository === undefined ? {} : { repository }) };
}

const PAGE = 1000;
const MAX_PAGES = 3;

/** From the registry's list, as far as a few pages go: versions first, the highest first. */
async function latestTags(
  { registry }: SignatureDependencies,
  { image, requests }: SuggestRequest,
): Promise<ListedTag[] | { readonly state: 'absent' } | { readonly state: 'unavailable'; readonly reason: string }> {
  const tags: string[] = [];
  let from: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    requests.take();
    const read = await registry.listTags(image, from, PAGE);
    if (read.state === 'absent') return { state: 'absent' };
    if (read.state !== 'present') return { state: 'unavailable', reason: read.reason };
    tags.push(...read.value.tags);
    from = read.value.next;
    if (from === null) break;
  }
  return newestFirst(tags).map((tag) => ({ tag, digest: null }));
}

/** Full versions before short ones (which move along), before names; artifacts' tags left out. */
export function newestFirst(tags: readonly string[]): string[] {
  return tags
    .filter((tag) => artifactTagSubject(tag) === null)
    .map((tag) => ({ tag, version: versionOf(tag) }))
    .sort((a, b) => compareVersions(b.version, a.version) || (a.tag < b.tag ? 1 : -1))
    .map(({ tag }) => tag);
}

interface Version {
  /** 3: `1.2.3`; 2: `1.2`; 1: `1`; 0: no version. */
  readonly parts: number;
  readonly numbers: readonly number[];
  readonly isRelease: boolean;
}

function versionOf(tag: string): Version {
  const [, numbers = '', rest = ''] = /^v?(\d{1,9}(?:\.\d{1,9}){0,4})(.*)$/i.exec(tag) ?? [];
  if (numbers === '' || /^[0-9a-z]/i.test(rest)) return { parts: 0, numbers: [], isRelease: false };
  const list = numbers.split('.').map(Number);
  return { parts: Math.min(list.length, 3), numbers: list, isRelease: rest === '' };
}

function compareVersions(a: Version, b: Version): number {
  if (a.parts !== b.parts) return a.parts - b.parts;
  for (let n = 0; n < Math.max(a.numbers.length, b.numbers.length); n += 1) {
    const difference = (a.numbers[n] ?? 0) - (b.numbers[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(a.isRelease) - Number(b.isRelease);
}
