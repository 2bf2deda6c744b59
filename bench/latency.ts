import { dockerHubBody } from '../scripts/simulate/dockerhub-webhook.ts';
import { singleImage } from '../scripts/simulate/images.ts';
import { RegistryDouble } from '../scripts/simulate/world/registry.ts';
import { SlackDouble } from '../scripts/simulate/world/slack.ts';
import { type Figures, median, percentile } from './figures.ts';
import { load, postRequest } from './load.ts';
import { type LocalWorker, startLocalWorker } from './local-worker.ts';
import { ENCRYPTION_KEYS, HUB_PUSH_SECRET, WATCHED_PATH, watchAll } from './watched.ts';

const IN_FLIGHT = 100;
const TIMEOUT_MS = 30_000;

interface Stage {
  readonly worker: LocalWorker;
  readonly registry: RegistryDouble;
  readonly slack: SlackDouble;
}

/**
 * How long after a webhook the request to Slack arrives: pushes by an unknown account, which need no waiting. The whole
 * Worker with its queues in miniflare; registry and Slack are doubles on loopback. The settings are a local
 * installation's, which asks D1 for its clock once more per invocation than a deployed one.
 */
export async function measureLatency(figures: Figures, script: string, folder: string, quick: boolean): Promise<void> {
  figures.note(
    'Latency: from sending a Docker Hub webhook to the arrival of its alert at Slack, findings decided at once',
  );
  const registry = await RegistryDouble.start();
  const slack = await SlackDouble.start();
  try {
    const bindings = {
      ENCRYPTION_KEYS,
      LOCAL: 'true',
      PUBLIC_URL: 'http://127.0.0.1',
      REGISTRIES: JSON.stringify({ 'docker.io': { url: registry.url } }),
      GITHUB_API_URL: registry.url,
      SLACK_WEBHOOK_HOSTS: new URL(slack.url).host,
    };
    const worker = await startLocalWorker({ script, bindings, databases: ['DB'], folder, queues: 'consumers' });
    try {
      await watchAll(await worker.database('DB'), slack.webhookUrl('alerts'));
      await measureStage(figures, { worker, registry, slack }, quick);
    } finally {
      await worker.close();
    }
  } finally {
    await registry.close();
    await slack.close();
  }
}

async function measureStage(figures: Figures, stage: Stage, quick: boolean): Promise<void> {
  await tell(stage, ['warm-1', 'warm-2']);
  const single: number[] = [];
  for (let n = 0; n < (quick ? 5 : 30); n += 1) single.push(...(await tell(stage, [`single-${n}`])));
  figures.timing('alert after one push: median', median(single), 'ms', { atMost: 100 });
  figures.timing('alert after one push: slowest', Math.max(...single), 'ms', { atMost: 100 });

  const burst = (name: string) =>
    tell(
      stage,
      Array.from({ length: IN_FLIGHT }, (_, n) => `${name}-${n}`),
    );
  const bursts: number[][] = [];
  for (let n = 0; n < (quick ? 1 : 5); n += 1) bursts.push(await burst(`burst-${n}`));
  const p99 = bursts.map((times) => percentile(times, 0.99));
  figures.shown(`alerts after ${IN_FLIGHT} pushes at once: median`, median(bursts.flat()), 'ms');
  figures.timing(`alerts after ${IN_FLIGHT} pushes at once: p99, median of runs`, median(p99), 'ms', { atMost: 1000 });
  figures.shown(`alerts after ${IN_FLIGHT} pushes at once: p99, first (cold) run`, p99[0] ?? Number.NaN, 'ms');
}

/** Pushes all tags at once, and answers with the ms from then until Slack was told of each. */
async function tell({ worker, registry, slack }: Stage, tags: readonly string[]): Promise<number[]> {
  for (const tag of tags) registry.push(WATCHED_PATH, tag, singleImage(`image of ${tag}`));
  const requests = tags.map((tag) => {
    const body = dockerHubBody({ path: WATCHED_PATH, tag, pusher: 'mallory', at: Date.now() });
    return postRequest(
      worker.url,
      `/webhooks/dockerhub/${HUB_PUSH_SECRET}`,
      { 'content-type': 'application/json' },
      body,
    );
  });
  const start = performance.now();
  const { refused } = await load(worker.url, requests, tags.length);
  if (refused > 0) throw new Error(`${refused} webhooks were refused.`);
  const arrivals: number[] = [];
  for (const tag of tags) {
    const message = await slack.waitFor(({ json }) => namesTag(json, tag), TIMEOUT_MS);
    if (message === null) throw new Error(`Slack was never told of ${tag}.`);
    arrivals.push(message.at - start);
  }
  return arrivals;
}

/** Whether a message is about the tag, and not one that only starts like it. */
const namesTag = (json: string, tag: string): boolean => new RegExp(`${tag}(?![0-9a-z-])`).test(json);
