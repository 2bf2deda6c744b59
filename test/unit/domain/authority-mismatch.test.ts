import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Authority, matchesSubject } from '../../../src/domain/authority.ts';
import { authorityMismatch } from '../../../src/domain/authority-mismatch.ts';
import type { CertificateClaims, FoundSignature, Signer } from '../../../src/domain/signature.ts';
import { isBy } from '../../../src/domain/trust.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const SUBJECT = 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main';
const KEY = `sha256:${'a'.repeat(64)}` as const;
const OTHER_KEY = `sha256:${'b'.repeat(64)}` as const;
const SBOM = 'https://spdx.dev/Document';

const certificate: CertificateClaims = {
  sourceRepository: 'https://github.com/o/r',
  sourceRepositoryId: '7',
  sourceRepositoryRef: 'refs/heads/main',
  sourceRepositoryDigest: null,
  buildConfigUri: SUBJECT,
  buildSignerUri: SUBJECT,
  buildTrigger: 'push',
  runInvocationUri: null,
  runnerEnvironment: 'github-hosted',
  deploymentEnvironment: null,
};
const keylessSigner: Signer = { kind: 'keyless', oidcIssuer: GITHUB, subject: SUBJECT, certificate };
const keySigner: Signer = { kind: 'key', fingerprint: KEY, logged: true };

const signature: FoundSignature = {
  place: 'sig-tag',
  image: 'docker.io/o/r',
  about: KEY,
  source: KEY,
  format: 'sigstore-bundle',
  state: 'valid',
  problem: null,
  reason: null,
  signer: keylessSigner,
  trustedRoot: 'public-good',
  predicateType: null,
  provenance: null,
  signedAt: null,
  logIndex: null,
};

type Keyless = Extract<Authority, { keyless: unknown }>['keyless'];
const keyless = (more: Partial<Keyless> = {}, rest: Partial<Authority> = {}): Authority => ({
  keyless: { oidcIssuer: GITHUB, identity: { subject: SUBJECT }, ...more },
  ...rest,
});
const keyed = (transparencyLog: 'require' | 'ignore' = 'require', rest: Partial<Authority> = {}): Authority => ({
  key: { data: 'PEM', fingerprint: KEY, transparencyLog },
  ...rest,
});

const by = (signer: Signer, more: Partial<FoundSignature> = {}): FoundSignature => ({ ...signature, signer, ...more });
const certified = (more: Partial<CertificateClaims>) =>
  by({ ...keylessSigner, certificate: { ...certificate, ...more } });

describe('why a signature is not an authority’s', () => {
  test.each<[Authority, FoundSignature, [string, string | null, string | null] | null]>([
    [keyless(), signature, null],
    [
      keyless({ workflow: '.github/workflows/x.yml', sourceRepositoryId: '7', refPattern: 'refs/heads/*' }),
      signature,
      null,
    ],
    [keyless(), by(keylessSigner, { state: 'invalid', problem: 'certificate' }), ['state', 'valid', 'certificate']],
    [keyless(), by(keylessSigner, { predicateType: SBOM }), ['predicateType', null, SBOM]],
    [keyless({}, { attestations: [{ predicateType: SBOM }] }), signature, ['predicateType', SBOM, null]],
    [keyless(), by(keySigner), ['kind', 'keyless', 'key']],
    [keyless({ oidcIssuer: 'https://gitlab.com' }), signature, ['oidcIssuer', 'https://gitlab.com', GITHUB]],
    [keyless({ identity: { subject: `${SUBJECT}x` } }), signature, ['subject', `${SUBJECT}x`, SUBJECT]],
    [keyless({ identity: { subject: SUBJECT.slice(0, -1) } }), signature, ['subject', SUBJECT.slice(0, -1), SUBJECT]],
    [keyless({ identity: { subjectRegExp: '^x$' } }), signature, ['subjectRegExp', '^x$', SUBJECT]],
    [keyless({ identity: {} }), signature, ['subject', null, SUBJECT]],
    [
      keyless({ sourceRepository: 'https://github.com/o/s' }),
      signature,
      ['sourceRepository', 'https://github.com/o/s', 'https://github.com/o/r'],
    ],
    [keyless({ sourceRepositoryId: '8' }), signature, ['sourceRepositoryId', '8', '7']],
    [keyless({ ref: 'refs/heads/x' }), signature, ['ref', 'refs/heads/x', 'refs/heads/main']],
    [keyless({ refPattern: 'refs/tags/*' }), signature, ['refPattern', 'refs/tags/*', 'refs/heads/main']],
    [keyless({ refPattern: '*' }), certified({ sourceRepositoryRef: null }), ['refPattern', '*', null]],
    [keyless({ workflow: 'y.yml' }), signature, ['workflow', 'y.yml', '.github/workflows/x.yml']],
    [keyless({ runnerEnvironment: 'self-hosted' }), signature, ['runnerEnvironment', 'self-hosted', 'github-hosted']],
    [keyless({}, { trustedRoot: 'ours' }), signature, ['trustedRoot', 'ours', 'public-good']],
    [keyed(), by(keySigner), null],
    [keyed(), signature, ['kind', 'key', 'keyless']],
    [keyed(), by({ ...keySigner, fingerprint: OTHER_KEY }), ['fingerprint', KEY, OTHER_KEY]],
    [keyed(), by({ ...keySigner, logged: false }), ['transparencyLog', 'require', null]],
    [keyed('ignore'), by({ ...keySigner, logged: false }, { trustedRoot: null }), null],
    [keyed('require', { trustedRoot: 'ours' }), by(keySigner), ['trustedRoot', 'ours', 'public-good']],
  ])('%#: the first condition that is not met', (authority, found, expected) => {
    const mismatch = authorityMismatch(authority, found);
    expect(mismatch === null ? null : [mismatch.condition, mismatch.expected, mismatch.found]).toEqual(expected);
    expect(isBy(authority, found)).toBe(expected === null);
  });

  test('is none exactly when the signature is the authority’s', () => {
    const maybe = <T>(...some: T[]) => fc.constantFrom(undefined, ...some);
    const authorities: fc.Arbitrary<Authority> = fc.oneof(
      fc.record({
        keyless: fc.record({
          oidcIssuer: fc.constantFrom(GITHUB, GITHUB, 'https://gitlab.com'),
          identity: fc.constantFrom(
            { subject: SUBJECT },
            { subjectRegExp: '^https://github\\.com/o/.*$' },
            { subject: 'x' },
            {},
          ),
          sourceRepository: maybe('https://github.com/o/r', 'https://github.com/o'),
          sourceRepositoryId: maybe('7', '77'),
          ref: maybe('refs/heads/main'),
          refPattern: maybe('refs/*', 'refs/tags/*'),
          workflow: maybe('.github/workflows/x.yml', 'x.yml'),
          runnerEnvironment: maybe('github-hosted'),
        }),
        trustedRoot: maybe('public-good', 'ours'),
        attestations: maybe([{ predicateType: SBOM }]),
      }),
      fc.record({
        key: fc.record({
          data: fc.constant('PEM'),
          fingerprint: fc.constantFrom(KEY, OTHER_KEY),
          transparencyLog: fc.constantFrom('require', 'ignore'),
        }),
        trustedRoot: maybe('public-good', 'ours'),
        attestations: maybe([{ predicateType: SBOM }]),
      }),
    );
    const signers = fc.oneof(
      fc.constantFrom<Signer | null>(keylessSigner, keySigner, { ...keySigner, logged: false }, null),
      fc.constantFrom(certified({ sourceRepositoryRef: null }).signer, certified({ buildConfigUri: null }).signer),
    );
    const found = fc.record({
      ...Object.fromEntries(Object.entries(signature).map(([name, value]) => [name, fc.constant(value)])),
      state: fc.constantFrom('valid', 'valid', 'valid', 'invalid'),
      signer: signers,
      trustedRoot: fc.constantFrom('public-good', 'ours', null),
      predicateType: fc.constantFrom(null, SBOM, 'https://slsa.dev/provenance/v1'),
    }) as unknown as fc.Arbitrary<FoundSignature>; // the fields of one, some of them varied
    fc.assert(
      fc.property(authorities, found, (authority, one) => {
        expect(authorityMismatch(authority, one) === null).toBe(isBy(authority, one));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a pattern over the signer’s identity', () => {
  test.each([
    ['^https://github\\.com/o/.+$', SUBJECT, true],
    ['^https://github\\.com/o/r$', SUBJECT, false],
    ['https://github\\.com/o/.+', SUBJECT, false],
    ['^(a+)+$', 'aaa', false],
    [`^${'.*'.repeat(50)}x$`, 'a'.repeat(1024), false],
    ['^a+$', 'a'.repeat(1024), true],
    ['^a+$', 'a'.repeat(1025), false],
  ])('%s (%#)', (pattern, subject, matches) => expect(matchesSubject(pattern, subject)).toBe(matches));
});
