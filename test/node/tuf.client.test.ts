import { createHash } from 'node:crypto';
import { MetaFile, TargetFile } from '@tufjs/models';
import { afterEach, describe, expect, it } from 'vitest';
import { createTufClient } from '../../src/tuf/client.ts';
import type { RefreshedRoot, RefreshResult, TufMirror } from '../../src/usecases/tuf-mirrors.ts';
import { answer, dripping, endless, type Handler } from '../fixtures/fake-server.ts';
import { type KeyKind, TufRepository, type TufRole, trustedRootText } from '../fixtures/tuf-repository.ts';

const DAY_MS = 86_400_000;
const client = createTufClient({ fetch, userAgent: 'pushwarden (test)' });
const impatient = createTufClient({ fetch, userAgent: 'pushwarden (test)', timeoutMs: 300 });

const started: TufRepository[] = [];
afterEach(async () => {
  for (const repository of started.splice(0)) await repository.stop();
});

async function start(options: Parameters<typeof TufRepository.start>[0] = {}): Promise<TufRepository> {
  const repository = await TufRepository.start(options);
  started.push(repository);
  return repository;
}

const mirrorOf = (repository: TufRepository): TufMirror => ({
  name: 'own',
  url: repository.url,
  root: repository.firstRoot,
  vendored: true,
});

function refresh(repository: TufRepository, known: RefreshedRoot | null = null, now = Date.now()) {
  return client.refresh(mirrorOf(repository), known, now);
}

async function good(result: Promise<RefreshResult>): Promise<RefreshedRoot & { requests: number }> {
  const settled = await result;
  if (!settled.ok) throw new Error(settled.reason);
  return settled;
}

async function reason(result: Promise<RefreshResult>): Promise<string> {
  const settled = await result;
  expect(settled.ok).toBe(false);
  return settled.ok ? '' : settled.reason;
}

describe('a first refresh', () => {
  it('reads root, timestamp, snapshot, targets and the trusted root, and tells until when it is fresh', async () => {
    const repository = await start();
    const refreshed = await good(refresh(repository));
    const text = trustedRootText('first');
    const hash = createHash('sha256').update(text).digest('hex');
    expect(refreshed.trustedRoot).toEqual({ id: `sha256:${hash}`, json: text });
    expect(repository.asked()).toEqual([
      '2.root.json',
      'timestamp.json',
      '1.snapshot.json',
      '1.targets.json',
      `targets/${hash}.trusted_root.json`,
    ]);
    expect(refreshed.requests).toBe(5);
    expect(refreshed.freshUntil).toBe(Math.floor(repository.expires.timestamp / 1000) * 1000);
    expect(refreshed.metadata).toEqual({
      origin: 'vendored',
      root: repository.firstRoot,
      timestamp: String(repository.files.get('timestamp.json')),
      snapshot: String(repository.files.get('1.snapshot.json')),
      targets: String(repository.files.get('1.targets.json')),
    });
  });

  it('names files as a repository without consistent snapshots does', async () => {
    const repository = await start({ consistentSnapshot: false });
    await good(refresh(repository));
    expect(repository.asked()).toEqual([
      '2.root.json',
      'timestamp.json',
      'snapshot.json',
      'targets.json',
      'targets/trusted_root.json',
    ]);
  });

  it('is fresh until the first of the four expires', async () => {
    const repository = await start();
    repository.expires.targets = Date.now() + DAY_MS;
    repository.publish('soon over');
    const { freshUntil } = await good(refresh(repository));
    expect(freshUntil).toBe(Math.floor(repository.expires.targets / 1000) * 1000);
  });

  it('follows new versions of root.json, whose keys then count', async () => {
    const repository = await start();
    repository.rotate(['root']);
    repository.rotate(['root', 'timestamp', 'snapshot', 'targets']);
    repository.publish('after the rotation');
    const refreshed = await good(refresh(repository));
    expect(refreshed.trustedRoot.json).toBe(trustedRootText('after the rotation'));
    expect(refreshed.metadata.root).toBe(String(repository.files.get('3.root.json')));
    expect(repository.asked().slice(0, 4)).toEqual(['2.root.json', '3.root.json', '4.root.json', 'timestamp.json']);
  });

  const kinds: KeyKind[] = ['p256', 'p384', 'ed25519', 'ed25519-hex', 'rsa-pss'];
  it.each(kinds)('verifies signatures by keys of kind %s', async (kind) => {
    const of = { root: kind, timestamp: kind, snapshot: kind, targets: kind };
    const repository = await start({ kinds: of });
    await good(refresh(repository));
    repository.files.set('timestamp.json', altered(repository.files.get('timestamp.json')));
    expect(await reason(refresh(repository))).toContain('timestamp was signed by 0/1 keys');
  });
});

const cut: Handler = (_, response) => {
  response.writeHead(200, { 'content-length': '900' });
  response.write('{"signed":', () => response.destroy());
};

/** Another version, the same signature. */
function altered(file: Buffer | undefined): Buffer {
  return Buffer.from(String(file).replace(/"version": 1,/, '"version": 7,'));
}

describe('a later refresh', () => {
  it('costs two requests while nothing is new', async () => {
    const repository = await start();
    const first = await good(refresh(repository));
    repository.asked();
    const again = await good(refresh(repository, first));
    expect(repository.asked()).toEqual(['2.root.json', 'timestamp.json']);
    expect(again).toEqual({ ...first, requests: 2 });
  });

  it('costs no more, and is fresh for longer, when the timestamp alone is new', async () => {
    const repository = await start();
    const first = await good(refresh(repository));
    repository.expires.timestamp += 3 * DAY_MS;
    repository.publishTimestamp();
    repository.asked();
    const again = await good(refresh(repository, first));
    expect(repository.asked()).toEqual(['2.root.json', 'timestamp.json']);
    expect(again.freshUntil - first.freshUntil).toBeGreaterThan(2 * DAY_MS);
  });

  it('reads what is new', async () => {
    const repository = await start();
    const first = await good(refresh(repository));
    repository.asked();
    const text = repository.publish('second');
    expect((await good(refresh(repository, first))).trustedRoot.json).toBe(text);
    expect(repository.asked()).toHaveLength(5);
  });

  it('does not read the trusted root again if it is the same', async () => {
    const repository = await start();
    const first = await good(refresh(repository));
    repository.asked();
    repository.publish('first');
    const again = await good(refresh(repository, first));
    expect(again.trustedRoot).toEqual(first.trustedRoot);
    expect(repository.asked()).toEqual(['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
  });

  it('goes on from the stored root.json, not from the one it began with', async () => {
    const repository = await start();
    repository.rotate(['root', 'timestamp']);
    repository.publish('x');
    const first = await good(refresh(repository));
    repository.asked();
    await good(refresh(repository, first));
    expect(repository.asked()[0]).toBe('3.root.json');
  });

  it('goes on from a newer root.json that came with a release', async () => {
    const repository = await start();
    const first = await good(refresh(repository));
    repository.rotate(['root']);
    const mirror = { ...mirrorOf(repository), root: String(repository.files.get('2.root.json')) };
    repository.asked();
    expect((await good(client.refresh(mirror, first, Date.now()))).metadata.root).toBe(mirror.root);
    expect(repository.asked()[0]).toBe('3.root.json');
  });

  it('begins anew with another configured root.json, and holds nothing of the old keys against it', async () => {
    const [old, other] = [await start(), await start()];
    for (let n = 0; n < 3; n += 1) old.publish(`${n}`);
    const first = await good(refresh(old));
    const mirror = { ...mirrorOf(other), vendored: false };
    const now = await good(client.refresh(mirror, first, Date.now()));
    expect(now.trustedRoot.json).toBe(trustedRootText('first'));
    expect(now.metadata.origin).toBe(`sha256:${createHash('sha256').update(mirror.root).digest('hex')}`);
    // And once more, from what is stored now.
    other.asked();
    await good(client.refresh(mirror, now, Date.now()));
    expect(other.asked()).toHaveLength(2);
  });
});

describe('an attacker who can serve old files', () => {
  /** The repository as it was, by what changed since. */
  async function rolledBack(files: (name: string) => boolean) {
    const repository = await start();
    const old = new Map(repository.files);
    repository.publish('second');
    const known = await good(refresh(repository));
    for (const [name, bytes] of old) if (files(name)) repository.files.set(name, bytes);
    return { repository, known };
  }

  it('cannot go back to an older timestamp', async () => {
    const { repository, known } = await rolledBack(() => true);
    expect(await reason(refresh(repository, known))).toBe(
      'timestamp.json: refused: New timestamp version 1 is less than current version 2',
    );
  });

  it('could, if nothing were stored', async () => {
    const { repository } = await rolledBack(() => true);
    expect((await good(refresh(repository))).trustedRoot.json).toBe(trustedRootText('first'));
  });

  it('cannot go back even when what is stored has expired', async () => {
    const repository = await start();
    const first = await good(refresh(repository));
    const current = repository.files.get('timestamp.json') ?? Buffer.of();
    repository.expires.timestamp = Date.now() - DAY_MS;
    repository.publishTimestamp();
    const expired = String(repository.files.get('timestamp.json'));
    const known = { ...first, metadata: { ...first.metadata, timestamp: expired } };
    repository.files.set('timestamp.json', current);
    expect(await reason(refresh(repository, known))).toContain('version 1 is less than current version 2');
  });

  it('cannot name an older snapshot in a new timestamp', async () => {
    const { repository, known } = await rolledBack(() => false);
    repository.versions.snapshot = 1;
    repository.publishTimestamp();
    expect(await reason(refresh(repository, known))).toBe(
      'timestamp.json: refused: New snapshot version 1 is less than current version 2',
    );
  });

  it('cannot name older targets in a new snapshot', async () => {
    const { repository, known } = await rolledBack(() => false);
    repository.versions.targets = 1;
    repository.publishSnapshot();
    expect(await reason(refresh(repository, known))).toBe(
      '3.snapshot.json: refused: New version 1 of targets.json is less than current version 2',
    );
  });

  it('cannot serve an old snapshot or old targets under a new name', async () => {
    for (const role of ['snapshot', 'targets'] as const) {
      const { repository, known } = await rolledBack(() => false);
      repository.publish('third');
      repository.files.set(`3.${role}.json`, repository.files.get(`2.${role}.json`) ?? Buffer.of());
      expect(await reason(refresh(repository, known))).toMatch(
        new RegExp(`^3\\.${role}\\.json: (refused: |longer than )`),
      );
    }
  });

  it('cannot drop targets.json from the snapshot', async () => {
    const { repository, known } = await rolledBack(() => false);
    repository.publishSnapshot({ 'other.json': new MetaFile({ version: 1 }) });
    const named = await good(refresh(repository, known));
    repository.publishSnapshot();
    expect(await reason(refresh(repository, named))).toContain('Missing file other.json in new snapshot');
  });

  it('cannot serve an old root.json as the next one, nor skip one', async () => {
    const repository = await start();
    repository.rotate(['root']);
    const known = await good(refresh(repository));
    repository.files.set('3.root.json', repository.files.get('1.root.json') ?? Buffer.of());
    expect(await reason(refresh(repository, known))).toMatch(/^3\.root\.json: refused: /);
    repository.files.delete('3.root.json');
    repository.rotate(['timestamp']);
    repository.rotate(['timestamp']);
    repository.files.set('3.root.json', repository.files.get('4.root.json') ?? Buffer.of());
    expect(await reason(refresh(repository, known))).toBe('3.root.json: refused: Expected version 3, got 4');
  });

  it('cannot rotate the root with the old keys alone, nor with the new ones alone', async () => {
    for (const signers of ['old', 'new'] as const) {
      const repository = await start();
      repository.rotate(['root'], signers);
      expect(await reason(refresh(repository))).toBe('2.root.json: refused: root was signed by 0/2 keys');
    }
  });

  const expiring: [role: TufRole, told: RegExp][] = [
    ['timestamp', /^timestamp\.json: (refused: Final timestamp\.json is expired|expired on )/],
    ['snapshot', /^\d\.snapshot\.json: refused: snapshot\.json is expired$/],
    ['targets', /^\d\.targets\.json: refused: targets\.json is expired$/],
    ['root', /^timestamp\.json: refused: Final root\.json is expired$/],
  ];
  it.each(expiring)('is noticed when %s.json has expired', async (role, told) => {
    const repository = await start();
    repository.expires[role] = Date.now() - 1000;
    if (role === 'root') repository.rotate([]);
    else repository.publish('second');
    expect(await reason(refresh(repository))).toMatch(told);
  });

  it('is noticed when nothing new comes and what there is expires', async () => {
    const repository = await start();
    const known = await good(refresh(repository));
    expect((await refresh(repository, known, known.freshUntil - 1)).ok).toBe(true);
    repository.asked();
    expect(await reason(refresh(repository, known, known.freshUntil))).toBe(
      `timestamp.json: expired on ${new Date(known.freshUntil).toISOString()}, and there is no newer one`,
    );
    expect(repository.asked()).toEqual(['2.root.json', 'timestamp.json']);
  });
});

describe('what a mirror may answer', () => {
  const hostile: [
    what: string,
    file: RegExp,
    handler: Parameters<typeof answer>[0] | 'endless' | 'dripping' | 'cut' | 'hang',
    told: RegExp,
  ][] = [
    ['500 for the root', /^2\.root/, 500, /^2\.root\.json: answered 500$/],
    ['a redirect for the root', /^2\.root/, 302, /^2\.root\.json: answered with a redirect, which is never followed$/],
    ['an endless root', /^2\.root/, 'endless', /^2\.root\.json: longer than 65536 bytes$/],
    ['404 for the timestamp', /^timestamp/, 404, /^timestamp\.json: not there$/],
    ['429 for the timestamp', /^timestamp/, 429, /^timestamp\.json: answered 429$/],
    ['an endless timestamp', /^timestamp/, 'endless', /^timestamp\.json: longer than 16384 bytes$/],
    ['a timestamp by drips', /^timestamp/, 'dripping', /^timestamp\.json: no full answer within 0\.3 s$/],
    ['no timestamp at all', /^timestamp/, 'hang', /^timestamp\.json: no full answer within 0\.3 s$/],
    ['a timestamp that is cut', /^timestamp/, 'cut', /^timestamp\.json: no connection, or cut short$/],
    ['204 for the snapshot', /snapshot/, 204, /^1\.snapshot\.json: answered 204$/],
    ['an endless snapshot', /snapshot/, 'endless', /^1\.snapshot\.json: longer than \d+ bytes$/],
    ['500 for the targets', /^1\.targets/, 500, /^1\.targets\.json: answered 500$/],
    ['endless targets', /^1\.targets/, 'endless', /^1\.targets\.json: longer than 65536 bytes$/],
    ['404 for the trusted root', /^targets\//, 404, /^targets\/.*: not there$/],
    ['an endless trusted root', /^targets\//, 'endless', /^targets\/.*: longer than \d+ bytes$/],
    ['a trusted root by drips', /^targets\//, 'dripping', /^targets\/.*: no full answer within 0\.3 s$/],
  ];
  it.each(hostile)('%s', async (_, file, how, told) => {
    const repository = await start();
    const names = [...repository.files.keys(), '2.root.json'].filter((name) => file.test(name));
    const handlers = {
      endless,
      dripping,
      hang: () => undefined,
      cut,
    };
    const location = { location: `${repository.url}/timestamp.json` };
    for (const name of names)
      repository.instead.set(name, typeof how === 'number' ? answer(how, location) : handlers[how]);
    const asker = how === 'dripping' || how === 'hang' ? impatient : client;
    expect(await reason(asker.refresh(mirrorOf(repository), null, Date.now()))).toMatch(told);
  });

  it.each([403, 404])('%i for the next root.json: there is none', async (status) => {
    const repository = await start();
    repository.instead.set('2.root.json', answer(status));
    await good(refresh(repository));
  });

  const texts: [what: string, text: string | Buffer][] = [
    ['nothing', ''],
    ['half of JSON', '{"signed": {"_type": "timestamp", "ver'],
    ['a list', '[]'],
    ['null', 'null'],
    ['metadata of another role', 'root'],
    ['no signatures', '{"signed":{"_type":"timestamp"},"signatures":[]}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['deep nesting', '['.repeat(8000)],
    ['prototype tricks', '{"__proto__":{"signed":{}},"constructor":{}}'],
    ['a page', '<!doctype html><title>Welcome to the Wi-Fi</title>'],
  ];
  it.each(texts)('%s instead of metadata', async (_, text) => {
    for (const name of ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']) {
      const repository = await start();
      const bytes = text === 'root' ? Buffer.from(repository.firstRoot) : Buffer.from(text);
      repository.files.set(name, name === '2.root.json' && text === 'root' ? Buffer.from('{}') : bytes);
      const told = await reason(refresh(repository));
      expect(told.startsWith(`${name}: `)).toBe(true);
      expect(told.length).toBeLessThanOrEqual(300);
      expect(told).not.toMatch(/[\n\r]/);
    }
  });

  it('another trusted root than the signed one', async () => {
    const repository = await start();
    const [name = ''] = [...repository.files.keys()].filter((each) => each.startsWith('targets/'));
    const bytes = repository.files.get(name) ?? Buffer.of();
    repository.files.set(name, Buffer.from(String(bytes).replace('first', 'worst')));
    expect(await reason(refresh(repository))).toBe(
      'trusted_root.json: not what targets.json names: another hash or length',
    );
    repository.files.set(name, bytes.subarray(1));
    expect(await reason(refresh(repository))).toContain('not what targets.json names');
  });

  const target = (more: Partial<ConstructorParameters<typeof TargetFile>[0]>) =>
    new TargetFile({ path: 'trusted_root.json', length: 10, hashes: { sha256: 'a'.repeat(64) }, ...more });
  const named: [what: string, targets: TargetFile[], told: string][] = [
    ['no trusted root', [], 'targets.json: names no trusted_root.json'],
    ['one without any hash', [target({ hashes: {} })], 'targets.json: names no SHA-2 of trusted_root.json'],
    ['one with a weak hash', [target({ hashes: { md5: 'a' } })], 'targets.json: names no SHA-2 of trusted_root.json'],
    ['a hash that is a path', [target({ hashes: { sha256: '../x' } })], 'targets.json: names no SHA-2 of'],
    ['a very long one', [target({ length: 200_000 })], 'trusted_root.json: longer than we read'],
  ];
  it.each(named)('targets that name %s', async (_, targets, told) => {
    const repository = await start();
    repository.publishTargets(targets);
    expect(await reason(refresh(repository))).toContain(told);
  });

  it('more new roots than anyone has', async () => {
    const repository = await start();
    for (let n = 0; n < 33; n += 1) repository.rotate([]);
    expect(await reason(refresh(repository))).toBe('34.root.json: too far ahead; deploy a newer release');
    expect(repository.asked()).toHaveLength(32);
  });

  it('nothing, since nobody is there', async () => {
    const repository = await start();
    const mirror = { ...mirrorOf(repository), url: 'http://127.0.0.1:9' };
    expect(await reason(client.refresh(mirror, null, Date.now()))).toBe('2.root.json: no connection, or cut short');
  });
});

describe('a configured root.json', () => {
  it('must be signed by its own keys', async () => {
    const repository = await start();
    const mirror = { ...mirrorOf(repository), root: repository.firstRoot.replace('"threshold": 2', '"threshold": 1') };
    expect(await reason(client.refresh(mirror, null, Date.now()))).toBe(
      'the root.json that trust begins with: refused: root was signed by 0/1 keys',
    );
    expect(repository.asked()).toEqual([]);
  });

  it('may be expired: the chain that follows counts', async () => {
    const repository = await start();
    const [first, expires] = [repository.expires.root, Date.now() - DAY_MS];
    repository.expires.root = expires;
    repository.rotate([]);
    const old = String(repository.files.get('2.root.json'));
    repository.expires.root = first;
    repository.rotate(['timestamp']);
    repository.publish('x');
    await good(client.refresh({ ...mirrorOf(repository), root: old }, null, Date.now()));
  });
});
