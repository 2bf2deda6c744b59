import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const KEPT_LINES = 200;

/** wrangler's own lines: every request, and its own start. */
const NOISE = /^\[wrangler:info\] |^⎔ |^\s*$/u;

/**
 * What `wrangler dev` writes. The Worker's log lines are passed on once it is ready; the last lines are kept to explain
 * a failure. wrangler logs the path of each request, and the path of a webhook or of a sign-in link is its secret: it is cut out.
 */
export class WorkerOutput {
  readonly #onLog: ((line: string) => void) | undefined;
  readonly #lines: string[] = [];
  #ready = false;

  constructor(onLog: ((line: string) => void) | undefined) {
    this.#onLog = onLog;
  }

  follow(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
  }

  /** The last lines, newest at the end. */
  tail(): string {
    return this.#lines.join('\n');
  }

  #take(raw: string): void {
    const line = raw.replace(/(\/webhooks\/[a-z]+\/|\/signin\/link\/)[^\s/?]+/g, '$1…');
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (line.includes('] Ready on http')) this.#ready = true;
    else if (this.#ready && !NOISE.test(line)) this.#onLog?.(line);
  }
}
