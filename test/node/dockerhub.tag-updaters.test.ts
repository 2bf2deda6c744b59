import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTagUpdaters } from '../../src/dockerhub/tag-updaters.ts';
import { createBudget } from '../../src/usecases/request-budget.ts';
import { answer, dripping, endless, FakeServer } from '../fixtures/fake-server.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const IMAGE = { registry: 'docker.io', path: 'acme/app' };
const server = new FakeServer();

beforeAll(() => server.start());
afterAll(() => server.stop());

const read = (image = IMAGE, requests = createBudget(5)) =>
  createTagUpdaters({ apiUrl: `${server.url}/`, fetch, userAgent: 'test', timeoutMs: 500 })(image, requests, NOW);

const tag = (differs: object = {}): object => ({
  name: '1.0.0',
  last_updater_username: 'acmebot',
  last_updated: '2026-11-20T10:00:00.123456Z',
  ...differs,
});
const json = (results: unknown): ReturnType<typeof answer> => answer(200, {}, JSON.stringify({ count: 1, results }));

describe('who last pushed the tags of a public image', () => {
  test('is read with one request that signs nobody in', async () => {
    server.handle = json([tag(), tag({ name: 'latest', last_updater_username: 'alice' })]);
    server.requests.length = 0;
    const requests = createBudget(5);
    expect(await read(IMAGE, requests)).toEqual({
      state: 'present',
      value: [
        { tag: '1.0.0', account: 'acmebot', at: Date.UTC(2026, 10, 20, 10, 0, 0, 123) },
        { tag: 'latest', account: 'alice', at: Date.UTC(2026, 10, 20, 10, 0, 0, 123) },
      ],
    });
    expect(requests.left).toBe(4);
    expect(server.requests.map(({ url, authorization }) => [url.pathname + url.search, authorization])).toEqual([
      ['/v2/namespaces/acme/repositories/app/tags?page_size=20', undefined],
    ]);
  });

  test('is left out of a tag that says it in no way we know', async () => {
    const odd = [
      tag({ name: '<script>' }),
      tag({ last_updater_username: '' }),
      tag({ last_updater_username: '"><b>' }),
      tag({ last_updater_username: 7 }),
      tag({ last_updated: '0001-01-01T00:00:00Z' }),
      tag({ last_updated: '2027-11-20T10:00:00Z' }),
      tag({ last_updated: null }),
      null,
      'tag',
      [],
    ];
    server.handle = json([...odd, tag()]);
    expect(await read()).toMatchObject({ state: 'present', value: [{ tag: '1.0.0' }] });
  });

  test.each([
    ['no JSON', answer(200, {}, '<html>')],
    ['another form', answer(200, {}, '{"results":7}')],
    ['too many', json(Array.from({ length: 101 }, () => tag()))],
    ['a refusal', answer(429)],
    ['trouble', answer(500)],
    ['a redirect to elsewhere', answer(302, { location: 'http://127.0.0.1:1/' })],
    ['no end', endless],
    ['drops', dripping],
  ])('is unavailable, and nothing thrown, for %s', async (_, handle) => {
    server.handle = handle;
    expect(await read()).toMatchObject({ state: 'unavailable', reason: expect.stringMatching(/./) });
  });

  test('is told of no image that is not there, or private', async () => {
    server.handle = answer(404);
    expect(await read()).toEqual({ state: 'absent' });
  });

  test('is asked of no other registry, of no path that could lead elsewhere, and not without requests', async () => {
    server.requests.length = 0;
    for (const image of [
      { registry: 'ghcr.io', path: 'acme/app' },
      { registry: 'docker.io', path: 'acme/../app' },
      { registry: 'docker.io', path: 'acme/app/more' },
      { registry: 'docker.io', path: 'acme' },
    ])
      expect(await read(image)).toEqual({ state: 'absent' });
    expect(await read(IMAGE, createBudget(0))).toMatchObject({ state: 'unavailable' });
    expect(server.requests).toEqual([]);
  });
});
