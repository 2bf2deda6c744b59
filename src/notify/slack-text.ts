import { isKnownTime, utcSecond } from './utc.ts';

/**
 * Slack's mrkdwn. Names of tags, accounts and workflows come from others and are hostile: they must not mention people,
 * make links, formatting or emoji, break out of a code span, or turn the text around.
 * @see https://docs.slack.dev/messaging/formatting-message-text
 */

/** Slack's limits, in characters, and elements of a context block. */
export const SLACK_LIMITS = {
  header: 150,
  section: 3000,
  field: 2000,
  fields: 10,
  contextElements: 10,
  buttonText: 75,
  confirmTitle: 100,
  confirmText: 300,
  confirmButton: 30,
  url: 3000,
  blocks: 50,
  /** Notification text. Slack cuts at 40,000; a lock screen long before. */
  text: 1000,
  /**
   * All text of all blocks. Slack documents no such limit, yet refuses with `msg_blocks_too_long`: seen at 11,300
   * characters, never under 9,600 (slackapi/bolt-js#2509, #2867).
   */
  allBlocks: 9000,
} as const;

const LONGEST_NAME = 512;

/** One line without invisible characters: a line break becomes a space; control and direction marks become visible. */
export function cleanName(name: string): string {
  return name
    .toWellFormed()
    .replace(/[\s\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '\u{FFFD}')
    .trim();
}

/** The first characters of a text and `…`, at most `max` UTF-16 units, no character cut in two. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** A name for a headline: over 40 characters, the middle becomes `…`. Not for what has to be copied. */
export function shortName(name: string): string {
  const characters = [...cleanName(name)];
  if (characters.length <= 40) return characters.join('');
  return `${characters.slice(0, 24).join('')}…${characters.slice(-15).join('')}`;
}

/** Slack reads `&`, `<` and `>`; with them escaped nothing can mention `<!channel>` or hide a link. */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Running text with names of others in it: escaped, on one line, and formatting (`*b*`, `_i_`, `~s~`, code, `:emoji:`)
 * replaced by look-alikes, since mrkdwn has no way to escape them. At most `max` characters after escaping.
 */
export function prose(text: string, max: number): string {
  const neutral = cleanName(text)
    .replaceAll('*', '∗')
    .replaceAll('~', '∼')
    .replaceAll('`', 'ˋ')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, 'ˍ')
    .replace(/:(?=[^\s:./]+:)/g, '∶');
  return escapeWithin(neutral, max);
}

/** A name, digest or command in a code span, where only a backtick and the escapes mean anything. */
export function code(name: string, max = LONGEST_NAME): string {
  const clean = cleanName(name).replaceAll('`', 'ˋ');
  return `\`${clean === '' ? '(no name)' : escapeWithin(clean, max)}\``;
}

// `slack:` and a name that may be anything, then the id that we put there.
const SLACK_PERSON = /^slack:.*\(([UW][A-Z0-9]{2,20})\)$/su;

/** Who did something: a mention of whoever pressed a button in Slack, else the name as it is. */
export function person(by: string): string {
  const id = SLACK_PERSON.exec(by)?.[1];
  return id === undefined ? code(by, 200) : `<@${id}>`;
}

/** A command in a block of its own, easy to copy. */
export function codeBlock(command: string): string {
  return `\`\`\`\n${escapeMrkdwn(cleanName(command).replaceAll('`', 'ˋ'))}\n\`\`\``;
}

/** Escapes, and cuts so that the escaped text keeps to `max` without splitting an entity. */
function escapeWithin(text: string, max: number): string {
  const escaped = escapeMrkdwn(text);
  if (escaped.length <= max) return escaped;
  let kept = '';
  for (const character of text) {
    const next = escapeMrkdwn(character);
    if (kept.length + next.length > max - 1) break;
    kept += next;
  }
  return `${kept}…`;
}

/** A time in the reader's own zone; where Slack cannot tell it, in UTC. */
export function slackDate(ms: number): string {
  const fallback = utcSecond(ms);
  if (!isKnownTime(ms)) return fallback;
  return `<!date^${Math.floor(ms / 1000)}^{date_short_pretty} {time_secs}|${fallback}>`;
}

/** A link with our own label; the bare label if the address is not one Slack takes. */
export function link(url: string, label: string): string {
  const address = webAddress(url);
  return address === null
    ? escapeMrkdwn(label)
    : `<${escapeMrkdwn(address.replaceAll('|', '%7C'))}|${escapeMrkdwn(label)}>`;
}

/** The address as Slack takes it, or `null` if it is not http(s) or too long. */
export function webAddress(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return (protocol === 'https:' || protocol === 'http:') && href.length <= SLACK_LIMITS.url ? href : null;
}

/**
 * The last resort for a text that is too long after all: whole lines go first, then the end of the line, never half of
 * an entity, a `<…>` or a code span.
 */
export function cutMrkdwn(text: string, max: number): string {
  if (text.length <= max) return text;
  const lines = text.split('\n');
  while (lines.length > 1 && lines.join('\n').length > max - 2) lines.pop();
  const kept = lines.join('\n');
  if (kept.length <= max - 2) return `${kept}\n…`;
  const whole = cut(kept, max - 1)
    .slice(0, -1)
    .replace(/(?:&[a-z]*|<[^>]*)$/, '');
  return whole.split('`').length % 2 === 0 ? `${whole}\`…` : `${whole}…`;
}
