import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createRegistry } from '../../src/oci/registry.ts';

let retryAfter: string | null = null;
let requests = 0;
let now = 0;

const server = createServer((_, response) => {
  requests += 1;
  if (retryAfter !== null) response.setHeader('retry-after', retryAfter);
  response.writeHead(429).end();
});

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());
beforeEach(() => {
  requests = 0;
  now = Date.UTC(2026, 10, 22);
});

function reader() {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server has a port
  const registry = createRegistry({
    endpoints: new Map([['r.example', { url }]]),
    fetch,
    userAgent: 'test',
    clock: () => now,
  });
  return () => registry.resolve({ registry: 'r.example', path: 'org/app' }, 'latest');
}

test.each([
  ['seconds', '60', 60_000],
  ['a date', 'Sun, 22 Nov 2026 00:02:00 GMT', 120_000],
  ['more than is good for us', '999999', 15 * 60_000],
])('a registry that asks for %s is left alone as long, and asked again then', async (_, asked, ms) => {
  retryAfter = asked;
  const read = reader();
  expect(await read()).toMatchObject({ state: 'unavailable' });
  now += ms - 1;
  expect(await read()).toMatchObject({
    state: 'unavailable',
    reason: expect.stringContaining('asked for no requests'),
  });
  expect(requests).toBe(1);
  now += 1;
  await read();
  expect(requests).toBe(2);
});

test.each([
  ['nothing', null],
  ['nonsense', 'soon'],
  ['the past', '0'],
])('a registry that asks for %s may be asked at once', async (_, asked) => {
  retryAfter = asked;
  const read = reader();
  await read();
  await read();
  expect(requests).toBe(2);
});
