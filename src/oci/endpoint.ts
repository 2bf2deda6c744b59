import type { ImageName } from '../domain/reference.ts';

/**
 * Where a registry is reached and who may be asked for its tokens. All of it is configuration: nothing that a
 * registry answers ever adds an address to it.
 */
export interface RegistryEndpoint {
  /** Base URL, without `/v2`: `https://registry-1.docker.io`. */
  readonly url: string;
  /** The token server, `https://auth.docker.io/token`. Without one only a realm on `url`'s own origin is asked. */
  readonly tokenRealm?: string | undefined;
  /** What the token server calls this registry: `registry.docker.io`. */
  readonly tokenService?: string | undefined;
  /** Sent to the token server, or to the registry itself if that asks for Basic. Needs `password`. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /**
   * Hosts to which a blob may be redirected, besides `url`'s own: `storage.example.org`, with its port if that is not
   * 443, or `*.storage.example.org`. Lower case. Left out: `DEFAULT_BLOB_HOSTS`.
   */
  readonly blobHosts?: readonly string[] | undefined;
}

/** Registry host, as in `ImageName.registry`, to its endpoint. */
export type RegistryEndpoints = ReadonlyMap<string, RegistryEndpoint>;

/** Where the two big registries keep their blobs, by registry host. */
export const DEFAULT_BLOB_HOSTS: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'docker.io',
    [
      // Sure: on Docker's own list of hosts to allow, and seen in many reports.
      // https://docs.docker.com/desktop/setup/allow-list/
      'production.cloudflare.docker.com',
      // Sure: since 2026-05-20. https://docs.docker.com/docker-hub/release-notes/
      'production.cloudfront.docker.com',
      // Sure: on the same list. Anybody may have a bucket beside it, so never `*.r2.cloudflarestorage.com`.
      'docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com',
      // Likely: in reports of machines inside AWS only; other regions have other names.
      'docker-images-prod.s3.dualstack.us-east-1.amazonaws.com',
    ],
  ],
  // Sure: in GitHub's documentation of the container registry and in every report.
  ['ghcr.io', ['pkg-containers.githubusercontent.com']],
]);

/** The endpoint that serves the image; `undefined` if its registry is not configured. */
export function findEndpoint(endpoints: RegistryEndpoints, image: ImageName): RegistryEndpoint | undefined {
  return endpoints.get(image.registry);
}

/** `https://registry-1.docker.io` + `/v2/library/nginx/tags/list`. */
export function endpointUrl(endpoint: RegistryEndpoint, path: string): string {
  return `${endpoint.url.replace(/\/+$/, '')}${path}`;
}

/** The value of an `Authorization: Basic` header; `null` without credentials. */
export function basicAuthorization(endpoint: RegistryEndpoint): string | null {
  if (endpoint.username === undefined || endpoint.password === undefined) return null;
  const bytes = new TextEncoder().encode(`${endpoint.username}:${endpoint.password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

/**
 * Docker Hub counts each `GET` of a manifest as a pull, of which an account has few; a `HEAD` costs nothing there.
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
export function countsPulls(image: ImageName): boolean {
  return image.registry === 'docker.io';
}
