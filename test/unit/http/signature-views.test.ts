import { describe, expect, test } from 'vitest';
import { signatureAnswer, verifyAnswer } from '../../../src/http/schemas/signatures.ts';
import { signatureView, verifyView } from '../../../src/http/signature-views.ts';
import type { VerifiedImage } from '../../../src/usecases/verify-image.ts';
import { NEW, OLD, signature, signatures, T, unreadable } from '../domain/cases.ts';

const REFERENCE = { image: { registry: 'ghcr.io', path: 'octo/app' }, tag: '1.0.0', digest: null };
const REQUESTS = { made: 7, limit: 50 };

const present = (more: Partial<Extract<VerifiedImage, { state: 'present' }>> = {}) => ({
  state: 'present' as const,
  digest: NEW,
  kind: 'manifest' as const,
  subject: null,
  tagDigest: null,
  signatures: { ...signatures(signature()), trust: 'x', roots: [{ name: 'public-good', id: OLD, stale: false }] },
  policy: null,
  ...more,
});

describe('a signature in the API', () => {
  test('is described by its schema, whole', () => {
    const view = signatureView(signature());
    expect(signatureAnswer.parse(view)).toEqual(view);
    expect(view.signedAt).toBe(new Date(T + 60_000).toISOString());
  });

  test.each([
    ['42', 'public-good', 'https://search.sigstore.dev/?logIndex=42'],
    ['42', 'ours', null],
    ['42', null, null],
    [null, 'public-good', null],
    ['4"><script>', 'public-good', null],
    ['-1', 'public-good', null],
  ])('of log index %s under root %s links to %s', (logIndex, trustedRoot, url) => {
    expect(signatureView(signature({ logIndex, trustedRoot })).logUrl).toBe(url);
  });
});

describe('a verified image in the API', () => {
  test('is described by its schema, whole', () => {
    for (const verified of [present(), { state: 'unavailable' as const, reason: '503' }]) {
      const view = verifyView(REFERENCE, verified, REQUESTS);
      expect(verifyAnswer.parse(view)).toEqual(view);
    }
  });

  const kept = (evidence: ReturnType<typeof signatures>, stale = false) => ({
    ...evidence,
    trust: 'x',
    roots: [{ name: 'ours', id: OLD, stale }],
  });
  test.each<[string, ReturnType<typeof present>, string[]]>([
    ['nothing', present(), []],
    [
      'a digest that is a signature',
      present({ kind: 'artifact', subject: OLD }),
      [`This is no image but a signature or a statement about ${OLD}.`],
    ],
    [
      'Notation',
      present({ signatures: kept(signatures(signature({ format: 'notation', state: 'unsupported', signer: null }))) }),
      ['A Notation signature is there. Pushwarden does not verify Notation.'],
    ],
    [
      'a root out of date',
      present({ signatures: kept(signatures(), true) }),
      [expect.stringMatching(/trusted root ours/)],
    ],
    ['what did not answer', present({ signatures: kept(unreadable()) }), [expect.stringMatching(/^Not everything/)]],
  ])('says of %s what a person should know', (_, verified, notes) => {
    expect(verifyView(REFERENCE, verified, REQUESTS).notes).toEqual(notes);
  });

  test('is complete only if every place answered and every signature was decided', () => {
    const complete = (found: Parameters<typeof kept>[0]) =>
      verifyView(REFERENCE, present({ signatures: kept(found) }), REQUESTS).complete;
    expect(complete(signatures(signature()))).toBe(true);
    expect(complete(signatures(signature({ state: 'invalid' })))).toBe(true);
    expect(complete(signatures(signature({ state: 'unavailable' })))).toBe(false);
    expect(complete(unreadable(signature()))).toBe(false);
  });
});
