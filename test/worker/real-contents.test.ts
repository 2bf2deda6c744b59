import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import { contentsRead, MINER } from '../fixtures/pushed-images.ts';
import { buildLayout, type Layout, skopeoCopy } from '../fixtures/skopeo.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let registry: DockerRegistry;
let pushwarden: TestInstallation;
const layouts: Layout[] = [];

beforeAll(async () => {
  registry = await startDockerRegistry();
  const REGISTRIES = JSON.stringify({ 'registry.example': { url: registry.url } });
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars: { REGISTRIES } });
  await pushwarden.connectSlack();
});
afterAll(async () => {
  await Promise.all(layouts.map((layout) => layout.remove()));
  await pushwarden?.stop();
  await registry?.stop();
});

async function push(path: string, kind: 'single' | 'multi-arch', words: string, run: object): Promise<Layout> {
  const layout = await buildLayout(words, kind, run);
  layouts.push(layout);
  await skopeoCopy(layout, `${registry.host}/${path}:1.0.0`);
  return layout;
}

/** Pushed with skopeo over what was there at registration; what changed is asked for when the registry is gone. */
async function changesAfterTheEnd(kind: 'single' | 'multi-arch', digests: number): Promise<Json> {
  const path = `org/${kind}`;
  await push(path, kind, 'genuine', { Entrypoint: ['/app'], User: '1000' });
  const { id } = await pushwarden.watch(`registry.example/${path}`);
  const { digest } = await push(path, kind, 'miner', MINER);
  await pushwarden.run('sweep');
  const rogue = async (): Promise<Json> => (await pushwarden.pushes(id)).find((each) => each.verdict === 'rogue');
  await until('it is rogue', async () => (await rogue()) !== undefined);
  await contentsRead(pushwarden, id, digests);
  await registry.halt();
  const { json } = await pushwarden.api('GET', `/pushes/${(await rogue()).id}/changes`);
  await registry.resume('');
  expect(json).toMatchObject({ digest, after: { state: 'present' }, before: { state: 'present' } });
  return json.change;
}

const THEFT = {
  config: {
    changes: [
      { part: 'entrypoint', before: ['/app'], after: MINER.Entrypoint },
      { part: 'env', added: ['PATH', 'POOL'], removed: [] },
      { part: 'user', before: '1000', after: '0' },
    ],
  },
  layers: { before: { count: 1 }, after: { count: 1 }, sameFirst: 0 },
};

describe('images pushed with skopeo to Distribution, which then is gone', () => {
  test('are told apart by what they would run', async () => {
    expect(await changesAfterTheEnd('single', 2)).toMatchObject({ is: 'image', ...THEFT });
  });

  test('are told apart for each platform', async () => {
    expect(await changesAfterTheEnd('multi-arch', 6)).toMatchObject({
      is: 'platforms',
      changed: [
        { platform: 'linux/amd64', change: THEFT },
        { platform: 'linux/arm64', change: THEFT },
      ],
      added: [],
      removed: [],
    });
  });
});
