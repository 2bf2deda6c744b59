import type { PushwardenApi } from './pushwarden-api.ts';
import type { Detected, Expected, Latency, Played, Report, Scenario, Stage, Watched } from './scenario.ts';
import { cleanRelease } from './scenarios/clean-release.ts';
import { kics } from './scenarios/kics.ts';
import { kong } from './scenarios/kong.ts';
import { trivy } from './scenarios/trivy.ts';
import { vantage6 } from './scenarios/vantage6.ts';
import { Story } from './story.ts';
import type { World } from './world.ts';

export const SCENARIOS: readonly Scenario[] = [kong, trivy, kics, vantage6, cleanRelease];

export interface RunOptions {
  readonly world: World;
  readonly api: PushwardenApi;
  /** Appended to names, so that plays in one installation do not meet; empty: the names as they were. */
  readonly suffix: string;
  readonly seed: number;
  readonly print: (line: string) => void;
  /** Also make the channels the installation's default ones: only where nobody else's are. */
  readonly ownInstallation: boolean;
}

/** Plays a scenario and compares what happened with what should have. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<Report> {
  const { world, api, suffix, ownInstallation } = options;
  await api.readClock();
  const story = new Story(() => api.now(), options.print);
  const channel = { name: `simulation${suffix}`, id: `C0ALERTS${suffix.toUpperCase()}` };
  const bot = { kind: 'slack-bot', token: 'xoxb-simulated' };
  await api.makeChannel({ ...bot, name: channel.name, channel: channel.id, default: ownInstallation });
  if (ownInstallation) await api.makeChannel({ ...bot, name: 'health', channel: 'C0HEALTH', health: true });

  const stage: Stage = { world, api, story, channel, suffix, seed: options.seed };
  const played = await scenario.play(stage);
  const report = await judge(scenario, stage, played);
  for (const what of report.missing) story.tell('missing', what);
  return { ...report, timeline: story.entries };
}

async function judge(scenario: Scenario, stage: Stage, played: Played): Promise<Omit<Report, 'timeline'>> {
  const { expected, detected } = played;
  const messages = stage.world.slack.inChannel(stage.channel.id);
  const all = (await Promise.all(played.watched.map((each) => withoutBaseline(stage, each)))).flat();
  const falseAlarms = all
    .filter(({ verdict }) => verdict === 'rogue' || verdict === 'undetermined')
    .filter(
      ({ image, tag, digest }) => !expected.some((e) => e.image === image && e.tag === tag && e.digest === digest),
    )
    .map(({ image, tag, verdict, findings }) => `${image}:${tag} (${verdict}: ${findings.map(({ code }) => code)})`);
  const missing = [
    ...played.missing,
    ...expected.flatMap((each) => whatIsMissing(each, detected)),
    ...(await tagsWithoutAlert(stage, detected)),
    ...falseAlarms.map((push) => `nothing is wrong with ${push}`),
  ];
  return {
    scenario: scenario.name,
    ok: missing.length === 0,
    expected,
    detected,
    missing,
    alerts: messages.filter(({ method, threadTs }) => method !== 'chat.update' && threadTs === null).length,
    messages: messages.length,
    pushes: all.length,
    falseAlarms,
    latencyMs: latency(detected),
  };
}

async function withoutBaseline(stage: Stage, { repository }: Watched) {
  return (await stage.api.pushes(repository.id, true)).filter(({ origin }) => origin !== 'baseline');
}

function whatIsMissing(expected: Expected, detected: readonly Detected[]): string[] {
  const name = `${expected.image}:${expected.tag}`;
  const found = detected.find(
    ({ image, tag, digest }) => image === expected.image && tag === expected.tag && digest === expected.digest,
  );
  if (found === undefined) return [`the push to ${name} was not detected and told`];
  const codes = expected.findings.filter((code) => !found.findings.includes(code));
  return codes.map((code) => `${name} should have the finding ${code}; it has ${found.findings.join(', ')}`);
}

/** One alert may speak about several tags: then it has to list each, or somebody forgets to restore it. */
async function tagsWithoutAlert(stage: Stage, detected: readonly Detected[]): Promise<string[]> {
  const ids = [...new Set(detected.map(({ alert }) => alert))].filter((id) => id !== null);
  const alerts = new Map((await Promise.all(ids.map((id) => stage.api.alert(id)))).map((alert) => [alert.id, alert]));
  return detected.flatMap(({ image, tag, alert }) => {
    if (alert === null) return [`${image}:${tag} should have an alert`];
    return alerts.get(alert)?.tags.includes(tag) ? [] : [`alert ${alert} should list ${image}:${tag}`];
  });
}

function latency(detected: readonly Detected[]): Latency | null {
  const all = detected.flatMap(({ latencyMs }) => (latencyMs === null ? [] : [latencyMs])).sort((a, b) => a - b);
  const [min] = all;
  const median = all[Math.floor(all.length / 2)];
  const max = all.at(-1);
  return min === undefined || median === undefined || max === undefined ? null : { min, median, max };
}
