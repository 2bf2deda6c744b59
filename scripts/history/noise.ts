import type { PackageEvent } from '../simulate/github-webhook.ts';
import type { Image } from '../simulate/images.ts';
import type { Dice } from './dice.ts';
import { type Deed, type Happening, MINUTE, type PlannedPush, SECOND } from './happening.ts';
import type { HistoryOptions } from './options.ts';
import type { PlannedOwner } from './world-plan.ts';

/** What becomes of the news on its way: webhooks lost, late and twice, logs and last-used times late. */

/** As often as Pushwarden reads an account unless told otherwise. */
const POLL_EVERY = 5 * MINUTE;

type Webhook = Extract<Deed, { readonly kind: 'webhook' }>;

/** The webhooks of a push that come, each at its time. */
export function webhooksOf(push: PlannedPush, dice: Dice, options: HistoryOptions): Happening[] {
  const isGitHub = push.repository.owner.kind === 'github';
  const events: readonly (PackageEvent | null)[] = isGitHub ? ['package', 'registry_package'] : [null];
  const tagged =
    push.fate === 'lost' || push.fate === 'suppressed' ? [] : events.map((event) => news(push, null, event));
  const parts =
    isGitHub && push.fate !== 'suppressed' ? push.children.map((child) => news(push, child, 'package')) : [];
  const kept = parts.filter(() => !dice.chance(options.lost));
  return [...kept, ...tagged].flatMap((webhook): Happening[] => {
    const isLate = push.fate === 'late' || (webhook.child !== null && dice.chance(options.reordered));
    const at = push.at + (isLate ? dice.between(12, 95) : dice.between(0.5, 3)) * SECOND;
    const again = dice.chance(options.duplicated) ? [at + dice.between(15, 70) * SECOND] : [];
    return [{ at, deed: webhook }, ...again.map((time) => ({ at: time, deed: { ...webhook, repeats: true } }))];
  });
}

const news = (push: PlannedPush, child: Image | null, event: PackageEvent | null): Webhook => ({
  kind: 'webhook',
  push,
  child,
  event,
  repeats: false,
});

/**
 * When an account is read: every five minutes, but of the readings that could see nothing new only the last before each
 * event is made, since from it on a use may have been.
 */
export function pollsOf(owner: PlannedOwner, happenings: readonly Happening[], options: HistoryOptions): Happening[] {
  const ticks = new Set<number>();
  for (const { at, deed } of happenings) {
    if (!isOf(deed, owner)) continue;
    ticks.add(Math.floor(at / POLL_EVERY));
    for (const time of newsAt(deed, at, options)) ticks.add(Math.ceil((time + SECOND) / POLL_EVERY));
  }
  // Once a day in any case: Pushwarden's own timer then never finds it overdue.
  const last = happenings.at(-1)?.at ?? 0;
  for (let at = 0; at < last; at += 12 * 60 * MINUTE) ticks.add(Math.floor(at / POLL_EVERY));
  return [...ticks].map((tick) => ({ at: tick * POLL_EVERY, deed: { kind: 'poll', owner } }));
}

/** By so much a poll must be later than a push whose token it deduces, with a webhook that is late. */
const DEDUCED_AFTER = 4 * MINUTE;
/** So long a push is left to its webhook before the log's word is taken for it. */
const WEBHOOK_FIRST = 90 * SECOND;

/** When an account tells something new of a deed. */
function newsAt(deed: Deed, at: number, { usedLate }: HistoryOptions): number[] {
  const used = at + usedLate * MINUTE;
  if (deed.kind !== 'push') return deed.kind === 'use' ? [used] : [at];
  const { repository, logLag } = deed.push;
  const logged = repository.owner.kind === 'team' ? [at + Math.max(logLag, WEBHOOK_FIRST)] : [];
  return [Math.max(used, at + DEDUCED_AFTER), ...logged];
}

function isOf(deed: Deed, owner: PlannedOwner): boolean {
  switch (deed.kind) {
    case 'push':
      return deed.push.repository.owner === owner;
    case 'use':
    case 'make-token':
    case 'revoke':
      return deed.token.owner === owner;
    default:
      return false;
  }
}
