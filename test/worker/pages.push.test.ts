import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Image, singleImage } from '../../scripts/simulate/images.ts';
import { contentsRead, MINER, overwrite, storedContents } from '../fixtures/pushed-images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { addSignedIn, Visitor } from '../fixtures/visitor.ts';
import { TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let maintainer: Visitor;
let path: string;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
  maintainer = new Visitor(pushwarden.url);
  await maintainer.resume((await addSignedIn(pushwarden.db, 1, 'maintainer', 'maintainer')).token);
});
afterAll(() => pushwarden.stop());
beforeEach(() => {
  n += 1;
  path = `org/app${n}`;
});

const genuine = (): Image => singleImage(`${path} as released`);
const miner = (): Image => singleImage(`${path} by a thief`, 'amd64', MINER);

/** How many requests the registry gets while something is done. */
async function requestsOf<T>(act: () => Promise<T>): Promise<{ readonly requests: number; readonly result: T }> {
  const before = pushwarden.registry.requests.length;
  const result = await act();
  return { requests: pushwarden.registry.requests.length - before, result };
}

/** The text of a page, as it is read. */
const textOf = (html: string): string =>
  html
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ');

async function trustedPush(): Promise<{ readonly repository: number; readonly push: string }> {
  pushwarden.registry.push(path, '1.0', genuine());
  const watched = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
  pushwarden.registry.push(path, '1.0', singleImage(`${path} 1.0 again`, 'amd64', { Cmd: ['--new'] }));
  await sendDockerHub(pushwarden, watched.webhook, { path, tag: '1.0', pusher: 'release-bot' });
  await until('it is trusted', async () => (await pushwarden.pushes(watched.id))[0]?.verdict === 'trusted');
  return { repository: watched.id, push: `${watched.id}-2` };
}

test('what the rogue image would run is told after it was deleted, and looking asks the registry nothing', async () => {
  const [before, after] = [genuine(), miner()];
  const { repository, push } = await overwrite(pushwarden, path, before, after);
  await contentsRead(pushwarden, repository, 2);
  // Gone for good: tag, manifest and blobs.
  pushwarden.registry.deleteTag(path, '1.0.0');
  pushwarden.registry.fail(`/${path}/`, { kind: 'status', status: 404 });
  const { requests, result } = await requestsOf(() => maintainer.get(`/p/${push}`));
  pushwarden.registry.heal();
  expect(requests).toBe(0);
  expect(textOf(result.html)).toContain('["/app"] ["/bin/sh","-c","/usr/lib/.kd & exec /app"]');
  expect(textOf(result.html)).toContain('0 (root)');
  expect(result.html).toContain('POOL');
  expect(result.html).not.toContain('secret-of-the-thief');
});

describe('a push that nobody has read anything of', () => {
  test('is compared by a button, in four requests, once, with an entry in the audit log', async () => {
    const { repository, push } = await trustedPush();
    const page = await requestsOf(() => maintainer.get(`/p/${push}`));
    expect(page.requests).toBe(0);
    expect(textOf(page.result.html)).toContain('Nothing was read of these images');
    expect(textOf(page.result.html)).toContain('Compare with the previous image');

    const asked = await requestsOf(() => maintainer.post(`/p/${push}/compare`));
    expect([asked.requests, asked.result.status, asked.result.location]).toEqual([4, 303, `/p/${push}#h-diff`]);
    expect(await storedContents(pushwarden, repository)).toHaveLength(2);
    const [entry] = (await pushwarden.api('GET', '/audit-log?limit=1')).json.items;
    expect(entry).toMatchObject({ actor: 'person:maintainer', action: 'push.compared', target: `push ${push}` });

    const after = await maintainer.get(`/p/${push}`);
    expect(textOf(after.html)).toContain('Command none ["--new"]');
    expect(after.html).not.toContain('Compare with the previous image');
    expect((await requestsOf(() => maintainer.post(`/p/${push}/compare`))).requests).toBe(0);
  });

  test('is told as not known where the registry does not answer, never as unchanged', async () => {
    const { push } = await trustedPush();
    await maintainer.get(`/p/${push}`);
    pushwarden.registry.fail(`/${path}/`, { kind: 'status', status: 503 });
    await maintainer.post(`/p/${push}/compare`);
    pushwarden.registry.heal();
    const text = textOf((await maintainer.get(`/p/${push}`)).html);
    expect(text).toContain('docker.io answered 503');
    expect(text).toContain('That does not mean that nothing changed.');
    expect(text).toContain('Compare with the previous image');
    await maintainer.post(`/p/${push}/compare`);
    expect(textOf((await maintainer.get(`/p/${push}`)).html)).toContain('["--new"]');
  });

  test('has no button for those who may only look', async () => {
    const { push } = await trustedPush();
    const viewer = new Visitor(pushwarden.url);
    await viewer.resume((await addSignedIn(pushwarden.db, 1, `viewer ${path}`, 'viewer')).token);
    const page = await viewer.get(`/p/${push}`);
    expect([page.status, page.html.includes('/compare')]).toEqual([200, false]);
  });
});

test('the API tells the same, and reads only when it is asked to', async () => {
  const { push } = await trustedPush();
  const unread = await requestsOf(() => pushwarden.api('GET', `/pushes/${push}/changes`));
  expect(unread.requests).toBe(0);
  expect(unread.result.json).toMatchObject({
    push,
    against: { pushesBack: 1, verdict: null },
    after: { state: 'not-read' },
    before: { state: 'not-read' },
    change: null,
  });
  const read = await requestsOf(() => pushwarden.api('POST', `/pushes/${push}/changes`));
  expect(read.requests).toBe(4);
  expect(read.result.json).toMatchObject({
    after: { state: 'present', contents: { kind: 'image', layerCount: 2 } },
    change: { is: 'image', config: { changes: [{ part: 'cmd', before: [], after: ['--new'] }] } },
  });
  expect((await pushwarden.api('GET', `/pushes/${push}/changes`)).json).toEqual(read.result.json);
});

test('two rogue pushes in a row are both held against the image before the first', async () => {
  const { repository, push, webhook } = await overwrite(pushwarden, path, genuine(), miner());
  pushwarden.registry.push(path, '1.0.0', singleImage(`${path} by a thief again`, 'amd64', MINER));
  await sendDockerHub(pushwarden, webhook, { path, tag: '1.0.0', pusher: 'thief' });
  await until(
    'it is rogue',
    async () =>
      (await pushwarden.pushes(repository))[0]?.verdict === 'rogue' &&
      (await pushwarden.pushes(repository)).length === 3,
  );
  await contentsRead(pushwarden, repository, 3);
  const second = textOf((await maintainer.get(`/p/${repository}-3`)).html);
  expect(second).toContain('the last image of this tag that is not in doubt');
  expect(second).toContain('["/app"] ["/bin/sh"');
  expect(second).toContain('Before, of this tag');
  expect(textOf((await maintainer.get(`/p/${push}`)).html)).toContain('Next of this tag');
});

test('raw evidence is JSON, as the API has it, and of nobody else’s pushes', async () => {
  const { push } = await trustedPush();
  const { status, headers, html } = await maintainer.get(`/p/${push}.json`);
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
  const { deliveries: _, ...fromApi } = (await pushwarden.api('GET', `/pushes/${push}`)).json;
  expect(JSON.parse(html)).toEqual(fromApi);
  const other = new Visitor(pushwarden.url);
  await other.resume((await addSignedIn(pushwarden.db, 2, `other ${path}`, 'owner')).token);
  for (const address of [`/p/${push}.json`, `/p/${push}`, '/p/0-1', '/p/1-0', '/p/1', '/p/x-y', `/p/${push}.json.json`])
    expect([address, (await other.get(address)).status]).toEqual([address, 404]);
});
