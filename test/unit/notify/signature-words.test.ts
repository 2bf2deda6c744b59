import { describe, expect, it } from 'vitest';
import type { Finding, SignatureFound } from '../../../src/domain/finding.ts';
import type { SignaturePlaceName, SignatureProblem } from '../../../src/domain/signature.ts';
import { explainSignature, listInWords, placeWords, problemWords } from '../../../src/notify/signature-words.ts';
import { slackMessage } from '../../../src/notify/slack-message.ts';
import { signatureBlocks } from '../../../src/notify/slack-signatures.ts';
import { alertFacts, notificationOf } from '../../fixtures/notifications.ts';

const PROBLEMS = [
  'malformed',
  'wrong-digest',
  'other-subject',
  'bad-signature',
  'unknown-key',
  'certificate',
  'transparency-log',
  'timestamp',
  'trusted-root',
  'self-test',
  'unreadable',
  'unsupported',
] as const satisfies readonly SignatureProblem[];
const PLACES = [
  'referrers-api',
  'fallback-tag',
  'sig-tag',
  'att-tag',
  'github-attestations',
] as const satisfies readonly SignaturePlaceName[];

const STRANGER = 'https://github.com/mallory/app/.github/workflows/release.yml@refs/heads/main';
const found: SignatureFound = {
  place: 'sig-tag',
  signer: STRANGER,
  oidcIssuer: 'https://token.actions.githubusercontent.com',
  problem: null,
  reason: null,
};
const failing: SignatureFound = {
  ...found,
  signer: null,
  oidcIssuer: null,
  problem: 'other-subject',
  reason: 'names sha256:00',
};

describe('words about signatures', () => {
  it('tell every problem and every place from every other', () => {
    expect(new Set(PROBLEMS.map(problemWords)).size).toBe(PROBLEMS.length);
    expect(new Set(PLACES.map(placeWords)).size).toBe(PLACES.length);
  });

  const untrusted = (more: Partial<SignatureFound>[], expected = ['release job']) =>
    explainSignature({ code: 'untrusted-signer', found: more.map((each) => ({ ...found, ...each })), expected });

  it('name a stranger, and who should have signed', () => {
    expect(untrusted([{}], ['release job', 'key sha256:eeee']).explanation).toBe(
      `The signature is sound; its signer ${STRANGER} is not one you named. You named release job and key sha256:eeee.`,
    );
    expect(untrusted([{}, {}]).explanation).not.toContain('other');
    expect(untrusted([{}, { signer: 'b' }]).explanation).toContain('named, and there is one other.');
    expect(untrusted([{}, { signer: 'b' }, { signer: 'c' }]).explanation).toContain('named, and there are 2 others.');
  });

  it('do not call a signature sound that may have been made by anything', () => {
    const { explanation } = untrusted([{ signer: null, oidcIssuer: null, problem: 'unknown-key' }]);
    expect(explanation).toContain('none of the keys that you named made it');
    expect(explanation).not.toContain('sound');
  });

  it('say of the right signer that it is what else the policy asks', () => {
    expect(untrusted([{}], [STRANGER]).explanation).toContain('whom you named; it does not meet what else');
  });

  it.each(PROBLEMS)('say what is the matter with a signature that fails for %s', (problem) => {
    const { explanation } = explainSignature({ code: 'invalid-signature', found: [{ ...failing, problem }] });
    expect(explanation).toBe(
      `A signature is attached to this digest and is worth nothing: it ${problemWords(problem)}.`,
    );
  });

  it('say what an unsigned image has instead', () => {
    const unsigned = (instead: string[]) =>
      explainSignature({ code: 'unsigned', expected: ['release job'], instead }).explanation;
    expect(unsigned([])).toMatch(/none has one\.$/);
    expect(unsigned(['notation', 'https://spdx.dev/Document', 'unknown'])).toMatch(
      /instead: a Notation signature, which is not checked here, a statement \(https:\/\/spdx\.dev\/Document\) and something that is not known here\.$/,
    );
  });

  it.each([
    [[], 'nobody'],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'a, b, c, d, e and 2 more'],
  ])('list %j as %s', (names, words) => expect(listInWords(names)).toBe(words));
});

describe('an alert about signatures', () => {
  const text = (findings: Finding[]): string =>
    signatureBlocks(findings)
      .map((block) => JSON.stringify(block))
      .join('');

  it('shows place, identity, who was expected and the reason', () => {
    const findings: Finding[] = [
      { code: 'untrusted-signer', found: [found], expected: ['release job'] },
      { code: 'invalid-signature', found: [failing] },
    ];
    const message = slackMessage(notificationOf({ kind: 'opened', alert: alertFacts({ findings }) }));
    const section = message.blocks.find((block) => JSON.stringify(block).includes('Signatures found'));
    expect(section).toMatchObject({
      text: {
        text: [
          '*Signatures found*',
          `• by \`${STRANGER}\` of \`https://token.actions.githubusercontent.com\`, at cosign’s tag sha256-….sig`,
          '• by nobody that can be made sure of, at cosign’s tag sha256-….sig: it is about another image (“names sha256:00”)',
          '*Should be signed by* `release job`',
        ].join('\n'),
      },
    });
  });

  it('says who should have signed what nobody signed, and nothing where it is not about signatures', () => {
    expect(text([{ code: 'unsigned', expected: ['a', 'b'], instead: [] }])).toContain(
      '*Should be signed by* `a` or `b`',
    );
    expect(text([{ code: 'unreported-push' }])).toBe('');
  });

  it('cuts a long reason and renders a hostile identity inert', () => {
    const hostile = '<!channel> `*x*` <https://evil.example|safe>\u202E';
    const some = text([
      {
        code: 'untrusted-signer',
        found: [{ ...found, signer: hostile, reason: 'r'.repeat(5000) }],
        expected: [hostile],
      },
    ]);
    expect(some).not.toMatch(/<|\u202E/);
    expect(some).toContain('&lt;!channel&gt;');
    expect(some.length).toBeLessThan(1200);
  });
});
