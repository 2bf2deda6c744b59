import { describe, expect, test } from 'vitest';
import type { AuthorityLists } from '../../../src/domain/authority.ts';
import type { Finding } from '../../../src/domain/finding.ts';
import type { FoundSignature, SignatureEvidence } from '../../../src/domain/signature.ts';
import { signatureStory } from '../../../src/usecases/signature-story.ts';

const T = Date.UTC(2026, 10, 21, 12);
const DIGEST = `sha256:${'1'.repeat(64)}` as const;
const ISSUER = 'https://accounts.google.com';

/** A valid signature of an image by an identity, made so many seconds after the push. */
function signature(subject: string, second: number | null): FoundSignature {
  const nothing = {
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
  return {
    place: 'sig-tag',
    image: 'docker.io/org/app',
    about: DIGEST,
    source: DIGEST,
    format: 'cosign-signature',
    state: 'valid',
    problem: null,
    reason: null,
    signer: { kind: 'keyless', oidcIssuer: ISSUER, subject, certificate: nothing },
    trustedRoot: 'public-good',
    predicateType: null,
    provenance: null,
    signedAt: second === null ? null : T + second * 1000,
    logIndex: '1',
  };
}

const authorities: AuthorityLists = [
  [{ name: 'release job', keyless: { oidcIssuer: ISSUER, identity: { subject: 'right@example.org' } } }],
];
const stranger: Finding = {
  code: 'untrusted-signer',
  found: [{ place: 'sig-tag', signer: 'wrong@example.org', oidcIssuer: ISSUER, problem: null, reason: null }],
  expected: ['release job'],
};
const unsigned: Finding = { code: 'unsigned', expected: ['release job'], instead: [] };
const invalid: Finding = { code: 'invalid-signature', found: [] };

const story = (findings: Finding[], ...found: FoundSignature[]): string | null => {
  const signatures: SignatureEvidence = { places: [], found, children: [], indexes: [], runs: [] };
  return signatureStory({ findings, signatures, authorities, openedAt: T + 120_000, now: T + 300_000 });
};
const right = (second: number | null) => signature('right@example.org', second);
const wrong = (second: number | null) => signature('wrong@example.org', second);

describe('the story of a cleared alert', () => {
  test.each<[string, Finding[], FoundSignature[], string | null]>([
    [
      'the wrong one first, the right one after',
      [stranger],
      [wrong(100), right(140)],
      'A signature by wrong@example.org came first; the right one, by right@example.org, followed 40 s later.',
    ],
    [
      'the right one was made before, and found later',
      [stranger],
      [wrong(100), right(90)],
      'A signature by wrong@example.org came first; the right one, by right@example.org, was found 3 min after the alert.',
    ],
    [
      'nothing says when it was made',
      [stranger],
      [wrong(100), right(null)],
      'A signature by wrong@example.org came first; the right one, by right@example.org, was found 3 min after the alert.',
    ],
    [
      'signed late',
      [unsigned],
      [right(240)],
      'Nobody had signed it in time; right@example.org signed it 2 min after the alert.',
    ],
    [
      'signed in time, found late',
      [unsigned],
      [right(10)],
      'Nobody had signed it in time; right@example.org has signed it, which was found 3 min after the alert.',
    ],
    [
      'signed again',
      [invalid],
      [right(130)],
      'A signature that is worth nothing came first; right@example.org signed it 10 s after the alert.',
    ],
    ['the earliest of several right ones counts', [stranger], [wrong(1), right(3601), right(11)], null],
    ['nobody right has signed', [stranger], [wrong(100)], null],
    ['it was not about signatures', [{ code: 'unreported-push' }], [right(100)], null],
  ])('%s', (name, findings, found, expected) => {
    const told = story(findings, ...found);
    if (name.startsWith('the earliest')) expect(told).toContain('followed 10 s later');
    else expect(told).toBe(expected);
  });

  test('stays short, however long the names', () => {
    const finding: Finding = {
      ...stranger,
      found: [{ ...(stranger as Extract<Finding, { code: 'untrusted-signer' }>).found[0], signer: 'x'.repeat(5000) }],
    } as Finding; // the one above
    expect(story([finding], right(10))?.length).toBeLessThan(500);
  });
});
