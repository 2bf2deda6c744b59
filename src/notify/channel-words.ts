import type { ChannelKind } from '../usecases/ports.ts';

/** What a kind of channel is, for people who choose one. */
export interface ChannelWords {
  readonly name: string;
  /** What it can do here. */
  readonly what: string;
  /** The rights that it needs over there, and what for. */
  readonly rights: string;
  /** Where its address is to be had. */
  readonly where: string;
}

export const CHANNEL_WORDS: Readonly<Record<ChannelKind, ChannelWords>> = {
  'slack-bot': {
    name: 'Slack, bot',
    what: 'Keeps its messages up to date and answers in their threads; buttons, if you give the signing secret.',
    rights: 'One scope: chat:write, to post, and to change what it posted. It reads no message and no profile.',
    where:
      'api.slack.com/apps: create an app, OAuth & Permissions, add the scope, install it, copy the bot token; then invite the app to the channel.',
  },
  'slack-webhook': {
    name: 'Slack, incoming webhook',
    what: 'Posts to one channel. It cannot change a message: later news are short messages of their own.',
    rights: 'One scope: incoming-webhook, to post to the one channel that you choose when you install it.',
    where: 'api.slack.com/apps: your app, Incoming Webhooks, Add New Webhook to Workspace.',
  },
  discord: {
    name: 'Discord',
    what: 'Posts to one channel and keeps its messages up to date.',
    rights: 'None but those of a channel’s webhook: to post there, and to change what it posted.',
    where: 'In Discord: Channel settings, Integrations, Webhooks.',
  },
  teams: {
    name: 'Microsoft Teams',
    what: 'Posts to one channel. It cannot change a message: later news are short messages of their own.',
    rights: 'None but those of a workflow that takes requests: to post in the channel that it was made for.',
    where: 'In Teams: Workflows, Post to a channel when a webhook request is received.',
  },
  webhook: {
    name: 'Webhook',
    what: 'JSON to a system of yours, signed as Standard Webhooks says. What receives it can check that we sent it.',
    rights: 'None over there. Here, the address has to be at a host of the setting WEBHOOK_HOSTS.',
    where: 'At the system that is to receive it. Without a secret we make one, and show it once.',
  },
  email: {
    name: 'E-mail',
    what: 'Plain text to one address. A mail cannot be changed: later news are mails of their own.',
    rights: 'None over there. Here, a send_email binding named EMAIL and the setting EMAIL_FROM.',
    where: 'The address of a person or a list.',
  },
};

/** Why this installation can have no channel of a kind; `null`: it can. */
export function channelHindrance(
  kind: ChannelKind,
  { sendsEmail, webhookHosts }: { readonly sendsEmail: boolean; readonly webhookHosts: readonly string[] },
): string | null {
  if (kind === 'email' && !sendsEmail)
    return 'This installation sends no e-mail: whoever runs it has to set EMAIL_FROM and a send_email binding named EMAIL.';
  if (kind === 'webhook' && webhookHosts.length === 0)
    return 'This installation sends to no host of yours: whoever runs it has to list it in WEBHOOK_HOSTS.';
  return null;
}

/** Why a test did not reach a channel. `reason` is the other side's word, or ours. */
export const testFailed = (channel: string, reason: string): string =>
  `The test did not reach ${channel}: ${reason}. Nothing was changed. Alerts that go there would not arrive either.`;
