/**
 * Names of images, as the OCI distribution spec and Docker's reference grammar write them.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 * @see https://github.com/distribution/reference/blob/main/reference.go
 */

/** A repository in a registry: `docker.io` + `library/nginx`. Always normalised. */
export interface ImageName {
  /** Registry host, `docker.io` for Docker Hub; with its port if it has one. */
  readonly registry: string;
  /** Path in the registry, lower case, at most 255 characters. */
  readonly path: string;
}

/** Why a name was refused, in words for the person who typed it. */
export class InvalidReference extends Error {
  override readonly name = 'InvalidReference';
}

const PATH_COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DOCKER_HUB_ALIASES = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'hub.docker.com']);

/**
 * Normalises an image name without tag or digest: `nginx` becomes `docker.io/library/nginx`.
 * @throws InvalidReference saying what is wrong, upper case included (OCI paths are lower case).
 */
export function parseImageName(text: string): ImageName {
  const trimmed = text.trim();
  if (trimmed === '') throw new InvalidReference('An image name is missing.');
  if (trimmed.length > 512) throw new InvalidReference('The image name is longer than 512 characters.');
  if (/^[a-z]+:\/\//i.test(trimmed)) throw new InvalidReference('Write the image without a scheme: docker.io/org/app.');
  if (trimmed.includes('@')) throw new InvalidReference('Write the image without a digest: docker.io/org/app.');

  const slash = trimmed.indexOf('/');
  const first = slash < 0 ? '' : trimmed.slice(0, slash);
  const firstIsHost = slash > 0 && (first.includes('.') || first.includes(':') || first.toLowerCase() === 'localhost');
  const host = firstIsHost ? first.toLowerCase() : 'docker.io';
  const path = firstIsHost ? trimmed.slice(slash + 1) : trimmed;
  if (path.includes(':')) throw new InvalidReference('Write the image without a tag: docker.io/org/app.');
  return imageName(host, path);
}

/**
 * The image a registry's own event names by host and path.
 * @throws InvalidReference if either does not follow the grammar.
 */
export function imageName(host: string, path: string): ImageName {
  if (!HOST.test(host)) throw new InvalidReference(`"${host.slice(0, 80)}" is not a registry host.`);
  const registry = DOCKER_HUB_ALIASES.has(host) ? 'docker.io' : host;
  const full = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (full.length > 255) throw new InvalidReference('The repository path is longer than 255 characters.');
  if (full !== full.toLowerCase()) {
    throw new InvalidReference(`"${full.slice(0, 80)}" has upper-case letters; OCI repository names are lower case.`);
  }
  if (!full.split('/').every((component) => PATH_COMPONENT.test(component))) {
    throw new InvalidReference(`"${full.slice(0, 80)}" is not an OCI repository name.`);
  }
  return { registry, path: full };
}

/** `docker.io/library/nginx`: the one spelling used in the API, the database and alerts. */
export function formatImageName(image: ImageName): string {
  return `${image.registry}/${image.path}`;
}

/** Whether the text is a tag by the OCI grammar: at most 128 of `[A-Za-z0-9._-]`, not starting with `.` or `-`. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}
