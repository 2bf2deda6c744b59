import { crypto, type X509Certificate } from '@sigstore/core';
import {
  type CertificateAuthority,
  HashAlgorithm,
  PublicKeyDetails,
  type TimeRange,
  type TransparencyLogInstance,
  TrustedRoot,
} from '@sigstore/protobuf-specs';
import type { TrustMaterial } from '@sigstore/verify';
import { Certificate } from './certificate.ts';
import { sameBytes } from './der.ts';
import { printable } from './refused.ts';

/** Why a trusted root cannot be used, in words for the person who gave it. */
export class InvalidTrustedRoot extends Error {
  override readonly name = 'InvalidTrustedRoot';
}

type Log = TrustMaterial['tlogs'][number];
type Authority = TrustMaterial['certificateAuthorities'][number];
type Period = Log['validFor'];

/** Public good's has 2 to 6 of each. */
const MAX_MEMBERS = 64;
const MAX_CHAIN = 8;
const MAX_JSON = 1 << 20;
const MEDIA_TYPE =
  /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.[12](?:\.\d{1,3})?\+json)$/;
/** Of what has no end. */
export const END_OF_TIME = new Date(8_640_000_000_000_000);
const NO_LIMITS: TimeRange = { start: undefined, end: undefined };

/**
 * Reads a trusted root, checked for what other readers let pass: above all a log key without a beginning, which they
 * take for one that was always valid.
 * @throws InvalidTrustedRoot
 * @see https://github.com/sigstore/protobuf-specs/blob/main/protos/sigstore_trustroot.proto
 */
export function loadTrustedRoot(json: string): TrustMaterial {
  const root = parse(json);
  const { tlogs, ctlogs, certificateAuthorities, timestampAuthorities } = root;
  if ([tlogs, ctlogs, certificateAuthorities, timestampAuthorities].some(({ length }) => length > MAX_MEMBERS))
    throw new InvalidTrustedRoot(`it has more than ${MAX_MEMBERS} of a kind`);
  if (tlogs.length + certificateAuthorities.length + timestampAuthorities.length === 0)
    throw new InvalidTrustedRoot('it trusts nobody');
  if (certificateAuthorities.length > 0 && tlogs.length + timestampAuthorities.length === 0)
    throw new InvalidTrustedRoot('it has neither a log nor a timestamp authority: nothing could tell when was signed');
  return {
    tlogs: tlogs.map((log, at) => readLog(log, `transparency log ${at + 1}`)),
    ctlogs: ctlogs.map((log, at) => readLog(log, `certificate transparency log ${at + 1}`)),
    certificateAuthorities: certificateAuthorities.map((authority, at) =>
      readAuthority(authority, `certificate authority ${at + 1}`, checkIssuers),
    ),
    timestampAuthorities: timestampAuthorities.map((authority, at) =>
      readAuthority(authority, `timestamp authority ${at + 1}`, checkTimestamper),
    ),
    publicKey: () => {
      throw new InvalidTrustedRoot('it has no keys of signers');
    },
  };
}

function parse(json: string): TrustedRoot {
  if (json.length > MAX_JSON) throw new InvalidTrustedRoot('it is longer than 1 MiB');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new InvalidTrustedRoot('it is not JSON');
  }
  if (typeof value !== 'object' || value === null || !('mediaType' in value))
    throw new InvalidTrustedRoot('it has no media type');
  if (typeof value.mediaType !== 'string' || !MEDIA_TYPE.test(value.mediaType))
    throw new InvalidTrustedRoot('its media type is not that of a trusted root');
  try {
    return TrustedRoot.fromJSON(value);
  } catch (error) {
    throw new InvalidTrustedRoot(`it cannot be read: ${printable(error instanceof Error ? error.message : '')}`);
  }
}

/** What the key has to be, by how it is described; PKCS #1 is staging's first log. */
const KEY_KINDS: ReadonlyMap<PublicKeyDetails, { readonly type: string; readonly form: 'spki' | 'pkcs1' }> = new Map([
  [PublicKeyDetails.PKIX_ECDSA_P256_SHA_256, { type: 'prime256v1', form: 'spki' }],
  [PublicKeyDetails.PKIX_ED25519, { type: 'ed25519', form: 'spki' }],
  [PublicKeyDetails.PKIX_RSA_PKCS1V5, { type: 'rsa', form: 'spki' }],
  [PublicKeyDetails.PKIX_RSA_PKCS1V15_2048_SHA256, { type: 'rsa', form: 'spki' }],
  [PublicKeyDetails.PKIX_RSA_PKCS1V15_3072_SHA256, { type: 'rsa', form: 'spki' }],
  [PublicKeyDetails.PKIX_RSA_PKCS1V15_4096_SHA256, { type: 'rsa', form: 'spki' }],
  [PublicKeyDetails.PKCS1_RSA_PKCS1V5, { type: 'rsa', form: 'pkcs1' }],
]);

function readLog(log: TransparencyLogInstance, name: string): Log {
  const { publicKey, logId, checkpointKeyId } = log;
  if (log.hashAlgorithm !== HashAlgorithm.SHA2_256) throw new InvalidTrustedRoot(`${name} does not hash with SHA-256`);
  const logID = checkpointKeyId?.keyId ?? logId?.keyId;
  if (logID === undefined || logID.length < 4) throw new InvalidTrustedRoot(`${name} has no log id`);
  if (publicKey?.rawBytes === undefined || publicKey.rawBytes.length === 0)
    throw new InvalidTrustedRoot(`${name} has no key`);
  const kind = KEY_KINDS.get(publicKey.keyDetails);
  if (kind === undefined)
    throw new InvalidTrustedRoot(`${name} has a key that is not supported: ECDSA P-256, Ed25519 and RSA are`);
  const key = readKey(publicKey.rawBytes, kind.form, name);
  if ((key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType) !== kind.type)
    throw new InvalidTrustedRoot(`${name} has another key than it says`);
  if (publicKey.validFor?.start === undefined)
    throw new InvalidTrustedRoot(`${name} does not say from when its key is valid (publicKey.validFor.start)`);
  return {
    logID: Buffer.from(logID),
    baseURL: log.baseUrl,
    publicKey: key,
    validFor: readPeriod(publicKey.validFor, name),
  };
}

function readKey(bytes: Uint8Array, form: 'spki' | 'pkcs1', name: string): Log['publicKey'] {
  try {
    return crypto.createPublicKey(Buffer.from(bytes), form);
  } catch {
    throw new InvalidTrustedRoot(`${name} has a key that cannot be read`);
  }
}

function readPeriod({ start = new Date(0), end = END_OF_TIME }: TimeRange, name: string): Period {
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime()))
    throw new InvalidTrustedRoot(`${name} is valid for a time that cannot be read`);
  if (start > end) throw new InvalidTrustedRoot(`${name} is never valid: it ends before it begins`);
  return { start, end };
}

type Chain = readonly [Certificate, ...Certificate[]];

function readAuthority(
  authority: CertificateAuthority,
  name: string,
  check: (chain: Chain, name: string) => void,
): Authority {
  const certificates = authority.certChain?.certificates ?? [];
  if (certificates.length > MAX_CHAIN) throw new InvalidTrustedRoot(`${name} has more than ${MAX_CHAIN} certificates`);
  const [first, ...rest] = certificates.map(({ rawBytes }) => readCertificate(rawBytes, name));
  if (first === undefined) throw new InvalidTrustedRoot(`${name} has no certificates`);
  const chain: Chain = [first, ...rest];
  chain.forEach((certificate, at) => {
    const issuer = chain[at + 1] ?? certificate;
    if (!sameBytes(certificate.issuer, issuer.subject))
      throw new InvalidTrustedRoot(
        `certificate ${at + 1} of ${name} was not issued by the next: a chain ends in a self-signed one`,
      );
  });
  check(chain, name);
  return { certChain: [...chain], validFor: readPeriod(authority.validFor ?? NO_LIMITS, name) };
}

/** Everything that verification will look at is looked at, so that what cannot be read fails here. */
function readCertificate(bytes: Uint8Array, name: string): Certificate {
  try {
    const certificate = Certificate.read(bytes);
    certificate.key.export({ type: 'spki', format: 'der' });
    if (Number.isNaN(certificate.notBefore.getTime()) || Number.isNaN(certificate.notAfter.getTime()))
      throw new Error();
    certificate.isCA satisfies boolean;
    return certificate;
  } catch {
    throw new InvalidTrustedRoot(`${name} has a certificate that cannot be read`);
  }
}

const NAME_CONSTRAINTS = '2.5.29.30';

function checkIssuers(chain: readonly X509Certificate[], name: string): void {
  for (const certificate of chain) {
    if (!certificate.isCA) throw new InvalidTrustedRoot(`${name} has a certificate that may not issue certificates`);
    // @sigstore/verify does not apply them: whoever wrote them relies on it.
    if (certificate.extension(NAME_CONSTRAINTS) !== undefined)
      throw new InvalidTrustedRoot(`${name} has name constraints, which are not supported`);
  }
}

function checkTimestamper([own, ...issuers]: Chain, name: string): void {
  if (own.isCA || issuers.length === 0)
    throw new InvalidTrustedRoot(`${name} has to begin with its own certificate, and then those that issued it`);
  checkIssuers(issuers, name);
}

/** By name: whether one of its authorities issued the certificate. The signature is checked with everything else. */
export function hasIssuerOf({ certificateAuthorities }: TrustMaterial, certificate: X509Certificate): boolean {
  return certificateAuthorities.some(({ certChain }) =>
    certChain.some(({ subject }) => sameBytes(subject, certificate.issuer)),
  );
}
