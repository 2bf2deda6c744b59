import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { makeAlert } from '../fixtures/rogue-push.ts';
import { addSignedIn, Visitor } from '../fixtures/visitor.ts';
import { makeCanaryAlert, makeDisarmedAlert } from '../fixtures/watch-alert.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

/** Pages of alerts that are about a credential or a setting: there is no push, and so nothing to restore. */

let pushwarden: TestInstallation;
let bait: string;
let visitor: Visitor;

const HOSTILE = '"><img src=x onerror=alert(1)>';
const textOf = (html: string): string => html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');

async function signIn(team: number, role: 'maintainer' | 'viewer'): Promise<Visitor> {
  const made = new Visitor(pushwarden.url);
  await made.resume((await addSignedIn(pushwarden.db, team, `${role}-${team}`, role)).token);
  return made;
}

beforeAll(async () => {
  const vars = { DOCKERHUB_POLL_MINUTES: '1440' };
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars });
  await pushwarden.connectSlack();
  bait = await makeCanaryAlert(pushwarden, 'owner', 'backup-key');
  visitor = await signIn(1, 'maintainer');
}, 60_000);
afterAll(() => pushwarden.stop());

describe('a bait token that was used', () => {
  test('stands on the overview, though no image is watched', async () => {
    const { html } = await visitor.get('/');
    expect(html).toContain('<h1>A bait token was used: personal token backup-key</h1>');
    expect(html).toContain('<title>1 open alert · Pushwarden</title>');
    expect(html).not.toContain('Nothing is watched yet');
  });

  test('stands in the list, without a digest and without a verdict of a push', async () => {
    const { html } = await visitor.get('/alerts');
    expect(html).toContain(`<a href="/alerts/${bait}">A bait token was used: personal token backup-key</a>`);
    expect(textOf(html)).toContain('last used');
    expect(textOf(html)).not.toMatch(/digest not known|Rogue/);
  });

  test('has a page that says what to revoke and where, and nothing of tags and digests', async () => {
    const { html } = await visitor.get(`/alerts/${bait}`);
    const { credential } = (await pushwarden.api('GET', `/alerts/${bait}`)).json;
    expect(credential).toMatch(/^C-\d+$/);
    const text = textOf(html);
    expect(text).toContain('exists only as bait; nothing honest uses it.');
    expect(text).toContain('rotate all secrets kept there');
    expect(text).toContain('Revoke personal token backup-key');
    expect(html).toContain(`href="/credentials/${credential}/blast-radius"`);
    expect(html).toContain(`<a href="/credentials/${credential}">${credential}</a>`);
    expect(html).toContain('href="https://app.docker.com/settings/personal-access-tokens"');
    expect(html).not.toMatch(/sha256:|\/expect"|Which digest|NaN|undefined|Invalid/);
  });

  test('cannot be expected at a digest, and is nothing to another team', async () => {
    const before = (await pushwarden.api('GET', '/audit-log')).json.items;
    expect((await visitor.post(`/alerts/${bait}/expect`)).status).toBe(404);
    const other = await signIn(2, 'maintainer');
    expect((await other.get(`/alerts/${bait}`)).status).toBe(404);
    expect((await other.post(`/alerts/${bait}/take`)).status).toBe(404);
    expect((await other.post(`/alerts/${bait}/close`, { resolution: 'expected', reason: 'x' })).status).toBe(404);
    expect((await pushwarden.api('GET', '/audit-log')).json.items).toEqual(before);
    expect((await pushwarden.api('GET', `/alerts/${bait}`)).json.state).toBe('open');
  });

  test('is shown to a viewer without forms', async () => {
    const { html } = await (await signIn(1, 'viewer')).get(`/alerts/${bait}`);
    expect(html).not.toContain(`action="/alerts/`);
  });

  test('is taken and closed, with names and reason, and Slack hears of both', async () => {
    await visitor.get(`/alerts/${bait}`);
    expect((await visitor.post(`/alerts/${bait}/take`)).location).toBe(`/alerts/${bait}?done=taken`);
    const taken = await visitor.get(`/alerts/${bait}`);
    expect(textOf(taken.html)).toContain('person:maintainer-1 has it since');
    const form = { resolution: 'incident', reason: 'The laptop was stolen.' };
    expect((await visitor.post(`/alerts/${bait}/close`, form)).location).toBe(`/alerts/${bait}?done=closed`);
    const closed = textOf((await visitor.get(`/alerts/${bait}`)).html);
    expect(closed).toContain('Closed by person:maintainer-1: The laptop was stolen.');
    expect(closed).not.toContain('Close this alert');
    expect(textOf((await visitor.get('/alerts?state=closed')).html)).toContain('Closed as an incident');
    const mine = () => pushwarden.messages('alerts').filter((text) => text.includes('backup-key'));
    await until('Slack has all three', () => mine().length === 3);
    expect(mine()[1]).toContain('person:maintainer-1 is on it');
  });
});

describe('what an address says was done', () => {
  test('is said only where it is so', async () => {
    const id = await makeDisarmedAlert(pushwarden, 'notices', 'mallory');
    for (const word of ['taken', 'closed', 'constructor', '__proto__', 'toString']) {
      for (const path of [`/alerts/${id}`, '/settings']) {
        const { status, html } = await visitor.get(`${path}?done=${word}`);
        expect([path, word, status, html.includes('role="status"')]).toEqual([path, word, 200, false]);
      }
    }
    await pushwarden.api('POST', `/alerts/${id}/acknowledge`);
    await visitor.get(`/alerts/${id}`);
    const { location } = await visitor.post(`/alerts/${id}/take`);
    const { html } = await visitor.get(location ?? '');
    expect(textOf(html)).toContain('key:test was faster, and has it.');
    expect(html).not.toContain('You have it.');
    await pushwarden.api('POST', `/alerts/${id}/close`, { resolution: 'expected', reason: 'ours' });
  });
});

describe('an alert that two people close at once', () => {
  test('is closed by one of them, and the other is told so', async () => {
    const id = await makeDisarmedAlert(pushwarden, 'race', 'mallory');
    await visitor.get(`/alerts/${id}`);
    const close = (reason: string) => visitor.post(`/alerts/${id}/close`, { resolution: 'expected', reason });
    const pages = await Promise.all(['one', 'two', 'three'].map(close));
    expect(pages.map(({ status }) => status).sort()).toEqual([303, 409, 409]);
    const log = (await pushwarden.api('GET', '/audit-log')).json.items;
    expect(log.filter(({ action, target }: Json) => action === 'alert.closed' && target === id)).toHaveLength(1);
  });
});

describe('a protection that was taken away', () => {
  test('is shown as text, whoever did it', async () => {
    const id = await makeDisarmedAlert(pushwarden, 'meta', 'mallory');
    await pushwarden.db
      .prepare(
        "UPDATE alerts SET facts = json_set(facts, '$.findings[0].target', ?1, '$.findings[0].actor', ?1) WHERE id = ?2",
      )
      .bind(HOSTILE, Number(id.slice(2)))
      .run();
    const { html } = await visitor.get(`/alerts/${id}`);
    expect(html).not.toContain('<img');
    const text = textOf(html);
    expect(text).toContain('A protection was taken away: &quot;&gt;&lt;img src=x onerror=alert(1)&gt;');
    expect(text).toContain('Find out who did it');
    expect(text).not.toContain('blast-radius');
  });

  test('is counted with rogue pushes on the overview', async () => {
    await makeAlert(pushwarden, 'docker.io/org/app');
    const { html } = await visitor.get('/');
    expect(html).toContain('<h1>2 open alerts, in 1 image and about credentials or settings</h1>');
    const open = (await pushwarden.api('GET', '/alerts?state=open')).json.items;
    expect(open.map(({ about }: Json) => about).sort()).toEqual(['push', 'settings']);
  });
});
