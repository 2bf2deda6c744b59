import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type Image, imageIndex, singleImage } from '../../scripts/simulate/images.ts';
import { contentsRead, MINER, type Overwritten, overwrite, storedContents } from '../fixtures/pushed-images.ts';
import { sendDockerHub } from '../fixtures/senders.ts';
import { type Json, TestInstallation, until } from '../fixtures/worker.ts';

let pushwarden: TestInstallation;
let path: string;
let n = 0;

beforeAll(async () => {
  pushwarden = await TestInstallation.start({ bundle: inject('bundle') });
  await pushwarden.connectSlack();
});
afterAll(() => pushwarden.stop());
beforeEach(() => {
  n += 1;
  path = `org/app${n}`;
});
afterEach(() => pushwarden.registry.heal());

const genuine = (): Image => singleImage(`${path} as released`);
const miner = (): Image => singleImage(`${path} by a thief`, 'amd64', MINER);

/** Requests of the registry about this test's image, GET only: what counts as a pull, and blobs. */
const reads = (): string[] =>
  pushwarden.registry.requests
    .filter(({ method, path: asked }) => method === 'GET' && new RegExp(`/${path}/(manifests|blobs)/`).test(asked))
    .map((request) => request.path.replace(/^.*\/(manifests|blobs)\//, '$1 '));

const overwriteHere = (before: Image, after: Image, children: readonly Image[] = []): Promise<Overwritten> =>
  overwrite(pushwarden, path, before, after, children);
const stored = (repository: number): Promise<Json[]> => storedContents(pushwarden, repository);
const allRead = (repository: number, count: number): Promise<void> => contentsRead(pushwarden, repository, count);

const configOf = (image: Image): string => JSON.parse(image.bytes.toString()).config.digest;
const readOf = (image: Image): string[] => [`manifests ${image.digest}`, `blobs ${configOf(image)}`];

describe('when an alert opens', () => {
  test('both images are read, the rogue one first, in four requests', async () => {
    const [before, after] = [genuine(), miner()];
    const { repository } = await overwriteHere(before, after);
    await allRead(repository, 2);
    expect(reads()).toEqual([...readOf(after), ...readOf(before)]);
  });

  test('no value of a variable is kept', async () => {
    const { repository } = await overwriteHere(genuine(), miner());
    await allRead(repository, 2);
    const text = JSON.stringify(await stored(repository));
    expect(text).toContain('POOL');
    expect(text).not.toContain('secret-of-the-thief');
  });

  test('of an index its platforms are read too, each run in at most six requests, and what both have once', async () => {
    const arm = singleImage(`${path} arm`, 'arm64');
    const [amd, thief] = [genuine(), miner()];
    const { repository } = await overwriteHere(imageIndex([amd, arm], []), imageIndex([thief, arm], []), [
      amd,
      arm,
      thief,
    ]);
    await allRead(repository, 5);
    // Two indexes, and three images of two requests each.
    expect(reads()).toHaveLength(8);
  });

  test('what was read before is not read again', async () => {
    const [before, after] = [genuine(), miner()];
    const { repository, webhook } = await overwriteHere(before, after);
    await allRead(repository, 2);
    pushwarden.registry.push(path, 'latest', after);
    await sendDockerHub(pushwarden, webhook, { path, tag: 'latest', pusher: 'thief' });
    await until('the push is judged', async () =>
      (await pushwarden.pushes(repository)).some(({ tag, verdict }) => tag === 'latest' && verdict === 'rogue'),
    );
    await pushwarden.advance(60);
    expect(reads()).toHaveLength(4);
  });

  test('a registry that does not answer is asked again, a few times', async () => {
    const [before, after] = [genuine(), miner()];
    pushwarden.registry.fail(`/manifests/${after.digest}`, { kind: 'status', status: 503 }, 1);
    const { repository } = await overwriteHere(before, after);
    await until('it was tried', async () => (await stored(repository)).some(({ problem }) => problem !== null));
    const [row] = (await stored(repository)).filter(({ problem }) => problem !== null);
    expect(row).toMatchObject({ digest: after.digest, attempts: 1, contents: null });
    expect(row.problem).toContain('docker.io answered 503');
    await pushwarden.advance(120);
    await allRead(repository, 2);
  });

  test('what the registry has no more is told as that, and in the end not asked for again', async () => {
    const [before, after] = [genuine(), miner()];
    pushwarden.registry.fail(`/manifests/${after.digest}`, { kind: 'status', status: 404 });
    const { repository } = await overwriteHere(before, after);
    await pushwarden.advance(3 * 3600);
    const gone = (await stored(repository)).find(({ digest }) => digest === after.digest);
    expect(gone).toMatchObject({ attempts: 5, next_at: null, contents: null });
    expect(gone.problem).toBe('docker.io has no such manifest (any more)');
  });

  test('other bytes than the digest says are not believed', async () => {
    const [before, after] = [genuine(), miner()];
    const forged = singleImage(`${path} by a thief`, 'amd64', { Entrypoint: ['/innocent'] });
    pushwarden.registry.push(path, '1.0.0', before);
    pushwarden.registry.fail(`/blobs/${configOf(after)}`, {
      kind: 'status',
      status: 200,
      body: forged.blobs?.[0]?.toString() ?? '',
    });
    const { repository } = await overwriteHere(before, after);
    await until('it was tried', async () => (await stored(repository)).some(({ problem }) => problem !== null));
    const row = (await stored(repository)).find(({ digest }) => digest === after.digest);
    expect(row.problem).toContain('does not match requested digest');
    expect(JSON.parse(row.contents)).toMatchObject({ kind: 'image', layerCount: 2, config: { state: 'unavailable' } });
  });
});

test('nothing is read of pushes that are trusted', async () => {
  pushwarden.registry.push(path, '1.0.0', genuine());
  const watched = await pushwarden.watch(`docker.io/${path}`, { policy: { pushers: ['release-bot'] } });
  pushwarden.registry.push(path, '1.1.0', singleImage(`${path} 1.1.0`));
  await sendDockerHub(pushwarden, watched.webhook, { path, tag: '1.1.0', pusher: 'release-bot' });
  await until('it is trusted', async () => (await pushwarden.pushes(watched.id))[0]?.verdict === 'trusted');
  await pushwarden.advance(600);
  expect(await stored(watched.id)).toEqual([]);
  expect(reads()).toEqual([]);
});

test('what was read goes with the image', async () => {
  const { repository } = await overwriteHere(genuine(), miner());
  await allRead(repository, 2);
  await pushwarden.api('DELETE', `/repositories/${repository}`);
  expect(await stored(repository)).toEqual([]);
});
