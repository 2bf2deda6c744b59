/** A figure with its target. `exact` ones are the same on every machine: missing one fails the run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** `null`: shown for comparison only. */
  readonly target: string | null;
  readonly met: boolean | null;
  readonly exact: boolean;
}

type Limit = { readonly atMost: number } | { readonly atLeast: number } | { readonly equals: number };

/** Collects the figures of a run and prints each as it comes. */
export class Figures {
  readonly all: Figure[] = [];

  /** A heading, or a sentence on how something was measured. */
  note(text: string): void {
    console.log(text);
  }

  /** A figure that must hold on every machine. */
  exact(name: string, value: number, unit: string, limit: Limit): void {
    this.#add({ name, value, unit, target: describe(limit), met: isMet(value, limit), exact: true });
  }

  /** A time or a ratio of times: machines are noisy, so it is shown and fails nothing. */
  timing(name: string, value: number, unit: string, limit: Limit): void {
    this.#add({ name, value, unit, target: describe(limit), met: isMet(value, limit), exact: false });
  }

  /** For comparison, without a target. */
  shown(name: string, value: number, unit: string): void {
    this.#add({ name, value, unit, target: null, met: null, exact: false });
  }

  /** The whole run as one JSON object: `{name: {value, unit, target, met, exact}}`. */
  json(): string {
    return JSON.stringify(Object.fromEntries(this.all.map(({ name, ...figure }) => [name, figure])));
  }

  #add(figure: Figure): void {
    this.all.push(figure);
    const { name, value, unit, target, met } = figure;
    const verdict = met === null ? '' : met ? '  met' : '  MISSED';
    const wanted = target === null ? '' : `  (target ${target})`;
    console.log(`  ${name.padEnd(58)} ${rounded(value).padStart(9)} ${unit}${wanted}${verdict}`);
  }
}

function isMet(value: number, limit: Limit): boolean {
  if ('equals' in limit) return value === limit.equals;
  return 'atMost' in limit ? value <= limit.atMost : value >= limit.atLeast;
}

function describe(limit: Limit): string {
  if ('equals' in limit) return String(limit.equals);
  return 'atMost' in limit ? `<= ${limit.atMost}` : `>= ${limit.atLeast}`;
}

function rounded(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** The value below which `share` (0 to 1) of the values lie. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);
