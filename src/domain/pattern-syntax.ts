/**
 * The form of patterns over the identities of signers (`subjectRegExp`): regular expressions, anchored at both ends,
 * without what can take exponential time or means something else in another engine.
 */

/** Why a pattern was refused, in words for the person who wrote it. */
export class InvalidPattern extends Error {
  override readonly name = 'InvalidPattern';
}

/** Code points, both ends included. */
type Range = readonly [from: number, to: number];

export interface CharacterSet {
  readonly kind: 'set';
  readonly ranges: readonly Range[];
  readonly negated: boolean;
}

export type Node =
  | CharacterSet
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'choice'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly of: Node; readonly min: number; readonly max: number };

const MAX_LENGTH = 512;
const MAX_DEPTH = 10;
const MAX_COUNT = 255;

const DIGITS: readonly Range[] = [[0x30, 0x39]];
const WORD: readonly Range[] = [...DIGITS, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
/** What `.` does not match. */
export const LINE_ENDS: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const ESCAPABLE = new Set('^$\\.*+?()[]{}|/');

const literal = (char: string): Node => {
  const at = char.codePointAt(0) ?? 0;
  return { kind: 'set', ranges: [[at, at]], negated: false };
};

class Parser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    if (pattern.length > MAX_LENGTH) throw new InvalidPattern(`it is longer than ${MAX_LENGTH} characters`);
    if (!pattern.isWellFormed()) throw new InvalidPattern('it has half a character in it');
    if (!pattern.startsWith('^') || !/(?<!\\)(?:\\\\)*\$$/.test(pattern))
      throw new InvalidPattern('it is not anchored: it has to begin with ^ and to end with $');
    this.#chars = [...pattern.slice(1, -1)];
  }

  parse(): Node {
    const node = this.#choice();
    if (this.#peek() !== undefined) throw new InvalidPattern('it closes a group that it did not open');
    if (node.kind === 'choice')
      throw new InvalidPattern('^a|b$ is read in different ways: put the alternatives in a group, ^(?:a|b)$');
    if (node.kind === 'sequence' && node.parts.length === 0) throw new InvalidPattern('it matches no identity');
    return node;
  }

  #peek(ahead = 0): string | undefined {
    return this.#chars[this.#at + ahead];
  }

  #next(): string {
    const char = this.#peek();
    if (char === undefined) throw new InvalidPattern('it ends in the middle of something');
    this.#at += 1;
    return char;
  }

  #choice(): Node {
    const options = [this.#sequence()];
    while (this.#peek() === '|') {
      this.#at += 1;
      options.push(this.#sequence());
    }
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: 'choice', options };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let char = this.#peek(); char !== undefined && char !== '|' && char !== ')'; char = this.#peek()) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: 'sequence', parts };
  }

  #atom(): Node {
    const char = this.#next();
    switch (char) {
      case '.':
        return { kind: 'set', ranges: LINE_ENDS, negated: true };
      case '[':
        return this.#characterClass();
      case '(':
        return this.#group();
      case '\\':
        return this.#escape(false);
      case '^':
      case '$':
        throw new InvalidPattern(`it has ${char} in its middle, where it can never match`);
      case '*':
      case '+':
      case '?':
      case '{':
        throw new InvalidPattern(`it has ${char} where there is nothing to repeat; as a character it is \\${char}`);
      case '}':
      case ']':
        throw new InvalidPattern(`it has ${char} alone; as a character it is \\${char}`);
      default:
        return literal(char);
    }
  }

  #group(): Node {
    if (this.#peek() === '?') {
      if (this.#peek(1) !== ':')
        throw new InvalidPattern('of groups it may only have (…) and (?:…): no look-around, no names, no flags');
      this.#at += 2;
    }
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new InvalidPattern(`its groups are nested deeper than ${MAX_DEPTH}`);
    const inner = this.#choice();
    this.#depth -= 1;
    if (this.#peek() !== ')') throw new InvalidPattern('it opens a group and does not close it');
    this.#at += 1;
    return inner;
  }

  #escape(inClass: boolean): CharacterSet {
    const char = this.#next();
    const set = (ranges: readonly Range[], negated: boolean) => ({ kind: 'set', ranges, negated }) as const;
    if (char === 'd' || char === 'D') return set(DIGITS, char === 'D');
    if (char === 'w' || char === 'W') return set(WORD, char === 'W');
    const at = char.codePointAt(0) ?? 0;
    if (ESCAPABLE.has(char) || (inClass && char === '-')) return set([[at, at]], false);
    if (/[1-9k]/.test(char)) throw new InvalidPattern('it refers back to a group, which can take exponential time');
    throw new InvalidPattern(`it has \\${char}, which is not supported: only \\d, \\w and escaped punctuation are`);
  }

  #characterClass(): Node {
    const negated = this.#peek() === '^';
    if (negated) this.#at += 1;
    const ranges: Range[] = [];
    while (this.#peek() !== ']') {
      const from = this.#classAtom();
      if (this.#peek() !== '-' || this.#peek(1) === ']') {
        ranges.push(...from);
        continue;
      }
      this.#at += 1;
      const to = this.#classAtom();
      const [[first, alsoFirst] = [0, -1]] = from;
      const [[last, alsoLast] = [0, -1]] = to;
      const isRange = from.length === 1 && to.length === 1 && first === alsoFirst && last === alsoLast;
      if (!isRange || first > last) throw new InvalidPattern('it has a range of characters that is none');
      ranges.push([first, last]);
    }
    this.#at += 1;
    if (ranges.length === 0) throw new InvalidPattern('it has empty square brackets');
    return { kind: 'set', ranges, negated };
  }

  #classAtom(): readonly Range[] {
    const char = this.#next();
    if (char === '[') throw new InvalidPattern('it has [ within square brackets; as a character it is \\[');
    if (char !== '\\') {
      const at = char.codePointAt(0) ?? 0;
      return [[at, at]];
    }
    const { ranges, negated } = this.#escape(true);
    if (negated) throw new InvalidPattern('it has \\D or \\W within square brackets, which is not supported');
    return ranges;
  }

  #repeated(atom: Node): Node {
    const count = this.#quantifier();
    if (count === null) return atom;
    // Greedy or not, the whole identity has to match.
    if (this.#peek() === '?') this.#at += 1;
    if (/[*+?{]/.test(this.#peek() ?? '')) throw new InvalidPattern('it repeats a repetition');
    const { min, max } = count;
    if (max > 1 && !isPlain(atom) && !isDelimited(atom))
      throw new InvalidPattern(
        'it repeats a group whose parts can overlap, as (a+)+ does, which can take exponential time',
      );
    return { kind: 'repeat', of: atom, min, max };
  }

  #quantifier(): { readonly min: number; readonly max: number } | null {
    const many = Number.POSITIVE_INFINITY;
    const simple = { '*': { min: 0, max: many }, '+': { min: 1, max: many }, '?': { min: 0, max: 1 } };
    const char = this.#peek();
    if (char === '*' || char === '+' || char === '?') {
      this.#at += 1;
      return simple[char];
    }
    if (char !== '{') return null;
    const text = this.#chars.slice(this.#at, this.#at + 9).join('');
    const [all = '', from = '', comma, to = ''] = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(text) ?? [];
    const min = Number(from);
    const max = comma === undefined ? min : to === '' ? many : Number(to);
    if (all === '' || min > max || min > MAX_COUNT || (max > MAX_COUNT && max !== many))
      throw new InvalidPattern(`it has a count that is none, or one above ${MAX_COUNT}`);
    this.#at += all.length;
    return { min, max };
  }
}

/** Whether there is one way only to match it. */
function isPlain(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return true;
    case 'sequence':
      return node.parts.every(isPlain);
    case 'choice':
    case 'repeat':
      return false;
  }
}

/** As `\.\d+` and `[^/]+/`: a character that is nowhere else in it tells where each repetition begins or ends. */
function isDelimited(node: Node): boolean {
  if (node.kind !== 'sequence') return false;
  const simple = node.parts.every((part) => isPlain(part) || (part.kind === 'repeat' && part.of.kind === 'set'));
  const delimits = (at: number): boolean => {
    const end = node.parts.at(at);
    return (
      end?.kind === 'set' &&
      setsOf({ ...node, parts: node.parts.filter((part) => part !== end) }).every((set) => isDisjoint(set, end))
    );
  };
  return simple && (delimits(0) || delimits(-1));
}

function setsOf(node: Node): CharacterSet[] {
  switch (node.kind) {
    case 'set':
      return [node];
    case 'sequence':
      return node.parts.flatMap(setsOf);
    case 'choice':
      return node.options.flatMap(setsOf);
    case 'repeat':
      return setsOf(node.of);
  }
}

/** Two sets that leave something out each have something in common: there are more characters than anyone names. */
function isDisjoint(a: CharacterSet, b: CharacterSet): boolean {
  if (a.negated) return !b.negated && isDisjoint(b, a);
  const isIn = ([from, to]: Range, { ranges }: CharacterSet) =>
    ranges.some(([first, last]) => first <= from && to <= last);
  const meets = ([from, to]: Range, { ranges }: CharacterSet) =>
    ranges.some(([first, last]) => first <= to && from <= last);
  return a.ranges.every((range) => (b.negated ? isIn(range, b) : !meets(range, b)));
}

/**
 * Reads `^…$`.
 * @throws InvalidPattern
 */
export function parsePattern(pattern: string): Node {
  return new Parser(pattern).parse();
}
