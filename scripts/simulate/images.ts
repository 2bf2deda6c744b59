import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import type { StoredManifest } from './world/registry.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const EMPTY = {
  mediaType: 'application/vnd.oci.empty.v1+json',
  digest: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
  size: 2,
};

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A manifest with its digest. An image's layers only exist by name: watching it never reads them. */
export interface Image extends StoredManifest, Descriptor {
  readonly size: number;
  /** What its index says of it. */
  readonly platform?: { readonly os: string; readonly architecture: string };
}

function image(mediaType: string, manifest: object, platform?: Image['platform']): Image {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...manifest }));
  const digest = digestOf(bytes);
  return { bytes, mediaType, digest, size: bytes.length, ...(platform === undefined ? {} : { platform }) };
}

const digestOf = (bytes: string | Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A descriptor of content that is never read; `content` decides its digest. */
const named = (mediaType: string, content: string): Descriptor => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});

/** A descriptor of content that is read. */
const blob = (mediaType: string, content: Buffer): Descriptor => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});

const descriptor = ({ mediaType, digest, size }: Image): Descriptor => ({ mediaType, digest, size });

/**
 * A single-platform image; the same words give the same digest.
 * @param run what its configuration says of containers: `{ Entrypoint: ['/app'] }`
 */
export function singleImage(words: string, architecture = 'amd64', run: object = {}): Image {
  const settings = { Entrypoint: ['/app'], User: '1000:1000', Env: ['PATH=/usr/bin'], Labels: { words }, ...run };
  const configuration = Buffer.from(JSON.stringify({ architecture, os: 'linux', config: settings }));
  const layers = [named(LAYER, 'base'), named(LAYER, `${words} layer ${architecture}`)];
  const manifest = { config: blob(CONFIG, configuration), layers };
  return { ...image(MANIFEST, manifest, { os: 'linux', architecture }), blobs: [configuration] };
}

/**
 * BuildKit's unsigned attestation about one image of an index.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export function buildkitAttestation(of: Image): Image {
  const layer = {
    ...named('application/vnd.in-toto+json', `provenance of ${of.digest}`),
    annotations: {
      'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v1',
    },
  };
  const config = named(CONFIG, `attestation of ${of.digest}`);
  return image(MANIFEST, { config, layers: [layer] }, { os: 'unknown', architecture: 'unknown' });
}

/** The index of a multi-platform image, with BuildKit's attestations as children. */
export function imageIndex(platforms: readonly Image[], attestations: readonly Image[]): Image {
  const manifests = [
    ...platforms.map((child) => ({ ...descriptor(child), platform: child.platform })),
    ...attestations.map((child, at) => ({
      ...descriptor(child),
      platform: child.platform,
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': platforms[at]?.digest,
      },
    })),
  ];
  return image(INDEX, { manifests });
}

/** The project's signing key: a pair of this run, as `cosign generate-key-pair` makes them. */
const RELEASE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });

/** For a policy that names the project's key. Nothing that these scripts sign stands in a transparency log. */
export const RELEASE_AUTHORITY = {
  name: 'release key',
  key: {
    data: RELEASE_KEY.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    transparencyLog: 'ignore',
  },
} as const;

const signed = (bytes: Buffer): string => signBytes('sha256', bytes, RELEASE_KEY.privateKey).toString('base64');

/** How a forged signature differs from the project's. */
export interface Forgery {
  /** Base64; by default with the project's key. */
  readonly sign?: (payload: Buffer) => string;
  /** What becomes of the payload after it was signed. */
  readonly alter?: (payload: string) => string;
}

/**
 * A signature by the project's key in cosign's old layout, for tag `sha256-<hex>.sig`.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function cosignSignature(of: Image, { sign = signed, alter = (payload) => payload }: Forgery = {}): Image {
  const payload = JSON.stringify({
    critical: {
      identity: { 'docker-reference': '' },
      image: { 'docker-manifest-digest': of.digest },
      type: 'cosign container image signature',
    },
    optional: null,
  });
  const content = Buffer.from(alter(payload));
  const layer = {
    ...blob('application/vnd.dev.cosign.simplesigning.v1+json', content),
    annotations: { 'dev.cosignproject.cosign/signature': sign(Buffer.from(payload)) },
  };
  const config = named(CONFIG, `signature of ${of.digest}`);
  return { ...image(MANIFEST, { config, layers: [layer] }), blobs: [content] };
}

/**
 * A Sigstore bundle by the project's key that refers to an image, as cosign 3 makes it, and the index of referrers for
 * the fallback tag `sha256-<hex>`.
 * @see https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function sigstoreReferrer(
  of: Image,
  contentType: 'dsse-envelope' | 'message-signature' = 'dsse-envelope',
): { readonly bundle: Image; readonly fallback: Image } {
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const annotations = {
    'dev.sigstore.bundle.content': contentType,
    ...(contentType === 'dsse-envelope' ? { 'dev.sigstore.bundle.predicateType': COSIGN_SIGN } : {}),
  };
  const content = sigstoreBundle(artifactType, contentType === 'dsse-envelope' ? statementOf(of) : messageOf(of));
  const layers = [blob(artifactType, content)];
  const manifest = image(MANIFEST, { artifactType, config: EMPTY, layers, subject: descriptor(of), annotations });
  const fallback = image(INDEX, { manifests: [{ ...descriptor(manifest), artifactType, annotations }] });
  return { bundle: { ...manifest, blobs: [content] }, fallback };
}

const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
const IN_TOTO = 'application/vnd.in-toto+json';

/** A signature over the manifest itself. */
function messageOf(of: Image): object {
  const digest = Buffer.from(of.digest.slice('sha256:'.length), 'hex').toString('base64');
  return { messageSignature: { messageDigest: { algorithm: 'SHA2_256', digest }, signature: signed(of.bytes) } };
}

/** @see https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
function statementOf(of: Image): object {
  const statement = Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: of.digest.slice('sha256:'.length) } }],
      predicateType: COSIGN_SIGN,
      predicate: {},
    }),
  );
  const encoded = Buffer.concat([Buffer.from(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${statement.length} `), statement]);
  const signatures = [{ sig: signed(encoded), keyid: '' }];
  return { dsseEnvelope: { payload: statement.toString('base64'), payloadType: IN_TOTO, signatures } };
}

/** @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto */
function sigstoreBundle(mediaType: string, content: object): Buffer {
  const key = RELEASE_KEY.publicKey.export({ type: 'spki', format: 'der' });
  const publicKey = { hint: createHash('sha256').update(key).digest('base64') };
  return Buffer.from(JSON.stringify({ mediaType, verificationMaterial: { publicKey, tlogEntries: [] }, ...content }));
}

/** `sha256-<hex>`: the tag that speaks about a digest. */
export function referrersTag(of: Image): string {
  return of.digest.replace(':', '-');
}
