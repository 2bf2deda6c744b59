import type { Message, MessageBatch } from '@cloudflare/workers-types';
import type { Services } from '../compose.ts';
import { OPERATORS } from '../domain/health.ts';
import { checkPushes } from '../usecases/check-pushes.ts';
import { deliverEvents } from '../usecases/deliver-events.ts';
import { deliverNotifications } from '../usecases/deliver-notifications.ts';
import { LookLimiter, lookAtTag } from '../usecases/look-at-tag.ts';
import type { CheckMessage, Look } from '../usecases/ports.ts';
import { readDueContents } from '../usecases/read-contents.ts';
import type { PushKey } from '../usecases/stores.ts';
import { checkDependencies, contentsDependencies, deliverDependencies, eventDependencies } from './dependencies.ts';

/** Requests of an invocation, beside those that its messages take. */
const EVENTS_AT_ONCE = 10;

const limiters = new WeakMap<Services, LookLimiter>();

/** Consumes a batch. Messages are acknowledged one by one, after their work is done; the rest come again. */
export async function consume(services: Services, batch: MessageBatch<unknown>): Promise<void> {
  if (batch.queue.endsWith('dead-letters')) return recordDeadLetters(services, batch);
  if (batch.queue.endsWith('notifications')) {
    await deliverNotifications(deliverDependencies(services));
    // After the alerts, and without receivers that keep the next one waiting.
    await deliverEvents(eventDependencies(services), { limit: EVENTS_AT_ONCE, slowToo: false });
    batch.ackAll();
    return;
  }
  await consumeChecks(services, batch);
}

/** All pushes of a batch are checked together: they share their D1 round trips. */
async function consumeChecks(services: Services, batch: MessageBatch<unknown>): Promise<void> {
  const deps = checkDependencies(services);
  const checks: { message: Message<unknown>; key: PushKey }[] = [];
  const looks: { message: Message<unknown>; look: Look }[] = [];
  const contents: Message<unknown>[] = [];
  for (const message of batch.messages) {
    const body = message.body as CheckMessage; // only this Worker writes to its queues
    if ('check' in body) checks.push({ message, key: body.check });
    else if ('look' in body) looks.push({ message, look: body.look });
    else contents.push(message);
  }
  if (checks.length > 0) {
    await checkPushes(
      deps,
      checks.map(({ key }) => key),
    );
    for (const { message } of checks) message.ack();
  }
  const limiter = limiters.get(services) ?? new LookLimiter(services.clock);
  limiters.set(services, limiter);
  for (const { message, look } of looks) {
    const turn = limiter.turn(look);
    if (turn === 'later') {
      message.retry({ delaySeconds: 2 });
      continue;
    }
    await services.deliveries.linkFolded(look);
    if (turn === 'now') await lookAtTag(deps, look);
    message.ack();
  }
  // Last: what an alert tells besides must not keep a push waiting.
  if (contents.length > 0) await readDueContents(contentsDependencies(services, deps.requests));
  for (const message of contents) message.ack();
}

async function recordDeadLetters(services: Services, batch: MessageBatch<unknown>): Promise<void> {
  const fact = { kind: 'dead-letter', queue: batch.queue, count: batch.messages.length } as const;
  console.error(
    'dead letters',
    batch.messages
      .map((message) => JSON.stringify(message.body))
      .join(' ')
      .slice(0, 2000),
  );
  await services.health.raise(OPERATORS, fact, services.clock.now());
  batch.ackAll();
}
