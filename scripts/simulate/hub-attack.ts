import { identityOf, type Workflow } from './ci-job.ts';
import { singleImage } from './images.ts';
import { attackHub, pass, releaseOnHub, watch } from './plot.ts';
import type { Detected, Expected, Played, Stage } from './scenario.ts';

/** An attack with a stolen push token of a Docker Hub account, after an honest release. */
export interface HubAttack {
  /** `namespace/name` on Docker Hub */
  readonly path: string;
  /** Whose token CI has, and the attacker stole. */
  readonly account: string;
  readonly workflow: Workflow;
  readonly immutableTags: readonly string[];
  /** What the registry had before. */
  readonly baseline: readonly string[];
  /** The last honest release: its version and tags. */
  readonly release: { readonly version: string; readonly tags: readonly string[] };
  /** How long it stays quiet, in seconds. */
  readonly quietSeconds: number;
  /** Rogue pushes in their order: the same `image` is one image under several tags. */
  readonly pushes: readonly { readonly tag: string; readonly image: string; readonly findings: readonly string[] }[];
  /** Between two of them, in seconds. */
  readonly paceSeconds: number;
}

/** Plays it under the policy that CI announces each release first. */
export async function playHubAttack(stage: Stage, attack: HubAttack): Promise<Played> {
  const { path, account, workflow, immutableTags, release } = attack;
  const identities = [identityOf(workflow, stage.world.oidc)];
  const policy = { pushers: [account], immutableTags, ci: { mode: 'require', announceFirst: true, identities } };
  const before = Object.fromEntries(attack.baseline.map((tag) => [tag, singleImage(`${path} ${tag}`)]));
  const watched = await watch(stage, { registry: 'docker.io', path }, before, policy);

  await pass(stage, 3600);
  const missing = [...(await releaseOnHub(stage, watched, { ...release, account, workflow }))];
  await pass(stage, attack.quietSeconds);

  const expected: Expected[] = [];
  const detected: Detected[] = [];
  for (const { tag, image, findings } of attack.pushes) {
    const rogue = singleImage(`${path} ${image}`);
    const push = await attackHub(stage, watched, { tag, image: rogue, account, findings });
    expected.push(push.expected);
    if (push.detected !== null) detected.push(push.detected);
    if (attack.paceSeconds > 0) await stage.api.advance(attack.paceSeconds);
  }
  return { watched: [watched], expected, detected, missing };
}
