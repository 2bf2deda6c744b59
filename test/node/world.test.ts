import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { imageIndex, sigstoreReferrer, singleImage } from '../../scripts/simulate/images.ts';
import { OidcDouble } from '../../scripts/simulate/world/oidc.ts';
import { RegistryDouble } from '../../scripts/simulate/world/registry.ts';
import { SlackDouble } from '../../scripts/simulate/world/slack.ts';

describe('the registry double', () => {
  let registry: RegistryDouble;
  beforeAll(async () => {
    registry = await RegistryDouble.start();
  });
  afterEach(() => registry.heal());
  afterAll(() => registry.close());

  const manifests = (reference: string) => `${registry.url}/v2/org/app/manifests/${reference}`;
  const image = singleImage('app 1.0.0');
  const put = (reference: string) =>
    fetch(manifests(reference), { method: 'PUT', body: image.bytes, headers: { 'content-type': image.mediaType } });

  it('serves by tag and by digest the bytes that were pushed', async () => {
    const pushed = await put('1.0.0');
    expect([pushed.status, pushed.headers.get('docker-content-digest')]).toEqual([201, image.digest]);
    for (const reference of ['1.0.0', image.digest]) {
      const head = await fetch(manifests(reference), { method: 'HEAD' });
      expect(head.headers.get('docker-content-digest')).toBe(image.digest);
      expect(head.headers.get('content-length')).toBe(String(image.size));
      const got = await fetch(manifests(reference));
      expect(got.headers.get('content-type')).toBe(image.mediaType);
      expect(Buffer.from(await got.arrayBuffer())).toEqual(image.bytes);
    }
  });

  it('refuses a digest that is not that of the bytes, and unknown names', async () => {
    expect((await put(`sha256:${'0'.repeat(64)}`)).status).toBe(400);
    expect((await fetch(manifests('2.0.0'))).status).toBe(404);
    expect((await fetch(`${registry.url}/v2/org/other/tags/list`)).status).toBe(404);
  });

  it('pages through tags in lexical order', async () => {
    for (const tag of ['c', 'a', 'e', 'b', 'd']) registry.push('org/paged', tag, image);
    const seen: string[] = [];
    let next: string | null = '/v2/org/paged/tags/list?n=2';
    let pages = 0;
    while (next !== null) {
      const page: Response = await fetch(`${registry.url}${next}`);
      const { tags } = z.object({ tags: z.array(z.string()) }).parse(await page.json());
      seen.push(...tags);
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1] ?? null;
      pages += 1;
    }
    expect([seen.join(''), pages]).toEqual(['abcde', 3]);
  });

  it('lists referrers of a digest when the API is on, and says 404 when it is off', async () => {
    const { bundle } = sigstoreReferrer(image);
    registry.push('org/app', null, bundle);
    const url = `${registry.url}/v2/org/app/referrers/${image.digest}`;
    const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
    expect(await (await fetch(url)).json()).toMatchObject({ manifests: [{ digest: bundle.digest, artifactType }] });
    const filtered = await fetch(`${url}?artifactType=application/x-other`);
    expect(filtered.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await filtered.json()).toMatchObject({ manifests: [] });
    registry.referrersApi = false;
    expect((await fetch(url)).status).toBe(404);
    registry.referrersApi = true;
  });

  it('fails on command, by path, for a number of times', async () => {
    await put('1.0.0');
    registry.fail('/manifests/1.0.0', { kind: 'status', status: 429, retryAfterSeconds: 7 }, 1);
    const refused = await fetch(manifests('1.0.0'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '7']);
    expect((await fetch(manifests('1.0.0'))).status).toBe(200);
    registry.fail('/manifests/', { kind: 'hang' });
    await expect(fetch(manifests('1.0.0'), { signal: AbortSignal.timeout(100) })).rejects.toThrow();
    expect((await fetch(`${registry.url}/v2/org/app/tags/list`)).status).toBe(200);
  });

  it('counts what it is asked, by method', async () => {
    const before = registry.counts().HEAD ?? 0;
    await fetch(manifests('1.0.0'), { method: 'HEAD' });
    expect(registry.counts().HEAD).toBe(before + 1);
  });

  it('takes a multi-platform image from skopeo and gives it back unchanged', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'pushwarden-oci-'));
    try {
      const digest = writeLayout(folder);
      const target = `docker://${new URL(registry.url).host}/team/tiny:1.0`;
      await skopeo('copy', '--all', '--preserve-digests', '--dest-tls-verify=false', `oci:${folder}:1.0`, target);
      expect(registry.digestOf('team/tiny', '1.0')).toBe(digest);
      const raw = await skopeo('inspect', '--raw', '--tls-verify=false', target);
      expect(digestOf(raw)).toBe(digest);
      const { Architecture } = JSON.parse(
        await skopeo('inspect', '--tls-verify=false', '--override-arch=amd64', target),
      );
      expect(Architecture).toBe('amd64');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

const run = promisify(execFile);
const skopeo = async (...args: string[]): Promise<string> =>
  (await run('skopeo', ['--insecure-policy', ...args], { timeout: 20_000 })).stdout;
const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** An OCI image layout with an index of two platforms under 1.0; answers with the index's digest. */
function writeLayout(folder: string): string {
  mkdirSync(path.join(folder, 'blobs/sha256'), { recursive: true });
  const blob = (mediaType: string, content: string) => {
    const digest = digestOf(content);
    writeFileSync(path.join(folder, 'blobs/sha256', digest.slice(7)), content);
    return { mediaType, digest, size: Buffer.byteLength(content) };
  };
  const layer = blob('application/vnd.oci.image.layer.v1.tar', '\0'.repeat(1024));
  const manifests = ['amd64', 'arm64'].map((architecture) => {
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const config = blob(
      'application/vnd.oci.image.config.v1+json',
      JSON.stringify({ architecture, os: 'linux', rootfs }),
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = blob(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] }));
    return { ...manifest, platform: { architecture, os: 'linux' } };
  });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const index = blob(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  const annotations = { 'org.opencontainers.image.ref.name': '1.0' };
  writeFileSync(path.join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    path.join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...index, annotations }] }),
  );
  return index.digest;
}

describe('images', () => {
  it('have digests of their own bytes, the same ones each time', () => {
    const index = imageIndex([singleImage('a'), singleImage('a', 'arm64')], []);
    expect(digestOf(index.bytes.toString())).toBe(index.digest);
    expect(singleImage('a').digest).toBe(singleImage('a').digest);
    expect(singleImage('a').digest).not.toBe(singleImage('b').digest);
  });
});

const answerOf = z.looseObject({ ts: z.string().optional(), error: z.string().optional() });

describe('the Slack double', () => {
  let slack: SlackDouble;
  beforeAll(async () => {
    slack = await SlackDouble.start();
  });
  afterEach(() => slack.heal());
  afterAll(() => slack.close());

  const webhook = (body: string) => fetch(slack.webhookUrl('T0/B0/alerts'), { method: 'POST', body });
  const call = async (method: string, message: object, token = 'xoxb-1') => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' };
    const answer = await fetch(`${slack.apiUrl}/${method}`, { method: 'POST', headers, body: JSON.stringify(message) });
    const { ts = '', error = '' } = answerOf.parse(await answer.json().catch(() => ({})));
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), ts, error };
  };

  it('answers an incoming webhook with ok and keeps the message', async () => {
    const answer = await webhook('{"text":"hello"}');
    expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
    expect(slack.inChannel('T0/B0/alerts').at(-1)).toMatchObject({ method: 'webhook', text: 'hello' });
    expect((await webhook('not json')).status).toBe(400);
  });

  it('posts, threads and updates messages by their ts', async () => {
    const first = await call('chat.postMessage', { channel: 'C1', text: 'one' });
    await call('chat.postMessage', { channel: 'C1', text: 'two', thread_ts: first.ts });
    expect((await call('chat.update', { channel: 'C1', ts: first.ts, text: 'three' })).ts).toBe(first.ts);
    expect(slack.inChannel('C1').map(({ method, text, threadTs }) => [method, text, threadTs])).toEqual([
      ['chat.postMessage', 'one', null],
      ['chat.postMessage', 'two', first.ts],
      ['chat.update', 'three', null],
    ]);
  });

  it('says what is wrong in the words of Slack', async () => {
    const error = async (answer: ReturnType<typeof call>) => (await answer).error;
    expect(await error(call('chat.postMessage', { channel: 'C1', text: 'x' }, 'nonsense'))).toBe('not_authed');
    expect(await error(call('chat.update', { channel: 'C1', ts: '1.2', text: 'x' }))).toBe('message_not_found');
    expect(await error(call('chat.postMessage', { channel: 'C1' }))).toBe('no_text');
  });

  it('refuses on command with status, Retry-After and error word', async () => {
    slack.refuse({ error: 'ratelimited', status: 429, retryAfterSeconds: 3 }, 1);
    const limited = await call('chat.postMessage', { channel: 'C1', text: 'x' });
    expect(limited).toMatchObject({ status: 429, retryAfter: '3', error: 'ratelimited' });
    slack.refuse({ error: 'no_service' }, 1);
    const gone = await webhook('{"text":"x"}');
    expect([gone.status, await gone.text()]).toEqual([404, 'no_service']);
    expect((await webhook('{"text":"x"}')).status).toBe(200);
  });

  it('wakes who waits for a message, and gives up in time', async () => {
    const waiting = slack.waitFor(({ text }) => text === 'awaited', 5000);
    await webhook('{"text":"other"}');
    await webhook('{"text":"awaited"}');
    expect((await waiting)?.text).toBe('awaited');
    expect(await slack.waitFor(({ text }) => text === 'never', 50)).toBeNull();
  });
});

describe('the OIDC double', () => {
  let oidc: OidcDouble;
  beforeAll(async () => {
    oidc = await OidcDouble.start();
  });
  afterAll(() => oidc.close());

  const verify = (token: string, currentDate = new Date()) => {
    const keys = createRemoteJWKSet(new URL(oidc.jwksUrl));
    return jwtVerify(token, keys, { issuer: oidc.issuer, audience: 'us', currentDate });
  };

  it('mints tokens that its published keys verify', async () => {
    for (const alg of ['RS256', 'ES256'] as const) {
      const { payload } = await verify(await oidc.mint({ repository_id: '74' }, { audience: 'us', alg }));
      expect(payload).toMatchObject({ repository_id: '74', iss: oidc.issuer, aud: 'us' });
    }
  });

  it('mints tokens that must be refused', async () => {
    const { JWSSignatureVerificationFailed, JWKSNoMatchingKey, JWTExpired } = errors;
    const mint = (options: object) => oidc.mint({}, { audience: 'us', ...options });
    await expect(verify(await mint({ strangerKey: true }))).rejects.toThrow(JWKSNoMatchingKey);
    await expect(verify(await mint({ lifetimeSeconds: -60 }))).rejects.toThrow(JWTExpired);
    await expect(verify(await mint({ audience: 'others' }))).rejects.toThrow('aud');
    await expect(verify(await mint({ alg: 'none' }))).rejects.toThrow();
    await expect(verify(await mint({ alg: 'HS256' }))).rejects.toThrow();
    const tampered = (await mint({})).replace(/\.[^.]+\./, `.${Buffer.from('{"aud":"us"}').toString('base64url')}.`);
    await expect(verify(tampered)).rejects.toThrow(JWSSignatureVerificationFailed);
  });

  it('mints for a clock that was advanced, and publishes new keys', async () => {
    const token = await oidc.mint({}, { audience: 'us', offsetSeconds: 86_400 });
    await expect(verify(token)).rejects.toThrow();
    await expect(verify(token, new Date(Date.now() + 86_400_000))).resolves.toBeDefined();
    const { kid } = decodeProtectedHeader(token);
    await oidc.rotateKeys();
    expect(await (await fetch(oidc.jwksUrl)).text()).not.toContain(kid);
  });
});
