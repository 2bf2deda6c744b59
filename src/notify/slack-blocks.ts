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

/** A button whose press comes to `/slack/interactions`. It carries an id, never a fact. */
export interface ActionButton {
  readonly type: 'button';
  readonly text: PlainText;
  readonly action_id: string;
  readonly value: string;
  readonly style?: 'primary';
  readonly confirm?: {
    readonly title: PlainText;
    readonly text: PlainText;
    readonly confirm: PlainText;
    readonly deny: PlainText;
  };
}

export interface ActionMenu {
  readonly type: 'static_select';
  readonly placeholder: PlainText;
  readonly action_id: string;
  readonly options: readonly { readonly text: PlainText; readonly value: string }[];
}

export type ActionElement = LinkButton | ActionButton | ActionMenu;

export type SlackBlock =
  | { readonly type: 'header'; readonly text: PlainText }
  | { readonly type: 'section'; readonly text: Mrkdwn }
  | { readonly type: 'section'; readonly fields: readonly Mrkdwn[] }
  | { readonly type: 'actions'; readonly elements: readonly ActionElement[] }
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

interface Link {
  readonly label: string;
  readonly url: string | null;
}

/** Buttons that open a page, and do nothing else. No block if no address is one. */
export function linkButtons(links: readonly Link[]): SlackBlock[] {
  return actions([], links);
}

/** Buttons that do something, then those that open a page. */
export function actions(elements: readonly ActionElement[], links: readonly Link[]): SlackBlock[] {
  const pages = links.flatMap(({ label, url }, index): LinkButton[] => {
    const address = url === null ? null : webAddress(url);
    if (address === null) return [];
    return [{ type: 'button', text: plain(label, SLACK_LIMITS.buttonText), action_id: `open.${index}`, url: address }];
  });
  const all = [...elements, ...pages];
  return all.length === 0 ? [] : [{ type: 'actions', elements: all }];
}

export function actionButton(
  label: string,
  action: string,
  value: string,
  more: {
    readonly primary?: boolean;
    readonly confirm?: { readonly title: string; readonly text: string; readonly yes: string };
  } = {},
): ActionButton {
  const { primary = false, confirm } = more;
  return {
    type: 'button',
    text: plain(label, SLACK_LIMITS.buttonText),
    action_id: action,
    value,
    ...(primary ? { style: 'primary' } : {}),
    ...(confirm === undefined
      ? {}
      : {
          confirm: {
            title: plain(confirm.title, SLACK_LIMITS.confirmTitle),
            text: plain(confirm.text, SLACK_LIMITS.confirmText),
            confirm: plain(confirm.yes, SLACK_LIMITS.confirmButton),
            deny: plain('Cancel', SLACK_LIMITS.confirmButton),
          },
        }),
  };
}

export function actionMenu(label: string, action: string, options: readonly (readonly [string, string])[]): ActionMenu {
  return {
    type: 'static_select',
    placeholder: plain(label, SLACK_LIMITS.buttonText),
    action_id: action,
    options: options.map(([text, value]) => ({ text: plain(text, SLACK_LIMITS.buttonText), value })),
  };
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
      return block.elements.flatMap(textsOfElement);
    case 'context':
      return block.elements.map((element) => element.text);
  }
}

function textsOfElement(element: ActionElement): string[] {
  if (element.type === 'static_select')
    return [element.placeholder.text, ...element.options.map(({ text }) => text.text)];
  const confirm = 'confirm' in element ? element.confirm : undefined;
  return [element.text.text, ...(confirm === undefined ? [] : [confirm.title.text, confirm.text.text])];
}
