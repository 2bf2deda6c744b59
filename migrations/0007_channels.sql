-- Channels beyond Slack, buttons in Slack, bursts and the weekly summary. migrations/README.md says who writes what.

-- A column of its own for the wider CHECK, and not a new table in place of the old one: dropping a table that others refer
-- to sets their references to NULL. DROP COLUMN takes the old CHECK with it.
ALTER TABLE channels ADD COLUMN kind_now TEXT NOT NULL DEFAULT 'slack-webhook'
  CHECK (kind_now IN ('slack-webhook', 'slack-bot', 'discord', 'teams', 'webhook', 'email'));
UPDATE channels SET kind_now = kind;
ALTER TABLE channels DROP COLUMN kind;
ALTER TABLE channels RENAME COLUMN kind_now TO kind;
ALTER TABLE channels ADD COLUMN min_severity TEXT NOT NULL DEFAULT 'notice' CHECK (min_severity IN ('notice', 'high', 'critical'));
-- The signing secret of the Slack app, encrypted, where the channel's app is not the installation's.
ALTER TABLE channels ADD COLUMN signing TEXT;
ALTER TABLE channels ADD COLUMN anyone_may_acknowledge INTEGER NOT NULL DEFAULT 0;

-- Who may press buttons in Slack.
CREATE TABLE slack_users (
  team_id INTEGER NOT NULL,
  workspace TEXT NOT NULL,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('responder', 'admin')),
  added_at INTEGER NOT NULL,
  added_by TEXT NOT NULL,
  PRIMARY KEY (team_id, workspace, user)
) STRICT, WITHOUT ROWID;

-- Requests of Slack that did something: the same one again does nothing. `key` is the SHA-256 of the signed bytes.
CREATE TABLE slack_requests (
  key BLOB PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Many alerts in one channel within minutes are one message. `severity`: none joins a burst of lesser ones.
CREATE TABLE bursts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL,
  channel_id INTEGER NOT NULL,
  severity TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  joined_at INTEGER NOT NULL,
  acknowledged_by TEXT,
  acknowledged_at INTEGER
) STRICT;
CREATE INDEX bursts_by_channel ON bursts (channel_id, id);

ALTER TABLE alerts ADD COLUMN severity TEXT NOT NULL DEFAULT 'critical' CHECK (severity IN ('notice', 'high', 'critical'));
ALTER TABLE alerts ADD COLUMN burst_id INTEGER;
-- When to say again that nobody has it. `reminders` counts, so that each is told once.
ALTER TABLE alerts ADD COLUMN remind_at INTEGER;
ALTER TABLE alerts ADD COLUMN reminders INTEGER NOT NULL DEFAULT 0;
CREATE INDEX alerts_by_opening ON alerts (team_id, opened_at);
CREATE INDEX alerts_by_burst ON alerts (burst_id) WHERE burst_id IS NOT NULL;
CREATE INDEX alerts_to_remind ON alerts (remind_at) WHERE remind_at IS NOT NULL;

-- Of a message that a burst's own speaks for: that burst. Of a burst's own message: the same, and no alert.
ALTER TABLE notifications ADD COLUMN burst_id INTEGER;
CREATE INDEX notifications_by_burst ON notifications (burst_id) WHERE burst_id IS NOT NULL;

-- The weekly summary while it is being counted: repository by repository, push by push, exact whatever their number.
CREATE TABLE digests (
  team_id INTEGER NOT NULL,
  week TEXT NOT NULL,
  after_repository INTEGER NOT NULL,
  before_seq INTEGER,
  counts TEXT NOT NULL,
  rev INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (team_id, week)
) STRICT, WITHOUT ROWID;
CREATE INDEX health_alerts_by_end ON health_alerts (team_id, closed_at);

-- When a test alert last went out, and who said that they saw it.
ALTER TABLE teams ADD COLUMN tested_at INTEGER;
ALTER TABLE teams ADD COLUMN test_seen_at INTEGER;
ALTER TABLE teams ADD COLUMN test_seen_by TEXT;
