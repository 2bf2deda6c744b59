import { artifactTagSubject, type Digest } from '../domain/digest.ts';
import type { Evidence, PushKind } from '../domain/evidence.ts';
import {
  gatherSignatures,
  type KeptSignatures,
  NO_INDEXES,
  parentIndexes,
  type SignatureDependencies,
} from './gather-signatures.ts';
import type { Registry, RequestBudget } from './ports.ts';
import type { CheckStore, PushToCheck } from './stores.ts';

/** What the registry says about a push. */
export interface Observed {
  readonly push: PushToCheck;
  readonly readBack: Evidence<{ readonly digest: Digest }>;
  readonly digest: Digest | null;
  readonly kind: PushKind;
  /** The tag points at the push's digest at this moment. */
  readonly confirmed: boolean;
  /** The digest an artifact speaks about, or the index a child belongs to. */
  readonly subject: Digest | null;
  /** Manifests of an index: what was pushed by digest for it folds into it. */
  readonly children: readonly Digest[];
  /** The tag points at another digest by now, which wants a push of its own. */
  readonly other: Digest | null;
  readonly signatures: KeptSignatures | null;
}

const INDEX_MEDIA_TYPES = new Set([
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]);

export interface ObserveDependencies {
  readonly store: CheckStore;
  readonly registry: Registry;
  readonly signatures: SignatureDependencies;
}

/** Requests that a read-back takes as a rule. */
const READ_BACK = 2;

/**
 * Reads a push back from its registry, as far as it is not known yet. A webhook is a hint; what the registry says is
 * the truth. Never throws: trouble is evidence in state `unavailable`.
 */
export async function observe(
  deps: ObserveDependencies,
  push: PushToCheck,
  requests: RequestBudget,
  now: number,
): Promise<Observed> {
  // Decided: only who pushed it is looked at again.
  if (push.verdict === 'trusted') return known(push);
  const { registry, store } = deps;
  if (push.kind === 'unresolved') for (let n = 0; n < READ_BACK; n += 1) requests.take();
  const seen = push.kind === 'unresolved' ? await readBack(registry, store, push) : known(push);
  const { digest } = seen;
  const isImage = seen.kind === 'manifest' || seen.kind === 'index';
  if (digest === null || !isImage || !wantsSignatures(push, digest)) return seen;
  const signatures = await gatherSignatures(deps.signatures, {
    teamId: push.teamId,
    image: push.image,
    digest,
    policy: push.policy,
    kept: seen.signatures,
    async indexes() {
      if (seen.kind !== 'manifest') return NO_INDEXES;
      const recent = await store.recentIndexes(push.key.repository);
      return parentIndexes(deps, push.image, digest, recent, requests);
    },
    pushedAt: push.receivedAt,
    requests,
    now,
  });
  return { ...seen, signatures };
}

/**
 * Signatures are looked for where the policy asks for them. Where it only asks for CI, provenance may answer: it is
 * looked for once CI had its time to announce, since that costs nothing.
 */
export function wantsSignatures(push: PushToCheck, digest: Digest | null): boolean {
  const { policy, tag, announcements, attempts } = push;
  if (tag === '' || push.kind === 'artifact' || push.kind === 'child') return false;
  if (policy.signatures.mode !== 'off') return true;
  if (policy.ci.mode !== 'require' || attempts === 0) return false;
  return !announcements.some((one) => one.allowed && one.digest !== null && one.digest === digest);
}

const nothing = (push: PushToCheck) => ({
  push,
  digest: push.digest,
  kind: push.kind,
  confirmed: false,
  subject: null,
  children: [],
  other: null,
  signatures: keptSignatures(push),
});

/** Rows written before signatures were verified hold another shape. */
function keptSignatures(push: PushToCheck): KeptSignatures | null {
  const kept = push.evidence?.signatures ?? null;
  return kept !== null && Array.isArray(kept.found) ? kept : null;
}

/** Read back earlier: digests do not change, only facts about them do. */
export function known(push: PushToCheck): Observed {
  const readBack: Observed['readBack'] =
    push.digest === null ? { state: 'absent' } : { state: 'present', value: { digest: push.digest } };
  return { ...nothing(push), readBack };
}

function readBack(registry: Registry, store: CheckStore, push: PushToCheck): Promise<Observed> {
  return push.tag === '' ? readUntagged(registry, store, push) : readTag(registry, push);
}

async function readTag(registry: Registry, push: PushToCheck): Promise<Observed> {
  const tag = await registry.resolve(push.image, push.tag);
  if (tag.state === 'unavailable' || tag.state === 'invalid') return { ...nothing(push), readBack: tag };
  if (tag.state === 'present' && (push.digest === null || push.digest === tag.value.digest)) {
    return identify(registry, push, tag.value.digest, tag.value.mediaType, true, null);
  }
  if (push.digest === null) return { ...nothing(push), readBack: { state: 'absent' } };
  // The event named a digest that the tag does not have (any more): is it at least in the registry?
  const claimed = await registry.resolve(push.image, push.digest);
  const other = tag.state === 'present' ? tag.value.digest : null;
  if (claimed.state !== 'present') return { ...nothing(push), readBack: claimed, other };
  return identify(registry, push, push.digest, claimed.value.mediaType, false, other);
}

/** Tells images from indexes and from signature artifacts. A tag's name alone never makes something an artifact. */
async function identify(
  registry: Registry,
  push: PushToCheck,
  digest: Digest,
  mediaType: string,
  confirmed: boolean,
  other: Digest | null,
): Promise<Observed> {
  const subject = artifactTagSubject(push.tag);
  const isIndex = INDEX_MEDIA_TYPES.has(mediaType);
  const base = { ...nothing(push), digest, confirmed, other };
  const readBack: Observed['readBack'] = { state: 'present', value: { digest } };
  const plain: Observed = { ...base, readBack, kind: isIndex ? 'index' : 'manifest' };
  // Docker Hub counts a GET as a pull and tells of tags only, so an index there has nothing to fold.
  if (subject === null && (!isIndex || push.image.registry === 'docker.io')) return plain;

  const manifest = await registry.inspect(push.image, digest);
  if (manifest.state === 'present') {
    if (subject !== null && manifest.value.kind === 'artifact') {
      return { ...plain, kind: 'artifact', subject: manifest.value.subject ?? subject };
    }
    return manifest.value.kind === 'index' ? { ...plain, children: manifest.value.children } : plain;
  }
  if (subject === null) return plain;
  const reason = manifest.state === 'absent' ? 'the manifest cannot be read by its digest' : manifest.reason;
  return { ...base, readBack: { state: 'unavailable', reason } };
}

/** A manifest pushed by digest: a signature, a part of an index, or an image that no tag leads to. */
async function readUntagged(registry: Registry, store: CheckStore, push: PushToCheck): Promise<Observed> {
  const { digest } = push;
  if (digest === null) return { ...nothing(push), readBack: { state: 'absent' } };
  const manifest = await registry.inspect(push.image, digest);
  if (manifest.state !== 'present') return { ...nothing(push), readBack: manifest };
  const base: Observed = { ...nothing(push), readBack: { state: 'present', value: { digest } }, kind: 'untagged' };
  if (manifest.value.kind === 'artifact' && manifest.value.subject !== null) {
    return { ...base, kind: 'artifact', subject: manifest.value.subject };
  }
  for (const index of await store.recentIndexes(push.key.repository)) {
    const parent = await registry.inspect(push.image, index);
    if (parent.state === 'present' && parent.value.kind === 'index' && parent.value.children.includes(digest)) {
      return { ...base, kind: 'child', subject: index };
    }
  }
  return base;
}
