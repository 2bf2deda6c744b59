import { cleanName, cut } from './slack-text.ts';

/**
 * Markdown (CommonMark with GitHub's tables). Names of tags, accounts and tokens are strangers': they stand in code spans
 * alone, where nothing is a link, HTML, a mention, an issue or an emoji, and no character can end the span or the cell.
 * @see https://github.github.com/gfm/#code-spans
 * @see https://github.github.com/gfm/#tables-extension-
 */

const LONGEST_NAME = 512;

/** A name, digest or command. A cell is cut at pipes before code spans are seen, so a pipe becomes a look-alike. */
export function mdCode(name: string): string {
  const clean = cut(cleanName(name), LONGEST_NAME).replaceAll('`', 'ˋ').replaceAll('|', '∣');
  return clean === '' ? '(no name)' : `\`${clean}\``;
}

/** A command in a block of its own, easy to copy. */
export function mdBlock(command: string): string {
  return `\`\`\`sh\n${cleanName(command).replaceAll('`', 'ˋ')}\n\`\`\``;
}

/** A table; cells are Markdown already, and hold no bare pipe. */
export function mdTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
