import { describe, expect, test } from 'vitest';
import { COSIGN_SIGN, SLSA_PROVENANCE } from '../../../src/domain/signature.ts';
import { content, GITHUB_ACTIONS, IMAGE, MANIFEST, SUBJECT, trust, verify } from './made.ts';

const KEYLESS = {
  kind: 'keyless',
  subject: SUBJECT,
  oidcIssuer: GITHUB_ACTIONS,
  certificate: {
    sourceRepository: 'https://github.com/octo-org/app',
    sourceRepositoryId: '74',
    sourceRepositoryRef: 'refs/tags/v1.2.3',
    sourceRepositoryDigest: 'c0ffee0000000000000000000000000000000001',
    buildConfigUri: SUBJECT,
    buildSignerUri: 'https://github.com/octo-org/app/.github/workflows/release.yml@refs/tags/v1.2.3',
    buildTrigger: 'push',
    runInvocationUri: 'https://github.com/octo-org/app/actions/runs/42/attempts/1',
    runnerEnvironment: 'github-hosted',
    deploymentEnvironment: null,
  },
};

describe('a keyless signature is valid, by whom its certificate names', () => {
  test.each([
    ['keyless v0.1', COSIGN_SIGN],
    ['keyless v0.2, intoto 0.0.2', COSIGN_SIGN],
    ['keyless v0.3', COSIGN_SIGN],
    ['keyless v0.3, provenance', SLSA_PROVENANCE[0]],
    ['keyless v0.3, Rekor v2', COSIGN_SIGN],
    ['keyless v0.3, stamped', COSIGN_SIGN],
    ['.sig, keyless', null],
    ['.att, keyless', SLSA_PROVENANCE[0]],
    ['.att, keyless, intoto 0.0.1', SLSA_PROVENANCE[0]],
  ])('%s', async (name, predicateType) => {
    const found = await verify(content(name));
    expect(found).toMatchObject({ state: 'valid', problem: null, reason: null, trustedRoot: 'private' });
    expect(found).toMatchObject({ signer: KEYLESS, predicateType, about: IMAGE, image: 'ghcr.io/octo-org/app' });
    expect(found.logIndex).toMatch(/^\d+$/);
    expect(found.signedAt).toBeGreaterThan(Date.UTC(2026, 0));
  });

  test.each(['keyless v0.3, no log', '.att, keyless, stamped'])('%s, under a root without logs', async (name) => {
    const found = await verify(content(name), trust({ roots: ['private', 'quiet'] }));
    expect(found).toMatchObject({ state: 'valid', signer: KEYLESS, trustedRoot: 'quiet', logIndex: null });
    expect(found.signedAt).toBeGreaterThan(Date.UTC(2026, 0));
  });

  test('over the bytes of the manifest, if they are at hand', async () => {
    const held = content('keyless v0.3, message');
    const found = await verify(held, trust(), { artifact: MANIFEST });
    expect(found).toMatchObject({ state: 'valid', signer: KEYLESS, predicateType: null });
    const unread = await verify(held);
    expect(unread).toMatchObject({ state: 'unsupported', problem: 'unsupported', signer: null });
  });

  test('and tells the earliest of its times', async () => {
    const held = content('keyless v0.3, stamped');
    const bundle = JSON.parse(new TextDecoder().decode('bytes' in held ? held.bytes : undefined));
    const { integratedTime } = bundle.verificationMaterial.tlogEntries[0];
    // Stamped half a minute after it was logged.
    expect(await verify(held)).toMatchObject({ signedAt: Number(integratedTime) * 1000 });
  });

  test('and tells what its provenance says', async () => {
    const { provenance } = await verify(content('keyless v0.3, provenance'));
    expect(provenance).toEqual({
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      builderId: SUBJECT,
      sourceRepository: 'https://github.com/octo-org/app',
      sourceRepositoryId: '74',
      commit: 'c0ffee0000000000000000000000000000000001',
      workflow: '.github/workflows/release.yml',
      ref: 'refs/tags/v1.2.3',
      event: 'push',
      runUrl: 'https://github.com/octo-org/app/actions/runs/42/attempts/1',
    });
  });
});

describe('a signature with a key of the policy is valid', () => {
  const kinds = ['P-256', 'P-384', 'RSA', 'Ed25519'];

  test.each(kinds)('%s, and nothing tells when it was made', async (kind) => {
    const { keys } = trust({ keys: [kind] });
    for (const name of [`key ${kind}`, `.sig, key ${kind}`]) {
      const found = await verify(content(name), trust({ keys: ['stranger', kind] }));
      expect(found).toMatchObject({ state: 'valid', trustedRoot: null, signedAt: null, logIndex: null });
      expect(found.signer).toEqual({ kind: 'key', fingerprint: keys[0]?.fingerprint, logged: false });
    }
  });

  test.each([
    ...kinds.map((kind) => `key ${kind}, logged`),
    '.sig, key P-256, logged',
    '.sig, key P-384, logged',
    '.sig, key RSA, logged',
    'key P-256, Rekor v2',
  ])('%s, as its policy wants', async (name) => {
    const kind = kinds.find((each) => name.includes(each)) ?? '';
    for (const transparencyLog of ['require', 'ignore'] as const) {
      const found = await verify(content(name), trust({ keys: [kind], transparencyLog }));
      expect(found).toMatchObject({ state: 'valid', trustedRoot: 'private', signer: { kind: 'key', logged: true } });
      expect(found.signedAt).toBeGreaterThan(Date.UTC(2026, 0));
    }
  });

  test('P-384 with SHA-256, as older cosign made it', async () => {
    const found = await verify(content('.sig, key P-384 with SHA-256'), trust({ keys: ['P-384'] }));
    expect(found).toMatchObject({ state: 'valid', signer: { kind: 'key', logged: false } });
  });

  test('in an attestation of cosign’s first layout', async () => {
    const found = await verify(content('.att, key P-256'), trust({ keys: ['P-256'] }));
    expect(found).toMatchObject({ state: 'valid', format: 'cosign-attestation', predicateType: COSIGN_SIGN });
  });

  test('a timestamp tells when, without a log', async () => {
    const found = await verify(content('key P-256, stamped'), trust({ keys: ['P-256'] }));
    expect(found).toMatchObject({ state: 'valid', trustedRoot: null, signer: { logged: false } });
    expect(found.signedAt).toBeGreaterThan(Date.UTC(2026, 0));
  });
});

describe('what cannot be verified here', () => {
  test('is told apart from what is worth nothing', async () => {
    const reason = 'the registry answered 503';
    expect(await verify({ kind: 'notation' })).toMatchObject({ state: 'unsupported', problem: 'unsupported' });
    expect(await verify({ kind: 'unreadable', reason })).toMatchObject({
      state: 'unavailable',
      problem: 'unreadable',
      reason,
    });
    expect(await verify({ kind: 'broken', problem: 'wrong-digest', reason: 'it is sha256:…' })).toMatchObject({
      state: 'invalid',
      problem: 'wrong-digest',
      signer: null,
    });
  });

  test('prehashed Ed25519, by its log entry', async () => {
    const found = await verify(content('.sig, key Ed25519, prehashed'), trust({ keys: ['P-256', 'Ed25519'] }));
    expect(found).toMatchObject({ state: 'unsupported', problem: 'unsupported' });
    expect(found.reason).toContain('Ed25519ph');
  });
});
