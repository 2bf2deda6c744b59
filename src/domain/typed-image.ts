import { type ImageName, parseImageName } from './reference.ts';

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
  const named = typed.replace(/@.*$/s, '');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  // What comes before a scheme's colon is no image.
  return parseImageName(colon < 0 || named.slice(colon).startsWith('://') ? named : named.slice(0, colon));
}
