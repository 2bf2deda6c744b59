import { describe, expect, test } from 'vitest';
import { checkKey, isHintOf, keyChecker, keyFingerprint, readKey, UnfitKey } from '../../../src/sigstore/keys.ts';
import { fromBase64, KEYS, toBase64 } from './made.ts';

const pem = (name: string): string => KEYS[name] ?? '';
const GOOD = ['P-256', 'P-384', 'RSA', 'Ed25519'];

const bodyOf = (text: string): string => text.replaceAll(/-----[^-]+-----|\s/g, '');

describe('a public key', () => {
  test.each(GOOD)('%s is named by the sha256 of its SubjectPublicKeyInfo', async (name) => {
    const der = fromBase64(bodyOf(pem(name)));
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
    const hex = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
    expect(keyFingerprint(pem(name))).toBe(`sha256:${hex}`);
    expect(await keyChecker.check(pem(name))).toEqual({ ok: true, fingerprint: `sha256:${hex}` });
    expect(readKey(pem(name)).spki).toHaveLength(der.length);
  });

  test.each(GOOD)('%s is the same key however its text is broken', (name) => {
    const body = bodyOf(pem(name));
    for (const text of [
      `\n  ${pem(name)}\n\n`,
      pem(name).replaceAll('\n', '\r\n'),
      `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----`,
    ])
      expect(keyFingerprint(text)).toBe(keyFingerprint(pem(name)));
  });

  test('hints are those of cosign and others', () => {
    const key = readKey(pem('P-256'));
    const hash = Uint8Array.from((key.fingerprint.slice(7).match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16)));
    expect(isHintOf(toBase64(hash), key)).toBe(true);
    expect(isHintOf(key.fingerprint.slice(7), key)).toBe(true);
    expect(isHintOf(`SHA256:${toBase64(hash).replace(/=+$/, '')}`, key)).toBe(true);
    expect(isHintOf('', key)).toBe(false);
    expect(isHintOf(toBase64(hash), readKey(pem('P-384')))).toBe(false);
  });
});

describe('is refused, with the reason, what is', () => {
  const altered = (name: string, at: number, byte: number): string => {
    const der = fromBase64(bodyOf(pem(name)));
    der[at] = byte;
    return `-----BEGIN PUBLIC KEY-----\n${toBase64(der)}\n-----END PUBLIC KEY-----\n`;
  };

  test.each([
    ['nothing', '', 'not PEM'],
    ['a word', 'cosign.pub', 'not PEM'],
    ['its base64 alone', bodyOf(pem('P-256')), 'not PEM'],
    ['cut off', pem('P-256').slice(0, -20), 'not PEM'],
    ['a private key', pem('P-256').replaceAll('PUBLIC', 'PRIVATE'), 'private key'],
    ['a private key of cosign', pem('P-256').replaceAll('PUBLIC KEY', 'ENCRYPTED SIGSTORE PRIVATE KEY'), 'private key'],
    ['a private key of OpenSSL', pem('P-256').replaceAll('PUBLIC', 'EC PRIVATE'), 'private key'],
    ['a certificate', pem('certificate'), 'certificate'],
    ['PKCS #1', pem('RSA').replaceAll('PUBLIC', 'RSA PUBLIC'), 'openssl rsa'],
    ['something else in PEM', pem('P-256').replaceAll('PUBLIC KEY', 'PGP SIGNATURE'), 'something else'],
    ['two keys', `${pem('P-256')}${pem('P-384')}`, 'more than one'],
    ['a key and a word', `${pem('P-256')}mine`, 'before or after'],
    ['a short RSA key', pem('RSA 1024'), 'RSA with 1024 bits'],
    ['another curve', pem('P-521'), 'curve'],
    ['not a point of the curve', altered('P-256', 40, 7), 'no public key'],
    ['no DER', altered('P-256', 0, 0x31), 'no public key'],
    ['of an unknown kind', altered('P-256', 12, 9), 'no public key'],
    ['empty', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----', 'no public key'],
    ['endless', `${pem('P-256')}${' '.repeat(20_000)}`, 'longer'],
  ])('%s', (_what, text, words) => {
    const checked = checkKey(text);
    expect(checked).toMatchObject({ ok: false });
    if (checked.ok) return;
    expect(checked.reason).toContain(words);
    expect(() => keyFingerprint(text)).toThrow(UnfitKey);
    // Whoever sends a private key by mistake must not find it in a log.
    const body = bodyOf(text).slice(0, 24);
    if (body.length > 10) expect(checked.reason).not.toContain(body);
  });
});
