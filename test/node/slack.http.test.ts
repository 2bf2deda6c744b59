import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSlackNotifier } from '../../src/notify/slack.ts';
import type { Notifier } from '../../src/usecases/ports.ts';
import { alertFacts, notificationOf } from '../fixtures/notifications.ts';

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

const OPENED = notificationOf({ kind: 'opened', alert: alertFacts() });

let server: Server;
let address: string;
let notifier: Notifier;
let behaviour: Behaviour;
let requests: string[];
/** Sizes of answers that were taken whole. */
let finished: number[];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume().on('end', () => behaviour(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is always of this type.
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  notifier = createSlackNotifier({
    apiUrl: `${address}/api`,
    webhookHosts: ['hooks.slack.com', '127.0.0.1'],
    allowLoopbackHttp: true,
    fetch,
    timeoutMs: 500,
  });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  requests = [];
  finished = [];
});

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): Behaviour =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

const byWebhook = () => notifier.send({ kind: 'slack-webhook', url: `${address}/services/secret` }, OPENED);
const byBot = () => notifier.send({ kind: 'slack-bot', token: 'xoxb-secret', channel: 'C1' }, OPENED);

/** 64 MiB, unless the reader hangs up before. */
const endless: Behaviour = (_, response) => {
  response.writeHead(200);
  const chunk = 'x'.repeat(16 * 1024);
  let written = 0;
  const more = () => {
    while (written < 64 * 1024 * 1024 && !response.destroyed) {
      written += chunk.length;
      if (!response.write(chunk)) return void response.once('drain', more);
    }
    response.end();
  };
  response.once('finish', () => finished.push(written));
  more();
};

describe('over a real connection', () => {
  it('a webhook that says ok has the message', async () => {
    behaviour = answer(200, 'ok');
    expect(await byWebhook()).toEqual({ ok: true, reference: null });
    expect(requests).toEqual(['POST /services/secret']);
  });

  it('a bot’s message has its place', async () => {
    behaviour = answer(200, JSON.stringify({ ok: true, channel: 'C1', ts: '1.2' }));
    expect(await byBot()).toEqual({ ok: true, reference: { channel: 'C1', ts: '1.2' } });
    expect(requests).toEqual(['POST /api/chat.postMessage']);
  });

  it('a 500 may pass', async () => {
    behaviour = answer(500, 'rollup_error');
    expect(await byWebhook()).toEqual({ ok: false, permanent: false, reason: 'rollup_error', retryAfterMs: null });
  });

  it('a 429 says when to come back', async () => {
    behaviour = answer(429, 'rate_limited', { 'Retry-After': '7' });
    expect(await byWebhook()).toMatchObject({ permanent: false, retryAfterMs: 7000 });
    expect(await byBot()).toMatchObject({ permanent: false, retryAfterMs: 7000 });
  });

  it('an answer that does not come is a time-out', async () => {
    behaviour = () => undefined;
    expect(await byWebhook()).toEqual({ ok: false, permanent: false, reason: 'timeout', retryAfterMs: null });
  });

  it('an answer that begins and does not end is a time-out', async () => {
    behaviour = (_, response) => void response.writeHead(200).write('o');
    expect(await byWebhook()).toEqual({ ok: false, permanent: false, reason: 'timeout', retryAfterMs: null });
  });

  it('a connection that breaks may be tried again', async () => {
    behaviour = (request) => void request.socket.destroy();
    expect(await byBot()).toEqual({ ok: false, permanent: false, reason: 'network_error', retryAfterMs: null });
  });

  it.each([301, 302, 307, 308])('a %i is never followed', async (status) => {
    behaviour = answer(status, '', { Location: `${address}/elsewhere` });
    expect(await byWebhook()).toEqual({ ok: false, permanent: true, reason: 'redirected', retryAfterMs: null });
    expect(await byBot()).toEqual({ ok: false, permanent: true, reason: 'redirected', retryAfterMs: null });
    expect(requests).toEqual(['POST /services/secret', 'POST /api/chat.postMessage']);
  });

  it('an archived channel is refused for good', async () => {
    behaviour = answer(410, 'channel_is_archived');
    expect(await byWebhook()).toMatchObject({ permanent: true, reason: 'channel_is_archived' });
    behaviour = answer(200, JSON.stringify({ ok: false, error: 'is_archived' }));
    expect(await byBot()).toMatchObject({ permanent: true, reason: 'is_archived' });
  });

  it('an endless answer is read only in its beginning', async () => {
    behaviour = endless;
    expect(await byWebhook()).toMatchObject({ ok: false, permanent: false, reason: 'unexpected_answer' });
    expect(await byBot()).toMatchObject({ ok: false, permanent: false, reason: 'unexpected_answer' });
    expect(finished).toEqual([]);
  });
});
