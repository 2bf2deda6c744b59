import type { PushwardenApi, Repository } from './pushwarden-api.ts';
import type { Story, TimelineEntry } from './story.ts';
import type { World } from './world.ts';

/** Where a scenario is played. */
export interface Stage {
  readonly world: World;
  readonly api: PushwardenApi;
  readonly story: Story;
  /** The Slack channel that alerts go to, by its name in Pushwarden and its id in Slack. */
  readonly channel: { readonly name: string; readonly id: string };
  /** Makes this play's images its own; empty in an installation of its own. */
  readonly suffix: string;
  /** Decides everything random. */
  readonly seed: number;
}

/** A repository that is watched, and its path in the registry. */
export interface Watched {
  readonly repository: Repository;
  readonly path: string;
}

/** A push that must be detected, with at least these findings. */
export interface Expected {
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
  readonly findings: readonly string[];
}

/** What Pushwarden found of an expected push. */
export interface Detected extends Expected {
  /** Id of its alert. */
  readonly alert: string | null;
  /** What the message in Slack says: its text, then its reasons. */
  readonly words: readonly string[];
  /** From sending the webhook to Slack's receiving the message; `null` if no webhook told of it. */
  readonly latencyMs: number | null;
}

/** What became of a play. */
export interface Played {
  readonly watched: readonly Watched[];
  readonly expected: readonly Expected[];
  readonly detected: readonly Detected[];
  /** What else should have happened and did not. */
  readonly missing: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** The incident in a few sentences. */
  readonly about: string;
  play(stage: Stage): Promise<Played>;
}

/** ms, rounded. */
export interface Latency {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** One scenario's outcome, as `--json` prints it. */
export interface Report {
  readonly scenario: string;
  readonly ok: boolean;
  readonly expected: readonly Expected[];
  readonly detected: readonly Detected[];
  /** What did not happen, in words; empty if `ok`. */
  readonly missing: readonly string[];
  /** Messages in the alert channel that are neither updates of others nor in a thread. */
  readonly alerts: number;
  /** All messages and updates in the alert channel. */
  readonly messages: number;
  /** Pushes recorded, without the baseline and with parts and signatures. */
  readonly pushes: number;
  /** Alarming or undecided pushes that nothing was wrong with, as `image:tag (verdict)`. */
  readonly falseAlarms: readonly string[];
  readonly latencyMs: Latency | null;
  readonly timeline: readonly TimelineEntry[];
}
