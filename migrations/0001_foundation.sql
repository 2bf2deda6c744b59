-- Pushwarden's tables. migrations/README.md says for each who writes it, its keys and how long it is kept.
-- Times are ms since the epoch unless the column says otherwise. Digests are the 32 bytes of a SHA-256.

CREATE TABLE teams (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
INSERT INTO teams (id, name, created_at) VALUES (1, 'default', unixepoch() * 1000);

CREATE TABLE api_keys (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  name TEXT NOT NULL,
  scope TEXT NOT NULL CHECK (scope IN ('read', 'admin')),
  hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE TABLE channels (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('slack-webhook', 'slack-bot')),
  sealed TEXT NOT NULL,
  for_alerts INTEGER NOT NULL DEFAULT 0,
  for_health INTEGER NOT NULL DEFAULT 0,
  refused TEXT,
  created_at INTEGER NOT NULL,
  UNIQUE (team_id, name)
) STRICT;

CREATE TABLE hooks (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  public_id TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL CHECK (provider IN ('dockerhub', 'github', 'distribution')),
  registry TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE hook_secrets (
  id INTEGER PRIMARY KEY,
  hook_id INTEGER NOT NULL REFERENCES hooks (id) ON DELETE CASCADE,
  hash BLOB NOT NULL UNIQUE,
  sealed TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT;
CREATE INDEX hook_secrets_by_hook ON hook_secrets (hook_id);

CREATE TABLE repositories (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  hook_id INTEGER NOT NULL REFERENCES hooks (id),
  registry TEXT NOT NULL,
  path TEXT NOT NULL,
  policy TEXT NOT NULL,
  channel_id INTEGER REFERENCES channels (id) ON DELETE SET NULL,
  created_at INTEGER NOT NULL,
  baseline_at INTEGER,
  swept_at INTEGER,
  next_sweep_at INTEGER NOT NULL,
  sweep TEXT,
  sweep_failures INTEGER NOT NULL DEFAULT 0,
  missed_webhooks INTEGER NOT NULL DEFAULT 0,
  UNIQUE (team_id, registry, path)
) STRICT;
CREATE INDEX repositories_by_hook ON repositories (hook_id);
CREATE INDEX repositories_by_sweep ON repositories (next_sweep_at);
CREATE INDEX repositories_by_image ON repositories (registry, path);

CREATE TABLE actors (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  provider TEXT NOT NULL,
  external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  UNIQUE (team_id, provider, external_id)
) STRICT;

-- The key keeps a repository's pushes in the order in which we learnt of them; `previous` chains the pushes of one tag
-- like a reflog, so that a tag's history needs no index of its own.
CREATE TABLE pushes (
  repository_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  tag TEXT NOT NULL,
  digest BLOB,
  kind INTEGER NOT NULL,
  origin INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  not_before INTEGER,
  pushed_at INTEGER,
  actor_id INTEGER,
  delivery BLOB,
  previous INTEGER,
  subject BLOB,
  confirmed_at INTEGER,
  verdict INTEGER,
  findings TEXT,
  evidence TEXT,
  alert_id INTEGER,
  next_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  rev INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (repository_id, seq)
) STRICT, WITHOUT ROWID;
-- Pushes whose next step has a time; empty when all is decided.
CREATE INDEX pushes_due ON pushes (next_at) WHERE next_at IS NOT NULL;
-- "Have we seen this digest here, on this tag?" Eight bytes of a SHA-256 find it; the query compares the rest.
CREATE INDEX pushes_by_digest ON pushes (repository_id, substr(digest, 1, 8), tag) WHERE digest IS NOT NULL;

CREATE TABLE tags (
  repository_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  digest BLOB,
  push_seq INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  previous_digest BLOB,
  previous_at INTEGER,
  left_at INTEGER,
  safe_digest BLOB,
  safe_at INTEGER,
  safe_how INTEGER,
  deleted_at INTEGER,
  PRIMARY KEY (repository_id, name)
) STRICT, WITHOUT ROWID;

-- The key starts with hook and day (days since the epoch): one row serves for dedupe and for dropping old days.
CREATE TABLE deliveries (
  hook_id INTEGER NOT NULL,
  day INTEGER NOT NULL,
  key BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  repository_id INTEGER,
  outcome INTEGER NOT NULL,
  event TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  body_sha256 BLOB NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 0,
  problem TEXT,
  body BLOB,
  PRIMARY KEY (hook_id, day, key)
) STRICT, WITHOUT ROWID;

-- Further deliveries that told of a push already recorded (its first one stands in the push).
CREATE TABLE push_deliveries (
  repository_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  key BLOB NOT NULL,
  day INTEGER NOT NULL,
  PRIMARY KEY (repository_id, seq, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE unwatched_images (
  team_id INTEGER NOT NULL,
  image TEXT NOT NULL,
  hook_id INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  deliveries INTEGER NOT NULL,
  last_tag TEXT NOT NULL,
  last_pusher TEXT,
  PRIMARY KEY (team_id, image)
) STRICT, WITHOUT ROWID;

CREATE TABLE announcements (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  source TEXT NOT NULL CHECK (source IN ('ci', 'maintainer')),
  phase TEXT NOT NULL CHECK (phase IN ('started', 'pushed', 'finished')),
  digest BLOB,
  tags TEXT NOT NULL,
  allowed INTEGER NOT NULL,
  run TEXT NOT NULL,
  claims TEXT,
  reason TEXT,
  at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  closed_at INTEGER
) STRICT;
CREATE INDEX announcements_by_repository ON announcements (repository_id, at);

CREATE TABLE ci_token_uses (
  token BLOB PRIMARY KEY,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ci_token_uses_by_expiry ON ci_token_uses (expires_at);

CREATE TABLE alerts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'closed')),
  facts TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  acknowledged_by TEXT,
  acknowledged_at INTEGER,
  closed_at INTEGER,
  closed_by TEXT,
  resolution TEXT,
  reason TEXT
) STRICT;
-- One live alert per repository and digest: several tags on one rogue image are one alert.
CREATE UNIQUE INDEX alerts_live ON alerts (repository_id, subject) WHERE state <> 'closed';
CREATE INDEX alerts_by_state ON alerts (team_id, state, id);

CREATE TABLE health_alerts (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  fact TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  closed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX health_alerts_live ON health_alerts (team_id, kind, subject) WHERE closed_at IS NULL;

-- The outbox. A row is marked sent only after the channel took the message; `event` makes each edge one row.
CREATE TABLE notifications (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL,
  event TEXT NOT NULL UNIQUE,
  alert_id INTEGER,
  repository_id INTEGER,
  route TEXT NOT NULL CHECK (route IN ('alerts', 'health')),
  channel_id INTEGER,
  content TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  next_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  sent_at INTEGER,
  failed TEXT,
  reference TEXT
) STRICT;
CREATE INDEX notifications_due ON notifications (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX notifications_by_alert ON notifications (alert_id) WHERE alert_id IS NOT NULL;

CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY,
  team_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  detail TEXT
) STRICT;
CREATE INDEX audit_log_by_team ON audit_log (team_id, id);

CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
