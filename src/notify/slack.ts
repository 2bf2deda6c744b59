import { isLoopback } from '../domain/loopback.ts';
import type { ChannelTarget, Notification, SendResult } from '../usecases/ports.ts';
import { sendByBot } from './slack-bot.ts';
import { transient } from './slack-http.ts';
import { sendByWebhook } from './slack-webhook.ts';

export interface SlackOptions {
  /** `https://slack.com/api`. */
  readonly apiUrl: string;
  /** Hosts that an incoming webhook's address may have; `hooks.slack.com`. */
  readonly webhookHosts: readonly string[];
  /** Only in a local installation: plain http to this machine. */
  readonly allowLoopbackHttp: boolean;
  readonly fetch: typeof fetch;
  /** For each request; 10 s if left out. */
  readonly timeoutMs?: number;
}

type SlackTarget = Extract<ChannelTarget, { readonly kind: 'slack-webhook' | 'slack-bot' }>;

export interface SlackNotifier {
  send(target: SlackTarget, notification: Notification): Promise<SendResult>;
}

/**
 * Sends notifications to Slack: a message is one request, and one more each for an update, a lost thread, refused blocks.
 * @throws TypeError if the API address is not https (or, where allowed, http to this machine): a bot's token goes there.
 */
export function createSlackNotifier(options: SlackOptions): SlackNotifier {
  const { webhookHosts, allowLoopbackHttp, fetch, timeoutMs = 10_000 } = options;
  const api = new URL(options.apiUrl);
  if (api.protocol !== 'https:' && !(api.protocol === 'http:' && allowLoopbackHttp && isLoopback(api.hostname))) {
    throw new TypeError('The address of the Slack API is not https.');
  }
  const webhooks = { hosts: webhookHosts, allowLoopbackHttp };
  const http = { fetch, timeoutMs, apiUrl: api.href.replace(/\/+$/, ''), webhooks };
  return {
    async send(target, notification) {
      try {
        switch (target.kind) {
          case 'slack-webhook':
            return await sendByWebhook(http, target, notification);
          case 'slack-bot':
            return await sendByBot(http, target, notification);
        }
      } catch {
        // A defect of ours; its message could hold anything, a secret too.
        return transient('internal_failure');
      }
    },
  };
}
