import type { ChannelTarget, Notification, SendResult } from '../usecases/ports.ts';
import { type PlainMessage, plainMessage } from './plain-message.ts';
import { permanent, transient } from './slack-http.ts';
import { cleanName, cut } from './slack-text.ts';

/** What the Worker's `send_email` binding takes and throws. Plain text only: HTML would be one more thing to get wrong. */
export interface Mailer {
  send(message: {
    readonly to: string;
    readonly from: string;
    readonly subject: string;
    readonly text: string;
    readonly headers?: Record<string, string>;
  }): Promise<unknown>;
}

/** @see https://developers.cloudflare.com/email-service/api/send-emails/workers-api/ */
export interface Emails {
  /** `null`: this installation sends no e-mail. */
  readonly mailer: { readonly binding: Mailer; readonly from: string } | null;
  readonly timeoutMs: number;
}

type EmailTarget = Extract<ChannelTarget, { readonly kind: 'email' }>;

/** Nothing but a change of the channel or of the installation helps. */
const PERMANENT = new Set([
  'E_VALIDATION_ERROR',
  'E_FIELD_MISSING',
  'E_SENDER_NOT_VERIFIED',
  'E_SENDER_DOMAIN_NOT_AVAILABLE',
  'E_RECIPIENT_NOT_ALLOWED',
  'E_RECIPIENT_SUPPRESSED',
]);

export async function sendByEmail(
  { mailer, timeoutMs }: Emails,
  target: EmailTarget,
  notification: Notification,
): Promise<SendResult> {
  if (mailer === null) return permanent('email_not_configured');
  const { subject, text } = emailMessage(plainMessage(notification), notification);
  const headers = { 'X-Pushwarden-Event': notification.eventId };
  try {
    const sent = mailer.binding.send({ to: target.to, from: mailer.from, subject, text, headers });
    return (await inTime(sent, timeoutMs)) ? { ok: true, reference: null } : transient('timeout');
  } catch (error) {
    const code = codeOf(error);
    return PERMANENT.has(code) ? permanent(code.toLowerCase()) : transient(code.toLowerCase());
  }
}

/** The binding knows no time-out of its own. */
function inTime(sent: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    sent.then(() => resolve(true), reject).finally(() => clearTimeout(timer));
  });
}

/** Never the message, which repeats addresses. */
function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^E_[A-Z_]{1,60}$/.test(code) ? code : 'E_UNKNOWN';
}

/**
 * A subject of one line without a control character, so that no name can add a header, and a text in which names make no
 * links: mail programs turn every `https://` into one.
 */
export function emailMessage(
  message: PlainMessage,
  { alertId, link }: Notification,
): { readonly subject: string; readonly text: string } {
  const lines = [
    ...message.lines.map((line) => inert(line, 1000)),
    ...message.facts.flatMap(({ label, value, isCommand = false }) => [
      '',
      `${inert(label, 100)}:`,
      `  ${isCommand ? cut(cleanName(value), 1500) : inert(value, 1500)}`,
    ]),
    ...(message.why.length === 0 ? [] : ['', 'Why:']),
    ...message.why.map(({ title, explanation }) => `- ${inert(title, 100)}. ${inert(explanation, 600)}`),
    '',
    ...(link === null ? [] : [link]),
    inert(message.ids, 400),
  ];
  return {
    subject: cut(cleanName(`${alertId === null ? '' : `[${alertId}] `}${message.title}`), 200),
    text: `${lines.join('\n')}\n`,
  };
}

const inert = (text: string, max: number): string => cut(cleanName(text).replaceAll('://', '[:]//'), max);
