import * as z from 'zod';
import type { RequestBudget } from '../usecases/ports.ts';
import type { AccountAnswer, HubLogin, HubSession } from '../usecases/registry-accounts.ts';
import { createHttp, type HttpOptions, type HttpRequest, parseJson, type SendHttp } from './http.ts';
import { refusal } from './refusal.ts';
import { exhaustedUntil } from './wait.ts';

export interface DockerHubOptions extends HttpOptions {
  /** Time in ms by which bearers end and rate limits are waited for. Default `Date.now`. */
  readonly clock?: (() => number) | undefined;
}

/** Bearers live 10 minutes; the last of them is left alone, as our clock is not theirs. */
const SESSION_MS = 9 * 60_000;

/** What may stand in a header: a bearer with a line's end in it would be another header. */
const grantSchema = z.object({ access_token: z.string().regex(/^[\x21-\x7e]{1,16384}$/) });

/**
 * Signed-in requests to Docker Hub: none throws, follows a redirect, is sent while Docker Hub wants none, or costs more
 * than one of the budget.
 * @see https://docs.docker.com/reference/api/hub/latest/#tag/authentication
 */
export class HubApi {
  readonly #send: SendHttp;
  readonly #clock: () => number;
  /**
   * Until when each session is to ask nothing (ms since the epoch). Limits are the account's: one that is asked too much
   * of is no reason to leave another alone.
   */
  readonly #pauses = new WeakMap<HubSession, number>();

  constructor(options: DockerHubOptions) {
    this.#send = createHttp(options);
    this.#clock = options.clock ?? Date.now;
  }

  get now(): number {
    return this.#clock();
  }

  async signIn({ identifier, secret }: HubLogin, requests: RequestBudget): Promise<AccountAnswer<HubSession>> {
    const expiresAt = this.now + SESSION_MS;
    const request = { path: '/v2/auth/token', json: { identifier, secret } };
    const { answer, pausedUntil } = await this.#ask(request, [secret], requests);
    if (answer.kind !== 'found') return answer;
    const grant = grantSchema.safeParse(answer.value);
    if (!grant.success) return { kind: 'unavailable', reason: 'Docker Hub signed us in without a usable access token' };
    const session: HubSession = { bearer: grant.data.access_token, expiresAt };
    this.#pauses.set(session, pausedUntil);
    return { kind: 'found', value: session };
  }

  /** The JSON of an answer. @param path under the API's address, with its query */
  async get(session: HubSession, path: string, requests: RequestBudget): Promise<AccountAnswer<unknown>> {
    const now = this.now;
    // Not `signed-out`, which says that the login is no good: it may well be.
    if (session.expiresAt <= now)
      return { kind: 'unavailable', reason: 'Docker Hub was not asked: the time that we were signed in for is over' };
    const paused = this.#pauses.get(session) ?? 0;
    if (paused > now) {
      const until = new Date(paused).toISOString();
      return { kind: 'later', at: paused, reason: `Docker Hub asked for no requests before ${until}` };
    }
    const { answer, pausedUntil } = await this.#ask({ path, bearer: session.bearer }, [session.bearer], requests);
    // Two requests may be under way at once: what either was told counts.
    this.#pauses.set(session, Math.max(this.#pauses.get(session) ?? 0, pausedUntil));
    return answer;
  }

  async #ask(
    request: HttpRequest,
    secrets: readonly string[],
    requests: RequestBudget,
  ): Promise<{ readonly answer: AccountAnswer<unknown>; readonly pausedUntil: number }> {
    if (!requests.take()) return { answer: { kind: 'out-of-requests' }, pausedUntil: 0 };
    const response = await this.#send(request);
    if (response.kind === 'trouble')
      return { answer: { kind: 'unavailable', reason: response.reason }, pausedUntil: 0 };
    const now = this.now;
    const pausedUntil = exhaustedUntil(response.headers, now);
    if (response.status !== 200) {
      const answer = refusal(response, secrets, now);
      return { answer, pausedUntil: answer.kind === 'later' ? answer.at : pausedUntil };
    }
    const value = parseJson(response.body ?? '');
    if (value === undefined) return { answer: { kind: 'unavailable', reason: 'Docker Hub sent no JSON' }, pausedUntil };
    return { answer: { kind: 'found', value }, pausedUntil };
  }
}
