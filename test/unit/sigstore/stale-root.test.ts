import { describe, expect, test } from 'vitest';
import { content, flip, type Loose, trust, verify } from './made.ts';

/** What is taken out of a root, and a signature that needs it. */
const LACKING: readonly {
  readonly what: string;
  readonly of: string;
  readonly problem: string;
  change(root: Loose): void;
}[] = [
  {
    what: 'its certificate authority',
    of: 'keyless v0.3',
    problem: 'certificate',
    change: (root) => {
      root.certificateAuthorities = [];
    },
  },
  {
    what: 'its log',
    of: 'keyless v0.3',
    problem: 'transparency-log',
    change: (root) => {
      root.tlogs.shift();
    },
  },
  {
    what: 'the log of its certificate',
    of: 'keyless v0.3',
    problem: 'certificate',
    change: (root) => {
      root.ctlogs[0].logId.keyId = flip(root.ctlogs[0].logId.keyId);
    },
  },
  {
    what: 'its timestamp authority',
    of: 'keyless v0.3, Rekor v2',
    problem: 'timestamp',
    change: (root) => {
      root.timestampAuthorities = [];
    },
  },
];

describe('what a trusted root lacks', () => {
  test.each(LACKING)('$what: worth nothing under the present root', async ({ of, change, problem }) => {
    expect(await verify(content(of), trust({ change }))).toMatchObject({ state: 'invalid', problem });
  });

  test.each(LACKING)('$what: may be our fault under a stale one', async ({ of, change }) => {
    const found = await verify(content(of), trust({ change, stale: true }));
    expect(found).toMatchObject({ state: 'unavailable', problem: 'trusted-root', signer: null });
  });

  test('is no excuse for what is forged', async () => {
    const found = await verify(
      content('keyless v0.3', ({ bundle }) => {
        bundle.dsseEnvelope.signatures[0].sig = flip(bundle.dsseEnvelope.signatures[0].sig);
      }),
      trust({ stale: true }),
    );
    expect(found).toMatchObject({ state: 'invalid', problem: 'bad-signature' });
  });

  test('is no matter if another root has it', async () => {
    const [lacking, whole] = [
      trust({
        stale: true,
        change: (root) => {
          root.certificateAuthorities = [];
        },
      }),
      trust({ roots: ['private'] }),
    ];
    const roots = [...lacking.roots.map((root) => ({ ...root, name: 'lacking' })), ...whole.roots];
    expect(await verify(content('keyless v0.3'), { roots, keys: [] })).toMatchObject({
      state: 'valid',
      trustedRoot: 'private',
    });
  });
});

describe('a trusted root that cannot be used', () => {
  const broken = trust({
    change: (root) => {
      root.tlogs[0].publicKey.validFor = undefined;
    },
  });

  test('makes what needs it unavailable, and says why', async () => {
    const found = await verify(content('keyless v0.3'), broken);
    expect(found).toMatchObject({ state: 'unavailable', problem: 'trusted-root' });
    expect(found.reason).toContain('private cannot be read: transparency log 1');
  });

  test('does no harm to what another root verifies, or a key', async () => {
    const roots = [...broken.roots, ...trust({ roots: ['quiet'] }).roots];
    expect(await verify(content('keyless v0.3, no log'), { roots, keys: [] })).toMatchObject({ state: 'valid' });
    expect(await verify(content('key P-256'), { ...trust({ keys: ['P-256'] }), roots })).toMatchObject({
      state: 'valid',
    });
  });

  test('leaves open whether a key was logged', async () => {
    const { keys } = trust({ keys: ['P-256'], transparencyLog: 'require' });
    const found = await verify(content('key P-256, logged'), { ...broken, keys });
    expect(found).toMatchObject({ state: 'unavailable', problem: 'trusted-root' });
  });

  test('no root at all makes every certificate one of a stranger', async () => {
    const found = await verify(content('keyless v0.3'), trust({ roots: [] }));
    expect(found).toMatchObject({ state: 'invalid', problem: 'certificate' });
  });
});
