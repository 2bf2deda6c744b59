import { DAY, type Deed, type Happening, MINUTE, type PlannedPush, SECOND } from './happening.ts';
import { announce, type SentWebhook, webhookRequest } from './senders.ts';
import type { Stage } from './stage.ts';
import type { PlannedOwner } from './world-plan.ts';

/** What comes within this time comes together: the clock is not advanced in between. */
const TOGETHER = 10 * SECOND;
/** GitHub delivers again what is up to three days old. */
const REDELIVERED = 3 * DAY;
/** Nothing is to be looked at any more, in real ms, or something is wrong. */
const DRAIN_TIMEOUT_MS = 60_000;

/** What was sent and seen on the way. */
export interface Counts {
  webhooks: number;
  duplicates: number;
  polls: number;
  steps: number;
}

/** Plays a plan: the clock goes from one thing that happens to the next. */
export class Driver {
  readonly counts: Counts = { webhooks: 0, duplicates: 0, polls: 0, steps: 0 };
  /** The last webhooks with their times, to be sent again at the end. */
  readonly #recent: { readonly at: number; readonly webhook: SentWebhook }[] = [];
  readonly #stage: Stage;
  readonly #tell: (line: string) => void;
  #waiting: Promise<unknown>[] = [];
  /** Something came that the queue may not have worked off. */
  #isBusy = false;
  #toPoll = false;

  constructor(stage: Stage, tell: (line: string) => void) {
    this.#stage = stage;
    this.#tell = tell;
  }

  async play(happenings: readonly Happening[]): Promise<void> {
    const began = performance.now();
    let told = began;
    let now = Number.NEGATIVE_INFINITY;
    for (const [n, { at, deed }] of happenings.entries()) {
      if (at > now + TOGETHER) {
        await this.#drain();
        await this.advanceTo(at);
        now = at;
      }
      if (deed.kind !== 'poll') await this.#poll();
      await this.#do(deed);
      if (performance.now() - told < 5000) continue;
      told = performance.now();
      const share = (100 * n) / happenings.length;
      this.#tell(`day ${Math.floor(at / 86_400_000)}, ${share.toFixed(1)} %, ${Math.round((told - began) / 1000)} s`);
    }
    await this.#drain();
    await this.#poll();
  }

  /** Lets simulated time pass up to a time of the plan. Accounts that were to be read are read at its beginning. */
  async advanceTo(at: number): Promise<void> {
    const seconds = (at - this.#stage.now()) / 1000;
    if (seconds <= 0) return this.#poll();
    this.#toPoll = false;
    this.counts.steps += 1;
    await this.#stage.pushwarden.advance(seconds, { hub: 'after' });
  }

  /** Reads the accounts that are to be read, before anything else happens. */
  async #poll(): Promise<void> {
    if (!this.#toPoll) return;
    this.#toPoll = false;
    this.counts.steps += 1;
    await this.#stage.pushwarden.advance(0, { hub: 'after' });
  }

  async #do(deed: Deed): Promise<void> {
    if (deed.kind === 'webhook') {
      this.#send(webhookRequest(this.#stage, deed), deed.repeats);
      return;
    }
    if (deed.kind === 'push') return this.#push(deed.push);
    await this.#sent();
    const stage = this.#stage;
    switch (deed.kind) {
      case 'announce':
        return announce(stage, deed);
      case 'expect': {
        const { id } = stage.watched(deed.repository);
        const expected = { tag: deed.tag, digest: deed.digest, minutes: 30, reason: 'history' };
        await stage.api('POST', `/repositories/${id}/expectations`, expected);
        return;
      }
      case 'use':
        return stage.pushwarden.hub.useToken(stage.token(deed.token).id);
      case 'make-token':
        stage.makeToken(deed.token);
        return;
      case 'revoke':
        return stage.pushwarden.hub.revoke(stage.token(deed.token).id);
      case 'mark':
        return stage.mark(deed.token, { mark: deed.as });
      case 'delete-tag':
        return stage.pushwarden.registry.deleteTag(deed.repository.path, deed.tag);
      case 'poll':
        await this.#drain();
        return this.#askToPoll(deed.owner);
      case 'tidy':
        await this.#drain();
        return this.#tidy();
    }
  }

  #push({ repository, tag, image, children, by, logLag }: PlannedPush): void {
    const { registry, hub } = this.#stage.pushwarden;
    for (const child of children) registry.push(repository.path, null, child);
    const digest = registry.push(repository.path, tag, image);
    if (repository.owner.kind === 'github') return;
    hub.auditLagMs = logLag;
    const push = { repository: repository.path, tag, digest };
    if (by.kind === 'token') hub.useToken(this.#stage.token(by.token).id, { push });
    // A personal account has no log that could tell of somebody else.
    else if (repository.owner.kind === 'team') hub.push(by.name, push);
    hub.auditLagMs = 0;
  }

  #send(webhook: SentWebhook, repeats: boolean): void {
    this.counts.webhooks += 1;
    if (repeats) this.counts.duplicates += 1;
    this.#recent.push({ at: this.#stage.now(), webhook });
    if (this.#recent.length > 50) this.#recent.shift();
    this.#waiting.push(this.#deliver(webhook));
    this.#isBusy = true;
  }

  async #askToPoll(owner: PlannedOwner): Promise<void> {
    this.counts.polls += 1;
    this.#toPoll = true;
    await this.#stage.askToPoll(owner);
  }

  async #deliver({ path, init }: SentWebhook): Promise<void> {
    const { status, json } = await this.#stage.pushwarden.request(path, init);
    if (status !== 202) throw new Error(`a webhook was answered ${status}: ${JSON.stringify(json)}`);
  }

  async #sent(): Promise<void> {
    await Promise.all(this.#waiting);
    this.#waiting = [];
  }

  /** Waits until everything that came is looked at: the queue works in real time. */
  async #drain(): Promise<void> {
    if (!this.#isBusy) return;
    await this.#sent();
    const deadline = performance.now() + DRAIN_TIMEOUT_MS;
    for (;;) {
      const left = await this.#stage.db
        .prepare('SELECT count(*) AS n FROM pushes INDEXED BY pushes_due WHERE next_at IS NOT NULL AND attempts = 0')
        .first<{ n: number }>();
      if (left?.n === 0) break;
      if (performance.now() > deadline) throw new Error(`${left?.n} pushes are never looked at`);
      await new Promise((resolve) => setTimeout(resolve, 4));
    }
    this.#isBusy = false;
  }

  /** Maintainers close what is open: it was an incident, or it was not. */
  async #tidy(): Promise<void> {
    const stage = this.#stage;
    for (const { id } of await stage.all('/alerts?state=open')) {
      const closing = { resolution: 'incident', reason: 'history: seen and dealt with' };
      await stage.api('POST', `/alerts/${id}/close`, closing);
    }
  }

  /** What is under way comes to its end: deadlines, readings, the last sweep. */
  async finish(): Promise<void> {
    const last = this.#stage.plan.happenings.at(-1)?.at ?? 0;
    await this.advanceTo(last + 30 * 60 * MINUTE);
    await this.#pollAll();
    await this.advanceTo(last + 31 * 60 * MINUTE);
  }

  /** The last webhooks come once more, and accounts are read once more. */
  async replay(): Promise<void> {
    const since = this.#stage.now() - REDELIVERED;
    for (const { at, webhook } of this.#recent) if (at > since) this.#waiting.push(this.#deliver(webhook));
    this.#isBusy = true;
    await this.#drain();
    await this.#pollAll();
  }

  async #pollAll(): Promise<void> {
    for (const owner of this.#stage.plan.world.owners) if (owner.kind !== 'github') await this.#askToPoll(owner);
    await this.#poll();
  }
}
