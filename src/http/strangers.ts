import type { Services } from '../compose.ts';
import type { Clock, RateLimiter } from '../usecases/ports.ts';
import { Problem } from './problem.ts';

/** The period of every limit, in ms and in seconds. */
const PERIOD_MS = 60_000;
export const RETRY_AFTER = { 'retry-after': '60' } as const;
const MOST_ADDRESSES = 10_000;

export const tooMany = (detail: string): Problem => new Problem(429, detail, {}, RETRY_AFTER);

/**
 * Addresses that send much that is nobody's: guesses at secrets, forged signatures. Only what has failed is counted, so
 * that a sender whose requests are good is never among them.
 */
export class Strangers {
  readonly #limit: RateLimiter;
  readonly #clock: Clock;
  readonly #over = new Map<string, number>();

  constructor(limit: RateLimiter, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Whether this isolate has seen an address send too much. */
  isOver(address: string): boolean {
    const until = this.#over.get(address);
    // The clock of a local installation may have been advanced.
    return until !== undefined && Math.abs(until - this.#clock.now()) <= PERIOD_MS && until > this.#clock.now();
  }

  /** One more request of this address came to nothing. */
  async failed(address: string): Promise<void> {
    if (await this.#limit.take(address)) return;
    if (this.#over.size >= MOST_ADDRESSES) this.#over.clear();
    this.#over.set(address, this.#clock.now() + PERIOD_MS);
  }
}

const ofIsolate = new WeakMap<Services, Strangers>();

/** Those whom this isolate has seen. */
export function strangersOf(services: Services): Strangers {
  const known = ofIsolate.get(services);
  if (known !== undefined) return known;
  const strangers = new Strangers(services.strangerLimit, services.clock);
  ofIsolate.set(services, strangers);
  return strangers;
}
