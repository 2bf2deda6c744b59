import type { Json } from '../../test/fixtures/worker.ts';
import { DAY, type PlannedPush } from './happening.ts';
import type { Stage } from './stage.ts';

/** Whether the roll-up by day is what the sightings add up to, and what the plan did. */
export interface RollUp {
  readonly credentials: number;
  readonly sightings: number;
  /** Days and images whose figures differ, in words. */
  readonly differences: readonly string[];
}

type Days = ReadonlyMap<string, string>;

/** The roll-up of some credentials beside a recount of all their sightings. */
export async function checkRollUp(stage: Stage, credentials: readonly Json[]): Promise<RollUp> {
  const span = `from=${new Date(stage.begin - DAY).toISOString()}&to=${new Date(stage.pushwarden.now() + DAY).toISOString()}`;
  const differences: string[] = [];
  let sightings = 0;
  for (const { id, name } of credentials) {
    const days: Json[] = (await stage.api('GET', `/credentials/${id}/days?${span}`)).items;
    const seen = await stage.all(`/credentials/${id}/sightings?${span}`);
    sightings += seen.length;
    differences.push(...differ(`${id} ${name}`, rolledUp(days), recounted(seen)));
  }
  return { credentials: credentials.length, sightings, differences };
}

const rolledUp = (days: readonly Json[]): Days =>
  new Map(
    days
      .filter(({ pushes, possible, uses }) => pushes + possible + uses !== 0)
      .map(({ day, repository, pushes, possible, uses }) => [`${day} ${repository}`, `${pushes} ${possible} ${uses}`]),
  );

function recounted(sightings: readonly Json[]): Days {
  const counts = new Map<string, [pushes: number, possible: number, uses: number]>();
  for (const { at, repository, action, strength } of sightings) {
    const key = `${at.slice(0, 10)} ${repository}`;
    const count = counts.get(key) ?? [0, 0, 0];
    count[action !== 'push' ? 2 : strength === 'ambiguous' ? 1 : 0] += 1;
    counts.set(key, count);
  }
  return new Map([...counts].map(([key, count]) => [key, count.join(' ')]));
}

function differ(who: string, one: Days, other: Days): string[] {
  const keys = new Set([...one.keys(), ...other.keys()]);
  return [...keys]
    .filter((key) => one.get(key) !== other.get(key))
    .map((key) => `${who}, ${key}: ${one.get(key) ?? 'nothing'}, and by its sightings ${other.get(key) ?? 'nothing'}`);
}

/**
 * GitHub's signed webhooks name who pushed: of a sender there are as many pushes as the plan has told ones, image by
 * image. (Docker Hub's webhooks have no digest: two pushes of a tag in one moment are one to anybody.)
 */
export async function checkSenders(
  stage: Stage,
  pushes: readonly PlannedPush[],
  senders: readonly Json[],
): Promise<readonly string[]> {
  const span = `from=${new Date(stage.begin - DAY).toISOString()}&to=${new Date(stage.pushwarden.now() + DAY).toISOString()}`;
  const differences: string[] = [];
  for (const { id, name } of senders) {
    const days: Json[] = (await stage.api('GET', `/credentials/${id}/days?${span}`)).items;
    for (const repository of stage.plan.world.repositories) {
      if (repository.owner.kind !== 'github') continue;
      const watched = stage.watched(repository).id;
      const counted = days.filter((day) => day.repository === watched).reduce((sum, { pushes: n }) => sum + n, 0);
      const told = pushes.filter(
        ({ repository: of, by, fate }) =>
          of === repository && by.kind === 'account' && by.name === name && (fate === 'sent' || fate === 'late'),
      ).length;
      if (counted !== told)
        differences.push(`${name} at ${repository.image}: ${counted} pushes by day, ${told} in the plan`);
    }
  }
  return differences;
}
