import { describe, expect, test } from 'vitest';
import { runSelfTest, selfTest } from '../../../src/sigstore/self-test.ts';
import { createSignatureVerifier } from '../../../src/sigstore/verifier.ts';
import { type Judged, verifyContent } from '../../../src/sigstore/verify-content.ts';
import { content, material, NAMES, trust } from './made.ts';

describe('the self-test', () => {
  test('passes in this runtime', () => {
    expect(runSelfTest()).toEqual({ ok: true });
    expect(selfTest()).toBe(selfTest());
  });

  const always = (judged: Partial<Judged>): typeof verifyContent => {
    return (...given) => ({ ...verifyContent(...given), ...judged });
  };

  test.each([
    [
      'refuses what is good',
      always({ state: 'invalid', problem: 'transparency-log', reason: 'no' }),
      'good signature was refused: no',
    ],
    [
      'cannot tell',
      always({ state: 'unavailable', problem: 'trusted-root', reason: 'no root' }),
      'good signature was refused: no root',
    ],
    ['accepts anything', always({ state: 'valid', problem: null }), 'was not refused'],
  ])('fails if the verifier %s', (_what, verify, reason) => {
    const result = runSelfTest(verify);
    expect(result).toMatchObject({ ok: false });
    expect(result.ok ? '' : result.reason).toContain(reason);
  });

  test('fails if what does not fit is refused for another reason', () => {
    let calls = 0;
    const result = runSelfTest((...given) => {
      calls += 1;
      return { ...verifyContent(...given), ...(calls === 2 ? { problem: 'certificate' } : {}) };
    });
    expect(result).toEqual({ ok: false, reason: expect.stringContaining('another reason: certificate') });
  });

  test('fails if the verifier throws', () => {
    const result = runSelfTest(() => {
      throw new Error('no such algorithm');
    });
    expect(result).toEqual({ ok: false, reason: 'no such algorithm' });
  });
});

describe('when the self-test fails', () => {
  const verifier = createSignatureVerifier({ selfTest: () => ({ ok: false, reason: 'P-384 is broken' }) });
  const trusted = trust({ roots: ['private', 'quiet'], keys: ['P-256', 'P-384', 'RSA', 'Ed25519'] });

  test('every signature is unavailable, none is invalid', async () => {
    const found = await verifier.verify(
      NAMES.map((name) => material(content(name))),
      trusted,
    );
    expect(found).toHaveLength(NAMES.length);
    for (const each of found)
      expect(each).toMatchObject({
        state: 'unavailable',
        problem: 'self-test',
        reason: 'P-384 is broken',
        signer: null,
      });
  });

  test('what wants no cryptography is still told', async () => {
    const found = await verifier.verify(
      [
        material({ kind: 'notation' }),
        material({ kind: 'unreadable', reason: '503' }),
        material({ kind: 'broken', problem: 'malformed', reason: 'too long' }),
        material(content('keyless v0.3')),
      ],
      trusted,
    );
    expect(found.map(({ problem }) => problem)).toEqual(['unsupported', 'unreadable', 'malformed', 'self-test']);
  });

  test('it is not run for what wants none', async () => {
    let runs = 0;
    const counting = createSignatureVerifier({
      selfTest: () => {
        runs += 1;
        return { ok: true };
      },
    });
    await counting.verify([material({ kind: 'notation' })], trusted);
    await counting.verify([], trusted);
    expect(runs).toBe(0);
    await counting.verify([material(content('keyless v0.3'))], trusted);
    expect(runs).toBe(1);
  });
});
