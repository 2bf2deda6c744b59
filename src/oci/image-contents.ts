import type { Digest } from '../domain/digest.ts';
import type { ImageContents, Layer, PlatformEntry, ReadConfig, Spelling } from '../domain/image-contents.ts';
import type { ImageName } from '../domain/reference.ts';
import type { ContentsRead } from '../usecases/contents-store.ts';
import type { RegistryClient } from './client.ts';
import { BODY_CAPS, size } from './http.ts';
import { narrowConfig } from './image-config.ts';
import { digestOf, isArtifact } from './manifest.ts';
import { readManifest, sha256 } from './manifests.ts';
import { platformOf } from './platform.ts';
import { folded, spellingOf } from './spelling.ts';

/** Configurations have some KiB; those with a long history some dozens. */
export const MAX_CONFIG_BYTES = 1 << 20;
/** Docker refuses more than 127 layers. */
const MAX_LAYERS = 256;
const MAX_PLATFORMS = 64;

const MANIFEST_KEYS = ['schemaVersion', 'mediaType', 'config', 'layers', 'manifests', 'subject', 'annotations'];
const DESCRIPTOR_KEYS = ['mediaType', 'digest', 'size', 'platform'];

/**
 * What a manifest holds, and what its configuration says. Whose fault it is that something cannot be read makes a
 * difference here too: what the maker made too long or illegible is so for good, and is told as that.
 */
export async function readContents(client: RegistryClient, image: ImageName, digest: Digest): Promise<ContentsRead> {
  const read = await readManifest(client, image, digest);
  switch (read.kind) {
    case 'absent':
      return { state: 'unavailable', reason: `${image.registry} has no such manifest (any more)` };
    case 'trouble':
    case 'wrong-digest':
      return { state: 'unavailable', reason: read.reason };
    case 'too-long':
      return final(`its manifest is longer than ${size(BODY_CAPS.manifest)}, and no tool reads that`);
    case 'no-manifest':
      return final('it is no manifest');
    case 'manifest':
      // Only what follows the specification to the letter is a signature: see isArtifact.
      return isArtifact(read.manifest)
        ? final('it is a signature or a statement, not an image')
        : readParts(client, image, read.bytes);
  }
}

const final = (reason: string): ContentsRead => ({
  state: 'read',
  contents: { kind: 'other', reason },
  again: false,
});

async function readParts(client: RegistryClient, image: ImageName, bytes: Uint8Array): Promise<ContentsRead> {
  const written = new TextDecoder().decode(bytes);
  const raw: unknown = JSON.parse(written); // it was parsed before
  const manifest = folded(raw, MANIFEST_KEYS);
  const spelling = spellingOf(written, raw, [[raw, MANIFEST_KEYS]]);
  const listed = arrayOf(manifest, 'manifests');
  const isImage = arrayOf(manifest, 'layers') !== null || manifest.config !== undefined;
  return listed !== null && !isImage ? readIndex(listed, spelling) : readImage(client, image, manifest, spelling);
}

function readIndex(listed: readonly unknown[], spelling: Spelling): ContentsRead {
  const platforms = listed.slice(0, MAX_PLATFORMS).flatMap((one): PlatformEntry[] => {
    const descriptor = folded(one, DESCRIPTOR_KEYS);
    const digest = digestOf({ digest: textOf(descriptor.digest) });
    return digest === null ? [] : [{ platform: platformOf(descriptor.platform), digest }];
  });
  const contents = { kind: 'index', platforms, platformCount: listed.length, spelling } as const;
  return { state: 'read', contents, again: false };
}

async function readImage(
  client: RegistryClient,
  image: ImageName,
  manifest: Readonly<Record<string, unknown>>,
  spelling: Spelling,
): Promise<ContentsRead> {
  const all = (arrayOf(manifest, 'layers') ?? []).map(layerOf);
  const descriptor = folded(manifest.config, DESCRIPTOR_KEYS);
  const configDigest = digestOf({ digest: textOf(descriptor.digest) });
  const config = await readConfig(client, image, configDigest, sizeOf(descriptor.size));
  const contents: ImageContents = {
    kind: 'image',
    configDigest,
    config,
    layers: all.slice(0, MAX_LAYERS),
    layerCount: all.length,
    size: Math.min(
      all.reduce((sum, layer) => sum + layer.size, 0),
      Number.MAX_SAFE_INTEGER,
    ),
    spelling,
  };
  return { state: 'read', contents, again: config.state === 'unavailable' };
}

function layerOf(value: unknown): Layer {
  const descriptor = folded(value, DESCRIPTOR_KEYS);
  return { digest: digestOf({ digest: textOf(descriptor.digest) }), size: sizeOf(descriptor.size) };
}

async function readConfig(
  client: RegistryClient,
  image: ImageName,
  digest: Digest | null,
  announced: number,
): Promise<ReadConfig> {
  if (digest === null) return { state: 'invalid', reason: 'the manifest names no configuration by a sha256 digest' };
  const tooLong = `it is longer than ${size(MAX_CONFIG_BYTES)}, and is not read`;
  if (announced > MAX_CONFIG_BYTES) return { state: 'invalid', reason: tooLong };
  const answer = await client.blob(image, digest, MAX_CONFIG_BYTES);
  switch (answer.kind) {
    case 'not-found':
      return { state: 'unavailable', reason: `${image.registry} has no such configuration (any more)` };
    case 'trouble':
      return answer.announced === undefined
        ? { state: 'unavailable', reason: answer.reason }
        : { state: 'invalid', reason: tooLong };
    case 'found':
      return (await sha256(answer.body)) === digest
        ? narrowConfig(answer.body)
        : { state: 'unavailable', reason: `What ${image.registry} sent does not match requested digest ${digest}` };
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function sizeOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function arrayOf(holder: Readonly<Record<string, unknown>>, key: string): readonly unknown[] | null {
  const value = holder[key];
  return Array.isArray(value) ? value : null;
}
