import type { Digest } from '../domain/digest.ts';
import type { ImageContents } from '../domain/image-contents.ts';
import type { ContentsReader, ContentsStore, WantedContents } from './contents-store.ts';
import type { Clock, RequestBudget, Wakeups } from './ports.ts';
import { shareOf } from './request-budget.ts';
import type { PushKey } from './stores.ts';

export interface ContentsDependencies {
  readonly store: ContentsStore;
  readonly reader: ContentsReader;
  /** Of this invocation. */
  readonly requests: RequestBudget;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

/** Requests of one run: what is told of an alert must not wait for what is only told with it. */
export const CONTENTS_REQUESTS = 6;
/** A person waits for the answer: both images, of two platforms each, as a rule. */
const REQUESTS_AT_HAND = 18;
/** Manifest, configuration, and its redirect to storage. A registry may ask for a token first. */
const PER_DIGEST = 3;
/** In a run of its own; a person's takes all that there may be. */
const DIGESTS_PER_RUN = 2;
const DIGESTS_AT_HAND = 12;
const LEASE_MS = 60_000;
/** After these many ms it is tried again, and then no more by itself. */
const RETRY_MS = [60_000, 5 * 60_000, 30 * 60_000, 2 * 3_600_000];
const QUEUE_DELAY_MS = 55_000;
/** Of an index so many platforms are read, those that most people run first. */
const PLATFORMS_READ = 4;
const COMMON = ['linux/amd64', 'linux/arm64', 'linux/arm64/v8', 'windows/amd64'];

/**
 * Reads the contents of images that an alert is about, a few at a time: the attacker may delete them, and what they held
 * is to outlive that. Safe to run twice or at the same time as another run. Answers whether there was anything to do.
 */
export async function readDueContents(deps: ContentsDependencies): Promise<boolean> {
  const { store, clock, wakeups } = deps;
  if (deps.requests.left < CONTENTS_REQUESTS) return again(deps);
  const taken = await store.take(clock.now(), LEASE_MS, DIGESTS_PER_RUN);
  await readAll(deps, taken, shareOf(deps.requests, CONTENTS_REQUESTS));
  const next = await store.nextDue();
  const wait = next === null ? null : next - clock.now();
  if (wait !== null && wait <= QUEUE_DELAY_MS)
    await wakeups.checks([{ contents: true }], Math.max(0, Math.ceil(wait / 1000)));
  return taken.length > 0;
}

async function again({ wakeups }: ContentsDependencies): Promise<boolean> {
  await wakeups.checks([{ contents: true }]);
  return true;
}

/** The same at once for one push, whose comparison somebody asked for. What is not done then is left to the next runs. */
export async function readContentsOf(deps: ContentsDependencies, push: PushKey): Promise<void> {
  const requests = shareOf(deps.requests, REQUESTS_AT_HAND);
  for (;;) {
    const taken = await deps.store.takeOf(push, deps.clock.now(), LEASE_MS, DIGESTS_AT_HAND);
    // The second time there are the platforms of what turned out to be an index; then, nothing.
    if (taken.length === 0) return;
    await readAll(deps, taken, requests);
    if (requests.left < PER_DIGEST) {
      await deps.wakeups.checks([{ contents: true }]);
      return;
    }
  }
}

async function readAll(
  deps: ContentsDependencies,
  taken: readonly WantedContents[],
  requests: RequestBudget,
): Promise<void> {
  for (const wanted of taken) {
    if (requests.left < PER_DIGEST) await deps.store.putBack(wanted, deps.clock.now());
    else await readOne(deps, wanted, requests);
  }
}

async function readOne(
  { store, reader, clock }: ContentsDependencies,
  wanted: WantedContents,
  requests: RequestBudget,
): Promise<void> {
  const read = await reader.contents(wanted.image, wanted.digest, requests);
  const now = clock.now();
  const isWhole = read.state === 'read' && !read.again;
  // Whatever failed may have failed for want of requests.
  if (!isWhole && requests.left === 0) return store.putBack(wanted, now);
  const retryMs = RETRY_MS[wanted.attempts - 1];
  const againAt = isWhole || retryMs === undefined ? null : now + retryMs;
  if (read.state === 'unavailable') return store.fail(wanted, read.reason, againAt, now);
  await store.save(wanted, read.contents, { digests: platformsToRead(read.contents), againAt }, now);
}

function platformsToRead(contents: ImageContents): readonly Digest[] {
  if (contents.kind !== 'index') return [];
  const rank = (platform: string): number => (COMMON.indexOf(platform) + COMMON.length + 1) % (COMMON.length + 1);
  const named = contents.platforms.filter(({ platform }) => platform !== 'unknown/unknown');
  const digests = named.toSorted((a, b) => rank(a.platform) - rank(b.platform)).map(({ digest }) => digest);
  return [...new Set(digests)].slice(0, PLATFORMS_READ);
}
