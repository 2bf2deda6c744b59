import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import {
  cosignSignature,
  type Image,
  imageIndex,
  RELEASE_AUTHORITY,
  referrersTag,
  sigstoreReferrer,
  singleImage,
} from '../../scripts/simulate/images.ts';
import { packageDelivery, sendGitHub } from '../fixtures/senders.ts';
import { WatchedImages } from '../fixtures/watched-images.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let images: WatchedImages;
let path: string;
let repository: Json;

const SETTLE = 120;
const DEADLINE = 1800;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
  images = new WatchedImages(pushwarden);
});
beforeEach(async () => {
  path = `octo-org/app-${randomUUID().slice(0, 8)}`;
  repository = await images.watch(`ghcr.io/${path}`, {
    pushers: ['github-actions[bot]'],
    signatures: { mode: 'require', authorities: [RELEASE_AUTHORITY] },
  });
});
afterEach(async () => {
  pushwarden.registry.heal();
  await images.forget();
});
afterAll(() => pushwarden.stop());

/** Pushes and tells of it, as the release job's account. */
async function release(tag: string, image: Image, children: readonly Image[] = []): Promise<void> {
  pushwarden.registry.push(path, tag === '' ? null : tag, image);
  await sendGitHub(pushwarden, repository.webhook, packageDelivery({ event: 'package', path, tag, image, children }));
}

/** The signature artifact, without a word about it. */
const attach = (image: Image, signature: Image): string =>
  pushwarden.registry.push(path, `${referrersTag(image)}.sig`, signature);

async function pushOf(tag: string): Promise<Json> {
  const push = (await images.pushes(repository)).find((each) => each.tag === tag);
  return (await pushwarden.api('GET', `/pushes/${push?.id}`)).json;
}

/** The push, once its queue message has been worked off. */
async function judged(tag: string, verdict: string): Promise<Json> {
  await until(`${tag} is ${verdict}`, async () => {
    const push = await pushOf(tag);
    return push.verdict === verdict && push.nextCheckAt !== undefined && push.evidence !== null;
  });
  return pushOf(tag);
}

const codes = (push: Json): string[] => push.findings.map(({ code }: Json) => code);

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const byStranger = (payload: Buffer): string => sign('sha256', payload, stranger.privateKey).toString('base64');

describe('a repository that requires a signature', () => {
  test('ends trusted at once if the release key signed before the push was told', async () => {
    const image = singleImage(`${path} 1`);
    attach(image, cosignSignature(image));
    await release('1.0.0', image);
    expect(await judged('1.0.0', 'trusted')).toMatchObject({
      evidence: { signatures: { found: [{ state: 'valid', place: 'sig-tag', signer: { kind: 'key' } }] } },
    });
    expect(images.told(path)).toEqual([]);
  });

  test('waits for the signature, whose own webhook ends the wait at once', async () => {
    const image = singleImage(`${path} 1`);
    await release('1.0.0', image);
    expect(await judged('1.0.0', 'pending')).toMatchObject({ wants: ['signature'] });
    await release(`${referrersTag(image)}.sig`, cosignSignature(image));
    await judged('1.0.0', 'trusted');
  });

  test('finds a signature of which no webhook tells', async () => {
    const image = singleImage(`${path} 1`);
    await release('1.0.0', image);
    await pushwarden.advance(SETTLE);
    attach(image, cosignSignature(image));
    await pushwarden.advance(310);
    expect((await pushOf('1.0.0')).verdict).toBe('trusted');
  });

  test('calls what nobody signed unsigned, at the deadline and not before', async () => {
    await release('1.0.0', singleImage(`${path} 1`));
    await pushwarden.advance(DEADLINE - 60);
    expect((await pushOf('1.0.0')).verdict).toBe('pending');
    await pushwarden.advance(60);
    expect(codes(await pushOf('1.0.0'))).toEqual(['unsigned']);
    expect(images.told(path)).toHaveLength(1);
  });

  test('counts a bundle under the fallback tag, and one at the referrers API', async () => {
    for (const [tag, api] of [
      ['1.0.0', false],
      ['2.0.0', true],
    ] as const) {
      const image = singleImage(`${path} ${tag}`);
      const { bundle, fallback } = sigstoreReferrer(image);
      pushwarden.registry.referrersApi = api;
      pushwarden.registry.push(path, null, bundle);
      if (!api) pushwarden.registry.push(path, referrersTag(image), fallback);
      await release(tag, image);
      const push = await judged(tag, 'trusted');
      expect(push.evidence.signatures.found[0].place).toBe(api ? 'referrers-api' : 'fallback-tag');
    }
    pushwarden.registry.referrersApi = true;
  });
});

describe('a bundle whose signature is over the manifest itself', () => {
  const attached = (image: Image, of: Image): void => {
    const { bundle } = sigstoreReferrer(of, 'message-signature');
    const manifest = JSON.parse(bundle.bytes.toString());
    const subject = { mediaType: image.mediaType, digest: image.digest, size: image.size };
    const bytes = Buffer.from(JSON.stringify({ ...manifest, subject }));
    pushwarden.registry.push(path, null, { ...bundle, bytes });
  };

  test('is verified with its bytes', async () => {
    const image = singleImage(`${path} 1`);
    attached(image, image);
    await release('1.0.0', image);
    const { found } = (await judged('1.0.0', 'trusted')).evidence.signatures;
    expect(found).toMatchObject([{ state: 'valid', predicateType: null, signer: { kind: 'key' } }]);
  });

  test('of another image counts for nothing', async () => {
    const image = singleImage(`${path} 1`);
    attached(image, singleImage('another'));
    await release('1.0.0', image);
    await pushwarden.advance(SETTLE + 5);
    expect(await pushOf('1.0.0')).toMatchObject({
      findings: [{ code: 'invalid-signature', found: [{ problem: 'other-subject' }] }],
    });
  });
});

describe('a signature that is worth nothing is told after the settle time', () => {
  const forgeries: [string, (image: Image) => Image, string, RegExp][] = [
    ['another key', (image) => cosignSignature(image, { sign: byStranger }), 'untrusted-signer', /key/],
    [
      'the genuine signature of another image',
      () => cosignSignature(singleImage('another')),
      'invalid-signature',
      /about sha256/,
    ],
    [
      'a payload altered to name this image',
      (image) => {
        const other = singleImage('another');
        return cosignSignature(other, { alter: (payload) => payload.replace(other.digest, image.digest) });
      },
      'untrusted-signer',
      /key/,
    ],
    ['no signature at all', (image) => cosignSignature(image, { sign: () => '' }), 'invalid-signature', /signature/],
    ['a payload that is no JSON', (image) => cosignSignature(image, { alter: () => '{' }), 'invalid-signature', /JSON/],
  ];

  test.each(forgeries)('%s', async (_, forge, code, reason) => {
    const image = singleImage(`${path} 1`);
    attach(image, forge(image));
    await release('1.0.0', image);
    await pushwarden.advance(SETTLE - 5);
    expect((await pushOf('1.0.0')).verdict).toBe('pending');
    await pushwarden.advance(10);
    const push = await pushOf('1.0.0');
    expect(push).toMatchObject({ verdict: 'rogue', findings: [{ code, found: [{ place: 'sig-tag' }] }] });
    expect(push.findings[0].found[0].reason).toMatch(reason);
    expect(images.told(path)).toHaveLength(1);
  });

  test('and the right one, when it comes, clears it and tells the story', async () => {
    const image = singleImage(`${path} 1`);
    attach(image, cosignSignature(image, { sign: byStranger }));
    await release('1.0.0', image);
    await pushwarden.advance(SETTLE + 1);
    expect(codes(await pushOf('1.0.0'))).toEqual(['untrusted-signer']);
    const { bundle, fallback } = sigstoreReferrer(image);
    await release('', bundle);
    await release(referrersTag(image), fallback);
    const push = await judged('1.0.0', 'trusted');
    expect(push.evidence.signatures.found.map(({ state }: Json) => state).sort()).toEqual(['invalid', 'valid']);
    await until('the thread is told', () => /release key/.test(images.told(path).at(-1)?.json ?? ''));
  });
});

describe('an index', () => {
  const platforms = () => [singleImage(`${path} 1`, 'amd64'), singleImage(`${path} 1`, 'arm64')];

  test('is covered by its own signature, and covers a child under a tag of its own', async () => {
    const children = platforms();
    const index = imageIndex(children, []);
    for (const child of children) pushwarden.registry.push(path, null, child);
    attach(index, cosignSignature(index));
    await release('1.0.0', index, children);
    const [amd64] = children;
    if (amd64 === undefined) throw new Error('no child');
    await judged('1.0.0', 'trusted');
    await release('1.0.0-amd64', amd64);
    expect(await judged('1.0.0-amd64', 'trusted')).toMatchObject({
      evidence: { signatures: { indexes: [index.digest] } },
    });
  });

  test.each([
    [2, []],
    [1, ['unsigned']],
  ])('without one, with %i of its two children signed: %j', async (signed, findings) => {
    const children = platforms();
    const index = imageIndex(children, []);
    for (const [n, child] of children.entries()) {
      pushwarden.registry.push(path, null, child);
      if (n < signed) attach(child, cosignSignature(child));
    }
    await release('1.0.0', index, children);
    await pushwarden.advance(DEADLINE + 1);
    expect(codes(await pushOf('1.0.0'))).toEqual(findings);
  });
});

describe('a registry in trouble never makes an image unsigned', () => {
  const places = ['/referrers/', '/manifests/sha256-', '/blobs/', '/attestations/'];
  test.each(places.flatMap((place) => [429, 500].map((status) => [place, status] as const)))(
    'at %s with %i',
    async (place, status) => {
      const image = singleImage(`${path} 1`);
      attach(image, cosignSignature(image, { sign: byStranger }));
      pushwarden.registry.fail(place, { kind: 'status', status });
      await release('1.0.0', image);
      await pushwarden.advance(DEADLINE + 1);
      expect(await pushOf('1.0.0')).toMatchObject({ verdict: 'undetermined', findings: [] });
      pushwarden.registry.heal();
    },
  );
});

test('forty images at once are each looked at, though one invocation cannot make all the requests', async () => {
  const released = Array.from({ length: 40 }, (_, n) => singleImage(`${path} ${n}`));
  for (const [n, image] of released.entries()) {
    attach(image, cosignSignature(image));
    pushwarden.registry.push(path, `1.0.${n}`, image);
  }
  await Promise.all(
    released.map((image, n) =>
      sendGitHub(
        pushwarden,
        repository.webhook,
        packageDelivery({ event: 'package', path, tag: `1.0.${n}`, image, children: [] }),
      ),
    ),
  );
  await expect
    .poll(async () => (await images.pushes(repository)).filter(({ verdict }) => verdict === 'trusted').length, {
      timeout: 30_000,
    })
    .toBe(40);
});
