import type { AnyAlertFacts } from '../domain/alert.ts';

/** What a pressed button is about. */
export type PressTarget =
  | { readonly kind: 'alert' | 'burst'; readonly id: number }
  | { readonly kind: 'test'; readonly id: string };

/** Who pressed it, where. `appTeam`: whose app Slack's request came for; `null`: the installation's. */
export interface PressedBy {
  readonly workspace: string;
  readonly user: string;
  readonly channel: string | null;
  readonly appTeam: number | null;
}

export interface PressedOn {
  readonly teamId: number;
  /** `null`: not on the team's list. */
  readonly role: 'responder' | 'admin' | null;
  /** A message of it was sent to the Slack channel where the button was pressed. */
  readonly here: boolean;
  /** And that is a channel whose members may acknowledge. */
  readonly anyone: boolean;
}

/** A person as alerts and the audit log name them. */
export interface Person {
  /** `slack:m.lopez (U024BE7LH)` */
  readonly name: string;
  readonly workspace: string;
  readonly user: string;
}

export interface PressedAlert {
  readonly id: number;
  readonly repository: number;
  readonly state: 'open' | 'acknowledged' | 'closed';
  readonly facts: AnyAlertFacts;
  readonly openedAt: number;
}

/**
 * Changes are one batch each, and begin with `once`, which tells a request from its replay. They answer whether they
 * changed anything: `false` for a second click as for a replay.
 */
export interface PressStore {
  /** Whose it is, within the team of the app if that is one team's; `null`: there is no such thing. */
  look(target: PressTarget, by: PressedBy): Promise<PressedOn | null>;
  admins(teamId: number, workspace: string): Promise<readonly string[]>;
  alert(teamId: number, id: number): Promise<PressedAlert | null>;
  acknowledge(teamId: number, alert: PressedAlert, by: Person, now: number, once: Uint8Array): Promise<boolean>;
  acknowledgeBurst(teamId: number, burst: number, by: Person, now: number, once: Uint8Array): Promise<boolean>;
  /** Closes it as expected; with a `pusher` the policy expects that account from now on. */
  expect(
    teamId: number,
    alert: PressedAlert,
    pusher: string | null,
    reason: string,
    by: Person,
    now: number,
    once: Uint8Array,
  ): Promise<boolean>;
  snooze(teamId: number, alert: number, until: number, by: Person, now: number, once: Uint8Array): Promise<boolean>;
  testSeen(teamId: number, by: Person, now: number): Promise<void>;
  /** Forgets requests that are older than `before` (ms). */
  expire(before: number): Promise<void>;
}

/** Answers a person who pressed a button in Slack, for their eyes only. Never throws: nothing depends on it. */
export interface SlackReplies {
  send(responseUrl: string, reply: SlackReply): Promise<void>;
}

export type SlackReply =
  /** Not on the list of those who may; `admins` (Slack ids of the same workspace) can be asked. */
  | {
      readonly kind: 'not-allowed';
      readonly workspace: string;
      readonly user: string;
      readonly admins: readonly string[];
    }
  /** On the list, but as one who may not close alerts. */
  | { readonly kind: 'not-admin'; readonly admins: readonly string[] }
  | { readonly kind: 'unknown-alert' }
  | { readonly kind: 'already-closed'; readonly alert: string }
  /** The button is older than what the alert says now. */
  | { readonly kind: 'changed-since'; readonly alert: string }
  /** A signer is never added by a button. */
  | { readonly kind: 'decide-on-page'; readonly alert: string; readonly link: string | null }
  | { readonly kind: 'snoozed'; readonly alert: string; readonly until: number }
  | { readonly kind: 'marked-expected'; readonly alert: string; readonly added: readonly string[] }
  | { readonly kind: 'test-seen' };
