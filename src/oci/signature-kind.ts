import { COSIGN_SIGN, SLSA_PROVENANCE } from '../domain/signature.ts';
import { annotationOf, type Descriptor, type Manifest } from './manifest.ts';
import {
  DSSE_ENVELOPE,
  EMPTY_JSON,
  isCosignArtifact,
  isSigstoreBundle,
  NOTARY_SIGNATURE,
  SIMPLE_SIGNING,
} from './media-types.ts';

/**
 * What something attached to an image says it is, before it is read. `statement`: signed, about the image, and neither
 * a signature of it nor provenance, such as an SBOM's. Whoever pushed it wrote this: it decides what is read first,
 * where else is looked, and words, never what something is worth.
 */
export type Declared = 'signature' | 'provenance' | 'statement' | 'unclear';

/** What a list says of a member. `untyped`: it says nothing, or what is known to be wrong. */
export type ListedKind = Declared | 'notation' | 'untyped' | 'other';

/** Of most worth first: what is read of a list that is too long. */
const ORDER: readonly ListedKind[] = [
  'signature',
  'provenance',
  'notation',
  'unclear',
  'untyped',
  'statement',
  'other',
];

/** For sorting: less comes first. */
export function rank(kind: ListedKind): number {
  return ORDER.indexOf(kind);
}

/** How cosign's first layout stores a layer's content. */
export type LayerKind = 'bundle' | 'simple-signing' | 'dsse';

export function kindOfLayer({ mediaType = '' }: Descriptor): LayerKind | null {
  if (mediaType === SIMPLE_SIGNING) return 'simple-signing';
  if (mediaType === DSSE_ENVELOPE) return 'dsse';
  return isSigstoreBundle(mediaType) ? 'bundle' : null;
}

/**
 * By what a list of referrers says of it. Attestations and signatures of cosign 3 share their type: annotations tell.
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 * @see https://github.com/notaryproject/specifications/blob/main/specs/signature-specification.md
 */
export function kindOfDescriptor(descriptor: Descriptor): ListedKind {
  const type = descriptor.artifactType;
  if (type === undefined || type === EMPTY_JSON) return 'untyped';
  if (type === DSSE_ENVELOPE || isCosignArtifact(type)) return 'unclear';
  if (type === NOTARY_SIGNATURE) return 'notation';
  return isSigstoreBundle(type) ? declaredByBundle(descriptor) : 'other';
}

/** A layer of an artifact. Bundles are described by their manifest, cosign's first layout by each layer. */
export function declaredByLayer(layer: Descriptor, manifest: Manifest): Declared {
  switch (kindOfLayer(layer)) {
    case 'simple-signing':
      return 'signature';
    case 'dsse':
      return byPredicate(annotationOf(layer, 'predicateType'));
    case 'bundle': {
      const declared = declaredByBundle(layer);
      return declared === 'unclear' ? declaredByBundle(manifest) : declared;
    }
    case null:
      return 'unclear';
  }
}

function declaredByBundle(holder: Manifest | Descriptor): Declared {
  if (annotationOf(holder, 'dev.sigstore.bundle.content') === 'message-signature') return 'signature';
  return byPredicate(annotationOf(holder, 'dev.sigstore.bundle.predicateType'));
}

function byPredicate(predicateType: string | null): Declared {
  if (predicateType === null || predicateType === '') return 'unclear';
  if (predicateType === COSIGN_SIGN) return 'signature';
  return SLSA_PROVENANCE.includes(predicateType) ? 'provenance' : 'statement';
}
