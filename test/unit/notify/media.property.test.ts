import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlertFacts } from '../../../src/domain/alert.ts';
import { createNotifier } from '../../../src/notify/notifier.ts';
import { replyText } from '../../../src/notify/slack-replies.ts';
import type { ChannelTarget, Notification, NotificationContent } from '../../../src/usecases/ports.ts';
import type { SlackReply } from '../../../src/usecases/press-store.ts';
import { discordViolations, emailViolations, teamsViolations } from '../../fixtures/media-limits.ts';
import {
  alertContents,
  alertFacts,
  FINDINGS,
  notificationOf,
  otherContents,
  SAFE,
  watchContents,
} from '../../fixtures/notifications.ts';
import { slackViolations } from '../../fixtures/slack-limits.ts';

const HOSTILE: readonly string[] = [
  '<!channel>',
  '<!here|here> <@U0ADMIN> <#C0|x>',
  '@everyone @here <@123> <@&456> <#789>',
  '`code` ```block``` **bold** __u__ ~~s~~ ||spoiler|| # h1 > quote',
  '[click](https://evil.example) https://evil.example <https://evil.example|safe>',
  '\u202Egnp.exe\u2066 \u200Bzero\uFEFF',
  'line\r\nBcc: victim@example.org\r\n\r\nbody\u2028\u2029',
  'v'.repeat(128),
  `${'a'.repeat(100)}/${'b'.repeat(154)}`,
  '&'.repeat(5000),
  '🛑'.repeat(2500),
  '*'.repeat(4000),
  'half \uD83D',
  ':skull: :white_check_mark:',
  '',
];

const LINK = 'https://pushwarden.example.org/alerts/A-147';

interface Medium {
  readonly name: string;
  readonly target: ChannelTarget;
  readonly violations: (sent: unknown, notification: Notification) => string[];
}

const MEDIA: readonly Medium[] = [
  {
    name: 'Slack webhook',
    target: { kind: 'slack-webhook', url: 'https://hooks.slack.com/services/T/B/x' },
    violations: (sent) => slackViolations(sent as Parameters<typeof slackViolations>[0]), // as the notifier sends it
  },
  {
    name: 'Slack bot',
    target: { kind: 'slack-bot', token: 'xoxb-1', channel: 'C1' },
    violations: (sent) => slackViolations(sent as Parameters<typeof slackViolations>[0]), // the same
  },
  {
    name: 'Discord',
    target: { kind: 'discord', url: 'https://discord.com/api/webhooks/1/x' },
    violations: discordViolations,
  },
  {
    name: 'Teams',
    target: { kind: 'teams', url: 'https://a.environment.api.powerplatform.com/x' },
    violations: teamsViolations,
  },
  {
    name: 'webhook',
    target: { kind: 'webhook', url: 'https://siem.example/in', secret: `whsec_${btoa('s'.repeat(32))}` },
    violations: (sent, { content }) => {
      const { type, data } = sent as { type: string; data: Record<string, unknown> };
      return /^[a-z.]+$/.test(type) && data.kind === content.kind ? [] : [`type ${type}`];
    },
  },
  {
    name: 'e-mail',
    target: { kind: 'email', to: 'oncall@example.org' },
    violations: (sent, { link }) => emailViolations(sent as { subject: string; text: string }, link),
  },
];

/** Those whose messages can be changed. */
const UPDATING = new Set(['Slack bot', 'Discord']);

/** Everything that a medium was sent for a notification. */
async function sentFor({ target }: Medium, notification: Notification): Promise<unknown[]> {
  const sent: unknown[] = [];
  const answers = { ok: true, channel: 'C1', ts: '1.2', id: '77' };
  const notifier = createNotifier({
    apiUrl: 'https://slack.com/api',
    webhookHosts: ['hooks.slack.com'],
    discordHosts: ['discord.com'],
    teamsHosts: ['*.environment.api.powerplatform.com'],
    standardHosts: ['siem.example'],
    allowLoopbackHttp: false,
    mailer: { binding: { send: async (message) => void sent.push(message) }, from: 'p@example.org' },
    now: () => 0,
    fetch: async (_, init) => {
      sent.push(JSON.parse(String(init?.body)));
      return new Response(target.kind === 'slack-webhook' ? 'ok' : JSON.stringify(answers));
    },
  });
  expect(await notifier.send(target, notification)).toMatchObject({ ok: true });
  expect(sent).not.toEqual([]);
  return sent;
}

function hostileAlert(name: string): AlertFacts {
  return alertFacts({
    image: name,
    tags: [name, ...Array.from({ length: 60 }, (_, n) => `${name}${n}`)],
    findings: [
      { code: 'unexpected-pusher', pusher: { name, id: name }, expected: [name] },
      ...FINDINGS.filter(({ code }) => code !== 'forged-delivery' && code !== 'unexpected-pusher'),
    ],
    pusher: { name, id: name },
    push: name,
  });
}

async function check(medium: Medium, content: NotificationContent, changes: Partial<Notification>): Promise<void> {
  const notification = notificationOf(content, { link: LINK, ...changes });
  for (const sent of await sentFor(medium, notification))
    expect([content.kind, medium.violations(sent, notification)]).toEqual([content.kind, []]);
}

describe.each(MEDIA)('$name', (medium) => {
  it.each(HOSTILE)('shows %j as a name and nothing else, in every kind of message', async (name) => {
    const alert = hostileAlert(name);
    const forged = alertFacts({ ...alert, confirmedAt: null, findings: [{ code: 'forged-delivery' }] });
    const contents = [
      ...alertContents(alert),
      ...alertContents(forged),
      ...otherContents(alert, name),
      ...watchContents(name),
    ];
    const parent = { channel: 'C1', ts: '77' };
    for (const content of contents) {
      await check(medium, content, { interactive: true });
      // The runtime keeps no more than 10,000 timers, and each message sets one: only where it makes a difference.
      if (UPDATING.has(medium.name)) await check(medium, content, { interactive: true, parent });
    }
  });

  it('shows any name as a name and nothing else', async () => {
    const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ maxLength: 60 }));
    await fc.assert(
      fc.asyncProperty(name, fc.boolean(), async (some, interactive) => {
        const alert = hostileAlert(some);
        for (const content of [
          ...alertContents(alert).slice(0, 4),
          ...otherContents(alert, some).slice(0, 6),
          ...watchContents(some).slice(0, 3),
        ])
          await check(medium, content, { interactive });
      }),
      { numRuns: 20 },
    );
  });

  it('holds the safe digest in full, whatever else is said', async () => {
    const sent = await sentFor(medium, notificationOf({ kind: 'opened', alert: alertFacts() }, { link: LINK }));
    expect(JSON.stringify(sent)).toContain(SAFE);
    const alert = { ...hostileAlert('x'.repeat(255)), image: 'docker.io/org/app', tags: ['v'.repeat(128), 'b'] };
    const crowded = await sentFor(medium, notificationOf({ kind: 'opened', alert }, { link: LINK }));
    expect(JSON.stringify(crowded)).toContain(SAFE);
  });

  it('never says of a test, a summary or trouble of ours that it is rogue', async () => {
    for (const content of otherContents(alertFacts(), 'name')) {
      if (content.kind === 'burst' || content.kind === 'digest' || medium.name === 'webhook') continue;
      const sent = await sentFor(medium, notificationOf(content, { link: LINK, alertId: null }));
      expect(JSON.stringify(sent)).not.toMatch(/ROGUE|Attention/);
    }
  });
});

it('an answer for one person’s eyes mentions admins and nobody else', () => {
  for (const name of HOSTILE) {
    const replies: SlackReply[] = [
      { kind: 'not-allowed', workspace: 'T1', user: 'U1', admins: ['U0ADMIN'] },
      { kind: 'not-admin', admins: [] },
      { kind: 'marked-expected', alert: 'A-1', added: [name] },
      { kind: 'decide-on-page', alert: 'A-1', link: name },
      { kind: 'snoozed', alert: 'A-1', until: 1e12 },
    ];
    for (const reply of replies) {
      const text = replyText(reply);
      expect(
        slackViolations({
          text: text.slice(0, 4000),
          blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'x' } }],
        }),
      ).toEqual([]);
      expect(text.match(/<@[^>]*>/g) ?? []).toEqual(
        text.includes('U0ADMIN') && reply.kind === 'not-allowed' ? ['<@U0ADMIN>'] : [],
      );
    }
  }
});
