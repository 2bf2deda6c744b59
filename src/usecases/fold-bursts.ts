import { BURST_ALERTS } from '../domain/burst.ts';
import type { BurstKey, BurstStore, ChannelRecord, StoredNotification } from './outbox.ts';
import type { Clock, NotificationContent, Wakeups } from './ports.ts';

type ContentKind = NotificationContent['kind'];

interface FoldDependencies {
  readonly bursts: BurstStore;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

/** How long a burst's message waits for more before it is brought up to date: Slack takes one message a second. */
const UPDATE_MS = 2_000;
/** Where a message cannot be changed each state of the burst is a new one: they come seldom. */
const REPEAT_MS = 120_000;

/** Channels whose messages can be changed after they were sent. */
const canUpdate = ({ kind }: ChannelRecord): boolean => kind === 'slack-bot' || kind === 'discord';
const delayOf = (channel: ChannelRecord): number => (canUpdate(channel) ? UPDATE_MS : REPEAT_MS);

/**
 * Many alerts of one channel and severity within minutes are one message. Answers with the messages that are still to be
 * sent by themselves; the burst's own is written down, and comes next.
 */
export async function foldIntoBursts(
  deps: FoldDependencies,
  due: readonly StoredNotification[],
): Promise<readonly StoredNotification[]> {
  const folded = new Set<number>();
  for (const openings of Map.groupBy(due.filter(isOpening), keyOf).values()) {
    const [{ teamId, severity, channel } = { channel: null }] = openings;
    if (channel === null || teamId === undefined || severity === undefined) continue;
    const key = { teamId, channelId: channel.id, severity };
    if (await joinBurst(deps, key, channel, openings)) for (const { id } of openings) folded.add(id);
  }
  return due.filter(({ id }) => !folded.has(id));
}

const OPENING: ReadonlySet<string> = new Set<ContentKind>(['opened', 'watch-opened']);
/** The burst's message says as much. */
const FOLDED: ReadonlySet<string> = new Set<ContentKind>([
  'acknowledged',
  'closed',
  'watch-acknowledged',
  'watch-closed',
]);

const isOpening = ({ content, channel, burstId, alertId }: StoredNotification): boolean =>
  OPENING.has(content.kind) && channel !== null && channel.refused === null && burstId === null && alertId !== null;

const keyOf = ({ teamId, channel, severity }: StoredNotification): string => `${teamId} ${channel?.id} ${severity}`;

async function joinBurst(
  { bursts, wakeups, clock }: FoldDependencies,
  key: BurstKey,
  channel: ChannelRecord,
  openings: readonly StoredNotification[],
): Promise<boolean> {
  const now = clock.now();
  const { live, recent } = await bursts.state(key, now);
  if (live === null && recent.length + openings.length < BURST_ALERTS) return false;
  const alerts = openings.flatMap(({ alertId }) => alertId ?? []);
  const before = live === null ? recent.map(({ alertId }) => alertId) : [];
  const messages = openings.map(({ id }) => id);
  await bursts.join(key, [...before, ...alerts], messages, delayOf(channel), now);
  await wakeups.notifications(live === null ? 0 : wakeSeconds(channel));
  return true;
}

/** cron finds what is later than the queue's longest delay. */
const wakeSeconds = (channel: ChannelRecord): number => Math.min(55, delayOf(channel) / 1000);

/** What a burst's message says of an alert is not said again: who has it, and that it is over. */
export async function isTold(
  deps: FoldDependencies,
  { id, burstId, content, parent }: StoredNotification,
  channel: ChannelRecord,
): Promise<boolean> {
  if (burstId === null || parent !== null) return false;
  if (!FOLDED.has(content.kind)) return false;
  await deps.bursts.fold(id, burstId, channel.id, deps.clock.now() + delayOf(channel));
  await deps.wakeups.notifications(wakeSeconds(channel));
  return true;
}

/** Something was said of some of a burst's alerts: its list is not what it was. */
export async function updateBursts(deps: FoldDependencies, delivered: readonly StoredNotification[]): Promise<void> {
  const bursts = new Set<number>();
  for (const { burstId, alertId, parent, content, channel } of delivered) {
    const changes = parent !== null || content.kind === 'worsened';
    if (burstId !== null && alertId !== null && channel !== null && canUpdate(channel) && changes) bursts.add(burstId);
  }
  for (const burst of bursts) await deps.bursts.touch(burst, deps.clock.now() + UPDATE_MS);
  if (bursts.size > 0) await deps.wakeups.notifications(UPDATE_MS / 1000);
}
