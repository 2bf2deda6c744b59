import { SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OidcIssuer } from '../../../src/oidc/issuer.ts';
import { CiIssuerUnavailable, createCiTokens } from '../../../src/oidc/verify.ts';
import { InvalidCiToken } from '../../../src/usecases/ports.ts';
import {
  type AnyClaims,
  AUDIENCE,
  BUILDKITE,
  base64url,
  buildkiteClaims,
  CIRCLE,
  CIRCLE_ORG,
  circleClaims,
  githubClaims,
  ISSUER,
  keyServer,
  makeKey,
  NOW,
  sign,
  type TestKey,
} from './tokens.ts';

let key: TestKey;
let other: TestKey;

beforeAll(async () => {
  key = await makeKey('k1');
  other = await makeKey('k2');
});
afterEach(() => {
  vi.restoreAllMocks();
});

function setUp(...keys: TestKey[]) {
  const server = keyServer(...(keys.length > 0 ? keys : [key]));
  const github: OidcIssuer = { issuer: ISSUER, kind: 'github' };
  return { server, tokens: createCiTokens({ issuers: [github], audience: AUDIENCE, fetch: server.fetch }) };
}

async function refusal(token: string, now = NOW, { tokens } = setUp()): Promise<string> {
  const error: unknown = await tokens.verify(token, now).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InvalidCiToken);
  const { message } = error as Error; // The line above says so.
  expect(message).not.toContain(token);
  return message;
}

describe('a CI token', () => {
  test('of a configured issuer is accepted, with its id and the time until which it could be replayed', async () => {
    const { tokens, server } = setUp();
    const verified = await tokens.verify(await sign(key, githubClaims()), NOW);
    expect(verified).toMatchObject({ jti: 'a1b2', expiresAt: NOW + 320_000, claims: { repositoryId: '74' } });
    expect(server.requests.map((request) => request.url)).toEqual([`${ISSUER}/.well-known/jwks`]);
  });

  test('may name several audiences, ours among them', async () => {
    const { tokens } = setUp();
    const token = await sign(key, githubClaims({ aud: ['https://other.example', AUDIENCE] }));
    await expect(tokens.verify(token, NOW)).resolves.toMatchObject({ jti: 'a1b2' });
  });

  test.each<[string, AnyClaims, RegExp]>([
    ['another audience', { aud: 'https://github.com/octo' }, /another audience.*"https:\/\/pushwarden\.example"/],
    ['an audience that only begins like ours', { aud: `${AUDIENCE}.evil.example` }, /audience/],
    ['no audience', { aud: undefined }, /no aud/],
    ['no expiry', { exp: undefined }, /no exp/],
    ['no iat', { iat: undefined }, /no iat/],
    ['no jti', { jti: undefined }, /no jti/],
    ['an empty jti', { jti: '' }, /jti/],
    ['a jti that is not text', { jti: 5 }, /jti/],
    ['an endless jti', { jti: 'x'.repeat(257) }, /jti/],
    ['a life of more than a day', { exp: NOW / 1000 + 86_400 }, /more than a day/],
    ['no repository id', { repository_id: undefined }, /no repository_id/],
    ['an empty repository id', { repository_id: '' }, /no repository_id/],
    ['no run', { run_id: undefined }, /no run_id/],
    ['times that are text', { exp: '99999999999' }, /exp is not a number/],
  ])('with %s is refused', async (_, differs, message) => {
    expect(await refusal(await sign(key, githubClaims(differs)))).toMatch(message);
  });

  test.each<[string, number, boolean]>([
    ['expires', 290_000, true],
    ['expired 29 s ago', 319_000, true],
    ['expired 30 s ago', 320_000, false],
    ['expired an hour ago', 3_900_000, false],
    ['begins in 30 s', -40_000, true],
    ['begins in 31 s', -41_000, false],
  ])('that %s is judged by the clock it is given, with 30 s of tolerance', async (_, after, accepted) => {
    const token = await sign(key, githubClaims());
    if (accepted) await expect(setUp().tokens.verify(token, NOW + after)).resolves.toBeDefined();
    else expect(await refusal(token, NOW + after)).toMatch(after > 0 ? /expired/ : /not valid yet/);
  });

  test('may live for a day', async () => {
    const token = await sign(key, githubClaims({ exp: NOW / 1000 + 86_390 }));
    await expect(setUp().tokens.verify(token, NOW)).resolves.toBeDefined();
  });

  test('from the future by its iat alone is refused', async () => {
    const claims = githubClaims({ nbf: undefined, iat: NOW / 1000 + 31 });
    expect(await refusal(await sign(key, claims))).toMatch(/not valid yet \(iat\)/);
  });
});

describe('a CI token without jti', () => {
  const issuers: OidcIssuer[] = [
    { issuer: CIRCLE, kind: 'circleci' },
    { issuer: BUILDKITE, kind: 'buildkite' },
  ];
  const open = () => {
    const server = keyServer(key);
    return { server, tokens: createCiTokens({ issuers, audience: AUDIENCE, fetch: server.fetch }) };
  };

  test.each([
    ['CircleCI', circleClaims, `${CIRCLE}/.well-known/jwks-pub.json`],
    ['Buildkite', buildkiteClaims, `${BUILDKITE}/.well-known/jwks`],
  ] as const)('of %s is known by what is signed, and by nothing else', async (_, claims, keysUrl) => {
    const { tokens, server } = open();
    const token = await sign(key, claims());
    const { jti } = await tokens.verify(token, NOW);
    expect(jti).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await tokens.verify(token, NOW)).toMatchObject({ jti });
    const later = await tokens.verify(await sign(key, claims({ iat: NOW / 1000 - 9 })), NOW);
    expect(later.jti).not.toBe(jti);
    // Nor does a `jti` that such a token should have one day make two of one.
    const named = await Promise.all(
      ['1', '2'].map(async (id) => tokens.verify(await sign(key, claims({ jti: id })), NOW)),
    );
    expect(new Set([jti, ...named.map((each) => each.jti)]).size).toBe(3);
    expect(server.requests.map(({ url }) => url)).toEqual([keysUrl]);
  });

  test('stays the same one however its signature is written', async () => {
    const { tokens } = open();
    const token = await sign(key, buildkiteClaims());
    const { jti } = await tokens.verify(token, NOW);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.slice(-1));
    // 256 bytes are 342 digits: four bits of the last one say nothing.
    const twins = Array.from({ length: 16 }, (_, bits) => token.slice(0, -1) + alphabet[(last & 0b110000) | bits]);
    expect(new Set(twins)).toContain(token);
    const ids = await Promise.all(
      twins.map((twin) =>
        tokens.verify(twin, NOW).then(
          (one) => one.jti,
          () => jti,
        ),
      ),
    );
    expect(new Set(ids)).toEqual(new Set([jti]));
  });

  test.each<[string, AnyClaims, RegExp]>([
    ['another audience', { aud: CIRCLE_ORG }, /another audience/],
    ['no expiry', { exp: undefined }, /no exp/],
    ['no iat', { iat: undefined }, /no iat/],
    ['the issuer of another organization', { iss: `${CIRCLE.slice(0, -1)}0` }, /issuer is not configured/],
    ['the issuer of every organization', { iss: 'https://oidc.circleci.com' }, /issuer is not configured/],
    ['a person inside the job', { 'oidc.circleci.com/ssh-rerun': true }, /ssh-rerun/],
  ])('with %s is refused', async (_, differs, message) => {
    expect(await refusal(await sign(key, circleClaims(differs)), NOW, open())).toMatch(message);
  });
});

describe('a forged CI token', () => {
  test('of an unknown issuer costs no request', async () => {
    const context = setUp();
    const claims = githubClaims({ iss: 'https://evil.example' });
    expect(await refusal(await sign(key, claims), NOW, context)).toContain(`accepted: ${ISSUER}`);
    for (const iss of [`${ISSUER}/`, ISSUER.toUpperCase(), `${ISSUER}.evil.example`, '__proto__', 'constructor', '']) {
      await refusal(await sign(key, githubClaims({ iss })), NOW, context);
    }
    expect(context.server.requests).toHaveLength(0);
  });

  test('without a signature (alg none) is refused', async () => {
    for (const alg of ['none', 'None', 'NONE']) {
      await refusal(`${base64url({ alg, kid: 'k1' })}.${base64url(githubClaims())}.`);
    }
  });

  test('signed with the public key as a shared secret (HS256) is refused', async () => {
    const secret = new TextEncoder().encode(JSON.stringify(key.jwk));
    const token = await new SignJWT(githubClaims()).setProtectedHeader({ alg: 'HS256', kid: 'k1' }).sign(secret);
    expect(await refusal(token)).toMatch(/algorithm is not accepted/);
  });

  test('signed with an algorithm that is fine in itself but not configured is refused', async () => {
    const ec = await makeKey('ec', 'ES256');
    expect(await refusal(await sign(ec, githubClaims()), NOW, setUp(ec))).toMatch(/algorithm is not accepted/);
  });

  test("signed with a stranger's key under a known key id is refused", async () => {
    const stranger = { ...(await makeKey('stranger')), kid: 'k1' };
    expect(await refusal(await sign(stranger, githubClaims()))).toMatch(/signature is wrong/);
  });

  test('cannot bring its key along (jwk, jku, x5u)', async () => {
    const context = setUp();
    const headers = [{ jwk: other.jwk }, { jku: 'https://evil.example/jwks' }, { x5u: 'https://evil.example/x5u' }];
    for (const header of headers) {
      await refusal(await sign({ ...other, kid: 'k1' }, githubClaims(), header), NOW, context);
      await expect(context.tokens.verify(await sign(key, githubClaims(), header), NOW)).resolves.toBeDefined();
    }
    expect(new Set(context.server.requests.map((request) => request.url))).toEqual(
      new Set([`${ISSUER}/.well-known/jwks`]),
    );
  });

  test('with changed claims is refused', async () => {
    const [header, , signature] = (await sign(key, githubClaims())).split('.');
    const token = `${header}.${base64url(githubClaims({ repository_id: '75' }))}.${signature}`;
    expect(await refusal(token)).toMatch(/signature is wrong/);
  });

  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['dots', '..'],
    ['five parts', 'a.b.c.d.e'],
    ['claims that are a list', `${base64url({ alg: 'RS256' })}.${base64url([])}.AAAA`],
    ['an issuer that is a list', `${base64url({ alg: 'RS256' })}.${base64url({ iss: [ISSUER] })}.AAAA`],
    ['a header that is not JSON', `AAAA.${base64url({ iss: ISSUER })}.AAAA`],
    [
      'an unknown critical header',
      `${base64url({ alg: 'RS256', crit: ['x'], x: 1 })}.${base64url({ iss: ISSUER })}.AA`,
    ],
    ['an algorithm that is not text', `${base64url({ alg: {} })}.${base64url({ iss: ISSUER })}.AAAA`],
  ])('made of %s is refused', async (_, token) => {
    const { tokens } = setUp();
    await expect(tokens.verify(token, NOW)).rejects.toBeInstanceOf(InvalidCiToken);
  });

  test('of more than 16 KiB is refused before it is read', async () => {
    const context = setUp();
    const token = await sign(key, githubClaims({ padding: 'x'.repeat(16 * 1024) }));
    expect(await refusal(token, NOW, context)).toMatch(/16 KiB/);
    expect(context.server.requests).toHaveLength(0);
  });
});

describe('algorithms', () => {
  test.each(['RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'])('%s works where it is configured', async (alg) => {
    const signer = await makeKey('k', alg);
    const server = keyServer(signer);
    const issuers: OidcIssuer[] = [{ issuer: ISSUER, kind: 'github', algorithms: [alg] }];
    const tokens = createCiTokens({ issuers, audience: AUDIENCE, fetch: server.fetch });
    await expect(tokens.verify(await sign(signer, githubClaims()), NOW)).resolves.toBeDefined();
  });

  test.each([['none'], ['HS256'], ['RS1'], ['']])('%s cannot be configured', (alg) => {
    const issuers: OidcIssuer[] = [{ issuer: ISSUER, kind: 'github', algorithms: [alg] }];
    expect(() => createCiTokens({ issuers, audience: AUDIENCE, fetch })).toThrow(TypeError);
  });

  test('none at all, a broken URL, an issuer twice and an empty audience cannot be configured', () => {
    const github: OidcIssuer = { issuer: ISSUER, kind: 'github' };
    const make =
      (issuers: OidcIssuer[], audience = AUDIENCE) =>
      () =>
        createCiTokens({ issuers, audience, fetch });
    expect(make([{ ...github, algorithms: [] }])).toThrow(TypeError);
    expect(make([{ ...github, jwksUrl: 'nowhere' }])).toThrow(TypeError);
    expect(make([{ issuer: 'github', kind: 'github', jwksUrl: 'https://keys.example' }])).toThrow(TypeError);
    expect(make([github, github])).toThrow(TypeError);
    expect(make([github], '')).toThrow(TypeError);
  });
});

describe("an issuer's keys", () => {
  test('are fetched once for many tokens, without following redirects and under our name', async () => {
    const { tokens, server } = setUp();
    const token = await sign(key, githubClaims());
    for (let i = 0; i < 5; i += 1) await tokens.verify(token, NOW);
    expect(server.requests).toHaveLength(1);
    const init = server.requests[0]?.init;
    expect(init).toMatchObject({ method: 'GET', redirect: 'manual' });
    expect(init?.signal).toBeInstanceOf(AbortSignal);
    expect(new Headers(init?.headers).get('user-agent')).toMatch(/^pushwarden /);
  });

  test('are fetched again for a new key id, but not for every token that invents one', async () => {
    const { tokens, server } = setUp();
    const start = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(start);
    await tokens.verify(await sign(key, githubClaims()), NOW);

    server.keys = [key, other];
    const rotated = await sign(other, githubClaims());
    await expect(tokens.verify(rotated, NOW)).rejects.toThrow(/not signed with a key of/);
    expect(server.requests).toHaveLength(1);

    clock.mockReturnValue(start + 30_001);
    await expect(tokens.verify(rotated, NOW)).resolves.toBeDefined();
    expect(server.requests).toHaveLength(2);
    const invented = await sign({ ...other, kid: 'k3' }, githubClaims());
    for (let i = 0; i < 3; i += 1) await expect(tokens.verify(invented, NOW)).rejects.toBeInstanceOf(InvalidCiToken);
    expect(server.requests).toHaveLength(2);
  });

  test('that are withdrawn are forgotten after ten minutes', async () => {
    const { tokens, server } = setUp();
    const start = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(start);
    const token = await sign(key, githubClaims());
    await tokens.verify(token, NOW);
    server.keys = [other];
    clock.mockReturnValue(start + 600_001);
    await expect(tokens.verify(token, NOW)).rejects.toThrow(/not signed with a key of/);
  });

  test.each<[string, () => Promise<Response>, RegExp]>([
    ['the server fails', async () => new Response('x', { status: 500 }), /status 500/],
    [
      'the server redirects',
      async () => new Response(null, { status: 302, headers: { location: 'https://evil' } }),
      /302/,
    ],
    ['nobody answers', () => Promise.reject(new TypeError('fetch failed: secret detail')), /no connection/],
    ['the time is over', () => Promise.reject(new DOMException('', 'TimeoutError')), /no answer within 5 s/],
    ['the answer is not JSON', async () => new Response('<html>'), /not a JSON Web Key Set/],
    ['the answer has no keys', async () => Response.json({ error: 'x' }), /not a JSON Web Key Set/],
    ['the answer is too long', async () => Response.json({ keys: [], x: 'x'.repeat(256 * 1024) }), /256 KiB/],
    [
      'the key is not one',
      async () => Response.json({ keys: [{ kty: 'RSA', kid: 'k1', n: '!', e: '!' }] }),
      /cannot be used/,
    ],
  ])("that cannot be read since %s are our trouble, not the token's", async (_, answer, message) => {
    const { tokens, server } = setUp();
    server.answer = answer;
    const error: unknown = await tokens.verify(await sign(key, githubClaims()), NOW).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CiIssuerUnavailable);
    expect(String(error)).toMatch(message);
    expect(String(error)).toContain(ISSUER);
    expect(String(error)).not.toContain('secret detail');
  });

  test('are not asked for again at once after a failure, and are read when they are back', async () => {
    const { tokens, server } = setUp();
    const start = Date.now();
    const clock = vi.spyOn(Date, 'now').mockReturnValue(start);
    server.answer = async () => new Response('x', { status: 503 });
    const token = await sign(key, githubClaims());
    for (let i = 0; i < 3; i += 1) await expect(tokens.verify(token, NOW)).rejects.toBeInstanceOf(CiIssuerUnavailable);
    expect(server.requests).toHaveLength(1);

    server.answer = null;
    clock.mockReturnValue(start + 5_000);
    await expect(tokens.verify(token, NOW)).resolves.toBeDefined();
  });

  test('of one issuer do not count for another', async () => {
    const mine: OidcIssuer = { issuer: 'https://ci.example', kind: 'github', jwksUrl: 'https://keys.example/a' };
    const fetches: string[] = [];
    const fetcher: typeof fetch = async (input) => {
      fetches.push(String(input));
      return Response.json({ keys: [(String(input) === mine.jwksUrl ? other : key).jwk] });
    };
    const issuers: OidcIssuer[] = [{ issuer: ISSUER, kind: 'github' }, mine];
    const tokens = createCiTokens({ issuers, audience: AUDIENCE, fetch: fetcher });
    await expect(tokens.verify(await sign(other, githubClaims()), NOW)).rejects.toBeInstanceOf(InvalidCiToken);
    await expect(tokens.verify(await sign(other, githubClaims({ iss: mine.issuer })), NOW)).resolves.toBeDefined();
    expect(fetches).toEqual([`${ISSUER}/.well-known/jwks`, 'https://keys.example/a']);
  });
});
