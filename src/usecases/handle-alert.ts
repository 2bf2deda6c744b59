import type { AlertResolution, AlertState, AnyAlertFacts } from '../domain/alert.ts';
import type { Digest } from '../domain/digest.ts';
import { type Snooze, snoozeEnd } from '../domain/snooze.ts';
import type { AnnouncementStore, AnnouncementTarget } from './announcement-store.ts';
import type { Wakeups } from './ports.ts';

/** Somebody who does something about alerts: by API key, on a page. */
export interface Handler {
  readonly teamId: number;
  /** As it stands in the audit log: `key:laptop`, `github:alex`. */
  readonly name: string;
  readonly now: number;
}

/** What goes to the audit log with a change. */
export interface Audit {
  readonly teamId: number;
  readonly at: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: unknown;
}

export interface HandledAlert {
  readonly id: number;
  readonly state: AlertState;
  readonly facts: AnyAlertFacts;
  readonly openedAt: number;
}

export interface Closing {
  readonly resolution: Exclude<AlertResolution, 'cleared'>;
  readonly reason: string;
}

/** What handling alerts needs of the stores. */
export interface AlertDesk {
  readonly inbox: { alert(teamId: number, id: number): Promise<HandledAlert | null> };
  readonly alerts: {
    acknowledge(
      teamId: number,
      id: number,
      facts: AnyAlertFacts,
      by: string,
      now: number,
      audit: Audit,
    ): Promise<boolean>;
    close(
      teamId: number,
      alert: HandledAlert,
      closing: Closing & { readonly by: string; readonly now: number },
      audit: Audit,
    ): Promise<boolean>;
  };
  readonly wakeups: Wakeups;
}

/** What putting an alert off needs beside. */
export interface SnoozeDesk extends Pick<AlertDesk, 'inbox'> {
  readonly alerts: { snooze(teamId: number, id: number, until: number, audit: Audit): Promise<boolean> };
}

/** `closed`: it was closed before. `not-there`: not in this team. */
export type Handling = 'done' | 'closed' | 'not-there';

/** Says that somebody has it; worsening still speaks. Nothing changes if somebody has it already. */
export async function takeAlert(desk: AlertDesk, by: Handler, id: number): Promise<Handling> {
  const alert = await desk.inbox.alert(by.teamId, id);
  if (alert === null) return 'not-there';
  if (alert.state === 'closed') return 'closed';
  if (alert.state === 'open') {
    const audit = auditOf(by, 'alert.acknowledged', `A-${alert.id}`, null);
    await desk.alerts.acknowledge(by.teamId, alert.id, alert.facts, by.name, by.now, audit);
  }
  await desk.wakeups.notifications();
  return 'done';
}

/** Closes it as expected or as an incident, for a reason that is kept with the name. */
export async function closeAlert(desk: AlertDesk, by: Handler, id: number, closing: Closing): Promise<Handling> {
  const alert = await desk.inbox.alert(by.teamId, id);
  if (alert === null) return 'not-there';
  if (alert.state === 'closed') return 'closed';
  const audit = auditOf(by, 'alert.closed', `A-${alert.id}`, closing);
  const isDone = await desk.alerts.close(by.teamId, alert, { ...closing, by: by.name, now: by.now }, audit);
  await desk.wakeups.notifications();
  return isDone ? 'done' : 'closed';
}

/** Tells it again later, if nobody takes it; `taken`: somebody has, and there is nothing to put off. */
export async function snoozeAlert(
  desk: SnoozeDesk,
  by: Handler,
  id: number,
  until: Snooze,
): Promise<Handling | 'taken'> {
  const alert = await desk.inbox.alert(by.teamId, id);
  if (alert === null) return 'not-there';
  if (alert.state !== 'open') return alert.state === 'closed' ? 'closed' : 'taken';
  const at = snoozeEnd(until, by.now);
  const audit = auditOf(by, 'alert.snoozed', `A-${alert.id}`, { until: new Date(at).toISOString() });
  await desk.alerts.snooze(by.teamId, alert.id, at, audit);
  return 'done';
}

export interface Expectation {
  readonly target: AnnouncementTarget;
  /** `docker.io/org/app`. */
  readonly image: string;
  readonly tag: string;
  readonly digest: Digest;
  readonly minutes: number;
  readonly reason: string;
}

/** Expects a tag at a digest for some minutes, before it is moved by hand: it then raises no alarm. Answers until when. */
export async function expectTag(
  desk: {
    readonly announcements: Pick<AnnouncementStore, 'record'>;
    readonly audit: { add(entry: Audit): Promise<void> };
  },
  by: Handler,
  { target, image, tag, digest, minutes, reason }: Expectation,
): Promise<number> {
  const expiresAt = by.now + minutes * 60_000;
  const expected = {
    target,
    source: 'maintainer',
    phase: 'pushed',
    digest,
    tags: [tag],
    allowed: true,
    run: by.name,
    claims: null,
    reason,
    at: by.now,
    expiresAt,
  } as const;
  await desk.announcements.record(null, [expected]);
  const detail = { tag, digest, until: new Date(expiresAt).toISOString(), reason };
  await desk.audit.add(auditOf(by, 'expectation.opened', image, detail));
  return expiresAt;
}

const auditOf = (by: Handler, action: string, target: string, detail: unknown): Audit => ({
  teamId: by.teamId,
  at: by.now,
  actor: by.name,
  action,
  target,
  detail,
});
