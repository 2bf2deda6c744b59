-- Trusted roots, with which signatures are verified. migrations/README.md says who writes what.

-- A row per TUF repository: its trusted root, the metadata that vouches for it, and how it fares. One row, so that a
-- refresh is one statement: all of it or nothing. JSON is kept as it was signed.
CREATE TABLE tuf_mirrors (
  name TEXT PRIMARY KEY,
  rev INTEGER NOT NULL DEFAULT 0,
  attempted_at INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  failing_since INTEGER,
  problem TEXT,
  refreshed_at INTEGER,
  fresh_until INTEGER,
  origin TEXT,
  root TEXT,
  timestamp TEXT,
  snapshot TEXT,
  targets TEXT,
  trusted_root TEXT,
  trusted_root_id BLOB
) STRICT, WITHOUT ROWID;

-- Trusted roots that maintainers gave.
CREATE TABLE trusted_roots (
  team_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  json TEXT NOT NULL,
  id BLOB NOT NULL,
  added_at INTEGER NOT NULL,
  added_by TEXT NOT NULL,
  PRIMARY KEY (team_id, name)
) STRICT, WITHOUT ROWID;
