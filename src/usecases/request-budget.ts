import type { RequestBudget } from './ports.ts';

/** A budget of `limit` requests (`Infinity`: as many as it takes). */
export function createBudget(limit: number): RequestBudget {
  let left = limit;
  return {
    take() {
      if (left < 1) return false;
      left -= 1;
      return true;
    },
    get left() {
      return left;
    },
  };
}

/** At most `limit` of another budget's requests: each is taken from both. */
export function shareOf(whole: RequestBudget, limit: number): RequestBudget {
  const share = createBudget(limit);
  return {
    take: () => share.left >= 1 && whole.take() && share.take(),
    get left() {
      return Math.min(share.left, whole.left);
    },
  };
}
