import * as z from 'zod';

/**
 * Requests that Slack sends when somebody presses a button.
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack
 * @see https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
 */

const SIGNATURE = /^v0=([0-9a-f]{64})$/;
/** Slack's own advice: what is older may be a replay. */
export const SLACK_REQUEST_SECONDS = 300;

/**
 * Whether the request is from the app that has this signing secret, and not older than five minutes.
 * @param now ms since the epoch, by a real clock
 */
export async function verifySlackSignature(
  secret: string,
  headers: { readonly signature: string | undefined; readonly timestamp: string | undefined },
  rawBytes: Uint8Array,
  now: number,
): Promise<boolean> {
  const hex = SIGNATURE.exec(headers.signature ?? '')?.[1];
  const timestamp = headers.timestamp ?? '';
  if (secret === '' || hex === undefined || !/^[0-9]{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now / 1000 - Number(timestamp)) > SLACK_REQUEST_SECONDS) return false;
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify']);
  const signature = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  // `verify` compares in constant time.
  return crypto.subtle.verify('HMAC', key, signature, signedBytes(timestamp, rawBytes));
}

function signedBytes(timestamp: string, rawBytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = new TextEncoder().encode(`v0:${timestamp}:`);
  const all = new Uint8Array(start.length + rawBytes.length);
  all.set(start);
  all.set(rawBytes, start.length);
  return all;
}

/** A button, as `src/notify/slack-actions.ts` draws it. */
export type PressedButton =
  | { readonly kind: 'acknowledge'; readonly alert: number }
  | { readonly kind: 'acknowledge-burst'; readonly burst: number }
  /** With how many findings and tags the alert had when the button was drawn. */
  | { readonly kind: 'expected'; readonly alert: number; readonly findings: number; readonly tags: number }
  | { readonly kind: 'snooze'; readonly alert: number; readonly until: '1h' | '4h' | 'tomorrow' }
  | { readonly kind: 'test-seen'; readonly event: string };

export interface Interaction {
  readonly workspace: string;
  readonly user: string;
  /** Chosen by the user: for people to read, nothing is decided by it. */
  readonly userName: string;
  readonly channel: string | null;
  readonly responseUrl: string;
  /** `null`: a button that only opens a page, or none of ours. */
  readonly button: PressedButton | null;
}

const workspace = z.string().regex(/^[TE][A-Z0-9]{2,20}$/);
const payload = z.object({
  type: z.literal('block_actions'),
  user: z.object({
    id: z.string().regex(/^[UW][A-Z0-9]{2,20}$/),
    username: z.string().max(200).optional(),
    name: z.string().max(200).optional(),
    team_id: workspace.optional(),
  }),
  team: z.object({ id: workspace }).nullish(),
  channel: z.object({ id: z.string().max(32) }).nullish(),
  container: z.object({ channel_id: z.string().max(32).optional() }).nullish(),
  response_url: z.string().max(500).default(''),
  actions: z
    .array(
      z.object({
        action_id: z.string().max(255),
        value: z.string().max(2000).optional(),
        selected_option: z.object({ value: z.string().max(150) }).nullish(),
      }),
    )
    .min(1)
    .max(25),
});

/** What an authentic body says; `null`: not an interaction that we know. */
export function parseInteraction(rawBytes: Uint8Array): Interaction | null {
  const form = new URLSearchParams(new TextDecoder().decode(rawBytes));
  const parsed = payload.safeParse(parseJson(form.get('payload') ?? ''));
  if (!parsed.success) return null;
  const { user, team, channel, container, actions, response_url: responseUrl } = parsed.data;
  const from = user.team_id ?? team?.id;
  const [action] = actions;
  if (from === undefined || action === undefined) return null;
  return {
    workspace: from,
    user: user.id,
    userName: user.username ?? user.name ?? '',
    channel: container?.channel_id ?? channel?.id ?? null,
    responseUrl,
    button: buttonOf(action.action_id, action.value ?? action.selected_option?.value ?? ''),
  };
}

function buttonOf(action: string, value: string): PressedButton | null {
  const id = (part: string | undefined): number => Number(part);
  switch (action) {
    case 'alert.acknowledge': {
      const [, alert] = /^A-([0-9]{1,12})$/.exec(value) ?? [];
      return alert === undefined ? null : { kind: 'acknowledge', alert: id(alert) };
    }
    case 'burst.acknowledge': {
      const [, burst] = /^B-([0-9]{1,12})$/.exec(value) ?? [];
      return burst === undefined ? null : { kind: 'acknowledge-burst', burst: id(burst) };
    }
    case 'alert.expected': {
      const [, alert, findings, tags] = /^A-([0-9]{1,12})\/([0-9]{1,4})\/([0-9]{1,4})$/.exec(value) ?? [];
      return alert === undefined
        ? null
        : { kind: 'expected', alert: id(alert), findings: id(findings), tags: id(tags) };
    }
    case 'alert.snooze': {
      const [, alert, until] = /^A-([0-9]{1,12}) (1h|4h|tomorrow)$/.exec(value) ?? [];
      if (alert === undefined || (until !== '1h' && until !== '4h' && until !== 'tomorrow')) return null;
      return { kind: 'snooze', alert: id(alert), until };
    }
    case 'test.seen':
      return /^[a-z0-9-]{1,100}$/.test(value) ? { kind: 'test-seen', event: value } : null;
    default:
      return null;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
