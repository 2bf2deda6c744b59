import { AttackSite } from './attack-site.ts';
import { planAttacks } from './attacks.ts';
import { Dice } from './dice.ts';
import type { Act, Happening, PlannedPush } from './happening.ts';
import { Ledger } from './ledger.ts';
import { pollsOf, webhooksOf } from './noise.ts';
import type { HistoryOptions } from './options.ts';
import { planReleases } from './releases.ts';
import { planWorld, type WorldPlan } from './world-plan.ts';

/** All that will happen, in the order of time. */
export interface HistoryPlan {
  readonly world: WorldPlan;
  readonly happenings: readonly Happening[];
  readonly pushes: readonly PlannedPush[];
  readonly acts: readonly Act[];
  /** What tags are before Pushwarden begins to watch. */
  readonly ledger: Ledger;
}

/** The same options give the same plan. */
export function planHistory(options: HistoryOptions): HistoryPlan {
  const world = planWorld(options);
  const ledger = new Ledger(options, new Dice(options.seed * 3 + 1));
  const life = planReleases(ledger, world, options, new Dice(options.seed * 3 + 2));
  const site = new AttackSite(ledger, world, life, new Dice(options.seed * 3 + 3), options.days);
  planAttacks(site, Math.round(options.pushes * options.rogue));
  const noise = new Dice(options.seed * 3 + 4);
  const pushes = ledger.pushes.toSorted(byTime);
  const told = [...ledger.happenings, ...pushes.flatMap((push) => webhooksOf(push, noise, options))].toSorted(byTime);
  const polls = world.owners.filter(({ kind }) => kind !== 'github').flatMap((owner) => pollsOf(owner, told, options));
  return { world, ledger, happenings: [...told, ...polls].toSorted(byTime), pushes, acts: site.acts };
}

const byTime = (one: { readonly at: number }, other: { readonly at: number }): number => one.at - other.at;
