import { type Digest, isDigest } from '../domain/digest.ts';
import { type ImageName, InvalidReference, imageName, isTag } from '../domain/reference.ts';
import { NotUnderstood } from './problem.ts';

/**
 * The image that a payload names, normalised.
 * @throws NotUnderstood naming `field` if it does not follow the grammar.
 */
export function readImage(registry: string, path: string, field: string): ImageName {
  try {
    return imageName(registry, path);
  } catch (error) {
    // InvalidReference quotes the name: right for the person who typed it, wrong for a stranger's payload.
    if (error instanceof InvalidReference) throw NotUnderstood.at(field, 'not an OCI repository name in lower case');
    throw error;
  }
}

/** What was pushed: a tag, or (with the tag empty) a manifest by its digest. */
export interface Target {
  readonly tag: string;
  readonly digest: Digest | null;
}

/**
 * What a payload gives as its tag. It may be empty, and a push by digest may show the digest in the tag's place.
 * @throws NotUnderstood naming `field` if it is neither a tag nor a digest.
 */
export function readTag(text: string, field: string): Target {
  if (text === '' || isTag(text)) return { tag: text, digest: null };
  if (isDigest(text)) return { tag: '', digest: text };
  throw NotUnderstood.at(field, 'not a tag (at most 128 of A-Z, a-z, 0-9, ".", "_", "-") and not a sha256 digest');
}
