import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import { createAttestations } from '../../src/github/attestations.ts';
import { answer, dripping, endless, FakeServer, type Handler } from '../fixtures/fake-server.ts';

const IMAGE = { registry: 'ghcr.io', path: 'org/app' };
const DIGEST: Digest = `sha256:${'a'.repeat(64)}`;
const TOKEN = 'token-that-must-not-leak';
const garbage = '<html>Sign in to the Wi-Fi</html>';

const server = new FakeServer();
/** Named by answers, never by configuration. */
const attacker = new FakeServer();

beforeAll(() => Promise.all([server.start(), attacker.start()]));
afterAll(() => Promise.all([server.stop(), attacker.stop()]));

test.each<[string, Handler, string]>([
  ['an attestation', answer(200, {}, '{"attestations":[{"bundle":null}]}'), 'present'],
  ['404', answer(404), 'absent'],
  ['an empty list', answer(200, {}, '{"attestations":[]}'), 'absent'],
  ['403', answer(403, { 'x-ratelimit-remaining': '0' }), 'unavailable'],
  ['429', answer(429), 'unavailable'],
  ['500', answer(500), 'unavailable'],
  ['no JSON', answer(200, {}, garbage), 'unavailable'],
  ['a redirect', (q, s) => answer(302, { location: attacker.url })(q, s), 'unavailable'],
  ['an endless body', endless, 'unavailable'],
  ['a body that drips', dripping, 'unavailable'],
  ['no answer', () => undefined, 'unavailable'],
])('GitHub answering with %s', async (_, handler, state) => {
  server.handle = handler;
  const options = { apiUrl: server.url, token: TOKEN, fetch, userAgent: 'pushwarden-test', timeoutMs: 300 };
  const found = await createAttestations(options)(IMAGE, DIGEST);
  expect(found).toMatchObject({ place: 'github-attestations', state });
  expect(JSON.stringify(found)).not.toContain(TOKEN);
  expect(server.requests.at(-1)?.url.pathname).toBe(`/users/org/attestations/${DIGEST}`);
  expect(attacker.requests).toEqual([]);
});
