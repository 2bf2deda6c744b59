import { ASN1Obj, RFC3161Timestamp, X509Certificate } from '@sigstore/core';
import { describe, expect, test } from 'vitest';
import { Certificate } from '../../../src/sigstore/certificate.ts';
import { checkUse } from '../../../src/sigstore/certificate-use.ts';
import { Der } from '../../../src/sigstore/der.ts';
import { signerOf } from '../../../src/sigstore/identity.ts';
import { Refused } from '../../../src/sigstore/refused.ts';
import { Timestamp } from '../../../src/sigstore/timestamp.ts';
import signatures from '../../fixtures/sigstore/signatures.json';
import { content, fromBase64, type Loose, NAMES, SUBJECT } from './made.ts';

const bundles: Loose[] = NAMES.filter((name) => !name.startsWith('certificate '))
  .map((name) => content(name))
  .filter((held) => held.kind === 'bundle')
  .map(({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)));
const material = bundles.map(({ verificationMaterial }) => verificationMaterial);

const LEAVES: string[] = material
  .map(({ certificate, x509CertificateChain: chain }) => (certificate ?? chain?.certificates[0])?.rawBytes)
  .filter((raw) => raw !== undefined);
const AUTHORITIES: string[] = Object.values(signatures.roots).flatMap(
  ({ certificateAuthorities, timestampAuthorities }) =>
    [...certificateAuthorities, ...timestampAuthorities].flatMap(({ certChain }) =>
      certChain.certificates.map(({ rawBytes }) => rawBytes),
    ),
);
const STAMPS: string[] = material.flatMap(({ timestampVerificationData: data }) =>
  (data?.rfc3161Timestamps ?? []).map(({ signedTimestamp }: Loose) => signedTimestamp),
);

/** Each node of two trees, side by side. */
function pairs(fast: ASN1Obj, plain: ASN1Obj): [ASN1Obj, ASN1Obj][] {
  return [[fast, plain], ...fast.subs.flatMap((sub, at) => pairs(sub, plain.subs[at] ?? plain))];
}

describe('bytes that are remembered are those that the library would write', () => {
  test('of every part of every certificate and timestamp', () => {
    const all = [...LEAVES, ...AUTHORITIES, ...STAMPS].map(fromBase64);
    expect(all.length).toBeGreaterThan(20);
    for (const bytes of all) {
      const [fast, plain] = [Der.read(bytes), ASN1Obj.parseBuffer(Buffer.from(bytes))];
      expect(new Uint8Array(fast.toDER())).toEqual(bytes);
      for (const [one, other] of pairs(fast, plain)) expect(one.toDER().equals(other.toDER())).toBe(true);
    }
  });

  test('and are copies: the library changes the first byte of what it gets', () => {
    const der = Der.read(fromBase64(LEAVES[0] ?? ''));
    der.toDER()[0] = 0;
    expect(der.toDER()[0]).toBe(0x30);
  });

  test('lengths of every form', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
      const header =
        length < 128
          ? [length]
          : length < 256
            ? [0x81, length]
            : length < 65_536
              ? [0x82, length >> 8, length & 255]
              : [0x83, length >> 16, (length >> 8) & 255, length & 255];
      const bytes = Uint8Array.from([0x0c, ...header, ...new Uint8Array(length)]);
      expect(new Uint8Array(Der.read(bytes).toDER())).toEqual(bytes);
    }
  });
});

describe('a certificate that does nothing twice', () => {
  const [raw = ''] = LEAVES;
  const bytes = fromBase64(raw);
  const plain = X509Certificate.parse(Buffer.from(bytes));
  const issuers = AUTHORITIES.map((each) => ({
    fast: Certificate.read(fromBase64(each)),
    plain: X509Certificate.parse(Buffer.from(fromBase64(each))),
  }));

  test('says what the library’s says', () => {
    const fast = Certificate.read(bytes);
    expect(fast.publicKey.equals(plain.publicKey)).toBe(true);
    expect(fast.tbsCertificate.toDER().equals(plain.tbsCertificate.toDER())).toBe(true);
    expect([fast.subjectAltName, fast.notAfter, fast.isCA]).toEqual([plain.subjectAltName, plain.notAfter, plain.isCA]);
    expect(fast.equals(Certificate.read(bytes))).toBe(true);
    expect(fast.equals(plain)).toBe(true);
    expect(issuers.some((issuer) => fast.equals(issuer.fast))).toBe(false);
  });

  test('knows its issuer, the first time and after', () => {
    const fast = Certificate.read(bytes);
    const expected = issuers.map((issuer) => plain.verify(issuer.plain));
    expect(expected).toContain(true);
    for (let n = 0; n < 2; n += 1) {
      expect(issuers.map((issuer) => fast.verify(issuer.fast))).toEqual(expected);
      expect(issuers.map((issuer) => fast.verify(issuer.plain))).toEqual(expected);
    }
    expect(issuers.map((issuer) => issuer.fast.verify())).toEqual(issuers.map((issuer) => issuer.plain.verify()));
  });

  test('is written without its promise of a log as the library writes it', () => {
    const SCT = '1.3.6.1.4.1.11129.2.4.2';
    const [one, other] = [Certificate.read(bytes), plain].map((certificate) => {
      const clone = certificate.clone();
      const at = clone.extensions.findIndex(({ subs }) => subs[0]?.toOID() === SCT);
      expect(at).toBeGreaterThan(0);
      clone.extensions.splice(at, 1);
      return clone.tbsCertificate.toDER();
    });
    expect(one?.equals(other)).toBe(true);
    expect(one?.length).toBeLessThan(bytes.length - 100);
  });

  test('is not changed by that', () => {
    const fast = Certificate.read(bytes);
    fast.clone().extensions.splice(0);
    expect(fast.extensions.length).toBeGreaterThan(5);
    expect(fast.tbsCertificate.toDER().equals(plain.tbsCertificate.toDER())).toBe(true);
  });
});

/** A certificate with some of its bytes replaced by as many others. */
function altered(from: readonly number[], to: readonly number[], which = LEAVES[0] ?? ''): Certificate {
  const bytes = fromBase64(which);
  const at = bytes.findIndex((_, start) => from.every((byte, offset) => bytes[start + offset] === byte));
  if (at < 0 || from.length !== to.length) throw new Error('there is no such part');
  bytes.set(to, at);
  return Certificate.read(bytes);
}

const ascii = (text: string): number[] => [...text].map((char) => char.charCodeAt(0));

describe('a signer’s certificate', () => {
  test('may sign code, and says nothing twice or critical that is not understood', () => {
    for (const raw of LEAVES) expect(() => checkUse(Certificate.read(fromBase64(raw)))).not.toThrow();
  });

  /** Object identifiers: 1.3.6.1.5.5.7.3.3 is code signing, …3.8 timestamping. */
  const USE = [0x2b, 6, 1, 5, 5, 7, 3];
  const FULCIO = [0x2b, 6, 1, 4, 1, 0x83, 0xbf, 0x30, 1];

  test.each([
    ['for timestamps', altered([...USE, 3], [...USE, 8]), 'not for signing code'],
    [
      'with a critical extension',
      altered([0x55, 0x1d, 0x11, 1, 1, 0xff], [0x55, 0x1d, 0x1e, 1, 1, 0xff]),
      'critical extension',
    ],
    ['with two repositories', altered([...FULCIO, 13], [...FULCIO, 12]), 'twice'],
  ])('%s is refused', (_what, certificate, words) => expect(() => checkUse(certificate)).toThrow(words));

  test('is an authority’s in no case: it has no use and names nobody', () => {
    for (const raw of AUTHORITIES) expect(() => signerOf(Certificate.read(fromBase64(raw)))).toThrow(Refused);
  });
});

describe('the name in a certificate', () => {
  test('is what it is', () => expect(signerOf(Certificate.read(fromBase64(LEAVES[0] ?? ''))).subject).toBe(SUBJECT));

  test('is not that of which it differs in the eighth bit, as the library reads it', () => {
    const name = ascii('https://github.com/octo-org/app/.github');
    const disguised = altered(name, [...name.slice(0, -1), 'b'.charCodeAt(0) | 0x80]);
    expect(disguised.subjectAltName).toBe(SUBJECT);
    expect(() => signerOf(disguised)).toThrow('not UTF-8');
  });

  test.each([0x00, 0x0a, 0x1b, 0x7f])('has no control characters (%i)', (byte) => {
    const name = ascii('https://github.com/octo-org/app/.github');
    expect(() => signerOf(altered(name, [...name.slice(0, -1), byte]))).toThrow('unfit name');
  });

  test('an extension with something behind its text is refused', () => {
    const text = [0x0c, 13, ...ascii('github-hosted')];
    expect(() => signerOf(altered(text, [0x0c, 12, ...ascii('github-hosted')]))).toThrow('cannot be read');
    expect(() => signerOf(altered(text, [0x04, 13, ...ascii('github-hosted')]))).toThrow('cannot be read');
  });
});

describe('a timestamp', () => {
  test('tells the time that the library reads', () => {
    expect(STAMPS.length).toBeGreaterThan(3);
    for (const raw of STAMPS) {
      const bytes = fromBase64(raw);
      const plain = RFC3161Timestamp.parse(Buffer.from(bytes));
      expect(Timestamp.read(bytes).signingTime).toEqual(plain.signingTime);
    }
  });

  test.each([
    ['20260102030405Z', '2026-01-02T03:04:05.000Z'],
    ['20260102030405.5Z', '2026-01-02T03:04:05.000Z'],
    ['20260102030405.123456Z', '2026-01-02T03:04:05.000Z'],
    ['20261302030405Z', null],
    ['20260102030405', null],
    ['20260102030405+0100', null],
    ['2026-01-02T03:04:05Z', null],
    ['20260102030405.Z', null],
  ])('%s', (text, time) => {
    const stamp = Timestamp.read(fromBase64(STAMPS[0] ?? ''));
    const info = { root: { subs: [0, 0, 0, 0, { tag: { isGeneralizedTime: () => true }, value: Buffer.from(text) }] } };
    Object.defineProperty(stamp, 'tstInfo', { value: info });
    if (time === null) expect(() => stamp.signingTime).toThrow();
    else expect(stamp.signingTime.toISOString()).toBe(time);
  });
});
