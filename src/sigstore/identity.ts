import type { X509Certificate } from '@sigstore/core';
import type { CertificateClaims, Signer } from '../domain/signature.ts';
import { Refused } from './refused.ts';

/**
 * Who a certificate names. The library's reading drops the eighth bit of each character, so that another name could be
 * read as one that is trusted; here a name is what it is, or the certificate is refused.
 */

const OID_SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const OID_OTHER_NAME = '1.3.6.1.4.1.57264.1.7';
const OID_ISSUER = '1.3.6.1.4.1.57264.1.1';
const OID_ISSUER_V2 = '1.3.6.1.4.1.57264.1.8';

/** @see https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md */
const CLAIMS = {
  sourceRepository: 12,
  sourceRepositoryId: 15,
  sourceRepositoryRef: 14,
  sourceRepositoryDigest: 13,
  buildConfigUri: 18,
  buildSignerUri: 9,
  buildTrigger: 20,
  runInvocationUri: 21,
  runnerEnvironment: 11,
  deploymentEnvironment: 23,
} as const satisfies Record<keyof CertificateClaims, number>;

/** @throws Refused */
export function signerOf(certificate: X509Certificate): Signer & { readonly kind: 'keyless' } {
  const claim = (number: number) => derText(certificate.extension(`1.3.6.1.4.1.57264.1.${number}`)?.value);
  return {
    kind: 'keyless',
    subject: subjectOf(certificate),
    oidcIssuer: issuerOf(certificate),
    certificate: {
      sourceRepository: claim(CLAIMS.sourceRepository),
      sourceRepositoryId: claim(CLAIMS.sourceRepositoryId),
      sourceRepositoryRef: claim(CLAIMS.sourceRepositoryRef),
      sourceRepositoryDigest: claim(CLAIMS.sourceRepositoryDigest),
      buildConfigUri: claim(CLAIMS.buildConfigUri),
      buildSignerUri: claim(CLAIMS.buildSignerUri),
      buildTrigger: claim(CLAIMS.buildTrigger),
      runInvocationUri: claim(CLAIMS.runInvocationUri),
      runnerEnvironment: claim(CLAIMS.runnerEnvironment),
      deploymentEnvironment: claim(CLAIMS.deploymentEnvironment),
    },
  };
}

/** Tags of GeneralName. @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6 */
const OTHER_NAME = 0;
const EMAIL = 1;
const URI = 6;

/** A workflow's URI, else an e-mail address, else a user's name. */
function subjectOf(certificate: X509Certificate): string {
  const names = certificate.extension(OID_SUBJECT_ALTERNATIVE_NAME)?.valueObj.subs[0]?.subs ?? [];
  const nameOf = (kind: number) => names.find(({ tag }) => tag.isContextSpecific(kind));
  const named = nameOf(URI) ?? nameOf(EMAIL);
  if (named !== undefined) return plain(named.value);
  const other = nameOf(OTHER_NAME);
  const value = other?.subs[0]?.toOID() === OID_OTHER_NAME ? other.subs[1]?.subs[0]?.value : undefined;
  if (value === undefined) throw new Refused('certificate', 'its certificate names nobody');
  return plain(value);
}

/** Empty if it has none, as the certificates with which GitHub attests releases. */
function issuerOf(certificate: X509Certificate): string {
  const raw = certificate.extension(OID_ISSUER)?.value;
  return derText(certificate.extension(OID_ISSUER_V2)?.value) ?? (raw === undefined ? '' : plain(raw));
}

/** Tags of UTF8String, PrintableString and IA5String. */
const STRINGS = [0x0c, 0x13, 0x16];

/** The text of a string in DER, which is all there is; `null` if empty. @throws Refused if it is something else. */
function derText(der: Uint8Array | undefined): string | null {
  if (der === undefined) return null;
  const [tag = 0, first = 0, second = 0, third = 0] = der;
  const [header, length] =
    first < 0x80 ? [2, first] : first === 0x81 ? [3, second] : first === 0x82 ? [4, second * 256 + third] : [0, -1];
  if (!STRINGS.includes(tag) || header + length !== der.length)
    throw new Refused('certificate', 'its certificate has an extension that cannot be read');
  return length === 0 ? null : plain(der.subarray(header));
}

const CONTROL = /\p{Cc}/u;

/** @throws Refused for what is not UTF-8 or has control characters: no honest name has. */
function plain(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused('certificate', 'its certificate has a name that is not UTF-8');
  }
  if (text === '' || CONTROL.test(text)) throw new Refused('certificate', 'its certificate has an unfit name');
  return text;
}
