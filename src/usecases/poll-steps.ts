import { nextStatus, type PartStatus, type SourcePart } from '../domain/source.ts';
import type { PollProgress, Source, SourceSave, SourceStore } from './credential-stores.ts';
import type { Clock, RequestBudget, Seal } from './ports.ts';
import type { AccountAnswer, DockerHub, HubSession } from './registry-accounts.ts';
import type { HealthStore } from './stores.ts';

/** What the steps of a poll share. */

export interface PollDependencies {
  readonly store: SourceStore;
  readonly hub: DockerHub;
  readonly seal: Seal;
  readonly health: HealthStore;
  readonly requests: RequestBudget;
  readonly clock: Clock;
  /** How often a source is read, in ms. */
  readonly everyMs: number;
  /** Sessions of this isolate, by the (encrypted) login that they were made with. */
  readonly sessions: Map<string, HubSession>;
}

/** After trouble, in ms. */
const RETRY_MS = 5 * 60_000;

/** A poll under way: what was read so far, and how its parts answer. */
export interface Poll {
  readonly source: Source;
  readonly session: HubSession;
  readonly progress: PollProgress;
  readonly save: Omit<SourceSave, 'progress'>;
}

/** A step's outcome: the poll goes on from there, is over, or stops until another invocation. */
export type Step =
  | { readonly is: 'next'; readonly poll: Poll }
  | { readonly is: 'done' | 'stopped'; readonly status: Source['status'] };

export type Refused = Exclude<AccountAnswer<never>, { readonly kind: 'found' | 'out-of-requests' }>;

/** What an answer says of its part, and when to ask again. */
export function trouble(answer: Refused, now: number): { readonly state: PartStatus['state']; readonly at: number } {
  switch (answer.kind) {
    case 'signed-out':
    case 'forbidden':
    case 'not-on-plan':
      return { state: answer.kind, at: now + RETRY_MS };
    case 'later':
      return { state: 'waiting', at: Math.max(answer.at, now + 1000) };
    case 'unavailable':
      return { state: 'failing', at: now + RETRY_MS };
  }
}

/** Whether the poll ends where it is: asked to wait, or signed out. Other trouble is of one part alone. */
export const endsPoll = ({ kind }: Refused): boolean => kind === 'later' || kind === 'signed-out';

/** The poll, with another status of a part, going on from there. */
export function goOn(poll: Poll, part: SourcePart, status: PartStatus, progress: Partial<PollProgress>): Poll {
  const save = { ...poll.save, status: { ...poll.save.status, [part]: status } };
  return { ...poll, save, progress: { ...poll.progress, ...progress } };
}

export function refusedStatus(poll: Poll, part: SourcePart, answer: Refused, now: number): PartStatus {
  return nextStatus(poll.save.status[part], trouble(answer, now).state, answer.reason, now);
}

/** The poll stops where it is, until the registry wants to be asked again. */
export async function stop(deps: PollDependencies, poll: Poll, part: SourcePart, answer: Refused): Promise<Step> {
  const now = deps.clock.now();
  if (answer.kind === 'signed-out') deps.sessions.delete(poll.source.sealed);
  const { save, progress } = goOn(poll, part, refusedStatus(poll, part, answer, now), {});
  await deps.store.save(poll.source, { ...save, progress, nextPollAt: trouble(answer, now).at });
  return { is: 'stopped', status: save.status };
}

/** No requests are left: the next invocation goes on from here. */
export async function later(deps: PollDependencies, poll: Poll): Promise<Step> {
  await deps.store.save(poll.source, { ...poll.save, progress: poll.progress, nextPollAt: deps.clock.now() });
  return { is: 'stopped', status: poll.save.status };
}

/** Somebody else saved the source meanwhile: what they read counts. */
export const overtaken = ({ source }: Poll): Step => ({ is: 'stopped', status: source.status });

/** After a save the source is one save further. */
export function advanced(poll: Poll): Step {
  return { is: 'next', poll: { ...poll, source: { ...poll.source, rev: poll.source.rev + 1 } } };
}
