import { CiJob, type Workflow } from './ci-job.ts';
import { dockerHubBody } from './dockerhub-webhook.ts';
import { type Image, singleImage } from './images.ts';
import type { Push } from './pushwarden-api.ts';
import type { Detected, Expected, Stage, Watched } from './scenario.ts';
import { duration } from './story.ts';
import type { SlackMessage } from './world/slack.ts';

const BASELINE_TIMEOUT_MS = 60_000;
const ALERT_TIMEOUT_MS = 20_000;
const TRUST_TIMEOUT_MS = 20_000;

/** Repeats until `done` answers with something or the time is over; then `null`. */
export async function eventually<T>(done: () => Promise<T | null>, timeoutMs: number): Promise<T | null> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await done();
    if (answer !== null || performance.now() > deadline) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The registry already has these tags; then Pushwarden begins to watch, and learns them as its baseline. */
export async function watch(
  stage: Stage,
  image: { readonly registry: string; readonly path: string },
  tags: Readonly<Record<string, Image>>,
  policy: object,
): Promise<Watched> {
  const path = `${image.path}${stage.suffix}`;
  const names = Object.keys(tags);
  for (const [tag, manifest] of Object.entries(tags)) stage.world.registry.push(path, tag, manifest);
  const repository = await stage.api.register(`${image.registry}/${path}`, policy, stage.channel.name);
  const done = await eventually(async () => {
    const baseline = await stage.api.baseline(repository.id);
    if (baseline.state === 'done') return baseline;
    // A long tag list is read in several runs of cron.
    await stage.api.advance(60);
    return null;
  }, BASELINE_TIMEOUT_MS);
  if (done === null) throw new Error(`The baseline of ${repository.image} was not read in time.`);
  const shown = names.length > 4 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ');
  stage.story.tell('world', `Pushwarden watches ${repository.image}; baseline: ${shown}`);
  return { repository, path };
}

export async function pass(stage: Stage, seconds: number): Promise<void> {
  await stage.api.advance(seconds);
  stage.story.tell('time', `${duration(seconds)} pass`);
}

/** Someone pushes an image to Docker Hub and its webhook tells us. Answers with when the webhook was sent. */
export async function pushToHub(stage: Stage, to: Watched, tag: string, image: Image, pusher: string): Promise<number> {
  stage.world.registry.push(to.path, tag, image);
  const body = dockerHubBody({ path: to.path, tag, pusher, at: stage.api.now() });
  return stage.api.deliver(to.repository.webhookUrl, body, { 'content-type': 'application/json' });
}

export interface Release {
  readonly version: string;
  readonly tags: readonly string[];
  /** The account with whose token CI pushes. */
  readonly account: string;
  readonly workflow: Workflow;
}

/** A release as it should be: announced, pushed, named, finished. Answers with what should have happened and did not. */
export async function releaseOnHub(stage: Stage, to: Watched, release: Release): Promise<readonly string[]> {
  const { image } = to.repository;
  const { version, tags, account } = release;
  const built = singleImage(`${image} ${version}`);
  const job = new CiJob(stage.api, stage.world.oidc, release.workflow, `v${version}`);
  await job.announce({ phase: 'started', image, tags });
  for (const tag of tags) await pushToHub(stage, to, tag, built, account);
  await job.announce({ phase: 'pushed', image, digest: built.digest, tags });
  await job.announce({ phase: 'finished', image });
  stage.story.tell('release', `Release ${version}: CI announces it, ${account} pushes ${tags.join(', ')}`);
  const pushed = tags.map((tag) => ({ image, tag, digest: built.digest }));
  return untilTrusted(stage, to, pushed);
}

/** Waits for verdict `trusted` on each. Answers with those that do not get it, in words. */
export async function untilTrusted(
  stage: Stage,
  watched: Watched,
  wanted: readonly Omit<Expected, 'findings'>[],
): Promise<readonly string[]> {
  const verdicts = (pushes: readonly Push[]) =>
    wanted.map((want) => ({ want, push: pushes.find((push) => isPush(push, want)) }));
  const isTrusted = ({ push }: { push: Push | undefined }) => push?.verdict === 'trusted';
  await eventually(async () => {
    const all = verdicts(await stage.api.pushes(watched.repository.id));
    return all.every(isTrusted) ? all : null;
  }, TRUST_TIMEOUT_MS);
  const left = verdicts(await stage.api.pushes(watched.repository.id)).filter((each) => !isTrusted(each));
  if (left.length === 0) stage.story.tell('verdict', `trusted: ${wanted.map(({ tag }) => tag).join(', ')}`);
  return left.map(({ want, push }) => {
    const found = push === undefined ? 'not recorded' : `${push.verdict} (${push.findings.map(({ code }) => code)})`;
    return `${want.image}:${want.tag} of the honest release should be trusted and is ${found}`;
  });
}

export function isPush(push: Push, { tag, digest }: { readonly tag: string; readonly digest: string }): boolean {
  return push.tag === tag && push.digest === digest && push.origin !== 'baseline';
}

/** The attacker pushes with a leaked token, so as the right account; then the alert is awaited. */
export async function attackHub(
  stage: Stage,
  to: Watched,
  attack: {
    readonly tag: string;
    readonly image: Image;
    readonly account: string;
    readonly findings: readonly string[];
  },
): Promise<{ readonly expected: Expected; readonly detected: Detected | null }> {
  const { tag, image, account, findings } = attack;
  const how = stage.world.registry.digestOf(to.path, tag) === null ? 'pushes a new tag' : 'overwrites';
  const expected: Expected = { image: to.repository.image, tag, digest: image.digest, findings };
  stage.story.tell('attack', `A stolen token of ${account} ${how} ${tag}`);
  const sentAt = await pushToHub(stage, to, tag, image, account);
  const spoken = await stage.world.slack.waitFor((message) => tells(message, stage, to, tag, sentAt), ALERT_TIMEOUT_MS);
  const push = await findRogue(stage, to, expected);
  if (spoken === null || push === null) return { expected, detected: null };
  const detected: Detected = {
    ...expected,
    findings: push.findings.map(({ code }) => code),
    alert: push.alert,
    words: wordsOf(spoken),
    latencyMs: Math.round((spoken.at - sentAt) * 10) / 10,
  };
  tellAlert(stage, detected, `${detected.latencyMs} ms after the push`);
  return { expected, detected };
}

export function tellAlert(stage: Stage, { tag, findings, words }: Detected, when: string): void {
  const [text = '', ...reasons] = words;
  stage.story.tell('alert', `Slack, ${when}: ${text}`);
  for (const reason of reasons) stage.story.tell('alert', `       ${reason}`);
  stage.story.tell('verdict', `rogue: ${tag} (${findings.join(', ')})`);
}

async function findRogue(stage: Stage, to: Watched, expected: Expected): Promise<Push | null> {
  const find = async () => {
    const push = (await stage.api.pushes(to.repository.id)).find((each) => isPush(each, expected));
    return push?.verdict === 'rogue' ? push : null;
  };
  return eventually(find, 5000);
}

/** Whether a message in the alert channel names this image and tag, and came after `since`. */
export function tells(message: SlackMessage, stage: Stage, { path }: Watched, tag: string, since: number): boolean {
  if (message.channel !== stage.channel.id || message.at < since) return false;
  return names(message.json, path.slice(path.lastIndexOf('/') + 1)) && names(message.json, tag);
}

/** Whether a text has this very name, and not only a longer one that begins or ends with it. */
function names(text: string, name: string): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![A-Za-z0-9_-]|[A-Za-z0-9]\\.)${escaped}(?![A-Za-z0-9_-]|\\.[A-Za-z0-9])`).test(text);
}

/** The message's text, and its reasons: the lines of its blocks that begin with a bullet. */
export function wordsOf(message: SlackMessage): string[] {
  const strings: string[] = [];
  JSON.parse(message.json, (_key, value: unknown) => {
    if (typeof value === 'string') strings.push(value);
    return value;
  });
  const reasons = strings.flatMap((text) => text.split('\n')).filter((line) => line.startsWith('• '));
  return [message.text, ...new Set(reasons)];
}
