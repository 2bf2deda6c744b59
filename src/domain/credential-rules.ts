import type { PossiblePusher } from './attribution.ts';
import { isExpectedOn } from './attribution.ts';
import { type Case, type Outcome, SATISFIED } from './case.ts';
import { isToken } from './credential.ts';
import type { Finding, TokenFound } from './finding.ts';
import { DEFAULT_TOKENS } from './policy.ts';
import { isVouchedFor } from './vouching.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const tokenFound = ({ id, kind, name }: PossiblePusher): TokenFound => ({ id, kind, name });

const finding = (found: Finding): Outcome => ({ is: 'finding', finding: found });

/**
 * A decoy pushes nothing. Told only if it is sure: of several tokens that fit, the decoy's own last-used time tells
 * whether it was the one.
 */
export function canaryIsNotUsed({ push, evidence }: Case): Outcome {
  const { attribution, account } = evidence;
  const sure = attribution.strength === 'ambiguous' ? [] : attribution.credentials;
  const used = [...sure, ...(account === null ? [] : [account])].find(({ mark }) => mark === 'canary');
  if (used === undefined) return SATISFIED;
  const { id, kind, name } = used;
  return finding({ code: 'canary-used', token: { id, kind, name }, since: null, at: push.receivedAt, use: 'push' });
}

/**
 * The token is one that may push here. Decided when the push is attributed; of several that fit, only if none of them
 * may. Accounts are `pusherIsExpected`'s.
 */
export function tokenIsExpected(c: Case): Outcome {
  const { policy, push, evidence } = c;
  const { strength, credentials } = evidence.attribution;
  const tokens = credentials.filter(({ kind }) => isToken(kind));
  if (tokens.length === 0 || tokens.length < credentials.length || isVouchedFor(c)) return SATISFIED;
  const { mode } = policy.tokens ?? DEFAULT_TOKENS;
  const isUnexpected = (token: PossiblePusher): boolean =>
    token.mark === 'unexpected' ||
    token.mark === 'retired' ||
    (mode === 'require' && token.mark !== 'canary' && !isExpectedOn(token, push.repository));
  if (!tokens.every(isUnexpected)) return SATISFIED;
  return finding({ code: 'unexpected-token', strength, tokens: tokens.map(tokenFound).slice(0, 20) });
}

/** The one token that pushed, if that is known and nobody vouches for the push. */
function unvouchedToken(c: Case): PossiblePusher | null {
  const { strength, credentials } = c.evidence.attribution;
  const [token] = credentials;
  const isSure = strength === 'named' || strength === 'deduced';
  return isSure && token !== undefined && isToken(token.kind) && !isVouchedFor(c) ? token : null;
}

/** A token that has long slept does not push. A release that CI or a maintainer vouches for may be a rare one. */
export function tokenIsAwake(c: Case): Outcome {
  const { dormantDays } = c.policy.tokens ?? DEFAULT_TOKENS;
  const token = unvouchedToken(c);
  if (dormantDays === 0 || token === null || token.usedBefore === null) return SATISFIED;
  const days = Math.floor((c.push.receivedAt - token.usedBefore) / DAY_MS);
  if (days < dormantDays) return SATISFIED;
  return finding({ code: 'dormant-token-used', token: tokenFound(token), usedBefore: token.usedBefore, days });
}

/** Who takes an account makes a token of their own and pushes with it at once. */
export function tokenIsNotFresh(c: Case): Outcome {
  const { freshMinutes } = c.policy.tokens ?? DEFAULT_TOKENS;
  const token = unvouchedToken(c);
  if (freshMinutes === 0 || token === null || token.createdAt === null || !token.newCreator) return SATISFIED;
  const minutes = Math.max(0, Math.floor((c.push.receivedAt - token.createdAt) / MINUTE_MS));
  if (minutes >= freshMinutes || token.mark === 'expected') return SATISFIED;
  const { createdBy, creatorIp } = token;
  return finding({ code: 'fresh-token-used', token: tokenFound(token), minutes, createdBy, creatorIp });
}
