import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { SweptRepository } from '../fixtures/swept-repository.ts';
import { TestInstallation, until } from '../fixtures/worker.ts';

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

describe('a registry in trouble', () => {
  test.each([429, 500, 503])(
    'answering %i makes no tag a deleted one; it is told when it lasts, and when it is over',
    async (status) => {
      await app.watch(['1.0.0', 'latest']);
      const before = await pushwarden.pushes(app.repository.id);
      pushwarden.registry.fail(`${app.path}/manifests/`, { kind: 'status', status, retryAfterSeconds: 60 });
      for (const failures of [1, 2, 3]) {
        expect(await app.openHealth('registry-unreadable')).toEqual([]);
        expect(await app.sweep()).toMatchObject({ sweepFailures: failures });
      }
      await until('health is told', () => app.told('health').length === 1);
      expect(await app.openHealth('registry-unreadable')).toHaveLength(1);
      expect(app.told('health')[0]?.text).toContain(app.path);
      await app.sweep();
      expect([(await app.tag('1.0.0')).deletedAt, (await app.tag('latest')).deletedAt]).toEqual([null, null]);
      expect(await pushwarden.pushes(app.repository.id)).toEqual(before);

      pushwarden.registry.heal();
      const rogue = app.pushSilently('1.0.0', 'miner');
      const asked = pushwarden.registry.requests.length;
      await app.sweep();
      // A 429 with Retry-After is obeyed: no request before its time.
      expect(pushwarden.registry.requests.length > asked).toBe(status !== 429);
      await pushwarden.advance(61);
      expect(await app.sweep()).toMatchObject({ sweepFailures: 0 });
      expect(await app.openHealth('registry-unreadable')).toEqual([]);
      await until('health is told that it is over', () => app.told('health').length >= 2);
      expect(app.told('health')[1]?.text).toContain('Over');
      expect(await app.latest()).toMatchObject({ tag: '1.0.0', digest: rogue, verdict: 'rogue' });
    },
  );

  test('that never answers is not waited for tag by tag', async () => {
    await app.watch(Array.from({ length: 20 }, (_, at) => `1.0.${at}`));
    pushwarden.registry.fail(`${app.path}/manifests/`, { kind: 'hang' });
    const started = performance.now();
    expect(await app.sweep()).toMatchObject({ sweepFailures: 1 });
    expect(performance.now() - started).toBeLessThan(15_000); // one time-out is 10 s
    expect(await app.pushes()).toEqual([]);
    expect((await app.tag('1.0.0')).deletedAt).toBeNull();
  });

  test('is asked again where the sweep stopped', async () => {
    const tags = Array.from({ length: 30 }, (_, at) => `1.0.${String(at).padStart(2, '0')}`);
    await app.watch(tags);
    for (const name of tags.slice(24)) {
      pushwarden.registry.fail(`${app.path}/manifests/${name}`, { kind: 'status', status: 500 });
    }
    await app.sweep();
    pushwarden.registry.heal();
    expect((await app.requestsOfSweep()).sort()).toEqual(tags.slice(24).map((name) => `HEAD /manifests/${name}`));
    expect(await app.requestsOfSweep()).toHaveLength(1 + tags.length);
  });

  test.each([1, 4])('with %i tags that can never be read does not hide the tags after them', async (broken) => {
    const names = Array.from({ length: broken }, (_, at) => `0.0.${at}`);
    await app.watch([...names, '1.0.0', 'latest']);
    for (const name of names)
      pushwarden.registry.fail(`${app.path}/manifests/${name}`, { kind: 'status', status: 500 });
    const rogue = app.pushSilently('1.0.0', 'miner');
    for (let sweeps = 0; sweeps < 5; sweeps += 1) await app.sweep();
    await until('Slack is told', () => app.told('alerts').length > 0);
    expect(await app.latest()).toMatchObject({ tag: '1.0.0', digest: rogue, verdict: 'rogue' });
    expect(await app.openHealth('registry-unreadable')).toHaveLength(1);
    pushwarden.registry.heal();
    for (let sweeps = 0; sweeps < 2; sweeps += 1) await app.sweep();
    expect(await app.openHealth('registry-unreadable')).toEqual([]);
    expect(await app.pushes()).toHaveLength(1);
  });

  test('that cannot tell one tag at the beginning learns it later, silently', async () => {
    pushwarden.registry.fail(`${app.path}/manifests/1.0.0`, { kind: 'status', status: 500 });
    await app.watch(['1.0.0', 'latest']);
    pushwarden.registry.heal();
    await app.sweep();
    await pushwarden.advance(DEADLINE);
    expect((await app.history('1.0.0')).map(({ origin }) => origin)).toEqual(['baseline']);
    expect(app.told('alerts')).toEqual([]);
  });
});
