import type { D1Database } from '@cloudflare/workers-types';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Digest } from '../../src/domain/digest.ts';
import type { HealthFact } from '../../src/domain/health.ts';
import { createTrustedRootStore, MOST_GIVEN } from '../../src/store/trusted-roots.ts';
import { createMirrorStore } from '../../src/store/tuf-mirrors.ts';
import { type RefreshDependencies, refreshRoots } from '../../src/usecases/refresh-roots.ts';
import type { RefreshedRoot, RefreshResult, TufMirror } from '../../src/usecases/tuf-mirrors.ts';
import { countingD1 } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 24);
const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}`;

let local: Awaited<ReturnType<typeof openLocalD1>>;
let counted: ReturnType<typeof countingD1>;
let db: D1Database;
beforeAll(async () => {
  local = await openLocalD1();
  counted = countingD1(local.db);
  db = counted.db;
});
afterAll(() => local.close());
beforeEach(async () => {
  for (const table of ['tuf_mirrors', 'trusted_roots', 'audit_log', 'repositories', 'hooks'])
    await local.db.prepare(`DELETE FROM ${table}`).run();
});

const VENDORED = { name: 'public-good', id: digest('0'), json: '"vendored"' };
const MIRRORS: readonly TufMirror[] = [
  { name: 'public-good', url: 'https://good.example', root: '{}', vendored: true },
  { name: 'own', url: 'https://own.example', root: '{}', vendored: false },
];

const refreshed = (note: string, freshUntil: number): RefreshedRoot => ({
  metadata: { origin: 'vendored', root: `r ${note}`, timestamp: `t ${note}`, snapshot: 's', targets: 'g' },
  trustedRoot: { id: digest('1'), json: JSON.stringify(note) },
  freshUntil,
});

const storesOf = (mirrors: readonly TufMirror[] = MIRRORS) => {
  const roots = createTrustedRootStore(db, { vendored: [VENDORED], mirrors });
  return { roots, mirrors: createMirrorStore(db, () => roots.forget()) };
};

const audit = (action: string) => ({
  teamId: 1,
  at: NOW,
  actor: 'key:test',
  action,
  target: 'x',
  detail: null,
});

describe('trusted roots', () => {
  it('are the vendored one, stale, while nothing was fetched', async () => {
    const { roots } = storesOf();
    expect(await roots.get(1, ['public-good', 'own', 'nobody'], NOW)).toEqual([{ ...VENDORED, stale: true }]);
  });

  it('are the fetched one, fresh until its metadata expires', async () => {
    const { roots, mirrors } = storesOf();
    const attempt = await mirrors.begin('public-good', NOW, NOW);
    if (attempt === null) throw new Error('not begun');
    await mirrors.save(attempt, refreshed('fetched', NOW + HOUR), NOW);
    const fetched = { name: 'public-good', id: digest('1'), json: '"fetched"' };
    expect(await roots.get(1, ['public-good'], NOW + HOUR - 1)).toEqual([{ ...fetched, stale: false }]);
    expect(await roots.get(1, ['public-good'], NOW + HOUR)).toEqual([{ ...fetched, stale: true }]);
  });

  it('are the vendored one again when its mirror is configured no more', async () => {
    const { mirrors } = storesOf();
    const attempt = await mirrors.begin('public-good', NOW, NOW);
    if (attempt === null) throw new Error('not begun');
    await mirrors.save(attempt, refreshed('fetched', NOW + HOUR), NOW);
    expect(await storesOf([]).roots.get(1, ['public-good'], NOW)).toEqual([{ ...VENDORED, stale: true }]);
  });

  it('come in the order asked for, each once', async () => {
    const { roots } = storesOf();
    await roots.put(1, { name: 'b', id: digest('b'), json: '"b"' }, NOW, audit('x'));
    const names = (await roots.get(1, ['b', 'public-good', 'b'], NOW)).map(({ name }) => name);
    expect(names).toEqual(['b', 'public-good']);
  });

  it('that a maintainer gave are never stale, and are of one team', async () => {
    const { roots } = storesOf();
    await roots.put(1, { name: 'given', id: digest('a'), json: '"given"' }, NOW, audit('x'));
    const far = NOW + 9_000 * 24 * HOUR;
    expect(await roots.get(1, ['given'], far)).toEqual([
      { name: 'given', id: digest('a'), json: '"given"', stale: false },
    ]);
    expect(await roots.get(2, ['given'], far)).toEqual([]);
    expect((await roots.list(2, NOW)).map(({ name }) => name)).toEqual(['own', 'public-good']);
  });

  it('cost one round trip and a row each, and nothing for a minute', async () => {
    const { roots } = storesOf();
    await roots.put(1, { name: 'given', id: digest('a'), json: '"given"' }, NOW, audit('x'));
    for (let n = 0; n < 10; n += 1)
      await roots.put(2, { name: `other-${n}`, id: digest('a'), json: '""' }, NOW, audit('x'));
    const names = ['given', 'public-good'];
    const cost = (at: number) => counted.cost(() => roots.get(1, names, at));
    const first = await cost(NOW);
    // Two names looked up in one table, one in the other, and one row found. Those of other teams cost nothing.
    expect(first).toEqual({ roundTrips: 1, statements: 2, rowsRead: 4, rowsWritten: 0 });
    expect(await cost(NOW + 59_999)).toEqual({ roundTrips: 0, statements: 0, rowsRead: 0, rowsWritten: 0 });
    expect((await cost(NOW + 60_000)).roundTrips).toBe(1);
    // A clock that was set back.
    expect((await cost(NOW - 60_000)).roundTrips).toBe(1);
  });

  it('are read again at once after a change in the same isolate', async () => {
    const { roots, mirrors } = storesOf();
    expect(await roots.get(1, ['given'], NOW)).toEqual([]);
    await roots.put(1, { name: 'given', id: digest('a'), json: '1' }, NOW, audit('x'));
    expect(await roots.get(1, ['given'], NOW)).toHaveLength(1);
    await roots.put(1, { name: 'given', id: digest('b'), json: '2' }, NOW, audit('x'));
    expect((await roots.get(1, ['given'], NOW))[0]?.json).toBe('2');
    await roots.remove(1, 'given', audit('x'));
    expect(await roots.get(1, ['given'], NOW)).toEqual([]);
    await roots.get(1, ['own'], NOW);
    const attempt = await mirrors.begin('own', NOW, NOW);
    if (attempt === null) throw new Error('not begun');
    await mirrors.save(attempt, refreshed('fetched', NOW + HOUR), NOW);
    expect(await roots.get(1, ['own'], NOW)).toHaveLength(1);
  });

  it('of one team are at most 20, each written with its audit entry', async () => {
    const { roots } = storesOf();
    for (let n = 0; n < MOST_GIVEN; n += 1)
      expect(await roots.put(1, { name: `n${n}`, id: digest('a'), json: '1' }, NOW, audit('put'))).toBe(true);
    expect(await roots.put(1, { name: 'more', id: digest('a'), json: '1' }, NOW, audit('put'))).toBe(false);
    expect(await roots.put(1, { name: 'n0', id: digest('b'), json: '2' }, NOW, audit('put'))).toBe(true);
    expect(await roots.put(2, { name: 'more', id: digest('a'), json: '1' }, NOW, audit('put'))).toBe(true);
    expect(await auditActions()).toEqual(Array(MOST_GIVEN + 2).fill('put'));
  });

  it('that a policy names are not deleted', async () => {
    const { roots } = storesOf();
    await roots.put(1, { name: 'given', id: digest('a'), json: '1' }, NOW, audit('put'));
    await roots.put(1, { name: 'giv', id: digest('a'), json: '1' }, NOW, audit('put'));
    await roots.put(2, { name: 'given', id: digest('a'), json: '1' }, NOW, audit('put'));
    await watch(1, 'org/uses', { signatures: { authorities: [[{ keyless: {} }, { trustedRoot: 'given' }]] } });
    await watch(1, 'org/other', { signatures: { authorities: [[{ trustedRoot: 'other' }]] }, trustedRoot: 'giv' });
    await watch(1, 'org/none', {});
    expect(await roots.remove(1, 'given', audit('deleted'))).toEqual([{ registry: 'docker.io', path: 'org/uses' }]);
    expect(await roots.get(1, ['given'], NOW)).toHaveLength(1);
    expect(await roots.remove(1, 'giv', audit('deleted'))).toEqual([]);
    expect(await roots.remove(1, 'giv', audit('deleted'))).toBeNull();
    expect(await roots.remove(2, 'given', audit('deleted'))).toEqual([]);
    expect((await auditActions()).filter((action) => action === 'deleted')).toHaveLength(2);
  });

  async function auditActions(): Promise<string[]> {
    const rows = await local.db.prepare('SELECT action FROM audit_log ORDER BY id').all<{ action: string }>();
    return rows.results.map(({ action }) => action);
  }

  async function watch(teamId: number, path: string, policy: unknown): Promise<void> {
    await local.db.batch([
      local.db.prepare(`INSERT OR IGNORE INTO hooks (id, team_id, public_id, provider, registry, created_at)
                  VALUES (1, 1, 'p', 'dockerhub', 'docker.io', 0)`),
      local.db
        .prepare(`INSERT INTO repositories (team_id, hook_id, registry, path, policy, created_at, next_sweep_at)
                  VALUES (?1, 1, 'docker.io', ?2, ?3, 0, 0)`)
        .bind(teamId, path, JSON.stringify(policy)),
    ]);
  }
});

describe('refreshing', () => {
  interface Heard {
    readonly raised: HealthFact[];
    settled: number;
  }
  let now = NOW;
  let answers: (() => RefreshResult)[] = [];
  let heard: Heard;
  let asked: { readonly name: string; readonly known: string | null }[] = [];
  let unusable: string | null = null;
  beforeEach(() => {
    [now, answers, asked, unusable] = [NOW, [], [], null];
    heard = { raised: [], settled: 0 };
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  });

  const bad = (): RefreshResult => ({ ok: false, reason: 'timestamp.json: answered 500', requests: 2 });
  const fine =
    (note: string, freshUntil = now + 168 * HOUR) =>
    (): RefreshResult => ({
      ok: true,
      requests: 5,
      ...refreshed(note, freshUntil),
    });

  const deps = (mirrors: readonly TufMirror[] = MIRRORS.slice(0, 1)): RefreshDependencies => ({
    mirrors,
    client: {
      refresh: async ({ name }, known) => {
        asked.push({ name, known: known?.trustedRoot.json ?? null });
        return (answers.shift() ?? bad)();
      },
    },
    store: storesOf().mirrors,
    health: {
      raise: async (_, fact) => heard.raised.push(fact) > 0,
      settle: async () => {
        heard.settled += 1;
        return true;
      },
    },
    check: () => unusable,
    operators: 1,
    clock: { now: () => now },
  });

  it('happens every 6 hours, from what was stored', async () => {
    answers = [fine('one'), fine('two')];
    expect(await refreshRoots(deps())).toBe(5);
    now += 6 * HOUR - 1;
    expect(await refreshRoots(deps())).toBe(0);
    now += 1;
    expect(await refreshRoots(deps())).toBe(5);
    expect(asked.map(({ known }) => known)).toEqual([null, '"one"']);
    expect((await storesOf().roots.get(1, ['public-good'], now))[0]?.json).toBe('"two"');
  });

  it('happens an hour after a failure', async () => {
    await refreshRoots(deps());
    now += HOUR - 1;
    expect(await refreshRoots(deps())).toBe(0);
    now += 1;
    expect(await refreshRoots(deps())).toBe(2);
    answers = [fine('at last')];
    now += HOUR;
    await refreshRoots(deps());
    now += HOUR;
    expect(await refreshRoots(deps())).toBe(0);
  });

  it('happens at once if forced, for each mirror', async () => {
    await refreshRoots(deps(MIRRORS), true);
    await refreshRoots(deps(MIRRORS), true);
    expect(asked.map(({ name }) => name)).toEqual(['public-good', 'own', 'public-good', 'own']);
  });

  it('costs two rows written and three round trips, and one row read while it is not due', async () => {
    const mirrors = createMirrorStore(db, () => undefined);
    answers = [fine('one'), fine('two')];
    await refreshRoots({ ...deps(), store: mirrors });
    expect(await counted.cost(() => refreshRoots({ ...deps(), store: mirrors }))).toEqual({
      roundTrips: 1,
      statements: 1,
      rowsRead: 1,
      rowsWritten: 0,
    });
    now += 6 * HOUR;
    expect(await counted.cost(() => refreshRoots({ ...deps(), store: mirrors }))).toMatchObject({
      roundTrips: 3,
      rowsWritten: 2,
    });
  });

  it('keeps all of it or nothing: what failed changes no row but how it fares', async () => {
    answers = [fine('one')];
    await refreshRoots(deps());
    const before = await row();
    now += 6 * HOUR;
    await refreshRoots(deps());
    expect(await row()).toEqual({
      ...before,
      attempted_at: now,
      failures: 1,
      failing_since: now,
      problem: 'timestamp.json: answered 500',
    });
  });

  it('keeps nothing of a trusted root that cannot be used, though it is signed', async () => {
    answers = [fine('one')];
    await refreshRoots(deps());
    const { rev } = await row();
    [unusable, answers] = ['a log without a start', [fine('two')]];
    now += 6 * HOUR;
    await refreshRoots(deps());
    expect(await row()).toMatchObject({
      rev,
      trusted_root: '"one"',
      problem: 'trusted_root.json: a log without a start',
    });
  });

  it('that never ends counts as failed, and is not tried every minute', async () => {
    const dying = { ...deps(), client: { refresh: () => Promise.reject(new Error('CPU time limit')) } };
    await expect(refreshRoots(dying)).rejects.toThrow('CPU time limit');
    now += 60_000;
    expect(await refreshRoots(dying)).toBe(0);
    expect(await row()).toMatchObject({ failures: 1, failing_since: NOW });
  });

  it('done twice at once is begun once', async () => {
    const store = storesOf().mirrors;
    const begun = await Promise.all([store.begin('own', NOW - 1, NOW), store.begin('own', NOW - 1, NOW)]);
    expect(begun.filter((attempt) => attempt !== null)).toHaveLength(1);
  });

  it('that was overtaken by a newer one does not undo it', async () => {
    const store = storesOf().mirrors;
    const slow = await store.begin('public-good', NOW, NOW);
    const fast = await store.begin('public-good', NOW, NOW);
    if (slow === null || fast === null) throw new Error('not begun');
    await store.save(fast, refreshed('newer', NOW + HOUR), NOW);
    await store.save(slow, refreshed('older', NOW + HOUR), NOW);
    await store.failed(slow, 'too late');
    expect(await row()).toMatchObject({ trusted_root: '"newer"', problem: null, failures: 0 });
  });

  async function row(): Promise<Record<string, unknown>> {
    return (await local.db.prepare(`SELECT * FROM tuf_mirrors WHERE name = 'public-good'`).first()) ?? {};
  }

  const HOURS_WITH_ALERT: [what: string, freshFor: number | null, from: number][] = [
    ['a root that never could be refreshed', null, 2],
    ['a root that has expired', 0, 2],
    ['a root that expires in ten hours', 10, 10],
    ['a root that is fresh for a week', 168, 24],
  ];
  it.each(HOURS_WITH_ALERT)('of %s raises an alert, not at the first failure', async (_, freshFor, from) => {
    if (freshFor !== null) {
      answers = [fine('one', NOW + freshFor * HOUR)];
      await refreshRoots(deps(), true);
      now += 1;
    }
    const alarming: number[] = [];
    for (let hour = 0; hour < 30; hour += 1) {
      const before = heard.raised.length;
      await refreshRoots(deps(), true);
      if (heard.raised.length > before) alarming.push(hour);
      now += HOUR;
    }
    expect(alarming).toEqual(Array.from({ length: 30 - from }, (__, n) => from + n));
    expect(heard.raised[0]).toEqual({
      kind: 'trusted-root-stale',
      root: 'public-good',
      url: 'https://good.example',
      reason: 'timestamp.json: answered 500',
      freshUntil: freshFor === null ? null : NOW + freshFor * HOUR,
    });
  });

  it('that works again settles the alert', async () => {
    await refreshRoots(deps());
    expect(heard.settled).toBe(0);
    answers = [fine('one')];
    now += HOUR;
    await refreshRoots(deps());
    expect(heard.settled).toBe(1);
  });

  it('of a mirror that is configured no more is nobody’s trouble, and what was fetched is kept', async () => {
    answers = [fine('one')];
    await refreshRoots(deps());
    await refreshRoots(deps(), true);
    await refreshRoots(deps([]));
    expect(heard.settled).toBe(2);
    expect(await row()).toMatchObject({ failures: 0, failing_since: null, problem: null, trusted_root: '"one"' });
    await refreshRoots(deps([]));
    expect(heard.settled).toBe(2);
  });
});
