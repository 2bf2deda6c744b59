import { annotationOf, type Descriptor, isArtifact, isNotarySignature, type Manifest } from './manifest.ts';
import { DSSE_ENVELOPE, EMPTY_JSON, isSigstoreBundle, NOTARY_SIGNATURE, SIMPLE_SIGNING } from './media-types.ts';

/**
 * What something attached to an image is. `attestation`: a signed statement that is no signature of the image, such
 * as provenance. `unclear`: it may be a signature and does not say.
 */
export type AttachedKind = 'cosign' | 'notation' | 'attestation' | 'unclear' | 'other';

/** Predicate type with which cosign 3 signs an image. */
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
/** `artifactType` of cosign 2's experimental signatures as referrers. */
const COSIGN_SIG_ARTIFACT = 'application/vnd.dev.cosign.artifact.sig.v1+json';

/**
 * By what a list of referrers says of it. Attestations and signatures of cosign 3 share their type: annotations tell.
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 * @see https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md
 */
export function kindOfDescriptor(descriptor: Descriptor): AttachedKind {
  const type = descriptor.artifactType;
  if (type === undefined || type === EMPTY_JSON || type === COSIGN_SIG_ARTIFACT) return 'unclear';
  if (type === NOTARY_SIGNATURE) return 'notation';
  return isSigstoreBundle(type) ? kindOfBundle(descriptor) : 'other';
}

/** By the manifest itself. An image is `other`, whatever it says about itself. */
export function kindOfManifest(manifest: Manifest): AttachedKind {
  if (!isArtifact(manifest)) return 'other';
  if (isNotarySignature(manifest)) return 'notation';
  const types = (manifest.layers ?? []).map(({ mediaType = '' }) => mediaType);
  if (types.includes(SIMPLE_SIGNING)) return 'cosign';
  if (types.some(isSigstoreBundle)) return kindOfBundle(manifest);
  return types.includes(DSSE_ENVELOPE) ? 'attestation' : 'other';
}

/** How many signatures a manifest holds: cosign's first layout puts all of them in one, a layer each. */
export function countSignatures(manifest: Manifest): number {
  return Math.max(1, (manifest.layers ?? []).filter(({ mediaType }) => mediaType === SIMPLE_SIGNING).length);
}

function kindOfBundle(holder: Manifest | Descriptor): AttachedKind {
  const content = annotationOf(holder, 'dev.sigstore.bundle.content');
  const predicate = annotationOf(holder, 'dev.sigstore.bundle.predicateType');
  if (content === 'message-signature' || predicate === COSIGN_SIGN) return 'cosign';
  return predicate === null ? 'unclear' : 'attestation';
}
