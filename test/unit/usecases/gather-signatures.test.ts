import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/domain/digest.ts';
import type { Evidence } from '../../../src/domain/evidence.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { FoundSignature } from '../../../src/domain/signature.ts';
import { isSigned } from '../../../src/domain/signature-rules.ts';
import {
  gatherSignatures,
  type KeptSignatures,
  type ParentIndexes,
  parentIndexes,
} from '../../../src/usecases/gather-signatures.ts';
import type { Registry, SignatureMaterial, SignatureSearch, TrustedRootData } from '../../../src/usecases/ports.ts';
import { createBudget } from '../../../src/usecases/request-budget.ts';
import { ask, DEADLINE, NEW, OLD, OTHER, policy, releaseWorkflow, signature, T } from '../domain/cases.ts';

const IMAGE = { registry: 'docker.io', path: 'octo/app' };
const asks = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow]] } });

const material = (about: Digest, source: Digest): SignatureMaterial => ({
  place: 'sig-tag',
  image: 'docker.io/octo/app',
  about,
  source,
  content: { kind: 'bundle', bytes: new Uint8Array() },
});

/** A registry that holds these materials, a verifier that says this of them, and what both were asked. */
function world(
  held: readonly SignatureMaterial[],
  verdict: (one: SignatureMaterial) => Partial<FoundSignature> = () => ({}),
  manifest: Evidence<Uint8Array> = { state: 'absent' },
) {
  const asked = {
    names: [] as string[][],
    searched: [] as Digest[],
    read: 0,
    verified: 0,
    runs: [] as string[],
    manifests: [] as Digest[],
  };
  let roots: TrustedRootData[] = [{ name: 'public-good', id: OLD, json: '{}', stale: false }];
  const search = (digest: Digest, known: ReadonlySet<Digest>): SignatureSearch => {
    const here = held.filter(({ about }) => about === digest);
    const materials = here.filter(({ source }) => !known.has(source));
    asked.searched.push(digest);
    asked.read += materials.length;
    return {
      places: [{ place: 'sig-tag', state: here.length > 0 ? 'present' : 'absent' }],
      materials,
      known: here.map(({ source }) => source).filter((source) => known.has(source)),
      children: [],
    };
  };
  const deps = {
    registry: {
      findSignatures: (_, digest, { known }) => Promise.resolve(search(digest, known)),
      manifestBytes(_, digest) {
        asked.manifests.push(digest);
        return Promise.resolve(manifest);
      },
    } as Partial<Registry> as Registry,
    verifier: {
      verify(materials: readonly SignatureMaterial[]) {
        asked.verified += materials.length;
        const found = materials.map((one) => signature({ about: one.about, source: one.source, ...verdict(one) }));
        return Promise.resolve(found);
      },
    },
    roots: {
      get(_: number, names: readonly string[]) {
        asked.names.push([...names]);
        return Promise.resolve(roots);
      },
    },
    runs: {
      lookUp(claims: { runUrl: string | null }) {
        asked.runs.push(claims.runUrl ?? '');
        const runUrl = claims.runUrl ?? '';
        return Promise.resolve({ runUrl, state: 'confirmed', reason: null, claims: null } as const);
      },
    },
  };
  const gather = (
    kept: KeptSignatures | null,
    indexes: readonly Digest[] | ParentIndexes = [],
    given: Policy = asks,
    image = IMAGE,
  ) =>
    gatherSignatures(deps, {
      teamId: 1,
      image,
      digest: NEW,
      policy: given,
      kept,
      indexes: () => Promise.resolve('listing' in indexes ? indexes : { listing: indexes, unread: [] }),
      pushedAt: T,
      requests: createBudget(50),
      now: T,
    });
  return {
    asked,
    gather,
    refresh: (id: Digest, stale = false) => (roots = [{ name: 'public-good', id, json: '{}', stale }]),
  };
}

describe('looking again', () => {
  test('reads and verifies only what is new', async () => {
    const held = [material(NEW, OLD)];
    const { asked, gather } = world(held);
    const first = await gather(null);
    expect(first.found).toHaveLength(1);
    held.push(material(NEW, OTHER));
    const second = await gather(first);
    expect(second.found.map(({ source }) => source)).toEqual([OLD, OTHER]);
    expect(asked).toMatchObject({ read: 2, verified: 2 });
  });

  test('forgets what is gone', async () => {
    const held = [material(NEW, OLD)];
    const { gather } = world(held);
    const first = await gather(null);
    held.pop();
    expect((await gather(first)).found).toEqual([]);
  });

  test('verifies anew with another trusted root or another key, and what could not be decided', async () => {
    const { asked, gather, refresh } = world([material(NEW, OLD)]);
    const first = await gather(null);
    refresh(OTHER);
    await gather(first);
    expect(asked.verified).toBe(2);
    const key = { data: 'PEM', fingerprint: OTHER, transparencyLog: 'ignore' } as const;
    await gather(first, [], policy({ signatures: { mode: 'require', authorities: [[{ key }]] } }));
    expect(asked.verified).toBe(3);

    const unsure = world([material(NEW, OLD)], () => ({ state: 'unavailable', problem: 'trusted-root' }));
    await unsure.gather(await unsure.gather(null));
    expect(unsure.asked.verified).toBe(2);
  });
});

describe('an index that lists the digest', () => {
  test('leaves the digest undecided while it cannot be read: registry trouble is never a missing signature', async () => {
    const inspect = () => Promise.resolve({ state: 'unavailable', reason: 'answered 500' } as const);
    const registry = { inspect } as Partial<Registry> as Registry;
    const found = await parentIndexes({ registry }, IMAGE, NEW, [OLD, OTHER], createBudget(1));
    expect(found).toMatchObject({
      listing: [],
      unread: [
        { index: OLD, reason: 'answered 500' },
        { index: OTHER, reason: /more requests/ },
      ].map((each) => ({ ...each, reason: expect.stringMatching(each.reason) })),
    });
    const { gather } = world([]);
    const evidence = await gather(null, found);
    expect(evidence.places).toContainEqual(expect.objectContaining({ state: 'unavailable', about: OLD }));
    expect(ask(isSigned, { policy: asks, evidence: { signatures: evidence }, now: DEADLINE })).toBe('lacks signature');
  });

  test('is asked if the digest has no trusted signature of its own', async () => {
    const { asked, gather } = world([material(OTHER, OLD)]);
    const evidence = await gather(null, [OTHER]);
    expect(asked.searched).toEqual([NEW, OTHER]);
    expect(evidence).toMatchObject({ indexes: [OTHER], found: [{ about: OTHER }] });
    expect(evidence.places).toContainEqual({ place: 'sig-tag', state: 'present', about: OTHER });
  });

  test('is not asked otherwise', async () => {
    const { asked, gather } = world([material(NEW, OLD)]);
    await gather(null, [OTHER]);
    expect(asked.searched).toEqual([NEW]);
  });

  test('is asked beside a stranger’s', async () => {
    const stranger = { trustedRoot: 'ours' };
    const { asked, gather } = world([material(NEW, OLD)], () => stranger);
    await gather(null, [OTHER]);
    expect(asked.searched).toEqual([NEW, OTHER]);
  });
});

describe('a bundle that cannot be verified without the bytes of the manifest', () => {
  const unsupported = (one: SignatureMaterial): Partial<FoundSignature> => {
    switch (one.content.kind) {
      case 'bundle':
        return one.content.artifact === undefined ? { state: 'unsupported', problem: 'unsupported', signer: null } : {};
      case 'unreadable':
        return { state: 'unavailable', problem: 'unreadable', reason: one.content.reason, signer: null };
      default:
        return {};
    }
  };

  test.each([
    [{ state: 'present', value: new Uint8Array(3) }, 'valid'],
    [{ state: 'absent' }, 'unsupported'],
    [{ state: 'unavailable', reason: 'answered 500' }, 'unavailable'],
  ] as const)('with %j is %s', async (manifest, state) => {
    const { asked, gather } = world([material(NEW, OLD), material(NEW, OTHER)], unsupported, manifest);
    const { found } = await gather(null);
    expect(found.map((one) => one.state)).toEqual([state, state]);
    expect(asked.manifests).toEqual([NEW]);
  });
});

test('roots are those that the policy names, the public one, and GitHub’s for GHCR', async () => {
  const { asked, gather } = world([]);
  const ours = { ...releaseWorkflow, trustedRoot: 'ours' };
  await gather(null, [], policy({ signatures: { mode: 'require', authorities: [[ours]] } }));
  await gather(null, [], asks, { registry: 'ghcr.io', path: 'octo/app' });
  expect(asked.names).toEqual([
    ['public-good', 'ours'],
    ['public-good', 'github'],
  ]);
});

test('a root that is not up to date is our fault only where the policy relies on it', async () => {
  const { gather, refresh } = world([]);
  refresh(OLD, true);
  const stale = async (given: Policy) => (await gather(null, [], given)).roots.map((root) => root.stale);
  const key = { data: 'PEM', fingerprint: OTHER, transparencyLog: 'ignore' } as const;
  const ours = { ...releaseWorkflow, trustedRoot: 'ours' };
  expect(await stale(asks)).toEqual([true]);
  expect(await stale(policy({ signatures: { mode: 'observe' } }))).toEqual([true]);
  expect(await stale(policy({ signatures: { mode: 'require', authorities: [[ours]] } }))).toEqual([false]);
  expect(await stale(policy({ signatures: { mode: 'require', authorities: [[ours], [{ key }]] } }))).toEqual([false]);
  const logged = { key: { ...key, transparencyLog: 'require' } } as const;
  expect(await stale(policy({ signatures: { mode: 'require', authorities: [[ours], [logged]] } }))).toEqual([true]);
});

describe('the run that a signature names', () => {
  const lookUp = policy({ ci: { mode: 'require', lookUpRun: true }, signatures: { mode: 'observe' } });

  test('is looked up once', async () => {
    const { asked, gather } = world([material(NEW, OLD)]);
    const first = await gather(null, [], lookUp);
    await gather(first, [], lookUp);
    expect(asked.runs).toEqual(['https://github.com/octo/app/actions/runs/7/attempts/1']);
  });

  test('is not looked up unless the policy says so', async () => {
    const { asked, gather } = world([material(NEW, OLD)]);
    await gather(null);
    expect(asked.runs).toEqual([]);
  });

  test('of an invalid signature is nobody’s business', async () => {
    const { asked, gather } = world([material(NEW, OLD)], () => ({ state: 'invalid', signer: null }));
    await gather(null, [], lookUp);
    expect(asked.runs).toEqual([]);
  });
});
