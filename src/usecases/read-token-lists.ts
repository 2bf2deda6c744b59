import { isToBeAsked, nextStatus } from '../domain/source.ts';
import {
  advanced,
  endsPoll,
  goOn,
  later,
  overtaken,
  type Poll,
  type PollDependencies,
  refusedStatus,
  type Step,
  stop,
} from './poll-steps.ts';
import type { ListedToken, TokenResource } from './registry-accounts.ts';

/** A list that never ends is no list. Pages are of up to 100 tokens. */
const MOST_PAGES = 50;
/** What a token may reach changes rarely, and costs a request per token. */
const RESOURCES_EVERY_MS = 24 * 3_600_000;
/** The log names who pushed: it is left as many requests. */
const FOR_THE_LOG = 12;

const LISTS = {
  'personal-tokens': { kind: 'dockerhub-pat', following: 'organization-tokens' },
  'organization-tokens': { kind: 'dockerhub-oat', following: 'resources' },
} as const;

type List = keyof typeof LISTS;

/** Reads a page of a list of tokens. */
export async function readTokens(deps: PollDependencies, poll: Poll, part: List): Promise<Step> {
  const { source, session, progress, save } = poll;
  const following = { phase: LISTS[part].following, page: 1, seen: [] } as const;
  const now = deps.clock.now();
  const { account, organization } = source;
  // An organization that signs in for itself has no person's tokens; without one there are none of an organization's.
  const isThere = part === 'personal-tokens' ? account !== organization : organization !== '';
  if (!isThere)
    return { is: 'next', poll: goOn(poll, part, nextStatus(save.status[part], 'off', null, now), following) };
  if (!isToBeAsked(save.status[part], now)) return { is: 'next', poll: goOn(poll, part, save.status[part], following) };

  const answer =
    part === 'personal-tokens'
      ? await deps.hub.personalTokens(session, progress.page, deps.requests)
      : await deps.hub.organizationTokens(session, organization, progress.page, deps.requests);
  if (answer.kind === 'out-of-requests') return later(deps, poll);
  if (answer.kind !== 'found') {
    if (endsPoll(answer)) return stop(deps, poll, part, answer);
    return { is: 'next', poll: goOn(poll, part, refusedStatus(poll, part, answer, now), following) };
  }
  const { tokens, next } = answer.value;
  const seen = [...new Set([...progress.seen, ...tokens.map(({ id }) => id)])];
  if (next === null) return endList(deps, poll, part, tokens, seen);
  if (progress.page < MOST_PAGES)
    return savePage(deps, { ...poll, progress: { ...progress, page: progress.page + 1, seen } }, tokens);
  const status = nextStatus(save.status[part], 'failing', `The list has more than ${MOST_PAGES} pages.`, now);
  return savePage(deps, goOn(poll, part, status, following), tokens);
}

/** Writes a page with how to go on. */
async function savePage(deps: PollDependencies, poll: Poll, tokens: readonly ListedToken[]): Promise<Step> {
  const save = { ...poll.save, progress: poll.progress, nextPollAt: deps.clock.now() };
  const isSaved = await deps.store.saveTokens(poll.source, tokens, save, deps.clock.now());
  return isSaved ? advanced(poll) : overtaken(poll);
}

/** The last page: what the list did not show is gone. */
async function endList(
  deps: PollDependencies,
  poll: Poll,
  part: List,
  tokens: readonly ListedToken[],
  seen: readonly string[],
): Promise<Step> {
  const now = deps.clock.now();
  const { kind, following } = LISTS[part];
  // Until all is written the page stays the one to read: whoever goes on from here reads it again.
  const step = await savePage(deps, poll, tokens);
  if (step.is !== 'next') return step;
  const ended = goOn(step.poll, part, nextStatus(poll.save.status[part], 'ok', null, now), {
    phase: following,
    page: 1,
    seen: [],
  });
  const save = { ...ended.save, progress: ended.progress, nextPollAt: now };
  return (await deps.store.saveListEnd(ended.source, kind, seen, save, now)) ? advanced(ended) : overtaken(ended);
}

/** Reads what an organization's tokens may reach: those not asked about for a day, as far as requests go. */
export async function readResources(deps: PollDependencies, poll: Poll): Promise<Step> {
  const { source, session, save } = poll;
  const now = deps.clock.now();
  const following: Poll = { ...poll, progress: { ...poll.progress, phase: 'audit-log', page: 1 } };
  if (save.status['organization-tokens'].state !== 'ok') return { is: 'next', poll: following };
  const due = (await deps.store.tokens(source)).filter(
    ({ kind, gone, resourcesAt }) =>
      kind === 'dockerhub-oat' && !gone && (resourcesAt === null || now - resourcesAt >= RESOURCES_EVERY_MS),
  );
  const read: { credential: number; resources: readonly TokenResource[] }[] = [];
  for (const { credential, id } of due) {
    if (deps.requests.left <= FOR_THE_LOG) break;
    const answer = await deps.hub.tokenResources(session, source.organization, id, deps.requests);
    if (answer.kind !== 'found') break;
    read.push({ credential, resources: answer.value });
  }
  if (read.length === 0) return { is: 'next', poll: following };
  const written = { ...save, progress: following.progress, nextPollAt: now };
  return (await deps.store.saveResources(source, read, written, now)) ? advanced(following) : overtaken(poll);
}
