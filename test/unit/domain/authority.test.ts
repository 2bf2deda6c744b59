import { describe, expect, test } from 'vitest';
import {
  type Authority,
  type KeyAuthority,
  type KeylessAuthority,
  workflowPath,
} from '../../../src/domain/authority.ts';
import type { Digest } from '../../../src/domain/digest.ts';
import {
  COSIGN_SIGN,
  type FoundSignature,
  type SignatureEvidence,
  type Signer,
  SLSA_PROVENANCE,
} from '../../../src/domain/signature.ts';
import { isBy, isTrusted, missingLists, untrusted } from '../../../src/domain/trust.ts';
import { content, GITHUB_ACTIONS, SUBJECT, trust, verify } from '../sigstore/made.ts';

const REPOSITORY = 'https://github.com/octo-org/app';
const IMAGE: Digest = `sha256:${'1'.repeat(64)}`;
const INDEX: Digest = `sha256:${'2'.repeat(64)}`;
const ARM: Digest = `sha256:${'3'.repeat(64)}`;
const KEY: Digest = `sha256:${'a'.repeat(64)}`;

const keylessSigner: Signer & { kind: 'keyless' } = {
  kind: 'keyless',
  oidcIssuer: GITHUB_ACTIONS,
  subject: SUBJECT,
  certificate: {
    sourceRepository: REPOSITORY,
    sourceRepositoryId: '74',
    sourceRepositoryRef: 'refs/tags/v1.2.3',
    sourceRepositoryDigest: 'c'.repeat(40),
    buildConfigUri: `${REPOSITORY}/.github/workflows/release.yml@refs/tags/v1.2.3`,
    buildSignerUri: null,
    buildTrigger: 'push',
    runInvocationUri: null,
    runnerEnvironment: 'github-hosted',
    deploymentEnvironment: null,
  },
};
const keySigner: Signer = { kind: 'key', fingerprint: KEY, logged: false };

const found = (given: Partial<FoundSignature> = {}): FoundSignature => ({
  place: 'referrers-api',
  image: 'ghcr.io/octo-org/app',
  about: IMAGE,
  source: INDEX,
  format: 'sigstore-bundle',
  state: 'valid',
  problem: null,
  reason: null,
  signer: keylessSigner,
  trustedRoot: 'public-good',
  predicateType: COSIGN_SIGN,
  provenance: null,
  signedAt: 0,
  logIndex: '1',
  ...given,
});

const by = (signer: Partial<Signer & { kind: 'keyless' }>): FoundSignature =>
  found({ signer: { ...keylessSigner, ...signer } });

const keyless = (
  given: Partial<KeylessAuthority['keyless']> = {},
  rest: Omit<Partial<KeylessAuthority>, 'keyless'> = {},
): KeylessAuthority => ({
  keyless: { oidcIssuer: GITHUB_ACTIONS, identity: { subject: SUBJECT }, ...given },
  ...rest,
});

const key = (transparencyLog: 'require' | 'ignore', rest: Partial<KeyAuthority> = {}): KeyAuthority => ({
  key: { data: '', fingerprint: KEY, transparencyLog },
  ...rest,
});

describe('a keyless authority', () => {
  test.each<[string, Authority, FoundSignature]>([
    ['its identity', keyless(), found()],
    ['its pattern', keyless({ identity: { subjectRegExp: '^https://github\\.com/octo-org/[^/]+/.*$' } }), found()],
    ['its source', keyless({ sourceRepository: REPOSITORY, sourceRepositoryId: '74' }), found()],
    ['its ref', keyless({ ref: 'refs/tags/v1.2.3' }), found()],
    ['its refs', keyless({ refPattern: 'refs/tags/v*' }), found()],
    ['its workflow', keyless({ workflow: '.github/workflows/release.yml' }), found()],
    ['its runner', keyless({ runnerEnvironment: 'github-hosted' }), found()],
    ['cosign’s first signature', keyless(), found({ predicateType: null })],
    ['provenance', keyless(), found({ predicateType: SLSA_PROVENANCE[1] ?? null })],
    [
      'a statement it names',
      keyless({}, { attestations: [{ predicateType: 'urn:sbom' }] }),
      found({ predicateType: 'urn:sbom' }),
    ],
    ['a root it names', keyless({}, { trustedRoot: 'ours' }), found({ trustedRoot: 'ours' })],
  ])('takes %s', (_what, authority, one) => expect(isBy(authority, one)).toBe(true));

  test.each<[string, Authority, FoundSignature]>([
    ['a name that begins with it', keyless(), by({ subject: `${SUBJECT}.evil.example` })],
    ['a name that ends with it', keyless(), by({ subject: `https://evil.example/${SUBJECT}` })],
    ['a name that contains it', keyless(), by({ subject: `https://evil.example/?${SUBJECT}#` })],
    ['its name in capitals', keyless(), by({ subject: SUBJECT.toUpperCase() })],
    ['its name and a line', keyless(), by({ subject: `${SUBJECT}\n` })],
    ['no name', keyless(), by({ subject: '' })],
    ['another issuer', keyless(), by({ oidcIssuer: 'https://accounts.example.com' })],
    ['an issuer with a slash more', keyless(), by({ oidcIssuer: `${GITHUB_ACTIONS}/` })],
    ['no issuer', keyless(), by({ oidcIssuer: '' })],
    [
      'what only contains what its pattern matches',
      keyless({ identity: { subjectRegExp: '^https://github\\.com/octo-org/app/.*@refs/tags/v1$' } }),
      by({ subject: `https://evil.example/${REPOSITORY}/x@refs/tags/v1` }),
    ],
    ['a pattern that is no anchored one', keyless({ identity: { subjectRegExp: 'github' } }), found()],
    ['an identity that is not given', keyless({ identity: {} }), found()],
    ['another source', keyless({ sourceRepository: `${REPOSITORY}2` }), found()],
    ['a source of that name and another number', keyless({ sourceRepositoryId: '75' }), found()],
    ['another ref', keyless({ ref: 'refs/heads/main' }), found()],
    ['refs of another kind', keyless({ refPattern: 'refs/heads/*' }), found()],
    ['another workflow', keyless({ workflow: '.github/workflows/other.yml' }), found()],
    ['another runner', keyless({ runnerEnvironment: 'self-hosted' }), found()],
    [
      'a certificate that does not say',
      keyless({ workflow: '.github/workflows/release.yml' }),
      by({ certificate: { ...keylessSigner.certificate, buildConfigUri: null } }),
    ],
    [
      'a ref that the certificate does not say',
      keyless({ refPattern: '*' }),
      by({ certificate: { ...keylessSigner.certificate, sourceRepositoryRef: null } }),
    ],
    ['another root', keyless(), found({ trustedRoot: 'ours' })],
    ['the public good, if it names another root', keyless({}, { trustedRoot: 'ours' }), found()],
    ['an SBOM', keyless(), found({ predicateType: 'https://spdx.dev/Document' })],
    ['a signature, if it wants a statement', keyless({}, { attestations: [{ predicateType: 'urn:sbom' }] }), found()],
    ['a key', keyless(), found({ signer: keySigner })],
    ['what is invalid', keyless(), found({ state: 'invalid', problem: 'certificate' })],
    ['what could not be verified', keyless(), found({ state: 'unavailable', problem: 'trusted-root' })],
    ['what nobody signed', keyless(), found({ signer: null })],
  ])('does not take %s', (_what, authority, one) => expect(isBy(authority, one)).toBe(false));

  test('does not take a genuine signature by a name that only contains the allowed one', async () => {
    for (const name of ['by a longer name', 'by a name within']) {
      const one = await verify(content(name), trust());
      expect([one.state, one.signer?.kind === 'keyless' && one.signer.subject.includes(SUBJECT)]).toEqual([
        'valid',
        true,
      ]);
      expect(isBy(keyless({}, { trustedRoot: 'private' }), one)).toBe(false);
    }
    const right = await verify(content('keyless v0.3'), trust());
    expect(isBy(keyless({}, { trustedRoot: 'private' }), right)).toBe(true);
  });
});

describe('a key', () => {
  const logged = found({ signer: { ...keySigner, logged: true } });
  const unlogged = found({ signer: keySigner, trustedRoot: null });

  test.each<[string, Authority, FoundSignature, boolean]>([
    ['without a log, logged', key('ignore'), logged, true],
    ['without a log, not logged', key('ignore'), unlogged, true],
    ['with a log, logged', key('require'), logged, true],
    ['with a log, not logged', key('require'), unlogged, false],
    ['with a log of another root', key('require', { trustedRoot: 'ours' }), logged, false],
    ['another key', key('ignore'), found({ signer: { kind: 'key', fingerprint: IMAGE, logged: true } }), false],
    ['a certificate', key('ignore'), found(), false],
  ])('%s', (_what, authority, one, expected) => expect(isBy(authority, one)).toBe(expected));
});

describe('lists of authorities', () => {
  const evidence = (given: Partial<SignatureEvidence> = {}): SignatureEvidence => ({
    places: [],
    found: [],
    children: [],
    indexes: [],
    runs: [],
    ...given,
  });
  const both = [[keyless()], [key('ignore')]];
  const signedByKey = found({ signer: keySigner });

  test('want one authority of each', () => {
    expect(isTrusted(both, IMAGE, evidence({ found: [found()] }))).toBe(false);
    expect(missingLists(both, IMAGE, evidence({ found: [found()] }))).toEqual([both[1]]);
    expect(isTrusted(both, IMAGE, evidence({ found: [found(), signedByKey] }))).toBe(true);
    expect(isTrusted([[keyless(), key('ignore')]], IMAGE, evidence({ found: [signedByKey] }))).toBe(true);
  });

  test('are satisfied by nothing if there are none', () => {
    expect(isTrusted([], IMAGE, evidence({ found: [found()] }))).toBe(false);
    expect(isTrusted([[]], IMAGE, evidence({ found: [found()] }))).toBe(false);
  });

  test('are about this digest, its index, or all of its children', () => {
    const about = (...digests: Digest[]) => digests.map((digest) => found({ about: digest }));
    const lists = [[keyless()]];
    expect(isTrusted(lists, IMAGE, evidence({ found: about(ARM) }))).toBe(false);
    expect(isTrusted(lists, IMAGE, evidence({ found: about(INDEX), indexes: [INDEX] }))).toBe(true);
    expect(isTrusted(lists, INDEX, evidence({ found: about(IMAGE), children: [IMAGE, ARM] }))).toBe(false);
    expect(isTrusted(lists, INDEX, evidence({ found: about(IMAGE, ARM), children: [IMAGE, ARM] }))).toBe(true);
  });

  test('tell who else signed', () => {
    const stranger = by({ subject: 'mallory@example.com' });
    const otherKey = found({ state: 'invalid', problem: 'unknown-key', signer: null });
    const forged = found({ state: 'invalid', problem: 'bad-signature', signer: null });
    expect(untrusted(both, evidence({ found: [found(), stranger, otherKey, forged, signedByKey] }))).toEqual([
      stranger,
      otherKey,
    ]);
  });
});

describe('the path of a workflow', () => {
  test.each<[string | null, string | null, string | null]>([
    [`${REPOSITORY}/.github/workflows/release.yml@refs/heads/main`, REPOSITORY, '.github/workflows/release.yml'],
    ['https://gitlab.com/group/app//.gitlab-ci.yml@refs/heads/main', 'https://gitlab.com/group/app', '.gitlab-ci.yml'],
    [`${REPOSITORY}/build.yml`, REPOSITORY, 'build.yml'],
    [`${REPOSITORY}2/build.yml@refs/heads/main`, REPOSITORY, null],
    [null, REPOSITORY, null],
    [`${REPOSITORY}/build.yml@refs/heads/main`, null, null],
  ])('of %s in %s is %s', (uri, repository, path) => expect(workflowPath(uri, repository)).toBe(path));
});
