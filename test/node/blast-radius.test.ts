import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlastRadiusStore } from '../../src/store/blast-radius.ts';
import { blastRadius, PAGE } from '../../src/usecases/blast-radius.ts';
import type { BlastRadius, ReportCursor } from '../../src/usecases/blast-radius-report.ts';
import { countingD1, type D1Counts } from '../fixtures/counting-d1.ts';
import { openLocalD1 } from '../fixtures/local-d1.ts';
import { fillPushes } from '../fixtures/many-pushes.ts';
import { WATCHED, watch } from '../fixtures/push-journey.ts';

const TOKEN = 50;
const ACCOUNT = 51;
const OTHER = 52;
const NOW = Date.UTC(2026, 10, 24);
const SPAN = { from: NOW - 30 * 86_400_000, to: NOW };

let local: Awaited<ReturnType<typeof openLocalD1>>;

beforeAll(async () => {
  local = await openLocalD1();
  await watch(local.db);
  await local.db.batch(
    [
      `INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at, account) VALUES
         (${TOKEN}, 1, 'dockerhub-pat', 't', 'stolen', 0, 'acme'), (${ACCOUNT}, 1, 'dockerhub-account', 'acme', 'acme', 0, NULL),
         (${OTHER}, 1, 'dockerhub-pat', 'o', 'other', 0, 'acme')`,
      ...pushesBy(WATCHED.dockerhub.id, TOKEN, 1, 40, 0),
    ].map((sql) => local.db.prepare(sql)),
  );
}, 60_000);
afterAll(() => local.close());

/** Pushes that move one tag, each a minute after the one before, attributed to a token, with their webhook's account. */
function pushesBy(repository: number, credential: number, first: number, count: number, verdict: number): string[] {
  const n = `WITH RECURSIVE n(i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${first + count})`;
  const at = `(${NOW} - 20 * 86400000 + i * 60000)`;
  const own = `SELECT ${credential} AS c, 1 AS source, 1 AS strength UNION ALL SELECT ${ACCOUNT}, 0, 0`;
  return [
    `${n} INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, actor_id, previous, verdict, attribution)
       SELECT ${repository}, i, 'latest', randomblob(32), 1, 0, ${at}, ${ACCOUNT}, nullif(i - 1, 0), iif(i = ${first}, 1, ${verdict}),
         '{"strength":"deduced","by":"token-list","account":null,"uses":[{"credential":${credential},"usedBefore":null,"newCreator":false}]}' FROM n`,
    `${n} INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength, repository_id, seq)
       SELECT c, ${at}, 'p${repository}-' || i, ${at}, source, 0, strength, ${repository}, i FROM n, (${own})`,
    `INSERT INTO credential_days (credential_id, day, repository_id, pushes, possible, uses) VALUES (${credential}, 20000 + ${first}, ${repository}, ${count}, 0, 0)`,
  ];
}

async function report(
  after: ReportCursor | null = null,
  id = TOKEN,
  limits: { readonly page?: number; readonly counted?: number } = {},
): Promise<[BlastRadius, Readonly<D1Counts>]> {
  const counting = countingD1(local.db);
  let made: BlastRadius | null = null;
  const cost = await counting.cost(async () => {
    const asked = { teamId: 1, credential: id, span: SPAN, after, now: NOW, ...limits };
    made = await blastRadius(createBlastRadiusStore(counting.db), asked);
  });
  if (made === null) throw new Error('no report');
  return [made, cost];
}

describe('a report about a token', () => {
  it('asks the database nine times, in two round trips, and reads as much however much others pushed', async () => {
    await fillPushes(local.db, 'github', 100);
    const [few, before] = await report();
    expect(few.summary?.attributed.pushes).toBe(40);
    expect(before.statements).toBeLessThanOrEqual(9);
    expect(before.roundTrips).toBe(2);
    expect(before.rowsWritten).toBe(0);
    await fillPushes(local.db, 'github', 19_900);
    // Others of the same repository, in the same time.
    await local.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
         INSERT INTO sightings (credential_id, at, key, seen_at, source, action, strength, repository_id, seq)
         SELECT ${OTHER}, ${NOW} - 86400000 + i, 'p1-' || (i + 1000), 0, 1, 0, 1, 1, i + 1000 FROM n`,
      )
      .run();
    await local.db
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO credential_days (credential_id, day, repository_id, pushes, possible, uses) SELECT ${OTHER}, i, 1, 1, 0, 0 FROM n`,
      )
      .run();
    const [many, after] = await report();
    expect(many.pushes).toEqual(few.pushes);
    expect(after.rowsRead).toBe(before.rowsRead);
  });

  it('does not go back to what the token pushed itself, trusted though it was', async () => {
    const [{ pushes }] = await report();
    expect(pushes.at(-1)).toMatchObject({ verdict: 'trusted', trustedBefore: null, safe: null });
    expect(pushes.at(-2)).toMatchObject({ verdict: 'pending', trustedBefore: { bySame: true }, safe: null });
  });

  it('goes back past that to what another pushed', async () => {
    const at = NOW - 25 * 86_400_000;
    await local.db.batch(
      [
        `INSERT INTO pushes (repository_id, seq, tag, digest, kind, origin, received_at, verdict) VALUES (1, 9000, 'latest', zeroblob(32), 1, 0, ${at}, 1)`,
        'UPDATE pushes SET previous = 9000 WHERE repository_id = 1 AND seq = 1',
      ].map((sql) => local.db.prepare(sql)),
    );
    const [{ pushes }] = await report();
    const theirs = { digest: `sha256:${'0'.repeat(64)}`, at, how: 'trusted', bySame: false };
    expect(pushes.at(-2)).toMatchObject({ trustedBefore: { bySame: true }, safe: theirs });
    expect(pushes.at(-1)).toMatchObject({ trustedBefore: theirs, safe: theirs });
    await local.db.prepare('UPDATE pushes SET previous = NULL WHERE repository_id = 1 AND seq = 1').run();
  });

  it('looks at most fifty pushes back', async () => {
    await local.db.batch(pushesBy(1, TOKEN, 41, 60, 2).map((sql) => local.db.prepare(sql)));
    await local.db.prepare('UPDATE pushes SET verdict = 2 WHERE repository_id = 1 AND seq = 41').run();
    const [{ pushes }] = await report();
    expect(pushes[0]?.trustedBefore).toBeNull();
    expect(pushes.find(({ key }) => key?.seq === 51)?.trustedBefore).toMatchObject({ how: 'trusted' });
    expect(pushes.find(({ key }) => key?.seq === 52)?.trustedBefore).toBeNull();
  });
});

describe('a report with more pushes than a page holds', () => {
  it('comes in pages that have each push once, and counts them all on the first', async () => {
    await local.db.batch(pushesBy(1, TOKEN, 101, 2400, 2).map((sql) => local.db.prepare(sql)));
    const seen: string[] = [];
    let after: ReportCursor | null = null;
    let pages = 0;
    do {
      const [page]: [BlastRadius, unknown] = await report(after);
      expect(page.pushes.length).toBeLessThanOrEqual(PAGE);
      expect(page.summary === null).toBe(pages > 0);
      if (page.summary !== null) expect(page.summary.attributed.pushes).toBe(2500);
      seen.push(...page.pushes.map(({ key }) => `${key?.seq}`));
      after = page.next;
      pages += 1;
    } while (after !== null && pages < 10);
    expect(pages).toBe(3);
    expect(seen).toEqual(Array.from({ length: 2500 }, (_, n) => `${2500 - n}`));
  });

  it.each([
    ['', {}, 5000],
    [', or as little as it is told to,', { counted: 700 }, 700],
  ])('counts as much as is read at once%s says since when, and goes on below that', async (_, limits, counted) => {
    const [{ n }] = (
      await local.db
        .prepare('SELECT max(seq) AS n FROM pushes WHERE repository_id = 1 AND seq < 9000')
        .all<{ n: number }>()
    ).results as [{ n: number }]; // an aggregate always has its row
    if (n < 6000) await local.db.batch(pushesBy(1, TOKEN, 2501, 3500, 2).map((sql) => local.db.prepare(sql)));
    const seen = new Set<string>();
    let shown = 0;
    let after: ReportCursor | null = null;
    do {
      const [page]: [BlastRadius, unknown] = await report(after, TOKEN, limits);
      if (page.summary !== null) {
        expect(page.summary.attributed.pushes).toBe(counted);
        expect(page.summary.countedSince).toBeGreaterThan(SPAN.from);
      }
      for (const { key } of page.pushes) seen.add(`${key?.seq}`);
      shown += page.pushes.length;
      after = page.next;
    } while (after !== null && shown < 10_000);
    expect([seen.size, shown]).toEqual([6000, 6000]);
  });

  it('goes on below what its account did with other tokens', async () => {
    const quiet = 53;
    await local.db.batch(
      [
        `INSERT INTO credentials (id, team_id, kind, external_id, name, first_seen_at, account) VALUES (${quiet}, 1, 'dockerhub-pat', 'q', 'quiet', 0, 'acme')`,
        ...pushesBy(1, quiet, -10, 1, 2),
      ].map((sql) => local.db.prepare(sql)),
    );
    const [first] = await report(null, quiet);
    expect(first.summary).toMatchObject({ others: 5000, unknown: { pushes: 0 }, attributed: { pushes: 0 } });
    const seen: (number | undefined)[] = [];
    let after = first.next;
    for (let pages = 0; after !== null && pages < 5; pages += 1) {
      const [page]: [BlastRadius, unknown] = await report(after, quiet);
      seen.push(...page.pushes.map(({ key }) => key?.seq));
      after = page.next;
    }
    expect(first.next).not.toBeNull();
    expect([seen, after]).toEqual([[-10], null]);
  });
});
