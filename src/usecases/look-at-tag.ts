import { type CheckDependencies, checkPushes } from './check-pushes.ts';
import type { Clock, Look } from './ports.ts';

/** A tag is read back at most this often: a repeated delivery must not let its sender use us against the registry. */
const EVERY_MS = 1000;
const MAX_REMEMBERED = 5000;
/** A look that was put off comes within this time. */
const COMING_MS = 5000;

/** What to do with a wish to look: now, a little later, or nothing, since a later look will see it too. */
export type LookTurn = 'now' | 'later' | 'covered';

/** Remembers per isolate when tags were looked at. However many wishes there are, a tag is looked at once a second. */
export class LookLimiter {
  readonly #lookedAt = new Map<string, number>();
  /** Tags with a look to come, and until when that is believed: a look that got lost must not cover others for ever. */
  readonly #coming = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  turn({ repository, tag }: Look): LookTurn {
    const key = `${repository} ${tag}`;
    const now = this.#clock.now();
    if (now - (this.#lookedAt.get(key) ?? Number.NEGATIVE_INFINITY) >= EVERY_MS) {
      if (this.#lookedAt.size >= MAX_REMEMBERED) this.#lookedAt.clear();
      this.#lookedAt.set(key, now);
      this.#coming.delete(key);
      return 'now';
    }
    if ((this.#coming.get(key) ?? Number.NEGATIVE_INFINITY) > now) return 'covered';
    if (this.#coming.size >= MAX_REMEMBERED) this.#coming.clear();
    this.#coming.set(key, now + COMING_MS);
    return 'later';
  }
}

/**
 * Reads a tag back that a repeated delivery named. A duplicate is never a reason not to look: `pushed_at` has whole
 * seconds, two pushes fit in one, and whoever can post a delivery could post it before the real one.
 */
export async function lookAtTag(deps: CheckDependencies, { repository, tag, actor }: Look): Promise<void> {
  const image = await deps.store.imageOf(repository);
  if (image === null) return;
  const seen = await deps.registry.resolve(image, tag);
  if (seen.state !== 'present') return;
  const now = deps.clock.now();
  const push = {
    repository,
    tag,
    digest: seen.value.digest,
    origin: 'read-back',
    notBefore: now,
    actorId: actor,
  } as const;
  const key = await deps.store.recordSeen(push, now);
  if (key !== null) await checkPushes(deps, [key]);
}
