import type { KeptAttribution } from './attribution.ts';
import type { AttributionStrength } from './credential.ts';
import { type CandidateToken, existed, SKEW_MS } from './deduce.ts';
import type { Digest } from './digest.ts';
import type { Sighting } from './sighting.ts';
import { mayPush } from './token-reach.ts';

/**
 * How surely a use is the credential's. `attributed`: named or deduced. `possible`: others fit as well. `unknown`: its
 * account did it, and nobody says with which credential.
 */
export type Certainty = 'attributed' | 'possible' | 'unknown';

/** A sighting of a credential or of its account, with the push it tells of, if that is ours. */
export interface SeenUse extends Sighting {
  readonly credential: number;
  readonly key: string;
  /** Path of the image, if it is watched. */
  readonly path: string | null;
  readonly push: {
    readonly tag: string;
    readonly digest: Digest | null;
    readonly notBefore: number;
    readonly attribution: KeptAttribution | null;
  } | null;
}

export interface SharedUse<T extends SeenUse = SeenUse> {
  readonly use: T;
  readonly certainty: Certainty;
  readonly strength: AttributionStrength;
  /** Who says so. */
  readonly by: T['source'];
}

/** A credential whose uses are sorted out; of an account the token facts say nothing. */
export type SharingCredential = Pick<
  CandidateToken,
  'id' | 'createdAt' | 'expiresAt' | 'goneAt' | 'scopes' | 'resources'
>;

/** A log may name the same push as a webhook, and ours has the time when it was heard of, so long after. */
export const SAME_PUSH_MS = 3_600_000;

/**
 * Sorts out whose the uses of a credential and of its account are, in their order. What is another's for certain is only
 * counted.
 */
export function shareUses<T extends SeenUse>(
  credential: SharingCredential,
  uses: readonly T[],
): { readonly shared: readonly SharedUse<T>[]; readonly others: number } {
  const ownPushes = new Set(uses.filter((use) => use.credential === credential.id && use.seq !== null).map(keyOf));
  const rows = Map.groupBy(uses.filter(isRow), (use) => tagAtDigest(use));
  const pushes = Map.groupBy(uses.filter(isOurs), (use) => tagAtDigest(use));
  let others = 0;
  const shared = uses.flatMap((use): SharedUse<T>[] => {
    const isOwn = use.credential === credential.id;
    // The log tells of a push that is in the list.
    if (isRow(use) && (pushes.get(tagAtDigest(use)) ?? []).some((push) => isOf(use, push))) return [];
    if (isOwn) return [{ use, ...sharedAs(use) }];
    if (ownPushes.has(keyOf(use))) return [];
    const named = isOurs(use)
      ? (rows.get(tagAtDigest(use)) ?? []).find((row) => row.credential === credential.id && isOf(row, use))
      : undefined;
    if (named !== undefined) return [{ use, ...sharedAs(named) }];
    if (isAnothers(use, credential)) {
      others += 1;
      return [];
    }
    return [{ use, certainty: 'unknown', strength: 'unknown', by: use.source }];
  });
  return { shared, others };
}

const sharedAs = ({ strength, source }: SeenUse): Omit<SharedUse, 'use'> => ({
  certainty: strength === 'ambiguous' ? 'possible' : 'attributed',
  strength,
  by: source,
});

const keyOf = ({ at, key }: SeenUse): string => `${at} ${key}`;

/** A push as a log tells of it, without one of ours; and one of ours. */
const isRow = ({ action, seq }: SeenUse): boolean => action === 'push' && seq === null;
const isOurs = ({ action, seq }: SeenUse): boolean => action === 'push' && seq !== null;

/** What a push did, in a watched repository; else whatever makes it like no other. */
function tagAtDigest(use: SeenUse): string {
  const tag = use.push?.tag ?? use.detail?.tag;
  const digest = use.push?.digest ?? use.detail?.digest;
  return use.repository === null || tag === undefined || digest === undefined
    ? keyOf(use)
    : `${use.repository} ${tag} ${digest}`;
}

const isOf = (row: SeenUse, push: SeenUse): boolean => push.at >= row.at - SKEW_MS && push.at <= row.at + SAME_PUSH_MS;

/**
 * Whether what the account did was certainly not done with this credential: other tokens are named, or are all that fit;
 * or this one was not there, or may not push there.
 */
function isAnothers({ at, push, path }: SeenUse, credential: SharingCredential): boolean {
  if (!existed(credential, { notBefore: push?.notBefore ?? at, receivedAt: at })) return true;
  if (push === null) return false;
  if (path !== null && !mayPush(credential, path)) return true;
  const { attribution } = push;
  // A log that names the account says nothing of the token.
  return attribution !== null && !(attribution.by === 'audit-log' && attribution.account !== null);
}
