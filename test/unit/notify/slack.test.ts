import { describe, expect, it } from 'vitest';
import { createSlackNotifier } from '../../../src/notify/slack.ts';
import type { NotificationContent, SendResult } from '../../../src/usecases/ports.ts';
import { alertFacts, notificationOf, PUSHED_AT } from '../../fixtures/notifications.ts';

const WEBHOOK = { kind: 'slack-webhook', url: 'https://hooks.slack.com/services/T0/B0/secretSECRET' } as const;
const BOT = { kind: 'slack-bot', token: 'xoxb-1-secretSECRET', channel: 'alarm' } as const;
const PARENT = { channel: 'C1', ts: '1.2' };
const OPENED: NotificationContent = { kind: 'opened', alert: alertFacts() };
const WORSENED: NotificationContent = {
  kind: 'worsened',
  alert: alertFacts(),
  newFindings: ['unexpected-pusher'],
  newTags: [],
};
const ACKNOWLEDGED: NotificationContent = { kind: 'acknowledged', alert: alertFacts(), by: 'ana', at: PUSHED_AT };
const CLOSED: NotificationContent = {
  kind: 'closed',
  alert: alertFacts(),
  resolution: 'cleared',
  by: null,
  reason: null,
  openedAt: PUSHED_AT,
  closedAt: PUSHED_AT + 1000,
};

interface Call {
  readonly url: string;
  readonly headers: Headers;
  readonly redirect: string | undefined;
  readonly body: Record<string, unknown>;
}

type Reply = () => Response | Promise<Response>;

const posted: Reply = () => Response.json({ ok: true, channel: 'C1', ts: '9.9' });
const refused =
  (error: unknown): Reply =>
  () =>
    Response.json({ ok: false, error });
const plain =
  (text: string, status: number, headers: Record<string, string> = {}): Reply =>
  () =>
    new Response(text, { status, headers });

/** A notifier whose requests get these replies in turn; one more is a failure. */
function slack(...replies: Reply[]) {
  const calls: Call[] = [];
  const fake: typeof fetch = async (input, init) => {
    calls.push({
      url: String(input),
      headers: new Headers(init?.headers),
      redirect: init?.redirect,
      body: JSON.parse(String(init?.body)),
    });
    const reply = replies[calls.length - 1];
    if (reply === undefined) throw new Error('no such request was expected');
    return reply();
  };
  const notifier = createSlackNotifier({
    apiUrl: 'https://slack.com/api',
    webhookHosts: ['hooks.slack.com', '127.0.0.1'],
    allowLoopbackHttp: false,
    fetch: fake,
  });
  return { notifier, calls };
}

function noSecretIn(result: SendResult): void {
  expect(JSON.stringify(result)).not.toMatch(/secret|xoxb|services|hooks/i);
}

describe('an incoming webhook', () => {
  it('gets one JSON request with text and blocks, and no redirect is followed', async () => {
    const { notifier, calls } = slack(plain('ok', 200));
    expect(await notifier.send(WEBHOOK, notificationOf(OPENED))).toEqual({ ok: true, reference: null });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.url).toBe(WEBHOOK.url);
    expect(calls[0]?.redirect).toBe('manual');
    expect(calls[0]?.headers.get('user-agent')).toBe('pushwarden (+https://github.com/pushwarden/pushwarden)');
    expect(calls[0]?.headers.get('content-type')).toContain('application/json');
    expect(calls[0]?.body).toMatchObject({ unfurl_links: false, blocks: expect.any(Array), text: expect.any(String) });
  });

  it('gets a short follow-up with the alert’s id where a bot would update or thread', async () => {
    const { notifier, calls } = slack(plain('ok', 200));
    await notifier.send(WEBHOOK, notificationOf(ACKNOWLEDGED, { parent: PARENT }));
    expect(calls[0]?.body.text).toMatch(/^A-147: ana is on it/);
    expect(JSON.stringify(calls[0]?.body.blocks)).toContain('"*A-147* · ');
  });

  it.each([
    ['http://hooks.slack.com/services/x'],
    ['https://evil.example/services/x'],
    ['https://hooks.slack.com.evil.example/x'],
    ['https://hooks.slack.com:8443/x'],
    ['https://user@hooks.slack.com/x'],
    ['https://:pass@hooks.slack.com/x'],
    ['http://127.0.0.1/x'],
    ['http://169.254.169.254/x'],
    ['not an address'],
  ])('at %s is not asked', async (url) => {
    const { notifier, calls } = slack();
    const result = await notifier.send({ kind: 'slack-webhook', url }, notificationOf(OPENED));
    expect(result).toEqual({ ok: false, permanent: true, reason: 'webhook_host_not_allowed', retryAfterMs: null });
    expect(calls).toEqual([]);
  });

  it.each([
    ['no_service', 404, true, 'no_service'],
    ['channel_is_archived', 410, true, 'channel_is_archived'],
    ['<html>secret</html>', 400, true, 'http_400'],
    ['', 302, true, 'redirected'],
    ['rollup_error', 500, false, 'rollup_error'],
    ['<html>', 503, false, 'http_503'],
    ['', 408, false, 'http_408'],
    ['rate_limited', 429, false, 'rate_limited'],
    ['<html>a proxy</html>', 200, false, 'unexpected_answer'],
  ])('that answers %j with %i', async (text, status, permanent, reason) => {
    const { notifier } = slack(plain(text, status));
    const result = await notifier.send(WEBHOOK, notificationOf(OPENED));
    expect(result).toEqual({ ok: false, permanent, reason, retryAfterMs: null });
    noSecretIn(result);
  });

  it.each([
    ['30', 30_000],
    ['999999', 3_600_000],
    ['soon', null],
    ['-1', null],
  ])('that asks to come back after %s', async (seconds, retryAfterMs) => {
    const { notifier } = slack(plain('', 429, { 'retry-after': seconds }));
    expect(await notifier.send(WEBHOOK, notificationOf(OPENED))).toMatchObject({ permanent: false, retryAfterMs });
  });

  it('that refuses the blocks gets the text alone', async () => {
    const { notifier, calls } = slack(plain('invalid_blocks', 400), plain('ok', 200));
    expect(await notifier.send(WEBHOOK, notificationOf(OPENED))).toEqual({ ok: true, reference: null });
    expect(calls[1]?.body).not.toHaveProperty('blocks');
  });

  it('that fails on the way may be tried again, and the error’s words are not repeated', async () => {
    const { notifier } = slack(() => Promise.reject(new TypeError(`cannot reach ${WEBHOOK.url}`)));
    const result = await notifier.send(WEBHOOK, notificationOf(OPENED));
    expect(result).toEqual({ ok: false, permanent: false, reason: 'network_error', retryAfterMs: null });
  });
});

describe('a bot', () => {
  it('posts with its token and says which event it was', async () => {
    const { notifier, calls } = slack(posted);
    const result = await notifier.send(BOT, notificationOf(OPENED));
    expect(result).toEqual({ ok: true, reference: { channel: 'C1', ts: '9.9' } });
    expect(calls[0]?.url).toBe('https://slack.com/api/chat.postMessage');
    expect(calls[0]?.headers.get('authorization')).toBe(`Bearer ${BOT.token}`);
    expect(calls[0]?.body).toMatchObject({
      channel: 'alarm',
      unfurl_links: false,
      metadata: {
        event_type: 'pushwarden_alert',
        event_payload: { event_id: 'alert-147-opened', alert_id: 'A-147' },
      },
    });
    expect(calls[0]?.body).not.toHaveProperty('thread_ts');
  });

  it('worsens in the thread, in front of everybody as it names an account, and updates the first message', async () => {
    const { notifier, calls } = slack(posted, posted);
    await notifier.send(BOT, notificationOf(WORSENED, { parent: PARENT }));
    expect(calls[0]?.body).toMatchObject({ channel: 'C1', thread_ts: '1.2', reply_broadcast: true });
    expect(calls[1]?.url).toBe('https://slack.com/api/chat.update');
    expect(calls[1]?.body).toMatchObject({ channel: 'C1', ts: '1.2' });
    expect(calls).toHaveLength(2);
  });

  it('worsens in the thread alone where no credential is named', async () => {
    const { notifier, calls } = slack(posted, posted);
    const quieter = { ...WORSENED, newFindings: ['no-ci-run' as const] };
    await notifier.send(BOT, notificationOf(quieter, { parent: PARENT }));
    expect(calls[0]?.body).toMatchObject({ thread_ts: '1.2' });
    expect(calls[0]?.body).not.toHaveProperty('reply_broadcast');
  });

  it('answers in the thread of a burst and leaves its message as it is', async () => {
    const { notifier, calls } = slack(posted);
    const sent = await notifier.send(BOT, notificationOf(WORSENED, { thread: PARENT }));
    expect(calls).toHaveLength(1);
    expect(calls[0]?.body).toMatchObject({ thread_ts: '1.2', reply_broadcast: true });
    expect(sent).toEqual({ ok: true, reference: null });
  });

  it('closes in the thread and shrinks the first message', async () => {
    const { notifier, calls } = slack(posted, posted);
    await notifier.send(BOT, notificationOf(CLOSED, { parent: PARENT }));
    expect(calls[0]?.body).toMatchObject({ thread_ts: '1.2' });
    expect(calls[0]?.body).not.toHaveProperty('reply_broadcast');
    expect(calls[1]?.body.blocks).toHaveLength(2);
  });

  it('only updates the first message when somebody has it', async () => {
    const { notifier, calls } = slack(posted);
    expect(await notifier.send(BOT, notificationOf(ACKNOWLEDGED, { parent: PARENT }))).toMatchObject({ ok: true });
    expect(calls.map((call) => call.url)).toEqual(['https://slack.com/api/chat.update']);
  });

  it.each(['message_not_found', 'cant_update_message', 'ratelimited'])(
    'has done its duty when the update after the reply fails with %s',
    async (error) => {
      const { notifier } = slack(posted, refused(error));
      expect(await notifier.send(BOT, notificationOf(WORSENED, { parent: PARENT }))).toMatchObject({ ok: true });
    },
  );

  it('speaks in the channel when the first message is gone', async () => {
    const acknowledged = slack(refused('message_not_found'), posted);
    expect(await acknowledged.notifier.send(BOT, notificationOf(ACKNOWLEDGED, { parent: PARENT }))).toMatchObject({
      ok: true,
    });
    expect(acknowledged.calls[1]?.body.text).toMatch(/^A-147: /);

    const worsened = slack(refused('channel_not_found'), posted, refused('channel_not_found'));
    expect(await worsened.notifier.send(BOT, notificationOf(WORSENED, { parent: PARENT }))).toMatchObject({ ok: true });
    expect(worsened.calls[1]?.body).toMatchObject({ channel: 'alarm' });
    expect(worsened.calls[1]?.body).not.toHaveProperty('thread_ts');
  });

  it.each([
    'channel_not_found',
    'not_in_channel',
    'is_archived',
    'invalid_auth',
    'token_revoked',
    'account_inactive',
    'missing_scope',
  ])('gives up for good on %s', async (reason) => {
    const { notifier, calls } = slack(refused(reason));
    const result = await notifier.send(BOT, notificationOf(OPENED));
    expect(result).toEqual({ ok: false, permanent: true, reason, retryAfterMs: null });
    expect(calls).toHaveLength(1);
  });

  it.each(['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'])(
    'tries again after %s',
    async (reason) => {
      const { notifier } = slack(refused(reason));
      const result = await notifier.send(BOT, notificationOf(OPENED));
      expect(result).toEqual({ ok: false, permanent: false, reason, retryAfterMs: null });
    },
  );

  it.each(['invalid_blocks', 'msg_too_long', 'msg_blocks_too_long'])(
    'posts the text alone on %s, and gives up only if that is refused too',
    async (reason) => {
      const accepted = slack(refused(reason), posted);
      expect(await accepted.notifier.send(BOT, notificationOf(OPENED))).toMatchObject({ ok: true });
      expect(accepted.calls[1]?.body).not.toHaveProperty('blocks');
      const hopeless = slack(refused(reason), refused(reason));
      expect(await hopeless.notifier.send(BOT, notificationOf(OPENED))).toMatchObject({ permanent: true, reason });
    },
  );

  it('repeats no free text of an answer', async () => {
    for (const error of [`bad token ${BOT.token}`, 7, undefined, 'x'.repeat(65)]) {
      const { notifier } = slack(refused(error));
      expect(await notifier.send(BOT, notificationOf(OPENED))).toMatchObject({
        permanent: true,
        reason: 'unknown_error',
      });
    }
  });

  it('is not sent twice because Slack repeats a long message in its answer', async () => {
    const echo = { text: '\\u2026'.repeat(20_000) };
    const { notifier } = slack(() => Response.json({ ok: true, channel: 'C1', ts: '9.9', message: echo }));
    expect(await notifier.send(BOT, notificationOf(OPENED))).toEqual({
      ok: true,
      reference: { channel: 'C1', ts: '9.9' },
    });
  });

  it('with a token that is no header value asks nobody', async () => {
    const { notifier, calls } = slack();
    const result = await notifier.send({ ...BOT, token: 'xoxb-1\r\nx: y' }, notificationOf(OPENED));
    expect(result).toMatchObject({ permanent: true, reason: 'invalid_auth' });
    expect(calls).toEqual([]);
  });
});

describe('the notifier', () => {
  it('is not built for an API that is not https', () => {
    const options = { webhookHosts: [], allowLoopbackHttp: false, fetch };
    expect(() => createSlackNotifier({ ...options, apiUrl: 'http://slack.com/api' })).toThrow(TypeError);
    expect(() => createSlackNotifier({ ...options, apiUrl: 'http://127.0.0.1:1/api' })).toThrow(TypeError);
    const local = { ...options, allowLoopbackHttp: true };
    expect(() => createSlackNotifier({ ...local, apiUrl: 'http://slack.com/api' })).toThrow(TypeError);
    expect(() => createSlackNotifier({ ...local, apiUrl: 'http://127.0.0.1:1/api' })).not.toThrow();
  });
});
