import { type Digest, isDigest } from '../domain/digest.ts';
import type { Evidence } from '../domain/evidence.ts';
import { type ImageName, isTag } from '../domain/reference.ts';
import type { ManifestFacts } from '../usecases/ports.ts';
import type { RegistryClient } from './client.ts';
import { BODY_CAPS } from './http.ts';
import { childrenOf, digestOf, type Index, isArtifact, isIndex, type Manifest, parseManifest } from './manifest.ts';
import { ACCEPT_MANIFESTS, essence } from './media-types.ts';

export interface Resolved {
  readonly digest: Digest;
  /** From `Content-Type`, without parameters. */
  readonly mediaType: string;
}

/** An index of signatures lists a few; one that lists more is judged as an image. */
const MAX_ARTIFACT_CHILDREN = 20;

/**
 * What a tag or digest is, by `HEAD`. A tag is only believed with a sha256 `Docker-Content-Digest`; a digest only if
 * that header, where it comes, says the same.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#checking-if-content-exists-in-the-registry
 */
export async function resolveManifest(
  client: RegistryClient,
  image: ImageName,
  reference: string,
): Promise<Evidence<Resolved>> {
  // Threat: a reference with slashes or dots would name another path of the registry.
  if (!isTag(reference) && !isDigest(reference))
    return unavailable('The reference is neither a tag nor a sha256 digest');
  const path = manifestPath(image, reference);
  const answer = await client.request(image, { method: 'HEAD', path, accept: ACCEPT_MANIFESTS, maxBytes: 0 });
  if (answer.kind === 'trouble') return unavailable(answer.reason);
  if (answer.kind === 'not-found') return { state: 'absent' };
  const mediaType = essence(answer.headers.get('content-type'));
  const said = answer.headers.get('docker-content-digest');
  if (said !== null && !isDigest(said)) return unavailable(noDigest(image, said));
  if (isDigest(reference)) {
    if (said !== null && said !== reference) return unavailable(`${image.registry} answered with another digest`);
    return { state: 'present', value: { digest: reference, mediaType } };
  }
  if (said === null) return unavailable(noDigest(image, said));
  return { state: 'present', value: { digest: said, mediaType } };
}

/** What came of reading a manifest. */
export type ManifestRead =
  | {
      readonly kind: 'manifest';
      readonly digest: Digest;
      readonly manifest: Manifest;
      /** As they were hashed. */
      readonly bytes: Uint8Array;
    }
  | { readonly kind: 'absent' }
  /** The registry's: it did not answer, or not with what the digest names. */
  | { readonly kind: 'trouble' | 'wrong-digest'; readonly reason: string }
  /** Its maker's: longer than a manifest may be, or no JSON. */
  | { readonly kind: 'too-long' | 'no-manifest'; readonly digest: Digest; readonly reason: string };

/**
 * Reads a manifest by digest, or by tag, hashes it, and parses it. Whose fault it is that one cannot be read makes a
 * difference: a registry serves other bytes than were pushed only if it (or what stands between) is broken, which says
 * nothing about the image, while what was pushed is the pusher's own. So a tag, like in `resolveManifest`, is only
 * believed with its digest.
 */
export async function readManifest(client: RegistryClient, image: ImageName, reference: string): Promise<ManifestRead> {
  const path = manifestPath(image, reference);
  const maxBytes = BODY_CAPS.manifest;
  const answer = await client.request(image, { method: 'GET', path, accept: ACCEPT_MANIFESTS, maxBytes });
  if (answer.kind === 'not-found') return { kind: 'absent' };
  if (answer.kind === 'trouble' && answer.announced === undefined) return { kind: 'trouble', reason: answer.reason };
  const headers = answer.kind === 'found' ? answer.headers : answer.announced;
  const said = isDigest(reference) ? reference : (headers?.get('docker-content-digest') ?? null);
  if (said === null || !isDigest(said)) {
    return { kind: 'trouble', reason: answer.kind === 'trouble' ? answer.reason : noDigest(image, said) };
  }
  if (answer.kind === 'trouble') return { kind: 'too-long', digest: said, reason: answer.reason };
  if ((await sha256(answer.body)) !== said) {
    const reason = `The manifest from ${image.registry} does not match requested digest ${said}`;
    return { kind: 'wrong-digest', reason };
  }
  const manifest = parseManifest(answer.body);
  return manifest === null
    ? { kind: 'no-manifest', digest: said, reason: `${said} is not a manifest: it is no JSON object` }
    : { kind: 'manifest', digest: said, manifest, bytes: answer.body };
}

/** The bytes of a manifest, for signatures that are over them. Trouble and other bytes than asked for are `unavailable`. */
export async function manifestBytes(
  client: RegistryClient,
  image: ImageName,
  digest: Digest,
): Promise<Evidence<Uint8Array>> {
  const path = manifestPath(image, digest);
  const maxBytes = BODY_CAPS.manifest;
  const answer = await client.request(image, { method: 'GET', path, accept: ACCEPT_MANIFESTS, maxBytes });
  if (answer.kind === 'not-found') return { state: 'absent' };
  if (answer.kind === 'trouble') return unavailable(answer.reason);
  if ((await sha256(answer.body)) !== digest)
    return unavailable(`The manifest from ${image.registry} does not match requested digest ${digest}`);
  return { state: 'present', value: answer.body };
}

function noDigest({ registry }: ImageName, said: string | null): string {
  return said === null
    ? `${registry} answered without a digest`
    : `${registry} answered with a digest that is not sha256`;
}

/** The same, as evidence about the digest: `invalid` if it is not what its digest says, or no manifest. */
async function readEvidence(client: RegistryClient, image: ImageName, digest: Digest): Promise<Evidence<Manifest>> {
  const read = await readManifest(client, image, digest);
  switch (read.kind) {
    case 'manifest':
      return { state: 'present', value: read.manifest };
    case 'absent':
      return { state: 'absent' };
    case 'trouble':
    case 'too-long':
      return unavailable(read.reason);
    case 'wrong-digest':
    case 'no-manifest':
      return { state: 'invalid', reason: read.reason };
  }
}

/** What a manifest is; see `Registry.inspect`. */
export async function inspectManifest(
  client: RegistryClient,
  image: ImageName,
  digest: Digest,
): Promise<Evidence<ManifestFacts>> {
  const read = await readEvidence(client, image, digest);
  if (read.state !== 'present') return read;
  const manifest = read.value;
  if (isIndex(manifest)) return inspectIndex(client, image, manifest);
  if (!isArtifact(manifest)) return { state: 'present', value: { kind: 'manifest' } };
  return { state: 'present', value: { kind: 'artifact', subject: digestOf(manifest.subject) } };
}

/**
 * An index without a single `platform` may be the referrers fallback tag's: then, and only then, its children are
 * read, since what its descriptors say about them is not reliable. It is an artifact if they all are; one that cannot
 * be found might be pushed later and run, so it counts as an image.
 */
async function inspectIndex(client: RegistryClient, image: ImageName, index: Index): Promise<Evidence<ManifestFacts>> {
  const isOrdinary = index.manifests.some((child) => 'platform' in child || digestOf(child) === null);
  const ordinary = { state: 'present', value: { kind: 'index', children: childrenOf(index) } } as const;
  if (isOrdinary || index.manifests.length > MAX_ARTIFACT_CHILDREN) return ordinary;
  const subjects = new Set<Digest | null>();
  for (const child of childrenOf(index)) {
    const read = await readEvidence(client, image, child);
    if (read.state === 'unavailable') return read;
    if (read.state !== 'present' || isIndex(read.value) || !isArtifact(read.value)) return ordinary;
    subjects.add(digestOf(read.value.subject));
  }
  const [subject = null] = subjects;
  return { state: 'present', value: { kind: 'artifact', subject: subjects.size === 1 ? subject : null } };
}

function manifestPath(image: ImageName, reference: string): string {
  return `/v2/${image.path}/manifests/${reference}`;
}

export async function sha256(bytes: Uint8Array): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `sha256:${Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function unavailable(reason: string): { readonly state: 'unavailable'; readonly reason: string } {
  return { state: 'unavailable', reason };
}
