import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let repository: Json;
let path: string;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden.stop());

beforeEach(async () => {
  n += 1;
  path = `org/app${n}`;
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} genuine`));
  repository = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
});
afterEach(() => {
  pushwarden.slack.heal();
  pushwarden.slack.messages.length = 0;
});

/** Overwrites 1.0.0 and lets Docker Hub tell of it. */
async function overwrite(words = 'miner', at = Date.now()): Promise<void> {
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} ${words}`));
  const { status } = await sendDockerHub(pushwarden, repository.webhook, {
    path,
    tag: '1.0.0',
    pusher: 'release-bot',
    at,
  });
  expect(status).toBe(202);
}

const alertMessages = (): string[] => pushwarden.messages('alerts');
const slackRequests = (): number => pushwarden.slack.counts().POST ?? 0;

describe('an alert', () => {
  test('survives a Slack that fails, goes out once when it recovers, and stays one when the webhook is repeated', async () => {
    pushwarden.slack.refuse({ error: 'internal_error', status: 500 });
    const before = slackRequests();
    const at = Date.now();
    await overwrite('miner', at);
    await until('Slack was asked', () => slackRequests() > before);
    const [alert] = (await pushwarden.api('GET', '/alerts?state=open')).json.items;
    const unsent = (await pushwarden.api('GET', `/alerts/${alert.id}`)).json.messages;
    expect(unsent).toMatchObject([{ event: `alert-${alert.id.slice(2)}-opened`, sentAt: null, failed: null }]);
    expect(alertMessages()).toEqual([]);

    pushwarden.slack.heal();
    await pushwarden.advance(120);
    expect(alertMessages()).toHaveLength(1);
    expect(alertMessages()[0]).toContain(`docker.io/${path}:1.0.0 was overwritten by release-bot`);
    const sent = (await pushwarden.api('GET', `/alerts/${alert.id}`)).json.messages;
    expect(sent).toMatchObject([{ sentAt: expect.any(String), failed: null }]);

    const repeated = await sendDockerHub(pushwarden, repository.webhook, {
      path,
      tag: '1.0.0',
      pusher: 'release-bot',
      at,
    });
    expect(repeated.json).toMatchObject({ repeated: true, pushes: [] });
    await pushwarden.advance(3600);
    expect(alertMessages()).toHaveLength(1);
    expect(await pushwarden.pushes(repository.id)).toHaveLength(2);
  });

  test('names the safe digest, the rogue one, the finding, and the event by which a repeat is known', async () => {
    const safe = pushwarden.registry.digestOf(path, '1.0.0');
    await overwrite();
    await until('Slack has it', () => alertMessages().length === 1);
    const message = pushwarden.slack.messages.at(-1)?.json ?? '';
    expect(message).toContain(safe);
    expect(message).toContain(pushwarden.registry.digestOf(path, '1.0.0'));
    expect(message).toContain('A release tag was moved');
    expect(message).toMatch(/alert-\d+-opened/);
  });

  test('waits as long as Slack asks for', async () => {
    pushwarden.slack.refuse({ error: 'ratelimited', status: 429, retryAfterSeconds: 90 }, 1);
    const before = slackRequests();
    await overwrite();
    await until('Slack refused once', () => slackRequests() > before);
    await until('the retry is set', async () => (await nextAt()) > 0);
    await pushwarden.advance(60);
    expect(alertMessages()).toEqual([]);
    await pushwarden.advance(40);
    expect(alertMessages()).toHaveLength(1);
  });

  test('is not tried again in a channel that refuses it for good: that is a health alert, and a mended channel gets it', async () => {
    pushwarden.slack.refuse({ error: 'channel_is_archived', status: 410 }, 1);
    await overwrite();
    await until('health says so', async () => (await openHealth()).some((each) => each.kind === 'channel-refused'));
    await until('the other channel hears of it', () => pushwarden.messages('health').length > 0);
    expect(pushwarden.messages('health').join()).toContain('alerts');
    const before = slackRequests();
    await pushwarden.advance(7200);
    expect(alertMessages()).toEqual([]);
    expect(slackRequests()).toBe(before);

    const channels = (await pushwarden.api('GET', '/channels')).json.items;
    const alerts = channels.find((each: Json) => each.name === 'alerts');
    expect(alerts.refused).toBe('channel_is_archived');
    await pushwarden.api('PATCH', `/channels/${alerts.id}`, {
      kind: 'slack-webhook',
      url: `${pushwarden.slack.url}/services/alerts`,
    });
    await until('the mended channel has it', () => alertMessages().length === 1);
    expect(await openHealth()).not.toContainEqual(expect.objectContaining({ kind: 'channel-refused' }));
  });

  test('speaks again when it gets worse, also after somebody acknowledged it, and not otherwise', async () => {
    await overwrite();
    await until('it is open', () => alertMessages().length === 1);
    const [alert] = (await pushwarden.api('GET', '/alerts?state=open')).json.items;
    expect((await pushwarden.api('POST', `/alerts/${alert.id}/acknowledge`, {})).json).toMatchObject({
      state: 'acknowledged',
      acknowledgedBy: 'key:test',
    });
    await until('the channel knows who has it', () => alertMessages().length === 2);

    const rogue = singleImage(`${path} miner`);
    pushwarden.registry.push(path, 'latest', rogue);
    await sendDockerHub(pushwarden, repository.webhook, { path, tag: 'latest', pusher: 'mallory' });
    await until('it says what is new', () => alertMessages().length === 3);
    expect(alertMessages()[2]).toContain('latest');
    const worse = (await pushwarden.api('GET', `/alerts/${alert.id}`)).json;
    expect(worse.tags).toEqual(['1.0.0', 'latest']);
    expect(worse.findings.map((each: Json) => each.code).sort()).toEqual(['tag-moved', 'unexpected-pusher']);
    expect(
      (await pushwarden.api('GET', '/alerts?state=open')).json.items.filter((each: Json) => each.image.endsWith(path)),
    ).toEqual([]);
  });

  test('closed by a person stays closed while nothing new is found', async () => {
    await overwrite();
    await until('it is open', () => alertMessages().length === 1);
    const [alert] = (await pushwarden.api('GET', '/alerts?state=open')).json.items;
    expect((await pushwarden.api('POST', `/alerts/${alert.id}/close`, { resolution: 'incident' })).status).toBe(400);
    const closed = await pushwarden.api('POST', `/alerts/${alert.id}/close`, {
      resolution: 'incident',
      reason: 'token revoked',
    });
    expect(closed.json).toMatchObject({
      state: 'closed',
      resolution: 'incident',
      reason: 'token revoked',
      closedBy: 'key:test',
    });
    await until('the channel knows', () => alertMessages().length === 2);
    await pushwarden.run('redrive');
    await sendDockerHub(pushwarden, repository.webhook, {
      path,
      tag: '1.0.0',
      pusher: 'release-bot',
      at: 1_700_000_000_000,
    });
    await pushwarden.advance(60);
    const open = (await pushwarden.api('GET', '/alerts?state=open')).json.items.filter((each: Json) =>
      each.image.endsWith(path),
    );
    expect(open).toHaveLength(1); // the same digest pushed again is a new push
  });

  test('without any channel is kept, said on the dashboard’s data, and sent as soon as there is one', async () => {
    const alone = await TestInstallation.start({ bundle: inject('bundle') });
    try {
      alone.registry.push('org/alone', '1.0.0', singleImage('genuine'));
      const { id, webhook } = await alone.watch('docker.io/org/alone');
      alone.registry.push('org/alone', '1.0.0', singleImage('miner'));
      await sendDockerHub(alone, webhook, { path: 'org/alone', tag: '1.0.0', pusher: 'x' });
      await until('health says so', async () =>
        (await alone.api('GET', '/health')).json.items.some((each: Json) => each.kind === 'no-channel'),
      );
      expect((await alone.api('POST', `/repositories/${id}/test-alert`, {})).status).toBe(409);
      await alone.connectSlack();
      await until('the alert arrives', () => alone.messages('alerts').some((text) => text.startsWith('ROGUE')));
    } finally {
      await alone.stop();
    }
  });
});

describe('a test alert', () => {
  test('is clearly marked and changes nothing', async () => {
    const { status } = await pushwarden.api('POST', `/repositories/${repository.id}/test-alert`, {});
    expect(status).toBe(202);
    await until('Slack has it', () => alertMessages().length === 1);
    expect(alertMessages()[0]).toContain('TEST: nothing happened');
    expect(
      (await pushwarden.api('GET', '/alerts?state=open')).json.items.filter((each: Json) => each.image.endsWith(path)),
    ).toEqual([]);
  });
});

async function openHealth(): Promise<Json[]> {
  return (await pushwarden.api('GET', '/health')).json.items.filter((each: Json) => each.state === 'open');
}

async function nextAt(): Promise<number> {
  const row = await pushwarden.db
    .prepare('SELECT count(*) AS n FROM notifications WHERE next_at > ?1 AND attempts > 0')
    .bind(Date.now() + 60_000)
    .first<{ n: number }>();
  return row?.n ?? 0;
}

describe('forged deliveries', () => {
  test('of one repository are one alert, however many: whoever knows the URL cannot drown the channel', async () => {
    for (let each = 0; each < 40; each += 1) {
      await sendDockerHub(pushwarden, repository.webhook, { path, tag: `forged-${each}`, pusher: 'release-bot' });
    }
    await pushwarden.advance(300);
    const alerts = (await pushwarden.api('GET', '/alerts?state=open')).json.items.filter((each: Json) =>
      each.image.endsWith(path),
    );
    expect(alerts).toHaveLength(1);
    expect(alerts[0]).toMatchObject({ digest: null, findings: [{ code: 'forged-delivery' }] });
    expect(alertMessages().length).toBeLessThanOrEqual(22);
    expect(alertMessages()[0]).not.toContain('miner');
  });
});
