import { artifactTagSubject } from '../domain/digest.ts';
import { formatImageName } from '../domain/reference.ts';
import type { Clock, Registry } from './ports.ts';
import type { CheckStore, HealthStore, PushKey, SweepProgress, SweepStore, SweepTarget } from './stores.ts';

export interface SweepDependencies {
  readonly store: SweepStore;
  readonly checks: CheckStore;
  readonly registry: Registry;
  readonly health: HealthStore;
  readonly clock: Clock;
  /** Time between two sweeps of a repository, in ms. */
  readonly everyMs: number;
}

const PAGE = 500;
const PARALLEL = 6;
/** A registry that fails this often in a row leaves us blind; one failure is weather. */
const BLIND_AFTER = 3;

/** Registry requests that this run may still make. */
export interface Budget {
  requests: number;
}

/**
 * Reads a repository's tags and finds what no webhook reported: moved, new and deleted tags. The first sweep after
 * registration records what is there without a word. Stops when the budget is spent and goes on where it stopped.
 */
export async function sweep(deps: SweepDependencies, target: SweepTarget, budget: Budget): Promise<readonly PushKey[]> {
  const start: SweepProgress = target.progress ?? { startedAt: deps.clock.now(), phase: 'list', cursor: null };
  let progress: SweepProgress | null = start;
  const found: PushKey[] = [];
  let trouble: string | null = null;
  let { unread } = start;
  while (progress !== null && budget.requests > 0 && trouble === null) {
    const step: Step =
      progress.phase === 'list'
        ? await listPage(deps, target, progress, budget)
        : await readTags(deps, target, progress, budget);
    found.push(...step.found);
    progress = step.progress;
    trouble = step.trouble;
    unread = step.unread;
  }
  await finish(deps, target, { startedAt: start.startedAt, progress, stopped: trouble, unread });
  return found;
}

interface Step {
  readonly progress: SweepProgress | null;
  readonly found: readonly PushKey[];
  /** The run ends here. */
  readonly trouble: string | null;
  /** Some tag could not be read, others could: the sweep goes on without it. */
  readonly unread: string | undefined;
}

async function listPage(
  deps: SweepDependencies,
  target: SweepTarget,
  progress: SweepProgress,
  budget: Budget,
): Promise<Step> {
  const { unread } = progress;
  budget.requests -= 1;
  const page = await deps.registry.listTags(target.image, progress.cursor, PAGE);
  if (page.state === 'unavailable' || page.state === 'invalid') {
    return { progress, found: [], trouble: page.reason, unread };
  }
  const tags = page.state === 'present' ? page.value.tags : [];
  // Signature artifacts move by nature and nobody pulls them by tag: they are judged when a webhook tells of them.
  await deps.store.addTags(
    target.id,
    tags.filter((tag) => artifactTagSubject(tag) === null),
    deps.clock.now(),
  );
  const next = page.state === 'present' ? page.value.next : null;
  return {
    progress: next === null ? { ...progress, phase: 'read', cursor: null } : { ...progress, cursor: next },
    found: [],
    trouble: null,
    unread,
  };
}

async function readTags(
  deps: SweepDependencies,
  target: SweepTarget,
  progress: SweepProgress,
  budget: Budget,
): Promise<Step> {
  const limit = Math.max(1, Math.min(PARALLEL * 4, budget.requests));
  const tags = await deps.store.tagsAfter(target.id, progress.cursor, limit);
  if (tags.length === 0) {
    return { progress: null, found: [], trouble: null, unread: progress.unread };
  }
  const names = tags.map((tag) => tag.name);
  const { seen, failed, trouble } = await readAll(deps.registry, target, names, budget);
  const now = deps.clock.now();
  const baseline: { name: string; digest: `sha256:${string}` }[] = [];
  const found: PushKey[] = [];
  let { cursor, unread } = progress;
  for (const { name, digest, changedAt } of tags) {
    const read = seen.get(name);
    const reason = failed.get(name);
    // Threat: a tag that can never be read must not hide the tags after it.
    if (reason !== undefined && trouble === null) {
      unread = reason;
      cursor = name;
      continue;
    }
    // The budget is spent, or the registry is in trouble: the sweep goes on here.
    if (read === undefined) break;
    const isNew = target.baselineAt !== null && changedAt > target.baselineAt;
    if (read.state === 'absent') await deps.store.recordDeleted(target.id, name, now);
    else if (digest === null && !isNew) baseline.push({ name, digest: read.value.digest });
    else if (digest !== read.value.digest) {
      const notBefore = target.sweptAt ?? target.createdAt;
      const key = await deps.checks.recordSeen(
        { repository: target.id, tag: name, digest: read.value.digest, origin: 'sweep', notBefore, actorId: null },
        now,
      );
      if (key !== null) found.push(key);
    }
    cursor = name;
  }
  if (baseline.length > 0) await deps.store.recordBaseline(target.id, baseline, now);
  return { progress: { ...progress, cursor, unread }, found, trouble, unread };
}

type Read = Extract<Awaited<ReturnType<Registry['resolve']>>, { readonly state: 'present' | 'absent' }>;

interface ReadTags {
  readonly seen: ReadonlyMap<string, Read>;
  /** Why a tag could not be read. */
  readonly failed: ReadonlyMap<string, string>;
  /** The registry is in trouble, not only a tag. */
  readonly trouble: string | null;
}

/**
 * Reads tags in their order. Each worker gives up at its first trouble: a registry that asks for a pause, or never
 * answers, is not asked for every tag. A tag that seems to be gone is asked for twice: a registry behind a cache may
 * answer 404 once.
 */
async function readAll(
  registry: Registry,
  target: SweepTarget,
  names: readonly string[],
  budget: Budget,
): Promise<ReadTags> {
  const seen = new Map<string, Read>();
  const failed = new Map<string, string>();
  const left = [...names];
  let last: string | null = null;
  const resolve = (name: string) => {
    budget.requests -= 1;
    return registry.resolve(target.image, name);
  };
  const work = async (): Promise<void> => {
    while (budget.requests > 0) {
      const name = left.shift();
      if (name === undefined) return;
      const first = await resolve(name);
      const read = first.state === 'absent' ? await resolve(name) : first;
      if (read.state === 'present' || read.state === 'absent') {
        seen.set(name, read);
      } else {
        failed.set(name, read.reason);
        last = read.reason;
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { seen, failed, trouble: failed.size >= PARALLEL || seen.size === 0 ? last : null };
}

interface End {
  readonly startedAt: number;
  readonly progress: SweepProgress | null;
  readonly stopped: string | null;
  readonly unread: string | undefined;
}

async function finish(deps: SweepDependencies, target: SweepTarget, end: End): Promise<void> {
  const { startedAt, progress, stopped } = end;
  const now = deps.clock.now();
  const trouble = stopped ?? end.unread ?? null;
  const done = progress === null;
  // A sweep that goes on without a tag has failed when it is through.
  const failures = trouble === null ? 0 : target.failures + (done || stopped !== null ? 1 : 0);
  const pause = stopped === null ? 0 : Math.min(failures, 15) * 60_000;
  await deps.store.saveProgress(target, progress, {
    // Not done: at the next minute, later when the registry is in trouble.
    nextSweepAt: done ? Math.max(now, startedAt + deps.everyMs) : now + pause,
    failures,
    sweptAt: done && trouble === null ? startedAt : null,
    baselineAt: done ? (target.baselineAt ?? now) : null,
  });
  const image = formatImageName(target.image);
  if (trouble !== null && failures >= BLIND_AFTER) {
    await deps.health.raise(target.teamId, { kind: 'registry-unreadable', image, reason: trouble }, now);
  } else if (trouble === null && target.failures >= BLIND_AFTER) {
    await deps.health.settle(target.teamId, { kind: 'registry-unreadable', image, reason: '' }, now);
  }
}
