import type { RateLimit } from '@cloudflare/workers-types';
import type { Clock, RateLimiter } from './usecases/ports.ts';

export interface RateLimitOptions {
  readonly limit: number;
  readonly periodSeconds: 10 | 60;
}

/** So many callers are told apart; those after them share one count. */
const MOST_KEYS = 10_000;

/**
 * Cloudflare's counter where the Worker has that binding: per location and approximate, which is enough against a flood.
 * Elsewhere one in memory: a count per isolate and period.
 * @see https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit
 */
export function createRateLimiter(binding: unknown, options: RateLimitOptions, clock: Clock): RateLimiter {
  return isRateLimit(binding)
    ? { take: async (key) => (await binding.limit({ key })).success }
    : inMemory(options, clock);
}

function isRateLimit(binding: unknown): binding is RateLimit {
  return typeof binding === 'object' && binding !== null && 'limit' in binding && typeof binding.limit === 'function';
}

function inMemory({ limit, periodSeconds }: RateLimitOptions, clock: Clock): RateLimiter {
  let period = 0;
  const taken = new Map<string, number>();
  return {
    async take(key) {
      const now = Math.floor(clock.now() / (periodSeconds * 1000));
      if (now !== period) {
        period = now;
        taken.clear();
      }
      const known = taken.has(key) || taken.size < MOST_KEYS ? key : '';
      const count = (taken.get(known) ?? 0) + 1;
      taken.set(known, count);
      return count <= limit;
    },
  };
}
