import { EXTENSION_OID_SCT, type X509Certificate } from '@sigstore/core';
import type { TrustMaterial } from '@sigstore/verify';
import { sameBytes } from './der.ts';
import { Refused } from './refused.ts';

const OID_EXTENDED_KEY_USAGE = '2.5.29.37';
const CODE_SIGNING = ['1.3.6.1.5.5.7.3.3', '2.5.29.37.0'];
/** Key usage, alternative name, basic constraints, policies, extended key usage. */
const UNDERSTOOD = ['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.32', OID_EXTENDED_KEY_USAGE];

/**
 * What @sigstore/verify does not ask of a signer's certificate, and Go's verifier does: that it may sign code, that it
 * says nothing critical which we do not understand, and says nothing twice.
 * @throws Refused
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.2
 */
export function checkUse(certificate: X509Certificate): void {
  const names = certificate.extensions.map(({ subs }) => subs[0]?.toOID() ?? '');
  if (new Set(names).size !== names.length) throw new Refused('certificate', 'its certificate says something twice');
  for (const name of names) {
    if (certificate.extension(name)?.critical === true && !UNDERSTOOD.includes(name))
      throw new Refused('certificate', `its certificate has a critical extension that is not understood, ${name}`);
  }
  const uses = certificate.extension(OID_EXTENDED_KEY_USAGE)?.valueObj.subs[0]?.subs;
  if (uses !== undefined && !uses.some((use) => CODE_SIGNING.includes(use.toOID())))
    throw new Refused('certificate', 'its certificate is not for signing code');
}

/** Whether it was logged somewhere that the root does not know. */
export function isLoggedElsewhere(certificate: X509Certificate, { ctlogs }: TrustMaterial): boolean {
  try {
    const promises = certificate.extension(EXTENSION_OID_SCT) === undefined ? undefined : certificate.extSCT;
    return (promises?.signedCertificateTimestamps ?? []).some(
      (promise) => !ctlogs.some(({ logID }) => sameBytes(logID, promise.logID)),
    );
  } catch {
    return false;
  }
}
