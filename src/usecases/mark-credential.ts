import { type CredentialMark, mayBecomeExpected } from '../domain/credential.ts';
import type { Audit, Handler } from './handle-alert.ts';
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

/** What saving a mark needs of the stores. */
export interface CredentialDesk {
  readonly credentials: {
    get(teamId: number, id: number): Promise<(Marking & { readonly id: number }) | null>;
    mark(teamId: number, id: number, change: Marking, by: string, now: number, audit: Audit): Promise<void>;
    concerned(teamId: number, id: number, since: number): Promise<readonly PushKey[]>;
  };
  readonly wakeups: Wakeups;
}

/** What marking needs besides: a person may name any repository. */
export interface MarkingDesk extends CredentialDesk {
  readonly credentials: CredentialDesk['credentials'] & {
    countTheirs(teamId: number, repositories: readonly number[]): Promise<number>;
  };
}

/** A mark can change the verdict of pushes that are this young, in ms. */
const CONCERNED_MS = 30 * 86_400_000;

/**
 * Says what is expected of a credential; what is left out stays as it is. Its young pushes are judged again. Answers
 * `false`, and changes nothing, if the credential or one of the repositories is not the team's.
 */
export async function markCredential(
  desk: MarkingDesk,
  by: Handler,
  id: number,
  change: { readonly [K in keyof Marking]?: Marking[K] | undefined },
): Promise<boolean> {
  const { teamId } = by;
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
  await save(desk, by, id, before, after);
  return true;
}

/**
 * Expects a credential in one more repository, and says why in the audit log. Marks that say otherwise stay: a decoy that
 * became expected would be none any more.
 */
export async function expectCredential(
  desk: CredentialDesk,
  by: Handler,
  id: number,
  repository: number,
  because: Readonly<Record<string, unknown>>,
): Promise<void> {
  const before = await desk.credentials.get(by.teamId, id);
  if (before === null || !mayBecomeExpected(before.mark)) return;
  const isEverywhere = before.mark === 'expected' && before.expectedOn === null;
  const places = before.mark === 'expected' ? (before.expectedOn ?? []) : [];
  const expectedOn = isEverywhere ? null : [...new Set([...places, repository])];
  const { ciOnly, note } = before;
  await save(desk, by, id, before, { mark: 'expected', expectedOn, ciOnly, note }, because);
}

async function save(
  desk: CredentialDesk,
  { teamId, name, now }: Handler,
  id: number,
  { mark, expectedOn, ciOnly }: Marking,
  after: Marking,
  because: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const detail = { before: { mark, expectedOn, ciOnly }, after, ...because };
  const audit = { teamId, at: now, actor: name, action: 'credential.marked', target: `C-${id}`, detail };
  await desk.credentials.mark(teamId, id, after, name, now, audit);
  // From now on it is used no more: what it pushed while it was in use is not judged by that.
  const concerned = after.mark === 'retired' ? [] : await desk.credentials.concerned(teamId, id, now - CONCERNED_MS);
  if (concerned.length > 0) await desk.wakeups.checks(concerned.map((key) => ({ check: key })));
}
