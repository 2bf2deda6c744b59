import { CiJob, identityOf, type Workflow } from '../ci-job.ts';
import { githubHeaders, type PackageEvent, packageBody } from '../github-webhook.ts';
import {
  buildkitAttestation,
  cosignSignature,
  type Image,
  imageIndex,
  RELEASE_AUTHORITY,
  referrersTag,
  sigstoreReferrer,
  singleImage,
} from '../images.ts';
import { pass, untilTrusted, watch } from '../plot.ts';
import { randomFrom } from '../random.ts';
import type { Played, Scenario, Stage, Watched } from '../scenario.ts';

const WORKFLOW: Workflow = { repository: 'octo-org/app', repositoryId: '74', file: '.github/workflows/release.yml' };
const TAGS = ['3.5.0', 'latest'];

export const cleanRelease: Scenario = {
  name: 'clean-release',
  title: 'An honest release of a signed multi-platform image, GHCR',
  about:
    'Two platforms with attestations, an index under two tags, a signature and a referrer: a dozen webhooks in any ' +
    'order over minutes. The policy wants a valid signature. It must end as trusted, and nobody may be told.',
  play,
};

async function play(stage: Stage): Promise<Played> {
  const identities = [identityOf(WORKFLOW, stage.world.oidc)];
  const policy = {
    pushers: ['github-actions[bot]'],
    immutableTags: ['*.*.*'],
    ci: { mode: 'require', announceFirst: true, identities },
    signatures: { mode: 'require', authorities: [RELEASE_AUTHORITY] },
  };
  const before = { '3.4.0': singleImage('app 3.4.0'), latest: singleImage('app 3.4.0') };
  const watched = await watch(stage, { registry: 'ghcr.io', path: 'octo-org/app' }, before, policy);
  await pass(stage, 3600);

  const index = await release(stage, watched);
  await pass(stage, 3600);
  const { image } = watched.repository;
  const missing = [
    ...(await untilTrusted(
      stage,
      watched,
      TAGS.map((tag) => ({ image, tag, digest: index.digest })),
    )),
  ];
  for (const { tag, digest, origin } of await stage.api.pushes(watched.repository.id)) {
    if (origin === 'baseline' || TAGS.includes(tag)) continue;
    missing.push(`${tag === '' ? digest : tag} should be a part of the release, and stands alone`);
  }
  for (const { id } of await stage.api.openAlerts(image)) missing.push(`no alert should be open, and ${id} is`);
  for (const { text } of stage.world.slack.inChannel(stage.channel.id)) missing.push(`nobody should be told: ${text}`);
  return { watched: [watched], expected: [], detected: [], missing };
}

/** Something that happens some seconds after the job began. */
interface Happening {
  readonly second: number;
  readonly happen: () => Promise<unknown> | unknown;
}

async function release(stage: Stage, watched: Watched): Promise<Image> {
  const platforms = [singleImage('app 3.5.0'), singleImage('app 3.5.0', 'arm64')];
  const attestations = platforms.map(buildkitAttestation);
  const index = imageIndex(platforms, attestations);
  const { image } = watched.repository;
  const job = new CiJob(stage.api, stage.world.oidc, WORKFLOW, 'v3.5.0');
  const pushes = pushesOf(index, [...platforms, ...attestations]);
  const random = randomFrom(stage.seed);
  const webhooks = pushes.flatMap(({ events, ...push }) => events.map((event) => ({ ...push, event })));

  const happenings: Happening[] = [
    { second: 0, happen: () => job.announce({ phase: 'started', image, tags: TAGS }) },
    ...pushes.map((push) => ({ second: push.second, happen: () => put(stage, watched, push) })),
    // Webhooks are late by up to two and a half minutes, each by its own time: so they come in any order.
    ...webhooks.map((webhook) => ({
      second: webhook.second + 1 + Math.floor(random() * 150),
      happen: () => deliver(stage, watched, webhook),
    })),
    { second: 52, happen: () => job.announce({ phase: 'pushed', image, digest: index.digest, tags: TAGS }) },
    { second: 75, happen: () => job.announce({ phase: 'finished', image }) },
  ];
  stage.story.tell('release', `Release 3.5.0 begins; ${webhooks.length} webhooks, shuffled with seed ${stage.seed}`);
  await playOut(stage, happenings);
  return index;
}

interface PackagePushed {
  readonly second: number;
  readonly tag: string;
  readonly image: Image;
  readonly children: readonly Image[];
  /** What GitHub sends for it; tagged images as both kinds. */
  readonly events: readonly PackageEvent[];
}

function pushesOf(index: Image, children: readonly Image[]): PackagePushed[] {
  const { bundle, fallback } = sigstoreReferrer(index);
  const both: readonly PackageEvent[] = ['package', 'registry_package'];
  const one: readonly PackageEvent[] = ['package'];
  return [
    ...children.map((image, at) => ({ second: 30 + at, tag: '', image, children: [], events: one })),
    ...TAGS.map((tag, at) => ({ second: 40 + at, tag, image: index, children, events: both })),
    { second: 60, tag: `${referrersTag(index)}.sig`, image: cosignSignature(index), children: [], events: one },
    { second: 62, tag: '', image: bundle, children: [], events: one },
    { second: 63, tag: referrersTag(index), image: fallback, children: [], events: one },
  ];
}

function put(stage: Stage, { path }: Watched, { tag, image }: PackagePushed): void {
  stage.world.registry.push(path, tag === '' ? null : tag, image);
  if (tag !== '')
    stage.story.tell('release', `CI pushes ${tag.length > 40 ? `${tag.slice(0, 15)}…${tag.slice(71)}` : tag}`);
}

type Webhook = Omit<PackagePushed, 'events'> & { readonly event: PackageEvent };

async function deliver(stage: Stage, { repository, path }: Watched, { event, ...push }: Webhook): Promise<void> {
  const body = packageBody({ event, path, ...push });
  await stage.api.deliver(repository.webhookUrl, body, githubHeaders(event, body, repository.webhookSecret));
}

/** Everything in the order of its time, with the clock advanced in between. */
async function playOut(stage: Stage, happenings: readonly Happening[]): Promise<void> {
  let second = 0;
  for (const next of [...happenings].sort((a, b) => a.second - b.second)) {
    if (next.second > second) await stage.api.advance(next.second - second);
    second = Math.max(second, next.second);
    await next.happen();
  }
  stage.story.tell('time', `the last webhook came ${second} s after the job began`);
}
