-- Credentials and their uses. migrations/README.md says who writes what.

-- Accounts that push become credentials like the tokens they push with.
ALTER TABLE actors RENAME TO credentials;
ALTER TABLE credentials RENAME COLUMN provider TO kind;
UPDATE credentials SET kind = CASE kind WHEN 'dockerhub' THEN 'dockerhub-account' WHEN 'github' THEN 'github-sender' ELSE 'distribution-actor' END;
ALTER TABLE credentials ADD COLUMN account TEXT;
ALTER TABLE credentials ADD COLUMN source_id INTEGER;
ALTER TABLE credentials ADD COLUMN created_by TEXT;
ALTER TABLE credentials ADD COLUMN created_at INTEGER;
ALTER TABLE credentials ADD COLUMN creator_ip TEXT;
ALTER TABLE credentials ADD COLUMN expires_at INTEGER;
ALTER TABLE credentials ADD COLUMN scopes TEXT;
ALTER TABLE credentials ADD COLUMN resources TEXT;
ALTER TABLE credentials ADD COLUMN resources_at INTEGER;
ALTER TABLE credentials ADD COLUMN active INTEGER;
ALTER TABLE credentials ADD COLUMN used_at INTEGER;
ALTER TABLE credentials ADD COLUMN gone_at INTEGER;
ALTER TABLE credentials ADD COLUMN mark TEXT NOT NULL DEFAULT 'none' CHECK (mark IN ('none', 'expected', 'unexpected', 'retired', 'canary'));
ALTER TABLE credentials ADD COLUMN expected_on TEXT;
ALTER TABLE credentials ADD COLUMN ci_only INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credentials ADD COLUMN note TEXT;
ALTER TABLE credentials ADD COLUMN retired_at INTEGER;
ALTER TABLE credentials ADD COLUMN mark_before TEXT;
ALTER TABLE credentials ADD COLUMN marked_at INTEGER;
ALTER TABLE credentials ADD COLUMN marked_by TEXT;
ALTER TABLE credentials ADD COLUMN review_at INTEGER;
-- The tokens that a source lists, and those with which an account can push.
CREATE INDEX credentials_by_source ON credentials (source_id) WHERE source_id IS NOT NULL;
CREATE INDEX credentials_by_account ON credentials (team_id, account) WHERE account IS NOT NULL;
-- Watched ones with uses that nobody has looked at, empty when all is reviewed.
CREATE INDEX credentials_to_review ON credentials (review_at) WHERE review_at IS NOT NULL;

ALTER TABLE pushes ADD COLUMN attribution TEXT;

-- A use of a credential. `key` is `p` and the push, `u` for a last-used time that moved, `l` and the row of an audit log.
CREATE TABLE sightings (
  credential_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  key TEXT NOT NULL,
  since INTEGER,
  seen_at INTEGER NOT NULL,
  source INTEGER NOT NULL,
  action INTEGER NOT NULL,
  strength INTEGER NOT NULL,
  repository_id INTEGER,
  seq INTEGER,
  reviewed INTEGER,
  detail TEXT,
  PRIMARY KEY (credential_id, at, key)
) STRICT, WITHOUT ROWID;
-- Uses that wait for a review, empty when all is reviewed.
CREATE INDEX sightings_to_review ON sightings (credential_id, at) WHERE reviewed = 0;

-- How often a credential was seen on a day (days since the epoch), by repository (0: none that is watched). Written in the
-- batch that writes the sightings, from those that were not there yet: exact whatever is told twice.
CREATE TABLE credential_days (
  credential_id INTEGER NOT NULL,
  day INTEGER NOT NULL,
  repository_id INTEGER NOT NULL,
  pushes INTEGER NOT NULL,
  possible INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  PRIMARY KEY (credential_id, day, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX credential_days_by_repository ON credential_days (repository_id, day);

-- Where we read tokens and audit logs.
CREATE TABLE sources (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  team_id INTEGER NOT NULL REFERENCES teams (id),
  kind TEXT NOT NULL CHECK (kind IN ('dockerhub')),
  account TEXT NOT NULL,
  organization TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  next_poll_at INTEGER NOT NULL,
  polled_at INTEGER,
  progress TEXT,
  status TEXT NOT NULL,
  log_cursor TEXT,
  signed_in TEXT NOT NULL DEFAULT '[]',
  reader_id INTEGER,
  rev INTEGER NOT NULL DEFAULT 0,
  UNIQUE (team_id, kind, account, organization)
) STRICT;
CREATE INDEX sources_by_poll ON sources (next_poll_at);

-- What a registry's audit log says, as it was read.
CREATE TABLE audit_rows (
  source_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  key BLOB NOT NULL,
  seen_at INTEGER NOT NULL,
  action TEXT NOT NULL,
  name TEXT NOT NULL,
  actor TEXT NOT NULL,
  data TEXT NOT NULL,
  credential_id INTEGER,
  repository_id INTEGER,
  seq INTEGER,
  open INTEGER,
  PRIMARY KEY (source_id, at, key)
) STRICT, WITHOUT ROWID;
-- Pushes that the log tells of and that are not found among ours yet. Empty when all are.
CREATE INDEX audit_rows_open ON audit_rows (source_id, at) WHERE open = 1;
-- Changes that take a protection away and were not told yet, empty when all were.
CREATE INDEX audit_rows_told ON audit_rows (source_id, at) WHERE open = 2;
