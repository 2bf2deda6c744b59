import type { Digest } from '../domain/digest.ts';
import type { SignaturePlace, SignaturePlaceName } from '../domain/signature.ts';
import type { Content, ContentSource } from './signature-contents.ts';
import type { Declared } from './signature-kind.ts';

/** Where to look, and for what: signatures of `about`, kept in `image`. */
export interface Target extends ContentSource {
  readonly about: Digest;
  readonly known: ReadonlySet<Digest>;
  /** Manifests that a place before has led to: each counts once, where it was found first. */
  readonly seen: Set<Digest>;
  readonly memory: ManifestMemory;
}

/** What a place holds: one manifest, or one bundle of an API. */
export interface Held {
  readonly source: Digest;
  readonly declared: Declared | 'notation';
  /** `known`: read at an earlier look. */
  readonly contents: readonly Content[] | 'known';
}

export interface PlaceReading {
  readonly place: SignaturePlace;
  readonly held: readonly Held[];
}

/** What a manifest turned out to be, about a digest: `other` is no signature of it. */
type Known = Held['declared'] | 'other';

const MAX_REMEMBERED = 2000;

/**
 * Remembers what manifests are, since content does not change: a long list of other things is got through, and what is
 * known is told in the same words each time. One per isolate; forgetting costs requests only.
 */
export class ManifestMemory {
  readonly #kinds = new Map<string, Known>();

  set(manifest: Digest, about: Digest, kind: Known): void {
    this.#kinds.set(`${manifest} ${about}`, kind);
    // A Map lists its keys in the order they were set: the first is the oldest.
    const oldest = this.#kinds.keys().next().value;
    if (this.#kinds.size > MAX_REMEMBERED && oldest !== undefined) this.#kinds.delete(oldest);
  }

  get(manifest: Digest, about: Digest): Known | undefined {
    return this.#kinds.get(`${manifest} ${about}`);
  }
}

/** What a place turned out to hold. */
export interface Found {
  readonly held: readonly Held[];
  /** Artifacts that are neither signature nor attestation, or about another digest. */
  readonly others: number;
  /** What was left out, in words. */
  readonly left: readonly string[];
  /** Why something could not be read. */
  readonly troubles: readonly string[];
}

export const NOTHING: Found = { held: [], others: 0, left: [], troubles: [] };

/** A place that could not be read in full is `unavailable`, whatever else it holds. */
export function conclude(place: SignaturePlaceName, { held, others, left, troubles }: Found): PlaceReading {
  const state = troubles.length > 0 ? 'unavailable' : held.length > 0 ? 'present' : 'absent';
  const words = [
    ...new Set([...troubles, ...held.flatMap(labels), ...left]),
    ...(others > 0 ? [`${others} other ${others === 1 ? 'artifact' : 'artifacts'}`] : []),
  ];
  return { place: { place, state, ...(words.length === 0 ? {} : { detail: words.join('; ') }) }, held };
}

function labels({ declared, contents }: Held): string[] {
  if (contents === 'known') return [label(declared)];
  return contents.map(({ kind }) => (kind === 'broken' ? 'broken signature' : label(declared)));
}

function label(declared: Declared | 'notation'): string {
  switch (declared) {
    case 'signature':
      return 'signature';
    case 'notation':
      return 'Notation signature';
    case 'provenance':
      return 'provenance attestation';
    case 'statement':
      return 'attestation';
    case 'unclear':
      return 'Sigstore bundle';
  }
}
