import type { Services } from '../compose.ts';
import { hashSecret } from '../secrets.ts';
import type { HookRecord } from '../store/hooks.ts';
import { type HubKey, importHubKey } from '../webhooks/signature.ts';

/** A hook with its HMAC keys ready for use. */
export interface LiveHook {
  readonly hook: HookRecord;
  readonly keys: readonly { readonly key: HubKey; readonly expiresAt: number | null }[];
}

/** A rotated or deleted hook is forgotten by every isolate within this time, in ms. */
const KEEP_MS = 10_000;
const MAX_HOOKS = 500;

/**
 * Hooks by secret or public id, kept for a few seconds: a burst of webhooks then costs one D1 round trip each, not two.
 * Only hits are kept, so that guesses fill nothing.
 */
export class HookCache {
  readonly #services: Services;
  readonly #live = new Map<string, { hook: LiveHook; until: number }>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** The hook of a path secret. The secret is hashed first: a look-up tells a guesser nothing by its time. */
  async bySecret(secret: string): Promise<LiveHook | null> {
    const hash = await hashSecret(secret);
    return this.#find(`s${String.fromCharCode(...hash)}`, (now) => this.#services.hooks.bySecret(hash, now));
  }

  async byPublicId(publicId: string): Promise<LiveHook | null> {
    return this.#find(`p${publicId.slice(0, 64)}`, (now) => this.#services.hooks.byPublicId(publicId, now));
  }

  /** Forgets everything: a hook was changed. */
  clear(): void {
    this.#live.clear();
  }

  async #find(key: string, read: (now: number) => Promise<HookRecord | null>): Promise<LiveHook | null> {
    const now = this.#services.clock.now();
    const known = this.#live.get(key);
    if (known !== undefined && Math.abs(known.until - now) <= KEEP_MS && known.until > now) return known.hook;
    const hook = await read(now);
    if (hook === null) return null;
    const live = { hook, keys: await this.#keysOf(hook) };
    if (this.#live.size >= MAX_HOOKS) this.#live.clear();
    this.#live.set(key, { hook: live, until: now + KEEP_MS });
    return live;
  }

  async #keysOf(hook: HookRecord): Promise<LiveHook['keys']> {
    const sealed = hook.secrets.flatMap(({ sealed, expiresAt }) => (sealed === null ? [] : [{ sealed, expiresAt }]));
    return Promise.all(
      sealed.map(async (secret) => ({
        key: await importHubKey(await this.#services.seal.open(secret.sealed, `hook ${hook.publicId}`)),
        expiresAt: secret.expiresAt,
      })),
    );
  }
}

const caches = new WeakMap<Services, HookCache>();

/** The cache of this isolate. */
export function hookCacheOf(services: Services): HookCache {
  const known = caches.get(services);
  if (known !== undefined) return known;
  const cache = new HookCache(services);
  caches.set(services, cache);
  return cache;
}
