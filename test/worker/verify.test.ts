import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  buildkitAttestation,
  cosignSignature,
  type Image,
  imageIndex,
  RELEASE_AUTHORITY,
  referrersTag,
  singleImage,
} from '../../scripts/simulate/images.ts';
import { suggestionAnswer, verifyAnswer } from '../../src/http/schemas/signatures.ts';
import { snapshot } from '../fixtures/database.ts';
import { type GithubJob, PrivateSigstore } from '../fixtures/private-sigstore.ts';
import { distributionEvent, sendDistribution } from '../fixtures/senders.ts';
import { attachBundle } from '../fixtures/signing-tools-bundle.ts';
import { provenanceV1 } from '../fixtures/signing-tools-provenance.ts';
import { type Answer, addKey, type Json, TestInstallation } from '../fixtures/worker.ts';

const THEIRS = `pwk_${'b'.repeat(43)}`;
const READER = `pwk_${'r'.repeat(43)}`;
const NO_DIGEST = `sha256:${'0'.repeat(64)}`;
const SIGN = { predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} };

/** Nothing refreshes the roots of a test installation: told where the policy relies on them, or there is no policy. */
const STALE =
  'Not known to be up to date: trusted root public-good. What it lacks is told as unavailable, not as invalid.';

let pushwarden: TestInstallation;
let sigstore: PrivateSigstore;

beforeAll(async () => {
  sigstore = await PrivateSigstore.start();
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars: { SUBREQUESTS: '40' } });
  await addKey(pushwarden.db, 1, 'reader', READER, 'read');
  await addKey(pushwarden.db, 2, 'other', THEIRS);
  const root = { name: 'ours', trustedRoot: JSON.parse(sigstore.trustedRoot) };
  expect((await pushwarden.api('POST', '/trusted-roots', root)).status).toBe(201);
});
afterEach(() => pushwarden.registry.heal());
afterAll(async () => {
  await Promise.all([pushwarden.stop(), sigstore.stop()]);
});

const JOB: GithubJob = { repository: 'octo-org/app', repositoryId: '74', ref: 'refs/tags/v1.0.0' };
const workflow = (job: GithubJob): string =>
  `https://github.com/${job.repository}/.github/workflows/release.yml@${job.ref ?? 'refs/tags/v1.0.0'}`;

/** Whom the policy names: the release workflow of octo-org/app, under our own Sigstore. */
const keyless = {
  name: 'release job',
  trustedRoot: 'ours',
  keyless: {
    oidcIssuer: 'https://token.actions.githubusercontent.com',
    identity: { subject: workflow(JOB) },
    sourceRepository: 'https://github.com/octo-org/app',
  },
};
const identities = [
  { oidcIssuer: keyless.keyless.oidcIssuer, repositoryId: '74', workflow: '.github/workflows/release.yml' },
];
const policy = { ci: { mode: 'observe', identities }, signatures: { authorities: [keyless] } };

/** An image of its own for a test, in a repository that is watched under `policy`, or not. */
async function pushed(
  options: {
    readonly watch?: object | false;
    readonly path?: string;
    readonly tag?: string;
    readonly image?: Image;
  } = {},
) {
  const { watch = policy, path = `org/app-${randomUUID().slice(0, 8)}`, tag = '1.0.0' } = options;
  const image = options.image ?? singleImage(`${path} ${tag}`);
  pushwarden.registry.push(path, tag, image);
  const name = `docker.io/${path}`;
  const id: number = watch === false ? 0 : (await pushwarden.watch(name, { policy: watch })).id;
  return { path, name, tag, image, digest: image.digest, id };
}

/** Signed by a job of GitHub Actions, the way cosign 3 or GitHub's own action do. */
async function sign(path: string, digest: string, job: GithubJob = JOB, statement = SIGN): Promise<void> {
  const host = new URL(pushwarden.registry.url).host;
  await attachBundle(sigstore, `${host}/${path}@${digest}`, sigstore.githubIdentity(job), statement);
}

const verify = (image: string, key?: string): Promise<Answer> =>
  pushwarden.api('GET', `/verify?image=${encodeURIComponent(image)}`, undefined, key);
const suggest = (image: string, more = ''): Promise<Answer> =>
  pushwarden.api('GET', `/policy-suggestion?image=${encodeURIComponent(image)}${more}`);

async function verified(image: string, key?: string): Promise<Json> {
  const { status, json } = await verify(image, key);
  expect([status, json.detail]).toEqual([200, undefined]);
  // The schema drops what it does not describe: what comes out the same was described.
  expect(verifyAnswer.parse(json)).toEqual(json);
  return json;
}

const requestsAbout = (path: string): number =>
  pushwarden.registry.requests.filter((request) => request.path.startsWith(`/v2/${path}/`)).length;

/** Rows that belong to a repository, or to none: others are checked meanwhile. */
const rowsOf =
  (id: number) =>
  (table: string, row: Json): boolean =>
    table === 'repositories' ? row.id === id : row.repository_id === undefined || row.repository_id === id;

describe('GET /verify', () => {
  test('shows the whole evidence of a tag, and what the policy says of it', async () => {
    const { path, name, digest } = await pushed();
    await sign(path, digest);
    await sign(path, digest, JOB, { predicateType: 'https://slsa.dev/provenance/v1', predicate: provenanceV1(JOB) });
    const json = await verified(`${name}:1.0.0`, READER);
    expect(json).toMatchObject({
      image: name,
      tag: '1.0.0',
      state: 'present',
      digest,
      kind: 'manifest',
      complete: true,
      notes: [],
      indexes: [],
      children: [],
      trustedRoots: [
        { name: 'public-good', id: expect.stringMatching(/^sha256:/) },
        { name: 'ours', stale: false },
      ],
      policy: {
        signatures: {
          mode: 'require',
          verdict: 'satisfied',
          findings: [],
          lists: [{ satisfied: true, authorities: [{ name: 'release job', mismatches: [] }] }],
        },
        ci: { mode: 'observe', provenance: 'allowed', found: null },
      },
    });
    expect(json.places.map(({ place }: Json) => place)).toEqual(
      expect.arrayContaining(['referrers-api', 'fallback-tag', 'sig-tag', 'att-tag']),
    );
    const states = json.signatures.map(({ state, predicateType }: Json) => [state, predicateType]);
    expect(states.sort()).toEqual(
      [
        ['valid', SIGN.predicateType],
        ['valid', 'https://slsa.dev/provenance/v1'],
      ].sort(),
    );
    expect(json.signatures[0]).toMatchObject({
      about: digest,
      format: 'sigstore-bundle',
      trustedRoot: 'ours',
      signer: { kind: 'keyless', subject: workflow(JOB), certificate: { sourceRepositoryId: '74' } },
      signedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      logIndex: expect.stringMatching(/^\d+$/),
      logUrl: null,
    });
    expect(json.policy.signatures.lists[0].authorities[0].signatures).toHaveLength(2);
  });

  test('says of each signature which condition it does not meet', async () => {
    const { path, name, digest } = await pushed();
    await sign(path, digest, { ...JOB, repository: 'octo-org-evil/app' });
    const { policy: answer } = await verified(`${name}@${digest}`);
    expect(answer.signatures).toMatchObject({
      verdict: 'not-satisfied',
      findings: [
        {
          code: 'untrusted-signer',
          expected: ['release job'],
          found: [{ signer: workflow({ repository: 'octo-org-evil/app' }) }],
        },
      ],
      lists: [
        {
          satisfied: false,
          authorities: [
            {
              signatures: [],
              mismatches: [
                {
                  condition: 'subject',
                  expected: workflow(JOB),
                  found: workflow({ repository: 'octo-org-evil/app' }),
                  about: digest,
                },
              ],
            },
          ],
        },
      ],
    });
    expect(answer.ci).toMatchObject({ provenance: 'allowed' });
  });

  test('says that an image is not signed', async () => {
    const { name } = await pushed();
    const json = await verified(`${name}:1.0.0`);
    expect(json).toMatchObject({
      signatures: [],
      policy: { signatures: { verdict: 'not-satisfied', findings: [{ code: 'unsigned' }] } },
    });
    expect(json.places.every(({ state }: Json) => state === 'absent')).toBe(true);
  });

  test('shows evidence alone of an image that nobody watches, or another team does', async () => {
    const { path, name, digest } = await pushed({ watch: false });
    await sign(path, digest);
    const json = await verified(`${name}:1.0.0`);
    expect(json.policy).toBeNull();
    // Only the team's policy names its root; that the public one does not know its signer may be our fault.
    expect(json.signatures).toMatchObject([{ state: 'unavailable', problem: 'trusted-root', signer: null }]);
    const watched = await pushed();
    await sign(watched.path, watched.digest);
    expect((await verified(`${watched.name}:1.0.0`)).policy).not.toBeNull();
    const theirs = await verified(`${watched.name}:1.0.0`, THEIRS);
    expect([theirs.policy, theirs.trustedRoots.map(({ name: root }: Json) => root)]).toEqual([null, ['public-good']]);
  });

  test('verifies with the keys that the policy names', async () => {
    const { path, name, image } = await pushed({ watch: { signatures: { authorities: [RELEASE_AUTHORITY] } } });
    pushwarden.registry.push(path, `${referrersTag(image)}.sig`, cosignSignature(image));
    expect(await verified(`${name}:1.0.0`)).toMatchObject({
      signatures: [
        {
          place: 'sig-tag',
          format: 'cosign-signature',
          state: 'valid',
          signer: { kind: 'key', logged: false },
          signedAt: null,
        },
      ],
      policy: { signatures: { verdict: 'satisfied' } },
    });
  });

  test('tells a child that its index is signed, and an index that its children are', async () => {
    const children = [singleImage(randomUUID()), singleImage(randomUUID(), 'arm64')];
    const [first, second] = children;
    if (first === undefined || second === undefined) throw new Error('two images were made');
    const index = imageIndex(children, []);
    const { path, name } = await pushed({ image: index });
    for (const child of children) pushwarden.registry.push(path, null, child);
    await sign(path, index.digest);
    const child = await verified(`${name}:1.0.0@${first.digest}`);
    expect(child).toMatchObject({
      digest: first.digest,
      kind: 'manifest',
      indexes: [index.digest],
      notes: [
        'The tag 1.0.0 points at an index that lists this digest.',
        'This image has no valid signature of its own; an index that lists it has one, which covers it.',
      ],
      policy: { signatures: { verdict: 'satisfied' } },
    });

    const bare = imageIndex([first, second], [buildkitAttestation(first)]);
    const other = await pushed({ image: bare });
    for (const each of children) pushwarden.registry.push(other.path, null, each);
    await sign(other.path, first.digest);
    expect(await verified(`${other.name}:1.0.0`)).toMatchObject({
      kind: 'index',
      children: [first.digest, second.digest],
      notes: ['This index has no signature of its own: each of its 2 images wants one, and 1 have one.'],
      policy: { signatures: { verdict: 'not-satisfied' } },
    });
    await sign(other.path, second.digest);
    expect((await verified(`${other.name}:1.0.0`)).policy.signatures.verdict).toBe('satisfied');
  });

  test('says when a tag points elsewhere, and when a digest is a signature', async () => {
    const { path, name, digest, image } = await pushed({ watch: false });
    const next = singleImage(`${path} next`);
    pushwarden.registry.push(path, '2.0.0', next);
    expect((await verified(`${name}:2.0.0@${digest}`)).notes).toEqual([
      `The tag 2.0.0 points at ${next.digest}, not at this digest.`,
      STALE,
    ]);
    const signature = cosignSignature(image);
    pushwarden.registry.push(path, `${referrersTag(image)}.sig`, signature);
    expect(await verified(`${name}@${signature.digest}`)).toMatchObject({
      kind: 'artifact',
      notes: expect.arrayContaining([expect.stringMatching(/^This is no image but a signature/)]),
    });
  });

  test('counts its requests, keeps within the limit, and changes nothing', async () => {
    const { path, name, digest, id } = await pushed();
    await sign(path, digest);
    const before = await snapshot(pushwarden.db, rowsOf(id));
    const asked = requestsAbout(path);
    const { requests } = await verified(`${name}:1.0.0`);
    const made = requestsAbout(path) - asked;
    expect(requests.limit).toBe(40);
    expect(requests.made).toBeLessThanOrEqual(40);
    expect(made).toBeGreaterThan(4);
    expect(made).toBeLessThanOrEqual(requests.made);
    expect(await snapshot(pushwarden.db, rowsOf(id))).toBe(before);
  });

  const refused: [string, number, RegExp][] = [
    ['docker.io/org/app', 400, /^image: Name a tag or a digest/],
    ['docker.io/org/app:', 400, /^image: After : a tag is expected/],
    ['docker.io/org/app@sha256:00', 400, /^image: After @ a digest is expected/],
    ['docker.io/Org/app:1', 400, /^image: .*upper-case/],
    ['https://docker.io/org/app:1', 400, /^image: .*without a scheme/],
    ['', 400, /^image: /],
    ['quay.io/org/app:1', 400, /^image: the registry quay\.io is not configured; add it to REGISTRIES/],
    ['127.0.0.1:1/org/app:1', 400, /^image: the registry 127\.0\.0\.1:1 is not configured/],
    ['docker.io/org/nothing:1', 404, /^docker\.io\/org\/nothing has no such tag\.$/],
    [`docker.io/org/nothing@${NO_DIGEST}`, 404, /^docker\.io\/org\/nothing has no such digest\.$/],
  ];
  test.each(refused)('of "%s" answers %d with the reason', async (image, status, detail) => {
    const answer = await verify(image);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(answer.json.detail).toMatch(detail);
  });

  test('says that it could not read, which is not the same as not there', async () => {
    const { path, name } = await pushed();
    pushwarden.registry.fail(`/v2/${path}/`, { kind: 'status', status: 503 });
    expect(await verified(`${name}:1.0.0`)).toMatchObject({
      state: 'unavailable',
      reason: expect.stringMatching(/503/),
      digest: null,
      complete: false,
      policy: null,
    });
  });

  test('says which place did not answer, and decides nothing by the others', async () => {
    const { path, name } = await pushed();
    pushwarden.registry.fail(`/v2/${path}/referrers/`, { kind: 'status', status: 500 });
    const json = await verified(`${name}:1.0.0`);
    expect(json).toMatchObject({
      state: 'present',
      complete: false,
      notes: ['Not everything could be read or checked: what is missing here may be there.'],
      policy: { signatures: { verdict: 'undetermined', findings: [] } },
    });
    expect(json.places).toContainEqual(expect.objectContaining({ place: 'referrers-api', state: 'unavailable' }));
  });
});

describe('GET /policy-suggestion', () => {
  /** Releases of an image, each signed by the workflow at a tag of its own; the versions are given in order. */
  async function releases(versions: readonly string[], watch: object | false = false) {
    const { path, name, id } = await pushed({ watch, tag: 'nightly' });
    for (const version of versions) {
      const image = singleImage(`${path} ${version}`);
      pushwarden.registry.push(path, version, image);
      await sign(path, image.digest, { ...JOB, ref: `refs/tags/v${version}` });
    }
    return { path, name, id };
  }

  test('proposes who signed every release; once sent it lets the next one in and no stranger', async () => {
    const open = { signatures: { mode: 'observe', authorities: [keyless] } };
    const { path, name, id } = await releases(['1.0.0', '1.1.0', '1.2.0'], open);
    const { status, json } = await suggest(name, '&tags=3');
    expect(status).toBe(200);
    expect(suggestionAnswer.parse(json)).toEqual(json);
    expect(json).toMatchObject({
      image: name,
      order: 'version',
      unread: [],
      tags: [
        { tag: '1.2.0', answer: { signatures: { verdict: 'satisfied' }, ci: { provenance: 'allowed' } } },
        { tag: '1.1.0' },
        { tag: '1.0.0' },
      ],
      signers: [{ kind: 'keyless', included: true, tags: ['1.2.0', '1.1.0', '1.0.0'] }],
      policy: {
        immutableTags: ['*.*.*'],
        ci: { mode: 'require', identities: [{ repositoryId: '74', refPattern: 'refs/tags/v*' }] },
        signatures: {
          mode: 'require',
          authorities: [
            [
              {
                trustedRoot: 'ours',
                keyless: {
                  identity: {
                    subjectRegExp:
                      '^https://github\\.com/octo-org/app/\\.github/workflows/release\\.yml@refs/tags/v\\d[^/]*$',
                  },
                },
              },
            ],
          ],
        },
      },
    });
    expect((await pushwarden.api('GET', `/repositories/${id}`)).json.policy.signatures.mode).toBe('observe');

    expect((await pushwarden.api('PATCH', `/repositories/${id}`, { policy: json.policy })).status).toBe(200);
    for (const [tag, job, verdict] of [
      ['1.3.0', { ...JOB, ref: 'refs/tags/v1.3.0' }, 'satisfied'],
      ['1.3.1', { ...JOB, repository: 'mallory/app', ref: 'refs/tags/v1.3.1' }, 'not-satisfied'],
    ] as const) {
      const image = singleImage(`${path} ${tag}`);
      pushwarden.registry.push(path, tag, image);
      await sign(path, image.digest, job);
      expect((await verified(`${name}:${tag}`)).policy.signatures.verdict).toBe(verdict);
    }
  });

  test('of a watched image reads what was pushed last, but nothing rogue, and leaves everything as it is', async () => {
    const path = `org/app-${randomUUID().slice(0, 8)}`;
    const image = `registry.example/${path}`;
    const repository = await pushwarden.watch(image, {
      policy: { pushers: ['release-bot'], signatures: { mode: 'observe', authorities: [keyless] } },
    });
    for (const [tag, actor] of [
      ['9.0.0', 'release-bot'],
      ['1.0.0', 'release-bot'],
      ['9.9.9', 'mallory'],
    ] as const) {
      const manifest = singleImage(`${path} ${tag}`);
      pushwarden.registry.push(path, tag, manifest);
      await sign(path, manifest.digest, { ...JOB, repository: actor === 'mallory' ? 'mallory/app' : JOB.repository });
      const event = distributionEvent({ repository: path, tag, digest: manifest.digest, actor });
      await sendDistribution(pushwarden, repository.webhook, [event]);
    }
    await pushwarden.advance(2000);
    const before = await snapshot(pushwarden.db, rowsOf(repository.id));
    const { json } = await suggest(image);
    expect(json).toMatchObject({
      order: 'changed',
      tags: [{ tag: '1.0.0' }, { tag: '9.0.0' }],
      unread: [{ tag: '9.9.9', reason: expect.stringMatching(/rogue/) }],
      signers: [{ subjects: [workflow(JOB)] }],
    });
    expect(await snapshot(pushwarden.db, rowsOf(repository.id))).toBe(before);
  });

  test('stays within the limit of requests, and says what it did not read', async () => {
    const { path, name } = await releases(['1.0.0', '1.1.0', '1.2.0', '1.3.0', '1.4.0', '1.5.0', '1.6.0', '1.7.0']);
    const asked = requestsAbout(path);
    const { json } = await suggest(name, '&tags=8');
    expect(requestsAbout(path) - asked).toBeLessThanOrEqual(json.requests.made);
    expect(json.requests).toMatchObject({ made: expect.any(Number), limit: 40 });
    expect(json.requests.made).toBeLessThanOrEqual(40);
    expect(json.unread.length).toBeGreaterThan(0);
    expect(json.unread[0].reason).toMatch(/ask for fewer tags/);
    expect(json.tags.length + json.unread.length).toBe(8);
  });

  const refused: [string, number, RegExp][] = [
    ['image=docker.io/org/app:1', 400, /^image: Write the image without a tag/],
    ['image=docker.io/org/app&tags=0', 400, /^tags: /],
    ['image=docker.io/org/app&tags=21', 400, /^tags: /],
    ['tags=5', 400, /^image: /],
    ['image=quay.io/org/app', 400, /^image: the registry quay\.io is not configured/],
    ['image=docker.io/org/nothing', 404, /^The registry has no docker\.io\/org\/nothing\.$/],
  ];
  test.each(refused)('?%s answers %d with the reason', async (query, status, detail) => {
    const answer = await pushwarden.api('GET', `/policy-suggestion?${query}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
    expect(answer.json.detail).toMatch(detail);
  });

  test('says that the tags cannot be listed now', async () => {
    const { path, name } = await pushed({ watch: false });
    pushwarden.registry.fail(`/v2/${path}/tags/`, { kind: 'status', status: 502 });
    const answer = await suggest(name);
    expect([answer.status, answer.json.detail]).toEqual([503, expect.stringMatching(/cannot be listed now: .*502/)]);
  });
});
