import type { CredentialMark } from '../domain/credential.ts';
import type { Audit, Handler } from './handle-alert.ts';
import type { Wakeups } from './ports.ts';
import type { PushKey } from './stores.ts';

interface Marked {
  readonly mark: CredentialMark;
  readonly expectedOn: readonly number[] | null;
  readonly ciOnly: boolean;
  readonly note: string | null;
}

export interface CredentialDesk {
  readonly credentials: {
    get(teamId: number, id: number): Promise<(Marked & { readonly id: number }) | null>;
    mark(teamId: number, id: number, change: Marked, by: string, now: number, audit: Audit): Promise<void>;
    concerned(teamId: number, id: number, since: number): Promise<readonly PushKey[]>;
  };
  readonly wakeups: Wakeups;
}

/** A mark can change the verdict of pushes that are this young, in ms. */
const CONCERNED_MS = 30 * 86_400_000;

/** Expects a credential in one more repository; what it pushed and is not trusted is judged again. */
export async function expectCredential(
  desk: CredentialDesk,
  { teamId, name, now }: Handler,
  id: number,
  repository: number,
  because: Readonly<Record<string, unknown>>,
): Promise<void> {
  const before = await desk.credentials.get(teamId, id);
  if (before === null) return;
  const { mark, expectedOn, ciOnly, note } = before;
  const isEverywhere = mark === 'expected' && expectedOn === null;
  const places = mark === 'expected' ? (expectedOn ?? []) : [];
  const after: Marked = {
    mark: 'expected',
    expectedOn: isEverywhere ? null : [...new Set([...places, repository])],
    ciOnly,
    note,
  };
  const detail = { before: { mark, expectedOn, ciOnly }, after, ...because };
  const audit = { teamId, at: now, actor: name, action: 'credential.marked', target: `C-${id}`, detail };
  await desk.credentials.mark(teamId, id, after, name, now, audit);
  const concerned = await desk.credentials.concerned(teamId, id, now - CONCERNED_MS);
  if (concerned.length > 0) await desk.wakeups.checks(concerned.map((check) => ({ check })));
}
