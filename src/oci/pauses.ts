/** A registry that names a longer time is asked again after this one, in ms: it must not blind us for hours. */
const LONGEST_MS = 15 * 60_000;

/**
 * Registries that answered 429 with `Retry-After`, and until when they are left alone. One per isolate.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export class RegistryPauses {
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  /** @param now time in ms since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Remembers what a 429 asked for: seconds, or a date. */
  note(registry: string, headers: Headers): void {
    const text = headers.get('retry-after')?.trim() ?? '';
    const now = this.#now();
    const asked = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
    if (asked > 0) this.#until.set(registry, now + Math.min(asked, LONGEST_MS));
  }

  /** Until when the registry wants no requests (ms since the epoch); `null`: it may be asked. */
  until(registry: string): number | null {
    const until = this.#until.get(registry);
    if (until === undefined || until > this.#now()) return until ?? null;
    this.#until.delete(registry);
    return null;
  }
}
