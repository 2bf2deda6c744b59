import type { Severity } from '../domain/severity.ts';
import type { ChannelKind, MessageReference, NotificationContent } from './ports.ts';

export interface ChannelRecord {
  readonly id: number;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly sealed: string;
  /** Why the channel refuses messages for good; `null`: it does not. */
  readonly refused: string | null;
  /** It takes nothing that is less urgent. */
  readonly minSeverity: Severity;
  /** Its Slack app has a signing secret of its own here. */
  readonly signed: boolean;
}

/** A message written down, with all that sending it needs. */
export interface StoredNotification {
  readonly id: number;
  readonly teamId: number;
  /** Unique: makes each edge of an alert one message, and a repeat recognisable. */
  readonly event: string;
  readonly alertId: number | null;
  /** The burst that its alert is part of, or that it is the message of (then `alertId` is null). */
  readonly burstId: number | null;
  readonly repositoryId: number | null;
  readonly image: string | null;
  readonly route: 'alerts' | 'health';
  readonly content: NotificationContent;
  readonly severity: Severity;
  readonly attempts: number;
  readonly createdAt: number;
  /** The first of the repository's and the team's for this route that takes so urgent a message; `null`: none. */
  readonly channel: ChannelRecord | null;
  /** There are channels, and it is not urgent enough for any. */
  readonly belowAll: boolean;
  /** The first message of the alert (or burst) in that channel. */
  readonly parent: MessageReference | null;
  /** The message of its burst in that channel. */
  readonly burstMessage: MessageReference | null;
  /** An earlier message of the same alert is still to be sent. */
  readonly afterUnsent: boolean;
  /** Its channel was told of the alert before. */
  readonly told: boolean;
}

export interface NotificationStore {
  /** Takes due notifications for sending, oldest first; they are due again after the lease if nothing is said of them. */
  take(now: number, leaseMs: number, limit: number): Promise<StoredNotification[]>;
  sent(
    notification: StoredNotification,
    channelId: number,
    reference: MessageReference | null,
    now: number,
  ): Promise<void>;
  retry(id: number, at: number): Promise<void>;
  /** Gives a message up, and if a channel refused it, the channel until somebody changes it. */
  failed(id: number, channelId: number | null, reason: string): Promise<void>;
  /** When the next one is due, or the next reminder, if any. */
  nextDue(): Promise<number | null>;
  add(notification: NewNotification): Promise<void>;
  /** Writes reminders down whose time has come; answers whether there were any. */
  remind(now: number): Promise<boolean>;
}

export interface NewNotification {
  readonly teamId: number;
  readonly event: string;
  readonly route: 'alerts' | 'health';
  readonly repositoryId: number | null;
  readonly alertId: number | null;
  readonly content: NotificationContent;
  readonly now: number;
}

/** Where alerts are gathered into bursts: those of one team, channel and severity. */
export interface BurstKey {
  readonly teamId: number;
  readonly channelId: number;
  readonly severity: Severity;
}

export interface BurstStore {
  /** The burst that takes new alerts, and alerts of the last minutes that went there on their own. */
  state(
    key: BurstKey,
    now: number,
  ): Promise<{ readonly live: number | null; readonly recent: readonly { readonly alertId: number }[] }>;
  /**
   * Puts alerts into the live burst, or into a new one, whose message then speaks for the given messages (they are not
   * sent themselves). One batch.
   */
  join(
    key: BurstKey,
    alerts: readonly number[],
    messages: readonly number[],
    delayMs: number,
    now: number,
  ): Promise<void>;
  /** The burst's message tells of this one's alert, and has to be brought up to date. */
  fold(notification: number, burst: number, channelId: number, at: number): Promise<void>;
  /** The burst's message has to be brought up to date. */
  touch(burst: number, at: number): Promise<void>;
}
