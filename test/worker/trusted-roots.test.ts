import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { singleImage } from '../../scripts/simulate/images.ts';
import { SEEDS } from '../../src/tuf/seeds.ts';
import { answer, endless, type Handler } from '../fixtures/fake-server.ts';
import { PrivateSigstore } from '../fixtures/private-sigstore.ts';
import { attachBundle } from '../fixtures/signing-tools-bundle.ts';
import { type KeyKind, TufRepository } from '../fixtures/tuf-repository.ts';
import { addKey, type Json, TestInstallation, until } from '../fixtures/worker.ts';

const bundle = inject('bundle');
const THEIRS = `pwk_${'b'.repeat(43)}`;
const DAY_MS = 86_400_000;
const DAY = 86_400;

let sigstore: PrivateSigstore;
let other: PrivateSigstore;
beforeAll(async () => {
  [sigstore, other] = await Promise.all([PrivateSigstore.start(), PrivateSigstore.start()]);
});
afterAll(() => Promise.all([sigstore.stop(), other.stop()]));

/** A repository that publishes the trusted root of `sigstore`. */
async function repository(options: Parameters<typeof TufRepository.start>[0] = {}): Promise<TufRepository> {
  const tuf = await TufRepository.start(options);
  tuf.publishTrustedRoot(sigstore.trustedRoot);
  return tuf;
}

function start(mirrors: Readonly<Record<string, TufRepository>>): Promise<TestInstallation> {
  const configured = Object.entries(mirrors).map(([name, { url, firstRoot }]) => [name, { url, root: firstRoot }]);
  const vars = { TUF_MIRRORS: JSON.stringify(Object.fromEntries(configured)) };
  return TestInstallation.start({ bundle, vars });
}

async function rootOf(pushwarden: TestInstallation, name: string): Promise<Json> {
  const { json } = await pushwarden.api('GET', '/trusted-roots');
  return json.items.find((each: Json) => each.name === name);
}

const rowOf = ({ db }: TestInstallation, name: string): Promise<Json> =>
  db.prepare('SELECT * FROM tuf_mirrors WHERE name = ?1').bind(name).first();

describe('a TUF repository, followed in workerd', () => {
  let tuf: TufRepository;
  let pushwarden: TestInstallation;
  beforeAll(async () => {
    tuf = await repository();
    pushwarden = await start({ own: tuf });
  });
  afterAll(() => Promise.all([pushwarden.stop(), tuf.stop()]));

  test('gives its trusted root by cron, again only hours later, and at once if told to', async () => {
    expect(await rootOf(pushwarden, 'own')).toMatchObject({ id: null, stale: true, updatedAt: null, url: tuf.url });
    const taken = { name: 'own', trustedRoot: JSON.parse(sigstore.trustedRoot) };
    expect((await pushwarden.api('POST', '/trusted-roots', taken)).json.detail).toMatch(
      /^name: "own" is a root of this/,
    );
    await pushwarden.run('cron');
    expect(await rootOf(pushwarden, 'own')).toEqual({
      name: 'own',
      id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      source: 'tuf',
      url: tuf.url,
      updatedAt: expect.stringMatching(/^20/),
      addedBy: null,
      freshUntil: new Date(Math.floor(tuf.expires.timestamp / 1000) * 1000).toISOString(),
      stale: false,
      problem: null,
    });
    expect(tuf.asked()).toHaveLength(5);
    await pushwarden.run('cron');
    await pushwarden.advance(6 * 3600 - 60);
    await pushwarden.run('cron');
    expect(tuf.asked()).toEqual([]);
    await pushwarden.advance(61);
    await pushwarden.run('cron');
    expect(tuf.asked()).toEqual(['2.root.json', 'timestamp.json']);
    await pushwarden.run('roots');
    expect(tuf.asked()).toHaveLength(2);
  });

  test('has its new trusted root used by the very next verification', async () => {
    const digest = pushwarden.registry.push('org/app', '1.0.0', singleImage('released'));
    const by = other.githubIdentity({ repository: 'octo-org/app' });
    const host = new URL(pushwarden.registry.url).host;
    const predicateType = 'https://sigstore.dev/cosign/sign/v1';
    await attachBundle(other, `${host}/org/app@${digest}`, by, { predicateType, predicate: {} });
    const keyless = { oidcIssuer: by.oidcIssuer, identity: { subject: by.subject } };
    await pushwarden.run('roots');
    await pushwarden.watch('docker.io/org/app', {
      policy: { signatures: { authorities: [{ keyless, trustedRoot: 'own' }] } },
    });
    const states = async (): Promise<string[]> => {
      const { json } = await pushwarden.api('GET', `/verify?image=docker.io/org/app@${digest}`);
      return json.signatures.map(({ state }: Json) => state);
    };
    expect(await states()).not.toContain('valid');
    tuf.publishTrustedRoot(other.trustedRoot);
    await pushwarden.run('roots');
    expect(await states()).toEqual(['valid']);
  });

  test('that stands still makes its root stale, which is told once, and settled when it moves', async () => {
    await pushwarden.connectSlack();
    await pushwarden.run('roots');
    await pushwarden.advance(8 * DAY);
    expect(await rootOf(pushwarden, 'own')).toMatchObject({ stale: true, problem: null });
    for (let n = 0; n < 2; n += 1) await pushwarden.run('roots');
    expect(pushwarden.messages('health')).toEqual([]);
    for (let n = 0; n < 2; n += 1) await pushwarden.run('roots');
    await until('it is told', () => pushwarden.messages('health').length > 0);
    expect(pushwarden.messages('health')).toEqual([
      expect.stringContaining('The trusted root own is not kept up to date'),
    ]);
    expect(pushwarden.messages('alerts')).toEqual([]);
    const open = (await pushwarden.api('GET', '/health')).json.items;
    expect(open).toMatchObject([{ kind: 'trusted-root-stale', subject: 'own', state: 'open' }]);
    expect(open[0].fact.reason).toMatch(/^timestamp\.json: expired on /);

    tuf.expires.timestamp = Date.now() + 12 * DAY_MS;
    tuf.publishTimestamp();
    await pushwarden.run('roots');
    await until('its end is told', () => pushwarden.messages('health').length > 1);
    expect(pushwarden.messages('health')[1]).toContain('Over: The trusted root own');
    expect(await rootOf(pushwarden, 'own')).toMatchObject({ stale: false, problem: null });
  });
});

const KINDS: readonly KeyKind[] = ['p256', 'p384', 'ed25519', 'ed25519-hex', 'rsa-pss'];

describe('one of several repositories, in workerd', () => {
  const truncated: Handler = (_, response) => {
    response.writeHead(200, { 'content-length': '900' });
    response.write('{"signed":', () => response.destroy());
  };
  const targetOf = (tuf: TufRepository): string => {
    const named = String(tuf.files.get(`${tuf.versions.targets}.targets.json`));
    return `targets/${/"sha256": "([0-9a-f]{64})"/.exec(named)?.[1]}.trusted_root.json`;
  };
  const hostile: [what: string, change: (tuf: TufRepository) => void, told: RegExp][] = [
    ['500', (tuf) => tuf.instead.set('timestamp.json', answer(500)), /answered 500$/],
    ['404', (tuf) => tuf.instead.set('timestamp.json', answer(404)), /not there$/],
    [
      'a redirect',
      (tuf) => tuf.instead.set('timestamp.json', answer(302, { location: `${tuf.url}/1.root.json` })),
      /answered with a redirect/,
    ],
    ['an endless answer', (tuf) => tuf.instead.set('timestamp.json', endless), /longer than 16384 bytes$/],
    ['half an answer', (tuf) => tuf.instead.set('timestamp.json', truncated), /no connection, or cut short$|refused/],
    ['half of JSON', (tuf) => tuf.files.set('timestamp.json', Buffer.from('{"signed":')), /^timestamp\.json: refused/],
    [
      'an old timestamp',
      (tuf) => tuf.files.set('timestamp.json', old.get(tuf) ?? Buffer.of()),
      /version 2 is less than/,
    ],
    [
      'another trusted root than the signed one',
      (tuf) => {
        tuf.publishTrustedRoot(other.trustedRoot);
        tuf.files.set(targetOf(tuf), Buffer.from(sigstore.trustedRoot));
      },
      /longer than|not what targets\.json names/,
    ],
    [
      'a trusted root that is missing, though all else is new and good',
      (tuf) => {
        tuf.rotate(['root', 'timestamp']);
        tuf.publishTrustedRoot(other.trustedRoot);
        tuf.files.delete(targetOf(tuf));
      },
      /^targets\/.*: not there$/,
    ],
    [
      'a signed trusted root that cannot be used',
      (tuf) => void tuf.publish('trusts nobody'),
      /^trusted_root\.json: it trusts nobody$/,
    ],
  ];

  const mirrors: Record<string, TufRepository> = {};
  const old = new WeakMap<TufRepository, Buffer>();
  let pushwarden: TestInstallation;
  beforeAll(async () => {
    for (const kind of KINDS)
      mirrors[kind] = await repository({ kinds: { root: kind, timestamp: kind, snapshot: kind, targets: kind } });
    for (const n of hostile.keys()) {
      const tuf = await repository();
      mirrors[`hostile-${n}`] = tuf;
      old.set(tuf, tuf.files.get('timestamp.json') ?? Buffer.of());
      tuf.publishTimestamp();
    }
    pushwarden = await start(mirrors);
    await pushwarden.run('roots');
  });
  afterAll(() => Promise.all([pushwarden.stop(), ...Object.values(mirrors).map((tuf) => tuf.stop())]));

  function mirror(name: string): TufRepository {
    const tuf = mirrors[name];
    if (tuf === undefined) throw new Error(`no mirror ${name}`);
    return tuf;
  }

  test('is believed whatever kind its keys are of, and not when a signature is wrong', async () => {
    const tufs = KINDS.map((kind) => mirror(kind));
    for (const tuf of tufs) {
      tuf.rotate(['root', 'timestamp']);
      tuf.publishTimestamp();
    }
    await pushwarden.run('roots');
    for (const kind of KINDS)
      expect(await rootOf(pushwarden, kind)).toMatchObject({ name: kind, source: 'tuf', stale: false, problem: null });

    for (const tuf of tufs) {
      const { timestamp } = tuf.versions;
      const forged = String(tuf.files.get('timestamp.json')).replace(`"version": ${timestamp},\n`, '"version": 99,\n');
      tuf.files.set('timestamp.json', Buffer.from(forged));
    }
    await pushwarden.run('roots');
    for (const kind of KINDS)
      expect((await rootOf(pushwarden, kind)).problem).toBe(
        'timestamp.json: refused: timestamp was signed by 0/1 keys',
      );
  });

  const cases = hostile.map(([what, change, told], n) => ({ what, change, told, name: `hostile-${n}` }));
  test.each(cases)('that answers with $what changes nothing that is stored', async ({ change, told, name }) => {
    const tuf = mirror(name);
    const before = await rowOf(pushwarden, name);
    change(tuf);
    await pushwarden.run('roots');
    const after = await rowOf(pushwarden, name);
    expect(after.problem).toMatch(told);
    const { attempted_at, failing_since, problem } = after;
    expect(after).toEqual({ ...before, attempted_at, failing_since, problem, failures: 1 });
    expect(await rootOf(pushwarden, name)).toMatchObject({ source: 'tuf', stale: false, problem });
    // And it goes on as if nothing had been, once the repository is well again.
    tuf.instead.clear();
    tuf.publishTrustedRoot(sigstore.trustedRoot);
    await pushwarden.run('roots');
    expect(await rootOf(pushwarden, name)).toMatchObject({ stale: false, problem: null });
  });
});

describe('an installation without mirrors', () => {
  let pushwarden: TestInstallation;
  beforeAll(async () => {
    pushwarden = await start({});
    await addKey(pushwarden.db, 2, 'theirs', THEIRS);
  });
  afterAll(() => pushwarden.stop());

  test('uses what came with the release, says that it is stale, asks nobody and raises nothing', async () => {
    await pushwarden.run('roots');
    await pushwarden.advance(30 * DAY);
    await pushwarden.run('cron');
    expect(await rootOf(pushwarden, 'public-good')).toEqual({
      name: 'public-good',
      id: SEEDS.find(({ name }) => name === 'public-good')?.trustedRoot?.id,
      source: 'vendored',
      url: null,
      updatedAt: null,
      addedBy: null,
      freshUntil: null,
      stale: true,
      problem: null,
    });
    expect((await pushwarden.api('GET', '/health')).json.items).toEqual([]);
    expect(await rowOf(pushwarden, 'public-good')).toBeNull();
  });

  const give = (name: string, trustedRoot: unknown, key?: string) =>
    pushwarden.api('POST', '/trusted-roots', { name, trustedRoot }, key);
  const ours = (): Json => JSON.parse(sigstore.trustedRoot);

  test('keeps a trusted root that a maintainer gives for the team, replaced by name, with audit entries', async () => {
    const { status, json } = await give('staging', ours());
    expect([status, json]).toEqual([
      201,
      {
        name: 'staging',
        id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        source: 'given',
        url: null,
        updatedAt: expect.stringMatching(/^20/),
        addedBy: 'key:test',
        freshUntil: null,
        stale: false,
        problem: null,
      },
    ]);
    expect(await rootOf(pushwarden, 'staging')).toEqual(json);
    expect((await give('staging', ours(), THEIRS)).json.id).toBe(json.id);
    const replaced = (await give('staging', JSON.parse(other.trustedRoot))).json;
    expect(replaced.id).not.toBe(json.id);
    expect(await rootOf(pushwarden, 'staging')).toEqual(replaced);
    await pushwarden.advance(399 * DAY);
    expect(await rootOf(pushwarden, 'staging')).toMatchObject({ stale: false });
    expect((await pushwarden.api('DELETE', '/trusted-roots/staging')).json).toEqual({ deleted: true });
    expect((await pushwarden.api('DELETE', '/trusted-roots/staging')).status).toBe(404);
    expect(await rootOf(pushwarden, 'staging')).toBeUndefined();
    const theirs = (await pushwarden.api('GET', '/trusted-roots', undefined, THEIRS)).json.items;
    expect(theirs.map(({ name }: Json) => name)).toEqual(['public-good', 'staging']);
    const log = (await pushwarden.api('GET', '/audit-log')).json.items;
    expect(log.map(({ action, target, actor, detail }: Json) => [action, target, actor, detail?.id])).toEqual([
      ['trusted-root.deleted', 'staging', 'key:test', undefined],
      ['trusted-root.put', 'staging', 'key:test', replaced.id],
      ['trusted-root.put', 'staging', 'key:test', json.id],
    ]);
  });

  test('does not delete one that a policy names, and names the images', async () => {
    await give('staging', ours());
    pushwarden.registry.push('org/app', '1', singleImage('app'));
    const keyless = { oidcIssuer: 'https://accounts.example', identity: { subject: 'a@b.example' } };
    const policy = { signatures: { authorities: [{ keyless, trustedRoot: 'staging' }] } };
    const { id } = await pushwarden.watch('docker.io/org/app', { policy });
    expect(await pushwarden.api('DELETE', '/trusted-roots/staging')).toMatchObject({
      status: 409,
      json: { detail: 'Policies name it: docker.io/org/app.', images: ['docker.io/org/app'] },
    });
    expect(await rootOf(pushwarden, 'staging')).toBeDefined();
    await pushwarden.api('PATCH', `/repositories/${id}`, { policy: {} });
    expect((await pushwarden.api('DELETE', '/trusted-roots/staging')).status).toBe(200);
  });

  test('refuses one with what is wrong with it', async () => {
    const noStart = ours();
    delete noStart.tlogs[0].publicKey.validFor.start;
    const refused: [name: string, trustedRoot: unknown, status: number, told: RegExp][] = [
      ['public-good', ours(), 400, /^name: "public-good" is a root of this installation/],
      ['github', ours(), 400, /^name: "github" is a root of this installation/],
      ['Staging', ours(), 400, /^name: expected 1 to 40/],
      ['a'.repeat(41), ours(), 400, /^name: expected 1 to 40/],
      ['', ours(), 400, /^name: expected 1 to 40/],
      ['staging', {}, 400, /^trustedRoot: ./],
      ['staging', 'text', 400, /^trustedRoot: /],
      ['staging', null, 400, /^trustedRoot: /],
      ['staging', noStart, 400, /^trustedRoot: .*start/],
      ['staging', { ...ours(), more: 'x'.repeat(140_000) }, 413, /^trustedRoot: longer than 128 KiB/],
    ];
    for (const [name, trustedRoot, status, told] of refused) {
      const response = await give(name, trustedRoot);
      expect([response.status, response.json.detail]).toEqual([status, expect.stringMatching(told)]);
    }
    expect((await pushwarden.api('DELETE', '/trusted-roots/public-good')).status).toBe(404);
    const names = (await pushwarden.api('GET', '/trusted-roots')).json.items.map(({ name }: Json) => name);
    expect(names).toEqual(['public-good']);
  });
});
