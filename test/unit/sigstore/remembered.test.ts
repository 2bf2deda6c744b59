import { describe, expect, test } from 'vitest';
import { createSignatureVerifier } from '../../../src/sigstore/verifier.ts';
import { verifyContent } from '../../../src/sigstore/verify-content.ts';
import type { Trust } from '../../../src/usecases/ports.ts';
import { content, flip, IMAGE, material, NAMES, OTHER, trust } from './made.ts';

/** A verifier that counts how often it really verifies. */
function counting(remembered?: number) {
  const calls: string[] = [];
  const verifier = createSignatureVerifier({
    remembered,
    verifyContent: (what, ...rest) => {
      calls.push(what.kind);
      return verifyContent(what, ...rest);
    },
  });
  return { calls, verifier };
}

const broken: Trust['roots'] = trust({
  stale: true,
  change: (root) => {
    root.certificateAuthorities = [];
  },
}).roots;

describe('a verdict', () => {
  test('costs no cryptography the second time, and is the same', async () => {
    const { calls, verifier } = counting();
    const all = NAMES.map((name) => material(content(name)));
    const trusted = trust({ roots: ['private', 'quiet'], keys: ['P-256', 'P-384', 'RSA', 'Ed25519'] });
    const first = await verifier.verify(all, trusted);
    expect(calls).toHaveLength(NAMES.length);
    expect(await verifier.verify(all, structuredClone(trusted))).toEqual(first);
    expect(calls).toHaveLength(NAMES.length);
  });

  test('is told for each place where the signature is', async () => {
    const { calls, verifier } = counting();
    const one = material(content('keyless v0.3'));
    const found = await verifier.verify(
      [one, { ...one, place: 'github-attestations', image: null, source: IMAGE }],
      trust(),
    );
    expect(found.map(({ place, image, source, state }) => [place, image, source, state])).toEqual([
      ['referrers-api', 'ghcr.io/octo-org/app', OTHER, 'valid'],
      ['github-attestations', null, IMAGE, 'valid'],
    ]);
    expect(calls).toHaveLength(1);
  });

  test.each<[string, () => [ReturnType<typeof material>, Trust]]>([
    ['another image', () => [material(content('keyless v0.3'), OTHER), trust()]],
    ['another root', () => [material(content('keyless v0.3')), trust({ roots: ['private', 'quiet'] })]],
    ['a root that has become stale', () => [material(content('keyless v0.3')), trust({ stale: true })]],
    ['a key', () => [material(content('keyless v0.3')), trust({ keys: ['P-256'] })]],
    [
      'a key that wants a log',
      () => [material(content('keyless v0.3')), trust({ keys: ['P-256'], transparencyLog: 'require' })],
    ],
    [
      'a bundle that differs in one bit',
      () => [
        material(
          content('keyless v0.3', ({ bundle }) => {
            bundle.dsseEnvelope.signatures[0].sig = flip(bundle.dsseEnvelope.signatures[0].sig);
          }),
        ),
        trust(),
      ],
    ],
  ])('is not taken for that of %s', async (_what, other) => {
    const { calls, verifier } = counting();
    await verifier.verify([material(content('keyless v0.3'))], trust());
    const [one, trusted] = other();
    await verifier.verify([one], trusted);
    expect(calls).toHaveLength(2);
  });

  test.each(['signature', 'certificate', 'bundle', 'timestamp'])('depends on the annotation %s', async (name) => {
    const { calls, verifier } = counting();
    const held = content('.sig, keyless');
    const altered = content('.sig, keyless', ({ annotations }) => {
      annotations[name] = `${annotations[name] ?? ''} `;
    });
    await verifier.verify([material(held), material(altered)], trust());
    expect(calls).toHaveLength(2);
  });

  test('that we could not reach is not remembered', async () => {
    const { calls, verifier } = counting();
    const one = material(content('keyless v0.3'));
    for (let n = 0; n < 3; n += 1) {
      const [found] = await verifier.verify([one], { roots: broken, keys: [] });
      expect(found?.state).toBe('unavailable');
    }
    expect(calls).toHaveLength(3);
  });

  test('is forgotten when there are many newer ones', async () => {
    const { calls, verifier } = counting(2);
    const of = (name: string) => verifier.verify([material(content(name))], trust());
    await of('keyless v0.1');
    await of('keyless v0.3');
    await of('keyless v0.1');
    expect(calls).toHaveLength(2);
    await of('keyless v0.3, stamped');
    await of('keyless v0.1');
    expect(calls).toHaveLength(3);
    await of('keyless v0.3');
    expect(calls).toHaveLength(4);
  });
});

describe('what does not change is checked once', () => {
  test('certificates of authorities are, other signatures each time', async () => {
    const nodeCrypto = process.getBuiltinModule('node:crypto');
    const real = nodeCrypto.verify;
    let checks = 0;
    nodeCrypto.verify = (...given: unknown[]) => {
      checks += 1;
      return real(...given);
    };
    try {
      const { verifier } = counting();
      // A root of its own, whose certificates nobody has looked at yet.
      const trusted = trust({ change: (root) => (root.certificateAuthorities[0].uri = 'https://once.test') });
      const cost = async (name: string) => {
        const before = checks;
        const [found] = await verifier.verify([material(content(name))], trusted);
        expect([name, found?.state]).toEqual([name, 'valid']);
        return checks - before;
      };
      // The self-test is behind us.
      await verifier.verify([material(content('keyless v0.3'))], trust());
      const first = await cost('keyless v0.3');
      // Certificate, promise of its log, promise and checkpoint of the entry's, signature.
      expect([first, await cost('keyless v0.3, provenance')]).toEqual([6, 5]);
      expect(await cost('keyless v0.3')).toBe(0);
      // With the timestamp's signature, and once the certificates of its authority, two of which have one key.
      expect([await cost('keyless v0.3, Rekor v2'), await cost('keyless v0.3, stamped')]).toEqual([8, 6]);
    } finally {
      nodeCrypto.verify = real;
    }
  });
});

describe('a root is known by its text', () => {
  test('not by a name that another text has', async () => {
    const { verifier } = counting();
    const one = material(content('keyless v0.3'));
    const [good] = trust().roots;
    const [bad] = broken;
    if (good === undefined || bad === undefined) throw new Error('no roots');
    const [first] = await verifier.verify([one], { roots: [good], keys: [] });
    const [second] = await verifier.verify([one], { roots: [{ ...bad, id: good.id, stale: false }], keys: [] });
    expect([first?.state, second?.problem]).toEqual(['valid', 'certificate']);
  });

  test('a key whose fingerprint is not that of its text verifies nothing', async () => {
    const { verifier } = counting();
    const { keys } = trust({ keys: ['P-256'] });
    const wrong = keys.map((key) => ({ ...key, fingerprint: OTHER }));
    const [found] = await verifier.verify([material(content('key P-256'))], { roots: [], keys: wrong });
    expect(found).toMatchObject({ state: 'invalid', problem: 'unknown-key' });
  });
});
