import { readdirSync, readFileSync } from 'node:fs';
import type { D1Database } from '@cloudflare/workers-types';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { DiscordDouble } from '../../scripts/simulate/world/discord.ts';
import { InboxDouble } from '../../scripts/simulate/world/inbox.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let discord: DiscordDouble;
let teams: InboxDouble;
let endpoint: InboxDouble;
let mail: InboxDouble;
let n = 0;

beforeAll(async () => {
  discord = await DiscordDouble.start();
  teams = await InboxDouble.start(202);
  endpoint = await InboxDouble.start();
  mail = await InboxDouble.start();
  pushwarden = await TestInstallation.start({
    bundle: inject('bundle'),
    vars: { EMAIL_FROM: 'pushwarden@example.org', WEBHOOK_HOSTS: 'siem.example' },
    mailUrl: mail.url,
  });
  await pushwarden.connectSlack();
});
afterAll(async () => {
  await pushwarden.stop();
  await Promise.all([discord, teams, endpoint, mail].map((double) => double.close()));
});
beforeEach(() => {
  for (const double of [discord, teams, endpoint, mail]) double.heal();
});

async function addChannel(channel: Json): Promise<Json> {
  const { status, json } = await pushwarden.api('POST', '/channels', channel);
  expect([status, json.detail]).toEqual([201, undefined]);
  return json;
}

/** A repository of its own whose alerts go to this channel, and a push to it that nobody expected. */
async function alarm(alertChannel: string, policy: Json = {}): Promise<{ image: string; alert: () => Promise<Json> }> {
  n += 1;
  const path = `org/app${n}`;
  await until('nothing is under way', async () => {
    const row = await pushwarden.db
      .prepare('SELECT count(*) AS n FROM notifications WHERE next_at IS NOT NULL')
      .first<{ n: number }>();
    return row?.n === 0;
  });
  await pushwarden.advance(1300);
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
  const image = `docker.io/${path}`;
  const { webhook } = await pushwarden.watch(image, { alertChannel, policy: { pushers: ['release-bot'], ...policy } });
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} miner`));
  await sendDockerHub(pushwarden, webhook, { path, tag: '1.0.0', pusher: 'mallory_*_@everyone' });
  const alert = async () =>
    (await pushwarden.api('GET', '/alerts')).json.items.find((each: Json) => each.image === image);
  await until('there is an alert', async () => (await alert()) !== undefined);
  return { image, alert };
}

describe('Discord', () => {
  test('gets one message, which is changed when somebody has it and when it is over; nobody is rung by a name', async () => {
    await addChannel({ name: 'discord', kind: 'discord', url: discord.webhookUrl });
    const { image, alert } = await alarm('discord');
    await until('it is told', () => discord.messages.length === 1);
    const [first] = discord.messages;
    const sent = JSON.parse(first?.json ?? '{}');
    expect(sent.allowed_mentions).toEqual({ parse: [] });
    expect(first?.json).toContain((await alert()).safe.digest);
    expect(sent.content).toContain('mallory\\_\\*\\_\\@everyone');
    expect(sent.embeds[0].url).toContain('/alerts/A-');
    const { id } = await alert();
    await pushwarden.api('POST', `/alerts/${id}/acknowledge`, {});
    await until('it says who has it', () => discord.messages.length === 2);
    await pushwarden.api('POST', `/alerts/${id}/close`, { resolution: 'incident', reason: 'restored' });
    await until('it is over', () => discord.messages.length === 3);
    expect(discord.messages.slice(1).map(({ method, id: changed }) => [method, changed])).toEqual([
      ['PATCH', first?.id],
      ['PATCH', first?.id],
    ]);
    expect(discord.messages.at(-1)?.text).toContain('Closed as an incident');
    expect(image).toContain('org/app');
  });

  test('is asked again as late as it wants, and not at all once the webhook is gone', async () => {
    const channel = await addChannel({ name: 'busy', kind: 'discord', url: discord.webhookUrl });
    const before = discord.requests.length;
    discord.refuse(429, 90, 1);
    await alarm('busy');
    await until('Discord refused once', () => discord.requests.length === before + 1);
    const told = discord.messages.length;
    await pushwarden.advance(60);
    expect(discord.messages).toHaveLength(told);
    await pushwarden.advance(60);
    expect(discord.messages).toHaveLength(told + 1);
    discord.refuse(404);
    await alarm('busy');
    await until('the channel is refused', async () => {
      const { items } = (await pushwarden.api('GET', '/channels')).json;
      return items.find((each: Json) => each.id === channel.id).refused === 'http_404';
    });
  });
});

describe('Microsoft Teams', () => {
  test('gets an Adaptive Card in which names are text runs', async () => {
    await addChannel({ name: 'teams', kind: 'teams', url: `${teams.url}/powerautomate/workflows/1` });
    const { alert } = await alarm('teams');
    await until('it is told', () => teams.taken.length === 1);
    const message = JSON.parse(teams.taken[0]?.body ?? '{}');
    const [{ contentType, content }] = message.attachments;
    expect([message.type, contentType, content.type]).toEqual([
      'message',
      'application/vnd.microsoft.card.adaptive',
      'AdaptiveCard',
    ]);
    const text = JSON.stringify(content);
    expect(text).toContain((await alert()).safe.digest);
    expect(text).not.toContain('"TextBlock"');
  });
});

describe('a webhook', () => {
  test('is signed as Standard Webhooks says, with a secret that is shown once', async () => {
    const { secret, id } = await addChannel({ name: 'siem', kind: 'webhook', url: `${endpoint.url}/in` });
    expect(JSON.stringify((await pushwarden.api('GET', '/channels')).json)).not.toContain(secret);
    const { image } = await alarm('siem');
    await until('it is told', () => endpoint.taken.length === 1);
    const [taken] = endpoint.taken;
    const headers = taken?.headers as Record<string, string>; // of one value each
    const real = new Webhook(secret);
    // Signed by the installation's clock, which is ahead here.
    const original = Date.now;
    Date.now = () => Number(headers['webhook-timestamp']) * 1000;
    try {
      const payload: Json = real.verify(taken?.body ?? '', headers);
      expect(payload).toMatchObject({ type: 'alert.opened', data: { alertId: expect.stringMatching(/^A-/) } });
      expect(JSON.stringify(payload)).toContain(image);
      expect(() => new Webhook(`whsec_${btoa('x'.repeat(32))}`).verify(taken?.body ?? '', headers)).toThrow();
    } finally {
      Date.now = original;
    }
    expect(headers['webhook-id']).toMatch(/^alert-\d+-opened$/);
    await pushwarden.api('DELETE', `/channels/${id}`);
  });
});

describe('e-mail', () => {
  test('goes through the binding, as plain text under a subject of one line', async () => {
    await addChannel({ name: 'mail', kind: 'email', to: 'oncall@example.org' });
    const { alert } = await alarm('mail');
    await until('it is told', () => mail.taken.length === 1);
    const message = JSON.parse(mail.taken[0]?.body ?? '{}');
    const { id, safe } = await alert();
    expect(message).toMatchObject({ to: 'oncall@example.org', from: 'pushwarden@example.org' });
    expect(message.subject).toBe(`[${id}] 🛑 Rogue push: app${n} 1.0.0`);
    expect(message.text).toContain(safe.digest);
    expect(message.html).toBeUndefined();
  });

  test('is refused where the installation sends none, and says what it needs', async () => {
    const plain = await TestInstallation.start({ bundle: inject('bundle') });
    try {
      const mailChannel = { name: 'mail', kind: 'email', to: 'oncall@example.org' };
      const answers = [mailChannel, { name: 'x', kind: 'webhook', url: 'https://siem.example/in' }];
      const details = [];
      for (const channel of answers) {
        const { status, json } = await plain.api('POST', '/channels', channel);
        details.push([status, json.detail]);
      }
      expect(details).toEqual([
        [400, expect.stringContaining('EMAIL_FROM and a send_email binding named EMAIL')],
        [400, expect.stringContaining('set WEBHOOK_HOSTS')],
      ]);
    } finally {
      await plain.stop();
    }
  });
});

describe('an address', () => {
  const refused: [string, Json][] = [
    ['of another host as Discord’s', { kind: 'discord', url: 'https://discord.com.evil.example/api/webhooks/1/x' }],
    ['with plain http', { kind: 'discord', url: 'http://discord.com/api/webhooks/1/x' }],
    ['of a retired connector', { kind: 'teams', url: 'https://org.webhook.office.com/webhookb2/x' }],
    ['that only ends like Teams’', { kind: 'teams', url: 'https://evilenvironment.api.powerplatform.com/x' }],
    ['of the bare domain', { kind: 'teams', url: 'https://environment.api.powerplatform.com/x' }],
    ['with a user', { kind: 'teams', url: 'https://u:p@x.environment.api.powerplatform.com/x' }],
    ['inside', { kind: 'webhook', url: 'https://169.254.169.254/latest' }],
    ['with another port', { kind: 'webhook', url: 'https://siem.example:8443/in' }],
    ['that is none', { kind: 'email', to: 'a@b\r\nbcc: c@d.example' }],
    ['with a header in it', { kind: 'email', to: 'x@example.org, y@example.org' }],
    ['with a weak secret', { kind: 'webhook', url: 'https://siem.example/in', secret: 'whsec_short' }],
    [
      'with a signing secret outside Slack',
      { kind: 'discord', url: 'https://discord.com/api/webhooks/1/x', signingSecret: 'x'.repeat(32) },
    ],
  ];
  test.each(refused)('%s is refused', async (_, channel) => {
    expect((await pushwarden.api('POST', '/channels', { name: 'refused', ...channel })).status).toBe(400);
  });

  test.each([
    [
      'teams',
      'https://default0a1b.1c.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/x',
    ],
    ['teams', 'https://prod-23.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=x'],
    ['discord', 'https://discord.com/api/webhooks/1/x'],
    ['webhook', 'https://siem.example/in'],
  ])('of %s at %s is accepted', async (kind, url) => {
    const { id } = await addChannel({ name: 'accepted', kind, url });
    await pushwarden.api('DELETE', `/channels/${id}`);
  });
});

describe('the minimum severity of a channel', () => {
  test('sends what is less urgent to the default channel, and what gets urgent to both readers', async () => {
    await addChannel({ name: 'pager', kind: 'webhook', url: `${endpoint.url}/pager`, minSeverity: 'critical' });
    const paged = () => endpoint.taken.filter(({ path }) => path === '/pager');
    n += 1;
    const path = `org/app${n}`;
    pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
    const policy = {
      immutableTags: [],
      ci: { identities: [{ oidcIssuer: 'https://gitlab.com', repositoryId: '1' }] },
      settleSeconds: 0,
      deadlineSeconds: 0,
    };
    const { webhook } = await pushwarden.watch(`docker.io/${path}`, { alertChannel: 'pager', policy });
    pushwarden.slack.messages.length = 0;
    pushwarden.registry.push(path, 'edge', singleImage(`${path} unannounced`));
    await sendDockerHub(pushwarden, webhook, { path, tag: 'edge', pusher: 'anybody' });
    await until('the default channel has it', () => pushwarden.messages('alerts').length === 1);
    expect(paged()).toEqual([]);
    const [alert] = (await pushwarden.api('GET', '/alerts?state=open')).json.items;
    expect(alert).toMatchObject({ severity: 'high', image: `docker.io/${path}` });

    const { id } = (await pushwarden.api('GET', '/repositories?limit=200')).json.items.find(
      (each: Json) => each.image === `docker.io/${path}`,
    );
    await pushwarden.api('PATCH', `/repositories/${id}`, { policy: { ...policy, pushers: ['release-bot'] } });
    await until('it is urgent now', () => paged().length === 1);
    expect(JSON.parse(paged()[0]?.body ?? '{}').type).toBe('alert.opened');
    expect((await pushwarden.api('GET', `/alerts/${alert.id}`)).json.severity).toBe('critical');
  });

  test('that no channel has room for is written down with the alert', async () => {
    const alone = await TestInstallation.start({ bundle: inject('bundle') });
    try {
      await alone.api('POST', '/channels', {
        name: 'only',
        kind: 'slack-webhook',
        url: `${alone.slack.url}/services/alerts`,
        minSeverity: 'critical',
      });
      alone.registry.push('org/app', '1.0.0', singleImage('genuine'));
      const { webhook } = await alone.watch('docker.io/org/app', { policy: { settleSeconds: 0 } });
      await sendDockerHub(alone, webhook, { path: 'org/app', tag: 'forged', pusher: 'x' });
      await alone.advance(600);
      const [alert] = (await alone.api('GET', '/alerts')).json.items;
      const { messages } = (await alone.api('GET', `/alerts/${alert.id}`)).json;
      expect(messages).toMatchObject([{ failed: 'below the minimum severity of every channel', sentAt: null }]);
      expect((await alone.api('POST', `/repositories/1/test-alert`, {})).status).toBe(202);
      await until('a test goes out all the same', () => alone.messages('alerts').length === 1);
    } finally {
      await alone.stop();
    }
  });
});

describe('the migration', () => {
  const statementsOf = (file: string): string[] =>
    readFileSync(`migrations/${file}`, 'utf8')
      .replaceAll(/^\s*--.*$/gm, '')
      .split(';')
      .map((statement) => statement.trim())
      .filter((statement) => statement !== '');

  test('widens the kinds of channels and loses no row and no reference', async () => {
    const script = 'export default { fetch: () => new Response() };';
    const miniflare = new Miniflare(convertV4MiniflareOptions({ modules: true, script, d1Databases: ['DB'] }));
    try {
      const db = (await miniflare.getD1Database('DB')) as unknown as D1Database; // the same interface under another name
      const run = (statements: readonly string[]) => db.batch(statements.map((each) => db.prepare(each)));
      const files = readdirSync('migrations')
        .filter((name) => name.endsWith('.sql'))
        .sort();
      const at = files.indexOf('0007_channels.sql');
      for (const file of files.slice(0, at)) await run(statementsOf(file));
      await run([
        `INSERT INTO channels (id, team_id, name, kind, sealed, for_alerts, created_at) VALUES (3, 1, 'a', 'slack-bot', 's1', 1, 5), (7, 1, 'b', 'slack-webhook', 's2', 0, 6)`,
        `INSERT INTO hooks (id, team_id, public_id, provider, registry, created_at) VALUES (1, 1, 'p', 'dockerhub', 'docker.io', 0)`,
        `INSERT INTO repositories (id, team_id, hook_id, registry, path, policy, channel_id, created_at, next_sweep_at)
         VALUES (1, 1, 1, 'docker.io', 'x', '{}', 7, 0, 0), (2, 1, 1, 'docker.io', 'y', '{}', 3, 0, 0), (3, 1, 1, 'docker.io', 'z', '{}', NULL, 0, 0)`,
        `INSERT INTO notifications (id, team_id, event, route, channel_id, content, created_at) VALUES (1, 1, 'e', 'alerts', 3, '{}', 0)`,
      ]);
      await run(statementsOf('0007_channels.sql'));
      const all = async (sql: string) => (await db.prepare(sql).all()).results;
      expect(await all('SELECT id, kind, sealed, for_alerts, min_severity, signing FROM channels')).toEqual([
        { id: 3, kind: 'slack-bot', sealed: 's1', for_alerts: 1, min_severity: 'notice', signing: null },
        { id: 7, kind: 'slack-webhook', sealed: 's2', for_alerts: 0, min_severity: 'notice', signing: null },
      ]);
      expect(await all('SELECT id, channel_id FROM repositories ORDER BY id')).toEqual([
        { id: 1, channel_id: 7 },
        { id: 2, channel_id: 3 },
        { id: 3, channel_id: null },
      ]);
      expect(await all('SELECT channel_id FROM notifications')).toEqual([{ channel_id: 3 }]);
      await run([`UPDATE channels SET kind = 'discord' WHERE id = 7`, 'DELETE FROM channels WHERE id = 3']);
      expect(await all('SELECT channel_id FROM repositories WHERE id = 2')).toEqual([{ channel_id: null }]);
      await expect(run([`UPDATE channels SET kind = 'pigeon' WHERE id = 7`])).rejects.toThrow(/CHECK/);
      await expect(run(['UPDATE repositories SET channel_id = 99 WHERE id = 1'])).rejects.toThrow(/FOREIGN KEY/);
    } finally {
      await miniflare.dispose();
    }
  });
});
