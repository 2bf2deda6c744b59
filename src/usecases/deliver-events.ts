import type {
  DueSubscription,
  EventResult,
  EventSender,
  EventStore,
  OutgoingEvent,
  SubscriptionState,
} from './events.ts';
import type { Clock, Seal, Wakeups } from './ports.ts';
import type { HealthStore } from './stores.ts';

export interface EventDependencies {
  readonly store: EventStore;
  readonly sender: EventSender;
  readonly health: HealthStore;
  readonly seal: Seal;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

export interface EventRun {
  /** Requests it may make. */
  readonly limit: number;
  /** Also receivers that keep one waiting. The queue, whose next message may be an alert, has no time for them. */
  readonly slowToo: boolean;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/**
 * After each failure; after the last one the event is given up.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#deliverability-and-reliability
 */
const RETRIES_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** What is still unsent so long after it was written is given up, however often it was tried. */
const GIVE_UP_MS = 96 * HOUR_MS;
/** Longer than the sending of what one run takes from a subscription: then whoever comes takes it again. */
const LEASE_MS = 2 * MINUTE_MS;
/** A run begins no other request to a receiver that has taken so long. */
const TURN_MS = 20 * SECOND_MS;
const SLOW_MS = 2 * SECOND_MS;
const QUEUE_DELAY_MS = 55 * SECOND_MS;
/** Connections that a Worker may hold open at a time. */
const PARALLEL = 6;

/** How one subscription's turn ended. */
interface Turn {
  readonly state: SubscriptionState;
  readonly untried: readonly number[];
  /** Why an event was given up, or the receiver. */
  readonly failure: string | null;
}

type Failure = Exclude<EventResult, { kind: 'taken' }>;

/**
 * Sends due events. An event is marked sent after the receiver took it: a crash in between sends it again, with the same
 * id and body, and never loses it. One failure ends a receiver's turn, so that one that is away costs one request a run.
 */
export async function deliverEvents(deps: EventDependencies, { limit, slowToo }: EventRun): Promise<void> {
  const taken = await deps.store.take(deps.clock.now(), LEASE_MS, limit, slowToo);
  if (taken.length === 0) return;
  const turns: Turn[] = [];
  const workers = Array.from({ length: PARALLEL }, async (_, worker) => {
    for (const subscription of taken.filter((_each, n) => n % PARALLEL === worker))
      turns.push(await deliverTo(deps, subscription));
  });
  await Promise.all(workers);
  await deps.store.settle(
    turns.map(({ state }) => state),
    turns.flatMap(({ untried }) => untried),
    deps.clock.now(),
  );
  await tell(deps, taken, turns);
  await wakeFor(deps, turns, taken.flatMap(({ events }) => events).length >= limit);
}

async function deliverTo(deps: EventDependencies, subscription: DueSubscription): Promise<Turn> {
  const { clock } = deps;
  const startedAt = clock.now();
  const send = await opened(deps, subscription);
  let state = stateOf(subscription, startedAt);
  let tried = 0;
  let failure: string | null = null;
  for (const event of subscription.events) {
    if (clock.now() - startedAt > TURN_MS) break;
    tried += 1;
    const before = clock.now();
    const result = await send(event);
    const now = clock.now();
    state = { ...state, triedAt: now, slow: now - before > SLOW_MS };
    if (result.kind !== 'taken') {
      const next = await afterFailure(deps, event, result, now);
      state = failing(state, result, pauseAfter(result, next, now));
      if (next === null || state.gone) failure = state.problem;
      break;
    }
    await deps.store.sent(event, now);
    state = { ...state, failingSince: null, problem: null };
  }
  return { state, failure, untried: subscription.events.slice(tried).map(({ id }) => id) };
}

function failing(state: SubscriptionState, result: Failure, pausedUntil: number): SubscriptionState {
  const gone = result.kind === 'gone';
  const problem = gone ? 'http_410' : result.reason;
  return { ...state, pausedUntil, failingSince: state.failingSince ?? state.triedAt, problem, gone };
}

const stateOf = ({ id, failingSince }: DueSubscription, triedAt: number): SubscriptionState => ({
  id,
  triedAt,
  slow: false,
  pausedUntil: null,
  failingSince,
  problem: null,
  gone: false,
});

/** Sends with what the subscription says now: a secret that is being replaced signs beside its successor. */
async function opened(
  { seal, sender, clock }: EventDependencies,
  { teamId, address, secret, oldSecret, oldUntil }: DueSubscription,
): Promise<(event: OutgoingEvent) => Promise<EventResult>> {
  const sealed = oldSecret !== null && oldUntil !== null && oldUntil > clock.now() ? [secret, oldSecret] : [secret];
  try {
    const url = await seal.open(address, addressContext(teamId));
    const secrets = await Promise.all(sealed.map((each) => seal.open(each, secretContext(teamId))));
    return ({ event, body }) => sender.send({ url, secrets, id: event, body });
  } catch {
    // An encryption key is gone: this receiver's trouble, not that of the others.
    return async () => ({ kind: 'failed', reason: 'cannot_be_decrypted', retryAfterMs: null });
  }
}

/** What the ciphertexts are bound to. */
export const addressContext = (teamId: number): string => `event address of team ${teamId}`;
export const secretContext = (teamId: number): string => `event secret of team ${teamId}`;

/** Answers with when the event is tried again; `null`: never. */
async function afterFailure(
  { store }: EventDependencies,
  event: OutgoingEvent,
  result: Failure,
  now: number,
): Promise<number | null> {
  const delay = RETRIES_MS[event.attempts];
  if (result.kind === 'gone') {
    // Whoever enables the subscription again gets what it missed.
    await store.retry(event, now);
    return now;
  }
  if (delay === undefined || now - event.createdAt > GIVE_UP_MS) {
    await store.failed(event, result.reason, now);
    return null;
  }
  // Spread, so that what failed together is not tried together.
  const at = Math.round(now + Math.max(delay * (1 + Math.random() / 10), result.retryAfterMs ?? 0));
  await store.retry(event, at);
  return at;
}

/** Others wait too, if only a moment: whoever refuses one event seldom takes the next. */
function pauseAfter(result: Failure, next: number | null, now: number): number {
  const asked = result.kind === 'failed' ? (result.retryAfterMs ?? 0) : 0;
  const moment = next === null ? MINUTE_MS : Math.min(next - now, MINUTE_MS);
  return now + Math.max(asked, moment);
}

/** Being unheard is trouble of ours, once an event is lost by it; the next success ends it. */
async function tell(
  { health, clock }: EventDependencies,
  taken: readonly DueSubscription[],
  turns: readonly Turn[],
): Promise<void> {
  for (const { state, failure } of turns) {
    const subscription = taken.find(({ id }) => id === state.id);
    if (subscription === undefined) continue;
    const { teamId, name, host, failingSince } = subscription;
    const fact = { kind: 'event-subscription-failing', subscription: name, host, gone: state.gone } as const;
    if (failure !== null) await health.raise(teamId, { ...fact, reason: failure }, clock.now());
    else if (failingSince !== null && state.failingSince === null)
      await health.settle(teamId, { ...fact, reason: '' }, clock.now());
  }
}

async function wakeFor({ wakeups, clock }: EventDependencies, turns: readonly Turn[], full: boolean): Promise<void> {
  if (full) await wakeups.notifications();
  const pauses = turns.filter(({ state }) => !state.slow && !state.gone).map(({ state }) => state.pausedUntil);
  const soon = Math.min(...pauses.filter((at) => at !== null)) - clock.now();
  if (soon <= QUEUE_DELAY_MS) await wakeups.notifications(Math.max(1, Math.ceil(soon / SECOND_MS)));
}
