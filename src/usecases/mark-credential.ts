import type { CredentialMark } from '../domain/credential.ts';
import type { Wakeups } from './ports.ts';
import type { PushKey } from './stores.ts';

/** What a maintainer says of a credential. */
export interface Marking {
  readonly mark: CredentialMark;
  /** Ids of repositories; `null`: on all. */
  readonly expectedOn: readonly number[] | null;
  readonly ciOnly: boolean;
  readonly note: string | null;
}

interface Audit {
  readonly teamId: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

/** What marking needs of the stores. */
export interface MarkingDesk {
  readonly credentials: {
    get(teamId: number, id: number): Promise<(Marking & { readonly id: number }) | null>;
    countTheirs(teamId: number, repositories: readonly number[]): Promise<number>;
    mark(teamId: number, id: number, change: Marking, by: string, now: number, audit: Audit): Promise<void>;
    concerned(teamId: number, id: number, since: number): Promise<PushKey[]>;
  };
  readonly wakeups: Wakeups;
}

/** A mark can change the verdict of pushes that are this young, in ms. */
const CONCERNED_MS = 30 * 86_400_000;

/**
 * Says what is expected of a credential; what is left out stays as it is. Its young pushes are judged again. Answers
 * `false`, and changes nothing, if the credential or one of the repositories is not the team's.
 */
export async function markCredential(
  desk: MarkingDesk,
  by: { readonly teamId: number; readonly name: string; readonly now: number },
  id: number,
  change: { readonly [K in keyof Marking]?: Marking[K] | undefined },
): Promise<boolean> {
  const { teamId, name, now } = by;
  const before = await desk.credentials.get(teamId, id);
  if (before === null) return false;
  const after: Marking = {
    mark: change.mark ?? before.mark,
    expectedOn: change.expectedOn === undefined ? before.expectedOn : change.expectedOn,
    ciOnly: change.ciOnly ?? before.ciOnly,
    note: change.note === undefined ? before.note : change.note,
  };
  const wanted = new Set(change.expectedOn ?? []);
  if (wanted.size > 0 && (await desk.credentials.countTheirs(teamId, [...wanted])) < wanted.size) return false;
  const audit = {
    teamId,
    at: now,
    actor: name,
    action: 'credential.marked',
    target: `C-${id}`,
    detail: { before: { mark: before.mark, expectedOn: before.expectedOn, ciOnly: before.ciOnly }, after },
  };
  await desk.credentials.mark(teamId, id, after, name, now, audit);
  // From now on it is used no more: what it pushed while it was in use is not judged by that.
  const concerned = after.mark === 'retired' ? [] : await desk.credentials.concerned(teamId, id, now - CONCERNED_MS);
  if (concerned.length > 0) await desk.wakeups.checks(concerned.map((key) => ({ check: key })));
  return true;
}
