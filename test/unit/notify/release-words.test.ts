import { describe, expect, it } from 'vitest';
import { DEFAULT_TOKENS, type Policy } from '../../../src/domain/policy.ts';
import { policyInWords } from '../../../src/notify/policy-words.ts';
import { ciInBrief, signatureInBrief, strengthInWords, strengthOf } from '../../../src/notify/release-words.ts';
import type { KeptEvidence } from '../../../src/usecases/stores.ts';

const NOTHING: KeptEvidence = { history: null, readBack: null, announcement: null, signatures: null, wants: [] };
const signatures = (found: readonly object[], places: readonly string[] = ['absent']): KeptEvidence =>
  ({ ...NOTHING, signatures: { found, places: places.map((state) => ({ state })) } }) as unknown as KeptEvidence; // as much as is read

const keyless = (subject: string) => ({ state: 'valid', signer: { kind: 'keyless', subject } });

describe('what a list says of signatures', () => {
  it('tells "none" from "not looked for" and "could not be read"', () => {
    expect(signatureInBrief(null)).toBe('Signature not looked for');
    expect(signatureInBrief(NOTHING)).toBe('Signature not looked for');
    expect(signatureInBrief(signatures([]))).toBe('No signature');
    expect(signatureInBrief(signatures([], ['absent', 'unavailable']))).toBe('Signatures could not be read');
    expect(signatureInBrief(signatures([{ state: 'unavailable' }]))).toBe('Signatures could not be read');
    expect(signatureInBrief(signatures([{ state: 'invalid' }]))).toBe('A signature that is worth nothing');
    expect(signatureInBrief(signatures([{ state: 'unsupported' }]))).toBe(
      'A signature of a kind that is not checked here',
    );
    expect(signatureInBrief({ ...NOTHING, signatures: { found: true } as never })).toBe('Signature not looked for');
  });

  it('names the signer in short, and never at any length', () => {
    const workflow = 'https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1';
    expect(signatureInBrief(signatures([{ state: 'invalid' }, keyless(workflow)]))).toBe(
      'Signed by release.yml@refs/tags/v1',
    );
    expect(signatureInBrief(signatures([keyless('x'.repeat(2000))])).length).toBeLessThan(60);
    const key = { state: 'valid', signer: { kind: 'key', fingerprint: `sha256:${'ab'.repeat(32)}`, logged: true } };
    expect(signatureInBrief(signatures([key]))).toBe('Signed by key sha256:abababab…ababab');
  });
});

describe('what a list says of CI and tokens', () => {
  it('calls weak what is weak', () => {
    expect(ciInBrief(null)).toBe('No CI run known');
    expect(ciInBrief({ ...NOTHING, announcement: 3 })).toBe('Announced by CI');
    expect(ciInBrief({ ...NOTHING, ci: { how: 'concurrent', run: null } })).toContain('weak');
  });

  it('says how surely a token is known', () => {
    const kept = { strength: 'deduced', by: 'token-list', account: null, uses: [] } as const;
    const words = (...given: Parameters<typeof strengthOf>) => {
      const { strength, by } = strengthOf(...given);
      return strengthInWords(strength, by);
    };
    expect(words(kept, 'dockerhub', true)).toBe('deduced: only its last use fits');
    expect(words({ ...kept, strength: 'named', by: 'audit-log' }, 'dockerhub', true)).toBe(
      'named by the registry’s log',
    );
    expect(words({ ...kept, strength: 'ambiguous' }, 'dockerhub', true)).toBe('not named: one of these');
    expect(words(null, 'github', true)).toBe('named by the webhook');
    // Docker Hub's webhook is unsigned, and an account may have many tokens.
    expect(words(null, 'dockerhub', true)).toBe('token not named');
    expect(words(null, 'github', false)).toBe('token not named');
  });
});

describe('a policy in words', () => {
  const policy: Policy = {
    pushers: null,
    immutableTags: [],
    rollbacks: 'allow',
    ci: { mode: 'off', announceFirst: false, windowSeconds: 3600, identities: [] },
    signatures: { mode: 'off' },
    settleSeconds: 90,
    deadlineSeconds: 1800,
  };
  const line = (about: string, of: Policy): readonly string[] =>
    policyInWords(of).find((each) => each.about === about)?.says ?? [];

  it('says what it lets pass, too', () => {
    expect(line('Who may push', policy)).toEqual(['Any account']);
    expect(line('Who may push', { ...policy, pushers: [] })).toEqual(['Nobody: each push is told']);
    expect(line('CI', policy)).toEqual(['Not asked for']);
    expect(line('Signatures', policy)).toEqual(['Not asked for']);
    expect(line('Tokens', { ...policy, tokens: { ...DEFAULT_TOKENS, dormantDays: 0, freshMinutes: 0 } })).toEqual([
      'Any token of an expected account',
    ]);
  });

  it('names every condition of a workflow and a signer', () => {
    const identity = {
      oidcIssuer: 'https://issuer.example',
      repositoryId: '17',
      repository: 'org/app',
      workflow: 'release.yml',
      refPattern: 'refs/tags/v*',
      environment: 'production',
      event: 'push',
    };
    const [, , said] = line('CI', {
      ...policy,
      ci: { ...policy.ci, mode: 'require', announceFirst: true, identities: [identity] },
    });
    for (const value of Object.values(identity)) expect(said).toContain(value);
    const signer = { keyless: { oidcIssuer: 'https://issuer.example', identity: { subject: 'me@example.org' } } };
    const says = line('Signatures', { ...policy, signatures: { mode: 'require', authorities: [[signer], [signer]] } });
    expect(says).toEqual([
      'Each push must be signed',
      'One of these must have signed:',
      'me@example.org, vouched for by https://issuer.example',
      'And one of these:',
      'me@example.org, vouched for by https://issuer.example',
    ]);
  });
});
