import { createHash } from 'node:crypto';
import type { StoredManifest } from './world/registry.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A manifest with its digest. Layers and configuration only exist by name: watching an image never reads them. */
export interface Image extends StoredManifest, Descriptor {
  readonly size: number;
  /** What its index says of it. */
  readonly platform?: { readonly os: string; readonly architecture: string };
}

function image(mediaType: string, manifest: object, platform?: Image['platform']): Image {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...manifest }));
  const digest = digestOf(bytes);
  return { bytes, mediaType, digest, size: bytes.length, ...(platform === undefined ? {} : { platform }) };
}

const digestOf = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A descriptor of content that is never read; `content` decides its digest. */
const named = (mediaType: string, content: string): Descriptor => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});

const descriptor = ({ mediaType, digest, size }: Image): Descriptor => ({ mediaType, digest, size });

/** A single-platform image; the same words give the same digest. */
export function singleImage(words: string, architecture = 'amd64'): Image {
  const config = named(CONFIG, `${words} configuration ${architecture}`);
  const layers = [named(LAYER, 'base'), named(LAYER, `${words} layer ${architecture}`)];
  return image(MANIFEST, { config, layers }, { os: 'linux', architecture });
}

/**
 * BuildKit's unsigned attestation about one image of an index.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export function buildkitAttestation(of: Image): Image {
  const layer = {
    ...named('application/vnd.in-toto+json', `provenance of ${of.digest}`),
    annotations: {
      'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1',
    },
  };
  const config = named(CONFIG, `attestation of ${of.digest}`);
  return image(MANIFEST, { config, layers: [layer] }, { os: 'unknown', architecture: 'unknown' });
}

/** The index of a multi-platform image, with BuildKit's attestations as children. */
export function imageIndex(platforms: readonly Image[], attestations: readonly Image[]): Image {
  const manifests = [
    ...platforms.map((child) => ({ ...descriptor(child), platform: child.platform })),
    ...attestations.map((child, at) => ({
      ...descriptor(child),
      platform: child.platform,
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': platforms[at]?.digest,
      },
    })),
  ];
  return image(INDEX, { manifests });
}

/**
 * A cosign signature of the old layout, for tag `sha256-<hex>.sig`. Nobody could verify it.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function cosignSignature(of: Image): Image {
  const layer = named('application/vnd.dev.cosign.simplesigning.v1+json', `signed ${of.digest}`);
  const annotations = { 'dev.cosignproject.cosign/signature': Buffer.from('not a signature').toString('base64') };
  return image(MANIFEST, { config: named(CONFIG, `signature of ${of.digest}`), layers: [{ ...layer, annotations }] });
}

/**
 * A Sigstore bundle that refers to an image, and the index of referrers for the fallback tag `sha256-<hex>`.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function sigstoreReferrer(of: Image): { readonly bundle: Image; readonly fallback: Image } {
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const annotations = {
    'dev.sigstore.bundle.content': 'dsse-envelope',
    'dev.sigstore.bundle.predicateType': 'https://sigstore.dev/cosign/sign/v1',
  };
  const layers = [named(artifactType, `bundle of ${of.digest}`)];
  const bundle = image(MANIFEST, { artifactType, config: EMPTY, layers, subject: descriptor(of), annotations });
  const fallback = image(INDEX, { manifests: [{ ...descriptor(bundle), artifactType, annotations }] });
  return { bundle, fallback };
}

/** `sha256-<hex>`: the tag that speaks about a digest. */
export function referrersTag(of: Image): string {
  return of.digest.replace(':', '-');
}
