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
