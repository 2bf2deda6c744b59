import { describe, expect, test } from 'vitest';
import { InvalidTrustedRoot, loadTrustedRoot } from '../../../src/sigstore/trusted-root.ts';
import signatures from '../../fixtures/sigstore/signatures.json';
import type { Loose } from './made.ts';

const KINDS = ['tlogs', 'ctlogs', 'certificateAuthorities', 'timestampAuthorities'] as const;

function problem(change: (root: Loose) => unknown): string | null {
  const root: Loose = structuredClone(signatures.roots.private);
  change(root);
  return problemOf(JSON.stringify(root));
}

function problemOf(json: string): string | null {
  try {
    loadTrustedRoot(json);
    return null;
  } catch (error) {
    if (error instanceof InvalidTrustedRoot) return error.message;
    throw error;
  }
}

describe('a trusted root is read', () => {
  test('with everything in it', () => {
    const root = loadTrustedRoot(JSON.stringify(signatures.roots.private));
    expect(KINDS.map((kind) => root[kind].length)).toEqual([2, 1, 1, 1]);
    expect(root.tlogs[0]?.baseURL).toBe('https://rekor.private.test');
  });

  test.each<[string, (root: Loose) => unknown]>([
    ['without an end', (root) => root],
    ['with the media type of v0.2', (root) => (root.mediaType = 'application/vnd.dev.sigstore.trustedroot.v0.2+json')],
    ['as GitHub’s own, without logs', (root) => Object.assign(root, { tlogs: undefined, ctlogs: undefined })],
    ['for keys only', (root) => Object.assign(root, { certificateAuthorities: [], timestampAuthorities: [] })],
    ['of timestamps only', (root) => Object.assign(root, { certificateAuthorities: [], tlogs: [], ctlogs: [] })],
    ['with an end', (root) => (root.tlogs[0].publicKey.validFor.end = '2099-01-01T00:00:00Z')],
    ['with an authority since ever', (root) => (root.certificateAuthorities[0].validFor = undefined)],
  ])('%s', (_name, change) => expect(problem(change)).toBeNull());
});

describe('a trusted root is refused', () => {
  test.each<[string, (root: Loose) => unknown]>([
    ['has no media type', (root) => (root.mediaType = undefined)],
    ['media type is not', (root) => (root.mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json')],
    ['media type is not', (root) => (root.mediaType = 'application/vnd.dev.sigstore.trustedroot+json;version=0.1 x')],
    ['media type is not', (root) => (root.mediaType = 1)],
    ['trusts nobody', (root) => KINDS.map((kind) => (root[kind] = []))],
    ['nothing could tell when', (root) => Object.assign(root, { tlogs: [], timestampAuthorities: [] })],
    ['more than 64', (root) => (root.tlogs = new Array(65).fill(root.tlogs[0]))],

    ['log 1 does not say from when', (root) => (root.tlogs[0].publicKey.validFor = undefined)],
    ['log 2 does not say from when', (root) => (root.tlogs[1].publicKey.validFor = {})],
    ['log 1 does not say from when', (root) => (root.tlogs[0].publicKey.validFor.start = null)],
    ['certificate transparency log 1 does not say', (root) => (root.ctlogs[0].publicKey.validFor = undefined)],
    ['valid for a time that cannot be read', (root) => (root.tlogs[0].publicKey.validFor.start = 'soon')],
    ['never valid', (root) => (root.tlogs[0].publicKey.validFor.end = '2001-01-01T00:00:00Z')],
    ['has no log id', (root) => (root.tlogs[0].logId = undefined)],
    ['has no log id', (root) => (root.tlogs[0].logId.keyId = '')],
    ['has no key', (root) => (root.tlogs[0].publicKey = undefined)],
    ['has no key', (root) => (root.tlogs[0].publicKey.rawBytes = '')],
    ['key that cannot be read', (root) => (root.tlogs[0].publicKey.rawBytes = 'AAAA')],
    ['another key than it says', (root) => (root.tlogs[0].publicKey.keyDetails = 'PKIX_ED25519')],
    ['key that is not supported', (root) => (root.tlogs[0].publicKey.keyDetails = 'LMS_SHA256')],
    ['key that is not supported', (root) => (root.tlogs[0].publicKey.keyDetails = undefined)],
    ['cannot be read', (root) => (root.tlogs[0].publicKey.keyDetails = 'MADE_UP')],
    ['does not hash with SHA-256', (root) => (root.tlogs[0].hashAlgorithm = 'SHA2_512')],

    ['authority 1 has no certificates', (root) => (root.certificateAuthorities[0].certChain = undefined)],
    ['authority 1 has no certificates', (root) => (root.certificateAuthorities[0].certChain.certificates = [])],
    [
      'certificate that cannot be read',
      (root) => (root.certificateAuthorities[0].certChain.certificates[0].rawBytes = 'MAA='),
    ],
    ['certificate that cannot be read', (root) => (root.certificateAuthorities[0].certChain.certificates[0] = {})],
    [
      'more than 8 certificates',
      (root) => (root.certificateAuthorities[0].certChain.certificates = new Array(9).fill({})),
    ],
    ['may not issue certificates', (root) => (root.certificateAuthorities = root.timestampAuthorities)],
    [
      'not issued by the next',
      (root) =>
        root.certificateAuthorities[0].certChain.certificates.push(
          ...root.timestampAuthorities[0].certChain.certificates,
        ),
    ],
    ['not issued by the next', (root) => root.timestampAuthorities[0].certChain.certificates.pop()],
    ['begin with its own certificate', (root) => root.timestampAuthorities[0].certChain.certificates.shift()],
    ['never valid', (root) => (root.timestampAuthorities[0].validFor.end = '2001-01-01T00:00:00Z')],
  ])('%s', (words, change) => expect(problem(change)).toContain(words));

  test.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['null', 'no media type'],
    ['[]', 'no media type'],
    [`{"mediaType":"${'x'.repeat(1 << 20)}"}`, 'longer than 1 MiB'],
    ['{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":[null]}', 'cannot be read'],
    ['{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1","tlogs":{"length":3}}', 'trusts nobody'],
    ['{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}', 'trusts nobody'],
  ])('%s', (json, words) => expect(problemOf(json)).toContain(words));
});
