import { foldIntoBursts, isTold, updateBursts } from './fold-bursts.ts';
import type { BurstStore } from './outbox.ts';
import type { ChannelTarget, Clock, Notification, Notifier, Seal, SendResult, Wakeups } from './ports.ts';
import type { ChannelRecord, HealthStore, NotificationStore, StoredNotification } from './stores.ts';

export interface DeliverDependencies {
  readonly store: NotificationStore;
  readonly bursts: BurstStore;
  readonly notifier: Notifier;
  readonly health: HealthStore;
  readonly seal: Seal;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
  /** Where people read more: `https://pushwarden.example.org`. */
  readonly publicUrl: string;
  /** The installation's own Slack app tells us of pressed buttons. */
  readonly interactive: boolean;
}

/** At once: each costs a request and a database query, and the Free plan allows 50 of each in an invocation. */
const BATCH = 20;
/** As long as a channel's time-outs together; after it, whoever comes takes the message again. */
const LEASE_MS = 60_000;
const FIRST_RETRY_MS = 5_000;
const SLOWEST_RETRY_MS = 15 * 60_000;
const QUEUE_DELAY_MS = 55_000;
/** A message that could not be sent for a week is given up: it is in the API and on the dashboard all the same. */
const GIVE_UP_MS = 7 * 86_400_000;
/** Connections that a Worker may hold open at a time. */
const PARALLEL = 6;

/**
 * Sends what is due. A message is marked sent after the channel took it: a crash in between sends it again, with the
 * same event id, and never loses it.
 */
export async function deliverNotifications(deps: DeliverDependencies): Promise<void> {
  const taken = await deps.store.take(deps.clock.now(), LEASE_MS, BATCH);
  const due = await foldIntoBursts(deps, taken);
  const groups = [...Map.groupBy(due, (each) => each.alertId ?? `own ${each.id}`).values()];
  const workers = Array.from({ length: PARALLEL }, async (_, worker) => {
    for (let n = worker; n < groups.length; n += PARALLEL) await deliverInOrder(deps, groups[n] ?? []);
  });
  await Promise.all(workers);
  await updateBursts(deps, due);
  if (taken.length === BATCH) await deps.wakeups.notifications();
}

/** Messages of one alert go out in their order; the first that has to wait makes the rest wait. */
async function deliverInOrder(deps: DeliverDependencies, group: readonly StoredNotification[]): Promise<void> {
  let reference = group[0]?.parent ?? null;
  let waits = false;
  let told = false;
  for (const notification of group) {
    // `take` saw a predecessor unsent: it is in this group, and was sent just now, unless it is somebody else's.
    const follows = notification !== group[0] || !notification.afterUnsent;
    if (waits || !follows) {
      await retryIn(deps, notification, FIRST_RETRY_MS);
      continue;
    }
    const parent = notification.parent ?? reference;
    const result = await deliver(deps, { ...notification, parent, told: notification.told || told });
    if (result === null || !result.ok) waits = true;
    else reference ??= result.reference;
    told = !waits;
  }
}

async function deliver(deps: DeliverDependencies, notification: StoredNotification): Promise<SendResult | null> {
  const { channel } = notification;
  if (channel === null) return withoutChannel(deps, notification);
  if (await isTold(deps, notification, channel)) return { ok: true, reference: null };
  if (channel.refused !== null) {
    await deps.store.failed(notification.id, null, channel.refused);
    return null;
  }
  const target = await openTarget(deps.seal, channel);
  const result = await deps.notifier.send(target, messageOf(deps, notification, channel));
  if (result.ok) {
    await deps.store.sent(notification, channel.id, result.reference, deps.clock.now());
  } else if (result.permanent) {
    await deps.store.failed(notification.id, channel.id, result.reason);
    await deps.health.raise(
      notification.teamId,
      { kind: 'channel-refused', channel: channel.name, reason: result.reason },
      deps.clock.now(),
    );
  } else {
    const backoff = Math.min(FIRST_RETRY_MS * 2 ** Math.min(notification.attempts, 10), SLOWEST_RETRY_MS);
    await retryIn(deps, notification, Math.max(backoff, result.retryAfterMs ?? 0));
  }
  return result;
}

async function withoutChannel(deps: DeliverDependencies, notification: StoredNotification): Promise<null> {
  if (notification.belowAll) {
    await deps.store.failed(notification.id, null, 'below the minimum severity of every channel');
    return null;
  }
  await retryIn(deps, notification, SLOWEST_RETRY_MS);
  const image = notification.image ?? (notification.content.kind === 'watch-opened' ? 'your credentials' : null);
  if (notification.route === 'alerts' && image !== null)
    await deps.health.raise(notification.teamId, { kind: 'no-channel', image }, deps.clock.now());
  return null;
}

async function openTarget(seal: Seal, { kind, sealed }: ChannelRecord): Promise<ChannelTarget> {
  const secret: object = JSON.parse(await seal.open(sealed, 'channel'));
  return { kind, ...secret } as ChannelTarget; // as sealed by `addChannel`
}

function messageOf(deps: DeliverDependencies, stored: StoredNotification, channel: ChannelRecord): Notification {
  const { event, alertId, content, parent } = stored;
  return {
    eventId: event,
    alertId: alertId === null ? null : `A-${alertId}`,
    link: linkOf(deps.publicUrl, stored),
    content: untold(stored) ?? content,
    parent,
    thread: parent === null ? stored.burstMessage : null,
    interactive: deps.interactive || channel.signed,
  };
}

/** This channel did not hear of its opening, which was not urgent enough for it: now it does, with all there is to say. */
function untold({ content, told }: StoredNotification): Notification['content'] | null {
  return content.kind === 'worsened' && !told ? { kind: 'opened', alert: content.alert } : null;
}

function linkOf(publicUrl: string, { alertId, burstId, content }: StoredNotification): string | null {
  if (publicUrl === '') return null;
  if (alertId !== null) return `${publicUrl}/alerts/A-${alertId}`;
  if (burstId !== null) return `${publicUrl}/alerts`;
  if (content.kind === 'undetermined') return `${publicUrl}/p/${content.push}`;
  return `${publicUrl}/alerts?state=health`;
}

async function retryIn(deps: DeliverDependencies, notification: StoredNotification, ms: number): Promise<void> {
  const now = deps.clock.now();
  if (now - notification.createdAt > GIVE_UP_MS) {
    await deps.store.failed(notification.id, null, 'not deliverable for a week');
    return;
  }
  await deps.store.retry(notification.id, now + ms);
  if (ms <= QUEUE_DELAY_MS) await deps.wakeups.notifications(Math.ceil(ms / 1000));
}
