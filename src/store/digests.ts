import type { D1Database } from '@cloudflare/workers-types';
import type { Verdict } from '../domain/finding.ts';
import type { HealthFact, HealthKind } from '../domain/health.ts';
import { NO_PUSHES, type Week, type WeeklySummary } from '../domain/weekly-summary.ts';
import type { CountedPushes, DigestProgress, DigestStore } from '../usecases/digest-store.ts';
import { verdictCode } from './codec.ts';
import { addNotification } from './notifications.ts';

/** Pushes are written in the order in which they came, but for those of one moment. */
const OUT_OF_ORDER_MS = 10 * 60_000;
const WALKED = 2000;

const sum = (verdict: Verdict): string =>
  `coalesce(sum(received_at >= ?3 AND received_at < ?4 AND verdict = ${verdictCode(verdict)}), 0) AS ${verdict}`;

/**
 * Walks back from a repository's latest push (or from ?2) to the week's beginning, key by key: reads as many rows as there
 * are pushes since then, whatever the history, and at most 2000 at a time.
 */
const WALK = `WITH RECURSIVE w(seq, received_at, verdict) AS (
    SELECT * FROM (SELECT seq, received_at, verdict FROM pushes WHERE repository_id = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1)
    UNION ALL
    SELECT p.seq, p.received_at, p.verdict FROM w JOIN pushes p ON p.repository_id = ?1
      AND p.seq = (SELECT seq FROM pushes WHERE repository_id = ?1 AND seq < w.seq ORDER BY seq DESC LIMIT 1)
    WHERE w.received_at >= ?3 - ${OUT_OF_ORDER_MS} LIMIT ${WALKED})
  SELECT count(*) AS walked, min(seq) AS seq, min(received_at) AS oldest, ${(['pending', 'trusted', 'rogue', 'undetermined'] as const).map(sum).join(', ')} FROM w`;

interface WalkRow extends Record<Verdict, number> {
  walked: number;
  seq: number | null;
  oldest: number | null;
}

/** What makes us miss a push, or tell nobody of one. */
const BLIND: readonly HealthKind[] = [
  'registry-unreadable',
  'webhook-silent',
  'channel-refused',
  'no-channel',
  'signature-self-test',
];
const BLIND_KEPT = 20;
const BLIND_READ = 200;

// Reads what is open, and what ended since the week began.
const BLINDNESS = `SELECT fact, opened_at, closed_at FROM (
    SELECT * FROM health_alerts INDEXED BY health_alerts_live WHERE team_id = ?1 AND closed_at IS NULL AND opened_at < ?3
    UNION ALL SELECT * FROM health_alerts INDEXED BY health_alerts_by_end WHERE team_id = ?1 AND closed_at >= ?2 AND opened_at < ?3)
  WHERE kind IN (SELECT value FROM json_each(?4)) ORDER BY opened_at LIMIT ${BLIND_READ}`;

/** The weekly summary: counting it in steps, and the rest of what it tells. */
export function createDigestStore(db: D1Database): DigestStore {
  return {
    async next({ name, end }) {
      const row = await db
        .prepare(
          `SELECT t.id AS teamId, d.after_repository AS afterRepository, d.before_seq AS beforeSeq, d.counts
           FROM teams t LEFT JOIN digests d ON d.team_id = t.id AND d.week = ?1
           WHERE t.created_at < ?2 AND EXISTS (SELECT 1 FROM repositories WHERE team_id = t.id)
             AND NOT EXISTS (SELECT 1 FROM notifications WHERE event = 'digest-' || t.id || '-' || ?1) ORDER BY t.id LIMIT 1`,
        )
        .bind(name, end)
        .first<{ teamId: number; afterRepository: number | null; beforeSeq: number | null; counts: string | null }>();
      if (row === null) return null;
      const counts = JSON.parse(row.counts ?? '{}') as { repositories?: number; pushes?: CountedPushes['pushes'] }; // as `save` wrote it
      return {
        teamId: row.teamId,
        afterRepository: row.afterRepository ?? 0,
        beforeSeq: row.beforeSeq,
        repositories: counts.repositories ?? 0,
        pushes: counts.pushes ?? NO_PUSHES,
      };
    },

    async repositories(teamId, after, limit) {
      const rows = await db
        .prepare('SELECT id FROM repositories WHERE team_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3')
        .bind(teamId, after, limit)
        .all<{ id: number }>();
      return rows.results.map(({ id }) => id);
    },

    async count(asked, { start, end }) {
      if (asked.length === 0) return [];
      const walks = asked.map(({ repository, beforeSeq }) =>
        db.prepare(WALK).bind(repository, beforeSeq ?? Number.MAX_SAFE_INTEGER, start, end),
      );
      const results = await db.batch<WalkRow>(walks);
      return results.map(({ results: [row] }) => countedOf(row, start));
    },

    async save(progress, { name }) {
      const { teamId, afterRepository, beforeSeq, repositories, pushes } = progress;
      await db
        .prepare(
          `INSERT INTO digests (team_id, week, after_repository, before_seq, counts) VALUES (?1, ?2, ?3, ?4, ?5)
           ON CONFLICT (team_id, week) DO UPDATE SET after_repository = excluded.after_repository, before_seq = excluded.before_seq,
             counts = excluded.counts`,
        )
        .bind(teamId, name, afterRepository, beforeSeq, JSON.stringify({ repositories, pushes }))
        .run();
    },

    async finish(progress, week, now) {
      const content = { kind: 'digest', digest: await summaryOf(db, progress, week) } as const;
      const event = `digest-${progress.teamId}-${week.name}`;
      await db.batch([
        addNotification(db, {
          teamId: progress.teamId,
          event,
          route: 'health',
          repositoryId: null,
          alertId: null,
          content,
          now,
        }),
        db.prepare('DELETE FROM digests WHERE team_id = ?1').bind(progress.teamId),
      ]);
    },
  };
}

function countedOf(row: WalkRow | undefined, start: number): CountedPushes {
  const { pending = 0, trusted = 0, rogue = 0, undetermined = 0, walked = 0, seq = null, oldest = null } = row ?? {};
  const isCut = walked >= WALKED && oldest !== null && oldest >= start - OUT_OF_ORDER_MS;
  return { pushes: { pending, trusted, rogue, undetermined }, goOnBefore: isCut ? seq : null };
}

async function summaryOf(db: D1Database, progress: DigestProgress, week: Week): Promise<WeeklySummary> {
  const { teamId, repositories, pushes } = progress;
  const { start, end } = week;
  const [alerts, blind, team] = await db.batch([
    // Reads the alerts of that week.
    db
      .prepare(
        `SELECT coalesce(resolution, 'open') AS what, count(*) AS n FROM alerts INDEXED BY alerts_by_opening
         WHERE team_id = ?1 AND opened_at >= ?2 AND opened_at < ?3 GROUP BY 1`,
      )
      .bind(teamId, start, end),
    db.prepare(BLINDNESS).bind(teamId, start, end, JSON.stringify(BLIND)),
    db.prepare('SELECT tested_at, test_seen_at, test_seen_by FROM teams WHERE id = ?1').bind(teamId),
  ]);
  // The batch's answers are untyped; these are the columns named above.
  const ends = new Map(((alerts?.results ?? []) as { what: string; n: number }[]).map(({ what, n }) => [what, n]));
  const rows = (blind?.results ?? []) as { fact: string; opened_at: number; closed_at: number | null }[];
  const tested = team?.results[0] as TestRow | undefined;
  const n = (what: string): number => ends.get(what) ?? 0;
  return {
    week,
    repositories,
    pushes,
    alerts: {
      opened: [...ends.values()].reduce((a, b) => a + b, 0),
      open: n('open'),
      closed: { cleared: n('cleared'), expected: n('expected'), incident: n('incident') },
    },
    blind: rows.slice(0, BLIND_KEPT).map((each) => ({
      fact: JSON.parse(each.fact) as HealthFact, // as the health store wrote it
      from: each.opened_at,
      to: each.closed_at,
    })),
    moreBlind: Math.max(0, rows.length - BLIND_KEPT),
    tested: testedOf(tested),
  };
}

interface TestRow {
  tested_at: number | null;
  test_seen_at: number | null;
  test_seen_by: string | null;
}

function testedOf(row: TestRow | undefined): WeeklySummary['tested'] {
  if (row === undefined || row.tested_at === null) return null;
  const seen = row.test_seen_at !== null && row.test_seen_at >= row.tested_at;
  return { at: row.tested_at, seenBy: seen ? row.test_seen_by : null };
}
