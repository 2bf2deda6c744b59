import { cut, cutMrkdwn, prose, SLACK_LIMITS, webAddress } from './slack-text.ts';

/**
 * The few Block Kit blocks that are used, built within Slack's limits.
 * @see https://docs.slack.dev/reference/block-kit/blocks
 */

interface PlainText {
  readonly type: 'plain_text';
  readonly text: string;
  /** False: a name like `:white_check_mark:` stays text. */
  readonly emoji: false;
}

interface Mrkdwn {
  readonly type: 'mrkdwn';
  readonly text: string;
  /** True: Slack makes no links, mentions or channels out of plain names and addresses. */
  readonly verbatim: true;
}

export interface LinkButton {
  readonly type: 'button';
  readonly text: PlainText;
  readonly action_id: string;
  readonly url: string;
}

export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'section'; readonly fields: readonly Mrkdwn[] }
  | { readonly type: 'actions'; readonly elements: readonly LinkButton[] }
  | { readonly type: 'context'; readonly elements: readonly Mrkdwn[] };

/** `text` is what a lock screen shows; it is enough alone. */
export interface SlackMessage {
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
}

const mrkdwn = (text: string, max: number): Mrkdwn => ({ type: 'mrkdwn', text: cutMrkdwn(text, max), verbatim: true });
const plain = (text: string, max: number): PlainText => ({ type: 'plain_text', text: cut(text, max), emoji: false });

/** A headline. Plain text: nothing in it is escaped, and nothing in it is read as markup. */
export function header(text: string): SlackBlock {
  return { type: 'header', text: plain(text, SLACK_LIMITS.header) };
}

export function section(text: string): SlackBlock {
  return { type: 'section', text: mrkdwn(text, SLACK_LIMITS.section) };
}

/** Short facts in two columns. */
export function fields(texts: readonly string[]): SlackBlock {
  return {
    type: 'section',
    fields: texts.slice(0, SLACK_LIMITS.fields).map((text) => mrkdwn(text, SLACK_LIMITS.field)),
  };
}

/** Buttons that open a page, and do nothing else. No block if no address is one. */
export function linkButtons(links: readonly { readonly label: string; readonly url: string | null }[]): SlackBlock[] {
  const elements = links.flatMap(({ label, url }, index): LinkButton[] => {
    const address = url === null ? null : webAddress(url);
    if (address === null) return [];
    return [{ type: 'button', text: plain(label, SLACK_LIMITS.buttonText), action_id: `open.${index}`, url: address }];
  });
  return elements.length === 0 ? [] : [{ type: 'actions', elements }];
}

/** Small print. */
export function context(texts: readonly (string | null)[]): SlackBlock {
  const present = texts.filter((text) => text !== null);
  return {
    type: 'context',
    elements: present.slice(0, SLACK_LIMITS.contextElements).map((text) => mrkdwn(text, SLACK_LIMITS.field)),
  };
}

/** Notification text from plain text: Slack reads mrkdwn here too, so it is neutralised. Only `head` is ever cut. */
export function notificationText(head: string, tail = ''): string {
  const end = tail === '' ? '' : ` ${prose(tail, SLACK_LIMITS.text / 2)}`;
  return prose(head, SLACK_LIMITS.text - end.length) + end;
}

/** Characters in all texts of all blocks, which Slack limits as a whole. */
export function blocksLength(blocks: readonly SlackBlock[]): number {
  return blocks.reduce((sum, block) => sum + textsOf(block).reduce((length, text) => length + text.length, 0), 0);
}

function textsOf(block: SlackBlock): string[] {
  switch (block.type) {
    case 'header':
      return [block.text.text];
    case 'section':
      return 'text' in block ? [block.text.text] : block.fields.map((field) => field.text);
    case 'actions':
      return block.elements.map((button) => button.text.text);
    case 'context':
      return block.elements.map((element) => element.text);
  }
}
