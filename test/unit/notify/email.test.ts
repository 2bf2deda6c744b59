import { describe, expect, it } from 'vitest';
import { sendByEmail } from '../../../src/notify/email.ts';
import { alertFacts, notificationOf } from '../../fixtures/notifications.ts';

const OPENED = notificationOf({ kind: 'opened', alert: alertFacts() });
const TARGET = { kind: 'email', to: 'oncall@example.org' } as const;

const failing = (error: unknown) =>
  sendByEmail(
    { mailer: { binding: { send: () => Promise.reject(error) }, from: 'p@example.org' }, timeoutMs: 1000 },
    TARGET,
    OPENED,
  );

describe('an e-mail', () => {
  it.each([
    ['E_SENDER_NOT_VERIFIED', true],
    ['E_RECIPIENT_NOT_ALLOWED', true],
    ['E_RECIPIENT_SUPPRESSED', true],
    ['E_RATE_LIMIT_EXCEEDED', false],
    ['E_DAILY_LIMIT_EXCEEDED', false],
    ['E_INTERNAL_SERVER_ERROR', false],
  ])('that is refused with %s is given up: %s', async (code, permanent) => {
    const error = Object.assign(new Error('oncall@example.org is secret'), { code });
    expect(await failing(error)).toEqual({ ok: false, permanent, reason: code.toLowerCase(), retryAfterMs: null });
  });

  it.each([new Error('secret'), 'secret', null, { code: 'secret words' }])(
    'that fails with %j repeats nothing of it',
    async (error) => {
      expect(await failing(error)).toEqual({ ok: false, permanent: false, reason: 'e_unknown', retryAfterMs: null });
    },
  );

  it('that is not taken in time may be tried again', async () => {
    const binding = { send: () => new Promise<void>(() => undefined) };
    const sent = await sendByEmail({ mailer: { binding, from: 'p@example.org' }, timeoutMs: 20 }, TARGET, OPENED);
    expect(sent).toMatchObject({ ok: false, permanent: false, reason: 'timeout' });
  });

  it('is not sent where none is configured', async () => {
    const sent = await sendByEmail({ mailer: null, timeoutMs: 20 }, TARGET, OPENED);
    expect(sent).toMatchObject({ ok: false, permanent: true, reason: 'email_not_configured' });
  });
});
