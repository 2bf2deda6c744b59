import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { PackageEvent } from '../../scripts/simulate/github-webhook.ts';
import {
  buildkitAttestation,
  cosignSignature,
  type Image,
  imageIndex,
  referrersTag,
  sigstoreReferrer,
  singleImage,
} from '../../scripts/simulate/images.ts';
import { randomFrom } from '../../scripts/simulate/random.ts';
import type { SlackMessage } from '../../scripts/simulate/world/slack.ts';
import { announce, releaseIdentity } from '../fixtures/ci-job.ts';
import { type GitHubDelivery, packageDelivery, sendDockerHub, sendGitHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const DEADLINE = 1800;
const DAY = 86_400;

let pushwarden: TestInstallation;
/** This test's repositories. */
const watched: Json[] = [];

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  // GHCR and Docker Hub have no referrers API.
  pushwarden.registry.referrersApi = false;
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden?.stop());
afterEach(async () => {
  pushwarden.slack.messages.length = 0;
  // What is no longer watched is not swept while time passes in the next test.
  for (const { id } of watched.splice(0)) await pushwarden.api('DELETE', `/repositories/${id}`);
});

async function watch(image: string, policy: object): Promise<Json> {
  const repository = await pushwarden.watch(image, { policy });
  watched.push(repository);
  return repository;
}

const policyOf = (account: string, immutableTags: readonly string[]): object => ({
  pushers: [account],
  immutableTags,
  ci: { announceFirst: true, identities: [releaseIdentity(pushwarden)] },
});

const told = (path: string, channel: 'alerts' | 'health' = 'alerts'): SlackMessage[] =>
  pushwarden.slack.messages.filter(
    (message) => message.channel === channel && new RegExp(`${path}\\b(?!-)`).test(message.json),
  );

/** Pushes since the baseline, newest first; `folded`: also those that belong to another one. */
async function pushes(repository: Json, folded = false): Promise<Json[]> {
  const { json } = await pushwarden.api('GET', `/repositories/${repository.id}/pushes?limit=100&folded=${folded}`);
  return json.items.filter((push: Json) => push.origin !== 'baseline');
}

async function openAlerts(repository: Json): Promise<Json[]> {
  const { items } = (await pushwarden.api('GET', '/alerts?state=open&limit=100')).json;
  return items.filter((alert: Json) => alert.repository === repository.id);
}

interface Hub {
  readonly path: string;
  readonly account: string;
  readonly immutableTags: readonly string[];
  readonly baseline: readonly string[];
  readonly release: readonly string[];
}

/** An image on Docker Hub, watched, with an honest release behind it. */
class HubRepository {
  readonly hub: Hub;
  readonly genuine: Image;
  repository: Json;
  #seconds = 0;

  constructor(hub: Hub) {
    this.hub = hub;
    this.genuine = singleImage(`${hub.path} release`);
  }

  async setUp(): Promise<this> {
    const { path, account, immutableTags, baseline, release } = this.hub;
    for (const tag of baseline) pushwarden.registry.push(path, tag, singleImage(`${path} ${tag}`));
    const image = `docker.io/${path}`;
    this.repository = await watch(image, policyOf(account, immutableTags));
    await announce(pushwarden, { phase: 'started', image, tags: release });
    for (const tag of release) await this.push(tag, this.genuine);
    await announce(pushwarden, { phase: 'pushed', image, digest: this.genuine.digest, tags: release });
    await announce(pushwarden, { phase: 'finished', image });
    await until('the release is trusted', async () => {
      const all = await pushes(this.repository);
      return all.length === release.length && all.every(({ verdict }) => verdict === 'trusted');
    });
    await pushwarden.advance(2 * DAY);
    expect(told(path)).toEqual([]);
    return this;
  }

  /** Pushed with the account's token, by whoever has it. */
  async push(tag: string, image: Image): Promise<void> {
    const { path, account: pusher } = this.hub;
    pushwarden.registry.push(path, tag, image);
    this.#seconds += 1;
    const at = Date.now() + this.#seconds * 1000;
    const { status } = await sendDockerHub(pushwarden, this.repository.webhook, { path, tag, pusher, at });
    expect(status).toBe(202);
  }

  /** Overwrites or adds a tag, and waits until Slack has heard of that tag and digest. */
  async attack(tag: string, image: Image, codes: readonly string[]): Promise<void> {
    const from = pushwarden.slack.messages.length;
    await this.push(tag, image);
    await until(`Slack is told of ${tag}`, () =>
      told(this.hub.path).some(
        (message) => pushwarden.slack.messages.indexOf(message) >= from && message.json.includes(tag),
      ),
    );
    const [latest] = await pushes(this.repository);
    expect(latest).toMatchObject({ tag, digest: image.digest, verdict: 'rogue' });
    expect(latest.findings.map((finding: Json) => finding.code).sort()).toEqual([...codes].sort());
  }

  /** Open alerts as their digest and tags. */
  async alerts(): Promise<Record<string, string[]>> {
    return Object.fromEntries((await openAlerts(this.repository)).map(({ digest, tags }) => [digest, tags]));
  }
}

describe('replayed', () => {
  test('Kong, 2024: a leaked token overwrites a release tag with a miner', async () => {
    const kong = await new HubRepository({
      path: 'kong/kubernetes-ingress-controller',
      account: 'kong-release',
      immutableTags: ['*.*.*'],
      baseline: ['3.3.0', '3.3.1', '3.3', 'latest'],
      release: ['3.4.0', '3.4', 'latest'],
    }).setUp();
    const miner = singleImage('kong miner');
    await kong.attack('3.4.0', miner, ['tag-moved', 'no-ci-run']);
    const [alert] = await openAlerts(kong.repository);
    expect(alert).toMatchObject({
      tags: ['3.4.0'],
      digest: miner.digest,
      previousDigest: kong.genuine.digest,
      safe: { digest: kong.genuine.digest, how: 'trusted' },
    });
    await pushwarden.advance(10 * DAY);
    expect(told(kong.hub.path)).toHaveLength(1);
  });

  test('Trivy, 2026: a stolen token pushes two versions that nobody released, and moves latest', async () => {
    const trivy = await new HubRepository({
      path: 'aquasec/trivy',
      account: 'aqua-release',
      immutableTags: ['*.*.*'],
      baseline: ['0.69.1', '0.69.2', 'latest'],
      release: ['0.69.3', 'latest'],
    }).setUp();
    const [first, second] = [singleImage('stealer 0.69.5'), singleImage('stealer 0.69.6')];
    await trivy.attack('0.69.5', first, ['no-ci-run']);
    await trivy.attack('0.69.6', second, ['no-ci-run']);
    await trivy.attack('latest', second, ['no-ci-run']);
    expect(await trivy.alerts()).toEqual({ [first.digest]: ['0.69.5'], [second.digest]: ['0.69.6', 'latest'] });
  });

  test('Checkmarx KICS, 2026: five tags are overwritten and two are new', async () => {
    const kics = await new HubRepository({
      path: 'checkmarx/kics',
      account: 'checkmarx-release',
      immutableTags: ['v*.*.*'],
      baseline: ['v2.1.18', 'v2.1.19', 'alpine', 'debian', 'latest'],
      release: ['v2.1.20', 'v2.1.20-debian', 'alpine', 'debian', 'latest'],
    }).setUp();
    const [alpine, debian] = [singleImage('stealer'), singleImage('stealer on debian')];
    const [newAlpine, newDebian] = [singleImage('second stealer'), singleImage('second stealer on debian')];
    await kics.attack('v2.1.20', alpine, ['tag-moved', 'no-ci-run']);
    await kics.attack('v2.1.20-debian', debian, ['tag-moved', 'no-ci-run']);
    await kics.attack('alpine', alpine, ['no-ci-run']);
    await kics.attack('debian', debian, ['no-ci-run']);
    await kics.attack('latest', alpine, ['no-ci-run']);
    await kics.attack('v2.1.21', newAlpine, ['no-ci-run']);
    await kics.attack('v2.1.21-debian', newDebian, ['no-ci-run']);
    expect(await kics.alerts()).toEqual({
      [alpine.digest]: ['v2.1.20', 'alpine', 'latest'],
      [debian.digest]: ['v2.1.20-debian', 'debian'],
      [newAlpine.digest]: ['v2.1.21'],
      [newDebian.digest]: ['v2.1.21-debian'],
    });
  });

  test('vantage6, 2026: an administrator repoints 63 tags of 7 images, and no webhook tells of it', async () => {
    const versions = ['4.11.0', '4.11.1', '4.12.0', '4.12.1', '4.13.0', '4.13.1', '4.13.2'];
    const tags = [...versions, 'cotopaxi', 'latest'];
    const paths = ['server', 'node', 'ui', 'store', 'average', 'glm', 'kaplan-meier'].map((name) => `vantage6/${name}`);
    const repositories: Json[] = [];
    for (const path of paths) {
      for (const tag of tags) pushwarden.registry.push(path, tag, singleImage(`${path} ${tag}`));
      repositories.push(await watch(`registry.example/${path}`, { immutableTags: ['*.*.*'] }));
    }
    await pushwarden.advance(DAY);
    const backdoors = paths.map((path) => singleImage(`backdoor for ${path}`));
    for (const [at, path] of paths.entries()) {
      for (const tag of tags) pushwarden.registry.push(path, tag, backdoors[at] ?? singleImage(''));
    }
    // Two sweeps of everything; each may need several runs.
    for (let runs = 0; runs < 4; runs += 1) await pushwarden.advance(900);

    for (const [at, repository] of repositories.entries()) {
      const all = await pushes(repository);
      expect(all.map(({ tag, verdict, digest }) => ({ tag, verdict, digest })).sort(byTag)).toEqual(
        tags.map((tag) => ({ tag, verdict: 'rogue', digest: backdoors[at]?.digest })).sort(byTag),
      );
      const moved = all.filter((push) => push.findings.some((finding: Json) => finding.code === 'tag-moved'));
      expect(moved.map(({ tag }) => tag).sort()).toEqual(versions);
      const alerts = await openAlerts(repository);
      expect(alerts.map((alert) => alert.tags.length)).toEqual([tags.length]);
      await until('Slack is told', () => told(paths[at] ?? '').length > 0);
    }
  });
});

const byTag = (a: { tag: string }, b: { tag: string }): number => a.tag.localeCompare(b.tag);

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
  const repository = await watch(image, {
    ...policyOf('github-actions[bot]', ['*.*.*']),
    signatures: { mode: 'observe' },
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
    (await pushes(repository)).every(({ verdict }) => verdict !== 'pending'),
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
  const all = await pushes(repository);
  expect(
    all.map(({ tag, digest, kind, verdict, findings }) => ({ tag, digest, kind, verdict, findings })).sort(byTag),
  ).toEqual(TAGS.map((tag) => ({ tag, digest: index.digest, kind: 'index', verdict: 'trusted', findings: [] })));
  expect(await openAlerts(repository)).toEqual([]);
  expect(told(path)).toEqual([]);
  expect(told(path, 'health')).toEqual([]);
}

const SEEDS = Array.from({ length: 20 }, (_, at) => at + 1);

describe('an honest multi-platform signed release on GHCR is a trusted push per tag, and alarms nobody', () => {
  test.each(SEEDS)('with its webhooks in any order (seed %i)', async (seed) => {
    const played = await release(seed);
    await expectOneTrustedPushPerTag(played);
    const folded = (await pushes(played.repository, true)).filter(
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
    const origins = (await pushes(played.repository)).map(({ tag, origin }) => [tag, origin]);
    expect(Object.fromEntries(origins)).toEqual({ '3.5.0': 'github', latest: 'sweep' });
  });

  test('with all webhooks about both tags lost', async () => {
    const { repository, index, path } = await release(22, (webhooks) =>
      webhooks.filter(({ tag }) => !TAGS.includes(tag)),
    );
    const all = (await pushes(repository)).filter(({ tag }) => tag !== '');
    expect(all.map(({ tag, digest, verdict }) => ({ tag, digest, verdict })).sort(byTag)).toEqual(
      TAGS.map((tag) => ({ tag, digest: index.digest, verdict: 'trusted' })),
    );
    expect(told(path)).toEqual([]);
  });

  test('with a sweep that comes before most webhooks', async () => {
    const { repository, path } = await release(23, (webhooks) =>
      webhooks.map((webhook) => ({ ...webhook, at: webhook.at + 900 })),
    );
    const all = await pushes(repository);
    expect([...new Set(all.map(({ origin }) => origin))].sort()).toEqual(['github', 'sweep']);
    expect(all.map(({ tag, verdict }) => [tag, verdict])).toEqual(all.map(({ tag }) => [tag, 'trusted']));
    expect(all.filter(({ tag }) => !TAGS.includes(tag))).toEqual([]);
    expect(told(path)).toEqual([]);
  });
});
