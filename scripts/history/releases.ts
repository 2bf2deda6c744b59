import type { Dice } from './dice.ts';
import { DAY, HOUR } from './happening.ts';
import type { Ledger } from './ledger.ts';
import { ImageLife, planPulls, Wallet } from './life.ts';
import type { HistoryOptions } from './options.ts';
import { type HonestLife, ReleasePlanner, type Train } from './release-planner.ts';
import type { WorldPlan } from './world-plan.ts';

/** What honest maintainers and their CI do in the given time. */

/** The first and last hours belong to nobody: everything is settled then. */
const START = 6 * HOUR;

export function planReleases(ledger: Ledger, world: WorldPlan, options: HistoryOptions, dice: Dice): HonestLife {
  const wallets = new Map(world.owners.map((owner) => [owner, new Wallet(owner, world)]));
  const lives = new Map(world.repositories.map((repository) => [repository, new ImageLife(repository)]));
  const planner = new ReleasePlanner(ledger, wallets, lives, dice);
  planner.begin();
  const wanted = Math.round(options.pushes * (1 - options.rogue));
  const nightlies = world.repositories.filter(({ nightly }) => nightly);
  // A train is some nine pushes.
  const trains = planTrains(
    world,
    options,
    dice,
    Math.max(1, Math.round((wanted - nightlies.length * options.days) / 9)),
  );
  const nights = Array.from({ length: options.days - 1 }, (_, n) => ({ at: (n + 1) * DAY + 2 * HOUR }));
  const rotations = [...wallets.values()].flatMap((wallet) =>
    [0.3, 0.65].map((share) => ({ wallet, at: share * options.days * DAY })),
  );
  const steps: { readonly at: number; readonly go: () => void }[] = [
    ...trains.map((train) => ({ at: train.at, go: () => planner.train(train) })),
    ...nights.map(({ at }) => ({ at, go: () => planner.night(at, nightlies) })),
    ...rotations.map(({ at, wallet }) => ({ at, go: () => wallet.rotate(ledger, at) })),
  ];
  for (const { go } of steps.toSorted((one, other) => one.at - other.at)) go();
  planPulls(ledger, [...wallets.values()], dice, options.days, world.dormantDays);
  return { wallets, lives };
}

function planTrains(world: WorldPlan, { days }: HistoryOptions, dice: Dice, count: number): Train[] {
  const trains: Train[] = [];
  for (let n = 0; n < count; n += 1) {
    const owner = dice.pick(world.owners);
    const own = world.repositories.filter((one) => one.owner === owner && !one.rare);
    // Most work is done by day.
    const hour = dice.chance(0.85) ? dice.between(7, 19) : dice.between(0, 24);
    const at = Math.max(START, dice.whole(0, days - 1) * DAY + hour * HOUR);
    if (at < days * DAY - START)
      trains.push({ at, owner, repositories: dice.shuffled(own).slice(0, dice.whole(1, 6)) });
  }
  const rare = world.repositories.filter((one) => one.rare);
  const quarter = Math.min(91 * DAY, (days * DAY) / 3);
  for (let at = 0.8 * quarter; at < days * DAY - START; at += quarter)
    for (const repository of rare) trains.push({ at, owner: repository.owner, repositories: [repository] });
  return trains;
}
