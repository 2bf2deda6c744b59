import type { AttributedUse, KeptAttribution } from '../domain/attribution.ts';
import { isToken } from '../domain/credential.ts';
import { SIGN_IN_BEFORE_MS, SKEW_MS, tokensThatFit } from '../domain/deduce.ts';
import type {
  AttributableToken,
  AttributionStore,
  NewAttribution,
  OpenRow,
  RecentPush,
  Source,
} from './credential-stores.ts';
import type { Clock, Wakeups } from './ports.ts';

export interface AttributeDependencies {
  readonly store: AttributionStore;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

/** Rows and pushes that are looked at together; what is more waits for the next time. */
const AT_ONCE = 200;
/** A webhook or a read-back that is on its way has so long to tell of a push before we take the log's word for it. */
const WEBHOOK_FIRST_MS = 90_000;
/** A row whose push is never found is given up then: its tag has been there all the time. */
const GIVE_UP_MS = 24 * 3_600_000;
/** Last-used times may come late: an attribution by them is looked at again so long. */
const LATE_USES_MS = 45 * 60_000;

/**
 * Says of pushes which token made them, as far as the source's log and token lists tell, and records pushes that only the
 * log tells of. Safe to run twice. What changes is judged again.
 */
export async function attributePushes(deps: AttributeDependencies, source: Source): Promise<void> {
  const rows = await deps.store.openRows(source, AT_ONCE);
  const named = await byLog(deps, source, rows);
  const deduced = await byTokenLists(deps, source, new Set(named.map(({ push }) => idOf(push))));
  const all = [...named, ...deduced];
  if (all.length === 0) return;
  await deps.store.save(all, deps.clock.now());
  await deps.wakeups.checks(all.map(({ push }) => ({ check: push.key })));
}

const idOf = ({ key }: RecentPush): string => `${key.repository}-${key.seq}`;

/** What the log names. */
async function byLog(deps: AttributeDependencies, source: Source, rows: readonly OpenRow[]): Promise<NewAttribution[]> {
  const taken = new Set<string>();
  const found: { readonly row: OpenRow; readonly push: RecentPush }[] = [];
  for (const row of rows) {
    const push = row.push ?? (await recorded(deps, row));
    // Two rows may tell of one push: the same image pushed twice in a row is one to us.
    if (push === 'elsewhere' || (push !== null && taken.has(idOf(push))))
      await deps.store.closeRow(row, deps.clock.now());
    else if (push !== null) {
      taken.add(idOf(push));
      found.push({ row, push });
    }
  }
  const fresh = await newCreators(
    deps,
    source,
    found.some(({ row }) => row.isToken),
  );
  const uses = await usesOf(
    deps.store,
    found.map(({ row: { credential }, push }) => ({ credential, push, newCreator: fresh.has(credential ?? 0) })),
  );
  return found.map(({ row, push }, n) => {
    const use = uses[n];
    const attribution: KeptAttribution | null =
      use === undefined || use === null
        ? push.attribution
        : { strength: 'named', by: 'audit-log', account: accountNamed(row, push), uses: [use] };
    return { push, attribution, closes: { source: row.source, at: row.at, key: row.key } };
  });
}

/** Tokens that were made from where none was made before. */
async function newCreators(
  { store, clock }: AttributeDependencies,
  { teamId, account, organization }: Source,
  areTokens: boolean,
): Promise<ReadonlySet<number>> {
  if (!areTokens) return new Set();
  const tokens = await store.tokens(teamId, [account, organization], clock.now());
  return new Set(tokens.filter((token) => isNewCreator(token, tokens)).map(({ id }) => id));
}

/**
 * A push that only the log tells of: its webhook was lost, or never sent. `null`: not yet; `elsewhere`: the tag is known to
 * be at this digest without a push of its own.
 */
async function recorded(
  { store, clock }: AttributeDependencies,
  row: OpenRow,
): Promise<RecentPush | 'elsewhere' | null> {
  const now = clock.now();
  if (now - row.at < WEBHOOK_FIRST_MS) return null;
  const { repository, tag, digest, at } = row;
  const actorId = row.isToken ? null : row.credential;
  const key = await store.recordSeen({ repository, tag, digest, origin: 'audit-log', notBefore: at, actorId }, now);
  if (key === null) return now - row.seenAt >= GIVE_UP_MS || now - row.at >= LATE_USES_MS ? 'elsewhere' : null;
  return { key, path: '', notBefore: at, receivedAt: now, account: null, attribution: null };
}

/**
 * The account, if that is what the log names. Docker does not say how it names a token: a name that is neither the
 * webhook's account nor one of ours is not held against a webhook that names another.
 */
function accountNamed(row: OpenRow, push: RecentPush): string | null {
  if (row.isToken || row.credential === null) return null;
  const claimed = push.account?.name ?? null;
  return claimed === null || claimed.toLowerCase() === row.actor.toLowerCase() ? row.actor : null;
}

interface AskedUse {
  readonly credential: number | null;
  readonly push: RecentPush;
  readonly newCreator: boolean;
}

/** Credentials with their last use before the push, in the given order. */
async function usesOf(store: AttributionStore, asked: readonly AskedUse[]): Promise<(AttributedUse | null)[]> {
  const known = asked.map(({ credential, push }) => ({
    credential: credential ?? 0,
    // The sign-in of this very push is not a use before it.
    before: push.notBefore - SIGN_IN_BEFORE_MS,
  }));
  const before = await store.usedBefore(known);
  return asked.map(({ credential, newCreator }, n) =>
    credential === null ? null : { credential, usedBefore: before[n] ?? null, newCreator },
  );
}

/** Accounts whose tokens were all listed by the last poll. */
function listedAccounts({ account, organization, status }: Source): string[] {
  const personal = status['personal-tokens'].state === 'ok' ? [account] : [];
  const shared = status['organization-tokens'].state === 'ok' && organization !== '' ? [organization] : [];
  return [...personal, ...shared];
}

/** What last-used times tell of pushes that no log names a token for. */
async function byTokenLists(
  deps: AttributeDependencies,
  source: Source,
  done: ReadonlySet<string>,
): Promise<NewAttribution[]> {
  const accounts = listedAccounts(source);
  const { polledAt } = source;
  if (accounts.length === 0 || polledAt === null) return [];
  const since = Math.min(polledAt, deps.clock.now()) - LATE_USES_MS;
  const pushes = (await deps.store.recentPushes(source.teamId, accounts, since, AT_ONCE)).filter(
    (push) => !done.has(idOf(push)) && !namesToken(push) && push.receivedAt + SKEW_MS <= polledAt,
  );
  if (pushes.length === 0) return [];
  const tokens = await deps.store.tokens(source.teamId, accounts, since - SIGN_IN_BEFORE_MS);
  const fits = pushes.map((push) => ({ push, tokens: tokensThatFit(push, tokensOf(tokens, push)) }));
  const asked = fits.flatMap(({ push, tokens: some }) =>
    some.map((token) => ({ credential: token.id, push, newCreator: isNewCreator(token, tokens) })),
  );
  const uses = (await usesOf(deps.store, asked)).filter((use) => use !== null);
  let at = 0;
  return fits.flatMap(({ push, tokens: some }): NewAttribution[] => {
    const own = uses.slice(at, at + some.length);
    at += some.length;
    const attribution = deduced(push, own);
    return isSame(attribution, push.attribution) ? [] : [{ push, attribution, closes: null }];
  });
}

/** The log named a token: nothing else tells more. */
const namesToken = ({ attribution }: RecentPush): boolean =>
  attribution?.by === 'audit-log' && attribution.account === null;

const tokensOf = (tokens: readonly AttributableToken[], { account }: RecentPush): AttributableToken[] =>
  tokens.filter((token) => token.account?.toLowerCase() === account?.name.toLowerCase() && isToken(token.kind));

function deduced({ attribution }: RecentPush, uses: readonly AttributedUse[]): KeptAttribution | null {
  const account = attribution?.account ?? null;
  if (uses.length === 0) return attribution;
  return { strength: uses.length === 1 ? 'deduced' : 'ambiguous', by: 'token-list', account, uses };
}

/** The same credentials as surely: what was known of them then stays as it was. */
function isSame(a: KeptAttribution | null, b: KeptAttribution | null): boolean {
  const ids = (kept: KeptAttribution | null): string => (kept?.uses ?? []).map(({ credential }) => credential).join();
  return a?.strength === b?.strength && a?.by === b?.by && ids(a) === ids(b);
}

/** From this address (or, without one, by this member) no other token is known to have been made. */
function isNewCreator(token: AttributableToken, tokens: readonly AttributableToken[]): boolean {
  const others = tokens.filter(({ id, account }) => id !== token.id && account === token.account);
  if (token.creatorIp !== null) {
    const known = others.map(({ creatorIp }) => creatorIp).filter((ip) => ip !== null);
    return known.length > 0 && !known.includes(token.creatorIp);
  }
  const makers = others.map(({ createdBy }) => createdBy).filter((maker) => maker !== null);
  return token.createdBy !== null && makers.length > 0 && !makers.includes(token.createdBy);
}
