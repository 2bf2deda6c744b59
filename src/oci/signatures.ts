import type { Digest } from '../domain/digest.ts';
import { formatImageName, type ImageName, InvalidReference, imageName, parseImageName } from '../domain/reference.ts';
import type { SignaturePlace } from '../domain/signature.ts';
import type { SignatureMaterial, SignatureSearch, SignatureSearchOptions } from '../usecases/ports.ts';
import type { RegistryClient } from './client.ts';
import { countsPulls } from './endpoint.ts';
import { isIndex, runnableChildrenOf } from './manifest.ts';
import { readManifest, resolveManifest } from './manifests.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from './media-types.ts';
import type { Held, ManifestMemory, PlaceReading } from './place-reading.ts';
import { ByteAllowance } from './signature-contents.ts';
import { lookInRepository } from './signature-places.ts';

/** What an API holds about a digest: its place, its materials, and those of the known ones that it still has. */
export type FoundAttestations = Pick<SignatureSearch, 'materials' | 'known'> & { readonly place: SignaturePlace };

/** Reads GitHub's artifact attestations of a digest. */
export type FindAttestations = (
  image: ImageName,
  digest: Digest,
  options: Pick<SignatureSearchOptions, 'known' | 'requests'>,
) => Promise<FoundAttestations>;

/** Children of an index that are asked. An index of more platforms is signed as a whole. */
const MAX_CHILDREN = 16;

interface Search {
  readonly client: RegistryClient;
  readonly image: ImageName;
  /** The second repository, if there is one and it has a valid name. */
  readonly beside: ImageName | null;
  readonly attestations: FindAttestations | undefined;
  readonly options: SignatureSearchOptions;
  readonly allowance: ByteAllowance;
  readonly memory: ManifestMemory;
  /** Registries that have no referrers API, as this search has seen: by repository. */
  readonly withoutApi: Set<string>;
}

/** What is known about one digest, from every place. */
interface Found {
  readonly places: readonly SignaturePlace[];
  readonly materials: readonly SignatureMaterial[];
  readonly known: readonly Digest[];
  /** Something that may be a signature of the image itself. */
  readonly hasSignature: boolean;
}

/**
 * Looks in every place; finding something in one never spares another. An index without a signature of its own has its
 * children asked.
 * @param client whose requests are taken from the budget of `options`
 */
export async function searchSignatures(
  client: RegistryClient,
  image: ImageName,
  digest: Digest,
  options: SignatureSearchOptions,
  attestations: FindAttestations | undefined,
  memory: ManifestMemory,
): Promise<SignatureSearch> {
  const beside = options.repository === null ? null : repositoryBeside(image, options.repository);
  const search: Search = {
    client,
    image,
    beside: beside?.image ?? null,
    attestations,
    options,
    allowance: new ByteAllowance(),
    memory,
    withoutApi: new Set(),
  };
  const own = await lookAtDigest(search, digest);
  const misplaced = beside?.trouble === undefined ? [] : [unavailable(beside.trouble)];
  const children = own.hasSignature ? NO_CHILDREN : await lookAtChildren(search, digest);
  return {
    places: [...own.places, ...misplaced, ...children.places],
    materials: [...own.materials, ...children.materials],
    known: [...new Set([...own.known, ...children.known])],
    children: children.digests,
  };
}

/** Every place that may tell of a digest. */
async function lookAtDigest(search: Search, digest: Digest): Promise<Found> {
  const { image, beside } = search;
  const [own, other, github] = await Promise.all([
    lookIn(search, image, digest),
    beside === null ? NOTHING : lookIn(search, beside, digest),
    image.registry === 'ghcr.io' ? lookAtGitHub(search, digest) : NOTHING,
  ]);
  const all = [own, other, github];
  // A manifest that was copied to the second repository is the same signature once more.
  const sources = new Set(own.materials.map(({ source }) => source));
  return {
    places: all.flatMap(({ places }) => places),
    materials: [...own.materials, ...other.materials.filter(({ source }) => !sources.has(source)), ...github.materials],
    known: all.flatMap(({ known }) => known),
    hasSignature: all.some(({ hasSignature }) => hasSignature),
  };
}

const NOTHING: Found = { places: [], materials: [], known: [], hasSignature: false };

async function lookIn(search: Search, image: ImageName, about: Digest): Promise<Found> {
  const { client, options, allowance, memory, withoutApi } = search;
  const name = formatImageName(image);
  const { known, requests } = options;
  const target = { client, image, about, known, requests, allowance, memory, seen: new Set<Digest>() };
  const { hasApi, readings } = await lookInRepository(target, !withoutApi.has(name));
  if (!hasApi) withoutApi.add(name);
  const isOwn = name === formatImageName(search.image);
  return {
    places: readings.map(({ place }) => (isOwn ? place : { ...place, image: name })),
    materials: readings.flatMap((reading) => materialsOf(reading, name, about)),
    known: readings.flatMap(({ held }) => held.filter(isKnown).map(({ source }) => source)),
    hasSignature: readings.some(({ held }) => held.some(isSignature)),
  };
}

function materialsOf({ place, held }: PlaceReading, image: string, about: Digest): SignatureMaterial[] {
  return held.flatMap(({ source, contents }) =>
    contents === 'known' ? [] : contents.map((content) => ({ place: place.place, image, about, source, content })),
  );
}

function isKnown({ contents }: Held): boolean {
  return contents === 'known';
}

/** What is broken, or does not say what it is, must not keep us from looking at the children. */
function isSignature({ declared, contents }: Held): boolean {
  if (declared !== 'signature' && declared !== 'notation') return false;
  return contents === 'known' || contents.some(({ kind }) => kind !== 'broken' && kind !== 'unreadable');
}

/** Provenance is what GitHub's attestations are as a rule: no signature of an index, whose children may have one. */
async function lookAtGitHub({ attestations, image, options }: Search, digest: Digest): Promise<Found> {
  if (attestations === undefined) return NOTHING;
  try {
    const { place, materials, known } = await attestations(image, digest, options);
    return { places: [place], materials, known, hasSignature: false };
  } catch {
    const place = { place: 'github-attestations', state: 'unavailable', detail: 'GitHub could not be asked' } as const;
    return { ...NOTHING, places: [place] };
  }
}

interface Children extends Omit<Found, 'hasSignature'> {
  /** All that can run. */
  readonly digests: readonly Digest[];
}

const NO_CHILDREN: Children = { places: [], materials: [], known: [], digests: [] };

/**
 * The children of an index, one after another until one has nothing: one signed child says nothing about a rogue sibling,
 * so each has to have something, or none of it covers the index. Those that were not asked leave that open.
 */
async function lookAtChildren(search: Search, digest: Digest): Promise<Children> {
  const listed = await childrenOf(search, digest);
  if (listed.trouble !== null) {
    return { ...NO_CHILDREN, places: [unavailable(`children of the index: ${listed.trouble}`)] };
  }
  const { digests } = listed;
  const found: Found[] = [];
  for (const [at, child] of digests.entries()) {
    if (at >= MAX_CHILDREN) {
      const detail = `${digests.length - at} more children of the index are not looked at`;
      found.push({ ...NOTHING, places: [{ ...unavailable(detail), about: child }] });
      break;
    }
    const one = await lookAtDigest(search, child);
    found.push({ ...one, places: one.places.map((place) => ({ ...place, about: child })) });
    if (one.materials.length + one.known.length === 0) break;
  }
  return {
    places: found.flatMap(({ places }) => places),
    materials: found.flatMap(({ materials }) => materials),
    known: found.flatMap(({ known }) => known),
    digests,
  };
}

/** The runnable children; none if the digest is no index, or not there. */
async function childrenOf(
  { client, image }: Search,
  digest: Digest,
): Promise<{ readonly digests: readonly Digest[]; readonly trouble: string | null }> {
  const none = { digests: [], trouble: null };
  if (countsPulls(image)) {
    const resolved = await resolveManifest(client, image, digest);
    if (resolved.state === 'absent') return none;
    if (resolved.state !== 'present') return { ...none, trouble: resolved.reason };
    if ([OCI_MANIFEST, DOCKER_MANIFEST].includes(resolved.value.mediaType)) return none;
  }
  const read = await readManifest(client, image, digest);
  switch (read.kind) {
    case 'manifest':
      return { digests: isIndex(read.manifest) ? runnableChildrenOf(read.manifest) : [], trouble: null };
    case 'trouble':
    case 'wrong-digest':
      return { ...none, trouble: read.reason };
    case 'absent':
    case 'no-manifest':
    case 'too-long':
      return none;
  }
}

/** `org/signatures`, or `ghcr.io/org/signatures` with the image's own registry; nothing if it is the image's own. */
function repositoryBeside(image: ImageName, text: string): { image?: ImageName; trouble?: string } {
  try {
    const hasHost = /^(?:[^/]*[.:][^/]*|localhost)\//.test(text);
    const beside = hasHost ? parseImageName(text) : imageName(image.registry, text);
    if (beside.registry !== image.registry) return { trouble: 'The signature repository is in another registry' };
    return beside.path === image.path ? {} : { image: beside };
  } catch (error) {
    if (!(error instanceof InvalidReference)) throw error;
    return { trouble: `The signature repository's name is wrong: ${error.message}` };
  }
}

function unavailable(detail: string): SignaturePlace {
  return { place: 'sig-tag', state: 'unavailable', detail };
}
