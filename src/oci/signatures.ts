import type { Digest } from '../domain/digest.ts';
import type { Evidence, SignaturePlace } from '../domain/evidence.ts';
import { type ImageName, InvalidReference, imageName, parseImageName } from '../domain/reference.ts';
import type { SignatureSearch } from '../usecases/ports.ts';
import type { RegistryClient } from './client.ts';
import { digestOf, isIndex, isRunnable } from './manifest.ts';
import { readManifest, resolveManifest } from './manifests.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from './media-types.ts';
import { lookAtAttTag, lookAtFallbackTag, lookAtReferrersApi, lookAtSigTag, type Target } from './signature-places.ts';

/** Looks up GitHub's artifact attestations of a digest. */
export type FindAttestations = (image: ImageName, digest: Digest) => Promise<SignaturePlace>;

/** Children of an index whose signatures are looked for. */
const MAX_CHILDREN = 4;

/**
 * Looks in every place; finding something in one never spares another, so that a person sees all there is. An index
 * without a signature counts as signed if every image in it is: one signed child says nothing about a rogue sibling.
 */
export async function searchSignatures(
  client: RegistryClient,
  image: ImageName,
  digest: Digest,
  signatureRepository: string | null,
  attestations: FindAttestations | undefined,
): Promise<SignatureSearch> {
  const elsewhere = signatureRepository === null ? null : repositoryBeside(image, signatureRepository);
  const [own, other, github] = await Promise.all([
    lookInRepository({ client, image, digest }),
    elsewhere === null || elsewhere.state !== 'present' || elsewhere.value.path === image.path
      ? []
      : lookInRepository({ client, image: elsewhere.value, digest }),
    attestations === undefined || image.registry !== 'ghcr.io' ? [] : lookAtGitHub(attestations, image, digest),
  ]);
  const places = [...own, ...other, ...github];
  if (elsewhere?.state === 'unavailable') {
    places.push({ place: 'sig-tag', state: 'unavailable', detail: elsewhere.reason });
  }
  if (stateOf(places) !== 'present') places.push(...(await lookAtChildren({ client, image, digest })));
  return { state: stateOf(places), places };
}

/** An attestation under cosign's tag is shown, yet it is not a signature. */
function stateOf(places: readonly SignaturePlace[]): SignatureSearch['state'] {
  if (places.some(({ place, state }) => state === 'present' && place !== 'att-tag')) return 'present';
  return places.some(({ state }) => state === 'unavailable') ? 'unavailable' : 'absent';
}

async function lookInRepository(target: Target): Promise<SignaturePlace[]> {
  // By itself at first: the others then find the repository's token in memory.
  const referrers = await lookAtReferrersApi(target);
  const tags = await Promise.all([lookAtFallbackTag(target), lookAtSigTag(target), lookAtAttTag(target)]);
  return [referrers, ...tags];
}

async function lookAtGitHub(find: FindAttestations, image: ImageName, digest: Digest): Promise<SignaturePlace[]> {
  try {
    return [await find(image, digest)];
  } catch {
    return [{ place: 'github-attestations', state: 'unavailable', detail: 'GitHub could not be asked' }];
  }
}

/**
 * The children of an index, until one without a signature is met. Empty if the digest is no index.
 * `HEAD` tells that, so that a plain image costs no pull.
 */
async function lookAtChildren(target: Target): Promise<SignaturePlace[]> {
  const { client, image, digest } = target;
  const resolved = await resolveManifest(client, image, digest);
  if (resolved.state !== 'present') return unread(resolved);
  if ([OCI_MANIFEST, DOCKER_MANIFEST].includes(resolved.value.mediaType)) return [];
  const read = await readManifest(client, image, digest);
  if (read.state !== 'present') return unread(read);
  if (!isIndex(read.value)) return [];
  const children = read.value.manifests
    .filter(isRunnable)
    .map(digestOf)
    .filter((child) => child !== null);
  const signed: SignaturePlace[] = [];
  for (const child of children.slice(0, MAX_CHILDREN)) {
    const places = (await lookAtChild({ client, image, digest: child })).map((place) => onChild(place, child));
    if (stateOf(places) !== 'present') return places.map((place) => beside(place, signed.length));
    signed.push(...places.filter(({ state }) => state === 'present'));
  }
  const rest = children.length - MAX_CHILDREN;
  if (rest <= 0) return signed;
  return signed.map((one) => ({ ...one, state: 'unavailable', detail: `${one.detail}; ${rest} more children unread` }));
}

function lookAtChild(target: Target): Promise<SignaturePlace[]> {
  return Promise.all([lookAtReferrersApi(target), lookAtFallbackTag(target), lookAtSigTag(target)]);
}

function onChild(place: SignaturePlace, child: Digest): SignaturePlace {
  return { ...place, detail: `on child ${child}${place.detail === undefined ? '' : `: ${place.detail}`}` };
}

function beside(place: SignaturePlace, signed: number): SignaturePlace {
  return signed === 0 ? place : { ...place, detail: `${place.detail}; only some children are signed` };
}

/** The digest itself could not be read: whether its children are signed is not known. */
function unread(read: Exclude<Evidence<unknown>, { state: 'present' }>): SignaturePlace[] {
  if (read.state === 'absent') return [];
  return [{ place: 'sig-tag', state: 'unavailable', detail: `children of the index: ${read.reason}` }];
}

/** `org/signatures`, or `ghcr.io/org/signatures` with the image's own registry. */
function repositoryBeside(
  image: ImageName,
  text: string,
): { state: 'present'; value: ImageName } | { state: 'unavailable'; reason: string } {
  try {
    const hasHost = /^(?:[^/]*[.:][^/]*|localhost)\//.test(text);
    const value = hasHost ? parseImageName(text) : imageName(image.registry, text);
    if (value.registry === image.registry) return { state: 'present', value };
    return { state: 'unavailable', reason: 'The signature repository is in another registry' };
  } catch (error) {
    if (!(error instanceof InvalidReference)) throw error;
    return { state: 'unavailable', reason: `The signature repository's name is wrong: ${error.message}` };
  }
}
