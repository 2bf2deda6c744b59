import { isDigest } from './digest.ts';
import { type ImageName, InvalidReference, isTag, parseImageName } from './reference.ts';

/** Pages of an image that people copy the address of. */
const PAGES = [
  /^https:\/\/hub\.docker\.com\/(?:r|repository\/docker|layers)\/([^/?#]+\/[^/?#]+)/i,
  /^https:\/\/hub\.docker\.com\/_\/([^/?#]+)/i,
] as const;

/**
 * The image somebody means who types or pastes a reference, a `docker pull` of one, or the address of its page at Docker
 * Hub. A tag or a digest is left out: the whole repository is watched.
 * @throws InvalidReference saying what is wrong
 */
export function typedImage(text: string): ImageName {
  const typed = text.trim().replace(/^docker\s+pull\s+/, '');
  const page = PAGES.map((pattern) => pattern.exec(typed)?.[1]).find((path) => path !== undefined);
  if (page !== undefined) return parseImageName(`docker.io/${page}`);
  const at = typed.indexOf('@');
  if (at >= 0 && !isDigest(typed.slice(at + 1)))
    throw new InvalidReference('After @ a digest is expected: sha256: and 64 lower-case hex digits.');
  const named = at < 0 ? typed : typed.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  if (colon < 0) return parseImageName(named);
  if (!isTag(named.slice(colon + 1)))
    throw new InvalidReference('After : a tag is expected: at most 128 of A-Z a-z 0-9 . _ -, not starting with . or -');
  return parseImageName(named.slice(0, colon));
}
