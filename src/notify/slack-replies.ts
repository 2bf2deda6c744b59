import { isDestination } from '../domain/destination.ts';
import type { SlackReplies, SlackReply } from '../usecases/press-store.ts';
import type { SlackOptions } from './slack.ts';
import { postJson } from './slack-http.ts';
import { code, link, prose, slackDate } from './slack-text.ts';

/** For one person's eyes. The address comes with Slack's request and leads to Slack, or nothing is sent. */
export function createSlackReplies(options: SlackOptions): SlackReplies {
  const { webhookHosts: hosts, allowLoopbackHttp, fetch, timeoutMs = 5_000 } = options;
  return {
    async send(responseUrl, reply) {
      if (!isDestination(responseUrl, { hosts, allowLoopbackHttp })) return;
      const body = { response_type: 'ephemeral', replace_original: false, text: replyText(reply) };
      await postJson({ fetch, timeoutMs }, responseUrl, body);
    },
  };
}

export function replyText(reply: SlackReply): string {
  switch (reply.kind) {
    case 'not-allowed':
      return `You are not on the list of those who may do this here. ${askWords(reply.admins)} They add you with ${code(
        `POST /api/v1/slack-users {"workspace": "${reply.workspace}", "user": "${reply.user}", …}`,
      )}.`;
    case 'not-admin':
      return `You may acknowledge and snooze; this takes an admin. ${askWords(reply.admins)}`;
    case 'unknown-alert':
      return 'There is no such alert here.';
    case 'already-closed':
      return `${code(reply.alert)} is closed already.`;
    case 'changed-since':
      return `${code(reply.alert)} says more now than when this button was drawn. Nothing was changed: look at it again.`;
    case 'decide-on-page':
      return `Who may sign is decided with the policy before one’s eyes: nothing was changed. ${
        reply.link === null ? code(reply.alert) : link(reply.link, `Open ${reply.alert}`)
      }`;
    case 'snoozed':
      return `${code(reply.alert)} stays open. It comes again ${slackDate(reply.until)} if nobody has it by then; worsening still speaks.`;
    case 'marked-expected':
      return `${code(reply.alert)} is closed as expected.${
        reply.added.length === 0
          ? ''
          : ` From now on ${reply.added.map((name) => code(name, 200)).join(', ')} may push there.`
      }`;
    case 'test-seen':
      return prose('Thank you. That proves that answers reach Pushwarden too.', 200);
  }
}

function askWords(admins: readonly string[]): string {
  if (admins.length === 0) return 'Ask whoever has an admin key of this Pushwarden.';
  return `Ask ${admins.map((id) => `<@${id}>`).join(' or ')}.`;
}
