import type { Services } from '../compose.ts';
import { hashSecret } from '../secrets.ts';
import type { HookRecord } from '../store/hooks.ts';
import { type HubKey, importHubKey } from '../webhooks/signature.ts';
import { strangersOf, tooMany } from './strangers.ts';

/** A hook with its HMAC keys ready for use. */
export interface LiveHook {
  readonly hook: HookRecord;
  readonly keys: readonly { readonly key: HubKey; readonly expiresAt: number | null }[];
}

/** A rotated or deleted hook is forgotten by every isolate within this time, in ms. */
const KEEP_MS = 10_000;
const MAX_HOOKS = 500;
/** How long a list of all hooks is used for those whom nothing is looked up for any more, in ms, and how long it may be. */
const ROLL_MS = 60_000;
const MOST_ON_ROLL = 5000;

/**
 * Hooks by secret or public id, kept for a few seconds: a burst of webhooks then costs one D1 round trip each, not two.
 * Only hits are kept, so that guesses fill nothing.
 */
export class HookCache {
  readonly #services: Services;
  readonly #live = new Map<string, { hook: LiveHook; until: number }>();
  #roll: { readonly keys: ReadonlySet<string> | null; readonly readAt: number } | null = null;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The hook of a path secret. The secret is hashed first: a look-up tells a guesser nothing by its time. */
  async bySecret(secret: string, address: string): Promise<LiveHook | null> {
    const hash = await hashSecret(secret);
    return this.#find(keyOfHash(hash), address, (now) => this.#services.hooks.bySecret(hash, now));
  }

  /** @throws Problem 429, like `bySecret`, to an address that sends much that is nobody's */
  async byPublicId(publicId: string, address: string): Promise<LiveHook | null> {
    return this.#find(keyOfId(publicId), address, (now) => this.#services.hooks.byPublicId(publicId, now));
  }

  /** Forgets everything: a hook was changed. */
  clear(): void {
    this.#live.clear();
    this.#roll = null;
  }

  async #find(
    key: string,
    address: string,
    read: (now: number) => Promise<HookRecord | null>,
  ): Promise<LiveHook | null> {
    const strangers = strangersOf(this.#services);
    const now = this.#services.clock.now();
    const known = this.#live.get(key);
    if (known !== undefined && Math.abs(known.until - now) <= KEEP_MS && known.until > now) return known.hook;
    if (strangers.isOver(address) && !(await this.#isOnRoll(key, now)))
      throw tooMany('Too many requests from this address went to webhooks that are not here.');
    const hook = await read(now);
    if (hook === null) {
      await strangers.failed(address);
      return null;
    }
    const live = { hook, keys: await this.#keysOf(hook) };
    if (this.#live.size >= MAX_HOOKS) this.#live.clear();
    this.#live.set(key, { hook: live, until: now + KEEP_MS });
    return live;
  }

  /**
   * Whether there may be such a hook, without asking the database for each guess. Threat: anyone can make a registry
   * send to webhooks that are not here, from the addresses from which it sends to those that are.
   */
  async #isOnRoll(key: string, now: number): Promise<boolean> {
    if (this.#roll === null || Math.abs(now - this.#roll.readAt) > ROLL_MS) {
      // Before it is read: requests that come meanwhile do not read it too.
      this.#roll = { keys: this.#roll?.keys ?? null, readAt: now };
      const roll = await this.#services.hooks.roll(now, MOST_ON_ROLL);
      const keys = roll === null ? null : new Set([...roll.hashes.map(keyOfHash), ...roll.publicIds.map(keyOfId)]);
      this.#roll = { keys, readAt: now };
    }
    return this.#roll.keys === null || this.#roll.keys.has(key);
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

const keyOfHash = (hash: Uint8Array): string => `s${String.fromCharCode(...hash)}`;
const keyOfId = (publicId: string): string => `p${publicId.slice(0, 64)}`;

const caches = new WeakMap<Services, HookCache>();

/** The cache of this isolate. */
export function hookCacheOf(services: Services): HookCache {
  const known = caches.get(services);
  if (known !== undefined) return known;
  const cache = new HookCache(services);
  caches.set(services, cache);
  return cache;
}
