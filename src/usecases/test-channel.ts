import type { HealthFact } from '../domain/health.ts';
import type { Handler } from './handle-alert.ts';
import type { ChannelKind, ChannelTarget, Notification, Notifier, Seal, Wakeups } from './ports.ts';

interface TestedChannel {
  readonly id: number;
  readonly name: string;
  readonly kind: ChannelKind;
  readonly sealed: string;
  readonly refused: string | null;
  readonly signed: boolean;
}

export interface ChannelTestDesk {
  readonly channels: {
    tested(
      teamId: number,
      id: number,
      test: { readonly event: string; readonly content: Notification['content']; readonly now: number },
      audit: {
        readonly teamId: number;
        readonly at: number;
        readonly actor: string;
        readonly action: string;
        readonly target: string;
        readonly detail: unknown;
      },
    ): Promise<void>;
  };
  readonly notifier: Notifier;
  readonly health: { settle(teamId: number, fact: HealthFact, now: number): Promise<boolean> };
  readonly seal: Seal;
  readonly wakeups: Wakeups;
  readonly settings: { readonly publicUrl: string; readonly slackSigningSecret: string };
}

/**
 * Sends a clearly marked test to one channel, while whoever asked waits. Answers with why it was not taken, or `null`. One
 * that is taken ends the channel's being refused: what it had refused before is sent again.
 */
export async function testChannel(
  desk: ChannelTestDesk,
  { teamId, name: by, now }: Handler,
  channel: TestedChannel,
): Promise<string | null> {
  const { settings } = desk;
  const eventId = `test-${crypto.randomUUID()}`;
  const content = { kind: 'test', image: null, by, at: now } as const;
  const secret: object = JSON.parse(await desk.seal.open(channel.sealed, 'channel'));
  const sent = await desk.notifier.send({ kind: channel.kind, ...secret } as ChannelTarget, {
    // as sealed when it was added
    eventId,
    alertId: null,
    link: settings.publicUrl === '' ? null : `${settings.publicUrl}/settings/channels`,
    content,
    parent: null,
    interactive: channel.signed || settings.slackSigningSecret !== '',
  });
  if (!sent.ok) return sent.reason;
  const audit = { teamId, at: now, actor: by, action: 'channel.tested', target: channel.name, detail: null };
  await desk.channels.tested(teamId, channel.id, { event: eventId, content, now }, audit);
  if (channel.refused !== null)
    await desk.health.settle(teamId, { kind: 'channel-refused', channel: channel.name, reason: '' }, now);
  await desk.wakeups.notifications();
  return null;
}
