/**
 * Media types of manifests and of what signing tools attach to them.
 * @see https://github.com/opencontainers/image-spec/blob/main/media-types.md
 */

export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** All four, always: asked for fewer, a registry may convert the manifest (another digest) or say 404. */
export const ACCEPT_MANIFESTS = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST].join(', ');

/** The config of an artifact that needs none, and the layer of one without content. */
export const EMPTY_JSON = 'application/vnd.oci.empty.v1+json';
/** sha256 of `{}`. */
export const EMPTY_JSON_DIGEST = 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a';

/** Cosign's first layout, in `.sig` tags. One layer is one signature. */
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
/** Cosign's first layout of attestations, in `.att` tags. */
export const DSSE_ENVELOPE = 'application/vnd.dsse.envelope.v1+json';
/** `artifactType` of Notary Project signatures; a config media type in their first layout. */
export const NOTARY_SIGNATURE = 'application/vnd.cncf.notary.signature';

/** `application/vnd.dev.sigstore.bundle.v0.3+json`, `application/vnd.dev.sigstore.bundle+json;version=0.1`. */
const SIGSTORE_BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v\d+(?:\.\d+)*)?\+json(?:;\s*version=[\d.]+)?$/;
/** BuildKit's unsigned attestations (`+json`) and Docker's signed ones (`+dsse`). */
const IN_TOTO = /^application\/vnd\.in-toto(?:\.[a-z-]+)?\+(?:json|dsse)$/;
const NOTARY_ENVELOPES = new Set(['application/jose+json', 'application/cose']);
const ATTACHED = new Set([
  SIMPLE_SIGNING,
  DSSE_ENVELOPE,
  'application/vnd.cyclonedx+json',
  'application/vnd.cyclonedx+xml',
  'application/vnd.cyclonedx',
  'application/vnd.syft+json',
  'application/spdx+json',
  'text/spdx',
  'text/spdx+json',
  'text/spdx+xml',
  // As `cosign attach sbom` wrote it for years.
  'spdx+json',
]);

/** `artifactType` of cosign 2's experimental referrers, which hold the layers of its `.sig` and `.att` tags. */
const COSIGN_ARTIFACT = /^application\/vnd\.dev\.cosign\.artifact\.(?:sig|att)\.v1\+json$/;

export function isCosignArtifact(artifactType: string): boolean {
  return COSIGN_ARTIFACT.test(artifactType);
}

export function isSigstoreBundle(mediaType: string): boolean {
  return SIGSTORE_BUNDLE.test(mediaType);
}

/** Whether a layer of this type is a signature, an attestation or an SBOM. */
export function isAttachedLayer(mediaType: string, isNotary: boolean): boolean {
  return (
    ATTACHED.has(mediaType) ||
    IN_TOTO.test(mediaType) ||
    isSigstoreBundle(mediaType) ||
    (isNotary && NOTARY_ENVELOPES.has(mediaType))
  );
}

/** Lower case and without parameters: what a `Content-Type` header names. */
export function essence(contentType: string | null): string {
  return contentType?.split(';')[0]?.trim().toLowerCase() || 'application/octet-stream';
}
