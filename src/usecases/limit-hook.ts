import type { Clock, RateLimiter } from './ports.ts';
import type { HealthStore } from './stores.ts';

export interface LimitHookDependencies {
  /** By hook and address. */
  readonly perSender: RateLimiter;
  readonly perHook: RateLimiter;
  readonly health: HealthStore;
  readonly clock: Clock;
}

interface LimitedHook {
  readonly id: number;
  readonly teamId: number;
  readonly publicId: string;
  readonly registry: string;
}

/** A flood must not write a health alert with each request: the database is what it is kept from. */
const TOLD_MS = 10 * 60_000;
const MOST_TOLD = 500;

/** Counts authenticated requests of hooks. */
export class HookLimit {
  readonly #deps: LimitHookDependencies;
  readonly #told = new Map<number, number>();

  constructor(deps: LimitHookDependencies) {
    this.#deps = deps;
  }

  /**
   * Whether a request may be recorded. What is refused is told as trouble of ours: Docker Hub and GitHub do not send it
   * again, so only the sweep will see it.
   */
  async take(hook: LimitedHook, address: string): Promise<boolean> {
    const { perSender, perHook } = this.#deps;
    // In this order: what a flood is refused for is not counted against its hook.
    if ((await perSender.take(`${hook.id} ${address}`)) && (await perHook.take(String(hook.id)))) return true;
    await this.#tell(hook);
    return false;
  }

  async #tell({ id, teamId, publicId, registry }: LimitedHook): Promise<void> {
    const { clock, health } = this.#deps;
    const now = clock.now();
    const told = this.#told.get(id);
    if (told !== undefined && Math.abs(now - told) < TOLD_MS) return;
    if (this.#told.size >= MOST_TOLD) this.#told.clear();
    this.#told.set(id, now);
    await health.raise(teamId, { kind: 'webhook-limited', hook: publicId, registry }, now);
  }
}
