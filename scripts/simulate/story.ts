export type Scene = 'world' | 'release' | 'time' | 'attack' | 'alert' | 'verdict' | 'missing';

export interface TimelineEntry {
  /** Simulated time, ISO 8601. */
  readonly at: string;
  readonly scene: Scene;
  readonly what: string;
}

const MARKS: Readonly<Record<Scene, string>> = {
  world: ' ',
  release: '+',
  time: '~',
  attack: '!',
  alert: '>',
  verdict: '=',
  missing: 'X',
};

/** What happened, in order, told as it happens. */
export class Story {
  readonly entries: TimelineEntry[] = [];
  readonly #now: () => number;
  readonly #print: (line: string) => void;

  /** @param now simulated time, ms since the epoch */
  constructor(now: () => number, print: (line: string) => void) {
    this.#now = now;
    this.#print = print;
  }

  tell(scene: Scene, what: string): void {
    const at = new Date(this.#now()).toISOString();
    this.entries.push({ at, scene, what });
    this.#print(`  ${at.slice(0, 10)} ${at.slice(11, 19)}  ${MARKS[scene]} ${what}`);
  }
}

/** `2 days 3 h`, `15 min`, `40 s`. */
export function duration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), seconds < 2 * 86_400 ? 'day' : 'days'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [Math.floor(seconds % 60), 's'],
  ];
  const said = parts.filter(([amount]) => amount > 0).map(([amount, unit]) => `${amount} ${unit}`);
  return said.slice(0, 2).join(' ') || '0 s';
}
