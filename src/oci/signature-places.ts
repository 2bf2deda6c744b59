import { type Digest, digestHex } from '../domain/digest.ts';
import type { Evidence, SignaturePlace } from '../domain/evidence.ts';
import { formatImageName, type ImageName } from '../domain/reference.ts';
import type { RegistryClient } from './client.ts';
import { BODY_CAPS } from './http.ts';
import { type Descriptor, digestOf, isIndex, type Manifest, parseManifest } from './manifest.ts';
import { readManifest, resolveManifest } from './manifests.ts';
import { OCI_INDEX } from './media-types.ts';
import { type AttachedKind, countSignatures, kindOfDescriptor, kindOfManifest } from './signature-kind.ts';

/** Manifests read of one list of referrers. Those that look like signatures come first. */
const MAX_REFERRERS_READ = 10;

/** Says what this look is worth wherever it finds something. */
export const PRESENCE_ONLY = 'presence only, not verified';

/** Where to look: the signatures of `digest`, kept in `image`. */
export interface Target {
  readonly client: RegistryClient;
  readonly image: ImageName;
  readonly digest: Digest;
}

/**
 * `GET /v2/<name>/referrers/<digest>`. Without the API (404) the list is under the fallback tag, which is looked at
 * anyway. GHCR has been seen to answer 303, to a page that is not there, where others answer 404.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
export async function lookAtReferrersApi(target: Target): Promise<SignaturePlace> {
  const { client, image, digest } = target;
  const place = 'referrers-api';
  const path = `/v2/${image.path}/referrers/${digest}`;
  const request = { method: 'GET', path, accept: OCI_INDEX, maxBytes: BODY_CAPS.manifest } as const;
  const answer = await client.request(image, request);
  if (answer.kind === 'not-found' || (answer.kind === 'trouble' && answer.status === 303)) {
    return { place, state: 'absent', detail: `no referrers API${where(image)}` };
  }
  if (answer.kind === 'trouble') return { place, state: 'unavailable', detail: answer.reason };
  const list = parseManifest(answer.body);
  if (list === null || !isIndex(list)) {
    return { place, state: 'unavailable', detail: `${image.registry} answered with something that is no index` };
  }
  return judgeReferrers(target, place, list.manifests, kindOfDescriptor);
}

/** The index under the tag `sha256-<hex>`. Its descriptors' types may be wrong, so manifests are read. */
export async function lookAtFallbackTag(target: Target): Promise<SignaturePlace> {
  const place = 'fallback-tag';
  const read = await readTag(target, `sha256-${digestHex(target.digest)}`);
  if (read.state !== 'present') return unread(place, read);
  if (!isIndex(read.value)) {
    return { place, state: 'absent', detail: `an image, not a list of referrers${where(target.image)}` };
  }
  return judgeReferrers(target, place, read.value.manifests, () => 'unclear');
}

/** Cosign's tag `sha256-<hex>.sig`. An image under that name is no signature. */
export async function lookAtSigTag(target: Target): Promise<SignaturePlace> {
  const place = 'sig-tag';
  const read = await readTag(target, `sha256-${digestHex(target.digest)}.sig`);
  if (read.state !== 'present') return unread(place, read);
  if (isIndex(read.value) || kindOfManifest(read.value) !== 'cosign') {
    return { place, state: 'absent', detail: `the tag holds no signature${where(target.image)}` };
  }
  return { place, state: 'present', detail: found('cosign', countSignatures(read.value), target.image) };
}

/** Cosign's tag `sha256-<hex>.att`. An attestation is signed, but it is not a signature of the image. */
export async function lookAtAttTag(target: Target): Promise<SignaturePlace> {
  const place = 'att-tag';
  const read = await readTag(target, `sha256-${digestHex(target.digest)}.att`);
  if (read.state !== 'present') return unread(place, read);
  if (isIndex(read.value) || kindOfManifest(read.value) !== 'attestation') {
    return { place, state: 'absent', detail: `the tag holds no attestation${where(target.image)}` };
  }
  return { place, state: 'present', detail: `attestation${where(target.image)}, not a signature (${PRESENCE_ONLY})` };
}

/**
 * Decides what a list of referrers holds. Those that the list makes clear are believed; the others' manifests are
 * read, and count only if they are about our digest.
 */
async function judgeReferrers(
  target: Target,
  place: SignaturePlace['place'],
  list: readonly Descriptor[],
  kindOf: (descriptor: Descriptor) => AttachedKind,
): Promise<SignaturePlace> {
  const clear = list.map(kindOf);
  const kinds: AttachedKind[] = clear.filter((kind) => kind !== 'unclear');
  const toRead = list.filter((_, at) => clear[at] === 'unclear').sort((a, b) => likelihood(b) - likelihood(a));
  const isSigned = () => kinds.some((kind) => kind === 'cosign' || kind === 'notation');
  for (const descriptor of isSigned() ? [] : toRead.slice(0, MAX_REFERRERS_READ)) {
    const digest = digestOf(descriptor);
    const read = digest === null ? null : await readManifest(target.client, target.image, digest);
    if (read?.state === 'unavailable') return { place, state: 'unavailable', detail: read.reason };
    kinds.push(read?.state === 'present' ? kindOfReferrer(read.value, target.digest) : 'other');
  }
  const unread = isSigned() ? 0 : toRead.length - MAX_REFERRERS_READ;
  if (unread > 0) return { place, state: 'unavailable', detail: `${unread} more referrers than are read at once` };
  return conclude(place, kinds, target.image);
}

function conclude(place: SignaturePlace['place'], kinds: readonly AttachedKind[], image: ImageName): SignaturePlace {
  const count = (kind: AttachedKind) => kinds.filter((one) => one === kind).length;
  const signatures = (['cosign', 'notation'] as const).filter((kind) => count(kind) > 0);
  if (signatures.length > 0) {
    const detail = signatures.map((kind) => found(kind, count(kind), image)).join('; ');
    return { place, state: 'present', detail };
  }
  if (count('unclear') > 0) {
    return { place, state: 'unavailable', detail: `a Sigstore bundle that does not say what it holds${where(image)}` };
  }
  if (count('attestation') === 0) return { place, state: 'absent' };
  return {
    place,
    state: 'absent',
    detail: `${plural(count('attestation'), 'attestation')}, no signature${where(image)}`,
  };
}

function kindOfReferrer(manifest: Manifest, about: Digest): AttachedKind {
  return !isIndex(manifest) && digestOf(manifest.subject) === about ? kindOfManifest(manifest) : 'other';
}

/** What its descriptor makes of a referrer, for the order of reading only. */
function likelihood(descriptor: Descriptor): number {
  const order: readonly AttachedKind[] = ['other', 'attestation', 'unclear', 'notation', 'cosign'];
  return order.indexOf(kindOfDescriptor(descriptor));
}

/** `HEAD` first: most of these tags do not exist, and a `GET` may count as a pull. */
async function readTag({ client, image }: Target, tag: string): Promise<Evidence<Manifest>> {
  const resolved = await resolveManifest(client, image, tag);
  return resolved.state === 'present' ? readManifest(client, image, resolved.value.digest) : resolved;
}

function unread(
  place: SignaturePlace['place'],
  read: Exclude<Evidence<Manifest>, { state: 'present' }>,
): SignaturePlace {
  return read.state === 'absent' ? { place, state: 'absent' } : { place, state: 'unavailable', detail: read.reason };
}

function found(kind: 'cosign' | 'notation', count: number, image: ImageName): string {
  return `${plural(count, `${kind} signature`)}${where(image)} (${PRESENCE_ONLY})`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function where(image: ImageName): string {
  return ` in ${formatImageName(image)}`;
}
