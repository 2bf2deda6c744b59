import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { PackageEvent } from '../../scripts/simulate/github-webhook.ts';
import {
  buildkitAttestation,
  cosignSignature,
  type Image,
  imageIndex,
  RELEASE_AUTHORITY,
  referrersTag,
  sigstoreReferrer,
  singleImage,
} from '../../scripts/simulate/images.ts';
import { randomFrom } from '../../scripts/simulate/random.ts';
import { announce } from '../fixtures/ci-job.ts';
import { type GitHubDelivery, packageDelivery, sendGitHub } from '../fixtures/senders.ts';
import { byTag, WatchedImages } from '../fixtures/watched-images.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const DEADLINE = 1800;

let pushwarden: TestInstallation;
let images: WatchedImages;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  // GHCR and Docker Hub have no referrers API.
  pushwarden.registry.referrersApi = false;
  await pushwarden.connectSlack();
  images = new WatchedImages(pushwarden);
});
afterAll(() => pushwarden?.stop());
afterEach(async () => {
  pushwarden.slack.messages.length = 0;
  await images.forget();
});

const TAGS = ['3.5.0', 'latest'];

interface Pushed {
  readonly tag: string;
  readonly image: Image;
  readonly children: readonly Image[];
  /** What GitHub sends for it; tagged images as both kinds. */
  readonly events: readonly PackageEvent[];
}

/** Two platforms with attestations, their index under two tags, a signature, a bundle and its fallback tag. */
function signedRelease(words: string): { readonly index: Image; readonly build: Pushed[]; readonly signing: Pushed[] } {
  const platforms = [singleImage(words), singleImage(words, 'arm64')];
  const children = [...platforms, ...platforms.map(buildkitAttestation)];
  const index = imageIndex(platforms, children.slice(2));
  const { bundle, fallback } = sigstoreReferrer(index);
  const part = (tag: string, image: Image): Pushed => ({ tag, image, children: [], events: ['package'] });
  return {
    index,
    build: [
      ...children.map((image) => part('', image)),
      ...TAGS.map((tag): Pushed => ({ tag, image: index, children, events: ['package', 'registry_package'] })),
    ],
    signing: [
      part(`${referrersTag(index)}.sig`, cosignSignature(index)),
      part('', bundle),
      part(referrersTag(index), fallback),
    ],
  };
}

interface Webhook {
  readonly tag: string;
  readonly delivery: GitHubDelivery;
  /** When it comes; the push it tells of came before. */
  readonly at: number;
}

interface Happening {
  readonly at: number;
  readonly happen: () => unknown;
}

/** Repeats three webhooks, with their ids as GitHub redelivers them, and loses two about manifests without a tag. */
function disturb(webhooks: readonly Webhook[], random: () => number): Webhook[] {
  const parts = webhooks.filter(({ tag }) => tag === '');
  const first = Math.floor(random() * parts.length);
  const lost = new Set([parts[first], parts[(first + 2) % parts.length]]);
  const left = webhooks.filter((webhook) => !lost.has(webhook));
  const repeated = Array.from({ length: 3 }, () => left[Math.floor(random() * left.length)]).flatMap((webhook) =>
    webhook === undefined ? [] : [{ ...webhook, at: webhook.at + random() * 60 }],
  );
  return [...left, ...repeated];
}

/** Plays an honest release of some 75 s, with each webhook late by up to 150 s. */
async function release(
  seed: number,
  change: (webhooks: readonly Webhook[], random: () => number) => readonly Webhook[] = (webhooks) => webhooks,
): Promise<{ readonly repository: Json; readonly index: Image; readonly path: string }> {
  const random = randomFrom(seed);
  const path = `octo-org/app-${randomUUID().slice(0, 8)}`;
  const image = `ghcr.io/${path}`;
  for (const tag of ['3.4.0', 'latest']) pushwarden.registry.push(path, tag, singleImage(`${path} 3.4.0`));
  const repository = await images.watch(image, {
    ...images.policyOf('github-actions[bot]', ['*.*.*']),
    signatures: { mode: 'require', authorities: [RELEASE_AUTHORITY] },
  });
  const { index, build, signing } = signedRelease(path);
  const run = String(seed);
  const happenings: Happening[] = [
    { at: 0, happen: () => announce(pushwarden, { phase: 'started', image, tags: TAGS }, run) },
    { at: 52, happen: () => announce(pushwarden, { phase: 'pushed', image, digest: index.digest, tags: TAGS }, run) },
    { at: 75, happen: () => announce(pushwarden, { phase: 'finished', image }, run) },
  ];
  const webhooks: Webhook[] = [];
  for (const [place, { events, ...pushed }] of [...build, ...signing].entries()) {
    const at = (place < build.length ? 30 : 50) + place;
    happenings.push({ at, happen: () => pushwarden.registry.push(path, pushed.tag || null, pushed.image) });
    for (const event of events) {
      const delivery = packageDelivery({ event, path, ...pushed }, randomUUID());
      webhooks.push({ tag: pushed.tag, delivery, at: at + random() * 150 });
    }
  }
  for (const { at, delivery } of change(webhooks, random)) {
    happenings.push({ at, happen: () => sendGitHub(pushwarden, repository.webhook, delivery) });
  }
  await playOut(happenings);
  await pushwarden.advance(DEADLINE + 60);
  await until('everything is decided', async () =>
    (await images.pushes(repository)).every(({ verdict }) => verdict !== 'pending'),
  );
  return { repository, index, path };
}

/** In the order of time, which passes in steps of ten seconds: what falls into one step happens at once. */
async function playOut(happenings: readonly Happening[]): Promise<void> {
  let now = 0;
  for (const { at, happen } of [...happenings].sort((a, b) => a.at - b.at)) {
    if (at - now >= 10) {
      await pushwarden.advance(at - now);
      now = at;
    }
    await happen();
  }
}

async function expectOneTrustedPushPerTag({
  repository,
  index,
  path,
}: Awaited<ReturnType<typeof release>>): Promise<void> {
  const all = await images.pushes(repository);
  expect(
    all.map(({ tag, digest, kind, verdict, findings }) => ({ tag, digest, kind, verdict, findings })).sort(byTag),
  ).toEqual(TAGS.map((tag) => ({ tag, digest: index.digest, kind: 'index', verdict: 'trusted', findings: [] })));
  expect(await images.openAlerts(repository)).toEqual([]);
  expect(images.told(path)).toEqual([]);
  expect(images.told(path, 'health')).toEqual([]);
}

const SEEDS = Array.from({ length: 20 }, (_, at) => at + 1);

describe('an honest multi-platform signed release on GHCR is a trusted push per tag, and alarms nobody', () => {
  test.each(SEEDS)('with its webhooks in any order (seed %i)', async (seed) => {
    const played = await release(seed);
    await expectOneTrustedPushPerTag(played);
    const folded = (await images.pushes(played.repository, true)).filter(
      ({ kind }) => kind === 'child' || kind === 'artifact',
    );
    expect(folded.map(({ foldedInto }) => foldedInto)).toEqual(Array.from({ length: 7 }, () => played.index.digest));
  });

  test.each(SEEDS)('with three webhooks repeated and two lost (seed %i)', async (seed) => {
    await expectOneTrustedPushPerTag(await release(seed, disturb));
  });

  test('with all webhooks about latest lost: the sweep finds that', async () => {
    const played = await release(21, (webhooks) => webhooks.filter(({ tag }) => tag !== 'latest'));
    await expectOneTrustedPushPerTag(played);
    const origins = (await images.pushes(played.repository)).map(({ tag, origin }) => [tag, origin]);
    expect(Object.fromEntries(origins)).toEqual({ '3.5.0': 'github', latest: 'sweep' });
  });

  test('with all webhooks about both tags lost', async () => {
    const { repository, index, path } = await release(22, (webhooks) =>
      webhooks.filter(({ tag }) => !TAGS.includes(tag)),
    );
    const all = (await images.pushes(repository)).filter(({ tag }) => tag !== '');
    expect(all.map(({ tag, digest, verdict }) => ({ tag, digest, verdict })).sort(byTag)).toEqual(
      TAGS.map((tag) => ({ tag, digest: index.digest, verdict: 'trusted' })),
    );
    expect(images.told(path)).toEqual([]);
  });

  test('with a sweep that comes before most webhooks', async () => {
    const { repository, path } = await release(23, (webhooks) =>
      webhooks.map((webhook) => ({ ...webhook, at: webhook.at + 900 })),
    );
    const all = await images.pushes(repository);
    expect([...new Set(all.map(({ origin }) => origin))].sort()).toEqual(['github', 'sweep']);
    expect(all.map(({ tag, verdict }) => [tag, verdict])).toEqual(all.map(({ tag }) => [tag, 'trusted']));
    expect(all.filter(({ tag }) => !TAGS.includes(tag))).toEqual([]);
    expect(images.told(path)).toEqual([]);
  });
});
