import { type CharacterSet, InvalidPattern, LINE_ENDS, type Node, parsePattern } from './pattern-syntax.ts';

/**
 * Patterns over the identities of signers (`subjectRegExp`). They are matched here, in time linear in the identity:
 * whoever pushes an image chooses the identity that is compared, and a user's expression never runs in the engine's own
 * matcher.
 */

/** Of the automaton, counted repeats written out. */
const MAX_STATES = 2000;

type State =
  | { readonly kind: 'set'; readonly set: CharacterSet; readonly next: number }
  | { readonly kind: 'split'; readonly next: readonly number[] }
  | { readonly kind: 'end' };

/** Thompson's construction: states in an array, each named by its place. */
class Automaton {
  readonly #states: State[] = [{ kind: 'end' }];
  readonly #start: number;

  constructor(node: Node) {
    this.#start = this.#compile(node, 0);
  }

  #add(state: State): number {
    if (this.#states.length >= MAX_STATES) throw new InvalidPattern('it is too large: its counts multiply');
    return this.#states.push(state) - 1;
  }

  #compile(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.#add({ kind: 'set', set: node, next });
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case 'choice':
        return this.#add({ kind: 'split', next: node.options.map((option) => this.#compile(option, next)) });
      case 'repeat':
        return this.#compileRepeat(node, next);
    }
  }

  #compileRepeat({ of, min, max }: Node & { kind: 'repeat' }, next: number): number {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      start = this.#add({ kind: 'end' }); // its place is known before what it leads to
      this.#states[start] = { kind: 'split', next: [this.#compile(of, start), next] };
    } else {
      for (let n = min; n < max; n += 1) start = this.#add({ kind: 'split', next: [this.#compile(of, start), next] });
    }
    for (let n = 0; n < min; n += 1) start = this.#compile(of, start);
    return start;
  }

  /** Looks at each character once, with at most all states at a time. */
  matches(text: string): boolean {
    let at = this.#closure([this.#start]);
    for (const char of text) {
      const point = char.codePointAt(0) ?? 0;
      const next: number[] = [];
      for (const place of at) {
        const state = this.#states[place];
        if (state?.kind === 'set' && has(state.set, point)) next.push(state.next);
      }
      if (next.length === 0) return false;
      at = this.#closure(next);
    }
    return [...at].some((place) => this.#states[place]?.kind === 'end');
  }

  #closure(places: number[]): Set<number> {
    const reached = new Set<number>();
    const open = [...places];
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      if (reached.has(place)) continue;
      reached.add(place);
      const state = this.#states[place];
      if (state?.kind === 'split') open.push(...state.next);
    }
    return reached;
  }
}

function has({ ranges, negated }: CharacterSet, point: number): boolean {
  return ranges.some(([from, to]) => point >= from && point <= to) !== negated;
}

/** Why the pattern cannot be used, to follow "subjectRegExp: "; `null` if it can. */
export function patternProblem(pattern: string): string | null {
  try {
    new Automaton(parsePattern(pattern));
    return null;
  } catch (error) {
    if (error instanceof InvalidPattern) return error.message;
    throw error;
  }
}

/**
 * Whether the whole text is what the pattern says. Steps: at most length of the text times size of the pattern.
 * @throws InvalidPattern
 */
export function matchesPattern(pattern: string, text: string): boolean {
  return new Automaton(parsePattern(pattern)).matches(text);
}

/** The characters with which all that the pattern matches begins. A `.` counts as the dot that was probably meant. */
export function patternStart(pattern: string): string {
  const node = parsePattern(pattern);
  let start = '';
  for (const part of node.kind === 'sequence' ? node.parts : [node]) {
    if (part.kind !== 'set') break;
    const [[from, to] = [0, -1], ...others] = part.ranges;
    const isDot = part.ranges === LINE_ENDS;
    if (!isDot && (part.negated || from !== to || others.length > 0)) break;
    start += isDot ? '.' : String.fromCodePoint(from);
  }
  return start;
}

/** A pattern that matches these texts and nothing but these, to build larger ones from. */
export function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
