import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CiIssuerUnavailable, createCiTokens } from '../../src/oidc/verify.ts';
import { AUDIENCE, githubClaims, ISSUER, makeKey, NOW, sign, type TestKey } from '../unit/oidc/tokens.ts';

let key: TestKey;
let server: Server | undefined;
let paths: string[] = [];

beforeAll(async () => {
  key = await makeKey('k1');
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  paths = [];
});

/** Verifies a good token with the keys of a real HTTP server. */
async function verifyWith(answer: RequestListener): Promise<unknown> {
  const listening = createServer((request, response) => {
    paths.push(request.url ?? '');
    answer(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo; // It listens on TCP.
  const jwksUrl = `http://127.0.0.1:${port}/keys`;
  const tokens = createCiTokens({ issuers: [{ issuer: ISSUER, kind: 'github', jwksUrl }], audience: AUDIENCE, fetch });
  return tokens.verify(await sign(key, githubClaims()), NOW);
}

describe("an issuer's key server", () => {
  test('is asked at the configured address, by our name', async () => {
    let agent = '';
    await verifyWith((request, response) => {
      agent = request.headers['user-agent'] ?? '';
      response.end(JSON.stringify({ keys: [key.jwk] }));
    });
    expect(paths).toEqual(['/keys']);
    expect(agent).toMatch(/^pushwarden /);
  });

  test('cannot send us elsewhere', async () => {
    const redirected = verifyWith((_, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    await expect(redirected).rejects.toThrow(CiIssuerUnavailable);
    expect(paths).toEqual(['/keys']);
  });

  test('that never stops sending is cut off', async () => {
    const endless = verifyWith((_, response) => {
      response.write('{"keys":[],"x":"');
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(16_384)));
      };
      response.on('drain', more);
      more();
    });
    await expect(endless).rejects.toThrow('more than 256 KiB');
  });

  test('that never answers is given up after 5 seconds', async () => {
    const started = performance.now();
    await expect(verifyWith(() => undefined)).rejects.toThrow('no answer within 5 s');
    expect(performance.now() - started).toBeLessThan(7_000);
  }, 10_000);

  test('that stalls in the middle is given up too', async () => {
    await expect(verifyWith((_, response) => response.write('{"keys":['))).rejects.toThrow('no answer within 5 s');
  }, 10_000);
});
