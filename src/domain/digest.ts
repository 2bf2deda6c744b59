/**
 * Content digests. Only sha256 is accepted: it is what registries serve and what signatures name.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */

/** `sha256:` followed by 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

/** The digest's 64 hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** `sha256:a00659df…c75d43`, for running text; never for anything a person has to copy. */
export function shortDigest(digest: Digest): string {
  const hex = digestHex(digest);
  return `sha256:${hex.slice(0, 8)}…${hex.slice(-6)}`;
}

const ARTIFACT_TAG = /^sha256-([0-9a-f]{64})(?:\.(sig|att|sbom))?$/;

/**
 * The digest that a signature artifact's tag speaks about: cosign's `sha256-<hex>.sig`, `.att`, `.sbom`, and the
 * referrers fallback tag `sha256-<hex>`. The name alone proves nothing: an image may be pushed under such a tag.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function artifactTagSubject(tag: string): Digest | null {
  const hex = ARTIFACT_TAG.exec(tag)?.[1];
  return hex === undefined ? null : `sha256:${hex}`;
}
