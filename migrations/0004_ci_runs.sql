-- Runs of CI workflows, as signed workflow_run webhooks tell of them. migrations/README.md says who writes what.

-- In the order in which we first heard of them, which is also the order in which they are dropped.
CREATE TABLE ci_runs (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL,
  server TEXT NOT NULL,
  run_id INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  source TEXT NOT NULL,
  head_source_id INTEGER,
  workflow TEXT,
  name TEXT,
  head_branch TEXT,
  head_sha TEXT NOT NULL,
  event TEXT NOT NULL,
  state INTEGER NOT NULL,
  status TEXT,
  conclusion TEXT,
  actor TEXT,
  triggering_actor TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  completed_at INTEGER,
  hook_id INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX ci_runs_by_run ON ci_runs (team_id, run_id, attempt, server);
-- What ran at some time: runs that go on (no end yet) come first, by their start.
CREATE INDEX ci_runs_by_time ON ci_runs (team_id, source_id, completed_at, started_at);
-- The few that took more than an hour: for all others an hour around a moment is enough to look at.
CREATE INDEX ci_runs_long ON ci_runs (team_id, source_id, completed_at) WHERE completed_at - started_at > 3600000;

-- Repositories whose policy takes a run in progress as evidence: a new run concerns them, and no others.
CREATE INDEX repositories_by_concurrent_runs ON repositories (team_id) WHERE policy ->> '$.ci.concurrentRuns' = 'accept';
