import { randomBytes } from 'node:crypto';
import type { HubAccount, HubAccounts, HubToken } from './dockerhub-accounts.ts';

/** Bearers live 10 minutes. */
const BEARER_MS = 10 * 60_000;

/** Who asks. */
export interface Session {
  readonly account: HubAccount;
  /** `null`: signed in with a password. */
  readonly token: HubToken | null;
  readonly expiresAt: number;
}

/** Signing in, and what a bearer is worth later. */
export class HubSessions {
  readonly #hub: HubAccounts;
  readonly #sessions = new Map<string, Session>();

  constructor(hub: HubAccounts) {
    this.#hub = hub;
  }

  /** A bearer; `null` if name and secret do not belong together. Using a token to sign in is a use of it. */
  signIn(identifier: string, secret: string): string | null {
    const now = this.#hub.clock();
    const account = this.#hub.accounts.get(identifier);
    const token = this.#hub.tokens.find((one) => one.secret === secret && one.account === identifier) ?? null;
    if (account === undefined) return null;
    if (token === null ? account.password !== secret : !this.#hub.isUsable(token, now)) return null;
    token?.uses.push(now);
    const bearer = `eyJ${randomBytes(24).toString('base64url')}`;
    this.#sessions.set(bearer, { account, token, expiresAt: now + BEARER_MS });
    return bearer;
  }

  /** `undefined`: nobody was named. `null`: that bearer is worth nothing, or no more. */
  of(authorization: string | undefined): Session | null | undefined {
    if (authorization === undefined) return undefined;
    const session = this.#sessions.get(/^Bearer (.+)$/.exec(authorization)?.[1] ?? '');
    const now = this.#hub.clock();
    if (session === undefined || session.expiresAt <= now) return null;
    const { token } = session;
    const isGone = token !== null && !(this.#hub.tokens.includes(token) && this.#hub.isUsable(token, now));
    return isGone ? null : session;
  }
}
