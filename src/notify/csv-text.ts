/**
 * CSV as RFC 4180 writes it, every field in quotes. A spreadsheet takes a field that begins with one of `= + - @`, a tab or
 * a line end for a formula, whoever wrote it: such a field gets an apostrophe before it, and so does what would begin a field
 * if semicolons or tabs were taken for separators.
 * @see https://www.rfc-editor.org/rfc/rfc4180
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function csvField(text: string): string {
  const harmless = text
    .toWellFormed()
    .replaceAll('\0', '\u{FFFD}')
    .replace(/^(?=\s*[=+\-@＝＋－＠]|[\t\r\n])/u, "'")
    .replace(/([;\t\r\n])(?=[\s"]*[=+\-@＝＋－＠])/gu, "$1'");
  return `"${harmless.replaceAll('"', '""')}"`;
}

export function csvLine(fields: readonly string[]): string {
  return `${fields.map(csvField).join(',')}\r\n`;
}
