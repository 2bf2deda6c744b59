import type { Json } from '../../test/fixtures/worker.ts';
import { type Counts, Driver } from './drive.ts';
import type { HistoryOptions } from './options.ts';
import { planHistory } from './plan.ts';
import { checkRollUp, checkSenders } from './rollup.ts';
import { type Score, scoredAlert, scoreHistory } from './score.ts';
import { Stage } from './stage.ts';

/** What became of a history. */
export interface HistoryReport extends Score {
  readonly ok: boolean;
  readonly options: HistoryOptions;
  readonly pushes: number;
  readonly webhooks: Counts & { readonly lost: number; readonly late: number; readonly suppressed: number };
  readonly messages: { readonly alerts: number; readonly health: number };
  readonly rollUp: {
    readonly credentials: number;
    readonly sightings: number;
    readonly differences: readonly string[];
  };
  /** Real time, in seconds. */
  readonly seconds: number;
}

/** How many credentials' days are counted again. */
const RECOUNTED = 12;

/**
 * Plays a generated history through the bundled Worker and scores what it tells.
 * @param bundle path of the bundled Worker
 */
export async function runHistory(
  options: HistoryOptions,
  bundle: string,
  tell: (line: string) => void,
): Promise<HistoryReport> {
  const began = performance.now();
  const plan = planHistory(options);
  tell(
    `planned ${plan.pushes.length} pushes, ${plan.acts.length} of an attacker's acts, ${plan.happenings.length} happenings`,
  );
  const stage = await Stage.set(bundle, plan, options);
  try {
    tell(`watching ${plan.world.repositories.length} images after ${seconds(began)} s`);
    const driver = new Driver(stage, tell);
    await driver.play(plan.happenings);
    await driver.finish();
    tell(`played after ${seconds(began)} s`);
    const credentials = await stage.all('/credentials');
    const labels = new Map<string, string>(credentials.map(({ id, name }: Json) => [id, name]));
    const alerts = (await stage.all('/alerts')).map((alert) => scoredAlert(alert, labels, stage.begin));
    const messages = stage.pushwarden.slack.messages.filter(({ channel }) => channel.endsWith('alerts'));
    const score = scoreHistory(plan, { alerts, messages, begin: stage.begin });
    const rollUp = await recount(stage, driver, credentials);
    const count = (fate: string) => plan.pushes.filter((push) => push.fate === fate).length;
    return {
      ok: score.missed.length === 0 && score.falseAlarms.length === 0 && rollUp.differences.length === 0,
      options,
      pushes: plan.pushes.length,
      ...score,
      webhooks: { ...driver.counts, lost: count('lost'), late: count('late'), suppressed: count('suppressed') },
      messages: { alerts: messages.length, health: stage.pushwarden.messages('health').length },
      rollUp,
      seconds: seconds(began),
    };
  } finally {
    await stage.stop();
  }
}

const seconds = (since: number): number => Math.round((performance.now() - since) / 100) / 10;

/** The roll-up is exact, and stays so when what was told is told again. */
async function recount(stage: Stage, driver: Driver, credentials: readonly Json[]): Promise<HistoryReport['rollUp']> {
  const step = Math.max(1, Math.floor(credentials.length / RECOUNTED));
  const some = credentials.filter((_, n) => n % step === 0);
  const before = await checkRollUp(stage, some);
  await driver.replay();
  const after = await checkRollUp(stage, some);
  const senders = credentials.filter(({ kind }) => kind === 'github-sender');
  const differences = [
    ...before.differences,
    ...after.differences,
    ...(await checkSenders(stage, stage.plan.pushes, senders)),
  ];
  if (after.sightings !== before.sightings)
    differences.push(`${before.sightings} sightings became ${after.sightings} when webhooks came again`);
  return { ...after, differences };
}
