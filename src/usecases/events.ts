/** Ports of what sends events to other systems. Times are ms since the epoch. */

/** An event as it stands in the outbox. */
export interface OutgoingEvent {
  /** Unique at one time only: an id may come again when its event was deleted. */
  readonly id: number;
  readonly subscription: number;
  /** The same however often it is sent: `webhook-id`, and the event's own id. */
  readonly event: string;
  /** What is sent, byte for byte. */
  readonly body: string;
  /** That failed. */
  readonly attempts: number;
  readonly createdAt: number;
}

/** A subscription with events that were taken for sending, oldest first. */
export interface DueSubscription {
  readonly id: number;
  readonly teamId: number;
  readonly name: string;
  readonly host: string;
  /** Encrypted. */
  readonly address: string;
  readonly secret: string;
  readonly oldSecret: string | null;
  readonly oldUntil: number | null;
  readonly failingSince: number | null;
  readonly events: readonly OutgoingEvent[];
}

/** How a subscription fared, last. */
export interface SubscriptionState {
  readonly id: number;
  readonly triedAt: number;
  /** It keeps one waiting: only cron tries it, so that it never holds up an alert. */
  readonly slow: boolean;
  /** Nothing is sent to it before. */
  readonly pausedUntil: number | null;
  readonly failingSince: number | null;
  readonly problem: string | null;
  /** It wants no more events. */
  readonly gone: boolean;
}

export interface EventStore {
  /**
   * Takes at most `limit` due events, in turn from each subscription that has some. They are due again after the lease
   * if nothing is said of them. Without `slowToo`, slow subscriptions are left alone.
   */
  take(now: number, leaseMs: number, limit: number, slowToo: boolean): Promise<readonly DueSubscription[]>;
  sent(event: OutgoingEvent, now: number): Promise<void>;
  retry(event: OutgoingEvent, at: number): Promise<void>;
  failed(event: OutgoingEvent, reason: string, now: number): Promise<void>;
  /** Keeps how subscriptions fared, and gives back events that were taken and not tried. */
  settle(states: readonly SubscriptionState[], untried: readonly number[], now: number): Promise<void>;
  /** When the next event is due, if any. */
  nextDue(): Promise<number | null>;
}

export interface EventRequest {
  readonly url: string;
  /** `whsec_…`, the present one first: each signs. */
  readonly secrets: readonly string[];
  readonly id: string;
  readonly body: string;
}

export type EventResult =
  | { readonly kind: 'taken' }
  /** 410: it wants no events any more. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'failed';
      /** `http_500`, `timeout`, …: never what the receiver wrote. */
      readonly reason: string;
      /** What `Retry-After` asked for, in ms. */
      readonly retryAfterMs: number | null;
    };

/** Sends an event to its receiver. Never throws. */
export interface EventSender {
  send(request: EventRequest): Promise<EventResult>;
}
