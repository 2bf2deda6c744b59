import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import {
  artifactTag,
  MEDIA_TYPES,
  type Pushed,
  pushImage,
  pushMultiArchImage,
  putManifest,
} from '../fixtures/oci-images.ts';
import type { SigstoreIdentity } from '../fixtures/private-sigstore.ts';
import { type ReferrersRegistry, startReferrersRegistry } from '../fixtures/referrers-registry.ts';
import { type KeyKind, type Predicate, type SignedBy, SigningTools } from '../fixtures/signing-tools.ts';
import { attachBundle } from '../fixtures/signing-tools-bundle.ts';
import { provenanceV1, provenanceV02 } from '../fixtures/signing-tools-provenance.ts';
import { type Json, TestInstallation } from '../fixtures/worker.ts';

const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
const SLSA_V1 = 'https://slsa.dev/provenance/v1';
const SLSA_V02 = 'https://slsa.dev/provenance/v0.2';
const JOB = { repository: 'octo-org/app', runId: '77' };
const RUN = 'https://github.com/octo-org/app/actions/runs/77/attempts/1';
/** Keys that sign without a log have an authority of their own, called so. */
const UNLOGGED = ['p256-unlogged', 'ed25519-unlogged'];
const KEYS: readonly KeyKind[] = ['p256', 'p384', 'rsa2048', 'rsa4096', 'ed25519'];
const PROVENANCE: Predicate = { type: 'slsaprovenance1', predicate: provenanceV1(JOB) };
const SBOM = { bomFormat: 'CycloneDX', specVersion: '1.6' };

let tools: SigningTools;
let strangers: SigningTools;
let pushwarden: TestInstallation;
let docker: DockerRegistry;
let referrers: ReferrersRegistry;
let release: SigstoreIdentity;
let stranger: SigstoreIdentity;
const keys = new Map<string, SignedBy>();

beforeAll(async () => {
  [tools, strangers, docker, referrers] = await Promise.all([
    SigningTools.start(),
    SigningTools.start(),
    startDockerRegistry(),
    startReferrersRegistry(),
  ]);
  release = tools.sigstore.githubIdentity(JOB);
  stranger = tools.sigstore.githubIdentity({ repository: 'evil-org/app' });
  await Promise.all([tools.prepareNotation(), makeKeys()]);
  const REGISTRIES = JSON.stringify({
    'without.example': { url: docker.url },
    'with.example': { url: referrers.url },
  });
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars: { REGISTRIES } });
  const ours = JSON.parse(tools.sigstore.trustedRoot);
  await giveRoot('ours', ours);
  await giveRoot('without-logs', { ...ours, tlogs: [] });
  for (const registry of ['without.example', 'with.example']) {
    await pushwarden.watch(`${registry}/org/app`, { policy: policy() });
    await pushwarden.watch(`${registry}/org/elsewhere`, { policy: policy('org/signatures') });
  }
});
afterAll(async () => {
  await pushwarden?.stop();
  await Promise.all([tools?.stop(), strangers?.stop(), docker?.stop(), referrers?.stop()]);
});

async function giveRoot(name: string, trustedRoot: Json): Promise<void> {
  expect(await pushwarden.api('POST', '/trusted-roots', { name, trustedRoot })).toMatchObject({ status: 201 });
}

async function makeKeys(): Promise<void> {
  const kinds: (readonly [string, KeyKind])[] = KEYS.map((kind) => [kind, kind]);
  const unlogged = [
    ['p256-unlogged', 'p256'],
    ['ed25519-unlogged', 'ed25519'],
    ['stranger', 'p256'],
  ] as const;
  const made = [...kinds, ...unlogged].map(async ([name, kind]) => keys.set(name, await tools.key(kind, name)));
  await Promise.all(made);
}

function key(name: string) {
  const known = keys.get(name);
  if (known === undefined || !('pem' in known)) throw new Error(`no key is called ${name}`);
  return known;
}

/** Anyone of ours may sign: the workflow, keys with a log, keys without. */
function policy(repository?: string): Json {
  const { oidcIssuer, subject } = release;
  const keyless = { oidcIssuer, identity: { subject }, sourceRepository: 'https://github.com/octo-org/app' };
  const keyed = (name: string, transparencyLog: string) => ({
    name,
    key: { data: key(name).pem, transparencyLog },
    trustedRoot: 'ours',
  });
  const authorities = [
    { name: 'release', keyless, trustedRoot: 'ours' },
    { name: 'release stamped', keyless, trustedRoot: 'without-logs' },
    ...KEYS.map((kind) => keyed(kind, 'require')),
    ...UNLOGGED.map((name) => keyed(name, 'ignore')),
  ];
  const workflow = '.github/workflows/release.yml';
  const ci = { mode: 'observe', identities: [{ oidcIssuer, repositoryId: '74', workflow }] };
  return { ci, signatures: { mode: 'require', ...(repository === undefined ? {} : { repository }), authorities } };
}

/** An image that was pushed for one test. */
interface Target {
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly path: string;
  readonly tag: string;
  readonly digest: string;
  readonly children: readonly Pushed[];
  /** As programs are told of it. */
  readonly image: string;
}

interface Place {
  /** As Pushwarden calls it. */
  readonly registry: string;
  readonly url: () => string;
  /** Where bundles are found. */
  readonly bundles: string;
}

const PLACES: readonly Place[] = [
  { registry: 'without.example', url: () => docker.url, bundles: 'fallback-tag' },
  { registry: 'with.example', url: () => referrers.url, bundles: 'referrers-api' },
];

async function pushed(place: Place, path = 'org/app', kind: 'single' | 'multi-arch' = 'single'): Promise<Target> {
  const [url, seed] = [place.url(), randomUUID()];
  const top =
    kind === 'single'
      ? { ...(await pushImage(url, path, seed, { seed })), children: [] }
      : await pushMultiArchImage(url, path, seed, { seed });
  const { host } = new URL(url);
  const { digest, children } = top;
  return { host, path, tag: seed, digest, children, image: `${host}/${path}@${digest}` };
}

async function ask({ registry }: Place, { path }: Target, reference: string): Promise<Json> {
  const image = encodeURIComponent(`${registry}/${path}${reference}`);
  const { status, json } = await pushwarden.api('GET', `/verify?image=${image}`);
  expect({ status, json }).toMatchObject({ status: 200, json: { state: 'present', complete: true } });
  expect(json.requests.made).toBeLessThan(json.requests.limit);
  return json;
}

const asked = (place: Place, target: Target): Promise<Json> => ask(place, target, `@${target.digest}`);

/** The authority whose signature satisfied the policy. */
function satisfiedBy({ policy: { signatures } }: Json): string[] {
  return signatures.lists[0].authorities.filter((one: Json) => one.signatures.length > 0).map((one: Json) => one.name);
}

const keyless = () => ({
  kind: 'keyless',
  oidcIssuer: release.oidcIssuer,
  subject: release.subject,
  certificate: { sourceRepository: 'https://github.com/octo-org/app', sourceRepositoryId: '74', runInvocationUri: RUN },
});

const byKey = (name: string, logged: boolean) => ({ kind: 'key', fingerprint: key(name).fingerprint, logged });

interface Row {
  readonly what: string;
  readonly sign: (target: Target) => Promise<unknown>;
  /** The program's own opinion; left out where it has none. */
  readonly accepted?: (target: Target) => Promise<unknown>;
  /** Name of the authority that it satisfies. */
  readonly by: string;
  /** `bundle`: wherever this registry has bundles. */
  readonly place: 'sig-tag' | 'att-tag' | 'bundle';
  readonly format: 'cosign-signature' | 'cosign-attestation' | 'sigstore-bundle';
  readonly predicateType: string | null;
  readonly signer: () => Json;
  /** What a log or a timestamp authority tells of the time. */
  readonly timed: boolean;
  readonly logged: boolean;
}

/** Signs by cosign 2's layout, `.sig`. */
const SIG = { place: 'sig-tag', format: 'cosign-signature', predicateType: null } as const;
const ATT = { place: 'att-tag', format: 'cosign-attestation', predicateType: SLSA_V1 } as const;
const BUNDLE = { place: 'bundle', format: 'sigstore-bundle', predicateType: COSIGN_SIGN } as const;
const ATTESTATION = { ...BUNDLE, predicateType: SLSA_V1 } as const;
const LOGGED = { timed: true, logged: true } as const;
const STAMPED = { timed: true, logged: false, by: 'release stamped' } as const;
const BARE = { timed: false, logged: false } as const;
const KEYLESS = { by: 'release', signer: keyless } as const;
const byLoggedKey = (by: string) => ({ by, signer: () => byKey(by, true), ...LOGGED });
const byBareKey = (by: string) => ({ by, signer: () => byKey(by, false), ...BARE });

const cosign2: readonly Row[] = [
  {
    what: 'sign, keyless',
    sign: ({ image }) => tools.signWithCosign2(image, release),
    accepted: ({ image }) => tools.verify('cosign2', image, release),
    ...{ ...SIG, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'sign, keyless with a timestamp and a log entry',
    sign: ({ image }) => tools.signWithCosign2(image, release, { tsa: true }),
    accepted: ({ image }) => tools.verify('cosign2', image, release, { tsa: true }),
    ...{ ...SIG, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'sign, keyless with a timestamp alone',
    sign: ({ image }) => tools.signWithCosign2(image, release, { tsa: true, log: false }),
    accepted: ({ image }) => tools.verify('cosign2', image, release, { tsa: true, log: false }),
    ...{ ...SIG, ...KEYLESS, ...STAMPED },
  },
  {
    what: 'sign, keyless by a stranger and then by the workflow',
    sign: async ({ image }) => {
      await tools.signWithCosign2(image, stranger);
      await tools.signWithCosign2(image, release);
    },
    accepted: ({ image }) => tools.verify('cosign2', image, release),
    ...{ ...SIG, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'sign as a referrer (its experiment)',
    sign: ({ image }) =>
      tools.signWithCosign2(image, release, {
        args: ['--registry-referrers-mode', 'oci-1-1'],
        env: { COSIGN_EXPERIMENTAL: '1' },
      }),
    accepted: ({ image }) =>
      tools.verify('cosign2', image, release, { args: ['--experimental-oci11'], env: { COSIGN_EXPERIMENTAL: '1' } }),
    ...{ ...SIG, place: 'bundle', ...KEYLESS, ...LOGGED },
  },
  ...['p256', 'p384', 'rsa2048', 'rsa4096'].map(
    (name): Row => ({
      what: `sign with ${name} and a log entry`,
      sign: ({ image }) => tools.signWithCosign2(image, key(name)),
      accepted: ({ image }) => tools.verify('cosign2', image, key(name)),
      ...{ ...SIG, ...byLoggedKey(name) },
    }),
  ),
  ...UNLOGGED.map(
    (name): Row => ({
      what: `sign with ${name}`,
      sign: ({ image }) => tools.signWithCosign2(image, key(name), { log: false }),
      accepted: ({ image }) => tools.verify('cosign2', image, key(name), { log: false }),
      ...{ ...SIG, ...byBareKey(name) },
    }),
  ),
  {
    what: 'attest SLSA provenance v1, keyless',
    sign: ({ image }) => tools.attestWithCosign2(image, release, PROVENANCE),
    accepted: ({ image }) => tools.verify('cosign2', image, release, { type: 'slsaprovenance1' }),
    ...{ ...ATT, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'attest SLSA provenance v0.2, keyless',
    sign: ({ image }) =>
      tools.attestWithCosign2(image, release, { type: 'slsaprovenance02', predicate: provenanceV02(JOB) }),
    accepted: ({ image }) => tools.verify('cosign2', image, release, { type: 'slsaprovenance02' }),
    ...{ ...ATT, ...KEYLESS, ...LOGGED, predicateType: SLSA_V02 },
  },
  ...['p256', 'p384', 'ed25519'].map(
    (name): Row => ({
      what: `attest SLSA provenance v1 with ${name} and a log entry`,
      sign: ({ image }) => tools.attestWithCosign2(image, key(name), PROVENANCE),
      accepted: ({ image }) => tools.verify('cosign2', image, key(name), { type: 'slsaprovenance1' }),
      ...{ ...ATT, ...byLoggedKey(name) },
    }),
  ),
  {
    what: 'attest with the first kind of in-toto log entry',
    sign: ({ image }) =>
      tools.attestWithCosign2(image, release, PROVENANCE, { args: ['--rekor-entry-type', 'intoto'] }),
    accepted: ({ image }) => tools.verify('cosign2', image, release, { type: 'slsaprovenance1' }),
    ...{ ...ATT, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'attest as a bundle',
    sign: ({ image }) => tools.attestWithCosign2(image, release, PROVENANCE, { args: ['--new-bundle-format'] }),
    accepted: ({ image }) =>
      tools.verify('cosign2', image, release, {
        type: 'slsaprovenance1',
        args: ['--new-bundle-format', '--trusted-root', tools.sigstore.files.trustedRoot],
      }),
    ...{ ...ATTESTATION, ...KEYLESS, ...LOGGED },
  },
];

const REKOR_2 = { rekor: 2, tsa: true } as const;

const cosign3: readonly Row[] = [
  {
    what: 'sign, keyless',
    sign: ({ image }) => tools.signWithCosign3(image, release),
    accepted: ({ image }) => tools.verify('cosign3', image, release),
    ...{ ...BUNDLE, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'sign, keyless with a timestamp and a log entry',
    sign: ({ image }) => tools.signWithCosign3(image, release, { services: { rekor: 1, tsa: true } }),
    accepted: ({ image }) => tools.verify('cosign3', image, release, { tsa: true }),
    ...{ ...BUNDLE, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'sign, keyless with a timestamp alone',
    sign: ({ image }) => tools.signWithCosign3(image, release, { services: { tsa: true } }),
    accepted: ({ image }) => tools.verify('cosign3', image, release, { tsa: true, log: false }),
    ...{ ...BUNDLE, ...KEYLESS, ...STAMPED },
  },
  {
    what: 'sign, keyless with Rekor v2',
    sign: ({ image }) => tools.signWithCosign3(image, release, { services: REKOR_2 }),
    accepted: ({ image }) => tools.verify('cosign3', image, release, { tsa: true }),
    ...{ ...BUNDLE, ...KEYLESS, ...LOGGED },
  },
  ...['p256', 'rsa2048', 'rsa4096'].map(
    (name): Row => ({
      what: `sign with ${name} and a log entry`,
      sign: ({ image }) => tools.signWithCosign3(image, key(name)),
      accepted: ({ image }) => tools.verify('cosign3', image, key(name)),
      ...{ ...BUNDLE, ...byLoggedKey(name) },
    }),
  ),
  {
    // It signs with SHA-384, and verifies with SHA-256: it does not accept its own.
    what: 'sign with p384 and Rekor v2',
    sign: ({ image }) => tools.signWithCosign3(image, key('p384'), { services: REKOR_2 }),
    ...{ ...BUNDLE, ...byLoggedKey('p384') },
  },
  {
    what: 'sign with p256-unlogged',
    sign: ({ image }) => tools.signWithCosign3(image, key('p256-unlogged'), { services: { fulcio: false } }),
    accepted: ({ image }) => tools.verify('cosign3', image, key('p256-unlogged'), { log: false }),
    ...{ ...BUNDLE, ...byBareKey('p256-unlogged') },
  },
  {
    what: 'sign in the old form, keyless',
    sign: ({ image }) => tools.signWithCosign3InOldForm(image, release),
    accepted: ({ image }) => tools.verify('cosign2', image, release),
    ...{ ...SIG, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'sign in the old form with p256',
    sign: ({ image }) => tools.signWithCosign3InOldForm(image, key('p256')),
    accepted: ({ image }) => tools.verify('cosign2', image, key('p256')),
    ...{ ...SIG, ...byLoggedKey('p256') },
  },
  {
    what: 'attest SLSA provenance v1, keyless',
    sign: ({ image }) => tools.attestWithCosign3(image, release, PROVENANCE),
    accepted: ({ image }) => tools.verify('cosign3', image, release, { type: 'slsaprovenance1' }),
    ...{ ...ATTESTATION, ...KEYLESS, ...LOGGED },
  },
  {
    what: 'attest SLSA provenance v0.2 with p256 and Rekor v2',
    sign: ({ image }) =>
      tools.attestWithCosign3(
        image,
        key('p256'),
        { type: 'slsaprovenance02', predicate: provenanceV02(JOB) },
        { services: REKOR_2 },
      ),
    accepted: ({ image }) => tools.verify('cosign3', image, key('p256'), { type: 'slsaprovenance02', tsa: true }),
    ...{ ...ATTESTATION, ...byLoggedKey('p256'), predicateType: SLSA_V02 },
  },
];

const libraries: readonly Row[] = [1, 2].map(
  (rekor): Row => ({
    what: `@sigstore/oci: SLSA provenance with Rekor v${rekor}`,
    sign: ({ image }) =>
      attachBundle(
        tools.sigstore,
        image,
        release,
        { predicateType: SLSA_V1, predicate: provenanceV1(JOB) },
        rekor === 1 ? 1 : 2,
      ),
    // cosign 3 reads no dsse entries of Rekor v2.
    ...(rekor === 1
      ? { accepted: ({ image }: Target) => tools.verify('cosign3', image, release, { type: 'slsaprovenance1' }) }
      : {}),
    ...{ ...ATTESTATION, ...KEYLESS, ...LOGGED },
  }),
);

const rows = [
  ...cosign2.map((row) => ({ ...row, what: `cosign 2: ${row.what}` })),
  ...cosign3.map((row) => ({ ...row, what: `cosign 3: ${row.what}` })),
  ...libraries,
];

describe.concurrent.each(PLACES)('$registry, in its $bundles', (place) => {
  test.each(rows)('$what', async ({ sign, accepted, ...row }) => {
    const target = await pushed(place);
    await sign(target);
    await accepted?.(target);
    const evidence = await asked(place, target);
    const { digest } = target;
    const expected = {
      place: row.place === 'bundle' ? place.bundles : row.place,
      about: digest,
      format: row.format,
      state: 'valid',
      problem: null,
      predicateType: row.predicateType,
      signer: row.signer(),
      trustedRoot: row.logged ? 'ours' : row.timed ? 'without-logs' : null,
    };
    expect(evidence.signatures).toContainEqual(expect.objectContaining({ state: 'valid' }));
    const mine = evidence.signatures.filter((one: Json) => one.signer?.subject !== stranger.subject);
    expect(mine).toMatchObject([expected]);
    const [{ signedAt, logIndex, provenance }] = mine;
    expect({ timed: signedAt !== null, logged: logIndex !== null }).toEqual({ timed: row.timed, logged: row.logged });
    expect(evidence.policy.signatures).toMatchObject({ verdict: 'satisfied', findings: [] });
    expect(satisfiedBy(evidence)).toEqual([row.by]);
    if (row.predicateType === SLSA_V1 || row.predicateType === SLSA_V02) {
      expect(provenance).toMatchObject({
        sourceRepository: 'https://github.com/octo-org/app',
        commit: 'c'.repeat(40),
        workflow: '.github/workflows/release.yml',
        ref: 'refs/tags/v1.0.0',
      });
    }
    if (row.by.startsWith('release')) expect(evidence.policy.ci).toMatchObject({ provenance: 'allowed', found: null });
  });

  test('provenance that our key signed and that names another repository is no word of our CI', async () => {
    const target = await pushed(place);
    const predicate = provenanceV1({ repository: 'evil-org/app', repositoryId: '666' });
    await tools.attestWithCosign2(target.image, key('p256'), { type: 'slsaprovenance1', predicate });
    const { policy } = await asked(place, target);
    expect(policy.signatures).toMatchObject({ verdict: 'satisfied', findings: [] });
    expect(policy.ci).toMatchObject({
      provenance: 'mismatch',
      found: { kind: 'provenance', claims: { repository: 'evil-org/app', repositoryId: '666' } },
    });
  });

  test.each([2, 3])('cosign %i: signatures are in another repository that the policy names', async (version) => {
    const target = await pushed(place, 'org/elsewhere');
    const options = { repository: `${target.host}/org/signatures` };
    if (version === 2) await tools.signWithCosign2(target.image, release, options);
    else await tools.signWithCosign3(target.image, release, options);
    await tools.verify(version === 2 ? 'cosign2' : 'cosign3', target.image, release, options);
    const evidence = await asked(place, target);
    expect(satisfiedBy(evidence)).toEqual(['release']);
    const image = `${place.registry}/org/signatures`;
    const where = version === 2 ? 'sig-tag' : place.bundles;
    expect(evidence.signatures).toMatchObject([{ place: where, image, about: target.digest }]);
    expect(evidence.places).toContainEqual({ place: where, state: 'absent' });
  });

  test.each([2, 3])('cosign %i --recursive signs the index and its images', async (version) => {
    const target = await pushed(place, 'org/app', 'multi-arch');
    if (version === 2) await tools.signWithCosign2(target.image, release, { recursive: true });
    else await tools.signWithCosign3(target.image, release, { recursive: true });
    for (const digest of [target.digest, ...target.children.map((child) => child.digest)]) {
      const evidence = await ask(place, target, `@${digest}`);
      expect(satisfiedBy(evidence)).toEqual(['release']);
      expect(evidence).toMatchObject({ children: [], indexes: [], signatures: [{ about: digest }] });
    }
  });

  test('an index that is signed covers the images it lists', async () => {
    const target = await pushed(place, 'org/app', 'multi-arch');
    await tools.signWithCosign3(target.image, release);
    const [child] = target.children;
    const evidence = await ask(place, target, `:${target.tag}@${child?.digest}`);
    expect(satisfiedBy(evidence)).toEqual(['release']);
    expect(evidence).toMatchObject({ indexes: [target.digest], signatures: [{ about: target.digest }] });
    expect(evidence.notes.join()).toContain('an index that lists it has one');
  });

  test('an index whose images are signed one by one is covered when each is', async () => {
    const target = await pushed(place, 'org/app', 'multi-arch');
    const [first, second] = target.children.map(({ digest }) => digest);
    await tools.signWithCosign3(`${target.host}/${target.path}@${first}`, release);
    const half = await asked(place, target);
    expect(half).toMatchObject({ children: [first, second], signatures: [{ about: first }] });
    expect(half.policy.signatures).toMatchObject({ verdict: 'not-satisfied', findings: [{ code: 'unsigned' }] });
    await tools.signWithCosign2(`${target.host}/${target.path}@${second}`, release);
    const whole = await asked(place, target);
    expect(whole.policy.signatures).toMatchObject({ verdict: 'satisfied', findings: [] });
    expect(whole.signatures.map((one: Json) => one.about).sort()).toEqual([first, second].sort());
  });
});

interface Refusal {
  readonly what: string;
  readonly make: (target: Target, place: Place) => Promise<unknown>;
  readonly finding: () => Json;
}

const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const unsigned = (...instead: readonly string[]) => ({ code: 'unsigned', instead });
const untrusted = (found: Json) => ({ code: 'untrusted-signer', found: [found] });
const invalid = (problem: string) => ({ code: 'invalid-signature', found: [{ problem }] });

const refusals: readonly Refusal[] = [
  { what: 'nothing', make: async () => undefined, finding: () => unsigned() },
  {
    what: 'an SBOM, attached with oras',
    make: ({ image }) => tools.attachWithOras(image, 'application/vnd.cyclonedx+json', SBOM, 'application/json'),
    finding: () => unsigned(),
  },
  {
    what: 'something untyped, attached with oras',
    make: ({ image }) => tools.attachWithOras(image, 'application/vnd.example.thing', SBOM),
    finding: () => unsigned(),
  },
  {
    what: 'an SBOM that is signed by the workflow',
    make: ({ image }) => tools.attestWithCosign3(image, release, { type: 'cyclonedx', predicate: SBOM }),
    finding: () => unsigned('https://cyclonedx.org/bom'),
  },
  {
    what: 'a signature of Notation',
    make: async ({ image }) => {
      await tools.signWithNotation(image);
      await tools.verifyWithNotation(image);
    },
    finding: () => unsigned('notation'),
  },
  {
    what: 'a signature of another workflow (cosign 2)',
    make: ({ image }) => tools.signWithCosign2(image, stranger),
    finding: () => untrusted({ signer: stranger.subject, oidcIssuer: stranger.oidcIssuer, problem: null }),
  },
  {
    what: 'a signature of another workflow (cosign 3)',
    make: ({ image }) => tools.signWithCosign3(image, stranger),
    finding: () => untrusted({ signer: stranger.subject, oidcIssuer: stranger.oidcIssuer, problem: null }),
  },
  {
    what: 'a signature by an identity that contains the allowed one',
    make: ({ image }) => tools.signWithCosign3(image, containing()),
    finding: () => untrusted({ signer: containing().subject, problem: null }),
  },
  {
    what: 'a signature by the same name of another issuer',
    make: ({ image }) => tools.signWithCosign3(image, otherIssuer()),
    finding: () => untrusted({ signer: release.subject, oidcIssuer: otherIssuer().oidcIssuer }),
  },
  {
    what: 'provenance by another workflow',
    make: ({ image }) => tools.attestWithCosign3(image, stranger, PROVENANCE),
    finding: () => untrusted({ signer: stranger.subject }),
  },
  {
    what: 'a signature with a key that the policy does not name (cosign 2)',
    make: ({ image }) => tools.signWithCosign2(image, key('stranger')),
    finding: () => untrusted({ signer: null, problem: 'unknown-key' }),
  },
  {
    what: 'a signature with a key that the policy does not name (cosign 3)',
    make: ({ image }) => tools.signWithCosign3(image, key('stranger')),
    finding: () => untrusted({ signer: null, problem: 'unknown-key' }),
  },
  {
    what: 'a signature without the log entry that its key wants (cosign 2)',
    make: ({ image }) => tools.signWithCosign2(image, key('p256'), { log: false }),
    finding: () => invalid('transparency-log'),
  },
  {
    what: 'a signature without the log entry that its key wants (cosign 3)',
    make: ({ image }) => tools.signWithCosign3(image, key('p256'), { services: { fulcio: false } }),
    finding: () => invalid('transparency-log'),
  },
  {
    what: 'a signature in the workflow’s name by another Sigstore (cosign 2)',
    make: ({ image }) => strangers.signWithCosign2(image, strangers.sigstore.githubIdentity(JOB)),
    finding: () => invalid('transparency-log'),
  },
  {
    what: 'a signature in the workflow’s name by another Sigstore (cosign 3)',
    make: ({ image }) => strangers.signWithCosign3(image, strangers.sigstore.githubIdentity(JOB)),
    finding: () => invalid('transparency-log'),
  },
  {
    what: 'a certificate of another authority of the same name, logged where everybody may log',
    make: ({ image }) =>
      strangers.signWithCosign2(image, strangers.sigstore.githubIdentity(JOB), {
        args: ['--rekor-url', tools.sigstore.url],
      }),
    finding: () => invalid('certificate'),
  },
  {
    what: 'the signature of another image (cosign 2)',
    make: async ({ path, digest }, place) => {
      const other = await pushed(place, path);
      await tools.signWithCosign2(other.image, release);
      await copyManifest(place, path, artifactTag(other.digest, '.sig'), artifactTag(digest, '.sig'));
    },
    finding: () => invalid('other-subject'),
  },
  {
    what: 'the signature of another image (cosign 3), attached with oras',
    make: async ({ image, path }, place) => {
      const other = await pushed(place, path);
      await tools.attachWithOras(image, BUNDLE_TYPE, await tools.bundleOfCosign3(other.image, release), BUNDLE_TYPE);
    },
    finding: () => invalid('other-subject'),
  },
];

const containing = (): SigstoreIdentity => {
  const subject = `https://evil.example/?${release.subject}`;
  return tools.sigstore.identity({ subject, claims: release.claims });
};

const otherIssuer = (): SigstoreIdentity => {
  const { subject, claims } = release;
  return tools.sigstore.identity({ subject, claims, oidcIssuer: 'https://token.actions.evil.example' });
};

async function copyManifest(place: Place, path: string, from: string, to: string): Promise<void> {
  const headers = { accept: MEDIA_TYPES.manifest };
  const response = await fetch(`${place.url()}/v2/${path}/manifests/${from}`, { headers });
  expect(response.status).toBe(200);
  await putManifest(place.url(), path, to, MEDIA_TYPES.manifest, new Uint8Array(await response.arrayBuffer()));
}

describe.concurrent.each(PLACES)('$registry does not trust', (place) => {
  test.each(refusals)('$what', async ({ make, finding }) => {
    const target = await pushed(place);
    await make(target, place);
    const evidence = await asked(place, target);
    expect(evidence.policy.signatures).toMatchObject({ verdict: 'not-satisfied', findings: [finding()] });
    expect(satisfiedBy(evidence)).toEqual([]);
  });
});
