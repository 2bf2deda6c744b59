import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { SlackApp, SlackMessage, SlackPerson } from '../../scripts/simulate/world/slack.ts';
import { EventReceiver } from '../fixtures/event-receiver.ts';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { makeCanaryAlert, makeDisarmedAlert } from '../fixtures/watch-alert.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

/** Buttons, reminders and bursts of alerts that are about a credential or a setting, and no push. */

const SECRET = 'signing-secret-0123456789';
const ADMIN: SlackPerson = { id: 'U0ADMIN', name: 'm.lopez', workspace: 'T0KONG' };

let pushwarden: TestInstallation;
let app: SlackApp;
let n = 0;

beforeAll(async () => {
  const vars = { DOCKERHUB_POLL_MINUTES: '1440' };
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars });
  const bot = { name: 'bot', kind: 'slack-bot', token: 'xoxb-test-token', channel: 'C0BOT', signingSecret: SECRET };
  const { json } = await pushwarden.api('POST', '/channels', bot);
  app = { signingSecret: SECRET, requestUrl: `${pushwarden.url}/slack/interactions/${json.id}` };
  const { id: user, ...rest } = ADMIN;
  await pushwarden.api('POST', '/slack-users', { ...rest, user, role: 'admin' });
});
afterAll(() => pushwarden.stop());

beforeEach(async () => {
  n += 1;
  await pushwarden.sentAll();
  // Alerts of the tests before are another burst's.
  await pushwarden.advance(3700);
  pushwarden.slack.messages.length = 0;
  pushwarden.slack.replies.length = 0;
});

const sent = (): SlackMessage[] => pushwarden.slack.messages;
const alertOf = async (id: string): Promise<Json> => (await pushwarden.api('GET', `/alerts/${id}`)).json;

/** A decoy is used; answers with the message about it. */
async function bait(): Promise<{ message: SlackMessage; id: string }> {
  const id = await makeCanaryAlert(pushwarden, `owner${n}`, `bait${n}`);
  await until('Slack has it', () => sent().some(({ text }) => text.includes(`bait${n}`)));
  await pushwarden.sentAll();
  const message = sent().find(({ text }) => text.includes(`bait${n}`));
  if (message === undefined) throw new Error('There is no message.');
  return { message, id };
}

describe('a message about a credential', () => {
  test('can be taken by one click, and offers no change of a policy', async () => {
    const { message, id } = await bait();
    expect(message.json).toContain('alert.acknowledge');
    expect(message.json).not.toContain('alert.expected');
    expect(message.json).toContain(`/alerts/${id}"`);
    expect(await alertOf(id)).toMatchObject({ severity: 'critical' });
    expect(await pushwarden.slack.click(app, message, 'alert.acknowledge', ADMIN)).toBe(200);
    expect(await alertOf(id)).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'slack:m.lopez (U0ADMIN)' });
    await until('the message says so', () => sent().length === 2);
    expect(sent()[1]).toMatchObject({ method: 'chat.update', ts: message.ts });
    expect(sent()[1]?.json).toContain('<@U0ADMIN> is on it');
    expect(sent()[1]?.json).not.toContain('alert.acknowledge');
  });

  test('is said again after a snooze, if nobody has it', async () => {
    const { message, id } = await bait();
    expect(await pushwarden.slack.click(app, message, 'alert.snooze', ADMIN, { option: '1h' })).toBe(200);
    expect(await alertOf(id)).toMatchObject({ state: 'open', remindAt: expect.any(String) });
    await pushwarden.advance(3700);
    await until('it is said again', () => sent().some(({ text }) => text.includes('STILL OPEN')));
    const again = sent().find(({ text }) => text.includes('STILL OPEN'));
    expect(again?.threadTs).toBe(message.ts);
    expect(again?.text).toContain(`personal token bait${n}`);
  });

  test('whose button was forged to mark it expected changes nothing, and leads to the page', async () => {
    const { message, id } = await bait();
    const forged = {
      ...message,
      json: message.json.replaceAll('alert.acknowledge', 'alert.expected').replaceAll(`"${id}"`, `"${id}/1/0"`),
    };
    const before = await alertOf(id);
    expect(await pushwarden.slack.click(app, forged, 'alert.expected', ADMIN)).toBe(200);
    await until('they are told', () => pushwarden.slack.replies.length === 1);
    expect(pushwarden.slack.replies[0]).toContain(`/alerts/${id}|`);
    expect(await alertOf(id)).toEqual(before);
  });
});

describe('alerts about settings', () => {
  test('join a burst with pushes of the same urgency, and one click takes all, as receivers of events hear', async () => {
    const receiver = await EventReceiver.start();
    const types = ['dev.pushwarden.alert.acknowledged.v1'];
    await pushwarden.api('POST', '/event-subscriptions', { name: `siem${n}`, url: `${receiver.url}/hook`, types });
    const names = Array.from({ length: 6 }, (_, each) => `burst${n}-${each}`);
    const ids: string[] = [];
    for (const name of names) ids.push(await makeDisarmedAlert(pushwarden, name, 'mallory'));
    await pushwarden.sentAll();
    await pushwarden.advance(60);
    const bursts = () => sent().filter(({ text }) => text.includes('BURST'));
    await until('all are in it', () => bursts().at(-1)?.text.includes('6 credentials or settings') === true);
    // What is more urgent is not hidden among them.
    const rogue = await makeAlert(pushwarden, `docker.io/org/burst${n}`);
    expect((await alertOf(rogue)).burst).toBe(null);
    const { burst, severity } = await alertOf(ids[0] ?? '');
    expect(severity).toBe('high');
    const listed = (await pushwarden.api('GET', `/bursts/${burst}`)).json.alerts;
    expect(listed.map(({ id, image, tags }: Json) => [id, image, tags])).toEqual(ids.map((id) => [id, null, 0]));

    await pushwarden.sentAll();
    const message = bursts().at(-1);
    if (message === undefined) throw new Error('There is no burst.');
    expect(await pushwarden.slack.click(app, message, 'burst.acknowledge', ADMIN)).toBe(200);
    for (const id of ids) expect((await alertOf(id)).state).toBe('acknowledged');
    await pushwarden.sentAll();
    await pushwarden.advance(120);
    for (const id of ids) {
      const { messages } = await alertOf(id);
      expect(messages.map(({ failed }: Json) => failed)).toEqual([null, null]);
    }
    await until('events are sent', () => receiver.received.length === ids.length);
    const heard = receiver.received.map(({ body }) => JSON.parse(body).data.alert).sort();
    expect(heard).toEqual([...ids].sort());
    await receiver.stop();
  });
});
