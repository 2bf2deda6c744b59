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
}

/** Registry host, as in `ImageName.registry`, to its endpoint. */
export type RegistryEndpoints = ReadonlyMap<string, RegistryEndpoint>;

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
