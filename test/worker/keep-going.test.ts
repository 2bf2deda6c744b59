import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { TestInstallation, until } from '../fixtures/worker.ts';

const bundle = inject('bundle');
const started: TestInstallation[] = [];

async function start(options: Partial<Parameters<typeof TestInstallation.start>[0]> = {}): Promise<TestInstallation> {
  const pushwarden = await TestInstallation.start({ bundle, ...options });
  started.push(pushwarden);
  return pushwarden;
}

afterEach(async () => {
  for (const pushwarden of started.splice(0)) await pushwarden.stop();
});

describe('nothing acknowledged is lost', () => {
  test('when every queue message is: cron checks the push and sends the alert', async () => {
    const pushwarden = await start({ consumers: false });
    await pushwarden.connectSlack();
    pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
    const { webhook } = await pushwarden.watch('docker.io/org/app');
    pushwarden.registry.push('org/app', '1.0.0', singleImage('miner'));
    expect((await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: '1.0.0', pusher: 'x' })).status).toBe(202);
    expect(pushwarden.slack.messages).toEqual([]);
    await pushwarden.advance(60);
    expect(pushwarden.messages('alerts')).toHaveLength(1);
    await pushwarden.run('cron');
    expect(pushwarden.messages('alerts')).toHaveLength(1);
  });

  test('when the plug is pulled between accepting and alerting: the next start goes on', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-plug-'));
    try {
      const before = await start({ consumers: false, persist: folder });
      before.registry.push('org/app', '1.0.0', singleImage('genuine'));
      const { webhook } = await before.watch('docker.io/org/app');
      await sendDockerHub(before, webhook, { path: 'org/app', tag: '1.0.0', pusher: 'x' });
      await before.stop();
      started.length = 0;

      const after = await start({ persist: folder, migrated: true });
      after.registry.push('org/app', '1.0.0', singleImage('miner'));
      await after.connectSlack();
      await after.advance(60);
      await until('the alert is out', () => after.messages('alerts').length === 1);
      expect(after.messages('alerts')[0]).toContain('docker.io/org/app:1.0.0');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('when a message was sent and the Worker died before marking it: it comes again with the same event id', async () => {
    const pushwarden = await start();
    await pushwarden.connectSlack();
    pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
    const { webhook } = await pushwarden.watch('docker.io/org/app');
    pushwarden.registry.push('org/app', '1.0.0', singleImage('miner'));
    await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: '1.0.0', pusher: 'x' });
    await until('it is sent', () => pushwarden.messages('alerts').length === 1);
    await until('it is marked', async () => (await unmarked(pushwarden)) === 0);
    // What the database looks like when the mark was never written.
    await pushwarden.db
      .prepare("UPDATE notifications SET sent_at = NULL, next_at = 1 WHERE event LIKE 'alert-%'")
      .run();
    await pushwarden.run('redrive');
    const sent = pushwarden.slack.messages.filter((message) => message.channel.endsWith('alerts'));
    expect(sent).toHaveLength(2);
    expect(sent.map((message) => /alert-\d+-opened/.exec(message.json)?.[0])).toEqual([
      'alert-1-opened',
      'alert-1-opened',
    ]);
  });

  test('when a check keeps failing: its message ends as a dead letter, which is a health alert, and cron goes on trying', async () => {
    const pushwarden = await start();
    await pushwarden.connectSlack();
    const { id, webhook } = await pushwarden.watch('docker.io/org/app');
    pushwarden.registry.push('org/app', 'latest', singleImage('x'));
    const { policy } = (await pushwarden.api('GET', `/repositories/${id}`)).json;
    await pushwarden.db.prepare("UPDATE repositories SET policy = 'null' WHERE id = ?1").bind(id).run();
    await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: 'latest', pusher: 'x' });
    await until(
      'the dead letter is recorded',
      async () => {
        const open = await pushwarden.db
          .prepare("SELECT count(*) AS n FROM health_alerts WHERE kind = 'dead-letter'")
          .first<{ n: number }>();
        return (open?.n ?? 0) > 0;
      },
      40,
    );
    await until('it is told', () => pushwarden.messages('health').length === 1);
    expect(pushwarden.messages('alerts')).toEqual([]);
    await pushwarden.db
      .prepare('UPDATE repositories SET policy = ?2 WHERE id = ?1')
      .bind(id, JSON.stringify(policy))
      .run();
    await pushwarden.advance(120);
    expect((await pushwarden.pushes(id))[0]).toMatchObject({ verdict: 'trusted' });
  });

  test('deliveries are dropped after 30 days, pushes are not', async () => {
    const pushwarden = await start();
    const { id, webhook } = await pushwarden.watch('docker.io/org/app');
    pushwarden.registry.push('org/app', 'latest', singleImage('x'));
    await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: 'latest', pusher: 'x' });
    const { hook } = (await pushwarden.api('GET', `/repositories/${id}`)).json;
    await pushwarden.advance(29 * 86_400);
    await pushwarden.run('retention');
    expect((await pushwarden.api('GET', `/deliveries?hook=${hook}`)).json.items).toHaveLength(1);
    await pushwarden.advance(2 * 86_400);
    await pushwarden.run('retention');
    expect((await pushwarden.api('GET', `/deliveries?hook=${hook}`)).json.items).toEqual([]);
    expect(await pushwarden.pushes(id)).toHaveLength(1);
  });
});

async function unmarked(pushwarden: TestInstallation): Promise<number> {
  const row = await pushwarden.db
    .prepare('SELECT count(*) AS n FROM notifications WHERE sent_at IS NULL')
    .first<{ n: number }>();
  return row?.n ?? 0;
}
