import * as z from 'zod';
import { type Digest, isDigest } from '../domain/digest.ts';
import { EMPTY_JSON, EMPTY_JSON_DIGEST, isAttachedLayer, NOTARY_SIGNATURE } from './media-types.ts';

const text = z.string().max(4096).optional().catch(undefined);
const annotations = z.record(z.string(), z.unknown()).optional().catch(undefined);
/** A descriptor's `data` is as long as what it describes: whoever decodes it looks at the length first. */
const data = z.string().optional().catch(undefined);

const descriptorSchema = z.looseObject({
  mediaType: text,
  digest: text,
  size: z.int().nonnegative().optional().catch(undefined),
  data,
  artifactType: text,
  annotations,
  platform: z.looseObject({ os: text, architecture: text }).optional().catch({}),
});

/**
 * A manifest or an index. Tolerant: what does not fit is as good as missing, and what is missing never makes
 * something an artifact.
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
const manifestSchema = z.looseObject({
  mediaType: text,
  artifactType: text,
  config: descriptorSchema.optional().catch(undefined),
  layers: z.array(descriptorSchema.catch({})).optional().catch(undefined),
  manifests: z.array(descriptorSchema.catch({})).optional().catch(undefined),
  subject: descriptorSchema.optional().catch(undefined),
  annotations,
});

export type Descriptor = z.infer<typeof descriptorSchema>;
export type Manifest = z.infer<typeof manifestSchema>;

/** `manifests` is there, and none of an image's keys: clients disagree about both at once (CVE-2021-41190). */
export type Index = Manifest & { readonly manifests: readonly Descriptor[] };

const MAX_CHILDREN = 1000;

/** `null` if the bytes are not a JSON object. */
export function parseManifest(bytes: Uint8Array): Manifest | null {
  try {
    return manifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}

export function isIndex(manifest: Manifest): manifest is Index {
  return manifest.manifests !== undefined && !('layers' in manifest) && !('config' in manifest);
}

/** The digests an index lists, each once, at most 1000. */
export function childrenOf(index: Index): readonly Digest[] {
  return digestsOf(index.manifests);
}

/** The children that a machine could run, not BuildKit's attestations: each once, at most 1000. */
export function runnableChildrenOf(index: Index): readonly Digest[] {
  return digestsOf(index.manifests.filter(isRunnable));
}

function isRunnable({ platform }: Descriptor): boolean {
  return platform?.os !== 'unknown' || platform.architecture !== 'unknown';
}

function digestsOf(descriptors: readonly Descriptor[]): readonly Digest[] {
  const digests = descriptors.map(digestOf).filter((digest) => digest !== null);
  return [...new Set(digests)].slice(0, MAX_CHILDREN);
}

/** The descriptor's digest, if it is one. */
export function digestOf(descriptor: Descriptor | undefined): Digest | null {
  const digest = descriptor?.digest;
  return digest !== undefined && isDigest(digest) ? digest : null;
}

/** A text annotation of a manifest or a descriptor. */
export function annotationOf(holder: Manifest | Descriptor, name: string): string | null {
  const value =
    holder.annotations !== undefined && Object.hasOwn(holder.annotations, name) ? holder.annotations[name] : null;
  return typeof value === 'string' ? value : null;
}

export function isNotarySignature(manifest: Manifest): boolean {
  return manifest.artifactType === NOTARY_SIGNATURE || manifest.config?.mediaType === NOTARY_SIGNATURE;
}

const MANIFEST_KEYS = ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'subject', 'annotations'];
const DESCRIPTOR_KEYS = ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'platform', 'artifactType'];

/**
 * Whether a manifest holds nothing but signatures, attestations and SBOMs. Decided by its layers alone, each of which
 * has to be on the list.
 *
 * Threat: a runnable image under a signature's tag, so that nobody looks at it. Its clients are written in Go, whose
 * JSON reader takes `"Layers"` (or `"layerſ"`) for `"layers"` too, so a key that the spec does not have makes it an
 * image as well. What a media type claims about a blob is not checked: an artifact must therefore be ignored only
 * where nobody would run it, under a signature's tag or none.
 */
export function isArtifact(manifest: Manifest): boolean {
  const { config, layers, subject } = manifest;
  if (!hasOnly(manifest, MANIFEST_KEYS) || config === undefined || layers === undefined) return false;
  const descriptors = [config, ...layers, ...(subject === undefined ? [] : [subject])];
  if (!descriptors.every((one) => hasOnly(one, DESCRIPTOR_KEYS) && digestOf(one) !== null)) return false;
  const content = layers.filter((layer) => !isEmptyLayer(layer));
  if (content.length === 0) {
    // All it says is in its annotations: an artifact only if it is about something and has no image's config.
    const hasType = manifest.artifactType !== undefined || isNotarySignature(manifest);
    return subject !== undefined && (config.mediaType === EMPTY_JSON || (hasType && !isImageConfig(config)));
  }
  const notary = isNotarySignature(manifest);
  return content.every(({ mediaType }) => mediaType !== undefined && isAttachedLayer(mediaType, notary));
}

function hasOnly(holder: object, keys: readonly string[]): boolean {
  return Object.keys(holder).every((key) => keys.includes(key));
}

function isEmptyLayer(layer: Descriptor): boolean {
  return layer.mediaType === EMPTY_JSON && layer.digest === EMPTY_JSON_DIGEST;
}

function isImageConfig({ mediaType }: Descriptor): boolean {
  return mediaType === undefined || /\.(?:image\.config|container\.image)\./.test(mediaType);
}
