import { isWatchAlert } from '../domain/alert.ts';
import { unexpectedPusher } from '../domain/expected-pusher.ts';
import { namePusher } from '../domain/policy.ts';
import { type Snooze, snoozeEnd } from '../domain/snooze.ts';
import type { Clock, Wakeups } from './ports.ts';
import type { Person, PressedAlert, PressedBy, PressedOn, PressStore, SlackReply } from './press-store.ts';
import type { CheckStore } from './stores.ts';

/** A button of ours, as `src/webhooks/slack.ts` reads it. */
export type Button =
  | { readonly kind: 'acknowledge'; readonly alert: number }
  | { readonly kind: 'acknowledge-burst'; readonly burst: number }
  | { readonly kind: 'expected'; readonly alert: number; readonly findings: number; readonly tags: number }
  | { readonly kind: 'snooze'; readonly alert: number; readonly until: Snooze }
  | { readonly kind: 'test-seen'; readonly event: string };

export interface Press extends PressedBy {
  readonly userName: string;
  readonly button: Button;
  /** SHA-256 of the signed request: tells it from its replay. */
  readonly once: Uint8Array;
}

export interface PressDependencies {
  readonly store: PressStore;
  readonly checks: Pick<CheckStore, 'alarming'>;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
  /** Where people read more; empty: not known. */
  readonly publicUrl: string;
}

/**
 * Does what a button says, if whoever pressed it may. Answers with what only they are told; `null`: the message itself
 * shows it. What the message becomes goes through the outbox.
 */
export async function pressButton(deps: PressDependencies, press: Press): Promise<SlackReply | null> {
  const { button } = press;
  const on = await deps.store.look(targetOf(button), press);
  const denied = await refusal(deps, press, on);
  if (denied !== null || on === null) return denied;
  const reply = await act(deps, press, on, personOf(press));
  await deps.wakeups.notifications();
  return reply;
}

function targetOf(button: Button): Parameters<PressStore['look']>[0] {
  switch (button.kind) {
    case 'acknowledge-burst':
      return { kind: 'burst', id: button.burst };
    case 'test-seen':
      return { kind: 'test', id: button.event };
    default:
      return { kind: 'alert', id: button.alert };
  }
}

/**
 * Whoever is on the team's list may; of others, for acknowledging, those in a channel that allows it. Through the
 * installation's app anybody's workspace can ask about any id: a stranger is told the same whether it exists or not.
 */
async function refusal(
  { store }: PressDependencies,
  { button, workspace, user, appTeam }: Press,
  on: PressedOn | null,
): Promise<SlackReply | null> {
  const isOurs = on !== null && (on.role !== null || on.here || appTeam !== null);
  const mayTake = on?.anyone === true && (button.kind === 'acknowledge' || button.kind === 'acknowledge-burst');
  if (on !== null && (on.role === 'admin' || mayTake || (button.kind === 'test-seen' && isOurs))) return null;
  if (on !== null && on.role === 'responder' && button.kind !== 'expected') return null;
  const team = isOurs ? on.teamId : appTeam;
  const admins = team === null ? [] : await store.admins(team, workspace);
  if (on?.role === 'responder') return { kind: 'not-admin', admins };
  if (on === null && appTeam !== null) return { kind: 'unknown-alert' };
  return { kind: 'not-allowed', workspace, user, admins };
}

const pageOf = (publicUrl: string, alert: string): string | null =>
  publicUrl === '' ? null : `${publicUrl}/alerts/${alert}`;

/** The id ends it, whatever the name says. */
const personOf = ({ userName, user, workspace }: Press): Person => ({
  name: `slack:${userName.replace(/[^\p{L}\p{N} ._-]/gu, '').slice(0, 64)} (${user})`,
  workspace,
  user,
});

async function act(
  deps: PressDependencies,
  { button, once }: Press,
  { teamId }: PressedOn,
  by: Person,
): Promise<SlackReply | null> {
  const { store, clock } = deps;
  const now = clock.now();
  if (button.kind === 'acknowledge-burst') {
    await store.acknowledgeBurst(teamId, button.burst, by, now, once);
    return null;
  }
  if (button.kind === 'test-seen') {
    await store.testSeen(teamId, by, now);
    return { kind: 'test-seen' };
  }
  const alert = await store.alert(teamId, button.alert);
  if (alert === null) return { kind: 'unknown-alert' };
  const id = `A-${alert.id}`;
  if (alert.state === 'closed') return { kind: 'already-closed', alert: id };
  switch (button.kind) {
    case 'acknowledge':
      if (alert.state === 'open') await store.acknowledge(teamId, alert, by, now, once);
      return null;
    case 'snooze': {
      if (alert.state !== 'open') return { kind: 'changed-since', alert: id };
      const until = snoozeEnd(button.until, now);
      const isNew = await store.snooze(teamId, alert.id, until, by, now, once);
      return isNew ? { kind: 'snoozed', alert: id, until } : null;
    }
    case 'expected':
      return markExpected(deps, button, alert, teamId, by, once);
  }
}

/**
 * Closes it, and lets the account that pushed push again. Only what the person saw when they pressed; and never a signer:
 * that is a decision with the policy before one's eyes.
 */
async function markExpected(
  { store, checks, wakeups, clock, publicUrl }: PressDependencies,
  button: Extract<Button, { readonly kind: 'expected' }>,
  alert: PressedAlert,
  teamId: number,
  by: Person,
  once: Uint8Array,
): Promise<SlackReply | null> {
  const id = `A-${alert.id}`;
  const { facts } = alert;
  // The policy knows no credentials by name: what may be used again is said where it is marked.
  if (isWatchAlert(facts)) return { kind: 'decide-on-page', alert: id, link: pageOf(publicUrl, id) };
  const { findings, tags } = facts;
  if (findings.some(({ code }) => code === 'untrusted-signer' || code === 'forged-delivery')) {
    return { kind: 'decide-on-page', alert: id, link: pageOf(publicUrl, id) };
  }
  if (findings.length !== button.findings || tags.length !== button.tags) return { kind: 'changed-since', alert: id };
  const pusher = unexpectedPusher(findings);
  const added = pusher === null ? null : namePusher(pusher);
  // A policy is a fact too: what waits or alarms, this push first of all, is judged by the new one.
  const concerned = added === null ? [] : await checks.alarming(alert.repository);
  const done = await store.expect(teamId, alert, added, 'Marked as expected in Slack.', by, clock.now(), once);
  if (!done) return null;
  if (concerned.length > 0) await wakeups.checks(concerned.map((check) => ({ check })));
  return { kind: 'marked-expected', alert: id, added: added === null ? [] : [added] };
}
