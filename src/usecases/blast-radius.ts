import { isToken } from '../domain/credential.ts';
import { namespaceOf, reachOf } from '../domain/credential-reach.ts';
import { isDigest } from '../domain/digest.ts';
import { notCovered, type ReportSource } from '../domain/not-covered.ts';
import { SAME_PUSH_MS, type SharedUse, shareUses } from '../domain/use-share.ts';
import type {
  BlastRadius,
  BlastRadiusStore,
  PushDetail,
  ReadSource,
  ReportCredential,
  ReportCursor,
  ReportFacts,
  ReportPush,
  ReportUse,
  ScannedUse,
  Span,
} from './blast-radius-report.ts';
import { evidenceInBrief } from './evidence-in-brief.ts';
import { sourceName } from './poll-source.ts';
import { HISTORY_MS } from './read-audit-log.ts';
import { summaryOf, toRestore } from './report-summary.ts';

/** Pushes on a page, and other uses, unless fewer are asked for. */
export const PAGE = 1000;
/** Uses of a credential (and of its account) that are sorted out, and counted, at once, unless fewer are asked for. */
const USES_AT_ONCE = 5000;
/** Watched images that reach is told of. */
const MOST_IMAGES = 5000;

export interface ReportAsked {
  readonly teamId: number;
  readonly credential: number;
  readonly span: Span;
  /** Where the page before ended; `null`: the first. */
  readonly after: ReportCursor | null;
  readonly now: number;
  /** At most so many pushes, and so many other uses, on a page. */
  readonly page?: number;
  /** At most so many uses are sorted out, and counted; the report says since when that is. */
  readonly counted?: number;
}

type Shared = SharedUse<ScannedUse>;

/**
 * What a credential could have pushed, and what was seen: a page of it. Reads what was seen of the credential and of its
 * account in the span, and nothing else of history. `null`: the team has no such credential.
 */
export async function blastRadius(store: BlastRadiusStore, asked: ReportAsked): Promise<BlastRadius | null> {
  const { span, after, teamId, now, page = PAGE, counted: uses = USES_AT_ONCE } = asked;
  const limits = { uses, images: MOST_IMAGES };
  const end = { at: span.to + 1, key: '' };
  // A row of a log is told apart from the push that it is about only beside it.
  const start = after === null ? end : { at: Math.min(span.to, after.at + SAME_PUSH_MS) + 1, key: '' };
  let facts = await store.read(teamId, asked.credential, span, start, limits);
  if (facts === null) return null;
  // Unless so much happened in that hour that nothing older is reached.
  if (after !== null && isNotBefore(floorOf(facts, uses), after))
    facts = (await store.read(teamId, asked.credential, span, after, limits)) ?? facts;
  const { credential } = facts;
  const floor = floorOf(facts, uses);
  const all = [...facts.own, ...facts.ofAccount].sort(newestFirst);
  const { shared, others } = shareUses(credential, all);
  const reachable = shared.filter(({ use }) => isWithin(use, after, floor));
  const { items, next } = pageOf(reachable, floor, page);
  const pushes = await pushesOf(store, { ...asked, credential }, items);
  const restorable = toRestore(pushes);
  const reach = reachOf(credential, facts.watched, facts.seen);
  const counted = { others, repositories: reach.repositories.length, countedSince: floor?.at ?? span.from };
  return {
    credential,
    span,
    madeAt: now,
    tokens: facts.tokens,
    reach,
    summary: after === null ? summaryOf(reachable, restorable, counted) : null,
    pushes,
    toRestore: restorable,
    uses: items.flatMap(useOf),
    notCovered: notCovered({
      credential,
      span,
      reach,
      sources: facts.sources.filter((source) => isSourceOf(source, credential)).map(reportSource),
      troubles: facts.troubles,
      troublesSince: facts.troublesSince,
      imagesCut: facts.watched.length >= MOST_IMAGES ? MOST_IMAGES : null,
    }),
    next,
  };
}

const newestFirst = (a: ReportCursor, b: ReportCursor): number => b.at - a.at || (a.key < b.key ? 1 : -1);

const isNotBefore = (place: ReportCursor | null, other: ReportCursor): boolean =>
  place !== null && newestFirst(place, other) <= 0;

/** Below this place not all is read; `null`: all is. */
function floorOf({ own, ofAccount }: ReportFacts, most: number): ReportCursor | null {
  const ends = [own, ofAccount].flatMap((uses) => (uses.length < most ? [] : uses.slice(-1)));
  const [floor = null] = ends.sort(newestFirst);
  return floor;
}

const isWithin = (use: ReportCursor, after: ReportCursor | null, floor: ReportCursor | null): boolean =>
  (after === null || use.at < after.at || (use.at === after.at && use.key < after.key)) &&
  (floor === null || use.at > floor.at || (use.at === floor.at && use.key >= floor.key));

/** As many as make at most a page of pushes and a page of other uses. */
function pageOf(
  shared: readonly Shared[],
  floor: ReportCursor | null,
  size: number,
): { readonly items: readonly Shared[]; readonly next: ReportCursor | null } {
  const counts = { pushes: 0, uses: 0 };
  const end = shared.findIndex(({ use }) => {
    const of = use.action === 'push' ? 'pushes' : 'uses';
    counts[of] += 1;
    return counts[of] > size;
  });
  const last = end < 0 ? floor : shared[end - 1]?.use;
  return {
    items: end < 0 ? shared : shared.slice(0, end),
    next: last === null || last === undefined ? null : { at: last.at, key: last.key },
  };
}

async function pushesOf(
  store: BlastRadiusStore,
  { teamId, credential, span }: Pick<ReportAsked, 'teamId' | 'span'> & { readonly credential: ReportCredential },
  items: readonly Shared[],
): Promise<readonly ReportPush[]> {
  const pushes = items.filter(({ use }) => use.action === 'push');
  const keys = pushes.map(({ use: { repository, seq } }) =>
    repository === null || seq === null ? null : { repository, seq },
  );
  const asked = keys.filter((key) => key !== null);
  const details = asked.length === 0 ? [] : await store.details(teamId, credential, span, asked);
  const byKey = new Map(asked.map((key, n) => [key, details[n] ?? null]));
  return pushes.map((push, n) => {
    const key = keys[n] ?? null;
    return pushOf(push, key, key === null ? null : (byKey.get(key) ?? null));
  });
}

function pushOf(
  { use, certainty, strength, by }: Shared,
  key: ReportPush['key'],
  detail: PushDetail | null,
): ReportPush {
  const { image, push, detail: told, at } = use;
  const trustedBefore = detail?.trustedBefore ?? [];
  return {
    certainty,
    strength,
    by,
    at,
    key,
    image: image ?? imageIn(told?.target),
    watched: image !== null,
    tag: push?.tag ?? told?.tag ?? '',
    digest: push === null ? digestIn(told?.digest) : push.digest,
    kind: detail?.kind ?? null,
    verdict: push?.verdict ?? null,
    findings: detail?.findings ?? [],
    evidence: detail === null ? null : evidenceInBrief(detail.evidence, detail.findings),
    alertId: detail?.alertId ?? null,
    current: detail?.current ?? null,
    trustedBefore: trustedBefore[0] ?? null,
    safe: trustedBefore.find(({ bySame }) => !bySame) ?? null,
  };
}

function useOf({ use, certainty, strength, by }: Shared): ReportUse[] {
  const { action, at, since, image, detail } = use;
  return action === 'push' ? [] : [{ certainty, strength, by, at, since, action, image, detail }];
}

/** As a log names it: with its namespace or without. */
const imageIn = (target: string | undefined): string =>
  target === undefined || !target.includes('/') ? (target ?? '') : `docker.io/${target}`;

const digestIn = (text: string | undefined): ReportPush['digest'] =>
  text !== undefined && isDigest(text) ? text : null;

/** The source that lists a token; those that read an account. */
function isSourceOf({ id, account, organization }: ReadSource, credential: ReportCredential): boolean {
  if (isToken(credential.kind)) return id === credential.source;
  const namespace = namespaceOf(credential);
  return namespace !== null && (account === namespace || organization === namespace);
}

const reportSource = ({ account, organization, createdAt, status, openRows }: ReadSource): ReportSource => ({
  name: sourceName({ account, organization }),
  account,
  organization,
  logFrom: createdAt - HISTORY_MS,
  status,
  openRows,
});
