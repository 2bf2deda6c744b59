import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
});
afterAll(() => pushwarden.stop());

test('a bot opens a message, answers worse news and the end in its thread, and keeps the first message up to date', async () => {
  const channel = { name: 'bot', kind: 'slack-bot', token: 'xoxb-test-token', channel: 'C0123456789' };
  expect((await pushwarden.api('POST', '/channels', channel)).status).toBe(201);
  pushwarden.registry.push('org/app', '1.0.0', singleImage('genuine'));
  const { webhook } = await pushwarden.watch('docker.io/org/app', { policy: { pushers: ['release-bot'] } });

  const rogue = singleImage('miner');
  pushwarden.registry.push('org/app', '1.0.0', rogue);
  await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: '1.0.0', pusher: 'release-bot' });
  const sent = () => pushwarden.slack.messages;
  await until('it is opened', () => sent().length === 1);
  const [opened] = sent();
  expect(opened).toMatchObject({ method: 'chat.postMessage', channel: 'C0123456789', threadTs: null });

  pushwarden.registry.push('org/app', 'latest', rogue);
  await sendDockerHub(pushwarden, webhook, { path: 'org/app', tag: 'latest', pusher: 'mallory' });
  await until('it got worse', () => sent().length === 3);
  expect(sent()[1]).toMatchObject({ method: 'chat.postMessage', threadTs: opened?.ts });
  expect(sent()[1]?.json).toContain('Pushed by an account you do not expect');
  expect(sent()[2]).toMatchObject({ method: 'chat.update', ts: opened?.ts });

  await pushwarden.api('POST', '/alerts/A-1/acknowledge', {});
  await until('somebody has it', () => sent().length === 4);
  expect(sent()[3]).toMatchObject({ method: 'chat.update', ts: opened?.ts });
  await pushwarden.api('POST', '/alerts/A-1/close', { resolution: 'incident', reason: 'token revoked' });
  await until('it is closed', () => sent().length === 6);
  expect(
    sent()
      .slice(4)
      .map((message) => [message.method, message.threadTs ?? message.ts]),
  ).toEqual([
    ['chat.postMessage', opened?.ts],
    ['chat.update', opened?.ts],
  ]);
});
