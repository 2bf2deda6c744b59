import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { announce, releaseIdentity } from '../fixtures/ci-job.ts';
import { SweptRepository } from '../fixtures/swept-repository.ts';
import { TestInstallation, until } from '../fixtures/worker.ts';

const SETTLE = 120;
const DEADLINE = 1800;

let pushwarden: TestInstallation;
let app: SweptRepository;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden?.stop());

beforeEach(() => {
  app = new SweptRepository(pushwarden);
});
afterEach(() => {
  pushwarden.registry.heal();
  pushwarden.slack.messages.length = 0;
});

describe('a sweep that finds nothing new', () => {
  test('asks for each digest once by HEAD, and writes nothing about tags and pushes', async () => {
    await app.watch(['1.0.0', '1.1.0', 'latest']);
    pushwarden.registry.push(app.path, `${singleImage('x').digest.replace(':', '-')}.sig`, singleImage('signature'));
    const dump = async (): Promise<unknown> => {
      const [tags, all] = await pushwarden.db.batch([
        pushwarden.db.prepare('SELECT * FROM tags WHERE repository_id = ?1').bind(app.repository.id),
        pushwarden.db.prepare('SELECT * FROM pushes WHERE repository_id = ?1').bind(app.repository.id),
      ]);
      return [tags?.results, all?.results];
    };
    const before = await dump();
    expect((await app.requestsOfSweep()).sort()).toEqual([
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
    await app.watch(['1.0.0', 'latest']);
    pushwarden.registry.deleteTag(app.path, '1.0.0');
    const requests = await app.requestsOfSweep();
    expect(requests.filter((request) => request === 'HEAD /manifests/1.0.0')).toHaveLength(2);
    expect(await app.history('1.0.0')).toMatchObject([{ kind: 'deleted', verdict: null }, { origin: 'baseline' }]);
    expect((await app.tag('1.0.0')).deletedAt).not.toBeNull();
    await app.sweep();
    await pushwarden.advance(DEADLINE);
    expect(await app.history('1.0.0')).toHaveLength(2);
    expect(pushwarden.slack.messages.filter(({ json }) => json.includes(app.path))).toEqual([]);
  });

  test('is not deleted when one of two answers says that it is there', async () => {
    await app.watch(['1.0.0']);
    pushwarden.registry.fail(`${app.path}/manifests/1.0.0`, { kind: 'status', status: 404 }, 1);
    await app.sweep();
    expect((await app.tag('1.0.0')).deletedAt).toBeNull();
    expect(await app.history('1.0.0')).toHaveLength(1);
  });

  test('that the registry goes on listing is recorded once', async () => {
    await app.watch(['1.0.0']);
    pushwarden.registry.fail(`${app.path}/manifests/1.0.0`, { kind: 'status', status: 404 });
    for (let sweeps = 0; sweeps < 3; sweeps += 1) await app.sweep();
    expect(await app.history('1.0.0')).toMatchObject([{ kind: 'deleted' }, { origin: 'baseline' }]);
    expect((await app.tag('1.0.0')).deletedAt).not.toBeNull();
  });

  test.each(['told', 'found'])('that comes back as another image is a moved one, %s', async (how) => {
    await app.watch(['1.0.0', 'latest']);
    const genuine = pushwarden.registry.digestOf(app.path, '1.0.0');
    pushwarden.registry.deleteTag(app.path, '1.0.0');
    await app.sweep();
    const rogue = app.pushSilently('1.0.0', 'miner');
    await (how === 'told' ? app.tellOf('1.0.0') : app.sweep());
    await until('Slack is told', () => app.told('alerts').length === 1);
    expect(await app.latest()).toMatchObject({
      tag: '1.0.0',
      verdict: 'rogue',
      findings: [{ code: 'tag-moved', from: genuine, to: rogue }],
    });
    expect((await app.history('1.0.0')).map((push) => push.kind)).toEqual(['manifest', 'deleted', 'manifest']);
    expect((await app.tag('1.0.0')).deletedAt).toBeNull();
  });

  test('that comes back as it was is there again, and alarms nobody', async () => {
    await app.watch(['1.0.0']);
    pushwarden.registry.deleteTag(app.path, '1.0.0');
    await app.sweep();
    app.pushSilently('1.0.0', '1.0.0');
    await app.sweep();
    await pushwarden.advance(DEADLINE);
    expect((await app.tag('1.0.0')).deletedAt).toBeNull();
    expect(app.told('alerts')).toEqual([]);
  });
});

describe('a push that no webhook reported', () => {
  test('is found, and alerts once after the settle time', async () => {
    await app.watch(['latest']);
    const digest = app.pushSilently('latest', 'miner');
    await app.sweep();
    expect(await app.latest()).toMatchObject({ origin: 'sweep', digest, verdict: 'pending', wants: ['webhook'] });
    await pushwarden.advance(SETTLE - 20);
    expect(app.told('alerts')).toEqual([]);
    await pushwarden.advance(40);
    await until('Slack is told', () => app.told('alerts').length === 1);
    expect(await app.latest()).toMatchObject({ verdict: 'rogue', findings: [{ code: 'unreported-push' }] });
    await app.sweep();
    await pushwarden.advance(DEADLINE);
    expect(app.told('alerts')).toHaveLength(1);
    expect(await app.pushes()).toHaveLength(1);
  });

  test('under a new tag is found too', async () => {
    await app.watch(['1.0.0']);
    app.pushSilently('1.0.1', 'miner');
    await app.sweep();
    await pushwarden.advance(SETTLE + 10);
    await until('Slack is told', () => app.told('alerts').length === 1);
    expect(await app.latest()).toMatchObject({
      tag: '1.0.1',
      verdict: 'rogue',
      findings: [{ code: 'unreported-push' }],
    });
  });

  test('is trusted if CI announced it', async () => {
    await app.watch(['1.0.0', 'latest'], { ci: { identities: [releaseIdentity(pushwarden)] } });
    const digest = app.pushSilently('latest', 'release');
    await announce(pushwarden, { phase: 'pushed', image: `docker.io/${app.path}`, digest, tags: ['latest'] });
    await app.sweep();
    expect(await app.latest()).toMatchObject({ origin: 'sweep', digest, verdict: 'trusted', findings: [] });
    await pushwarden.advance(DEADLINE + 60);
    expect(app.told('alerts')).toEqual([]);
  });

  test('alarms nobody if its webhook comes within the settle time', async () => {
    await app.watch(['latest']);
    app.pushSilently('latest', 'release');
    await app.sweep();
    await pushwarden.advance(SETTLE / 2);
    await app.tellOf('latest');
    await until('both are trusted', async () => (await app.pushes()).every((push) => push.verdict === 'trusted'));
    await pushwarden.advance(DEADLINE);
    expect(app.told('alerts')).toEqual([]);
  });

  test('is cleared if its webhook comes later', async () => {
    await app.watch(['latest']);
    app.pushSilently('latest', 'release');
    await app.sweep();
    await pushwarden.advance(SETTLE + 60);
    await until('Slack is told', () => app.told('alerts').length === 1);
    const { alert } = await app.latest();
    await app.tellOf('latest');
    await until('Slack is told that it is cleared', () => app.told('alerts').length === 2);
    expect(app.told('alerts')[1]?.json).toContain('Its webhook came late.');
    expect((await pushwarden.api('GET', `/alerts/${alert}`)).json).toMatchObject({
      state: 'closed',
      resolution: 'cleared',
    });
    expect((await app.pushes()).map((push) => push.verdict)).toEqual(['trusted', 'trusted']);
  });
});

describe('a webhook that does not come', () => {
  /** A push that only the sweep sees, until it is decided. */
  async function missed(words: string): Promise<void> {
    app.pushSilently('latest', words);
    await app.sweep();
    await pushwarden.advance(SETTLE + 10);
    expect((await app.latest()).verdict).toBe('rogue');
  }

  test('twice in a row is a health alert, and over when one comes', async () => {
    await app.watch(['latest']);
    app.pushSilently('latest', 'release 1');
    await app.tellOf('latest');
    await until('it is trusted', async () => (await app.latest())?.verdict === 'trusted');
    await missed('release 2');
    expect(await app.openHealth('webhook-silent')).toEqual([]);
    await missed('release 3');
    expect(await app.openHealth('webhook-silent')).toHaveLength(1);
    await until('health is told', () => app.told('health').length === 1);

    app.pushSilently('latest', 'release 4');
    await app.tellOf('latest');
    await until('it is over', async () => (await app.openHealth('webhook-silent')).length === 0);
    await until('health is told that it is over', () => app.told('health').length === 2);
    const { json } = await pushwarden.api('GET', `/repositories/${app.repository.id}`);
    expect(json.missedWebhooks).toBe(0);
  });

  test('once is one already, if none ever came', async () => {
    await app.watch(['latest']);
    await missed('release');
    expect(await app.openHealth('webhook-silent')).toHaveLength(1);
    await until('health is told', () => app.told('health').length === 1);
    expect(app.told('health')[0]?.text).toContain(app.path);
  });
});
