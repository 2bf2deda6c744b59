import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

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
