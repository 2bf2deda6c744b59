import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Image, singleImage } from '../../scripts/simulate/images.ts';
import { announce } from '../fixtures/ci-job.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { byTag, WatchedImages } from '../fixtures/watched-images.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const DAY = 86_400;

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
    this.repository = await images.watch(image, images.policyOf(account, immutableTags));
    await announce(pushwarden, { phase: 'started', image, tags: release });
    for (const tag of release) await this.push(tag, this.genuine);
    await announce(pushwarden, { phase: 'pushed', image, digest: this.genuine.digest, tags: release });
    await announce(pushwarden, { phase: 'finished', image });
    await until('the release is trusted', async () => {
      const all = await images.pushes(this.repository);
      return all.length === release.length && all.every(({ verdict }) => verdict === 'trusted');
    });
    await pushwarden.advance(2 * DAY);
    expect(images.told(path)).toEqual([]);
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
      images
        .told(this.hub.path)
        .some((message) => pushwarden.slack.messages.indexOf(message) >= from && message.json.includes(tag)),
    );
    const [latest] = await images.pushes(this.repository);
    expect(latest).toMatchObject({ tag, digest: image.digest, verdict: 'rogue' });
    expect(latest.findings.map((finding: Json) => finding.code).sort()).toEqual([...codes].sort());
  }

  /** Open alerts as their digest and tags. */
  async alerts(): Promise<Record<string, string[]>> {
    return Object.fromEntries((await images.openAlerts(this.repository)).map(({ digest, tags }) => [digest, tags]));
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
    const [alert] = await images.openAlerts(kong.repository);
    expect(alert).toMatchObject({
      tags: ['3.4.0'],
      digest: miner.digest,
      previousDigest: kong.genuine.digest,
      safe: { digest: kong.genuine.digest, how: 'trusted' },
    });
    await pushwarden.advance(10 * DAY);
    expect(images.told(kong.hub.path)).toHaveLength(1);
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
      repositories.push(await images.watch(`registry.example/${path}`, { immutableTags: ['*.*.*'] }));
    }
    await pushwarden.advance(DAY);
    const backdoors = paths.map((path) => singleImage(`backdoor for ${path}`));
    for (const [at, path] of paths.entries()) {
      for (const tag of tags) pushwarden.registry.push(path, tag, backdoors[at] ?? singleImage(''));
    }
    // Two sweeps of everything; each may need several runs.
    for (let runs = 0; runs < 4; runs += 1) await pushwarden.advance(900);

    for (const [at, repository] of repositories.entries()) {
      const all = await images.pushes(repository);
      expect(all.map(({ tag, verdict, digest }) => ({ tag, verdict, digest })).sort(byTag)).toEqual(
        tags.map((tag) => ({ tag, verdict: 'rogue', digest: backdoors[at]?.digest })).sort(byTag),
      );
      const moved = all.filter((push) => push.findings.some((finding: Json) => finding.code === 'tag-moved'));
      expect(moved.map(({ tag }) => tag).sort()).toEqual(versions);
      const alerts = await images.openAlerts(repository);
      expect(alerts.map((alert) => alert.tags.length)).toEqual([tags.length]);
      await until('Slack is told', () => images.told(paths[at] ?? '').length > 0);
    }
  });
});
