import { describe, expect, test } from 'vitest';
import type { Authority } from '../../../src/domain/authority.ts';
import { evaluate } from '../../../src/domain/evaluate.ts';
import type { SignatureEvidence } from '../../../src/domain/signature.ts';
import { isSigned, signaturesAreValid } from '../../../src/domain/signature-rules.ts';
import {
  ask,
  DEADLINE,
  evidence,
  expected,
  type Given,
  MINUTE,
  NEW,
  OTHER,
  policy,
  push,
  releaseWorkflow,
  SETTLED,
  signature,
  signatures,
  T,
  told,
  unreadable,
} from './cases.ts';

const signed = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow]] } });
const found = (evidenced: SignatureEvidence | null): Given => ({ evidence: { signatures: evidenced } });
const stranger = signature({ source: NEW }, { subject: 'mallory@example.com' });
const forged = signature({ state: 'invalid', problem: 'bad-signature', reason: 'does not verify', signer: null });
const otherKey = signature({ state: 'invalid', problem: 'unknown-key', reason: 'no key fits', signer: null });
const unverified = signature({ state: 'unavailable', problem: 'trusted-root', reason: 'stale', signer: null });
const notation = signature({ state: 'unsupported', problem: 'unsupported', signer: null, format: 'notation' });
const SPDX = 'https://spdx.dev/Document';
const SLSA = 'https://slsa.dev/provenance/v1';
const sbom = signature({ predicateType: SPDX });
const provenance = signature({ predicateType: 'https://slsa.dev/provenance/v1' });

describe('somebody whom the policy names signed it', () => {
  test.each<[string, Given, string]>([
    ['not required', { policy: policy(), now: DEADLINE }, 'satisfied'],
    ['only observed', { policy: policy({ signatures: { mode: 'observe' } }), now: DEADLINE }, 'satisfied'],
    ['untagged', { push: { tag: '' }, now: DEADLINE }, 'satisfied'],
    ['at once', found(signatures(signature())), 'satisfied'],
    ['by provenance, which says the same', found(signatures(provenance)), 'satisfied'],
    ['beside a stranger', { ...found(signatures(stranger, signature())), now: DEADLINE }, 'satisfied'],
    ['beside a forgery', { ...found(signatures(forged, signature())), now: DEADLINE }, 'satisfied'],
    ['though a place did not answer', found(unreadable(signature())), 'satisfied'],

    ['nothing, before the deadline', { now: DEADLINE - 1 }, 'waits signature 30'],
    ['nothing, at the deadline', { now: DEADLINE }, 'unsigned'],
    ['nothing, and expected by a maintainer', { evidence: told(expected()), now: DEADLINE }, 'unsigned'],
    ['an SBOM only', { ...found(signatures(sbom)), now: DEADLINE }, 'unsigned'],
    ['a Notation signature only', { ...found(signatures(notation)), now: DEADLINE }, 'unsigned'],

    [
      'an SBOM by another key',
      { ...found(signatures({ ...otherKey, predicateType: SPDX })), now: SETTLED },
      'waits signature 30',
    ],
    [
      'an SBOM of another Sigstore',
      { ...found(signatures({ ...forged, predicateType: SPDX })), now: SETTLED },
      'waits signature 30',
    ],
    [
      'the same, at the deadline',
      { ...found(signatures({ ...forged, predicateType: SPDX })), now: DEADLINE },
      'unsigned',
    ],
    ['a stranger, before things settle', { ...found(signatures(stranger)), now: SETTLED - 1 }, 'waits signature 2'],
    ['a stranger', { ...found(signatures(stranger)), now: SETTLED }, 'untrusted-signer'],
    ['another key', { ...found(signatures(otherKey)), now: SETTLED }, 'untrusted-signer'],
    ['another root', { ...found(signatures(signature({ trustedRoot: 'ours' }))), now: SETTLED }, 'untrusted-signer'],
    ['about another digest', { ...found(signatures(signature({ about: OTHER }))), now: DEADLINE }, 'unsigned'],

    ['a stranger, a place unread', { ...found(unreadable(stranger)), now: DEADLINE - 1 }, 'waits signature 30'],
    ['a stranger, a place never read', { ...found(unreadable(stranger)), now: DEADLINE }, 'lacks signature'],
    ['nothing, a place never read', { ...found(unreadable()), now: DEADLINE }, 'lacks signature'],
    ['not looked for', { ...found(null), now: DEADLINE }, 'lacks signature'],
    ['one that we could not verify', { ...found(signatures(unverified)), now: DEADLINE }, 'lacks signature'],
    ['digest not known', { push: { digest: null }, now: DEADLINE }, 'lacks signature'],
    [
      'a digest that the registry does not have',
      { push: { digest: null }, evidence: { readBack: { state: 'absent' } }, now: DEADLINE },
      'satisfied',
    ],
  ])('%s', (_, given, answer) => {
    expect(ask(isSigned, { policy: signed, ...given })).toBe(answer);
  });

  test('a policy from before authorities were named decides nothing about what is signed', () => {
    const old = policy({ signatures: { mode: 'require' } });
    expect(ask(isSigned, { policy: old, ...found(signatures(signature())) })).toBe('lacks signature-verification');
    expect(ask(isSigned, { policy: old, now: DEADLINE })).toBe('unsigned');
  });

  test('one of every list', () => {
    const auditor: Authority = { keyless: { oidcIssuer: 'https://accounts.example', identity: { subject: 'a@b.c' } } };
    const both = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow], [auditor]] } });
    const either = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow, auditor]] } });
    const given = { ...found(signatures(signature())), now: DEADLINE };
    expect(ask(isSigned, { policy: both, ...given })).toBe('unsigned');
    expect(ask(isSigned, { policy: either, ...given })).toBe('satisfied');
  });

  test('the authority asks for a statement: its signature alone is not enough, and is no stranger’s', () => {
    const attested = { ...releaseWorkflow, attestations: [{ predicateType: 'https://spdx.dev/Document' }] };
    const asks = policy({ signatures: { mode: 'require', authorities: [[attested]] } });
    expect(ask(isSigned, { policy: asks, ...found(signatures(signature())), now: DEADLINE })).toBe('unsigned');
    expect(ask(isSigned, { policy: asks, ...found(signatures(sbom)) })).toBe('satisfied');
    const strange = signature({ predicateType: 'https://spdx.dev/Document' }, { subject: 'mallory@example.com' });
    expect(ask(isSigned, { policy: asks, ...found(signatures(strange)), now: SETTLED })).toBe('untrusted-signer');
  });
});

describe('an index', () => {
  const amd64 = `sha256:${'a'.repeat(64)}` as const;
  const arm64 = `sha256:${'b'.repeat(64)}` as const;
  const index = (...about: (typeof amd64)[]): Given => ({
    evidence: {
      signatures: { ...signatures(...about.map((one) => signature({ about: one }))), children: [amd64, arm64] },
    },
    push: { kind: 'index' },
    now: DEADLINE,
  });

  test.each<[string, Given, string]>([
    ['is covered if each child is signed', index(amd64, arm64), 'satisfied'],
    ['is not covered by one child', index(amd64), 'unsigned'],
    ['is not covered by one child twice', index(amd64, amd64), 'unsigned'],
    ['is covered by its own signature', index(NEW), 'satisfied'],
  ])('%s', (_, given, answer) => {
    expect(ask(isSigned, { policy: signed, ...given })).toBe(answer);
  });

  test('is not decided while a child that could be signed is unread, and is once another is not', () => {
    const unreadChild = (...about: (typeof amd64)[]): Given => {
      const known = signatures(...about.map((one) => signature({ about: one })));
      const places = [...known.places, { place: 'sig-tag', state: 'unavailable', about: arm64 } as const];
      return { evidence: { signatures: { ...known, places, children: [amd64, arm64] } }, now: DEADLINE };
    };
    expect(ask(isSigned, { policy: signed, ...unreadChild(amd64) })).toBe('lacks signature');
    expect(ask(isSigned, { policy: signed, ...unreadChild() })).toBe('unsigned');
  });

  test('covers its children', () => {
    const child = { ...signatures(signature({ about: OTHER })), indexes: [OTHER] };
    expect(ask(isSigned, { policy: signed, ...found(child) })).toBe('satisfied');
  });
});

describe('no signature fails verification', () => {
  test.each<[string, Given, string]>([
    ['a forgery, before things settle', { ...found(signatures(forged)), now: SETTLED - 1 }, 'waits signature 2'],
    ['a forgery', { ...found(signatures(forged)), now: SETTLED }, 'invalid-signature'],
    ['a forgery beside a trusted one', { ...found(signatures(forged, signature())), now: DEADLINE }, 'satisfied'],
    ['a forgery, a place unread', { ...found(unreadable(forged)), now: DEADLINE }, 'satisfied'],
    ['not required', { policy: policy(), ...found(signatures(forged)), now: DEADLINE }, 'satisfied'],
    ['nothing', { now: DEADLINE }, 'satisfied'],
    ['an SBOM that fails', { ...found(signatures({ ...forged, predicateType: SPDX })), now: DEADLINE }, 'satisfied'],
    [
      'provenance that fails',
      { ...found(signatures({ ...forged, predicateType: SLSA })), now: SETTLED },
      'invalid-signature',
    ],
  ])('%s', (_, given, answer) => {
    expect(ask(signaturesAreValid, { policy: signed, ...given })).toBe(answer);
  });
});

describe('late evidence', () => {
  const judge = (evidenced: SignatureEvidence, now: number) =>
    evaluate(signed, push(), evidence({ signatures: evidenced }), now);

  test('a stranger first is told after the settle time, and the right one is still waited for', () => {
    expect(judge(signatures(stranger), SETTLED)).toMatchObject({
      verdict: 'rogue',
      findings: [{ code: 'untrusted-signer', found: [{ signer: 'mallory@example.com' }] }],
      wants: ['signature'],
      next: DEADLINE,
    });
    expect(judge(signatures(stranger), DEADLINE).next).toBeNull();
    expect(judge(signatures(stranger, signature()), DEADLINE - MINUTE).verdict).toBe('trusted');
  });

  test('a stranger and a forgery are two findings', () => {
    const codes = judge(signatures(stranger, forged), DEADLINE).findings.map(({ code }) => code);
    expect(codes).toEqual(['untrusted-signer', 'invalid-signature']);
  });

  test('what is there instead of a signature is told', () => {
    expect(judge(signatures(notation, sbom), DEADLINE).findings).toEqual([
      {
        code: 'unsigned',
        expected: ['https://github.com/octo/app/.github/workflows/release.yml@refs/tags/v1.2.3'],
        instead: ['notation', 'https://spdx.dev/Document'],
      },
    ]);
  });

  test('nothing is found before it can be', () => {
    expect(judge(signatures(), T)).toMatchObject({ verdict: 'pending', next: DEADLINE });
  });
});
