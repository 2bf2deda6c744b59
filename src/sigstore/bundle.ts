import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { crypto } from '@sigstore/core';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { type Digest, digestHex } from '../domain/digest.ts';
import { Content } from './content.ts';
import { sameBytes } from './der.ts';
import { at, field, isBase64, isObject, readObject } from './json.ts';
import { Refused } from './refused.ts';
import {
  checkEntries,
  MAX_MEMBERS,
  readCertificate,
  readTimestamps,
  refusing,
  type Said,
  type Signed,
} from './signed.ts';
import { IN_TOTO_PAYLOAD, readStatement } from './statement.ts';

/** An attestation may hold the list of all that is in an image. */
const MAX_BUNDLE = 16 << 20;

const MEDIA_TYPES = [
  /^application\/vnd\.dev\.sigstore\.bundle\+json;version=0\.[123]$/,
  /^application\/vnd\.dev\.sigstore\.bundle\.v0\.3(?:\.\d{1,3})?\+json$/,
];

/**
 * Reads a Sigstore bundle, v0.1 to v0.3, that is to be about this digest. `artifact`: the bytes with that digest, without
 * which a message signature cannot be verified.
 * @throws Refused
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_bundle.proto
 */
export function readBundle(bytes: Uint8Array, about: Digest, artifact: Uint8Array | null): Signed {
  const json = readObject(bytes, MAX_BUNDLE, 'the bundle');
  const mediaType = field(json, 'mediaType');
  if (typeof mediaType !== 'string' || !MEDIA_TYPES.some((known) => known.test(mediaType)))
    throw new Refused('malformed', 'it is no Sigstore bundle of a known version (v0.1 to v0.3)');
  checkLengths(json);
  checkBase64(json, 0);
  const bundle = refusing(() => bundleFromJSON(json));
  const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  checkEntries(tlogEntries);
  const { content, says } = readContent(bundle, about, artifact);
  return {
    content,
    says,
    by: readSigner(bundle.verificationMaterial.content),
    entries: tlogEntries,
    timestamps: readTimestamps(
      (timestampVerificationData?.rfc3161Timestamps ?? []).map(({ signedTimestamp }) => signedTimestamp),
    ),
    envelope: null,
  };
}

/** Before the library reads each. */
function checkLengths(json: unknown): void {
  const lists = [
    ['tlogEntries'],
    ['timestampVerificationData', 'rfc3161Timestamps'],
    ['x509CertificateChain', 'certificates'],
  ].map((path) => at(json, 'verificationMaterial', ...path));
  if (lists.some((list) => Array.isArray(list) && list.length > MAX_MEMBERS))
    throw new Refused('malformed', `it has more than ${MAX_MEMBERS} certificates, log entries or timestamps`);
}

/** Fields of a bundle that are bytes, wherever they stand in it. */
const BYTES = new Set([
  'canonicalizedBody',
  'digest',
  'hashes',
  'keyId',
  'payload',
  'rawBytes',
  'rootHash',
  'sig',
  'signature',
  'signedEntryTimestamp',
  'signedTimestamp',
]);
const DEEPEST = 10;

/** The library skips what is no base64; two readers must not see two signatures in one text. */
function checkBase64(value: unknown, depth: number): void {
  if (depth > DEEPEST) return;
  if (Array.isArray(value)) for (const each of value) checkBase64(each, depth + 1);
  if (!isObject(value)) return;
  for (const [name, each] of Object.entries(value)) {
    const texts = BYTES.has(name) ? [each].flat() : [];
    if (texts.some((text) => typeof text === 'string' && !isBase64(text)))
      throw new Refused('malformed', `its ${name} is not base64`);
    checkBase64(each, depth + 1);
  }
}

function readSigner(material: Bundle['verificationMaterial']['content']): Signed['by'] {
  switch (material.$case) {
    case 'publicKey':
      return { kind: 'key', hint: material.publicKey.hint };
    case 'certificate':
      return { kind: 'certificate', certificate: readCertificate(material.certificate.rawBytes) };
    case 'x509CertificateChain': {
      const [leaf, ...others] = material.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes);
      if (leaf === undefined) throw new Refused('malformed', 'its certificate chain is empty');
      if (others.map(readCertificate).some(({ subject, issuer }) => sameBytes(subject, issuer)))
        throw new Refused(
          'certificate',
          'its certificate chain contains a root certificate: trust never comes with it',
        );
      return { kind: 'certificate', certificate: readCertificate(leaf) };
    }
  }
}

function readContent(
  { content }: Bundle,
  about: Digest,
  artifact: Uint8Array | null,
): { readonly content: Content; readonly says: Said } {
  switch (content.$case) {
    case 'dsseEnvelope': {
      const { payload, payloadType, signatures } = content.dsseEnvelope;
      const [only, other] = signatures;
      if (only === undefined || other !== undefined) throw new Refused('malformed', 'it has not exactly one signature');
      if (payloadType !== IN_TOTO_PAYLOAD) throw new Refused('malformed', 'its payload is no in-toto statement');
      return { says: readStatement(payload, about), content: Content.ofEnvelope(only.sig, payloadType, payload) };
    }
    case 'messageSignature': {
      const { messageDigest, signature } = content.messageSignature;
      checkMessageDigest(messageDigest, about, artifact);
      if (artifact === null)
        throw new Refused('unsupported', 'it signs the manifest itself, whose bytes could not be read');
      return { says: { predicateType: null, provenance: null }, content: Content.ofMessage(signature, artifact) };
    }
  }
}

const HASHES: ReadonlyMap<HashAlgorithm, string> = new Map([
  [HashAlgorithm.SHA2_256, 'sha256'],
  [HashAlgorithm.SHA2_384, 'sha384'],
  [HashAlgorithm.SHA2_512, 'sha512'],
]);

function checkMessageDigest(
  { algorithm, digest }: { readonly algorithm: HashAlgorithm; readonly digest: Uint8Array },
  about: Digest,
  artifact: Uint8Array | null,
): void {
  const hash = HASHES.get(algorithm);
  if (hash === undefined) throw new Refused('malformed', 'its message digest is of an unknown kind');
  const signed = Buffer.from(digest).toString('hex');
  const own =
    hash === 'sha256' ? digestHex(about) : artifact === null ? null : crypto.digest(hash, artifact).toString('hex');
  if (own === null) throw new Refused('unsupported', `it names what it signs by ${hash}, which cannot be compared`);
  if (signed !== own) throw new Refused('other-subject', `it signs ${hash}:${signed}`);
}
