import { describe, expect, test } from 'vitest';
import { UNATTRIBUTED } from '../../../src/domain/attribution.ts';
import type { FoundSignature } from '../../../src/domain/signature.ts';
import { type CheckDependencies, checkPushes } from '../../../src/usecases/check-pushes.ts';
import type { CheckMessage } from '../../../src/usecases/ports.ts';
import { createBudget } from '../../../src/usecases/request-budget.ts';
import type { CheckedPush, CheckStore, PushToCheck } from '../../../src/usecases/stores.ts';
import { NEW, OLD, policy, releaseWorkflow, signature, T } from '../domain/cases.ts';

const signed = policy({ signatures: { mode: 'require', authorities: [[releaseWorkflow]] } });

function pushOf(seq: number, differs: Partial<PushToCheck> = {}): PushToCheck {
  return {
    key: { repository: 1, seq },
    teamId: 7,
    image: { registry: 'docker.io', path: 'octo/app' },
    policy: signed,
    tag: `1.0.${seq}`,
    digest: NEW,
    kind: 'manifest',
    origin: 'dockerhub',
    receivedAt: T,
    notBefore: T,
    pusher: null,
    actorId: null,
    account: null,
    attribution: UNATTRIBUTED,
    confirmedAt: T,
    verdict: 'pending',
    findings: [],
    evidence: null,
    attempts: 0,
    nextAt: T,
    rev: 1,
    nextRev: 2,
    missedWebhooks: 0,
    tagState: null,
    announcements: [],
    runs: [],
    ...differs,
  };
}

/** A database in memory, and a registry whose every look at signatures takes ten requests and finds this. */
function world(
  pushes: readonly PushToCheck[],
  limit: number,
  found: Partial<FoundSignature> = {},
  clock: { now(): number } = { now: () => T },
) {
  const saved: CheckedPush[] = [];
  const woken: CheckMessage[] = [];
  const health: string[] = [];
  const requests = createBudget(limit);
  const isSame = (push: PushToCheck, key: PushToCheck['key']) => push.key.seq === key.seq;
  const registry = {
    findSignatures() {
      for (let n = 0; n < 10; n += 1) if (!requests.take()) throw new Error('more requests than there are');
      return Promise.resolve({ places: [], materials: [], known: [], children: [] });
    },
    inspect: () => Promise.resolve({ state: 'absent' }),
  } as Partial<CheckDependencies['registry']> as CheckDependencies['registry'];
  const deps: CheckDependencies = {
    store: {
      load: (keys) => Promise.resolve(pushes.filter((push) => keys.some((key) => isSame(push, key)))),
      pasts: (asked) =>
        Promise.resolve(
          asked.map(() => ({
            hadBefore: false,
            reported: true,
            open: [],
            alert: null,
            forgedAlert: null,
            before: null,
          })),
        ),
      save(checked) {
        saved.push(...checked);
        return Promise.resolve([]);
      },
      openPushes: () => Promise.resolve([]),
      recentIndexes: () => Promise.resolve([]),
    } as Partial<CheckStore> as CheckStore,
    registry,
    signatures: {
      registry,
      verifier: { verify: () => Promise.resolve([signature({ source: OLD, ...found })]) },
      roots: { get: () => Promise.resolve([]) },
      runs: { lookUp: () => Promise.resolve(null) },
    },
    requests,
    health: {
      raise(team, fact) {
        health.push(`${team} raised ${fact.kind}`);
        return Promise.resolve(true);
      },
      settle(team, fact) {
        health.push(`${team} settled ${fact.kind}`);
        return Promise.resolve(true);
      },
    },
    wakeups: {
      checks(messages) {
        woken.push(...messages);
        return Promise.resolve(true);
      },
      notifications: () => Promise.resolve(true),
    },
    clock,
  };
  return {
    saved,
    woken,
    health,
    check: () =>
      checkPushes(
        deps,
        pushes.map(({ key }) => key),
      ),
  };
}

describe('an invocation’s requests', () => {
  test('are enough for a few looks at signatures; the other pushes get an invocation of their own', async () => {
    const { saved, woken, check } = world(
      Array.from({ length: 20 }, (_, n) => pushOf(n)),
      50,
    );
    await check();
    expect(saved.length).toBeGreaterThanOrEqual(2);
    expect(saved.map(({ verdict }) => verdict)).toEqual(saved.map(() => 'trusted'));
    const later = woken.map((message) => ('check' in message ? message.check.seq : null));
    expect([...saved.map(({ push }) => push.key.seq), ...later]).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });

  test('are not counted for pushes whose signatures nobody asks for', async () => {
    const { saved, woken, check } = world(
      Array.from({ length: 16 }, (_, n) => pushOf(n, { policy: policy() })),
      50,
    );
    await check();
    expect(saved).toHaveLength(16);
    expect(woken).toEqual([]);
  });
});

describe('a self-test of the cryptography that fails', () => {
  const failed = { state: 'unavailable', problem: 'self-test', reason: 'does not verify', signer: null } as const;

  test('leaves the push open and is told as our trouble', async () => {
    const { saved, health, check } = world([pushOf(1)], 50, failed);
    await check();
    expect(saved).toMatchObject([{ verdict: 'pending', findings: [] }]);
    expect(health).toEqual(['7 raised signature-self-test']);
  });

  test('is over when what it had left open could be verified', async () => {
    const signatures = {
      places: [],
      found: [signature(failed)],
      children: [],
      indexes: [],
      runs: [],
      trust: '',
      roots: [],
    };
    const evidence = { history: null, readBack: null, announcement: null, signatures, wants: [] } as const;
    const { saved, health, check } = world([pushOf(1, { evidence })], 50);
    await check();
    expect(saved).toMatchObject([{ verdict: 'trusted' }]);
    expect(health).toEqual(['7 settled signature-self-test']);
  });
});

describe('a deadline that passes while a push is looked at', () => {
  const ci = policy({ ci: { mode: 'require' }, deadlineSeconds: 1800 });
  const waiting = pushOf(1, {
    policy: ci,
    evidence: null,
    receivedAt: T - 1_799_000,
    notBefore: T - 1_799_000,
  });

  test('is not held against it: what came meanwhile was not read', async () => {
    let looks = 0;
    const clock = { now: () => T + 2000 * looks++ };
    const { saved, check } = world([waiting], 50, {}, clock);
    await check();
    expect(saved).toMatchObject([{ verdict: 'pending', findings: [] }]);
  });

  test('counts when it is looked at again', async () => {
    const { saved, check } = world([waiting], 50, {}, { now: () => T + 2000 });
    await check();
    expect(saved).toMatchObject([{ verdict: 'rogue', findings: [{ code: 'no-ci-run' }] }]);
  });
});
