import { isWebhook } from '../domain/evidence.ts';
import { formatImageName } from '../domain/reference.ts';
import { mergeFacts } from './alert-changes.ts';
import type { KeptSignatures, SignatureDependencies } from './gather-signatures.ts';
import { isOpen, type Judged, judge } from './judge.ts';
import { type Observed, observe, wantsSignatures } from './observe.ts';
import type { CheckMessage, Clock, Registry, RequestBudget, Wakeups } from './ports.ts';
import type { AlertChange, CheckStore, DigestPast, HealthStore, PushKey, PushToCheck } from './stores.ts';

export interface CheckDependencies {
  readonly store: CheckStore;
  readonly registry: Registry;
  readonly signatures: SignatureDependencies;
  /** Of this invocation. */
  readonly requests: RequestBudget;
  readonly health: HealthStore;
  readonly wakeups: Wakeups;
  readonly clock: Clock;
}

/** The queue carries delays this short; longer ones are left to cron, which looks every minute. */
const QUEUE_DELAY_MS = 55_000;

/**
 * Reads pushes back from their registry, judges them and writes down what people must be told: three D1 round trips
 * for any number of pushes. Safe to run twice, late, or at the same time as another run.
 */
export async function checkPushes(deps: CheckDependencies, keys: readonly PushKey[]): Promise<void> {
  let waiting = unique(keys);
  while (waiting.length > 0) {
    // Whatever is recorded while they are looked at is not known here: time that passes meanwhile is the next check's.
    const readAt = deps.clock.now();
    // What was trusted is due again when it became known who pushed it.
    const loaded = (await deps.store.load(waiting)).filter((push) => isOpen(push.verdict) || push.nextAt !== null);
    // Pushes of one tag are judged one after the other: each sees where the one before has left the tag.
    const round = affordable(firstOfEachTag(loaded), deps.requests);
    await checkRound(deps, round, readAt);
    const done = new Set(round.map((push) => id(push.key)));
    waiting = loaded.map((push) => push.key).filter((key) => !done.has(id(key)));
    if (round.length === 0) {
      await deps.wakeups.checks(waiting.map(checkMessage));
      return;
    }
  }
}

/** Requests that looking at a push may take: without its signatures, and with them (docs/signatures.md lists them). */
const COST = { plain: 3, signatures: 24 } as const;

/** As many pushes as the invocation's requests are enough for; the others get an invocation of their own. */
function affordable(pushes: readonly PushToCheck[], requests: RequestBudget): PushToCheck[] {
  let left = requests.left;
  return pushes.filter((push) => {
    if (push.verdict === 'trusted') return true;
    left -= wantsSignatures(push, push.digest) ? COST.signatures : COST.plain;
    return left >= 0;
  });
}

const id = (key: PushKey): string => `${key.repository}-${key.seq}`;
const unique = (keys: readonly PushKey[]): PushKey[] => [...new Map(keys.map((key) => [id(key), key])).values()];

function firstOfEachTag(pushes: readonly PushToCheck[]): PushToCheck[] {
  const tags = new Set<string>();
  return pushes.filter((push) => {
    const tag = push.tag === '' ? id(push.key) : `${push.key.repository} ${push.tag}`;
    return tags.has(tag) ? false : tags.add(tag);
  });
}

async function checkRound(deps: CheckDependencies, pushes: readonly PushToCheck[], readAt: number): Promise<void> {
  if (pushes.length === 0) return;
  const { store, clock } = deps;
  const observed = await Promise.all(pushes.map((push) => observe(deps, push, deps.requests, clock.now())));
  const pasts = await store.pasts(observed.map(({ push, digest }) => ({ push, digest })));
  const now = clock.now();
  const judged = observed.map((each, n) => judge(each, pasts[n] ?? UNKNOWN_PAST, readAt));
  const changes = mergeChanges(judged);
  const children = observed
    .filter((each) => each.children.length > 0 && each.digest !== null)
    .map(
      ({ push, digest, children: digests }) =>
        ({ repository: push.key.repository, index: digest ?? 'sha256:', digests }) as const,
    );
  const stale = await store.save(
    judged.map((each) => each.checked),
    changes,
    children,
    now,
  );
  await wake(deps, observed, judged, pasts, stale, changes);
  await reportHealth(deps, observed, judged, pasts);
}

const UNKNOWN_PAST: DigestPast = {
  hadBefore: false,
  reported: false,
  open: [],
  alert: null,
  forgedAlert: null,
  before: null,
};

/** What is said of one alert in one round is one change: several tags on a rogue digest are one message. */
function mergeChanges(judged: readonly Judged[]): AlertChange[] {
  const changes = new Map<string, AlertChange>();
  for (const { change } of judged) {
    if (change === null) continue;
    const key = changeKey(change);
    const first = changes.get(key);
    changes.set(key, first === undefined ? change : mergeTwo(first, change));
  }
  return [...changes.values()];
}

function changeKey(change: AlertChange): string {
  switch (change.kind) {
    case 'opened':
      return `opened ${change.push.key.repository} ${change.subject}`;
    case 'worsened':
      return `worsened ${change.alertId}`;
    case 'cleared':
    case 'undetermined':
      return `${change.kind} ${id(change.push.key)}`;
  }
}

function mergeTwo(first: AlertChange, second: AlertChange): AlertChange {
  if (first.kind === 'opened' && second.kind === 'opened') {
    return { ...first, facts: mergeFacts(first.facts, second.facts), also: [...first.also, second.push] };
  }
  if (first.kind !== 'worsened' || second.kind !== 'worsened') return first;
  const facts = mergeFacts(first.facts, second.facts);
  const newFindings = [...new Set([...first.newFindings, ...second.newFindings])];
  const newTags = [...new Set([...first.newTags, ...second.newTags])];
  const silent = first.silent && second.silent;
  return { ...first, facts, newFindings, newTags, silent, also: [...first.also, second.push] };
}

/** Whoever may be judged differently now is looked at again. */
async function wake(
  deps: CheckDependencies,
  observed: readonly Observed[],
  judged: readonly Judged[],
  pasts: readonly DigestPast[],
  stale: readonly PushKey[],
  changes: readonly AlertChange[],
): Promise<void> {
  const { wakeups, clock } = deps;
  const now = clock.now();
  const again: PushKey[] = [...stale];
  const soon = new Map<number, PushKey[]>();
  for (const [n, each] of observed.entries()) {
    again.push(...(await concerned(deps.store, each, pasts[n] ?? UNKNOWN_PAST, now)));
    const nextAt = judged[n]?.checked.nextAt ?? null;
    if (nextAt === null || nextAt - now > QUEUE_DELAY_MS) continue;
    const seconds = Math.max(1, Math.ceil((nextAt - now) / 1000));
    soon.set(seconds, [...(soon.get(seconds) ?? []), each.push.key]);
  }
  if (changes.length > 0) await wakeups.notifications();
  if (again.length > 0) await wakeups.checks(unique(again).map(checkMessage));
  for (const [seconds, keys] of soon) await wakeups.checks(keys.map(checkMessage), seconds);
  if (changes.some(({ kind }) => kind === 'opened' || kind === 'worsened')) await wakeups.checks([{ contents: true }]);
}

/** Other pushes that what was just read may change. */
async function concerned(store: CheckStore, observed: Observed, past: DigestPast, now: number): Promise<PushKey[]> {
  const { push, kind, subject, other } = observed;
  const { repository } = push.key;
  const keys: PushKey[] = [];
  if (push.kind === 'unresolved') keys.push(...siblings(observed, past));
  if (push.kind === 'unresolved' && kind === 'artifact' && subject !== null)
    keys.push(...(await store.openPushes(repository, subject, 0)));
  if (other !== null) {
    const seen = {
      repository,
      tag: push.tag,
      digest: other,
      origin: 'read-back',
      notBefore: push.notBefore,
      actorId: null,
    } as const;
    const key = await store.recordSeen(seen, now);
    if (key !== null) keys.push(key);
  }
  return keys;
}

const checkMessage = (key: PushKey): CheckMessage => ({ check: key });

/** A webhook that tells of what a sweep had found makes that push a reported one. */
function siblings({ push }: Observed, past: DigestPast): PushKey[] {
  return past.open
    .filter(
      ({ tag, origin }) => tag === push.tag && (origin === 'sweep' || origin === 'read-back') && push.origin !== origin,
    )
    .map(({ seq }) => ({ repository: push.key.repository, seq }));
}

/** Our own blindness, told apart from what the pushes are. */
async function reportHealth(
  deps: CheckDependencies,
  observed: readonly Observed[],
  judged: readonly Judged[],
  pasts: readonly DigestPast[],
): Promise<void> {
  const now = deps.clock.now();
  for (const [n, { push, readBack, signatures }] of observed.entries()) {
    const checked = judged[n]?.checked;
    if (checked === undefined) continue;
    const image = formatImageName(push.image);
    const unread = checked.verdict === 'undetermined' && checked.kind === 'unresolved';
    if (unread) {
      const reason = 'reason' in readBack ? readBack.reason : readBack.state;
      await deps.health.raise(push.teamId, { kind: 'registry-unreadable', image, reason }, now);
    } else if (push.verdict === 'undetermined' && readBack.state === 'present') {
      await deps.health.settle(push.teamId, { kind: 'registry-unreadable', image, reason: '' }, now);
    }
    await reportSelfTest(deps, push, signatures, now);
    const decided = push.verdict === 'pending' && checked.verdict !== 'pending';
    if (decided && push.origin === 'sweep' && pasts[n]?.reported === false) await reportMissed(deps, push, image, now);
    if (push.missedWebhooks > 0 && toldByWebhook(push)) {
      await deps.health.settle(push.teamId, { kind: 'webhook-silent', image, lastDeliveryAt: null, missed: 0 }, now);
    }
  }
}

/** Our own cryptography does not work: settled when a push that it had left open could be verified. */
async function reportSelfTest(
  { health }: CheckDependencies,
  push: PushToCheck,
  signatures: KeptSignatures | null,
  now: number,
): Promise<void> {
  const failed = (kept: KeptSignatures | null) => kept?.found?.find(({ problem }) => problem === 'self-test');
  const failure = failed(signatures);
  const fact = { kind: 'signature-self-test', reason: failure?.reason ?? '' } as const;
  if (failure !== undefined) await health.raise(push.teamId, fact, now);
  else if (failed(push.evidence?.signatures ?? null) !== undefined) await health.settle(push.teamId, fact, now);
}

/** One lost webhook happens; two in a row, or none ever, mean that nobody tells us of pushes. */
async function reportMissed(deps: CheckDependencies, push: PushToCheck, image: string, now: number): Promise<void> {
  const { missed, lastDeliveryAt } = await deps.store.countMissed(push.key.repository);
  if (missed < 2 && lastDeliveryAt !== null) return;
  await deps.health.raise(push.teamId, { kind: 'webhook-silent', image, lastDeliveryAt, missed }, now);
}

/** A repeated delivery tells of a push too: then the read-back names its account. */
const toldByWebhook = ({ origin, actorId }: PushToCheck): boolean =>
  origin === 'read-back' ? actorId !== null : isWebhook(origin);
