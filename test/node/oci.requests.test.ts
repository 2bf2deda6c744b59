import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { GitHubDouble } from '../../scripts/simulate/world/github.ts';
import { RegistryDouble } from '../../scripts/simulate/world/registry.ts';
import type { Digest } from '../../src/domain/digest.ts';
import { createAttestations } from '../../src/github/attestations.ts';
import { createRegistry } from '../../src/oci/registry.ts';
import {
  type Pushed,
  pushAttestation,
  pushBundle,
  pushFallbackIndex,
  pushImage,
  pushMultiArchImage,
  pushSignature,
} from '../fixtures/oci-images.ts';
import { kindsOf, type SearchOptions, searchOf, stateOf } from '../fixtures/signature-search.ts';

/**
 * How many requests it takes to read what is usually there. Cloudflare's Free plan allows 50 in one invocation. The doubles
 * behave as the two registries do: a token first, blobs at another address, a referrers API at Docker Hub only.
 */

const TOKEN = 'a-token';
const headers = { authorization: `Bearer ${TOKEN}` };

let hub: RegistryDouble;
let ghcr: RegistryDouble;
let github: GitHubDouble;

beforeAll(async () => {
  hub = await RegistryDouble.start({ token: TOKEN, storage: true });
  ghcr = await RegistryDouble.start({ token: TOKEN, storage: true, referrersApi: false });
  github = await GitHubDouble.start();
});
afterAll(() => Promise.all([hub.close(), ghcr.close(), github.close()]));

let images = 0;
let path = '';
beforeEach(() => {
  images += 1;
  path = `org${images}/app`;
});

type Host = 'docker.io' | 'ghcr.io';
const double = (host: Host): RegistryDouble => (host === 'docker.io' ? hub : ghcr);

/** A registry as an isolate has it that was just started. */
function connect() {
  return createRegistry({
    endpoints: new Map([
      ['docker.io', { url: hub.url, blobHosts: [hub.blobHost ?? ''] }],
      ['ghcr.io', { url: ghcr.url, blobHosts: [ghcr.blobHost ?? ''] }],
    ]),
    fetch,
    userAgent: 'test',
    attestations: createAttestations({
      apiUrl: github.url,
      bundleHosts: [github.bundleHost],
      fetch,
      userAgent: 'test',
    }),
  });
}

const asked = (): number =>
  [hub.requests, hub.downloads, ghcr.requests, ghcr.downloads, github.requests, github.downloads].reduce(
    (sum, { length }) => sum + length,
    0,
  );

async function count(host: Host, digest: Digest, options: SearchOptions = {}, registry = connect()) {
  const before = asked();
  const found = await searchOf(registry, { registry: host, path }, digest, options);
  return { found, requests: asked() - before };
}

const image = (host: Host): Promise<Pushed> => pushImage(double(host).url, path, 'v1', { headers });
const index = (host: Host) => pushMultiArchImage(double(host).url, path, 'v1', { headers });

interface Layout {
  readonly name: string;
  readonly host: Host;
  readonly make: (host: Host) => Promise<Pushed>;
  /** Of an isolate that has no token yet, and of one that has. */
  readonly cold: number;
  readonly warm: number;
  /** At the next look, when what is there is known. */
  readonly again: number;
  readonly kinds: readonly string[];
}

const cosign2 = (made: (host: Host) => Promise<Pushed>) => async (host: Host) => {
  const pushed = await made(host);
  await pushSignature(double(host).url, path, pushed.digest, { headers });
  return pushed;
};
const cosign3 = (made: (host: Host) => Promise<Pushed>) => async (host: Host) => {
  const pushed = await made(host);
  const bundle = await pushBundle(double(host).url, path, pushed, undefined, headers);
  // A client writes the fallback tag only where the registry has no referrers API.
  if (!double(host).referrersApi) {
    await pushFallbackIndex(double(host).url, path, pushed.digest, [bundle], { headers });
  }
  return pushed;
};
/** Provenance by `actions/attest`, kept by GitHub and pushed to the registry too. */
const attested = (made: (host: Host) => Promise<Pushed>) => async (host: Host) => {
  const pushed = await made(host);
  github.attest(path.split('/')[0] ?? '', pushed.digest, `{"about":"${pushed.digest}"}`);
  const provenance = await pushBundle(double(host).url, path, pushed, 'https://slsa.dev/provenance/v1', headers);
  await pushFallbackIndex(double(host).url, path, pushed.digest, [provenance], { headers });
  return pushed;
};
/** Each platform signed by itself. */
const children = async (host: Host) => {
  const pushed = await index(host);
  for (const { digest } of pushed.children) await pushSignature(double(host).url, path, digest, { headers });
  return pushed;
};
const everything = async (host: Host) => {
  const pushed = await attested(cosign2(index))(host);
  await pushAttestation(double(host).url, path, pushed.digest, headers);
  return pushed;
};

const LAYOUTS: readonly Layout[] = [
  { name: 'no signature', host: 'docker.io', make: image, cold: 7, warm: 5, again: 5, kinds: [] },
  { name: 'no signature', host: 'ghcr.io', make: image, cold: 9, warm: 7, again: 7, kinds: [] },
  { name: 'an index without one', host: 'docker.io', make: index, cold: 12, warm: 10, again: 10, kinds: [] },
  { name: 'an index without one', host: 'ghcr.io', make: index, cold: 14, warm: 12, again: 12, kinds: [] },
  {
    name: 'cosign 2',
    host: 'docker.io',
    make: cosign2(image),
    cold: 9,
    warm: 7,
    again: 4,
    kinds: ['sig-tag simple-signing'],
  },
  {
    name: 'cosign 2',
    host: 'ghcr.io',
    make: cosign2(image),
    cold: 10,
    warm: 8,
    again: 6,
    kinds: ['sig-tag simple-signing'],
  },
  {
    name: 'cosign 2 on an index',
    host: 'docker.io',
    make: cosign2(index),
    cold: 9,
    warm: 7,
    again: 4,
    kinds: ['sig-tag simple-signing'],
  },
  {
    name: 'cosign 2 on an index',
    host: 'ghcr.io',
    make: cosign2(index),
    cold: 10,
    warm: 8,
    again: 6,
    kinds: ['sig-tag simple-signing'],
  },
  {
    name: 'cosign 3',
    host: 'docker.io',
    make: cosign3(image),
    cold: 9,
    warm: 7,
    again: 4,
    kinds: ['referrers-api bundle'],
  },
  {
    name: 'cosign 3',
    host: 'ghcr.io',
    make: cosign3(image),
    cold: 11,
    warm: 9,
    again: 6,
    kinds: ['fallback-tag bundle'],
  },
  {
    name: 'cosign 3 on an index',
    host: 'docker.io',
    make: cosign3(index),
    cold: 9,
    warm: 7,
    again: 4,
    kinds: ['referrers-api bundle'],
  },
  {
    name: 'cosign 3 on an index',
    host: 'ghcr.io',
    make: cosign3(index),
    cold: 11,
    warm: 9,
    again: 6,
    kinds: ['fallback-tag bundle'],
  },
  {
    name: 'cosign 2 on each child of an index',
    host: 'docker.io',
    make: children,
    cold: 22,
    warm: 20,
    again: 14,
    kinds: ['sig-tag simple-signing', 'sig-tag simple-signing'],
  },
  {
    name: 'cosign 2 on each child of an index',
    host: 'ghcr.io',
    make: children,
    cold: 23,
    warm: 21,
    again: 17,
    kinds: ['sig-tag simple-signing', 'sig-tag simple-signing'],
  },
  {
    name: 'an attestation by GitHub',
    host: 'ghcr.io',
    make: attested(image),
    cold: 12,
    warm: 10,
    again: 6,
    kinds: ['fallback-tag bundle', 'github-attestations bundle'],
  },
  {
    name: 'an attestation by GitHub on an index',
    host: 'ghcr.io',
    make: attested(index),
    cold: 17,
    warm: 15,
    again: 11,
    kinds: ['fallback-tag bundle', 'github-attestations bundle'],
  },
  {
    name: 'all of it on an index',
    host: 'ghcr.io',
    make: everything,
    cold: 15,
    warm: 13,
    again: 5,
    kinds: ['fallback-tag bundle', 'sig-tag simple-signing', 'att-tag dsse', 'github-attestations bundle'],
  },
];

describe.each(LAYOUTS)('$name at $host', ({ host, make, cold, warm, again, kinds }) => {
  test(`takes ${cold} requests at first, ${warm} with a token, ${again} when it is known`, async () => {
    const { digest } = await make(host);
    const first = await count(host, digest);
    expect(kindsOf(first.found)).toEqual(kinds);
    expect(stateOf(first.found)).not.toBe('unavailable');
    const registry = connect();
    await count(host, digest, {}, registry);
    const second = await count(host, digest, {}, registry);
    const known = first.found.materials.map(({ source }) => source);
    const third = await count(host, digest, { known }, registry);
    expect(third.found.materials).toEqual([]);
    expect([first.requests, second.requests, third.requests]).toEqual([cold, warm, again]);
    // As many are enough, one less is not, and it is said.
    expect(stateOf((await count(host, digest, { limit: cold })).found)).toBe(stateOf(first.found));
    const less = await count(host, digest, { limit: cold - 1 });
    expect(less.requests).toBeLessThanOrEqual(cold - 1);
    expect(JSON.stringify(less.found.places)).toContain('more requests than one invocation may make');
  });
});

test('whatever is left of a budget is kept to, and what it was too small for is said', async () => {
  const { digest } = await everything('ghcr.io');
  const needed = LAYOUTS.at(-1)?.cold ?? 0;
  for (let limit = 0; limit < needed; limit += 1) {
    const { found, requests } = await count('ghcr.io', digest, { limit });
    expect(requests).toBeLessThanOrEqual(limit);
    expect(stateOf(found)).toBe('unavailable');
  }
});
