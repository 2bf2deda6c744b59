import type { TokenScope } from './token-reach.ts';
import { mayPush } from './token-reach.ts';

/** Between a client's sign-in (which is what "last used" tells) and the push that ends its upload, in ms. */
export const SIGN_IN_BEFORE_MS = 10 * 60_000;
/** By so much the registry's clock may be ahead of ours, in ms. */
export const SKEW_MS = 2 * 60_000;

/** A use that a list of tokens tells of: at `at`, and perhaps before, since `since` (ms since the epoch). */
export interface TokenUse {
  readonly at: number;
  readonly since: number | null;
}

/** A token of the account that pushed, with its uses around the push. */
export interface CandidateToken extends TokenScope {
  readonly id: number;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
  /** When it was no longer listed, or no longer active. */
  readonly goneAt: number | null;
  readonly uses: readonly TokenUse[];
}

/** A push, as far as deducing its token goes. It happened between the two times (ms since the epoch). */
export interface PushWindow {
  readonly path: string;
  readonly notBefore: number;
  readonly receivedAt: number;
}

/**
 * The tokens that may have made the push: they existed, may push there, and were used when it was made. A registry keeps
 * one last-used time per token, so a use is known to the interval between two looks.
 */
export function tokensThatFit<T extends CandidateToken>(push: PushWindow, tokens: readonly T[]): T[] {
  return tokens.filter((token) => existed(token, push) && mayPush(token, push.path) && wasUsed(token, push));
}

/** Whether it was there when the push was made, as far as we know. */
export function existed(
  { createdAt, expiresAt, goneAt }: Pick<CandidateToken, 'createdAt' | 'expiresAt' | 'goneAt'>,
  push: Pick<PushWindow, 'notBefore' | 'receivedAt'>,
): boolean {
  if (createdAt !== null && createdAt > push.receivedAt + SKEW_MS) return false;
  const end = Math.min(expiresAt ?? Number.POSITIVE_INFINITY, goneAt ?? Number.POSITIVE_INFINITY);
  return end >= push.notBefore - SIGN_IN_BEFORE_MS;
}

function wasUsed({ uses }: CandidateToken, { notBefore, receivedAt }: PushWindow): boolean {
  return uses.some(({ at, since }) => at + SIGN_IN_BEFORE_MS >= notBefore && (since ?? at) - SKEW_MS <= receivedAt);
}
