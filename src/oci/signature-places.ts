import { type Digest, digestHex } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import type { SignaturePlaceName } from '../domain/signature.ts';
import { candidatesOf, readOne, readReferrers, tooLong } from './attached.ts';
import { countsPulls } from './endpoint.ts';
import { isIndex } from './manifest.ts';
import { type ManifestRead, readManifest, resolveManifest } from './manifests.ts';
import { conclude, type Held, NOTHING, type PlaceReading, type Target } from './place-reading.ts';
import { listReferrers } from './referrers.ts';

/** What is kept about a digest in one repository, place by place. */
export interface RepositoryReading {
  /** `false`: its registry has no referrers API. */
  readonly hasApi: boolean;
  readonly readings: readonly PlaceReading[];
}

/**
 * Every place in one repository. What is there is found out first and then read one manifest after another, so that
 * what a small budget does read is whole, and known at the next look.
 * @param hasApi `false`: the repository's registry has been seen to have no referrers API
 */
export async function lookInRepository(target: Target, hasApi: boolean): Promise<RepositoryReading> {
  // By itself at first: the others then find the repository's token in memory.
  const referrers = hasApi ? await lookAtReferrersApi(target) : null;
  const tag = `sha256-${digestHex(target.about)}`;
  const [fallback, sig, att] = await Promise.all([
    readTag(target, tag),
    readTag(target, `${tag}.sig`),
    readTag(target, `${tag}.att`),
  ]);
  const signature = await lookAtTag(target, 'sig-tag', sig);
  const attestation = await lookAtTag(target, 'att-tag', att);
  const listed = await lookAtFallbackTag(target, fallback);
  return { hasApi: referrers !== null, readings: [referrers ?? noApi(target.image), listed, signature, attestation] };
}

function noApi(image: ImageName): PlaceReading {
  return {
    place: { place: 'referrers-api', state: 'absent', detail: `no referrers API at ${image.registry}` },
    held: [],
  };
}

/** `null`: there is no such API. */
async function lookAtReferrersApi(target: Target): Promise<PlaceReading | null> {
  const list = await listReferrers(target.client, target.image, target.about);
  switch (list.kind) {
    case 'no-api':
      return null;
    case 'trouble':
      return conclude('referrers-api', { ...NOTHING, troubles: [list.reason] });
    case 'list': {
      // What the registry itself has read out of the manifests is believed: SBOMs are not read.
      const candidates = candidatesOf(list.descriptors);
      const worth = candidates.filter(({ kind }) => kind !== 'other');
      const found = await readReferrers(target, worth, [], list.digest);
      const { reason, isLong } = list.incomplete ?? { reason: null, isLong: false };
      return conclude('referrers-api', {
        ...found,
        held: reason !== null && isLong ? [...found.held, tooLong(target, list.digest, reason)] : found.held,
        troubles: reason !== null && !isLong ? [...found.troubles, reason] : found.troubles,
        others: found.others + candidates.length - worth.length,
      });
    }
  }
}

/**
 * The index under the tag `sha256-<hex>`, written by clients. Its descriptors have been seen to call bundles
 * `application/vnd.oci.empty.v1+json`: each manifest is read, those first that are likely to matter.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
async function lookAtFallbackTag(target: Target, read: TagRead): Promise<PlaceReading> {
  const name = 'fallback-tag';
  if (read.kind !== 'manifest' || !isIndex(read.manifest)) {
    return read.kind === 'manifest'
      ? conclude(name, { ...NOTHING, left: ['an image, not a list of referrers'] })
      : unreadTag(target, name, read);
  }
  const candidates = candidatesOf(read.manifest.manifests);
  const worth = candidates.filter(({ kind }) => kind !== 'other');
  const rest = candidates.filter(({ kind }) => kind === 'other');
  return conclude(name, await readReferrers(target, worth, rest, read.digest));
}

/** Cosign's tags `sha256-<hex>.sig` and `.att`. An image under such a name is no signature. */
async function lookAtTag(target: Target, name: 'sig-tag' | 'att-tag', read: TagRead): Promise<PlaceReading> {
  if (read.kind !== 'manifest') return unreadTag(target, name, read);
  if (target.known.has(read.digest)) return conclude(name, { ...NOTHING, held: [knownTag(target, name, read.digest)] });
  const found = isIndex(read.manifest) ? 'other' : await readOne(target, read.digest, read.manifest);
  const none = name === 'sig-tag' ? 'the tag holds no signature' : 'the tag holds no attestation';
  if (found === 'other') return conclude(name, { ...NOTHING, left: [none] });
  return conclude(name, {
    ...NOTHING,
    held: found.held === null ? [] : [found.held],
    left: found.left === null ? [] : [found.left],
    troubles: found.trouble === null ? [] : [found.trouble],
  });
}

/** The tag did not lead to a manifest that could be read. */
function unreadTag(
  target: Target,
  name: SignaturePlaceName,
  read: Exclude<TagRead, { kind: 'manifest' }>,
): PlaceReading {
  switch (read.kind) {
    case 'known':
      return conclude(name, { ...NOTHING, held: [knownTag(target, name, read.digest)] });
    case 'absent':
      return conclude(name, NOTHING);
    case 'no-manifest':
      return conclude(name, { ...NOTHING, left: ['the tag holds no manifest'] });
    case 'too-long':
      return conclude(name, { ...NOTHING, held: [tooLong(target, read.digest, read.reason)] });
    case 'trouble':
    case 'wrong-digest':
      return conclude(name, { ...NOTHING, troubles: [read.reason] });
  }
}

function knownTag({ memory, about }: Target, name: SignaturePlaceName, source: Digest): Held {
  const remembered = memory.get(source, about) ?? 'other';
  const usual = name === 'sig-tag' ? 'signature' : 'statement';
  return { source, declared: remembered === 'other' ? usual : remembered, contents: 'known' };
}

/** `known`: the tag's digest is one whose contents are known. */
type TagRead = ManifestRead | { readonly kind: 'known'; readonly digest: Digest };

/** Where a `GET` costs a pull, `HEAD` first: most of these tags do not exist, and many are known. */
async function readTag({ client, image, known }: Target, tag: string): Promise<TagRead> {
  if (!countsPulls(image)) return readManifest(client, image, tag);
  const resolved = await resolveManifest(client, image, tag);
  if (resolved.state === 'absent') return { kind: 'absent' };
  if (resolved.state !== 'present') return { kind: 'trouble', reason: resolved.reason };
  const { digest } = resolved.value;
  return known.has(digest) ? { kind: 'known', digest } : readManifest(client, image, digest);
}
