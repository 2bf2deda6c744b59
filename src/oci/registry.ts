import type { ContentsReader } from '../usecases/contents-store.ts';
import type { Registry } from '../usecases/ports.ts';
import { type ClientOptions, RegistryClient } from './client.ts';
import { readContents } from './image-contents.ts';
import { inspectManifest, manifestBytes, resolveManifest } from './manifests.ts';
import { ManifestMemory } from './place-reading.ts';
import { type FindAttestations, searchSignatures } from './signatures.ts';
import { listTagPage } from './tags.ts';

/**
 * `endpoints`, `fetch` and `userAgent`; `timeoutMs` per request (default 10 s); `now` for the lifetime of tokens
 * (default `Date.now`).
 */
export interface RegistryOptions extends ClientOptions {
  /** Asked about images of ghcr.io. */
  readonly attestations?: FindAttestations | undefined;
}

/**
 * Reads container registries by the OCI distribution protocol. Keeps tokens in memory: make one and keep it.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export function createRegistry(options: RegistryOptions): Registry & ContentsReader {
  const client = RegistryClient.create(options);
  const memory = new ManifestMemory();
  return {
    resolve: (image, reference) => resolveManifest(client, image, reference),
    inspect: (image, digest) => inspectManifest(client, image, digest),
    manifestBytes: (image, digest) => manifestBytes(client, image, digest),
    contents: (image, digest, requests) => readContents(client.within(requests), image, digest),
    listTags: (image, from, limit) => listTagPage(client, image, from, limit),
    findSignatures: (image, digest, search) =>
      searchSignatures(client.within(search.requests), image, digest, search, options.attestations, memory),
  };
}
