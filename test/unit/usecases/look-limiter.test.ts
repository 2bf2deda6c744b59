import { expect, test } from 'vitest';
import { LookLimiter } from '../../../src/usecases/look-at-tag.ts';

const look = { repository: 1, tag: 'latest', actor: null, folded: null };

test('many wishes to look at a tag are one look now and one a little later', () => {
  let now = 0;
  const limiter = new LookLimiter({ now: () => now });
  expect(limiter.turn(look)).toBe('now');
  expect(limiter.turn(look)).toBe('later');
  expect(Array.from({ length: 100 }, () => limiter.turn(look))).toEqual(Array(100).fill('covered'));
  expect(limiter.turn({ ...look, tag: 'other' })).toBe('now');
  now = 2000;
  expect(limiter.turn(look)).toBe('now');
  expect(limiter.turn(look)).toBe('later');
});

test('a put-off look that got lost covers others for a few seconds only', () => {
  let now = 0;
  const limiter = new LookLimiter({ now: () => now });
  limiter.turn(look);
  expect(limiter.turn(look)).toBe('later');
  now = 900;
  expect(limiter.turn(look)).toBe('covered');
  now = 6000;
  expect(limiter.turn(look)).toBe('now');
});
