import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import type { SlackMessage } from '../../scripts/simulate/world/slack.ts';
import { announce, releaseIdentity } from '../fixtures/ci-job.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const SETTLE = 120;
const DEADLINE = 1800;

let pushwarden: TestInstallation;
let repository: Json;
let path: string;
let n = 0;
let seconds = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden?.stop());

beforeEach(() => {
  n += 1;
  path = `org/app${String(n).padStart(2, '0')}`;
});
afterEach(() => {
  pushwarden.registry.heal();
  pushwarden.slack.messages.length = 0;
});

/** The registry has these tags, each an image of its own, and Pushwarden has read them. */
async function watch(tags: readonly string[], policy: object = {}): Promise<void> {
  for (const tag of tags) pushwarden.registry.push(path, tag, singleImage(`${path} ${tag}`));
  repository = await pushwarden.watch(`docker.io/${path}`, { policy });
}

/** Somebody pushes; no webhook tells. */
function pushSilently(tag: string, words: string): string {
  return pushwarden.registry.push(path, tag, singleImage(`${path} ${words}`));
}

async function tellOf(tag: string): Promise<void> {
  seconds += 1; // Docker Hub tells whole seconds: another one each time makes another delivery
  const { status } = await sendDockerHub(pushwarden, repository.webhook, {
    path,
    tag,
    pusher: 'release-bot',
    at: Date.now() + seconds * 1000,
  });
  expect(status).toBe(202);
}

/** Sweeps this repository now. */
async function sweep(): Promise<Json> {
  const { status, json } = await pushwarden.api('POST', `/repositories/${repository.id}/sweep`, {});
  expect(status).toBe(200);
  return json;
}

const told = (channel: 'alerts' | 'health'): SlackMessage[] =>
  pushwarden.slack.messages.filter((message) => message.channel === channel && message.json.includes(path));

/** Pushes that came after the baseline, newest first. */
const pushes = async (): Promise<Json[]> =>
  (await pushwarden.pushes(repository.id)).filter((push) => push.origin !== 'baseline');

const latest = async (): Promise<Json> => (await pushes())[0];

async function tag(name: string): Promise<Json> {
  const { items } = (await pushwarden.api('GET', `/repositories/${repository.id}/tags`)).json;
  return items.find((each: Json) => each.name === name);
}

async function history(name: string): Promise<Json[]> {
  return (await pushwarden.api('GET', `/repositories/${repository.id}/tags/${name}/history`)).json.items;
}

async function openHealth(kind: string): Promise<Json[]> {
  const { items } = (await pushwarden.api('GET', '/health')).json;
  return items.filter(
    (each: Json) => each.kind === kind && each.state === 'open' && each.subject === `docker.io/${path}`,
  );
}

/** Requests about this repository that something makes, as `METHOD path`. */
async function requestsOf(what: () => Promise<unknown>): Promise<string[]> {
  const from = pushwarden.registry.requests.length;
  await what();
  const mine = pushwarden.registry.requests.slice(from).filter((request) => request.path.includes(`/${path}/`));
  return mine.map((request) => `${request.method} ${request.path.slice(`/v2/${path}`.length)}`);
}

describe('the baseline', () => {
  const TAGS = Array.from({ length: 3000 }, (_, at) => `1.${Math.floor(at / 100)}.${at % 100}`);
  const BUDGET = 100;
  let large: TestInstallation;

  beforeAll(async () => {
    large = await TestInstallation.start({
      bundle: inject('bundle'),
      vars: { SWEEP_REQUESTS_PER_RUN: String(BUDGET) },
    });
    await large.connectSlack();
  });
  afterAll(() => large?.stop());

  const isDone = async (id: number): Promise<boolean> =>
    (await large.api('GET', `/repositories/${id}`)).json.baseline.state === 'done';

  const digestsRead = async (): Promise<number> =>
    (await large.db.prepare('SELECT count(*) AS n FROM tags WHERE digest IS NOT NULL').first<{ n: number }>())?.n ?? 0;

  /** Lets cron run once; answers with how many requests the registry got. */
  async function runOnce(): Promise<number> {
    const before = large.registry.requests.length;
    await large.run('cron');
    return large.registry.requests.length - before;
  }

  test('of 3,000 tags is read silently in many small runs, and what is overwritten meanwhile is seen as a move', {
    timeout: 120_000,
  }, async () => {
    for (const tag of TAGS) large.registry.push('org/large', tag, singleImage(`large ${tag}`));
    const { json: registered } = await large.api('POST', '/repositories', { image: 'docker.io/org/large' });
    await until('the first run has ended', async () => {
      const row = await large.db.prepare('SELECT sweep FROM repositories').first<{ sweep: string | null }>();
      return row?.sweep !== null;
    });
    const runs = [large.registry.requests.length];
    while (!(await isDone(registered.id)) && (await digestsRead()) < TAGS.length / 2) runs.push(await runOnce());

    const [first = '', second = ''] = [...TAGS].sort();
    large.registry.push('org/large', first, singleImage('miner nobody tells of'));
    large.registry.push('org/large', second, singleImage('miner'));
    const hub = { path: 'org/large', tag: second, pusher: 'release-bot' };
    await sendDockerHub(large, registered.webhook, hub);
    await until('Slack is told', () => large.messages('alerts').length === 1);
    expect(large.messages('alerts')[0]).toContain(`docker.io/org/large:${second} was overwritten`);

    while (!(await isDone(registered.id)) && runs.length < 100) runs.push(await runOnce());
    expect(Math.max(...runs)).toBeLessThanOrEqual(BUDGET);
    expect(runs.length).toBeGreaterThanOrEqual(Math.ceil(TAGS.length / BUDGET));
    expect(await digestsRead()).toBe(TAGS.length);
    expect(large.messages('alerts')).toHaveLength(1);
    expect(large.messages('health')).toEqual([]);

    await large.run('sweep');
    await until('Slack is told of the other one', () => large.messages('alerts').length === 2);
    expect(large.messages('alerts')[1]).toContain(`docker.io/org/large:${first} was overwritten`);
    const { items } = (await large.api('GET', `/repositories/${registered.id}/pushes?verdict=rogue`)).json;
    expect(items.map((push: Json) => [push.tag, push.verdict, push.origin])).toEqual([
      [first, 'rogue', 'sweep'],
      [second, 'rogue', 'dockerhub'],
    ]);
  });
});

describe('a sweep that finds nothing new', () => {
  test('asks for each digest once by HEAD, and writes nothing about tags and pushes', async () => {
    await watch(['1.0.0', '1.1.0', 'latest']);
    pushwarden.registry.push(path, `${singleImage('x').digest.replace(':', '-')}.sig`, singleImage('signature'));
    const dump = async (): Promise<unknown> => {
      const [tags, all] = await pushwarden.db.batch([
        pushwarden.db.prepare('SELECT * FROM tags WHERE repository_id = ?1').bind(repository.id),
        pushwarden.db.prepare('SELECT * FROM pushes WHERE repository_id = ?1').bind(repository.id),
      ]);
      return [tags?.results, all?.results];
    };
    const before = await dump();
    expect((await requestsOf(sweep)).sort()).toEqual([
      'GET /tags/list?n=500',
      'HEAD /manifests/1.0.0',
      'HEAD /manifests/1.1.0',
      'HEAD /manifests/latest',
    ]);
    expect(await dump()).toEqual(before);
  });
});

describe('a deleted tag', () => {
  test('is in its history, asked for twice, and alarms nobody', async () => {
    await watch(['1.0.0', 'latest']);
    pushwarden.registry.deleteTag(path, '1.0.0');
    const requests = await requestsOf(sweep);
    expect(requests.filter((request) => request === 'HEAD /manifests/1.0.0')).toHaveLength(2);
    expect(await history('1.0.0')).toMatchObject([{ kind: 'deleted', verdict: null }, { origin: 'baseline' }]);
    expect((await tag('1.0.0')).deletedAt).not.toBeNull();
    await sweep();
    await pushwarden.advance(DEADLINE);
    expect(await history('1.0.0')).toHaveLength(2);
    expect(pushwarden.slack.messages.filter(({ json }) => json.includes(path))).toEqual([]);
  });

  test('is not deleted when one of two answers says that it is there', async () => {
    await watch(['1.0.0']);
    pushwarden.registry.fail(`${path}/manifests/1.0.0`, { kind: 'status', status: 404 }, 1);
    await sweep();
    expect((await tag('1.0.0')).deletedAt).toBeNull();
    expect(await history('1.0.0')).toHaveLength(1);
  });

  test('that the registry goes on listing is recorded once', async () => {
    await watch(['1.0.0']);
    pushwarden.registry.fail(`${path}/manifests/1.0.0`, { kind: 'status', status: 404 });
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await sweep();
    expect(await history('1.0.0')).toMatchObject([{ kind: 'deleted' }, { origin: 'baseline' }]);
    expect((await tag('1.0.0')).deletedAt).not.toBeNull();
  });

  test.each(['told', 'found'])('that comes back as another image is a moved one, %s', async (how) => {
    await watch(['1.0.0', 'latest']);
    const genuine = pushwarden.registry.digestOf(path, '1.0.0');
    pushwarden.registry.deleteTag(path, '1.0.0');
    await sweep();
    const rogue = pushSilently('1.0.0', 'miner');
    await (how === 'told' ? tellOf('1.0.0') : sweep());
    await until('Slack is told', () => told('alerts').length === 1);
    expect(await latest()).toMatchObject({
      tag: '1.0.0',
      verdict: 'rogue',
      findings: [{ code: 'tag-moved', from: genuine, to: rogue }],
    });
    expect((await history('1.0.0')).map((push) => push.kind)).toEqual(['manifest', 'deleted', 'manifest']);
    expect((await tag('1.0.0')).deletedAt).toBeNull();
  });

  test('that comes back as it was is there again, and alarms nobody', async () => {
    await watch(['1.0.0']);
    pushwarden.registry.deleteTag(path, '1.0.0');
    await sweep();
    pushSilently('1.0.0', '1.0.0');
    await sweep();
    await pushwarden.advance(DEADLINE);
    expect((await tag('1.0.0')).deletedAt).toBeNull();
    expect(told('alerts')).toEqual([]);
  });
});

describe('a registry in trouble', () => {
  test.each([429, 500, 503])(
    'answering %i makes no tag a deleted one; it is told when it lasts, and when it is over',
    async (status) => {
      await watch(['1.0.0', 'latest']);
      const before = await pushwarden.pushes(repository.id);
      pushwarden.registry.fail(`${path}/manifests/`, { kind: 'status', status, retryAfterSeconds: 60 });
      for (const failures of [1, 2, 3]) {
        expect(await openHealth('registry-unreadable')).toEqual([]);
        expect(await sweep()).toMatchObject({ sweepFailures: failures });
      }
      await until('health is told', () => told('health').length === 1);
      expect(await openHealth('registry-unreadable')).toHaveLength(1);
      expect(told('health')[0]?.text).toContain(path);
      await sweep();
      expect([(await tag('1.0.0')).deletedAt, (await tag('latest')).deletedAt]).toEqual([null, null]);
      expect(await pushwarden.pushes(repository.id)).toEqual(before);

      pushwarden.registry.heal();
      const rogue = pushSilently('1.0.0', 'miner');
      expect(await sweep()).toMatchObject({ sweepFailures: 0 });
      expect(await openHealth('registry-unreadable')).toEqual([]);
      await until('health is told that it is over', () => told('health').length >= 2);
      expect(told('health')[1]?.text).toContain('Over');
      expect(await latest()).toMatchObject({ tag: '1.0.0', digest: rogue, verdict: 'rogue' });
    },
  );

  test('that never answers is not waited for tag by tag', async () => {
    await watch(Array.from({ length: 20 }, (_, at) => `1.0.${at}`));
    pushwarden.registry.fail(`${path}/manifests/`, { kind: 'hang' });
    const started = performance.now();
    expect(await sweep()).toMatchObject({ sweepFailures: 1 });
    expect(performance.now() - started).toBeLessThan(15_000); // one time-out is 10 s
    expect(await pushes()).toEqual([]);
    expect((await tag('1.0.0')).deletedAt).toBeNull();
  });

  test('is asked again where the sweep stopped', async () => {
    const tags = Array.from({ length: 30 }, (_, at) => `1.0.${String(at).padStart(2, '0')}`);
    await watch(tags);
    for (const name of tags.slice(24)) {
      pushwarden.registry.fail(`${path}/manifests/${name}`, { kind: 'status', status: 500 });
    }
    await sweep();
    pushwarden.registry.heal();
    expect((await requestsOf(sweep)).sort()).toEqual(tags.slice(24).map((name) => `HEAD /manifests/${name}`));
    expect(await requestsOf(sweep)).toHaveLength(1 + tags.length);
  });

  test.each([1, 4])('with %i tags that can never be read does not hide the tags after them', async (broken) => {
    const names = Array.from({ length: broken }, (_, at) => `0.0.${at}`);
    await watch([...names, '1.0.0', 'latest']);
    for (const name of names) pushwarden.registry.fail(`${path}/manifests/${name}`, { kind: 'status', status: 500 });
    const rogue = pushSilently('1.0.0', 'miner');
    for (let sweeps = 0; sweeps < 5; sweeps += 1) await sweep();
    await until('Slack is told', () => told('alerts').length > 0);
    expect(await latest()).toMatchObject({ tag: '1.0.0', digest: rogue, verdict: 'rogue' });
    expect(await openHealth('registry-unreadable')).toHaveLength(1);
    pushwarden.registry.heal();
    for (let sweeps = 0; sweeps < 2; sweeps += 1) await sweep();
    expect(await openHealth('registry-unreadable')).toEqual([]);
    expect(await pushes()).toHaveLength(1);
  });

  test('that cannot tell one tag at the beginning learns it later, silently', async () => {
    pushwarden.registry.fail(`${path}/manifests/1.0.0`, { kind: 'status', status: 500 });
    await watch(['1.0.0', 'latest']);
    pushwarden.registry.heal();
    await sweep();
    await pushwarden.advance(DEADLINE);
    expect((await history('1.0.0')).map(({ origin }) => origin)).toEqual(['baseline']);
    expect(told('alerts')).toEqual([]);
  });
});

describe('a push that no webhook reported', () => {
  test('is found, and alerts once after the settle time', async () => {
    await watch(['latest']);
    const digest = pushSilently('latest', 'miner');
    await sweep();
    expect(await latest()).toMatchObject({ origin: 'sweep', digest, verdict: 'pending', wants: ['webhook'] });
    await pushwarden.advance(SETTLE - 20);
    expect(told('alerts')).toEqual([]);
    await pushwarden.advance(40);
    await until('Slack is told', () => told('alerts').length === 1);
    expect(await latest()).toMatchObject({ verdict: 'rogue', findings: [{ code: 'unreported-push' }] });
    await sweep();
    await pushwarden.advance(DEADLINE);
    expect(told('alerts')).toHaveLength(1);
    expect(await pushes()).toHaveLength(1);
  });

  test('under a new tag is found too', async () => {
    await watch(['1.0.0']);
    pushSilently('1.0.1', 'miner');
    await sweep();
    await pushwarden.advance(SETTLE + 10);
    await until('Slack is told', () => told('alerts').length === 1);
    expect(await latest()).toMatchObject({ tag: '1.0.1', verdict: 'rogue', findings: [{ code: 'unreported-push' }] });
  });

  test('is trusted if CI announced it', async () => {
    await watch(['1.0.0', 'latest'], { ci: { identities: [releaseIdentity(pushwarden)] } });
    const digest = pushSilently('latest', 'release');
    await announce(pushwarden, { phase: 'pushed', image: `docker.io/${path}`, digest, tags: ['latest'] });
    await sweep();
    expect(await latest()).toMatchObject({ origin: 'sweep', digest, verdict: 'trusted', findings: [] });
    await pushwarden.advance(DEADLINE + 60);
    expect(told('alerts')).toEqual([]);
  });

  test('alarms nobody if its webhook comes within the settle time', async () => {
    await watch(['latest']);
    pushSilently('latest', 'release');
    await sweep();
    await pushwarden.advance(SETTLE / 2);
    await tellOf('latest');
    await until('both are trusted', async () => (await pushes()).every((push) => push.verdict === 'trusted'));
    await pushwarden.advance(DEADLINE);
    expect(told('alerts')).toEqual([]);
  });

  test('is cleared if its webhook comes later', async () => {
    await watch(['latest']);
    pushSilently('latest', 'release');
    await sweep();
    await pushwarden.advance(SETTLE + 60);
    await until('Slack is told', () => told('alerts').length === 1);
    const { alert } = await latest();
    await tellOf('latest');
    await until('Slack is told that it is cleared', () => told('alerts').length === 2);
    expect(told('alerts')[1]?.json).toContain('Its webhook came late.');
    expect((await pushwarden.api('GET', `/alerts/${alert}`)).json).toMatchObject({
      state: 'closed',
      resolution: 'cleared',
    });
    expect((await pushes()).map((push) => push.verdict)).toEqual(['trusted', 'trusted']);
  });
});

describe('a webhook that does not come', () => {
  /** A push that only the sweep sees, until it is decided. */
  async function missed(words: string): Promise<void> {
    pushSilently('latest', words);
    await sweep();
    await pushwarden.advance(SETTLE + 10);
    expect((await latest()).verdict).toBe('rogue');
  }

  test('twice in a row is a health alert, and over when one comes', async () => {
    await watch(['latest']);
    pushSilently('latest', 'release 1');
    await tellOf('latest');
    await until('it is trusted', async () => (await latest())?.verdict === 'trusted');
    await missed('release 2');
    expect(await openHealth('webhook-silent')).toEqual([]);
    await missed('release 3');
    expect(await openHealth('webhook-silent')).toHaveLength(1);
    await until('health is told', () => told('health').length === 1);

    pushSilently('latest', 'release 4');
    await tellOf('latest');
    await until('it is over', async () => (await openHealth('webhook-silent')).length === 0);
    await until('health is told that it is over', () => told('health').length === 2);
    const { json } = await pushwarden.api('GET', `/repositories/${repository.id}`);
    expect(json.missedWebhooks).toBe(0);
  });

  test('once is one already, if none ever came', async () => {
    await watch(['latest']);
    await missed('release');
    expect(await openHealth('webhook-silent')).toHaveLength(1);
    await until('health is told', () => told('health').length === 1);
    expect(told('health')[0]?.text).toContain(path);
  });
});
