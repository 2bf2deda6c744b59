import type { Notifier } from '../usecases/ports.ts';
import { type DiscordWebhooks, sendToDiscord } from './discord.ts';
import { type Emails, sendByEmail } from './email.ts';
import { createSlackNotifier, type SlackOptions } from './slack.ts';
import { transient } from './slack-http.ts';
import { type StandardWebhooks, sendToWebhook } from './standard-webhook.ts';
import { sendToTeams, type TeamsWebhooks } from './teams.ts';

export interface NotifierOptions extends SlackOptions {
  /** Hosts that addresses may have, by kind of channel; `*.example.org` is every host below it. */
  readonly discordHosts: readonly string[];
  readonly teamsHosts: readonly string[];
  readonly standardHosts: readonly string[];
  readonly mailer: Emails['mailer'];
  /** Ms since the epoch. */
  readonly now: () => number;
}

/**
 * Sends to every kind of channel, each message escaped for its medium.
 * @throws TypeError if the address of Slack's API is not https (or, where allowed, http to this machine)
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { allowLoopbackHttp, fetch, timeoutMs = 10_000 } = options;
  const slack = createSlackNotifier(options);
  const hosts = (list: readonly string[]) => ({ hosts: list, allowLoopbackHttp });
  const http: DiscordWebhooks & TeamsWebhooks & StandardWebhooks & Emails = {
    fetch,
    timeoutMs,
    discord: hosts(options.discordHosts),
    teams: hosts(options.teamsHosts),
    standard: hosts(options.standardHosts),
    mailer: options.mailer,
    now: options.now,
  };
  return {
    async send(target, notification) {
      try {
        switch (target.kind) {
          case 'slack-webhook':
          case 'slack-bot':
            return await slack.send(target, notification);
          case 'discord':
            return await sendToDiscord(http, target, notification);
          case 'teams':
            return await sendToTeams(http, target, notification);
          case 'webhook':
            return await sendToWebhook(http, target, notification);
          case 'email':
            return await sendByEmail(http, target, notification);
        }
      } catch {
        // A defect of ours; its message could hold anything, a secret too.
        return transient('internal_failure');
      }
    },
  };
}
