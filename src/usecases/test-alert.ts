import { formatImageName, type ImageName } from '../domain/reference.ts';
import type { Audit, Handler } from './handle-alert.ts';
import type { NewNotification } from './outbox.ts';
import type { Wakeups } from './ports.ts';

export interface TestDesk {
  readonly channels: {
    list(
      teamId: number,
    ): Promise<readonly { readonly name: string; readonly forAlerts: boolean; readonly refused: string | null }[]>;
  };
  readonly notifications: { add(notification: NewNotification): Promise<void> };
  readonly audit: { add(entry: Audit): Promise<void> };
  readonly wakeups: Wakeups;
}

export type TestSent =
  | { readonly is: 'sending'; readonly event: string }
  | { readonly is: 'no-channel' }
  | { readonly is: 'refused'; readonly channel: string; readonly reason: string };

/** Sends a clearly marked test to the channel that the image's alerts go to. */
export async function sendTestAlert(
  desk: TestDesk,
  { teamId, name: by, now }: Handler,
  { id, image, channel: named }: { readonly id: number; readonly image: ImageName; readonly channel: string | null },
): Promise<TestSent> {
  const channels = await desk.channels.list(teamId);
  const channel = channels.find(({ name, forAlerts }) => (named === null ? forAlerts : name === named));
  if (channel === undefined) return { is: 'no-channel' };
  if (channel.refused !== null) return { is: 'refused', channel: channel.name, reason: channel.refused };
  const event = `test-${crypto.randomUUID()}`;
  const target = formatImageName(image);
  const content = { kind: 'test', image: target, by, at: now } as const;
  await desk.notifications.add({ teamId, event, route: 'alerts', repositoryId: id, alertId: null, content, now });
  await desk.audit.add({
    teamId,
    at: now,
    actor: by,
    action: 'alert.tested',
    target,
    detail: { channel: channel.name },
  });
  await desk.wakeups.notifications();
  return { is: 'sending', event };
}
