import { isAtLeast, type Severity } from '../domain/severity.ts';
import type { ChannelRecord, StoredNotification } from '../usecases/outbox.ts';
import type { MessageReference, NotificationContent } from '../usecases/ports.ts';

export interface DetailRow {
  id: number;
  team_id: number;
  event: string;
  alert_id: number | null;
  burst_id: number | null;
  repository_id: number | null;
  route: 'alerts' | 'health';
  content: string;
  attempts: number;
  created_at: number;
  channel_id: number | null;
  reference: string | null;
  severity: Severity | null;
  image: string | null;
  repository_channel: number | null;
  channels: string;
  earlier: string;
  burst_message: string | null;
  after_unsent: number;
  told_in: string;
}

/** As DETAILS builds it. */
type Candidate = Omit<ChannelRecord, 'signed'> & {
  readonly signed: number;
  readonly forAlerts: number;
  readonly forHealth: number;
};
type Sent = readonly [channel: number | null, reference: MessageReference];

/** @param live what a burst's message says now; `null`: the row's own content */
export function notificationOf(row: DetailRow, live: NotificationContent | null): StoredNotification {
  const content = live ?? (JSON.parse(row.content) as NotificationContent); // written by this store's own statements
  const severity = severityOf(content, row.severity);
  const candidates = inOrder(row, JSON.parse(row.channels) as Candidate[]); // as DETAILS builds it
  const channel = candidates.find(({ minSeverity }) => isAtLeast(severity, minSeverity)) ?? null;
  const own: Sent[] = row.reference === null ? [] : [[row.channel_id, JSON.parse(row.reference) as MessageReference]]; // as `sent` wrote it
  const earlier = JSON.parse(row.earlier) as Sent[]; // as DETAILS builds it
  const burst = row.burst_message === null ? [] : [JSON.parse(row.burst_message) as Sent]; // the same
  return {
    id: row.id,
    teamId: row.team_id,
    event: row.event,
    alertId: row.alert_id,
    burstId: row.burst_id,
    repositoryId: row.repository_id,
    image: row.image,
    route: row.route,
    content,
    severity,
    attempts: row.attempts,
    createdAt: row.created_at,
    channel: channel === null ? null : recordOf(channel),
    belowAll: channel === null && candidates.length > 0,
    parent: inChannel([...own, ...earlier], channel),
    burstMessage: inChannel(burst, channel),
    afterUnsent: row.after_unsent === 1,
    told: (JSON.parse(row.told_in) as (number | null)[]).includes(channel?.id ?? null), // as DETAILS builds it
  };
}

/** What somebody asked for goes where it was asked, whatever the channel takes otherwise. */
function severityOf(content: NotificationContent, ofAlert: Severity | null): Severity {
  return content.kind === 'test' || content.kind === 'digest' ? 'critical' : (ofAlert ?? 'notice');
}

/** Its own channel first. Health has one of its own; without it it shares the alerts' rather than be lost. */
function inOrder(row: DetailRow, channels: readonly Candidate[]): Candidate[] {
  const byId = (id: number | null) => channels.filter((channel) => channel.id === id);
  const alerts = channels.filter(({ forAlerts }) => forAlerts === 1);
  const health = channels.filter(({ forHealth }) => forHealth === 1);
  const ordered =
    row.route === 'alerts'
      ? [...byId(row.repository_channel), ...alerts]
      : [...health, ...byId(row.repository_channel), ...alerts];
  return [...byId(row.channel_id), ...ordered];
}

function inChannel(sent: readonly Sent[], channel: Candidate | null): MessageReference | null {
  return sent.find(([id]) => id === channel?.id)?.[1] ?? null;
}

function recordOf({ id, name, kind, sealed, refused, minSeverity, signed }: Candidate): ChannelRecord {
  return { id, name, kind, sealed, refused, minSeverity, signed: signed === 1 };
}
