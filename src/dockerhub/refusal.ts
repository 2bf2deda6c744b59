import * as z from 'zod';
import type { AccountAnswer } from '../usecases/registry-accounts.ts';
import { parseJson } from './http.ts';
import { retryAt } from './wait.ts';

/** Another status than 200. */
export interface Refused {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string | null;
}

/** Most characters of the server's message that are passed on. */
const MESSAGE_LENGTH = 200;

const text = z.string().catch('');
const messageSchema = z.object({ message: text, detail: text, text });

/**
 * Docker documents that answers "may vary depending on your plan", not how. 402 says it by itself; a 400 or 403 only if
 * its message speaks of a plan that one has or needs. Anything else is a matter of permissions: telling somebody to pay
 * who only needs to ask an owner is worse than the reverse, since the message is passed on either way.
 */
const SPEAKS_OF_PLANS =
  /\b(?:your|this|current|pro|team|business|paid|personal|free)\b[^.]{0,40}\bplans?\b|\bsubscriptions?\b|\bupgrade\b[^.]{0,40}\b(?:plan|account|organization)\b/i;

/**
 * What a status means. `reason` has the server's message, cleaned, unless it holds one of `secrets` or what looks like
 * a token.
 * @param now ms since the epoch
 */
export function refusal({ status, headers, body }: Refused, secrets: readonly string[], now: number) {
  const message = messageOf(body, secrets);
  const reason = (what = '') => `Docker Hub answered ${status}${what}${message === '' ? '' : `: ${message}`}`;
  if (status === 429) {
    const at = retryAt(headers, now);
    return { kind: 'later', at, reason: reason(' (rate limit)') } satisfies AccountAnswer<never>;
  }
  return { kind: kindOf(status, message), reason: reason(remark(status)) } satisfies AccountAnswer<never>;
}

function kindOf(status: number, message: string): 'signed-out' | 'not-on-plan' | 'forbidden' | 'unavailable' {
  if (status === 401) return 'signed-out';
  if (status === 402) return 'not-on-plan';
  if ((status === 400 || status === 403) && SPEAKS_OF_PLANS.test(message)) return 'not-on-plan';
  return status === 403 || status === 404 ? 'forbidden' : 'unavailable';
}

function remark(status: number): string {
  if (status === 0 || (status >= 300 && status < 400)) return ' (a redirect, which is never followed)';
  return status >= 500 ? ' (trouble of its own)' : '';
}

/** Empty if there is none that may be shown. */
function messageOf(body: string | null, secrets: readonly string[]): string {
  const parsed = messageSchema.safeParse(parseJson(body ?? ''));
  if (!parsed.success) return '';
  const { message, detail, text } = parsed.data;
  const told = message || detail || text;
  return isSecretive(told, secrets) ? '' : clean(told);
}

/** Whether a server that repeats what it was sent repeats a secret: then nothing of it is shown, no part and no hint. */
function isSecretive(told: string, secrets: readonly string[]): boolean {
  const low = told.toLowerCase();
  const repeats = secrets.some((secret) => secret !== '' && low.includes(secret.toLowerCase()));
  // Tokens of Docker's, and JSON Web Tokens.
  return repeats || /dckr_|eyJ[\w-]/i.test(told);
}

/** One line, at most 200 characters. */
export function clean(told: string): string {
  const line = told
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .toWellFormed();
  return line.length > MESSAGE_LENGTH ? `${line.slice(0, MESSAGE_LENGTH - 1).toWellFormed()}…` : line;
}
