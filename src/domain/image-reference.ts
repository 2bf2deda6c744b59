import { type Digest, isDigest } from './digest.ts';
import { type ImageName, InvalidReference, isTag, parseImageName } from './reference.ts';

/** An image with a tag, a digest, or both (the tag then says where the digest is thought to be). */
export interface ImageReference {
  readonly image: ImageName;
  readonly tag: string | null;
  readonly digest: Digest | null;
}

const LONGEST = 1024;

/**
 * `ghcr.io/org/app:1.2`, `ghcr.io/org/app@sha256:…`, or both.
 * @throws InvalidReference saying what is wrong; a tag is never guessed
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */
export function parseImageReference(text: string): ImageReference {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST) throw new InvalidReference(`The reference is longer than ${LONGEST} characters.`);
  const at = trimmed.indexOf('@');
  const digest = at < 0 ? null : trimmed.slice(at + 1);
  if (digest !== null && !isDigest(digest)) {
    throw new InvalidReference('After @ a digest is expected: sha256: and 64 lower-case hex digits.');
  }
  const named = at < 0 ? trimmed : trimmed.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const tag = colon < 0 ? null : named.slice(colon + 1);
  if (tag !== null && !isTag(tag)) {
    throw new InvalidReference('After : a tag is expected: at most 128 of A-Z a-z 0-9 . _ -, not starting with . or -');
  }
  const image = parseImageName(colon < 0 ? named : named.slice(0, colon));
  if (tag === null && digest === null) {
    throw new InvalidReference('Name a tag or a digest: docker.io/org/app:1.2, docker.io/org/app@sha256:….');
  }
  return { image, tag, digest };
}
