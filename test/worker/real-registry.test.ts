import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { SlackMessage } from '../../scripts/simulate/world/slack.ts';
import { type DockerRegistry, startDockerRegistry } from '../fixtures/docker-registry.ts';
import { artifactTag, pushImage, pushSignature } from '../fixtures/oci-images.ts';
import { buildLayout, type Layout, skopeoCopy, skopeoDigest } from '../fixtures/skopeo.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

const DEADLINE = 1800;

let registry: DockerRegistry;
let pushwarden: TestInstallation;
let recorder: Recorder;
/** Tells of everything: the hook that all repositories of these tests share. */
let hook: Json;
let repository: Json;
let path: string;
let n = 0;
const layouts: Layout[] = [];

beforeAll(async () => {
  registry = await startDockerRegistry();
  recorder = await Recorder.start();
  const REGISTRIES = JSON.stringify({ 'registry.example': { url: registry.url } });
  pushwarden = await TestInstallation.start({ bundle: inject('bundle'), vars: { REGISTRIES } });
  await pushwarden.connectSlack();
  hook = (await pushwarden.watch('registry.example/org/first')).webhook;
  await registry.resume(notifications());
});
afterAll(async () => {
  await Promise.all(layouts.map((layout) => layout.remove()));
  await pushwarden?.stop();
  await registry?.stop();
  await recorder?.stop();
});

beforeEach(async () => {
  n += 1;
  path = `org/app${String(n).padStart(2, '0')}`;
  repository = await pushwarden.watch(`registry.example/${path}`, { hook: hook.id });
});
afterEach(() => {
  pushwarden.slack.messages.length = 0;
  recorder.bodies.length = 0;
});

/** What the registration says to put into config.yml, and the recorder beside it. */
function notifications(): string {
  const [, section = ''] = hook.instructions;
  return `${section.replace(new URL(hook.url).origin, pushwarden.url)}\n${recorder.endpoint}`;
}

const notificationsLost = (): string => `notifications:\n  endpoints:\n${recorder.endpoint}`;

const target = (tag: string): string => `${registry.host}/${path}:${tag}`;

async function build(words: string, kind: 'single' | 'multi-arch' = 'single'): Promise<Layout> {
  const layout = await buildLayout(`${path} ${words}`, kind);
  layouts.push(layout);
  return layout;
}

async function push(tag: string, words: string, kind: 'single' | 'multi-arch' = 'single'): Promise<Layout> {
  const layout = await build(words, kind);
  await skopeoCopy(layout, target(tag));
  return layout;
}

/** Messages about this test's image: other tests' alerts may still get worse. */
const told = (): SlackMessage[] => pushwarden.slack.messages.filter(({ json }) => json.includes(path));

const alerts = (): SlackMessage[] => told().filter(({ channel }) => channel === 'alerts');

const pushes = (): Promise<Json[]> => pushwarden.pushes(repository.id);

async function folded(): Promise<Json[]> {
  return (await pushwarden.api('GET', `/repositories/${repository.id}/pushes?folded=true`)).json.items;
}

async function untilDecided(what: string, count: number): Promise<Json[]> {
  await until(what, async () => {
    const all = await pushes();
    return all.length >= count && all.every((each) => each.kind !== 'unresolved' && each.verdict !== 'pending');
  });
  return pushes();
}

/** The bodies that the registry has sent about this test's repository, once there are so many. */
async function untilRecorded(count: number): Promise<string[]> {
  const mine = (): string[] => recorder.bodies.filter((body) => body.includes(`"${path}"`));
  await until(`the registry has notified ${count} times`, () => mine().length >= count);
  return mine();
}

async function redeliver(body: string): Promise<Json> {
  const headers = { 'content-type': 'application/vnd.docker.distribution.events.v1+json' };
  return pushwarden.request(new URL(hook.url).pathname, { method: 'POST', headers, body });
}

describe('pushed with skopeo to Distribution, which notifies as the registration says', () => {
  test('an image is one trusted push of the digest that skopeo sees', async () => {
    const { digest } = await push('1.0.0', 'genuine');
    const all = await untilDecided('it is trusted', 1);
    expect(all).toMatchObject([
      { tag: '1.0.0', digest, kind: 'manifest', origin: 'distribution', verdict: 'trusted', findings: [] },
    ]);
    expect(await skopeoDigest(target('1.0.0'))).toBe(digest);
    expect(told()).toEqual([]);
  });

  test('a multi-platform image is one push: its platforms fold into the index', async () => {
    const { digest, children } = await push('2.0.0', 'genuine', 'multi-arch');
    await until('the parts are folded', async () => (await pushes()).length === 1 && (await folded()).length === 3);
    expect(await untilDecided('it is trusted', 1)).toMatchObject([
      { tag: '2.0.0', digest, kind: 'index', verdict: 'trusted' },
    ]);
    const parts = (await folded()).filter((each) => each.kind === 'child');
    expect(parts.map((each) => each.digest).sort()).toEqual([...children].sort());
    expect(parts.map(({ tag, foldedInto, verdict }) => ({ tag, foldedInto, verdict }))).toEqual(
      children.map(() => ({ tag: '', foldedInto: digest, verdict: null })),
    );
    await pushwarden.advance(DEADLINE);
    expect(told()).toEqual([]);
  });

  test('a moved release tag alerts, naming both digests in full', async () => {
    const genuine = await push('1.0.0', 'genuine');
    await untilDecided('it is trusted', 1);
    const rogue = await push('1.0.0', 'miner');
    const pushedAt = performance.now();
    await until('Slack is told', () => alerts().length === 1);
    const [message] = told();
    console.log(`from the end of skopeo to Slack: ${Math.round((message?.at ?? 0) - pushedAt)} ms`);

    expect(await skopeoDigest(target('1.0.0'))).toBe(rogue.digest);
    expect(message?.json).toContain(genuine.digest);
    expect(message?.json).toContain(rogue.digest);
    const [latest] = await pushes();
    expect(latest).toMatchObject({
      digest: rogue.digest,
      previousDigest: genuine.digest,
      verdict: 'rogue',
      findings: [{ code: 'tag-moved', from: genuine.digest, to: rogue.digest }],
    });
    expect((await pushwarden.api('GET', `/alerts/${latest.alert}`)).json).toMatchObject({
      tags: ['1.0.0'],
      digest: rogue.digest,
      previousDigest: genuine.digest,
      safe: { digest: genuine.digest, how: 'trusted' },
    });
  });

  test('a manifest pushed by its digest alone is listed as untagged and alarms nobody', async () => {
    const { digest } = await pushImage(registry.url, path, null, { seed: path });
    const all = await untilDecided('it is judged', 1);
    expect(all).toMatchObject([{ tag: '', digest, kind: 'untagged', verdict: 'trusted' }]);
    await pushwarden.advance(DEADLINE);
    expect(told()).toEqual([]);
  });

  test('the same notifications again change nothing', async () => {
    await push('1.0.0', 'genuine', 'multi-arch');
    await untilDecided('it is trusted', 1);
    await push('1.0.0', 'miner');
    await until('Slack is told', () => alerts().length === 1);
    await until('all is folded', async () => (await folded()).length === 4);
    const before = await folded();
    for (const body of await untilRecorded(4)) {
      expect(await redeliver(body)).toMatchObject({ status: 202, json: { repeated: true, pushes: [] } });
    }
    await pushwarden.advance(DEADLINE);
    expect(await folded()).toEqual(before);
    expect(told()).toHaveLength(1);
  });

  test('our own reads of the registry are not news to us', async () => {
    await push('1.0.0', 'genuine', 'multi-arch');
    await untilDecided('it is trusted', 1);
    await pushwarden.run('sweep');
    const deliveries = (await pushwarden.api('GET', `/deliveries?hook=${hook.id}&limit=200`)).json.items;
    expect(deliveries.filter((each: Json) => each.outcome !== 'recorded')).toEqual([]);
  });
});

describe('under the tag of a signature', () => {
  test('an image is judged as an image, and a signature is folded into what it signs', async () => {
    const policy = {
      ci: { announceFirst: true, identities: [{ oidcIssuer: pushwarden.oidc.issuer, repositoryId: '74' }] },
    };
    const { digest: signed } = await push('1.0.0', 'genuine');
    await until('its push is recorded', async () => (await pushes()).length === 1);
    await pushwarden.api('PATCH', `/repositories/${repository.id}`, { policy });
    const signature = await pushSignature(registry.url, path, signed);
    await until('the signature is folded', async () => (await folded()).some((each) => each.kind === 'artifact'));
    expect((await folded())[0]).toMatchObject({ digest: signature.digest, foldedInto: signed, verdict: null });
    await pushwarden.advance(DEADLINE);
    expect(told()).toEqual([]);

    const miner = await push(artifactTag(signed, '.sig'), 'miner');
    await until('Slack is told', () => alerts().length === 1);
    expect((await pushes())[0]).toMatchObject({
      tag: artifactTag(signed, '.sig'),
      digest: miner.digest,
      kind: 'manifest',
      verdict: 'rogue',
      findings: [{ code: 'no-ci-run' }],
    });
  });
});

describe('when the registry’s notifications are lost', () => {
  beforeEach(() => registry.resume(notificationsLost()));
  afterEach(() => registry.resume(notifications()));

  test('the sweep finds a rogue push', async () => {
    const genuine = await build('genuine');
    await registry.resume(notifications());
    await skopeoCopy(genuine, target('1.0.0'));
    await untilDecided('it is trusted', 1);
    await registry.resume(notificationsLost());
    const rogue = await push('1.0.0', 'miner');
    await untilRecorded(2);
    expect(await pushes()).toHaveLength(1);

    await pushwarden.run('sweep');
    await until('Slack is told', () => alerts().length === 1);
    expect((await pushes())[0]).toMatchObject({
      origin: 'sweep',
      verdict: 'rogue',
      digest: rogue.digest,
      previousDigest: genuine.digest,
    });
    expect(told()[0]?.json).toContain(await skopeoDigest(target('1.0.0')));
  });

  test('a registry that is down leaves a push undecided, says so as our failure, and is asked again when it is back', async () => {
    const { digest } = await push('3.0.0', 'genuine');
    const [body = ''] = await untilRecorded(1);
    await registry.halt();
    expect((await redeliver(body)).status).toBe(202);
    await until('it was tried', async () => ((await pushes())[0]?.nextCheckAt ?? null) !== null);
    await pushwarden.advance(DEADLINE - 60);
    expect(await pushes()).toMatchObject([{ digest, kind: 'unresolved', verdict: 'pending' }]);
    await pushwarden.advance(120);
    expect(await pushes()).toMatchObject([{ digest, kind: 'unresolved', verdict: 'undetermined' }]);
    await until('health is told', () => told().length > 0);
    expect(alerts()).toEqual([]);
    expect(await unreadable()).toHaveLength(1);

    await registry.resume(notificationsLost());
    await pushwarden.advance(600);
    expect(await pushes()).toMatchObject([{ digest, kind: 'manifest', verdict: 'trusted' }]);
    expect(await unreadable()).toEqual([]);
    expect(alerts()).toEqual([]);
  });
});

async function unreadable(): Promise<Json[]> {
  const { items } = (await pushwarden.api('GET', '/health')).json;
  return items.filter(
    (each: Json) => each.kind === 'registry-unreadable' && each.state === 'open' && each.subject.endsWith(path),
  );
}

/** A second endpoint of the registry's notifications: keeps the very bodies that are sent. */
class Recorder {
  readonly bodies: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        this.bodies.push(body);
        response.end();
      });
    });
  }

  static async start(): Promise<Recorder> {
    const recorder = new Recorder();
    await new Promise<void>((resolve) => recorder.#server.listen(0, '127.0.0.1', resolve));
    return recorder;
  }

  /** An item of `endpoints:` in config.yml. */
  get endpoint(): string {
    const address = this.#server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    return [
      '    - name: recorder',
      `      url: http://127.0.0.1:${port}/`,
      '      timeout: 1s',
      '      threshold: 3',
      '      backoff: 1s',
      '      ignore: { mediatypes: [application/octet-stream], actions: [pull, mount] }',
    ].join('\n');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
