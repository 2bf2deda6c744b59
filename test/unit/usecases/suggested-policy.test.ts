import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/domain/digest.ts';
import type { CertificateClaims, FoundSignature, SignatureEvidence } from '../../../src/domain/signature.ts';
import { isBy, isTrusted } from '../../../src/domain/trust.ts';
import { check } from '../../../src/http/input.ts';
import { policyInput } from '../../../src/http/schemas/policy.ts';
import { type SeenTag, suggestedPolicy } from '../../../src/usecases/suggested-policy.ts';
import { signature, signatures, T, unreadable } from '../domain/cases.ts';

const GITHUB = 'https://token.actions.githubusercontent.com';
const WORKFLOW = 'https://github.com/octo/app/.github/workflows/release.yml';

const digest = (n: number): Digest => `sha256:${n.toString(16).padStart(64, '0')}`;

/** A tag at image `n`, signed by a workflow at a ref. */
function by(
  base: string,
  ref: string,
  certificate: Partial<CertificateClaims> = {},
  more: Partial<FoundSignature> = {},
) {
  const subject = `${base}@${ref}`;
  return (n: number): FoundSignature =>
    signature(
      { about: digest(n), source: digest(n + 1000), ...more },
      {
        subject,
        certificate: { sourceRepositoryRef: ref, buildConfigUri: subject, buildSignerUri: subject, ...certificate },
      },
    );
}
const released = (version: string) => by(WORKFLOW, `refs/tags/${version}`);

function tag(name: string, n: number, ...signed: ((n: number) => FoundSignature)[]): SeenTag {
  return { tag: name, digest: digest(n), signatures: signatures(...signed.map((one) => one(n))) };
}

const suggest = (...seen: SeenTag[]) => suggestedPolicy(seen, { keys: [] }, T);
const verdicts = (suggestion: ReturnType<typeof suggest>) =>
  suggestion.tags.map(({ answer }) => answer.signatures.verdict);

describe('a suggested policy', () => {
  test('names nobody whose certificate names no issuer: no policy could', () => {
    const nameless = (n: number): FoundSignature => {
      const one = released('v1.0.0')(n);
      return one.signer?.kind === 'keyless' ? { ...one, signer: { ...one.signer, oidcIssuer: '' } } : one;
    };
    const { policy, signers } = suggest(tag('1.0.0', 1, nameless), tag('1.0.1', 2, nameless));
    expect([policy.signatures.authorities, signers]).toEqual([[], []]);
  });

  const releases = [
    tag('1.3.0', 3, released('v1.3.0')),
    tag('1.2.1', 2, released('v1.2.1')),
    tag('1.2.0', 1, released('v1.2.0')),
  ];

  test('lets the workflow sign that signed every release, whatever its version', () => {
    const suggestion = suggest(...releases);
    expect(suggestion.policy).toEqual({
      immutableTags: ['*.*.*'],
      ci: {
        mode: 'require',
        identities: [
          {
            oidcIssuer: GITHUB,
            repositoryId: '74',
            workflow: '.github/workflows/release.yml',
            refPattern: 'refs/tags/v*',
            environment: 'release',
          },
        ],
      },
      signatures: {
        mode: 'require',
        authorities: [
          [
            {
              keyless: {
                oidcIssuer: GITHUB,
                identity: {
                  subjectRegExp:
                    '^https://github\\.com/octo/app/\\.github/workflows/release\\.yml@refs/tags/v\\d[^/]*$',
                },
                sourceRepository: 'https://github.com/octo/app',
                sourceRepositoryId: '74',
              },
            },
          ],
        ],
      },
    });
    expect(verdicts(suggestion)).toEqual(['satisfied', 'satisfied', 'satisfied']);
    expect(suggestion.tags.map(({ answer }) => answer.ci.provenance)).toEqual(['allowed', 'allowed', 'allowed']);
    expect(suggestion.signers).toEqual([
      {
        kind: 'keyless',
        oidcIssuer: GITHUB,
        subjects: ['v1.3.0', 'v1.2.1', 'v1.2.0'].map((version) => `${WORKFLOW}@refs/tags/${version}`),
        trustedRoot: 'public-good',
        tags: ['1.3.0', '1.2.1', '1.2.0'],
        included: true,
        authority: suggestion.policy.signatures.authorities[0]?.[0],
      },
    ]);
    expect(suggestion.notes).toEqual([
      expect.stringMatching(/^The ref in the identity differs from release to release/),
    ]);
  });

  test('can be saved as it is, lets in the next release, and nobody who only looks alike', () => {
    const { policy } = suggest(...releases);
    const saved = check(policyInput, policy, 'the body');
    expect(saved.signatures).toEqual(policy.signatures);
    const [[authority] = []] = policy.signatures.authorities;
    if (authority === undefined) throw new Error('no authority');
    const lets = (base: string, ref: string, certificate: Partial<CertificateClaims> = {}) =>
      isBy(authority, by(base, ref, certificate)(9));
    expect(lets(WORKFLOW, 'refs/tags/v2.0.0-rc.1')).toBe(true);
    expect(lets(WORKFLOW, 'refs/heads/main')).toBe(false);
    expect(lets(WORKFLOW, 'refs/tags/vmalicious')).toBe(false);
    expect(lets(WORKFLOW, 'refs/tags/v1/x')).toBe(false);
    expect(lets('https://githubXcom/octo/app/.github/workflows/release.yml', 'refs/tags/v1.0.0')).toBe(false);
    expect(lets('https://github.com/mallory/app/.github/workflows/release.yml', 'refs/tags/v1.0.0')).toBe(false);
    expect(lets(`x${WORKFLOW}`, 'refs/tags/v1.0.0')).toBe(false);
    expect(lets(WORKFLOW, 'refs/tags/v1.0.0', { sourceRepositoryId: '75' })).toBe(false);
  });

  test('names the identity exactly where it never differs', () => {
    const main = by(WORKFLOW, 'refs/heads/main');
    const { policy, notes } = suggest(tag('2', 2, main), tag('1', 1, main));
    expect(policy.signatures).toMatchObject({
      mode: 'require',
      authorities: [[{ keyless: { identity: { subject: `${WORKFLOW}@refs/heads/main` } } }]],
    });
    expect(policy.ci.identities).toMatchObject([{ ref: 'refs/heads/main' }]);
    expect(policy.immutableTags).toEqual([]);
    expect(notes).toEqual([expect.stringMatching(/No tag looks like a version/)]);
  });

  test('lists branches one by one, and what versions begin with', () => {
    const { policy } = suggest(
      tag('1.1.0', 3, by(WORKFLOW, 'refs/tags/app/v1.1.0')),
      tag('1.0.0', 2, by(WORKFLOW, 'refs/heads/main')),
      tag('0.9.0', 1, by(WORKFLOW, 'refs/heads/release-0.9')),
    );
    expect(policy.signatures.authorities).toMatchObject([
      [
        {
          keyless: {
            identity: {
              subjectRegExp:
                '^https://github\\.com/octo/app/\\.github/workflows/release\\.yml@(?:refs/tags/app/v\\d[^/]*|refs/heads/main|refs/heads/release-0\\.9)$',
            },
          },
        },
      ],
    ]);
    expect(policy.ci.identities[0]).not.toHaveProperty('ref');
  });

  test('does not let in who signed only some, and says so', () => {
    const other = by('https://github.com/octo/app/.github/workflows/nightly.yml', 'refs/heads/main');
    const suggestion = suggest(tag('1.1.0', 2, released('v1.1.0'), other), tag('1.0.0', 1, released('v1.0.0')));
    expect(suggestion.policy.signatures.authorities.flat()).toHaveLength(1);
    expect(suggestion.signers.map(({ included, tags }) => [included, tags])).toEqual([
      [true, ['1.1.0', '1.0.0']],
      [false, ['1.1.0']],
    ]);
    expect(suggestion.notes).toContainEqual(
      expect.stringMatching(/nightly\.yml@refs\/heads\/main signed only 1\.1\.0, and is not let in/),
    );
    expect(suggestion.policy.signatures.mode).toBe('require');
  });

  test('observes where what was seen would not satisfy it', () => {
    const suggestion = suggest(tag('1.1.0', 2, released('v1.1.0')), tag('1.0.0', 1));
    expect(suggestion.policy.signatures.mode).toBe('observe');
    expect(verdicts(suggestion)).toEqual(['satisfied', 'not-satisfied']);
    expect(suggestion.notes).toContainEqual('Nobody whose signature is valid signed 1.0.0.');
    expect(suggestion.notes).toContainEqual('By this policy 1.0.0 would not be signed as required: it observes only.');
  });

  test('takes the signer of the newest image where the signer changed', () => {
    const before = by('https://github.com/octo/app/.github/workflows/old.yml', 'refs/heads/main');
    const suggestion = suggest(
      tag('1.2.0', 3, by(WORKFLOW, 'refs/heads/main')),
      tag('1.1.0', 2, before),
      tag('1.0.0', 1, before),
    );
    expect(suggestion.policy.signatures).toMatchObject({
      mode: 'observe',
      authorities: [[{ keyless: { identity: { subject: `${WORKFLOW}@refs/heads/main` } } }]],
    });
    expect(suggestion.signers.find(({ included }) => !included)?.tags).toEqual(['1.1.0', '1.0.0']);
  });

  test('requires both where two signed everything, as lists of their own', () => {
    const reviewer = (n: number): FoundSignature => ({
      ...signature({ about: digest(n), source: digest(n + 2000) }),
      signer: {
        kind: 'keyless',
        oidcIssuer: 'https://accounts.google.com',
        subject: 'release@example.org',
        certificate: { ...NO_CLAIMS },
      },
    });
    const suggestion = suggest(
      tag('1.1.0', 2, released('v1.1.0'), reviewer),
      tag('1.0.0', 1, released('v1.0.0'), reviewer),
    );
    expect(suggestion.policy.signatures.authorities.map((list) => list.length)).toEqual([1, 1]);
    expect(suggestion.policy.signatures.authorities[1]).toEqual([
      { keyless: { oidcIssuer: 'https://accounts.google.com', identity: { subject: 'release@example.org' } } },
    ]);
    expect(suggestion.notes).toContainEqual(expect.stringMatching(/each is required, as a list of its own/));
    expect(check(policyInput, suggestion.policy, 'the body').signatures.authorities).toHaveLength(2);
  });

  test('binds a workflow that others may call to the repository that called it', () => {
    const builder = 'https://github.com/slsa-framework/generator/.github/workflows/container.yml';
    const called = (version: string) =>
      by(builder, 'refs/tags/v2.0.0', {
        sourceRepositoryRef: `refs/tags/${version}`,
        buildConfigUri: `${WORKFLOW}@refs/tags/${version}`,
      });
    const { policy, notes } = suggest(tag('1.1.0', 2, called('v1.1.0')), tag('1.0.0', 1, called('v1.0.0')));
    expect(policy.signatures.authorities).toMatchObject([
      [{ keyless: { sourceRepository: 'https://github.com/octo/app', workflow: '.github/workflows/release.yml' } }],
    ]);
    expect(notes).toContainEqual(expect.stringMatching(/a workflow that others may call too/));
    expect(policy.ci.identities).toMatchObject([
      { workflow: '.github/workflows/release.yml', refPattern: 'refs/tags/v*' },
    ]);
  });

  test('names another trusted root where that is what vouched', () => {
    const privately = (version: string) => by(WORKFLOW, `refs/tags/${version}`, {}, { trustedRoot: 'github' });
    const { policy } = suggest(tag('1.1.0', 2, privately('v1.1.0')), tag('1.0.0', 1, privately('v1.0.0')));
    expect(policy.signatures.authorities).toMatchObject([[{ trustedRoot: 'github' }]]);
  });

  const keyed = (n: number): FoundSignature =>
    signature({ about: digest(n), state: 'invalid', problem: 'unknown-key', reason: 'x', signer: null });
  const notation = (n: number): FoundSignature =>
    signature({ about: digest(n), state: 'unsupported', problem: 'unsupported', format: 'notation', signer: null });
  const broken = (n: number): FoundSignature =>
    signature({ about: digest(n), state: 'invalid', problem: 'other-subject', signer: null });
  test.each([
    [
      'a key',
      keyed,
      /Signed with a key that no policy names: 1\.1\.0, 1\.0\.0\. A key cannot be told .* paste the public key/,
    ],
    ['Notation', notation, /Signed with Notation, which is not verified here: 1\.1\.0, 1\.0\.0/],
    ['something worthless', broken, /A signature that is worth nothing is attached to 1\.1\.0, 1\.0\.0/],
  ])('says what it cannot suggest of images signed with %s', (_, one, note) => {
    const suggestion = suggest(tag('1.1.0', 2, one), tag('1.0.0', 1, one));
    expect(suggestion.policy.signatures).toEqual({ mode: 'observe', repository: undefined, authorities: [] });
    expect(suggestion.policy.ci.mode).toBe('off');
    expect(suggestion.notes).toContainEqual(expect.stringMatching(note));
    expect(verdicts(suggestion)).toEqual(['nobody-named', 'nobody-named']);
    expect(() => check(policyInput, suggestion.policy, 'the body')).not.toThrow();
  });

  test('keeps a key that the present policy names, and where signatures are kept', () => {
    const fingerprint = digest(77);
    const authority = { name: 'ours', key: { data: 'PEM', fingerprint, transparencyLog: 'ignore' as const } };
    const ours = (n: number): FoundSignature =>
      signature({ about: digest(n), signer: { kind: 'key', fingerprint, logged: false }, trustedRoot: null });
    const seen = [tag('1.1.0', 2, ours), tag('1.0.0', 1, ours)];
    const { policy, signers } = suggestedPolicy(seen, { keys: [authority], repository: 'org/signatures' }, T);
    expect(policy.signatures).toEqual({ mode: 'require', repository: 'org/signatures', authorities: [[authority]] });
    expect(signers).toEqual([{ kind: 'key', fingerprint, tags: ['1.1.0', '1.0.0'], included: true, authority }]);
    expect(
      suggestedPolicy(seen, { keys: [{ ...authority, key: { ...authority.key, fingerprint: digest(78) } }] }, T)
        .signers,
    ).toEqual([]);
  });

  test('leaves out of account what could not be read, and does not count one image twice', () => {
    const whole = tag('1.2.0', 3, released('v1.2.0'));
    const blind: SeenTag = { ...tag('1.1.0', 2), signatures: unreadable() };
    expect(suggest(whole, blind)).toMatchObject({
      policy: { signatures: { mode: 'observe' } },
      notes: expect.arrayContaining([
        expect.stringMatching(/^Not everything about 1\.1\.0 could be read/),
        expect.stringMatching(/^Fewer than two different images/),
      ]),
    });
    expect(suggest(whole, { ...whole, tag: 'latest' }).policy.signatures.mode).toBe('observe');
    expect(suggest(whole, blind, tag('1.0.0', 1, released('v1.0.0'))).policy.signatures.mode).toBe('require');
  });

  test('counts an index as signed only if each of its images is', () => {
    const index = (signed: number[]): SeenTag => {
      const evidence: SignatureEvidence = {
        ...signatures(...signed.map((n) => released('v1.0.0')(n))),
        children: [digest(11), digest(12)],
      };
      return { tag: '1.0.0', digest: digest(10), signatures: evidence };
    };
    expect(suggest(index([11, 12]), tag('1.1.0', 2, released('v1.1.0'))).policy.signatures.mode).toBe('require');
    const half = suggest(index([11]), tag('1.1.0', 2, released('v1.1.0')));
    expect([half.policy.signatures.mode, half.policy.ci.mode]).toEqual(['observe', 'off']);
  });

  test('is of nothing where there is nothing', () => {
    expect(suggest()).toMatchObject({ tags: [], signers: [], notes: ['No tag was read: nothing can be suggested.'] });
    const sbom = (n: number) => released('v1.0.0')(n);
    const only = suggest(tag('1.0.0', 1, (n) => ({ ...sbom(n), predicateType: 'https://spdx.dev/Document' })));
    expect(only.signers).toEqual([]);
    expect(only.policy.signatures.authorities).toEqual([]);
  });

  test('trusts what it was made from', () => {
    const { policy } = suggest(...releases);
    for (const one of releases) expect(isTrusted(policy.signatures.authorities, one.digest, one.signatures)).toBe(true);
  });
});

const NO_CLAIMS: CertificateClaims = {
  sourceRepository: null,
  sourceRepositoryId: null,
  sourceRepositoryRef: null,
  sourceRepositoryDigest: null,
  buildConfigUri: null,
  buildSignerUri: null,
  buildTrigger: null,
  runInvocationUri: null,
  runnerEnvironment: null,
  deploymentEnvironment: null,
};
