/** One scheme of a `WWW-Authenticate` header. */
export interface Challenge {
  /** Lower case: `bearer`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_HEADER_LENGTH = 4096;

/**
 * A token (a scheme or a parameter's name), an `=` with its value, or a comma. The quoted form may hold commas, which
 * separate scopes: `scope="repository:a:pull,push"`.
 */
const PIECE = /\s*(?:,|([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?)/y;

/**
 * Reads a `WWW-Authenticate` header, several challenges included. What follows a part that breaks the grammar is
 * ignored. Schemes that use a bare token (`Negotiate abc=`) come without parameters.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
 */
export function parseChallenges(header: string | null): readonly Challenge[] {
  const text = (header ?? '').slice(0, MAX_HEADER_LENGTH);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  PIECE.lastIndex = 0;
  for (let piece = PIECE.exec(text); piece !== null; piece = PIECE.exec(text)) {
    const [, name, quoted, bare] = piece;
    if (name === undefined) continue;
    const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(name.toLowerCase(), value);
  }
  return challenges;
}
