import type { Digest } from '../domain/digest.ts';
import type { ImageName } from '../domain/reference.ts';
import type { CosignAnnotations, RequestBudget, SignatureMaterial } from '../usecases/ports.ts';
import type { RegistryClient } from './client.ts';
import { OVER_BUDGET, size } from './http.ts';
import { annotationOf, type Descriptor, digestOf, isArtifact, isNotarySignature, type Manifest } from './manifest.ts';
import { sha256 } from './manifests.ts';
import { type Declared, declaredByLayer, kindOfLayer, type LayerKind, rank } from './signature-kind.ts';

export type Content = SignatureMaterial['content'];

/**
 * Most bytes of one layer. A simple-signing payload has some 250. Bundles with provenance have 10 to 20 KiB, BuildKit's
 * fullest provenance of a large build some hundred, half as much again in base64. What is larger is an SBOM.
 */
const LAYER_BYTES: Readonly<Record<LayerKind, number>> = {
  'simple-signing': 64 << 10,
  bundle: 2 << 20,
  dsse: 2 << 20,
};
/**
 * Most layers of one manifest, and their bytes in all. Cosign puts all signatures of an image in one manifest, and all
 * attestations in another: one or two are usual, hundreds happen where a scan is attested every day.
 */
const MAX_LAYERS = 8;
/** One to the registry, one to its storage. */
const REQUESTS_PER_LAYER = 2;
const MANIFEST_BYTES = 4 << 20;

/** Bytes that one search may read: a Worker has 128 MB of memory for everything. */
export class ByteAllowance {
  #left = 16 << 20;

  /** Takes that many, if there are as many left. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** Where contents are read, and how much of them. */
export interface ContentSource {
  readonly client: RegistryClient;
  readonly image: ImageName;
  readonly allowance: ByteAllowance;
  readonly requests: RequestBudget;
}

/** What a manifest holds. `unread`: it was not read through no fault of its maker's, and why. */
export type ManifestContents =
  | {
      readonly kind: 'contents';
      /** What the best of it says it is. */
      readonly declared: Declared | 'notation';
      readonly contents: readonly Content[];
      /** What is left out, for people: statements that are too long or too many. */
      readonly left: string | null;
    }
  /** An image, an SBOM, something else; or only what is gone from the registry. */
  | { readonly kind: 'nothing'; readonly left: string | null }
  | { readonly kind: 'unread'; readonly reason: string };

interface Planned {
  readonly layer: Descriptor;
  readonly kind: LayerKind;
  readonly declared: Declared;
  readonly bytes: number;
}

interface Plan {
  readonly read: readonly Planned[];
  /** What is not read since its maker made it so that nobody would. */
  readonly broken: readonly Content[];
  /** Statements that are not read. They are neither signature nor provenance: nobody waits for them. */
  readonly statements: number;
}

/**
 * Reads the signatures and attestations that a manifest holds. Everything is hashed against its digest.
 *
 * Threat: whoever can push an image can push what claims to sign it, made so that reading it fails. If that counted as
 * trouble, a rogue image would never be called unsigned. So what the pusher decides (sizes, numbers, types) makes `broken`
 * contents, bounded and for good; only what the registry decides makes `unreadable` ones, to be read another time.
 */
export async function readContents(source: ContentSource, manifest: Manifest): Promise<ManifestContents> {
  if (!isArtifact(manifest)) return { kind: 'nothing', left: null };
  if (isNotarySignature(manifest)) {
    return { kind: 'contents', declared: 'notation', contents: [{ kind: 'notation' }], left: null };
  }
  const plan = planOf(manifest);
  // All or nothing: what is read in part is read again from the start at the next look, and might never be whole.
  const layers = new Set(plan.read.map(({ layer }) => layer.digest)).size;
  const bytes = plan.read.reduce((sum, one) => sum + one.bytes, 0);
  if (source.requests.left < layers * REQUESTS_PER_LAYER) return { kind: 'unread', reason: OVER_BUDGET };
  if (!source.allowance.take(bytes)) {
    return { kind: 'unread', reason: 'more is attached to this image than is read in one go' };
  }
  const blobs = new Map<Digest, ReturnType<typeof readBlob>>();
  const read = await Promise.all(plan.read.map((planned) => readLayer(source, planned, blobs)));
  const present = read.filter((content) => content !== 'gone');
  const gone = read.length - present.length;
  const left = leftOut(plan.statements, gone);
  const contents = [...present, ...plan.broken];
  if (contents.length === 0) return { kind: 'nothing', left };
  return { kind: 'contents', declared: bestOf(plan.read), contents, left };
}

/** Cosign signs images in other layers than DSSE envelopes: one that does not say what it states is some attestation. */
function bestOf(read: readonly Planned[]): Declared {
  const declared = read.map((one) => (one.kind === 'dsse' && one.declared === 'unclear' ? 'statement' : one.declared));
  return declared.sort((a, b) => rank(a) - rank(b))[0] ?? 'unclear';
}

/** The newest of what counts most: cosign adds new layers at the end. */
function planOf(manifest: Manifest): Plan {
  const layers = (manifest.layers ?? []).flatMap((layer): Planned[] => {
    const kind = kindOfLayer(layer);
    const bytes = layer.size ?? 0;
    return kind === null ? [] : [{ layer, kind, declared: declaredByLayer(layer, manifest), bytes }];
  });
  const sorted = layers.reverse().sort((a, b) => rank(a.declared) - rank(b.declared));
  const read: Planned[] = [];
  const broken: Content[] = [];
  let bytes = 0;
  let statements = 0;
  let surplus = 0;
  for (const one of sorted) {
    const tooLong = one.bytes > LAYER_BYTES[one.kind];
    const fits = read.length < MAX_LAYERS && bytes + one.bytes <= MANIFEST_BYTES;
    if (!tooLong && fits) {
      read.push(one);
      bytes += one.bytes;
    } else if (one.declared === 'statement') statements += 1;
    else if (tooLong && broken.length === 0) broken.push(malformed(describeLength(one)));
    else surplus += 1;
  }
  if (surplus > 0) broken.push(malformed(`of ${sorted.length} signatures in one manifest, ${read.length} are read`));
  return { read, broken, statements };
}

function describeLength({ kind, bytes }: Planned): string {
  return `it is ${size(bytes)} long, and no ${kind} of more than ${size(LAYER_BYTES[kind])} is read`;
}

/** @param blobs signatures of one image have the same payload as a rule: it is read once */
async function readLayer(
  source: ContentSource,
  { layer, kind, bytes }: Planned,
  blobs: Map<Digest, ReturnType<typeof readBlob>>,
): Promise<Content | 'gone'> {
  const digest = digestOf(layer);
  // `isArtifact` has seen to it.
  if (digest === null) return malformed('its layer has no sha256 digest');
  const reading = blobs.get(digest) ?? readBlob(source, layer, digest, LAYER_BYTES[kind]);
  blobs.set(digest, reading);
  const blob = await reading;
  if (!(blob instanceof Uint8Array)) return blob;
  if (blob.byteLength > bytes) return malformed('it is longer than its manifest says');
  switch (kind) {
    case 'bundle':
      return { kind, bytes: blob };
    case 'simple-signing':
      return { kind, payload: blob, annotations: cosignAnnotations(layer) };
    case 'dsse':
      return { kind, envelope: blob, annotations: cosignAnnotations(layer) };
  }
}

/**
 * `gone`: the registry says that it has no such blob, so there is nothing to verify. A registry takes no manifest whose
 * layers it lacks; it was deleted since, or is not everywhere yet: the next look will see.
 */
async function readBlob(
  { client, image }: ContentSource,
  layer: Descriptor,
  digest: Digest,
  maxBytes: number,
): Promise<Uint8Array | Content | 'gone'> {
  const inline = await inlineData(layer, digest, maxBytes);
  if (inline !== null) return inline;
  const answer = await client.blob(image, digest, maxBytes);
  switch (answer.kind) {
    case 'not-found':
      return 'gone';
    case 'trouble':
      // Announced, it is what was pushed under a descriptor that says less. Without end, it is the registry's trouble.
      return answer.announced === undefined
        ? { kind: 'unreadable', reason: answer.reason }
        : malformed('it is longer than its manifest says');
    case 'found':
      if ((await sha256(answer.body)) === digest) return answer.body;
      // Never 'wrong-digest': the registry took these bytes under this digest once, so these are others.
      return { kind: 'unreadable', reason: `What ${image.registry} sent does not match requested digest ${digest}` };
  }
}

/**
 * The bytes that a descriptor carries itself, if they are what its digest names.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#embedded-content
 */
async function inlineData({ data }: Descriptor, digest: Digest, maxBytes: number): Promise<Uint8Array | null> {
  if (data === undefined || data.length > Math.ceil(maxBytes / 3) * 4) return null;
  try {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    return (await sha256(bytes)) === digest ? bytes : null;
  } catch {
    return null;
  }
}

function cosignAnnotations(layer: Descriptor): CosignAnnotations {
  return {
    signature: annotationOf(layer, 'dev.cosignproject.cosign/signature'),
    certificate: annotationOf(layer, 'dev.sigstore.cosign/certificate'),
    bundle: annotationOf(layer, 'dev.sigstore.cosign/bundle'),
    timestamp: annotationOf(layer, 'dev.sigstore.cosign/rfc3161timestamp'),
  };
}

function leftOut(statements: number, gone: number): string | null {
  const parts = [
    ...(statements > 0
      ? [`${statements} attested ${statements === 1 ? 'statement' : 'statements'} too long or too many to be read`]
      : []),
    ...(gone > 0 ? [`${gone} ${gone === 1 ? 'signature is' : 'signatures are'} gone from the registry`] : []),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

function malformed(reason: string): Content {
  return { kind: 'broken', problem: 'malformed', reason };
}
