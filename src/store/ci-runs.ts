import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types';
import type { Policy } from '../domain/policy.ts';
import { RUN_SILENCE_MS, type WorkflowRun } from '../domain/workflow-run.ts';
import type { CiRunStore } from '../usecases/ci-runs.ts';
import type { PushKey } from '../usecases/stores.ts';
import { runStateCode, runStateOf, verdictCode } from './codec.ts';

/** Runs last at most 35 days. */
const LONGEST_MS = 35 * 86_400_000;
/** What the index of long runs leaves out. */
const SHORT_MS = 3_600_000;
/** More runs at one time than this are of no use to anybody. */
const MAX_RUNS = 2000;
/** Pushes that one run wakes, of each kind; whatever waits is judged at its deadline in any case. */
const MAX_WOKEN = 500;
/** Dropped in one go; a day's runs of a busy organization are fewer than the job's ten goes. */
const EXPIRE_STEP = 2000;
const EXPIRE_STEPS = 10;
/** After every time there is. */
const LAST = Number.MAX_SAFE_INTEGER;

// Writes 3 rows for a new run, 2 when it goes on or ends (3 after more than an hour), none when told again.
// Whatever the order of deliveries, the row ends as the furthest state, and within a state as the latest news.
const RECORD = `INSERT INTO ci_runs (team_id, server, run_id, attempt, source_id, source, head_source_id, workflow, name, head_branch,
    head_sha, event, state, status, conclusion, actor, triggering_actor, created_at, started_at, updated_at, completed_at, hook_id, first_seen_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)
  ON CONFLICT (team_id, run_id, attempt, server) DO UPDATE SET source = excluded.source, head_source_id = excluded.head_source_id,
    workflow = excluded.workflow, name = excluded.name, head_branch = excluded.head_branch, head_sha = excluded.head_sha, event = excluded.event,
    state = excluded.state, status = excluded.status, conclusion = excluded.conclusion, actor = excluded.actor,
    triggering_actor = excluded.triggering_actor, created_at = excluded.created_at, started_at = excluded.started_at,
    updated_at = excluded.updated_at, completed_at = excluded.completed_at
  WHERE source_id = excluded.source_id AND (excluded.state, excluded.updated_at) > (state, updated_at)`;

/** Statement that records what a delivery tells of a run. */
export function recordRun(
  db: D1Database,
  teamId: number,
  run: WorkflowRun,
  hookId: number,
  now: number,
): D1PreparedStatement {
  const { repositoryId, headRepositoryId } = run;
  return db
    .prepare(RECORD)
    .bind(
      teamId,
      run.server,
      run.id,
      run.attempt,
      Number(repositoryId),
      run.repository,
      headRepositoryId === null ? null : Number(headRepositoryId),
      run.workflow,
      run.name,
      run.headBranch,
      run.headSha,
      run.event,
      runStateCode(run.state),
      run.status,
      run.conclusion,
      run.actor,
      run.triggeringActor,
      run.createdAt,
      run.startedAt,
      run.updatedAt,
      run.completedAt,
      hookId,
      now,
    );
}

/** A row of `ci_runs`. */
export interface CiRunRow {
  id: number;
  server: string;
  run_id: number;
  attempt: number;
  source_id: number;
  source: string;
  head_source_id: number | null;
  workflow: string | null;
  name: string | null;
  head_branch: string | null;
  head_sha: string;
  event: string;
  state: number;
  status: string | null;
  conclusion: string | null;
  actor: string | null;
  triggering_actor: string | null;
  created_at: number;
  started_at: number;
  updated_at: number;
  completed_at: number | null;
}

export const ciRunOf = (row: CiRunRow): WorkflowRun => ({
  server: row.server,
  id: row.run_id,
  attempt: row.attempt,
  repositoryId: String(row.source_id),
  repository: row.source,
  headRepositoryId: row.head_source_id === null ? null : String(row.head_source_id),
  workflow: row.workflow,
  name: row.name,
  headBranch: row.head_branch,
  headSha: row.head_sha,
  event: row.event,
  state: runStateOf(row.state),
  status: row.status,
  conclusion: row.conclusion,
  actor: row.actor,
  triggeringActor: row.triggering_actor,
  createdAt: row.created_at,
  startedAt: row.started_at,
  updatedAt: row.updated_at,
  completedAt: row.completed_at,
});

/**
 * Ids of runs that went on at some time between `since` and `until`, for a join in which `s` has `team_id`, `source_id`,
 * `since` and `until`. Three ranges of two indexes, so that neither a long history nor many later runs are read: what
 * has not ended, what ended within an hour, and of what ended later the few that took more than an hour.
 */
const during = (columns: string, s: string): string => {
  const of = 'c.team_id = s.team_id AND c.source_id = s.source_id';
  const byTime = 'ci_runs c INDEXED BY ci_runs_by_time';
  return `SELECT ${columns} FROM ${s} s CROSS JOIN ${byTime} ON ${of} AND c.completed_at IS NULL
      AND c.started_at BETWEEN s.since - ${LONGEST_MS} AND s.until AND c.updated_at >= s.since - ${RUN_SILENCE_MS}
    UNION ALL SELECT ${columns} FROM ${s} s CROSS JOIN ${byTime} ON ${of}
      AND c.completed_at BETWEEN s.since AND s.until + ${SHORT_MS} AND c.started_at <= s.until
    UNION ALL SELECT ${columns} FROM ${s} s CROSS JOIN ci_runs c INDEXED BY ci_runs_long ON ${of} AND c.completed_at - c.started_at > ${SHORT_MS}
      AND c.completed_at BETWEEN s.until + ${SHORT_MS + 1} AND s.until + ${LONGEST_MS} AND c.started_at <= s.until`;
};

/** Runs around pushes; `sources` has a row per watched repository and source repository. */
export const runsDuring = (sources: string): string =>
  `WITH s AS MATERIALIZED (${sources}) SELECT * FROM (${during('s.repository_id, c.*', 's')}) ORDER BY started_at DESC LIMIT ${MAX_RUNS}`;

const OPEN = `p.verdict IN (${verdictCode('pending')}, ${verdictCode('rogue')}, ${verdictCode('undetermined')})`;

// Reads what is due at all, and the pushes of live alerts: one statement, however many images one repository makes.
const TO_WAKE = `SELECT * FROM (SELECT p.repository_id AS repository, p.seq FROM pushes p INDEXED BY pushes_due
    WHERE p.next_at IS NOT NULL AND p.repository_id IN (SELECT value FROM json_each(?1)) AND ${OPEN} AND p.received_at >= ?2 LIMIT ${MAX_WOKEN})
  UNION SELECT * FROM (SELECT p.repository_id, p.seq FROM json_each(?1) j CROSS JOIN alerts l INDEXED BY alerts_live ON l.repository_id = j.value
      AND l.state <> 'closed' CROSS JOIN pushes p INDEXED BY pushes_by_digest ON p.repository_id = l.repository_id
      AND substr(p.digest, 1, 8) = substr(unhex(l.subject), 1, 8) AND p.digest = unhex(l.subject) AND p.alert_id = l.id LIMIT ${MAX_WOKEN})`;

/** Runs of CI, of one team each. */
export function createCiRunStore(db: D1Database): CiRunStore {
  return {
    async activeRuns(teamId, repositoryIds, from, to) {
      const ids = [...new Set(repositoryIds)].filter((id) => /^\d{1,15}$/.test(id)).map(Number);
      if (ids.length === 0) return [];
      const sources = `SELECT 0 AS repository_id, ?1 AS team_id, value AS source_id, ?3 AS since, ?4 AS until FROM json_each(?2)`;
      const answer = await db.prepare(runsDuring(sources)).bind(teamId, JSON.stringify(ids), from, to).all<CiRunRow>();
      return answer.results.map(ciRunOf);
    },

    async list(teamId, repositoryId, before, limit) {
      const by = [teamId, Number(repositoryId), limit];
      const { completedAt, startedAt, id } = before ?? { completedAt: LAST, startedAt: 0, id: 0 };
      const of = 'SELECT * FROM ci_runs INDEXED BY ci_runs_by_time WHERE team_id = ?1 AND source_id = ?2';
      const running = db.prepare(`${of} AND completed_at IS NULL ORDER BY started_at DESC LIMIT ?3`).bind(...by);
      const ended = db
        .prepare(
          `${of} AND completed_at <= ?4 AND (completed_at, started_at, id) < (?4, ?5, ?6)
           ORDER BY completed_at DESC, started_at DESC, id DESC LIMIT ?3`,
        )
        .bind(...by, completedAt, startedAt, id);
      const answers = await db.batch<CiRunRow>(before === null ? [running, ended] : [ended]);
      return answers.flatMap(({ results }) => results).map((row) => ({ id: row.id, run: ciRunOf(row) }));
    },

    async concerned(teamId, repositoryId) {
      const answer = await db
        .prepare(
          `SELECT id, policy FROM repositories INDEXED BY repositories_by_concurrent_runs
           WHERE team_id = ?1 AND policy ->> '$.ci.concurrentRuns' = 'accept'
             AND EXISTS (SELECT 1 FROM json_each(policy, '$.ci.identities') WHERE value ->> 'repositoryId' = ?2)`,
        )
        .bind(teamId, repositoryId)
        .all<{ id: number; policy: string }>();
      // Checked before it was stored.
      return answer.results.map(({ id, policy }) => ({ repository: id, policy: JSON.parse(policy) as Policy }));
    },

    async toWake(repositories, since) {
      const answer = await db.prepare(TO_WAKE).bind(JSON.stringify(repositories), since).all<PushKey>();
      return answer.results;
    },

    async expire(before) {
      const oldest = db.prepare('SELECT first_seen_at AS at FROM ci_runs ORDER BY id LIMIT 1');
      const drop = db
        .prepare(
          `DELETE FROM ci_runs WHERE id IN (SELECT id FROM (SELECT id, first_seen_at FROM ci_runs ORDER BY id LIMIT ${EXPIRE_STEP})
             WHERE first_seen_at < ?1)`,
        )
        .bind(before);
      for (let step = 0; step < EXPIRE_STEPS; step += 1) {
        const first = await oldest.first<{ at: number }>();
        if (first === null || first.at >= before) return;
        await drop.run();
      }
    },
  };
}
