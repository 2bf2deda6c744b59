import { describe, expect, test } from 'vitest';
import { content, NAMES, OTHER, trust, verify } from './made.ts';
import { TWINS, trustOf } from './twins.ts';

describe('a forged twin is refused for its own reason', () => {
  test.each(TWINS.map((twin) => [twin.of, twin.what, twin.problem, twin] as const))(
    '%s, %s: %s',
    async (_of, _what, problem, twin) => {
      const found = await verify(content(twin.of, twin.change), trustOf(twin));
      expect(found).toMatchObject({ state: 'invalid', problem, signer: null, trustedRoot: null, signedAt: null });
      expect(found.provenance).toBeNull();
      expect(found.reason).toMatch(/\S/);
    },
  );

  test('the good one of each is not', async () => {
    for (const twin of TWINS) {
      if (twin.change === undefined && twin.changeRoot === undefined) continue;
      const found = await verify(content(twin.of), trustOf({ ...twin, changeRoot: undefined }));
      expect([twin.of, found.state, found.reason]).toEqual([twin.of, 'valid', null]);
    }
  });
});

test('no signature of an image vouches for another', async () => {
  for (const name of NAMES) {
    const trusted = trust({ roots: ['private', 'quiet'], keys: ['P-256', 'P-384', 'RSA', 'Ed25519'] });
    const found = await verify(content(name), trusted, { about: OTHER });
    if (name.includes('about another image')) expect([name, found.state]).toEqual([name, 'valid']);
    else expect([name, found.state, found.problem]).toEqual([name, 'invalid', 'other-subject']);
  }
});
