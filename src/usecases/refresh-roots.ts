import type { Clock } from './ports.ts';
import type { HealthStore } from './stores.ts';
import type { MirrorAttempt, MirrorState, MirrorStore, TufClient, TufMirror } from './tuf-mirrors.ts';

export interface RefreshDependencies {
  readonly mirrors: readonly TufMirror[];
  readonly client: TufClient;
  readonly store: MirrorStore;
  readonly health: HealthStore;
  /** Why a trusted root cannot be used, or `null`. */
  readonly check: (json: string) => string | null;
  /** The team that hears of trouble that belongs to no team. */
  readonly operators: number;
  readonly clock: Clock;
}

const HOUR_MS = 3_600_000;
const EVERY_MS = 6 * HOUR_MS;
const RETRY_MS = HOUR_MS;
/** One failure is weather, and a machine that slept finds its roots expired before its network is up. */
const STALE_AFTER_FAILURES = 3;
/** While what we have is fresh, nothing is wrong yet; but what fails for a day will not mend itself. */
const FAILING_MS = 24 * HOUR_MS;

/**
 * Refreshes every trusted root whose turn it is: 6 hours after the last attempt, an hour after a failed one; with
 * `force` all of them. One that fails stays as it is. Answers with how many requests it took.
 */
export async function refreshRoots(deps: RefreshDependencies, force = false): Promise<number> {
  const states = await deps.store.states();
  await forgiveTheGone(deps, states);
  let requests = 0;
  for (const mirror of deps.mirrors) {
    const now = deps.clock.now();
    const state = states.find(({ name }) => name === mirror.name);
    const notSince = force ? now : now - (state === undefined || state.failures === 0 ? EVERY_MS : RETRY_MS);
    if (state !== undefined && state.attemptedAt > notSince) continue;
    const attempt = await deps.store.begin(mirror.name, notSince, now);
    if (attempt !== null) requests += await refreshOne(deps, mirror, attempt);
  }
  return requests;
}

async function refreshOne(deps: RefreshDependencies, mirror: TufMirror, attempt: MirrorAttempt): Promise<number> {
  const now = deps.clock.now();
  const result = await deps.client.refresh(mirror, attempt.known, now);
  const unusable = result.ok ? deps.check(result.trustedRoot.json) : null;
  if (result.ok && unusable === null) {
    await deps.store.save(attempt, result, now);
    await settle(deps, mirror.name);
    return result.requests;
  }
  const reason = result.ok ? `trusted_root.json: ${unusable}` : result.reason;
  console.warn('a trusted root was not refreshed', mirror.name, reason);
  await deps.store.failed(attempt, reason);
  const { freshUntil, failures, failingSince } = attempt;
  const isStale = freshUntil === null || freshUntil <= now;
  const isLong = failingSince !== null && now - failingSince >= FAILING_MS;
  if (isLong || (isStale && failures >= STALE_AFTER_FAILURES)) {
    const fact = { kind: 'trusted-root-stale', root: mirror.name, url: mirror.url, reason, freshUntil } as const;
    await deps.health.raise(deps.operators, fact, now);
  }
  return result.requests;
}

/** Whatever failed at a mirror that is configured no more is nobody's trouble. */
async function forgiveTheGone(deps: RefreshDependencies, states: readonly MirrorState[]): Promise<void> {
  for (const { name, failures } of states) {
    if (failures === 0 || deps.mirrors.some((mirror) => mirror.name === name)) continue;
    await deps.store.forgive(name);
    await settle(deps, name);
  }
}

async function settle(deps: RefreshDependencies, root: string): Promise<void> {
  const fact = { kind: 'trusted-root-stale', root, url: '', reason: '', freshUntil: null } as const;
  await deps.health.settle(deps.operators, fact, deps.clock.now());
}
