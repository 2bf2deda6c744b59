import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { announce, releaseIdentity } from '../fixtures/ci-job.ts';
import { snapshot } from '../fixtures/database.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { addSignedIn, type Page, Visitor } from '../fixtures/visitor.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let owner: Visitor;
let path: string;
let watched: Json;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
  owner = new Visitor(pushwarden.url);
  await owner.resume((await addSignedIn(pushwarden.db, 1, 'olga', 'owner')).token);
});
afterAll(() => pushwarden.stop());

/** An image with a release and two other tags, which only release-bot may push. */
beforeEach(async () => {
  n += 1;
  path = `org/ruled${n}`;
  for (const tag of ['1.0.0', 'edge', 'nightly']) pushwarden.registry.push(path, tag, singleImage(`${path} ${tag}`));
  watched = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
});

let at = Date.now();

/** Somebody pushes; answers once it is judged. */
async function push(tag: string, pusher: string, what: string): Promise<Json> {
  const { digest } = singleImage(`${path} ${what}`);
  pushwarden.registry.push(path, tag, singleImage(`${path} ${what}`));
  at += 1000;
  await sendDockerHub(pushwarden, watched.webhook, { path, tag, pusher, at });
  const found = async () =>
    (await pushwarden.pushes(watched.id)).find((each) => each.tag === tag && each.digest === digest);
  await until(`${tag} is judged`, async () => ((await found())?.verdict ?? 'pending') !== 'pending');
  return found();
}

const alertOf = async (pushed: Json): Promise<string> => {
  await until('it has an alert', async () => (await current(pushed)).alert !== null);
  return (await current(pushed)).alert;
};
const current = async (pushed: Json): Promise<Json> =>
  (await pushwarden.pushes(watched.id)).find((each) => each.id === pushed.id);

interface Previewed {
  readonly push: string;
  readonly after: string;
  readonly before: string;
  readonly isLive: boolean;
}

/** Rules by their id with what the page says that they change. */
function rulesOn({ html }: Page): Map<string, Previewed[]> {
  const panels = html.split('<input type="radio" name="rule" value="').slice(1);
  return new Map(
    panels.map((panel) => {
      const rows = panel.split('<tr').slice(2);
      const changes = rows.map((row): Previewed => {
        const [, push = ''] = /href="\/p\/(\d+-\d+)"/.exec(row) ?? [];
        const verdicts = [...row.matchAll(/class="v v-([a-z]+)"/g)].map(([, verdict]) => verdict ?? '');
        return {
          push,
          after: verdicts[0] ?? '',
          before: verdicts[1] ?? '',
          isLive: row.includes('judged again at once'),
        };
      });
      return [panel.slice(0, panel.indexOf('"')), changes] as const;
    }),
  );
}

const policyIn = ({ html }: Page): string => /name="policy" value="([0-9a-f]{32})"/.exec(html)?.[1] ?? '';

const confirm = (alert: string, page: Page, rule: string, reason = 'a new colleague'): Promise<Page> =>
  owner.post(`/alerts/${alert}/rule`, { rule, reason, policy: policyIn(page) });

const verdicts = async (): Promise<Map<string, string>> =>
  new Map((await pushwarden.pushes(watched.id)).map((each) => [each.id, each.verdict]));

describe('a rule', () => {
  test('changes exactly the pushes that its preview showed, to what it showed', async () => {
    const first = await push('edge', 'bob', 'one');
    await push('nightly', 'bob', 'two');
    await push('nightly', 'mallory', 'three');
    await push('1.0.0', 'bob', 'four');
    await push('edge', 'release-bot', 'five');
    const alert = await alertOf(first);
    const page = await owner.get(`/alerts/${alert}/rule`);
    const changes = rulesOn(page).get('expect-pusher bob') ?? [];
    // Not the overwritten release, which has another finding, and nobody else's.
    expect(changes.map(({ before, after, isLive }) => [before, after, isLive])).toEqual([
      ['rogue', 'trusted', true],
      ['rogue', 'trusted', true],
    ]);
    expect(page.html).toContain('Another push that is rogue now would not be any more.');
    const before = await verdicts();
    for (const change of changes) expect([change.push, before.get(change.push)]).toEqual([change.push, 'rogue']);

    expect((await confirm(alert, page, 'expect-pusher bob')).location).toBe(`/alerts/${alert}?done=rule`);
    await until('what waits for it is judged again', async () => {
      const now = await verdicts();
      return changes.every(({ push: id, after }) => now.get(id) === after);
    });
    const wanted = new Map(before);
    for (const { push: id, after } of changes) wanted.set(id, after);
    expect(await verdicts()).toEqual(wanted);
    expect((await pushwarden.api('GET', `/alerts/${alert}`)).json).toMatchObject({
      state: 'closed',
      resolution: 'cleared',
    });

    const { json } = await pushwarden.api('GET', `/repositories/${watched.id}`);
    expect(json.policy.pushers).toEqual(['release-bot', 'bob']);
    const [entry] = (await pushwarden.api('GET', '/audit-log?limit=1')).json.items;
    expect(entry).toMatchObject({
      actor: 'person:olga',
      action: 'repository.changed',
      target: `docker.io/${path}`,
      detail: {
        alert,
        reason: 'a new colleague',
        rules: ['expect-pusher bob'],
        before: { policy: { pushers: ['release-bot'] } },
        after: { policy: { pushers: ['release-bot', 'bob'] } },
      },
    });
  });

  test('of several is previewed alone and together, and is made together', async () => {
    const moved = await push('1.0.0', 'bob', 'again');
    const alert = await alertOf(moved);
    const page = await owner.get(`/alerts/${alert}/rule`);
    const rules = rulesOn(page);
    expect([...rules.keys()]).toEqual(['expect-pusher bob', 'let-tag-move 1.0.0', 'all']);
    expect(rules.get('expect-pusher bob')).toEqual([]);
    expect(rules.get('let-tag-move 1.0.0')).toEqual([]);
    expect(rules.get('all')).toEqual([{ push: moved.id, before: 'rogue', after: 'trusted', isLive: true }]);
    await confirm(alert, page, 'all');
    await until('it is trusted', async () => (await current(moved)).verdict === 'trusted');
    const { json } = await pushwarden.api('GET', `/repositories/${watched.id}`);
    expect(json.policy).toMatchObject({ pushers: ['release-bot', 'bob'], immutableTags: [] });
  });

  test('names a workflow that spoke before anybody knew it, and its word counts then', async () => {
    const identity = { ...releaseIdentity(pushwarden), repositoryId: '75' };
    await pushwarden.api('PATCH', `/repositories/${watched.id}`, { policy: { ci: { identities: [identity] } } });
    const { digest } = singleImage(`${path} by ci`);
    await announce(pushwarden, { phase: 'pushed', image: `docker.io/${path}`, digest, tags: ['edge'] }).catch(
      () => null,
    );
    const { digest: seen } = await pushedEdge();
    expect(seen).toBe(digest);
    await pushwarden.advance(150);
    const found = async () => (await pushwarden.pushes(watched.id)).find((each) => each.digest === digest);
    await until('it is rogue', async () => (await found())?.verdict === 'rogue');
    const alert = await alertOf(await found());
    const page = await owner.get(`/alerts/${alert}/rule`);
    const [[rule, changes] = ['', []]] = [...rulesOn(page)];
    expect(rule).toContain('name-workflow');
    expect(changes).toEqual([{ push: (await found())?.id, before: 'rogue', after: 'trusted', isLive: true }]);
    await confirm(alert, page, rule);
    await until('it is trusted', async () => (await found())?.verdict === 'trusted');
  });

  async function pushedEdge(): Promise<Json> {
    pushwarden.registry.push(path, 'edge', singleImage(`${path} by ci`));
    await sendDockerHub(pushwarden, watched.webhook, { path, tag: 'edge', pusher: 'anybody', at: pushwarden.now() });
    const { digest } = singleImage(`${path} by ci`);
    const found = async () => (await pushwarden.pushes(watched.id)).find((each) => each.digest === digest);
    await until('it is read', async () => (await found()) !== undefined);
    return found();
  }

  test('lets tags go back, and says so of each that did; those that never left stay as they are', async () => {
    await push('edge', 'release-bot', 'newer');
    await push('nightly', 'release-bot', 'newer');
    await push('nightly', 'release-bot', 'newer');
    pushwarden.registry.push(path, 'edge', singleImage(`${path} edge`));
    at += 1000;
    await sendDockerHub(pushwarden, watched.webhook, { path, tag: 'edge', pusher: 'release-bot', at });
    const { digest } = singleImage(`${path} edge`);
    const back = async () =>
      (await pushwarden.pushes(watched.id)).find((each) => each.digest === digest && each.origin !== 'baseline');
    await until('it is read', async () => (await back())?.digest === digest);
    await pushwarden.advance(150);
    await until('it is rogue', async () => (await back())?.verdict === 'rogue');
    const pushed = await back();
    const alert = await alertOf(pushed);
    const page = await owner.get(`/alerts/${alert}/rule`);
    expect([...rulesOn(page)]).toEqual([
      ['allow-rollbacks', [{ push: pushed.id, before: 'rogue', after: 'trusted', isLive: true }]],
    ]);
    await confirm(alert, page, 'allow-rollbacks');
    await until('it is trusted', async () => (await current(pushed)).verdict === 'trusted');
  });

  test('warns of a push that somebody closed as an incident, and says that it stays what it was', async () => {
    const incident = await push('nightly', 'bob', 'miner');
    const closed = await alertOf(incident);
    await pushwarden.api('POST', `/alerts/${closed}/close`, { resolution: 'incident', reason: 'a miner' });
    const later = await push('edge', 'bob', 'honest');
    const alert = await alertOf(later);
    const page = await owner.get(`/alerts/${alert}/rule`);
    expect(page.html).toContain('One of them was closed as an incident.');
    expect(rulesOn(page).get('expect-pusher bob')).toEqual([
      { push: later.id, before: 'rogue', after: 'trusted', isLive: true },
      { push: incident.id, before: 'rogue', after: 'trusted', isLive: false },
    ]);
    await confirm(alert, page, 'expect-pusher bob');
    await until('the later one is trusted', async () => (await current(later)).verdict === 'trusted');
    expect((await current(incident)).verdict).toBe('rogue');
  });
});

describe('nothing is changed', () => {
  const state = (): Promise<string> => snapshot(pushwarden.db, (name) => name !== 'sessions');

  test('if the policy is another one by now; what was typed is kept', async () => {
    const alert = await alertOf(await push('edge', 'bob', 'x'));
    const page = await owner.get(`/alerts/${alert}/rule`);
    await pushwarden.api('PATCH', `/repositories/${watched.id}`, { policy: { pushers: ['somebody-else'] } });
    await pushwarden.sentAll();
    const before = await state();
    const answer = await confirm(alert, page, 'expect-pusher bob', '<b>bob is new</b>');
    expect(answer.status).toBe(409);
    expect(answer.html).toContain('The policy was changed meanwhile. Nothing was changed.');
    expect(answer.html).toContain(`/alerts/${alert}/rule`);
    expect(answer.html).toContain('&lt;b&gt;bob is new&lt;/b&gt;');
    expect(await state()).toBe(before);
  });

  test('by a rule that the alert does not lead to, whatever the form says', async () => {
    const alert = await alertOf(await push('edge', 'bob', 'y'));
    await pushwarden.sentAll();
    const page = await owner.get(`/alerts/${alert}/rule`);
    const before = await state();
    for (const rule of ['expect-pusher mallory', 'allow-rollbacks', 'all', '__proto__', 'x'.repeat(2999)])
      expect((await confirm(alert, page, rule)).status).toBe(409);
    for (const form of [{ rule: '' }, { reason: ' ' }, { policy: 'x' }, { reason: 'y'.repeat(1001) }]) {
      const whole = { rule: 'expect-pusher bob', reason: 'z', policy: policyIn(page), ...form };
      expect((await owner.post(`/alerts/${alert}/rule`, whole)).status).toBe(400);
    }
    expect(await state()).toBe(before);
  });

  test('by looking, and there is no page for what is no push', async () => {
    const alert = await alertOf(await push('edge', 'bob', 'z'));
    await pushwarden.sentAll();
    const before = await state();
    await owner.get(`/alerts/${alert}/rule`);
    expect(await state()).toBe(before);
    for (const id of ['A-999999', 'A-0', 'x']) expect((await owner.get(`/alerts/${id}/rule`)).status).toBe(404);
  });
});

test('names of strangers are text on the page of rules', async () => {
  const hostile = '"><script src=//evil.example></script>';
  const pushed = await push('edge', 'bob', 'hostile');
  const alert = await alertOf(pushed);
  await pushwarden.db
    .prepare("UPDATE credentials SET name = ?1, external_id = ?1 WHERE name = 'bob'")
    .bind(hostile)
    .run();
  const page = await owner.get(`/alerts/${alert}/rule`);
  expect(page.html).toContain('&lt;script src=//evil.example');
  expect(page.html).not.toContain('<script src=//evil');
  await pushwarden.db
    .prepare("UPDATE credentials SET name = 'bob', external_id = 'bob' WHERE name = ?1")
    .bind(hostile)
    .run();
});

describe('an alert', () => {
  test('is put off by a form, shows until when, and is told again then', async () => {
    const alert = await alertOf(await push('edge', 'mallory', 'late'));
    await pushwarden.sentAll();
    await owner.get(`/alerts/${alert}`);
    expect((await owner.post(`/alerts/${alert}/snooze`, { until: '1h' })).location).toBe(
      `/alerts/${alert}?done=snoozed`,
    );
    const page = await owner.get(`/alerts/${alert}?done=snoozed`);
    expect(page.html).toContain('Put off until');
    expect(page.html).toContain('· reminder <time');
    pushwarden.slack.messages.length = 0;
    await pushwarden.advance(3700);
    await until('it is told again', () => pushwarden.messages('alerts').some((text) => text.includes(path)));
    await owner.get(`/alerts/${alert}`);
    await owner.post(`/alerts/${alert}/take`);
    expect((await owner.post(`/alerts/${alert}/snooze`, { until: '4h' })).status).toBe(409);
    expect((await owner.post(`/alerts/${alert}/snooze`, { until: 'never' })).status).toBe(400);
  });
});
