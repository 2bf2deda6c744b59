import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../src/rate-limit.ts';

const clock = { at: 0, now: () => clock.at };
const options = { limit: 3, periodSeconds: 60 } as const;

const taken = async (limiter: ReturnType<typeof createRateLimiter>, key: string, times: number): Promise<boolean[]> => {
  const answers: boolean[] = [];
  for (let n = 0; n < times; n += 1) answers.push(await limiter.take(key));
  return answers;
};

describe('without a binding', () => {
  it('counts each caller, and begins anew with the next period', async () => {
    const limiter = createRateLimiter(undefined, options, clock);
    expect(await taken(limiter, 'one', 5)).toEqual([true, true, true, false, false]);
    expect(await taken(limiter, 'other', 1)).toEqual([true]);
    clock.at += 60_000;
    expect(await taken(limiter, 'one', 4)).toEqual([true, true, true, false]);
  });

  it('keeps no more than so many callers: the rest share one count', async () => {
    const limiter = createRateLimiter(undefined, options, clock);
    for (let n = 0; n < 10_000; n += 1) await limiter.take(`flood ${n}`);
    expect(await taken(limiter, 'a', 2)).toEqual([true, true]);
    expect(await taken(limiter, 'b', 2)).toEqual([true, false]);
    expect(await taken(limiter, 'flood 1', 3)).toEqual([true, true, false]);
  });
});

it('asks the binding where there is one', async () => {
  const keys: string[] = [];
  const binding = {
    limit: ({ key }: { key: string }) => {
      keys.push(key);
      return Promise.resolve({ success: key !== 'b' });
    },
  };
  const limiter = createRateLimiter(binding, options, clock);
  expect([await limiter.take('a'), await limiter.take('b')]).toEqual([true, false]);
  expect(keys).toEqual(['a', 'b']);
});
