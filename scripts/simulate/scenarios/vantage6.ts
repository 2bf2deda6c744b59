import { singleImage } from '../images.ts';
import { isPush, pass, tellAlert, watch, wordsOf } from '../plot.ts';
import type { Detected, Expected, Played, Scenario, Stage, Watched } from '../scenario.ts';
import { duration } from '../story.ts';
import { PRIVATE_REGISTRY } from '../world.ts';

const PATHS = ['infrastructure/server', 'infrastructure/node', 'infrastructure/ui', 'infrastructure/store'];
const MORE_PATHS = ['algorithms/average', 'algorithms/kaplan-meier', 'algorithms/glm'];
const VERSIONS = ['4.11.0', '4.11.1', '4.12.0', '4.12.1', '4.13.0', '4.13.1', '4.13.2'];
const MOVING = ['cotopaxi', 'latest'];
const SWEEP_SECONDS = 900;
const SWEEPS = 8;

export const vantage6: Scenario = {
  name: 'vantage6',
  title: 'vantage6, Harbor, 2026-02-16',
  about:
    "The registry's administrator account was taken over and more than 60 images were repointed in a day. No webhook " +
    'told of it; it was noticed after 44 days.',
  play,
};

async function play(stage: Stage): Promise<Played> {
  const watched: Watched[] = [];
  for (const path of [...PATHS, ...MORE_PATHS]) {
    const tags = Object.fromEntries([...VERSIONS, ...MOVING].map((tag) => [tag, singleImage(`${path} ${tag}`)]));
    watched.push(await watch(stage, { registry: PRIVATE_REGISTRY, path }, tags, { immutableTags: ['*.*.*'] }));
  }
  await pass(stage, 86_400);
  // Whatever sweep the long leap left over is done before the attack, so that the next one comes in its own time.
  await pass(stage, 300);

  const expected = watched.flatMap((each) => repoint(stage, each));
  stage.story.tell('attack', `The registry's administrator repoints ${expected.length} tags; no webhook is sent`);
  const detected = await sweepUntilFound(stage, watched, expected);
  return { watched, expected, detected, missing: [] };
}

/** Moves every tag of a repository to one rogue image. */
function repoint(stage: Stage, { repository, path }: Watched): Expected[] {
  const rogue = singleImage(`backdoor for ${path}`);
  return [...VERSIONS, ...MOVING].map((tag) => {
    stage.world.registry.push(path, tag, rogue);
    const findings = MOVING.includes(tag) ? ['unreported-push'] : ['tag-moved'];
    return { image: repository.image, tag, digest: rogue.digest, findings };
  });
}

async function sweepUntilFound(
  stage: Stage,
  watched: readonly Watched[],
  expected: readonly Expected[],
): Promise<Detected[]> {
  const movedAt = stage.api.now();
  let detected: FoundBySweep[] = [];
  for (let sweep = 0; sweep < SWEEPS && detected.length < expected.length; sweep++) {
    await pass(stage, SWEEP_SECONDS);
    detected = await findDetected(stage, watched, expected);
  }
  detected.sort((a, b) => a.foundAt - b.foundAt);
  const [first] = detected;
  const last = detected.at(-1);
  if (first !== undefined && last !== undefined) {
    const after = ({ foundAt }: FoundBySweep) => duration((foundAt - movedAt) / 1000);
    tellAlert(stage, first, `${after(first)} after the move`);
    stage.story.tell('verdict', `rogue: ${detected.length} tags in all, the last found ${after(last)} after the move`);
  }
  return detected.map(({ foundAt: _, ...rest }) => rest);
}

/** With the simulated time, in ms since the epoch, at which the sweep found it. */
type FoundBySweep = Detected & { readonly foundAt: number };

/** Expected pushes that are rogue and whose repository Slack was told about. */
async function findDetected(
  stage: Stage,
  watched: readonly Watched[],
  expected: readonly Expected[],
): Promise<FoundBySweep[]> {
  const found: FoundBySweep[] = [];
  for (const { repository } of watched) {
    const rogue = (await stage.api.pushes(repository.id)).filter(({ verdict }) => verdict === 'rogue');
    const mine = expected.filter(({ image }) => image === repository.image);
    const { id } = stage.channel;
    const spoken = await stage.world.slack.waitFor(
      ({ channel, json }) => channel === id && json.includes(repository.image),
      5000,
    );
    if (spoken === null) continue;
    for (const each of mine) {
      const push = rogue.find((candidate) => isPush(candidate, each));
      if (push === undefined) continue;
      const findings = push.findings.map(({ code }) => code);
      const foundAt = Date.parse(push.receivedAt);
      found.push({ ...each, findings, alert: push.alert, words: wordsOf(spoken), latencyMs: null, foundAt });
    }
  }
  return found;
}
